"""What several test files stand on: real databases."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgres import Postgres

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


@pytest.fixture(scope="session")
def upgraded(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Databases at the newest revision, to be copied."""
    fresh(cluster, "upgraded")
    urls = {"postgres": cluster.url("upgraded"), "sqlite": f"sqlite:///{tmp_path_factory.mktemp('db') / 'upgraded.db'}"}
    for url in urls.values():
        migrations.upgrade(url)
    return urls


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
    return fresh(request.getfixturevalue("cluster"), "test", like="upgraded")


def fresh(cluster: Postgres, name: str, like: str = "template1") -> str:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name} template {like}")
    return cluster.url(name)
