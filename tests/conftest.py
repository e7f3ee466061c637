"""What several test files stand on: real databases."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from postgres import Postgres, another, fresh
from provider import Provider

from callcenter.store import migrations


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """A PostgreSQL that lives as long as the tests; who stops it starts it again."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(cluster: Postgres) -> str:
    """The URL of an empty PostgreSQL database, one for all tests."""
    return cluster.url()


class Upgraded(dict[str, str]):
    """Databases at the newest revision, each made when the first test wants to copy it: most want no PostgreSQL."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request = request
        self._folder = folder

    def __missing__(self, kind: str) -> str:
        if kind == "postgres":
            cluster = self._request.getfixturevalue("cluster")
            url = fresh(cluster, "upgraded")
        else:
            url = f"sqlite:///{self._folder / 'upgraded.db'}"
        migrations.upgrade(url)
        return self.setdefault(kind, url)


@pytest.fixture(scope="session")
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The URLs of databases at the newest revision, to be copied."""
    return Upgraded(request, tmp_path_factory.mktemp("db"))


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return fresh(request.getfixturevalue("cluster"), "empty")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, upgraded: dict[str, str], tmp_path: Path) -> str:
    """The URL of an upgraded database of one's own, of either kind."""
    if request.param == "sqlite":
        shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "test.db")
        return f"sqlite:///{tmp_path / 'test.db'}"
    return another(request.getfixturevalue("cluster"), upgraded, "test")


@pytest.fixture
def lite(tmp_path: Path, upgraded: dict[str, str]) -> tuple[Path, str]:
    """A folder and the URL of an SQLite database, for a server of one's own."""
    path = tmp_path / "lite.db"
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), path)
    return tmp_path, f"sqlite:///{path}"


@pytest.fixture
def provider() -> Iterator[Provider]:
    """The phone provider's REST interface, on loopback."""
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.holding.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """What a test sets up for its logs ends with it."""
    yield
    structlog.reset_defaults()
