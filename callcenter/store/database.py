"""Opens a database by URL: SQLite (one file, WAL) or PostgreSQL, with the same promises from both.

A writing transaction on SQLite begins IMMEDIATE, so that it waits for its turn instead of failing half-way. No
connection waits longer than a few seconds for anything: a database that is down is an error the caller can act on.
"""

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


def connect(url: str) -> Engine:
    try:
        address = make_url(url)
    except ArgumentError:
        raise ValueError("the database's URL cannot be read: use sqlite:///... or postgresql://...") from None
    if address.get_backend_name() == "sqlite":
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(address, connect_args={"timeout": PATIENCE_S, "check_same_thread": False})
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if address.get_backend_name() != "postgresql":
        raise ValueError(f"no database called {address.get_backend_name()!r}: use sqlite:///... or postgresql://...")
    limits = f"-c statement_timeout={4 * PATIENCE_S}s -c lock_timeout={PATIENCE_S}s -c timezone=UTC"
    return create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_timeout=PATIENCE_S,
        connect_args={"connect_timeout": PATIENCE_S, "options": limits, **LIVELINESS},
    )


def _tune_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions by itself, and late
    pragmas = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON")
    for pragma in (*pragmas, f"busy_timeout={PATIENCE_S * 1000}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("callcenter_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
