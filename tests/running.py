"""A server to test against: the real one, on a free port, in a thread of its own."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import uvloop

from callcenter.config import Settings
from callcenter.server import build, close, create_app, uvicorn_of
from callcenter.switchboard import token_secret

PATIENCE = 20.0


class Running:
    """A running server: where it is, the provider's token, and its house to look into."""

    def __init__(self, settings, makers=None):
        settings = replace(settings, port=settings.port or free_port())
        self.settings = settings
        self.token = token_secret(settings)
        self.url = f"http://127.0.0.1:{settings.port}"
        self.house = build(settings, makers)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="server")
        self._thread.start()
        assert self._ready.wait(PATIENCE), "the server did not start"

    def _run(self):
        uvloop.run(self._serve())

    async def _serve(self):
        self.loop = asyncio.get_running_loop()
        self.server = uvicorn_of(self.house, create_app(self.house), lambda _url: self._ready.set())
        await self.server.serve()

    def call(self, work):
        """Run something on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def get(self, path):
        return httpx.get(self.url + path, timeout=PATIENCE, trust_env=False)

    def settle(self):
        """Wait until the database has everything."""
        assert self.house.shipper.flush(PATIENCE)

    def stop(self):
        self.server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the server did not stop"
        close(self.house)


@contextmanager
def running(tmp_path: Path, database: str, makers=None, **settings):
    plain = {"duplex": "parrot", "fallback": "", "flow": ""}
    server = Running(Settings(port=0, var=tmp_path / "var", database=database, **(plain | settings)), makers)
    try:
        yield server
    finally:
        server.stop()


async def until(condition, patience=PATIENCE):
    """Wait for something that the server does by itself."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def free_port():

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
