"""Editing and publishing a flow in a real browser, and the next call following it."""

import shutil

import pytest
from conftest import open_page
from reader import Reader
from running import running
from visitor import PASSWORD

from admin import users
from callcenter.store import published as shelf
from flows import edit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_an_author_mends_publishes_and_hears_the_new_flow(chromium, tmp_path, upgraded):
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "f.db")
    makers = {"reader": lambda _context: Reader()}
    where = (tmp_path, f"sqlite:///{tmp_path / 'f.db'}", makers)
    with running(*where, duplex="reader", flow="retail") as server:
        users.add(server.house.store, "author@example.com", "author", PASSWORD)
        with open_page(chromium, server) as visit:
            visit.sign_in("author")
            page = visit.go("/flows/retail")
            assert visit.accessible() == []
            text = page.input_value("#text")
            place = text.index("[ending]") + len("[ending]")
            page.focus("#text")
            page.evaluate("(at) => document.getElementById('text').setSelectionRange(at, at)", place)
            page.keyboard.type("\nmoer = 1")
            line = text.splitlines().index("[ending]") + 2
            page.wait_for_selector(f"#problems [data-line='{line}']")
            assert page.text_content("#gutter .faulty").strip() == str(line)
            assert page.is_disabled("#publish")
            for _ in "\nmoer = 1":
                page.keyboard.press("Backspace")
            place = text.index("Larkfield")
            page.evaluate("(at) => document.getElementById('text').setSelectionRange(at, at + 4)", place)
            page.keyboard.type("Oak")
            page.wait_for_selector("#problems:empty", state="attached")
            page.click("text=Save the draft")
            page.wait_for_selector(".diff .plus")
            page.click("#publish")
            page.wait_for_selector("text=callers get version 1")
            page.goto(server.url + "/phone")
            page.click("#call")
            page.wait_for_selector(".said.agent:has-text('Oakfield Home')")
            page.click("#end")
            page.wait_for_selector("#after:not([hidden])")


def test_an_author_who_writes_no_text_changes_a_step_by_its_form(chromium, tmp_path, upgraded):
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "f.db")
    with running(tmp_path, f"sqlite:///{tmp_path / 'f.db'}", {}, flow="retail") as server:
        users.add(server.house.store, "author@example.com", "author", PASSWORD)
        with open_page(chromium, server) as visit:
            visit.sign_in("author")
            page = visit.go("/flows/retail")
            page.click("a:has-text('order_status')")
            page.wait_for_url("**/steps/order_status")
            assert visit.accessible() == []
            page.focus("[id='goal']")
            page.keyboard.press("Control+A")
            page.keyboard.type("Tell where a parcel is.")
            page.select_option("[id='label']", "")
            page.keyboard.press("Tab")
            page.click("text=Add a line")
            page.wait_for_url("**#say-*")
            last = page.locator("#say details").last
            assert last.locator(".wrong").first.is_visible()
            assert visit.accessible() == []
            line = last.locator(".wrong a").first.text_content().removeprefix("line ")
            last.locator(".wrong a").first.click()
            page.wait_for_selector(f"#problems [data-line='{line}']")
            assert page.text_content("#gutter .faulty").strip() == line
            page.go_back()
            page.locator("#say details").last.locator("textarea").first.fill("Thank you for waiting.")
            page.focus("[id='goal']")
            page.click("header >> text=Save the draft")
            page.wait_for_selector("#say details:last-of-type .wrong", state="detached")
            page.fill("[name=step]", "gift_wrap")
            page.click("aside button:text-is('Add')")
            page.wait_for_url("**/steps/gift_wrap")
            page.on("dialog", lambda asked: asked.accept())
            page.click("text=Remove it")
            page.wait_for_url("**/flows/retail")
            kept = shelf.history(server.house.store, "retail").draft
            step = edit.steps(kept)["order_status"]
            assert (step["goal"], step["say"][-1]["text"]) == ("Tell where a parcel is.", "Thank you for waiting.")
            assert "label" not in step
