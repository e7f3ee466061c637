"""Writes notes: every sentence is checked against its sources first, and what it replaces is taken back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.background.exchange import Wish, Withdraw, Withhold, Write
from callcenter.background.facts import facts
from callcenter.background.grammar import Day
from callcenter.background.ledger import Entry, Ledger
from callcenter.background.rules import against_text
from callcenter.background.state import Said
from callcenter.events import Note
from callcenter.units import samples

KEEPS: Final = samples(60)
"""How long an answer stays true enough to be spoken."""
CANNOT_TELL: Final = "I'm sorry, I cannot tell you that right now."


@dataclass(slots=True)
class Pen:
    out: list[Wish]
    day: Day
    evidence: Callable[[Sequence[str]], list[object]]
    ledger: Ledger
    question: str = ""
    """The note that put the question which is open."""
    tentative: str = ""
    """The note that answers the utterance before it is over."""

    def write(
        self,
        lines: Iterable[Said],
        at: int,
        answers: str,
        *,
        over: bool = True,
        keeps: int = KEEPS,
        progress: bool = False,
    ) -> str:
        """Write a `say` note, if its facts have sources. `over`: it takes the place of what is not heard yet."""
        said = tuple(lines)
        text = " ".join(line.text for line in said)
        source = tuple(dict.fromkeys(one for line in said for one in line.source))
        ready = self.ledger.entries.get(self.tentative)
        if over and ready and ready.pending and ready.note.text == text:
            self.clear(but=ready.note.id)
            return ready.note.id
        if against := against_text(text, self.evidence(source), self.day):
            self.out.append(Withhold("unsourced", against))
            text, source = CANNOT_TELL, ()
        gone = tuple(entry.note.id for entry in self.ledger.pending()) if over else ()
        note = Note(self.ledger.new_id(), "say", text, answers, gone, at + keeps, source)
        self.ledger.add(note, at, progress)
        self.out += [*(Withdraw(one) for one in gone), Write(note)]
        return note.id

    def told(self, note_id: str) -> bool:
        """Whether a note says what it was meant to say."""
        return self.ledger.entries[note_id].note.text != CANNOT_TELL

    def prepare(self, lines: Sequence[Said], at: int, answers: str) -> None:
        """Have the answer ready before the caller is done. One that is ready already stays."""
        text = " ".join(line.text for line in lines)
        ready = self.ledger.entries.get(self.tentative)
        if ready and not ready.gone and ready.note.text == text:
            return
        self.take_back()
        self.tentative = self.write(lines, at, answers, over=False)

    def take_back(self) -> None:
        """The answer that was prepared is none any more."""
        entry = self.ledger.entries.get(self.tentative)
        if entry and entry.pending:
            self._drop(entry)
        self.tentative = ""

    def clear(self, but: str = "") -> None:
        """Nothing of what is not heard yet is to be said."""
        for entry in list(self.ledger.pending()):
            if entry.note.id != but:
                self._drop(entry)

    def clear_outdated(self) -> None:
        """What comes next goes on from before: only a question that is open no more, and waiting, are taken back."""
        for entry in list(self.ledger.pending()):
            if (entry.progress and not entry.heard) or entry.note.id == self.question:
                self._drop(entry)

    def _drop(self, entry: Entry) -> None:
        self.ledger.drop(entry.note.id)
        self.out.append(Withdraw(entry.note.id))

    def put(self) -> bool:
        """Whether the caller has begun to hear the question that is open, if there is one."""
        entry = self.ledger.entries.get(self.question)
        return entry is None or bool(entry.heard) or not entry.pending

    def question_heard(self) -> bool:
        """Whether the caller heard what they were asked, all of it or all of its facts, and nothing else since."""
        entry = self.ledger.entries.get(self.question)
        if entry is None:
            return True
        later = (one for one in self.ledger.entries.values() if one.written > entry.written)
        if any(one.heard and one.note.id != self.tentative for one in later):
            return False
        heard = bool(entry.heard) and facts(entry.note.text, self.day) <= facts(entry.heard, self.day)
        return entry.complete or heard
