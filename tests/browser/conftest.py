"""A real browser: Debian's Chromium, driven by Playwright, watched for anything that should not happen."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright
from reader import Reader
from running import running
from visitor import PASSWORD

from admin import users
from callcenter.callers.sound import write_wav
from callcenter.units import RATE
from callcenter.voices import Espeak

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 120_000
"""A machine that does something else meanwhile makes a browser very slow."""
SAY = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-ui-for-media-stream --use-fake-device-for-media-stream "
    "--autoplay-policy=no-user-gesture-required"
)
FLAGS = SAY.split(" ")
AXE = Path(__file__).parent.parent.parent / "admin/node_modules/axe-core/axe.min.js"
SAID = "Hello, I would like to know where my order is."


@pytest.fixture(scope="session")
def caller_wav(tmp_path_factory):
    """What Chromium's fake microphone says: a second of silence, a sentence, silence."""
    path = tmp_path_factory.mktemp("mic") / "caller.wav"
    speech = Espeak().speak(SAID, "en-us+m3").audio
    quiet = b"\xff" * (4 * RATE)
    write_wav(path, quiet + speech + quiet + quiet, quiet + speech + quiet + quiet)
    return path


@pytest.fixture(scope="session")
def chromium(caller_wav):
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={caller_wav}%noloop"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "b.db")
    makers = {"reader": lambda _context: Reader()}
    with running(folder, f"sqlite:///{folder / 'b.db'}", makers, duplex="reader") as server:
        for role in ("viewer", "reviewer", "supervisor", "author", "admin"):
            users.add(server.house.store, f"{role}@example.com", role, PASSWORD)
        yield server


class Watched:
    """A page, and everything about it that must not be."""

    def __init__(self, page, server):
        self.page = page
        self.server = server
        self.faults = []
        host = urlsplit(server.url).netloc
        page.on("console", lambda told: self.faults.append(told.text) if told.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda asked: self._asked(asked.url, host))
        page.on("websocket", lambda socket: self._asked(socket.url, host))

    def _asked(self, url, host):
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != host:
            self.faults.append(f"asked another host: {url}")

    def go(self, path):
        self.page.goto(self.server.url + path)
        return self.page

    def sign_in(self, role):
        self.go("/sign-in")
        self.page.fill("[name=name]", f"{role}@example.com")
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button.main")
        self.page.wait_for_url("**/calls")
        return self

    def accessible(self):
        """The serious faults that axe-core finds."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run({ preload: false }).then((told) => told.violations)")
        return [
            f"{each['id']}: {node['html'][:120]}"
            for each in found
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]


@contextmanager
def open_page(chromium, server, **options):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, permissions=["microphone"], **options)
    context.set_default_timeout(90_000)
    watched = Watched(context.new_page(), server)
    try:
        yield watched
        assert watched.faults == []
    finally:
        context.close()


@pytest.fixture
def visit(chromium, server):
    with open_page(chromium, server) as watched:
        yield watched


@pytest.fixture
def second(chromium, server):
    with open_page(chromium, server) as watched:
        yield watched
