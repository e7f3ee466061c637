"""A call from the browser, from the first word to its review: nothing of it is pretended."""

import pytest
from conftest import SAID
from reader import ANSWER, GREETING, HEARD
from waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def placed(chromium, server):
    """One call in which the fake microphone speaks and the agent answers; its id."""
    from conftest import open_page

    with open_page(chromium, server) as visit:
        visit.sign_in("supervisor")
        page = visit.go("/phone")
        assert visit.accessible() == []
        page.click("#call")
        page.wait_for_selector(f".said.agent p:text-is({GREETING!r})")
        page.wait_for_selector(f".said.caller p:text-is({HEARD!r})")
        page.wait_for_selector(f".said.agent p:text-is({ANSWER!r})")
        assert float(page.get_attribute("#duet", "data-agent")) > 0.1
        assert float(page.get_attribute("#duet", "data-caller")) > 0.05
        page.click("#end")
        page.wait_for_selector("#after:not([hidden])")
        href = page.get_attribute("#review", "href")
        server.settle()
    call = href.rpartition("/")[2]
    until(lambda: server.house.store.row(call).state == "ended")
    return call


def test_the_agents_answer_is_heard_and_transcribed(placed, server):
    lines = {(line.side, line.text) for line in server.house.store.transcript(placed)}
    assert {("agent", GREETING), ("caller", HEARD), ("agent", ANSWER)} <= lines
    assert server.house.store.row(placed).carrier == "browser"
    assert SAID


def test_the_call_is_found_and_opened_by_keyboard_alone(placed, visit):
    visit.sign_in("reviewer")
    page = visit.go("/calls")
    assert visit.accessible() == []
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("heard you well")
    page.wait_for_url("**q=heard%20you%20well**")
    page.wait_for_selector(f"a.row[href='/calls/{placed}']")
    page.focus(f"a.row[href='/calls/{placed}']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#timeline[data-ready]")
    before = page.text_content("#now")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.text_content("#now") != before


def test_clicking_a_word_seeks_the_sound(placed, visit):
    visit.sign_in("reviewer")
    page = visit.go(f"/calls/{placed}")
    page.wait_for_selector("#timeline[data-ready]")
    assert visit.accessible() == []
    word = page.locator(".line.agent", has_text=ANSWER).locator(".w", has_text="heard")
    at = int(word.get_attribute("data-at")) / 8_000
    word.click()
    minutes, seconds = page.text_content("#now").split(":")
    assert abs(int(minutes) * 60 + float(seconds) - at) < 0.2
    page.wait_for_selector(".w.now")
    page.click("#play")
    until(lambda: page.wait_for_timeout(50) or float(page.text_content("#now").split(":")[1]) > at % 60 + 0.5)
    page.click("#play")


def test_the_labels_of_overlaps_are_those_of_the_journal(placed, visit, server):
    from admin.reviews import Reviews

    shown = Reviews(server.house.store, server.house.spool.root).of(placed)
    visit.sign_in("reviewer")
    page = visit.go(f"/calls/{placed}")
    page.wait_for_selector("#timeline[data-ready]")
    drawn = page.eval_on_selector_all(
        "#overlaps .label", "all => all.map((one) => [Number(one.firstChild.dataset.at), one.className])"
    )
    assert drawn == [[start, f"label {kind}"] for start, _, kind, _ in shown["overlaps"]]
    colours = page.evaluate(
        """() => {
            const canvas = document.getElementById("drawing"), found = new Set();
            const data = canvas.getContext("2d").getImageData(0, 4, canvas.width, 14).data;
            for (let i = 0; i < data.length; i += 4) found.add(data.slice(i, i + 3).join());
            return found.size;
        }"""
    )
    assert colours >= 3, "the floor band shows the background, the caller and the agent"
