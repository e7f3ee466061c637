"""Opens a database by URL: SQLite (one file, WAL) or PostgreSQL, with the same promises from both.

A writing transaction on SQLite begins IMMEDIATE, so that it waits for its turn instead of failing half-way. No
connection waits longer than a few seconds for anything: a database that is down is an error the caller can act on.
"""

import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

PATIENCE_S: Final = 5
LIVELINESS: Final = {
    "tcp_user_timeout": 2_000 * PATIENCE_S,
    "keepalives_idle": PATIENCE_S,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""PostgreSQL: how soon a server whose machine or network is gone is noticed on an open connection."""

WRITING: Final = {"callcenter_writing": True}


def connect(url: str, patience_s: int = PATIENCE_S) -> Engine:
    """An engine whose transactions wait `patience_s` for their turn: only who upgrades should have more than a call."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise ValueError("the database's URL cannot be read: use sqlite:///... or postgresql://...") from None
    if address.get_backend_name() == "sqlite":
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(address, connect_args={"timeout": patience_s, "check_same_thread": False})
        event.listen(engine, "connect", partial(_tune_sqlite, patience_s))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if address.get_backend_name() != "postgresql":
        raise ValueError(f"no database called {address.get_backend_name()!r}: use sqlite:///... or postgresql://...")
    limits = f"-c statement_timeout={4 * patience_s}s -c lock_timeout={patience_s}s -c timezone=UTC"
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_timeout=PATIENCE_S,
        connect_args={"connect_timeout": PATIENCE_S, "options": limits, **LIVELINESS},
    )


def _tune_sqlite(patience_s: int, connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and late
    connection.execute(f"PRAGMA busy_timeout={patience_s * 1000}").close()
    _write_ahead(connection, time.monotonic() + patience_s)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: Any, until: float) -> None:
    """Turns the log on. Where two processes open a new file at once, SQLite refuses one of them without any waiting."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("callcenter_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
