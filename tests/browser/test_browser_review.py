"""Reviewing with the keyboard alone, a transcript that comes in pieces, and the tabs beside it."""

import pytest
from kept_call import keep, keep_restless, said
from sqlmodel import select
from waiting import until

from admin.tables import Comment, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def kept(server):
    return keep(server.house, 20, {2.0: [said(4, "where is my walrus", "caller")]}, served="parrot")


def tab_to(page, selector):
    """Presses Tab until the focus is there."""
    for _ in range(120):
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def test_a_call_is_reviewed_with_the_keyboard_alone(kept, visit, server):
    store = server.house.store
    visit.sign_in("reviewer")
    page = visit.go(f"/calls/{kept}")
    page.wait_for_selector("#timeline[data-ready]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#now") == "0:06.0"
    page.keyboard.press("ArrowLeft")
    assert page.text_content("#now") == "0:03.0"
    page.keyboard.press(" ")
    until(lambda: page.wait_for_timeout(50) or page.text_content("#now") > "0:03.4")
    page.keyboard.press(" ")
    page.keyboard.press("o")
    assert page.text_content("#now") != "0:03.0"
    page.keyboard.press("c")
    page.keyboard.type("Why this pause?")
    at = page.input_value("#comment-at")
    tab_to(page, "#panel-comments form.stack button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel-comments p:text-is('Why this pause?')")
    with store.reading() as session:
        (comment,) = session.exec(select(Comment).where(Comment.call_id == kept)).all()
    assert comment.at == round(float(at) * 8_000)
    tab_to(page, "[role=tab][aria-selected=true]")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "tab-measures"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Tab")
    tab_to(page, "#panel-summary [name=outcome]")
    page.keyboard.type("callback")
    tab_to(page, "#panel-summary [name=flagged]")
    page.keyboard.press(" ")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1 .tag:text-is('callback')")
    with store.reading() as session:
        verdict = session.get(Verdict, kept)
    assert (verdict.outcome, verdict.flagged) == ("callback", True)


def test_every_tab_opens_and_is_readable(kept, visit):
    visit.sign_in("reviewer")
    page = visit.go(f"/calls/{kept}")
    page.wait_for_selector("#timeline[data-ready]")
    for name in ("measures", "tools", "flow", "variables", "cost", "events"):
        page.click(f"#tab-{name}")
        assert page.is_visible(f"#panel-{name}")
        assert page.locator("[role=tabpanel]:visible").count() == 1
        box, card = page.locator(f"#tab-{name}").bounding_box(), page.locator(".detail").bounding_box()
        assert box["x"] + box["width"] <= card["x"] + card["width"], "the tabs stay inside"
        assert visit.accessible() == [], name
    page.click("#tab-cost")
    assert "Duplex parrot" in page.text_content("#panel-cost")
    assert "no price" in page.text_content("#panel-cost")


def test_a_long_transcript_comes_whole_and_is_searched_whole(visit, server):
    call = keep_restless(server.house, 170)
    lines = len(server.house.store.transcript(call))
    assert lines > 500
    visit.sign_in("reviewer")
    page = visit.go(f"/calls/{call}")
    page.wait_for_selector("#timeline[data-ready]")
    page.wait_for_selector("#lines[data-more='0']", state="attached")
    assert page.locator("#lines .line").count() == lines
    times = page.eval_on_selector_all("#lines > li", "all => all.map((one) => Number(one.dataset.start))")
    assert times == sorted(times)
    page.fill("#find", "what was that again")
    until(lambda: page.locator("#lines .hit").count() > 200)
    last = page.locator("#lines .line.agent").last
    last.locator(".w").first.click()
    page.wait_for_selector("#lines .line.here")
    assert page.locator("#lines .line.here").get_attribute("data-start") == last.get_attribute("data-start")
