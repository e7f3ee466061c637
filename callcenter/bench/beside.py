"""Rehearsals beside each other: a process a core, each with some of the calls. What a call gives does not depend on it.

The processes are forked, so that the callers, who were composed once, are there in all of them.
"""

import multiprocessing as mp
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

Made = TypeVar("Made")


class Lost(Exception):
    """A process ended without having done all of its part; the message says what it said."""


def beside(make: Callable[[str], Made], names: Sequence[str], workers: int) -> Iterator[tuple[str, Made]]:
    """What is made of every name, as it is ready. One worker is this process itself."""
    if workers <= 1 or len(names) <= 1:
        for name in names:
            yield name, make(name)
        return
    context = mp.get_context("fork")
    open_: list[Connection] = []
    processes: list[Any] = []
    try:
        for at in range(min(workers, len(names))):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=work, args=(make, names[at::workers], theirs), daemon=True)
            process.start()
            theirs.close()
            open_.append(ours)
            processes.append(process)
        while open_:
            for one in wait(open_):
                assert isinstance(one, Connection)
                told = received(one)
                if told is None:
                    open_.remove(one)
                else:
                    yield told
    finally:
        for process in processes:
            process.kill()
            process.join()


def work(make: Callable[[str], Any], names: Sequence[str], out: Connection) -> None:
    try:
        for name in names:
            out.send((name, make(name)))
        out.send(None)
    except BaseException:
        out.send(traceback.format_exc())


def received(one: Connection) -> tuple[str, Any] | None:
    try:
        told = one.recv()
    except EOFError as error:
        raise Lost("a process was killed: perhaps there was too little memory; try --workers 1") from error
    if isinstance(told, str):
        raise Lost(told)
    return None if told is None else (told[0], told[1])
