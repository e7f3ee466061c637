"""Files that others read while they are made: there whole, or not at all."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """What is written into it has this name once all of it is there; whoever fails leaves what was there before.

    Several may make the same at the same time: the last one stays."""
    fresh = path.with_suffix(f".new{os.getpid()}-{threading.get_ident()}")
    try:
        with fresh.open("wb") as file:
            yield file
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
