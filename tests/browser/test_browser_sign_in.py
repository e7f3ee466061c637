"""Signing in with a real browser: the first administrator, roles, signing out."""

import shutil

import pytest
from conftest import Watched, open_page
from running import running

PAGES = (
    "/dashboard", "/calls", "/live", "/flows", "/experiments", "/users", "/audit", "/keeping", "/keys", "/webhooks",
    "/account", "/phone", "/v1/docs",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_newcomer_becomes_the_administrator_and_signs_out(chromium, tmp_path, upgraded):
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "n.db")
    with running(tmp_path, f"sqlite:///{tmp_path / 'n.db'}") as server, open_page(chromium, server) as visit:
        page = visit.go("/")
        page.wait_for_url("**/first")
        assert visit.accessible() == []
        page.fill("[name=name]", "ana@example.com")
        page.fill("[name=password]", "correct horse battery")
        page.keyboard.press("Enter")
        page.wait_for_url("**/calls")
        assert "No calls yet" in page.text_content("main")
        page.click("[aria-label='Sign out']")
        page.wait_for_url("**/sign-in")
        assert visit.accessible() == []
        page.goto(server.url + "/calls")
        page.wait_for_url("**/sign-in?next=**")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_readable_in_either_theme(chromium, server, theme):
    with open_page(chromium, server, color_scheme=theme) as visit:
        visit.sign_in("admin")
        for path in (
            "/dashboard",
            "/calls",
            "/live",
            "/flows",
            "/experiments",
            "/users",
            "/audit",
            "/account",
            "/phone",
            "/v1/docs",
        ):
            visit.go(path)
            assert visit.accessible() == [], path


def test_a_role_that_may_not_see_a_page_does_not(chromium, server):
    context = chromium.new_context()
    visit = Watched(context.new_page(), server).sign_in("viewer")
    page = visit.go("/users")
    assert "may not see this page" in page.text_content("main")
    assert page.locator("nav a", has_text="Users").count() == 0
    context.close()
