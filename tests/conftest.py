"""What several test files stand on: a real PostgreSQL."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

POSTGRES = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty database of a PostgreSQL that lives as long as the tests. It refuses to run as root."""
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(home, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    initdb = [POSTGRES / "initdb", "-D", home / "data", "-U", "test", "--auth=trust", "--no-sync"]
    subprocess.run(initdb, user=user, cwd=home, check=True, capture_output=True)
    serve = [POSTGRES / "postgres", "-D", home / "data", "-p", str(port), "-k", home, "-c", "fsync=off"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(serve, user=user, cwd=home, stdout=log, stderr=log)
    url = f"postgresql://test@127.0.0.1:{port}/postgres"
    try:
        wait_until_up(url, server)
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


def wait_until_up(url: str, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            continue
    raise RuntimeError("PostgreSQL did not start")
