"""The call: events in, commands out. The only file that decides what is heard.

A call is a plain object. Its clock is `at`, samples heard so far, handed in with every event; it never waits and never
looks at a clock. Feeding the same events again gives the same commands, which is what the journal relies on.

It is `waiting` until the stream starts, `open` while people talk, `leaving` while the last words drain (nothing said
then can bring it back), and `over`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from callcenter.audio import Activity, Presence, tones
from callcenter.carriers import Caps
from callcenter.events import (
    Ask,
    Asked,
    Broke,
    Command,
    Delivered,
    Detected,
    Directed,
    Event,
    Fault,
    HangUp,
    Hear,
    Heard,
    Late,
    Lost,
    Mark,
    Marked,
    Note,
    Noted,
    Phrase,
    Pressed,
    Rang,
    Record,
    Spoken,
    Started,
    Stopped,
    Surmised,
    Ticked,
    Trace,
    Transfer,
    TurnHeard,
    Understood,
    Use,
    Utter,
    Withdrawn,
    Yielded,
)
from callcenter.playout import Playout, Said
from callcenter.units import FRAME, RATE, TURN

LAST_MARK = "end"
PERSON = "person"
"""The duplex that is a supervisor at a microphone."""

DRAIN_AT_MOST = 3 * RATE
"""A call that leaves waits this long for its last words to be heard; the words themselves may take longer."""

KEYS_TOGETHER = 2 * RATE
"""Keys pressed within this time of each other are one entry; '#' ends it at once."""

CALLER_PAUSE = RATE
"""A caller's transcript line ends when no new word came for this long, and no voice for half of it."""

CALLER_VOICED = RATE * 3 // 2
"""The same, whatever sounds at the caller's end. Words come half a second late: a voice may be their forerunner."""

AGENT_PAUSE = RATE * 6 // 10

HOLD_AFTER = 2 * RATE
"""The duplex owes an answer for this long: say that we are still here."""

STUCK_AFTER = 6 * RATE
"""The duplex owes an answer for this long: it is lost."""

SAY_WITHIN = 30 * RATE
"""A leaving that waits for words to be heard waits this long."""

DEAF_AFTER = 10 * RATE
GONE_AFTER = 30 * RATE
"""Not even silence came from the carrier: note it, then leave."""

LIFE_CHECK = RATE // FRAME
"""Ticks between two looks at whether the carrier still sends."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a call is born with and never changes: carrier, duplex and its fallback, canned phrases, limits."""

    caps: Caps
    duplex: str
    fallback: str = ""
    lead: int = 3 * FRAME
    phrases: Mapping[str, Phrase] = field(default_factory=dict)
    """Known keys: greeting, hold, sorry, goodbye, transfer."""
    rescue: str = ""
    """Transfer target when no duplex is left; empty: say sorry and hang up."""
    silence_limit: int = 0
    """Samples without any voice after which the call is ended; 0: never."""
    length_limit: int = 0
    on_machine: Literal["stay", "hang_up"] = "stay"


@dataclass(slots=True)
class Growing:
    """A transcript line that is still growing."""

    start: int
    end: int
    words: list[str]
    unheard: list[str] = field(default_factory=list)


class Call:
    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.phase: Literal["waiting", "open", "leaving", "over"] = "waiting"
        self._playout = Playout(marks=setup.caps.marks, lead=setup.lead)
        self._duplex = setup.duplex
        self._notes: dict[str, Note] = {}
        self._unsaid: dict[str, Note] = {}
        """The `say` notes that the caller has not heard to their end."""
        self._dropped: set[str] = set()
        self._told: dict[str, str] = {}
        self._later: Directed | None = None
        self._later_tick = 0
        self._caller_voice = Activity()
        self._agent_voice = Presence()
        self._last_voice = 0
        self._caller_voiced = 0
        self._caller_line: Growing | None = None
        self._hearing = ""
        self._agent_line: Growing | None = None
        self._keys = ""
        self._key_at = 0
        self._owed: list[int] = []
        self._ticks = 0
        self._asked_at = 0
        self._heard_tick = 0
        self._holding = False
        self._deaf = False
        self._leave: HangUp | Transfer | None = None
        self._leave_tick = 0
        self._last_mark_sent = False

    def receive(self, at: int, event: Event) -> list[Command]:
        if self.phase == "over":
            return []
        match event:
            case Ticked():
                return self._tick(at)
            case TurnHeard():
                return self._hear(at, event)
            case Spoken():
                return self._speak(at, event)
            case Marked(name):
                return self._marked(at, name)
            case Started():
                return self._started(event)
            case Pressed(digit):
                return self._pressed(at, digit)
            case Noted(note):
                return self._noted(note)
            case Withdrawn(note_id):
                return self._withdrawn(note_id)
            case Directed():
                return self._directed(at, event)
            case Late(turn, ms):
                return [Fault("late", f"turn {turn} took {ms} ms")]
            case Lost(reason):
                return self._lost(at, reason)
            case Detected(party):
                return self._detected(at, party)
            case Stopped(reason):
                return self._over(at, HangUp(reason))
            case Broke(reason, detail):
                return [Fault(reason, detail), *self._over(at, HangUp(reason))]
            case Rang():
                return []

    def _started(self, event: Started) -> list[Command]:
        """The line opens: we greet, or welcome back a caller whose transfer did not work out."""
        self.phase = "open"
        returned = dict(event.params).get("returned", "")
        if returned:
            return self._noted(Note(f"returned-{event.leg}", "know", f"the transfer failed: {returned}"))
        return self._phrase("greeting")

    # ------------------------------------------------------------------------------------------- hearing and speaking

    def _hear(self, at: int, event: TurnHeard) -> list[Command]:
        start = event.turn * TURN
        played = self._playout.played(start, TURN)
        trace = Trace(
            event.turn,
            self._caller_voice.push(event.audio),
            self._agent_voice.push(played),
            self._playout.lag(at),
        )
        if "1" in trace.caller or "1" in trace.agent:
            self._last_voice = start + TURN
        if "1" in trace.caller:
            self._caller_voiced = start + TURN
        self._heard_tick, self._deaf = self._ticks, False
        notes, stale = self._fresh(at)
        hear = Hear(Heard(event.turn, event.audio, played, notes))
        commands = [trace, hear, *stale, *self._said(self._playout.reached(at)), *self._settle(at)]
        if self.phase == "open":
            if not self._owed:
                self._asked_at = self._ticks
            self._owed.append(event.turn)
            commands += self._limits(at)
        return commands

    def _speak(self, at: int, spoken: Spoken) -> list[Command]:
        if self.phase != "open":
            return []
        self._owed = [turn for turn in self._owed if turn > spoken.turn]
        self._asked_at, self._holding = self._ticks, False
        commands: list[Command] = []
        if spoken.heard_text:
            commands += self._caller_words(spoken)
        commands += self._surmise(spoken.hearing)
        for act in spoken.acts:
            match act:
                case Yielded():
                    cleared, said = self._playout.flush(at)
                    commands += [*cleared, *self._said(said), *self._close_agent_line()]
                case Asked(reason):
                    commands.append(Ask(reason, spoken.heard_text))
                case _:
                    pass
        if spoken.audio:
            self._playout.say(spoken.audio, spoken.said_text, spoken.note)
        return commands

    def _tick(self, at: int) -> list[Command]:
        self._ticks += 1
        commands = self._playout.tick(at)
        if self.phase == "leaving":
            return [*commands, *self._drain(at)]
        if self._owed:
            commands += self._patience(at)
        if self._later is not None:
            commands += self._leave_when_said(at, self._later)
        if self._ticks % LIFE_CHECK == 0:
            commands += self._listen_for_life(at)
        return commands

    def _marked(self, at: int, name: str) -> list[Command]:
        if name == LAST_MARK and self.phase == "leaving":
            return self._over(self._playout.end, self._leave or HangUp("over"))
        self._playout.marked(at, name)
        return []

    # ----------------------------------------------------------------------------------------------- notes and orders

    def _noted(self, note: Note) -> list[Command]:
        commands = [command for old in note.supersedes for command in self._drop(old)]
        if note.id not in self._dropped:
            self._notes[note.id] = note
            if note.kind == "say":
                self._unsaid[note.id] = note
        return commands

    def _withdrawn(self, note_id: str) -> list[Command]:
        """Take a note back; a duplex that has it already is told by a note that supersedes it."""
        given = note_id in self._unsaid and note_id not in self._notes
        commands = self._drop(note_id)
        if given:
            self._notes[f"no-{note_id}"] = Note(f"no-{note_id}", "know", "", supersedes=(note_id,))
        return commands

    def _drop(self, note_id: str) -> list[Command]:
        self._dropped.add(note_id)
        self._notes.pop(note_id, None)
        self._unsaid.pop(note_id, None)
        dropped = self._playout.drop(note_id)
        return [*self._said(dropped), *(self._close_agent_line() if dropped else ())]

    def _fresh(self, at: int) -> tuple[tuple[Note, ...], list[Command]]:
        """The notes that arrived since the last turn; one that expired on the way is never passed on."""
        fresh = tuple(n for n in self._notes.values() if n.expires is None or n.expires > at)
        stale: list[Command] = [
            Fault("stale", note.id) for note in self._notes.values() if note.expires is not None and note.expires <= at
        ]
        for note in self._notes.values():
            if note.expires is not None and note.expires <= at:
                self._unsaid.pop(note.id, None)
        self._notes.clear()
        return fresh, stale

    def _directed(self, at: int, event: Directed) -> list[Command]:
        if event.when_said and self._unsaid and self._later is None:
            self._later, self._later_tick = event, self._ticks
            return []
        spoken = event.when_said
        match event.order:
            case "hang_up":
                leave = HangUp(event.argument or "directed")
                return self._start_leaving(at, leave, "" if spoken else "goodbye")
            case "transfer":
                move = Transfer(event.argument, event.by or "directed")
                return self._start_leaving(at, move, "" if spoken else "transfer")
            case "pause_recording":
                return [Record(False)]
            case "resume_recording":
                return [Record(True)]
            case "press":
                self._playout.say(tones(event.argument))
                return []
            case "take_over":
                return self._changed_hands(at, PERSON)
            case "give_back":
                return self._changed_hands(at, self.setup.duplex)

    def _changed_hands(self, at: int, duplex: str) -> list[Command]:
        """Somebody else hears and speaks from now on; words that were still to come are not."""
        if self.phase != "open" or self._duplex == duplex:
            return []
        cleared, said = self._playout.flush(at)
        self._duplex = duplex
        self._owed.clear()
        self._notes = {**self._unsaid, **self._notes}
        return [*cleared, *self._said(said), *self._close_agent_line(), Use(duplex)]

    def _detected(self, at: int, party: str) -> list[Command]:
        if party == "machine" and self.setup.on_machine == "hang_up":
            return self._start_leaving(at, HangUp("machine"), "")
        return []

    def _pressed(self, at: int, digit: str) -> list[Command]:
        commands = self._keyed() if at - self._key_at > KEYS_TOGETHER else []
        self._keys += digit
        self._key_at = at
        commands.append(Utter("caller", at, at, f"pressed {digit}", kind="key"))
        return [*commands, *self._keyed()] if digit == "#" else commands

    def _keyed(self) -> list[Command]:
        keys, self._keys = self._keys, ""
        return [Ask("keys", keys)] if keys else []

    # ----------------------------------------------------------------------------------------------- things that fail

    def _lost(self, at: int, reason: str) -> list[Command]:
        """The duplex is gone: its own words stop, and the caller hears from us at once."""
        cleared, said = self._playout.flush(at)
        commands: list[Command] = [Fault("lost", f"{self._duplex}: {reason}"), *cleared, *self._said(said)]
        self._owed.clear()
        if self.phase != "open":
            return commands
        if self.setup.fallback and self._duplex != self.setup.fallback:
            self._duplex = self.setup.fallback
            self._notes = {**self._unsaid, **self._notes}
            return [*commands, Use(self._duplex), *self._phrase("hold")]
        end = Transfer(self.setup.rescue, "lost") if self.setup.rescue else HangUp("lost")
        return [*commands, *self._start_leaving(at, end, "sorry")]

    def _patience(self, at: int) -> list[Command]:
        owed = (self._ticks - self._asked_at) * FRAME
        if owed >= STUCK_AFTER:
            return self._lost(at, "stuck")
        if owed >= HOLD_AFTER and not self._holding and not self._playout.queued:
            self._holding = True
            return [Fault("held", f"{len(self._owed)} turns owed"), *self._phrase("hold")]
        return []

    def _listen_for_life(self, at: int) -> list[Command]:
        quiet = (self._ticks - self._heard_tick) * FRAME
        if quiet >= GONE_AFTER:
            return [Fault("gone"), *self._over(at, HangUp("gone"))]
        if quiet >= DEAF_AFTER and not self._deaf:
            self._deaf = True
            return [Fault("deaf")]
        return []

    def _limits(self, at: int) -> list[Command]:
        setup = self.setup
        if setup.length_limit and at >= setup.length_limit:
            return self._start_leaving(at, HangUp("length"), "goodbye")
        if setup.silence_limit and at - self._last_voice >= setup.silence_limit:
            return self._start_leaving(at, HangUp("silence"), "goodbye")
        return []

    # --------------------------------------------------------------------------------------------------------- leaving

    def _start_leaving(self, at: int, leave: HangUp | Transfer, phrase: str) -> list[Command]:
        if self.phase == "waiting":
            return self._over(at, leave)
        if self.phase == "leaving":
            return []
        self.phase, self._leave = "leaving", leave
        self._owed.clear()
        return self._phrase(phrase)

    def _leave_when_said(self, at: int, event: Directed) -> list[Command]:
        """Leave once the caller has heard what was still to be said, or too much time has passed."""
        waited = (self._ticks - self._later_tick) * FRAME
        if self._unsaid and waited < SAY_WITHIN:
            return []
        self._unsaid.clear()
        return self._directed(at, event)

    def _drain(self, at: int) -> list[Command]:
        """Once the last word is on the wire, one more mark; when it comes back, or too late, we go."""
        if self._playout.queued:
            self._leave_tick = self._ticks
            return []
        if not self._last_mark_sent:
            self._last_mark_sent, self._leave_tick = True, self._ticks
            if self.setup.caps.marks:
                return [Mark(LAST_MARK)]
        waited = (self._ticks - self._leave_tick) * FRAME
        heard = not self.setup.caps.marks and waited >= self._playout.lag(at)
        if heard or waited >= DRAIN_AT_MOST:
            return self._over(at, self._leave or HangUp("over"))
        return []

    def _over(self, horizon: int, last: HangUp | Transfer) -> list[Command]:
        """The end. What would have been played after the horizon was never heard."""
        said = self._playout.cut(horizon)
        commands = [*self._keyed(), *self._said(said), *self._close_lines()]
        self.phase = "over"
        return [*commands, last]

    # ------------------------------------------------------------------------------------------------------ transcript

    def _phrase(self, name: str) -> list[Command]:
        phrase = self.setup.phrases.get(name)
        if phrase is not None:
            self._playout.say(phrase.audio, phrase.text)
        return []

    def _caller_words(self, spoken: Spoken) -> list[Command]:
        start = spoken.turn * TURN
        if self._caller_line is None:
            self._caller_line = Growing(start, start + TURN, [])
        self._caller_line.words.append(spoken.heard_text)
        self._caller_line.end = start + TURN
        return [Understood(" ".join(self._caller_line.words))]

    def _surmise(self, hearing: str) -> list[Command]:
        """Told when it changes: nothing more is surmised when the words are certain, or were none."""
        if hearing == self._hearing:
            return []
        self._hearing = hearing
        certain = self._caller_line.words if self._caller_line is not None else []
        return [Surmised(" ".join([*certain, hearing]).rstrip())]

    def _said(self, pieces: list[Said]) -> list[Command]:
        commands: list[Command] = []
        for piece in pieces:
            if not piece.text and not piece.unheard:
                continue
            if self._agent_line is not None and piece.start - self._agent_line.end > AGENT_PAUSE:
                commands += self._close_agent_line()
            if self._agent_line is None:
                self._agent_line = Growing(piece.start, piece.end, [])
            line = self._agent_line
            line.end = max(line.end, piece.end)
            line.words += [piece.text] if piece.text else []
            line.unheard += [piece.unheard] if piece.unheard else []
            commands += self._delivered(piece)
        return commands

    def _delivered(self, piece: Said) -> list[Command]:
        """What of a note has been heard by now; the last of its words completes it."""
        note = self._unsaid.get(piece.note)
        if note is None or not piece.text:
            return []
        heard = f"{self._told.get(piece.note, '')} {piece.text}".strip()
        self._told[piece.note] = heard
        complete = not piece.unheard and len(heard.split()) >= len(note.text.split())
        if complete:
            del self._unsaid[piece.note]
        return [Delivered(piece.note, heard, complete)]

    def _settle(self, at: int) -> list[Command]:
        """Close what has been quiet for long enough to be a line of its own."""
        commands: list[Command] = []
        if self._caller_line is not None and self._caller_paused(at - self._caller_line.end, at):
            commands += self._close_caller_line()
        line = self._agent_line
        if line is not None and at - line.end > AGENT_PAUSE and self._playout.idle:
            commands += self._close_agent_line()
        if self._keys and at - self._key_at > KEYS_TOGETHER:
            commands += self._keyed()
        return commands

    def _caller_paused(self, quiet: int, at: int) -> bool:
        silent = at - self._caller_voiced > CALLER_PAUSE // 2
        return quiet > CALLER_PAUSE and (silent or quiet > CALLER_VOICED)

    def _close_lines(self) -> list[Command]:
        return [*self._close_caller_line(), *self._close_agent_line()]

    def _close_caller_line(self) -> list[Command]:
        line, self._caller_line = self._caller_line, None
        if line is None:
            return []
        text = " ".join(line.words)
        return [Utter("caller", line.start, line.end, text), Understood(text, final=True)]

    def _close_agent_line(self) -> list[Command]:
        line, self._agent_line = self._agent_line, None
        if line is None:
            return []
        return [Utter("agent", line.start, line.end, " ".join(line.words), " ".join(line.unheard))]
