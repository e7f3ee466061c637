"""A live call under a supervisor's eyes: heard, whispered to, taken over and ended, in two browsers at once."""

import pytest
from conftest import open_page
from reader import GREETING
from waiting import until

from admin import audit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WHISPER = "Please offer a voucher of ten euros."


def test_a_supervisor_listens_whispers_takes_over_and_ends(chromium, server):
    with open_page(chromium, server) as caller, open_page(chromium, server) as supervisor:
        caller.sign_in("author")
        phone = caller.go("/phone")
        phone.click("#call")
        phone.wait_for_selector(f".said.agent p:text-is({GREETING!r})")
        supervisor.sign_in("supervisor")
        page = supervisor.go("/live")
        assert supervisor.accessible() == []
        page.click("a:has-text('Watch')")
        page.wait_for_selector("#live")
        call = page.get_attribute("#live", "data-call")
        page.wait_for_selector(f".said.agent p:text-is({GREETING!r})")
        assert supervisor.accessible() == []

        page.click("#listen")
        page.wait_for_selector("#listen[aria-pressed=true]")
        page.fill("#whisper textarea", WHISPER)
        page.click("#whisper button[value=say]")
        page.wait_for_selector(f".said.agent p:text-is({WHISPER!r})")
        phone.wait_for_selector(f".said.agent p:text-is({WHISPER!r})")
        until(lambda: page.wait_for_timeout(50) or float(page.get_attribute("#duet", "data-agent") or 0) > 0.1)

        page.click("#take")
        page.wait_for_selector("#serves:text-is('person')")
        page.click("#take")
        page.wait_for_selector("#serves:text-is('reader')")

        page.on("dialog", lambda dialog: dialog.accept())
        page.click("#hang")
        phone.wait_for_selector("#after:not([hidden])")
        page.wait_for_selector("#over:not([hidden])")
    deeds = {entry.what for entry in audit.entries(server.house.store, about=call)}
    assert {"listened to live call", "whispered (say)", "took call over", "gave call back", "ended call"} <= deeds
    server.settle()
    until(lambda: server.house.store.row(call).state == "ended")
    assert server.house.store.row(call).ended_reason == "supervisor"


def test_a_simulated_caller_is_heard_by_whoever_let_it_call(chromium, server):
    with open_page(chromium, server) as visit:
        visit.sign_in("reviewer")
        page = visit.go("/phone")
        page.click("[data-script=hello]")
        page.wait_for_selector(f".said.agent p:text-is({GREETING!r})")
        until(lambda: page.wait_for_timeout(100) or float(page.get_attribute("#duet", "data-agent") or 0) > 0.1)
        page.click("#end")
        page.wait_for_selector("#after:not([hidden])")
