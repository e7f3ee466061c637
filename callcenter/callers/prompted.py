"""The prompted oracle: the oracle's ideal timing, speaking the background's `say` notes instead of lines of its own.

Its ears are the caller's own words as they were meant, so that what a call over the real path shows is the background
and not the recognition: asked, tools, notes, spoken, heard.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from callcenter.callers.meaning import Plan
from callcenter.callers.oracle import AFTER_PHRASE, Mind, Oracle, Repertoire
from callcenter.events import Act, Backchannelled, Heard, Note, Policy, Spoken, Yielded
from callcenter.units import TURN
from callcenter.voices import Speech

SETTLED = 2 * TURN
"""The caller has said no word for this long: what the background wrote meanwhile answers all of it."""


class Prompted(Oracle):
    def __init__(self, mind: Mind, repertoire: Repertoire, speak: Callable[[str], Speech], seed: int = 0) -> None:
        super().__init__(mind, repertoire, seed)
        self._speak = speak
        self._script: dict[str, Note] = {}
        self._note = ""
        self._word_at = -1
        self._greeted = True

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        super().open(policy, notes)
        self._take(notes)

    async def turn(self, heard: Heard) -> Spoken:
        self._take(heard.notes)
        now = (heard.turn + 1) * TURN
        if self._mind.said(now - TURN, now):
            self._word_at = now
        spoken = await super().turn(heard)
        if any(isinstance(act, Yielded | Backchannelled) for act in spoken.acts):
            self._note = ""
        told = replace(spoken, note=self._note) if spoken.said_text else spoken
        if self._saying is None:
            self._note = ""
        return told

    def _take(self, notes: Sequence[Note]) -> None:
        for note in notes:
            for old in note.supersedes:
                self._script.pop(old, None)
                if old == self._note:
                    self._saying, self._note = None, ""
            if note.kind == "say":
                self._script[note.id] = note

    def _begin(self, plan: Plan, ears: int) -> list[Act]:
        """Speak the next note once the caller has finished, or at once where nobody is speaking."""
        if plan.doing == "story" and (hum := self._hum(plan, ears)):
            return hum
        free = plan.doing in ("nothing", "hold") and ears - plan.end >= AFTER_PHRASE
        if not free or ears - self._word_at < SETTLED or not self._script:
            return []
        self._note = next(iter(self._script))
        note = self._script.pop(self._note)
        self._answered = plan.end
        return self._say([self._speak(note.text)], ears, ears)
