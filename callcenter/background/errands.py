"""Tool calls on their way: started once, answered once, given up in time.

A look-up that failed is tried once more; a change that got no answer is asked for again under the same key, which
cannot do it twice. What comes after that is late: a look-up's answer is dropped, a change's is still worth telling.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from callcenter.background.exchange import CallTool, CancelTool
from callcenter.background.state import Result, Wish, same

TRIES = 2


@dataclass(frozen=True, slots=True)
class Errand:
    request: str
    wish: Wish
    started: int
    changes: bool
    key: str = ""
    tries: int = 1
    wanted: bool = True
    """False while it is only a guess that somebody will want it."""
    state: str = "running"
    """running, given up, cancelled, answered"""


@dataclass(slots=True)
class Errands:
    """`name` gives the next request; `book` holds the answers."""

    name: Callable[[], str]
    book: dict[tuple[str, str, int], Result] = field(default_factory=dict)
    all: dict[str, Errand] = field(default_factory=dict)

    def running(self) -> Iterator[Errand]:
        return (errand for errand in self.all.values() if errand.state == "running")

    def find(self, wish: Wish) -> Errand | None:
        return next((one for one in self.running() if _same(one.wish, wish)), None)

    def start(self, wish: Wish, at: int, changes: bool, wanted: bool, call: str) -> list[CallTool]:
        """Nothing if it is running or answered already."""
        if (old := self.find(wish)) is not None:
            self.all[old.request] = replace(old, wanted=old.wanted or wanted)
            return []
        if (wish.tool, same(wish.arguments), wish.task) in self.book:
            return []
        request = self.name()
        key = f"{call}:{request}" if changes else ""
        self.all[request] = Errand(request, wish, at, changes, key, wanted=wanted)
        return [CallTool(request, wish.tool, wish.arguments, key, changes)]

    def again(self, errand: Errand, at: int) -> CallTool:
        """Once more: a look-up under a new request, a change under its old key."""
        request = self.name()
        self.all[errand.request] = replace(errand, state="given up")
        self.all[request] = replace(errand, request=request, started=at, tries=errand.tries + 1, state="running")
        return CallTool(request, errand.wish.tool, errand.wish.arguments, errand.key, errand.changes)

    def cancel(self, keep: Callable[[Errand], bool]) -> list[CancelTool]:
        """Let go of look-ups that nobody wants any more."""
        gone = [one for one in self.running() if not one.changes and not keep(one)]
        for errand in gone:
            self.all[errand.request] = replace(errand, state="cancelled")
        return [CancelTool(errand.request) for errand in gone]

    def close(self, errand: Errand, result: Result, state: str = "answered") -> None:
        self.all[errand.request] = replace(errand, state=state)
        if errand.changes and result.ok:
            self.forget_lookups()
        self.book[(errand.wish.tool, same(errand.wish.arguments), errand.wish.task)] = result

    def forget_lookups(self) -> None:
        """After a change, what was read before may be stale."""
        for key in [key for key, result in self.book.items() if result.task == 0]:
            del self.book[key]

    def forget_faults(self) -> None:
        for key in [key for key, result in self.book.items() if result.faulty]:
            del self.book[key]

    def change(self) -> Errand | None:
        return next((one for one in self.running() if one.changes), None)

    def overdue(self, at: int, patience: int) -> list[Errand]:
        return [one for one in self.running() if at - one.started >= patience]


def _same(left: Wish, right: Wish) -> bool:
    return left.tool == right.tool and left.task == right.task and same(left.arguments) == same(right.arguments)
