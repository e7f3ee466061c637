"""A caller who reacts: plays a scenario by what it hears, and writes down what it meant by every sound.

It is a mouth without a clock or a socket: 160 heard bytes in, 160 spoken bytes out. It hears only whether the agent
speaks. It waits for its turn as long as people do, asks "hello?" when nobody answers, hums, coughs and cuts in while
the agent speaks, gives way when it is talked over for long, and hangs up. The same scenario, seed and heard audio give
the same spoken audio and the same truth, byte for byte.

`truth` is what the measures need, in samples of the caller's own audio. `plan` is what only a mind reader knows: when
the caller will stop. It serves the oracle, and nothing else.
"""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from callcenter import measures
from callcenter.audio import HANG
from callcenter.callers.attention import Attention
from callcenter.callers.channel import Channel
from callcenter.callers.meaning import Doing, Plan, happenings, sounding_plan
from callcenter.callers.mouth import Deed, HangUp, Press
from callcenter.callers.scenario import (
    Aside,
    Cut,
    Hold,
    Hum,
    Keys,
    Leave,
    Move,
    Noise,
    Over,
    Round,
    Say,
    Scenario,
    Silent,
    Tell,
    Tic,
)
from callcenter.callers.stage import Sounding, Stage
from callcenter.measures import Happening, Truth
from callcenter.units import FRAME, samples

GAPS = ((0.0, -0.9), (0.1, -0.61), (0.25, -0.13), (0.5, 0.23), (0.75, 0.67), (0.9, 1.27), (1.0, 1.7))
"""Quantiles of the gap between two people. Nobody can answer before an end that has not come: a caller that would
have overlapped speaks as soon as it notices."""

LONGEST_GAP = 1.7

NOTICE, DOUBT = samples(0.32), samples(0.5)
"""Silence after which the agent's words may be over, and after which even few words may."""

FEW = samples(2.5)

ENOUGH = samples(0.7)
"""Less than this of the agent's voice is no answer yet: wait for more of it."""

MORE_WITHIN = samples(1.3)
COLLISION = samples(0.5)
WITHDRAW = samples(0.8)
"""After so long of both speaking, one of two who began at once gives way."""

WORD_END = samples(0.35)
RETRIES = 2
HELLOS = 3
STUBBORN = samples(5.0)
"""The caller comes back to an agent that does not stop talking after this long."""

KEY_EVERY = 16 * FRAME
GOODBYE = samples(0.8)
GOODBYE_WITHIN = samples(3.0)
ECHO_FOR, ECHO_EVERY = samples(1.0), samples(4.0)
SPOKEN_BEFORE = samples(0.22)


class Person:
    def __init__(self, scenario: Scenario, channel: Channel, seed: int) -> None:
        self.scenario = scenario
        self._channel = channel
        self._chance = Random(seed)
        self._ear = Attention()
        self._stage = Stage()
        self._rounds = [*scenario.rounds, Round(Say(scenario.farewell))]
        self._pending: list[Over] = list(scenario.greeting)
        self._mouth: Sounding | None = None
        self._due = -1
        """Where the next words begin; -1: not decided."""
        self._ended = 0
        """Where the caller's own last words ended."""
        self._done_over = 0
        self._owed = True
        self._back: tuple[int, Say] | None = None
        """Until when nothing is said, and what then."""
        self._quiet_from = 0
        self._meanwhile: list[tuple[int, Aside | Tic | Noise]] = []
        self._keys = ""
        """Still to be pressed."""
        self._keyed_from = 0
        self._retries = 0
        self._hellos = 0
        self._behind = list(scenario.behind)
        self._behind_at = samples(self._chance.uniform(0.5, 3.0))
        self._echo_at = -1
        self._echo_next = 0
        self._leaving = False
        self._gone = False
        self._deeds: list[Deed] = []
        self._happened: list[Happening] = []
        self._spoken: deque[Sounding] = deque(maxlen=4)
        self.now = 0
        """Samples spoken."""

    # --------------------------------------------------------------------------------------------------- a mouth

    def frame(self, heard: bytes) -> bytes:
        self._ear.hear(heard)
        if not self._gone:
            self._live()
        sound, over = self._stage.frame(self.now)
        for sounding in over:
            self._finished(sounding)
        self.now += FRAME
        return self._channel.carry(sound, heard)

    def deeds(self) -> Sequence[Deed]:
        done, self._deeds = self._deeds, []
        return done

    # --------------------------------------------------------------------------------------------- what it meant

    @property
    def gone(self) -> bool:
        return self._gone

    @property
    def truth(self) -> Truth:
        """Everything that has happened so far; a turn that still goes on is not complete."""
        open_ = [
            h for s in self._stage.playing if s.start < self.now for h in happenings(s, min(s.end, self.now), False)
        ]
        if self._back and self._mouth is None:
            open_.append(measures.Quiet(self._quiet_from, self.now))
        return tuple(sorted([*self._happened, *open_], key=lambda h: (h.start, h.end, type(h).__name__)))

    @property
    def plan(self) -> Plan:
        if self._mouth is not None:
            return sounding_plan(self._mouth, self.now, self._owed, self._leaving)
        doing: Doing = "hold" if self._back else "nothing"
        return Plan(self.now, doing, end=self._ended, owed=self._owed and not self._back, leaving=self._leaving)

    def said(self, start: int, end: int) -> str:
        """What it said to the agent and had said to the end between two samples; only what was lately said is known."""
        found = []
        for sounding in self._spoken:
            words = sounding.take.words or ((sounding.take.text, 0, len(sounding.take)),)
            found += [text for text, _, over in words if start < sounding.start + over <= min(end, sounding.end)]
        return " ".join(found)

    # ------------------------------------------------------------------------------------------------- deciding

    def _live(self) -> None:
        self._room()
        if self._mouth is not None:
            self._give_way()
        elif self.now >= samples(self.scenario.limit):
            self._hang_up()
        elif self._keys:
            self._type()
        elif self._back is not None:
            self._hold(*self._back)
        elif self._ear.quiet <= NOTICE:
            self._due = -1
            self._act_over()
        else:
            self._take_turn()

    def _take_turn(self) -> None:
        ear = self._ear
        agent_end = ear.last - HANG * FRAME if ear.last >= 0 else 0
        if self._leaving:
            self._leave(agent_end)
        elif not ear.heard:
            if self.now - self._ended >= samples(self.scenario.temper.patience):
                self._hello()
        elif self.now - agent_end >= (NOTICE if ear.heard >= FEW else DOUBT if ear.heard >= ENOUGH else MORE_WITHIN):
            if self._due < 0:
                self._due = max(self.now, agent_end + samples(self._gap()))
            if self._due < self.now + FRAME:
                self._next(self._due)

    def _gap(self) -> float:
        share = self._chance.random()
        for (low, a), (high, b) in pairwise(GAPS):
            if share <= high:
                return min(LONGEST_GAP, (a + (b - a) * (share - low) / (high - low)) * self.scenario.temper.pace)
        return 0.0

    def _next(self, at: int) -> None:
        """The caller's move."""
        round_ = self._rounds.pop(0)
        self._pending += round_.over
        self._due = -1
        self._hellos = 0
        move: Move | None = round_.move
        match move:
            case Say() | Tell():
                self._leaving = not self._rounds
                self._say(move, at)
            case Hold():
                self._back = (-1, Say(move.back))
                self._hold_for = samples(move.seconds)
                self._meanwhile = [(samples(after), act) for after, act in move.meanwhile]
                self._say(Say(move.take, answer=False), at)
            case Silent(seconds, then):
                self._quiet_from = self.now
                self._back = (self.now + samples(seconds), Say(then))
            case Keys(digits):
                self._keys, self._keyed_from = digits, self.now
            case None:
                pass

    def _say(self, does: Say | Tell | Cut, at: int) -> None:
        self._mouth = self._stage.play(does, does.take, at)
        self._spoken.append(self._mouth)
        self._insists = self._chance.random() < self.scenario.temper.insists

    def _hello(self) -> None:
        if self._hellos == HELLOS:
            self._hang_up()
            return
        self._hellos += 1
        self._say(Say(self._chance.choice(self.scenario.hellos)), self.now)

    def _act_over(self) -> None:
        """Something to do while the agent speaks, when it has been speaking for long enough."""
        if not self._ear.voiced:
            return
        passed = self.now - max(self._ear.since, self._done_over)
        for over in self._pending:
            if samples(over.after) <= passed:
                self._pending.remove(over)
                self._do(over.act)
                return

    def _do(self, act: Hum | Tic | Aside | Noise | Cut | Leave) -> None:
        match act:
            case Leave():
                self._hang_up()
            case Cut():
                self._say(act, self.now)
            case Hum() | Tic():
                self._mouth = self._stage.play(act, act.take, self.now)
            case Aside():
                self._mouth = self._stage.play(act, act.take, self.now, act.gain)
            case Noise():
                self._stage.play(act, act.take, self.now, act.gain)
                self._done_over = self.now + len(act.take)

    def _give_way(self) -> None:
        """Talked over for long: stop at the end of a word, and say it again later."""
        mouth, ear = self._mouth, self._ear
        if mouth is None or not isinstance(mouth.does, Say | Tell) or mouth.cut or not ear.voiced:
            return
        both = self.now - max(ear.since, mouth.start)
        collided = abs(ear.since - mouth.start) < COLLISION and not self._insists
        if both >= (WITHDRAW if collided else samples(self.scenario.temper.tolerance)) and mouth.end - self.now > FRAME:
            at = self.now - mouth.start
            ends = [word.end for word in mouth.take.words if at < word.end <= at + WORD_END]
            self._stage.cut(mouth, mouth.start + (ends[0] if ends else at + FRAME))

    def _hold(self, until: int, then: Say) -> None:
        for after, act in self._meanwhile:
            if self.now - self._quiet_from >= after:
                self._meanwhile.remove((after, act))
                self._do(act)
                return
        late = self.now - until >= STUBBORN
        if self.now >= until and (self._ear.quiet >= NOTICE or late):
            self._back = None
            self._happened.append(measures.Quiet(self._quiet_from, self.now))
            self._say(then, self.now)

    def _type(self) -> None:
        """One key after the other; nobody expects words meanwhile."""
        if (self.now - self._keyed_from) % KEY_EVERY:
            return
        self._deeds.append(Press(self._keys[0]))
        self._keys = self._keys[1:]
        if not self._keys:
            self._happened.append(measures.Quiet(self._keyed_from, self.now + FRAME))
            self._turn_is_over(self.now + FRAME, True)

    def _leave(self, agent_end: int) -> None:
        said = self._ear.heard > 0 and self.now - agent_end >= GOODBYE
        if said or self.now - self._ended >= GOODBYE_WITHIN:
            self._hang_up()

    def _hang_up(self) -> None:
        self._gone = True
        self._deeds.append(HangUp())
        self._happened.append(measures.HangUp(self.now, self.now + FRAME))

    # ------------------------------------------------------------------------------------------------- the room

    def _room(self) -> None:
        """What sounds by itself: the television, and the agent's own voice that comes back."""
        if self._behind and self.now >= self._behind_at:
            noise = self._behind.pop(0)
            self._behind.append(noise)
            self._stage.play(noise, noise.take, self.now, noise.gain)
            self._behind_at = self.now + len(noise.take) + samples(self._chance.uniform(1.0, 4.0))
        if self._channel.conditions.echo:
            self._hear_echo(samples(self._channel.conditions.echo.seconds))

    def _hear_echo(self, delay: int) -> None:
        """An echo is an event while nothing else sounds at the caller's end."""
        if self._stage.playing:
            self._echo_at = -1
        elif self._echo_at >= 0:
            if self.now - self._echo_at >= ECHO_FOR:
                self._happened.append(measures.Echo(self._echo_at, self._echo_at + ECHO_FOR))
                self._echo_at, self._echo_next = -1, self.now + ECHO_EVERY
        elif self._ear.voiced and self.now >= self._echo_next and self._ear.talked >= max(delay, SPOKEN_BEFORE):
            self._echo_at = self.now

    # ------------------------------------------------------------------------------------------- what has ended

    def _finished(self, sounding: Sounding) -> None:
        self._happened += happenings(sounding, sounding.end, not sounding.cut)
        if sounding is not self._mouth:
            return
        self._mouth = None
        match sounding.does:
            case Say() | Tell():
                if sounding.cut and self._retries < RETRIES and self._back is None:
                    self._retries += 1
                    self._rounds.insert(0, Round(sounding.does))
                    self._leaving = False
                elif not sounding.cut:
                    self._retries = 0
                self._turn_is_over(sounding.end, sounding.does.answer if isinstance(sounding.does, Say) else True)
                if self._back is not None:
                    self._quiet_from = sounding.end
                    self._back = (sounding.end + self._hold_for, self._back[1])
            case Cut():
                self._turn_is_over(sounding.end, True)
            case _:
                self._done_over = sounding.end

    def _turn_is_over(self, end: int, owed: bool) -> None:
        self._ended, self._done_over, self._owed = end, end, owed
        self._due = -1
        self._ear.forget()
