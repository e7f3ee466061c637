"""A PostgreSQL of our own: a real server in a temporary folder, which a test may stop and start."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import psycopg

BINARIES = Path("/usr/lib/postgresql/15/bin")
REMEDY = "the tests need a real PostgreSQL: apt-get install postgresql (or put initdb and pg_ctl on PATH)"


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=BINARIES)
    if found is None:
        raise RuntimeError(f"{name} is missing; {REMEDY}")
    return found


class Postgres:
    """One cluster. It refuses to run as root, so root hands it to the user `postgres`."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
                "fsync = off\nshared_buffers = 32MB\nmax_connections = 60\nwal_writer_delay = 10s\n"
            )
        self.start()

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-l", self._log, "-w", "-t", "60", "start")

    def stop(self) -> None:
        """At once, as if its machine had been switched off."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        main = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for process in (main, *map(int, children)):
            os.kill(process, number)

    def _run(self, name: str, *arguments: object) -> None:
        command = [program(name), *map(str, arguments)]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode:
            log = self._log.read_text()[-2000:] if self._log.exists() else ""
            raise RuntimeError(f"{name} failed: {done.stdout.decode()[-2000:]}\n{log}\n{REMEDY}")


def fresh(cluster: Postgres, name: str, like: str = "template1") -> str:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name} template {like}")
    return cluster.url(name)


def another(cluster: Postgres, upgraded: dict[str, str], name: str) -> str:
    """An upgraded PostgreSQL database of one's own."""
    like = upgraded["postgres"].rpartition("/")[2]
    return fresh(cluster, name, like=like)
