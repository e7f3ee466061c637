"""Editing and publishing a flow in a real browser, and the next call following it."""

import shutil

import pytest
from conftest import open_page
from reader import Reader
from running import running
from visitor import PASSWORD

from admin import users

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
