"""What every command has in common: settings, a console, how it refuses, the store for the length of a command."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from callcenter.config import Settings, read

if TYPE_CHECKING:
    from callcenter.store import Store

console = Console(highlight=False, soft_wrap=True)


class Refusal(Exception):
    """What the user can mend: the sentence they are told, remedy included."""


def settings() -> Settings:
    return read(os.environ)


def listed(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


@contextmanager
def opened() -> Iterator[tuple["Store", Settings]]:
    """The store, for the length of a command."""
    from callcenter.store import Store, StoreDown

    chosen = settings()
    store = Store(chosen.database, chosen.country)
    try:
        yield store, chosen
    except StoreDown as error:
        raise Refusal(
            f"the database does not answer: {error}; is it up, and was `callcenter db upgrade` run?"
        ) from None
    finally:
        store.close()
