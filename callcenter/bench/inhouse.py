"""A server of our own for the length of a benchmark: the real one, in this process, with a folder and a database."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from callcenter import logs
from callcenter.config import Settings
from callcenter.house import House
from callcenter.server import build, close, create_app, uvicorn_of
from callcenter.store import migrations
from callcenter.switchboard import Maker, token_secret

STARTS_WITHIN = 30.0


@dataclass(frozen=True)
class Running:
    url: str
    token: str
    house: House


@asynccontextmanager
async def serving(makers: Mapping[str, Maker], duplex: str, calls: int, speed: float = 1.0) -> AsyncIterator[Running]:
    """The server while it runs; everything it wrote is gone afterwards."""
    logs.set_up("error", "plain")
    with tempfile.TemporaryDirectory(prefix="callcenter-bench-") as folder:
        settings = settings_in(Path(folder), duplex, calls, speed)
        migrations.upgrade(settings.database)
        ready = asyncio.Event()
        house = build(settings, makers)
        server = uvicorn_of(house, create_app(house), lambda _url: ready.set())
        serves = asyncio.create_task(server.serve())
        try:
            async with asyncio.timeout(STARTS_WITHIN):
                await ready.wait()
            yield Running(f"http://{settings.host}:{settings.port}", token_secret(settings), house)
        finally:
            server.should_exit = True
            await serves
            await asyncio.to_thread(close, house)


def settings_in(folder: Path, duplex: str, calls: int, speed: float) -> Settings:
    return Settings(
        port=free_port(),
        var=folder / "var",
        database=f"sqlite:///{folder / 'bench.db'}",
        duplex=duplex,
        fallback="",
        flow="",
        max_calls=calls + 10,
        record=False,
        speed=speed,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
