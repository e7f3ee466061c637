"""The database's schema, revision by revision, and whether a database agrees with the tables in the code.

A module that has tables stands in `MODULES`, and exposes their `metadata` unless it is that of another; nothing else
has to know of it. A new
revision is drafted by `revise` against an upgraded database, read by a person, and committed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from callcenter.store.database import PATIENCE_S, WRITING, connect

MODULES: Final = (
    "callcenter.store.tables",
    "callcenter.store.derived",
    "callcenter.store.published",
    "callcenter.store.keeping",
    "callcenter.background.crm.tables",
    "admin.tables",
)
SEARCH: Final = "words_index"
"""What the databases search words with is their own and has no table in the code."""

UPGRADING: Final = 4_217_001
"""Key of PostgreSQL's advisory lock: processes that upgrade at the same time take turns."""

TURN_S: Final = 60
"""How long one waits for another's upgrade."""


def metadata() -> list[MetaData]:
    modules = [import_module(name) for name in MODULES]
    return [module.metadata for module in modules if hasattr(module, "metadata")]


def upgrade(url: str, revision: str = "head") -> str:
    """Brings a database to a revision, and says which that is."""
    _run(url, lambda config: command.upgrade(config, revision))
    return current(url)


def downgrade(url: str, revision: str) -> None:
    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str:
    """The revision a database is at; empty for one that has never been upgraded."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def head() -> str:
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def drift(url: str) -> list[str]:
    """How a database differs from the tables in the code, in words; nothing if it is up to date."""
    with _connection(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        found = [_words(difference) for difference in compare_metadata(context, metadata())]  # type: ignore[arg-type]
        at = context.get_current_revision() or "nothing"
    return found if at == head() else [f"the database is at {at}, the code at {head()}", *found]


def ours(_thing: Any, name: str | None, _kind: str, reflected: bool, _same: Any) -> bool:
    """Whether something in the database is to be compared with the code."""
    return not (reflected and (name or "").startswith(SEARCH))


def revise(url: str, message: str) -> None:
    """Drafts a revision from what an upgraded database lacks."""
    number = f"{int(head() or 0) + 1:04d}"
    _run(url, lambda config: command.revision(config, message, autogenerate=True, rev_id=number))


def _words(difference: Any) -> str:
    """One difference as `add_table leg` or `modify_type call.state`: what a revision would have to do."""
    if isinstance(difference, list):
        return "; ".join(_words(each) for each in difference)
    names = [str(getattr(part, "name", part)) for part in difference[1:] if part is not None]
    return " ".join([difference[0], *names])


def _run(url: str, work: Callable[[Config], object]) -> None:
    with _connection(url, TURN_S) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": UPGRADING})
        config = _config()
        config.attributes["connection"] = connection
        work(config)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connection(url: str, patience_s: int = PATIENCE_S) -> Iterator[Connection]:
    engine = connect(url, patience_s)
    try:
        with engine.execution_options(**WRITING).begin() as connection:
            yield connection
    finally:
        engine.dispose()
