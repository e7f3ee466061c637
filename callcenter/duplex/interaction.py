"""The interaction model on a call: our own weights hear every turn and decide what the line says.

The network and the search run in the engine; what its answers mean is decided by `callcenter.model.conduct`; the words
get their sound from the tongue. This file carries things between the three. When it takes the floor or asks for an
answer, the caller is taken to have ended: the words that were still uncertain are told with the act, for they are what
it answers. Where they change the answer, another note replaces the one that has just been begun: the call has dropped
its sound before anybody heard it, and for the network it was never begun, so that the new one begins a turn later. So
it is with words of our own ("let me check that") when the answer comes before they sound.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from callcenter.audio import decode
from callcenter.duplex.tongue import Tongue
from callcenter.engine import Engine, Session
from callcenter.events import (
    Act,
    Asked,
    Backchannelled,
    Floor,
    Heard,
    Ignored,
    Note,
    Policy,
    Spoken,
    TookFloor,
    Yielded,
)
from callcenter.model.conduct import Choice, Conduct, Thresholds
from callcenter.model.expectations import read
from callcenter.model.search import Word
from callcenter.model.silence import Silence
from callcenter.model.text import shipped
from callcenter.playout import QUIET
from callcenter.units import TURN
from callcenter.voices import Voice


class Interaction:
    """One call's. `seed` chooses between sentences that mean the same."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        voice: Voice,
        *,
        seed: int = 0,
        thresholds: Thresholds | None = None,
        inline: bool = False,
    ) -> None:
        self._engine = engine
        self._tongue = Tongue(voice, inline)
        self._seed = seed
        self._thresholds = thresholds
        self._conduct: Conduct | None = None
        self._session: Session | None = None
        self._silence = Silence()
        self._spoke = False

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        engine = self._engine()
        self._conduct = Conduct(shipped(), policy, self._thresholds or engine.thresholds, self._seed)
        self._session = engine.join()
        if notes:
            self._conduct.told(0, notes)
            self._prepare(notes)

    async def turn(self, heard: Heard) -> Spoken:
        conduct, session = self._conduct, self._session
        if conduct is None or session is None:
            raise RuntimeError("a turn before the call was opened")
        taken = conduct.told(heard.turn * TURN, heard.notes)
        stop = self._tongue.note in taken
        self._tongue.skip(taken | conduct.expired)
        self._prepare(heard.notes)
        better = stop or (conduct.own and any(note.kind == "say" for note in heard.notes))
        if better and not heard.played.translate(None, QUIET) and conduct.unsaid():
            self._tongue.stop()
            self._spoke = stop = False
        if self._spoke and not self._tongue.speaking:
            self._spoke = False
            conduct.over()
        answer = await session.turn(heard.audio, heard.played, conduct.tokens(), conduct.line)
        words, hearing = told(answer.words), told(answer.partial)
        silent, alone = self._silence.push(answer.said.phones, decode(heard.audio))
        if stop and not conduct.waiting:
            spoken = self._take_back(heard.turn, conduct)
        else:
            said = answer.said
            choice = conduct.decide(said.act, said.opening, said.doing, silent, alone)
            if stop and choice.act == "go on":
                self._tongue.stop()
                choice = conduct.instead(choice)
            if choice.act in ("speak", "ask"):
                words, hearing = words + told(answer.ending), []
                session.settle()
            spoken = self._do(heard.turn, choice, conduct)
        conduct.heard(words)
        return replace(spoken, heard_text=" ".join(words), hearing=" ".join(hearing))

    def close(self) -> None:
        self._tongue.close()
        if self._session is not None:
            self._session.close()

    def _prepare(self, notes: Sequence[Note]) -> None:
        for note in notes:
            self._tongue.forget(note.supersedes)
            if note.kind == "say":
                self._tongue.prepare(note)
            elif note.kind == "expect" and self._session is not None:
                self._session.expect(read(note.text))

    def _take_back(self, turn: int, conduct: Conduct) -> Spoken:
        self._tongue.stop()
        self._spoke = False
        conduct.stopped()
        return Spoken(turn, acts=(Yielded(),), floor=Floor(p_yield=1.0))

    def _do(self, turn: int, choice: Choice, conduct: Conduct) -> Spoken:
        chances = choice.chances
        floor = Floor(chances.speak, chances.backchannel, chances.yield_)
        acts: list[Act] = [Ignored(choice.ignored)] if choice.ignored else []
        audio, said, note = None, "", ""
        match choice.act:
            case "speak":
                for name, text in choice.script:
                    self._tongue.begin(name, text)
                self._spoke = True
                acts.append(TookFloor())
            case "yield":
                self._tongue.stop()
                self._spoke = False
                acts.append(Yielded())
            case "backchannel":
                audio, said = self._tongue.hum(choice.script[0][1]), choice.script[0][1]
                acts.append(Backchannelled(said.strip(".")))
            case "ask":
                acts.append(Asked("the caller waits for an answer"))
            case _:
                pass
        if self._tongue.speaking and (mouthful := self._tongue.say()) is not None:
            audio, said, note = mouthful.audio, mouthful.words, mouthful.note
            conduct.said(said, note)
        return Spoken(turn, audio, said_text=said, acts=tuple(acts), floor=floor, note=note)


def told(words: Iterable[Word]) -> list[str]:
    return [word.text for word in words]
