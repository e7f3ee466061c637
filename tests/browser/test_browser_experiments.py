"""The dashboard and an experiment's whole life, in a real browser."""

import json
import shutil

import pytest
from conftest import open_page
from many_calls import fill
from running import running
from test_trials import filled
from visitor import PASSWORD

from admin import users
from admin.readings import Readings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GATE = json.dumps({"suite": "quick", "duplex": {"turnbased": {"calls": 8}, "parrot": {"calls": 8}}})


@pytest.fixture(scope="module")
def busy(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("busy")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "b.db")
    with running(folder, f"sqlite:///{folder / 'b.db'}", duplex="parrot", fallback="turnbased") as server:
        for role in ("viewer", "supervisor"):
            users.add(server.house.store, f"{role}@example.com", role, PASSWORD)
        yield server


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_dashboard_draws_every_series_with_its_name(chromium, busy, theme, monkeypatch):
    if theme == "light":
        from datetime import UTC, datetime, timedelta

        monkeypatch.setattr("many_calls.FIRST", datetime.now(UTC) - timedelta(days=6))
        fill(busy.house.store, 2_000)
    with open_page(chromium, busy, color_scheme=theme) as visit:
        visit.sign_in("viewer")
        page = visit.go("/dashboard?days=7")
        page.wait_for_selector("#charts[data-ready]")
        assert visit.accessible() == []
        assert page.locator(".chart .u-over").count() == 5
        assert page.locator("[data-panel=latency] .u-legend .u-label").all_text_contents() == ["Day", "duplex", "turns"]
        inked = page.evaluate(
            """() => [...document.querySelectorAll(".chart canvas")].map((canvas) => {
                const pen = canvas.getContext("2d"), found = new Set();
                const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
                for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) found.add(data.slice(i, i + 3).join());
                return found.size;
            })"""
        )
        assert min(inked) >= 3, "two lines and their axes"
        page.hover("[data-panel=latency] .u-over")
        assert " s" in page.locator("[data-panel=latency] .u-legend .u-value").nth(1).text_content()
        page.select_option("[name=flow]", "retail")
        page.wait_for_url("**flow=retail**")
        page.click("text=90 days")
        page.wait_for_url("**days=90&flow=retail")


def test_an_experiment_is_made_started_read_stopped_and_decided(chromium, busy):
    with open_page(chromium, busy) as visit:
        visit.sign_in("supervisor")
        page = visit.go("/experiments")
        assert visit.accessible() == []
        page.fill("[name=effect]", "10")
        page.wait_for_selector("#need:has-text('to 80%')")
        page.fill("[name=name]", "spring")
        page.fill("[name=arm2]", "echo")
        page.fill("[name=resolved]", "completed")
        page.fill("[name=repeat_days]", "0")
        page.click("text=Create it")
        page.wait_for_url("**/experiments/spring")
        assert visit.accessible() == []
        page.fill("[name=gate]", f"a table for people\n{GATE}")
        page.click("text=Start it")
        page.wait_for_selector("h1 .tag:text-is('running')")
        filled(busy.house.store, 0.6)
        works = busy.server.config.app.state.site.works
        next(work for work in works if isinstance(work, Readings)).forget("spring")
        page.reload()
        page.wait_for_selector(".verdict h2:text-is('Echo breaks abandoned: stop.')")
        assert visit.accessible() == []
        assert page.locator(".forest tr.primary").count() == 1
        label = page.locator(".forest .interval").first.get_attribute("aria-label")
        assert label.startswith(("from ", "too early"))
        page.on("dialog", lambda dialog: dialog.accept())
        page.fill("[name=why]", "callers give up")
        page.click("text=Stop it")
        page.wait_for_selector("h1 .tag:text-is('stopped')")
        page.select_option("[name=arm]", "bot")
        page.fill("[name=why]", "the bot is better")
        page.click("text=Write it down")
        page.wait_for_selector("h1 .tag:text-is('decided')")
        assert "CALLCENTER_DUPLEX=turnbased" in page.text_content("main")
    with open_page(chromium, busy, color_scheme="dark") as visit:
        visit.sign_in("viewer")
        page = visit.go("/experiments/spring")
        page.wait_for_selector(".verdict")
        assert visit.accessible() == []
        assert page.locator("form button").count() == 3, "themes and sign-out only"
