"""`bench redaction`: is what callers give away gone from text and sound, and how much else went with it?

Every conversation of `confidences` is spoken by a voice, held by a real call and journalled as any call is, with ears
that tell late, word by word or a whole utterance at once. What is then taken out is compared with what each word was
meant to be: in every field of the journal that tells words, and in both channels of the recording at the samples where
the words were really said.
"""

import json
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from callcenter.audio import decode, tones
from callcenter.bench.confidences import Case, Said, case
from callcenter.call import Call, Setup
from callcenter.carriers import Caps
from callcenter.codec import loads
from callcenter.events import Clear, Event, Mark, Marked, Pressed, Spoken, Started, Stopped, Ticked, TurnHeard
from callcenter.journal import Journal
from callcenter.redaction import Redacted, redact, silenced
from callcenter.units import FRAME, FRAMES_PER_TURN, RATE, SILENT_BYTE, TURN
from callcenter.voices import Espeak, Speech

VOICES: Final = ("en-us", "en-us+f3", "en-gb-x-rp+m7", "en-us+m4", "en-gb-x-rp+f2")
CAPS: Final = Caps("bench", marks=True, clear=True, dtmf_in=True, dtmf_out=False, max_message=65_536)
ECHO: Final = 3 * FRAME
"""A mark comes back so much later."""

PIECE: Final = 3 * FRAME
"""So much of a word of ours, anywhere, is the word; less of it may be the same sound of another one."""

LOUD: Final = 300
"""A piece of a word quieter than this (of 32,767) tells nothing."""

TOLD: Final = ("Utter", "Spoken")


@dataclass(frozen=True, slots=True)
class Sounding:
    """A word, what it gives away, and where it is in the audio of its speaker."""

    text: str
    secret: str
    side: str
    start: int
    end: int
    audio: bytes = field(repr=False, default=b"")


@dataclass(slots=True)
class Staged:
    """A call that was held."""

    words: list[Sounding] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    left: bytearray = field(default_factory=bytearray)
    right: bytearray = field(default_factory=bytearray)
    duplex: bytearray = field(default_factory=bytearray)


@lru_cache(4_000)
def speech(text: str, voice: str) -> Speech:
    return Espeak().speak(text, voice)


# ------------------------------------------------------------------------------------------------------ what is said


@dataclass(slots=True)
class Script:
    """A conversation with its times: what the caller's side sounds like, and what happens when."""

    sound: bytearray = field(default_factory=bytearray)
    heard: list[tuple[int, int, list[str]]] = field(default_factory=list)
    """When words become certain: the turn in which, and the sample."""
    said: list[tuple[int, bytes, str]] = field(default_factory=list)
    """What the agent is given to say: when, the audio, the words."""
    keys: list[tuple[int, str]] = field(default_factory=list)
    words: list[Sounding] = field(default_factory=list)
    now: int = RATE


def script(told: Case) -> Script:
    chance = Random(f"script {told.seed} {told.kinds}")
    play = Script()
    voices = chance.sample(VOICES, 2)
    streams = chance.random() < 0.7
    chunked = chance.random() < 0.8
    for turn in told.turns:
        if turn.side == "keys":
            _press(play, turn.parts, chance)
        elif turn.side == "agent":
            _agent(play, [said for part in turn.parts for said in part], voices[0], chunked)
            play.now += round(chance.uniform(0.1, 0.8) * RATE)
        else:
            _caller(play, turn.parts, voices[1], streams, chance)
            play.now += round(chance.uniform(0.2, 1.0) * RATE)
    play.now += 3 * RATE
    _pad(play.sound, play.now)
    return play


def _pad(sound: bytearray, upto: int) -> None:
    sound.extend(bytes([SILENT_BYTE]) * max(0, upto - len(sound)))


def _caller(play: Script, parts: Sequence[Sequence[Said]], voice: str, streams: bool, chance: Random) -> None:
    """Word by word as they become certain, or all words of a stretch once it is over."""
    waiting: list[tuple[int, str]] = []
    for part in parts:
        if not part:
            continue
        for sounding in _sounding(play.now, part, voice, "caller"):
            _pad(play.sound, sounding.start)
            play.words.append(sounding)
            waiting.append((sounding.end, sounding.text))
        spoken = speech(" ".join(said.text for said in part), voice)
        _pad(play.sound, play.now)
        play.sound[play.now : play.now + len(spoken.audio)] = spoken.audio
        play.now += len(spoken.audio) + round(chance.choice([0.1, 0.3, 0.5, 0.8, 1.6]) * RATE)
    if not waiting:
        return
    last = max(end for end, _ in waiting)
    if not streams:
        _certain(play, last + round(chance.uniform(0.3, 1.1) * RATE), [word for _, word in waiting])
        return
    before = 0
    for end, word in waiting:
        before = max(before, end + round(chance.uniform(0.1, 1.0) * RATE))
        _certain(play, before, [word])


def _certain(play: Script, at: int, words: list[str]) -> None:
    turn = at // TURN
    if play.heard and play.heard[-1][0] >= turn and play.heard[-1][0] * TURN > at - 2 * TURN:
        play.heard[-1][2].extend(words)
    else:
        play.heard.append((turn, (turn + 1) * TURN + 2 * FRAME, words))


def _agent(play: Script, said: Sequence[Said], voice: str, chunked: bool) -> None:
    spoken = speech(" ".join(one.text for one in said), voice)
    words = _sounding(0, said, voice, "agent")
    play.words += words
    step = TURN if chunked else len(spoken.audio)
    for begin in range(0, len(spoken.audio), step):
        end = min(begin + step, len(spoken.audio))
        last = end == len(spoken.audio)
        told = [w.text for w in words if begin <= (w.start + w.end) // 2 < end or (last and w.start >= end)]
        play.said.append((play.now + begin, spoken.audio[begin:end], " ".join(told)))
    play.now += len(spoken.audio) + RATE // 4


def _sounding(at: int, part: Sequence[Said], voice: str, side: str) -> list[Sounding]:
    spoken = speech(" ".join(said.text for said in part), voice)
    timed = deque(spoken.words)
    found = []
    for said in part:
        if timed and timed[0].text == said.text:
            word = timed.popleft()
            audio = spoken.audio[word.start : word.end]
            found.append(Sounding(said.text, said.secret, side, at + word.start, at + word.end, audio))
    return found


def _press(play: Script, parts: Sequence[Sequence[Said]], chance: Random) -> None:
    for part in parts:
        for key in "".join(said.text for said in part):
            tone = tones(key)
            _pad(play.sound, play.now)
            play.sound[play.now : play.now + len(tone)] = tone
            play.keys.append((play.now + len(tone) // 2, key))
            if key != "#":
                secret = part[0].secret
                play.words.append(Sounding(key, secret, "keys", play.now, play.now + len(tone), tone))
            play.now += len(tone) + round(chance.uniform(0.15, 0.5) * RATE)
    play.now += 2 * RATE


# ----------------------------------------------------------------------------------------------------- holding the call


def staged(told: Case) -> Staged:
    play = script(told)
    call = Call(Setup(CAPS, "bench"))
    journal = Journal({"call_id": f"bench-{told.seed}"})
    held = Staged(play.words, [journal.opening])
    marks: deque[tuple[int, str]] = deque()
    coming = sorted(
        [*((at, Pressed(key)) for at, key in play.keys)]
        + [(at - TURN // 2, Spoken(turn - 1, hearing=" ".join(words))) for turn, at, words in play.heard]
        + [(at, Spoken(turn, heard_text=" ".join(words))) for turn, at, words in play.heard]
        + [(at, Spoken(at // TURN, audio, said_text=words)) for at, audio, words in play.said],
        key=lambda each: each[0],
    )

    def feed(at: int, event: Event) -> None:
        commands = call.receive(at, event)
        entry = journal.add(at, event, commands)
        held.lines += [entry.line] if entry.line else []
        if entry.turn:
            held.left += entry.turn[0]
            held.right += entry.turn[1]
        held.duplex += entry.spoken
        for command in commands:
            if isinstance(command, Mark):
                marks.append((at + ECHO, command.name))
            elif isinstance(command, Clear):
                marks.clear()

    feed(0, Started("MZ1", "CA1"))
    rest = deque(coming)
    for tick in range(len(play.sound) // FRAME):
        at = tick * FRAME
        while marks and marks[0][0] <= at:
            feed(at, Marked(marks.popleft()[1]))
        if tick % FRAMES_PER_TURN == 0 and tick:
            turn = tick // FRAMES_PER_TURN - 1
            feed(at, TurnHeard(turn, bytes(play.sound[turn * TURN : (turn + 1) * TURN])))
            feed(at, Spoken(turn))
        while rest and rest[0][0] <= at:
            feed(at, rest.popleft()[1])
        feed(at, Ticked())
    feed(len(play.sound), Stopped())
    held.lines.append(journal.end({"state": "ended", "reason": "hangup", "outcome": "", "final": True}))
    return held


# ---------------------------------------------------------------------------------------------------------- judging


@dataclass(frozen=True, slots=True)
class Judged:
    """One call: secret words that are still told or heard, and what was lost of the rest."""

    case: Case
    told: tuple[str, ...]
    """Secret words still in the text."""
    heard: tuple[str, ...]
    """Secret words still in the sound."""
    words: int
    lost: tuple[str, ...]
    """Words of nobody's that went."""
    voiced: int
    muted: int
    """Samples of words that are nobody's, and how many of them are silent now."""

    @property
    def gone(self) -> bool:
        return not self.told and not self.heard


def judge(told: Case) -> Judged:
    held = staged(told)
    found = redact(held.lines)
    left, right = silenced(bytes(held.left), found.spans), silenced(bytes(held.right), found.spans)
    duplex = silenced(bytes(held.duplex), found.spoken)
    still, lost = _texts(held, found)
    heard = [w.text for w in held.words if w.secret and _audible(w, left, right, duplex)]
    plain = [w for w in held.words if not w.secret and w.side == "caller"]
    mute = np.zeros(len(left), bool)
    for start, end in found.spans:
        mute[start:end] = True
    muted = sum(int(mute[w.start : w.end].sum()) for w in plain)
    count = sum(1 for w in held.words if not w.secret)
    return Judged(told, tuple(still), tuple(heard), count, tuple(lost), sum(w.end - w.start for w in plain), muted)


def _texts(held: Staged, found: Redacted) -> tuple[list[str], list[str]]:
    """Secret words that are still told, wherever; and others that are not told any more in the transcript."""
    still: list[str] = []
    lost: list[str] = []
    for side in ("caller", "agent"):
        meant = [word for word in held.words if word.side == side]
        for kind in TOLD:
            now = list(_fields(found.lines, kind, side))
            at = 0
            for before, after in zip(_fields(held.lines, kind, side), now, strict=True):
                words = before.split()
                mine = meant[at : at + len(words)]
                at += len(words)
                if [w.text for w in mine] != words:
                    raise AssertionError(f"case {held.lines[0]!r}: the script and the journal tell different words")
                left = Counter(after.split())
                for word in mine:
                    if word.secret:
                        continue
                    if left[word.text]:
                        left[word.text] -= 1
                    elif kind == "Utter":
                        lost.append(word.text)
                still += [w.text for w in mine if w.secret and left[w.text]]
            if at != len(meant):
                raise AssertionError(f"case {held.lines[0]!r}: {len(meant) - at} words are not in the journal")
    still += _rows_elsewhere(held, found)
    return still, lost


def _fields(lines: Sequence[bytes], kind: str, side: str) -> Iterator[str]:
    """What one side said, as one kind of entry tells it, in the order in which it was said."""
    if kind == "Spoken":
        name = "heard_text" if side == "caller" else "said_text"
        for line in lines:
            event = loads(line).get("event", {})
            if event.get("is") == "Spoken" and event.get(name):
                yield event[name]
        return
    told = [command for line in lines for command in loads(line).get("do", ())]
    for command in sorted((c for c in told if _utters(c, side)), key=lambda c: (c["start"], c["end"])):
        yield f"{command['text']} {command.get('unheard', '')}".strip()


def _utters(command: dict[str, Any], side: str) -> bool:
    return bool(command["is"] == "Utter" and command["side"] == side and command.get("kind", "speech") != "key")


def _rows_elsewhere(held: Staged, found: Redacted) -> list[str]:
    """Three words of a secret in a row, or keys of one, anywhere in what is left of the journal."""
    text = " ".join(f" {text} " for line in found.lines for text in _strings(loads(line)))
    words = f" {' '.join(text.lower().split())} "
    plain = f" {' '.join('|' if w.secret else w.text.lower() for w in held.words)} "
    still = []
    row: list[Sounding] = []
    for word in [*held.words, Sounding("", "", "", 0, 0)]:
        if word.secret and (not row or row[-1].side == word.side):
            row.append(word)
            continue
        for at in range(len(row) - 2):
            three = " ".join(w.text.lower() for w in row[at : at + 3])
            kept = f" {three} " in words and f" {three} " not in plain
            if kept or (row[at].side == "keys" and "".join(w.text for w in row) in words):
                still.append(three)
        row = [word] if word.secret else []
    pressed = [loads(line)["event"]["digit"] for line in found.lines if b'"Pressed"' in line]
    if any(word.side == "keys" for word in held.words):
        still += [key for key in pressed if key.isdigit()]
    return still


def _strings(thing: Any) -> Iterator[str]:
    match thing:
        case str():
            yield thing
        case dict():
            for value in thing.values():
                yield from _strings(value)
        case list():
            for value in thing:
                yield from _strings(value)
        case _:
            pass


def _audible(word: Sounding, left: bytes, right: bytes, duplex: bytes) -> bool:
    """Whether anything of it can be heard: the caller's where it was said, ours wherever its very samples are."""
    if word.side != "agent":
        return any(
            part.strip(bytes([SILENT_BYTE])) for part in (left[word.start : word.end], right[word.start : word.end])
        )
    pieces = [word.audio[at : at + PIECE] for at in range(0, max(1, len(word.audio) - PIECE + 1), FRAME)]
    loud = [piece for piece in pieces if np.abs(decode(piece).astype(np.int32)).mean() > LOUD]
    return any(piece in right or piece in duplex for piece in loud)


# --------------------------------------------------------------------------------------------------------- the report


def run(count: int, seed: int, console: Console, show: int = 0) -> int:
    """Prints a table and, last, a line of JSON; the exit status says whether 99 % are gone."""
    secret = [judge(case(seed * 100_000 + index)) for index in range(count)]
    harmless = [judge(case(seed * 100_000 + index, secret=False)) for index in range(-(-count // 3))]
    for one in [one for one in secret if not one.gone][:show]:
        console.print(f"{one.case.seed} {one.case.kinds} {one.case.traits} told {one.told} heard {one.heard}")
    score = figures(secret, harmless)
    table = Table("what", "calls", "gone from text", "gone from sound", "gone from both")
    for name, mine in _groups(secret).items():
        told = [not one.told for one in mine]
        heard = [not one.heard for one in mine]
        table.add_row(name, str(len(mine)), _share(told), _share(heard), _share([one.gone for one in mine]))
    console.print(table)
    console.print(json.dumps(score))
    return 0 if score["gone"] >= 0.99 else 1


def _groups(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    names = sorted({name for one in judged for name in (*one.case.kinds, *one.case.traits)})
    groups = {name: [one for one in judged if name in (*one.case.kinds, *one.case.traits)] for name in names}
    return {"all": list(judged), **groups}


def _share(these: Sequence[bool]) -> str:
    return f"{sum(these) / len(these):.1%}" if these else "-"


def figures(secret: Sequence[Judged], harmless: Sequence[Judged]) -> dict[str, Any]:
    both = [*secret, *harmless]
    return {
        "calls": len(secret),
        "gone": _rate([one.gone for one in secret]),
        "gone_text": _rate([not one.told for one in secret]),
        "gone_sound": _rate([not one.heard for one in secret]),
        "harmless_calls": len(harmless),
        "words_wrongly_removed": _ratio(sum(len(o.lost) for o in both), sum(o.words for o in both)),
        "words_wrongly_removed_harmless": _ratio(sum(len(o.lost) for o in harmless), sum(o.words for o in harmless)),
        "speech_wrongly_muted": _ratio(sum(o.muted for o in both), sum(o.voiced for o in both)),
        "speech_wrongly_muted_harmless": _ratio(sum(o.muted for o in harmless), sum(o.voiced for o in harmless)),
    }


def _rate(these: Sequence[bool]) -> float:
    return round(sum(these) / max(1, len(these)), 4)


def _ratio(some: int, of: int) -> float:
    return round(some / max(1, of), 4)
