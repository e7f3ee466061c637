"""Scenes as the model meets them: both channels on a bad line, the sequence of tokens, the right answers."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import decode, encode
from callcenter.audio.offline import phone_band
from callcenter.callers import noises
from callcenter.callers.channel import reflection
from callcenter.callers.lines import whole_words
from callcenter.callers.takes import Pcm, Take, levelled, plain
from callcenter.callers.voice import Voice
from callcenter.model.conduct import EAGER, HUM, YIELDS
from callcenter.model.config import AHEAD, BACKCHANNEL, LISTEN, NOTE_TOKENS, SPEAK
from callcenter.model.own import HUMS, PHRASES
from callcenter.model.phones import LABEL, SILENCE, UNKNOWN
from callcenter.model.text import TOKEN, Pieces
from callcenter.train.augment import Beds, Floats, coloured, line, lossy, on_the_line
from callcenter.train.cast import Cast, Person, voice
from callcenter.train.scene import CLAIMS, Decided, Mistakes, Policy, Scene, Sound, Speech
from callcenter.train.speech import Utterance, level
from callcenter.units import RATE, SILENT_BYTE, TURN, samples

PRODUCT: Final = Voice("en-us", 175, 50, 50)
AUDIO: Final = -1

NO_VOICE: Final = 0.3
"""Of what sounds behind a caller, the share that is nobody's voice."""

MADE: Final = {"cough": noises.cough, "laugh": noises.laugh, "sneeze": noises.sneeze, "throat": noises.throat}
HEARD: Final = {"turn": 1.0, "story": 1.0, "cut": 1.0, "hum": 0.9, "tic": 0.0, "aside": 0.7, "noise": 0.3}
"""The chance that the words of a sound are heard at all."""

KNOWN: Final = (0.4, 0.9)
"""Seconds from the end of a word until the search is sure of it."""


@dataclass(frozen=True, slots=True)
class Example:
    """`tokens` [L] with AUDIO where an audio position stands; everything else by turn, labels by 20 ms."""

    caller: NDArray[np.uint8]
    played: NDArray[np.uint8]
    tokens: NDArray[np.int16]
    act: NDArray[np.int8]
    opening: NDArray[np.int16]
    weight: NDArray[np.float32]
    speaking: NDArray[np.bool_]
    line: NDArray[np.int8]
    """1 where a note waits, plus 2 where we speak."""
    doing: NDArray[np.int8]
    ahead: NDArray[np.float32]
    phones: NDArray[np.uint8]


class Company:
    """Makes calls: who calls, who answers, what is in the room."""

    def __init__(self, cast: Cast, beds: Beds, agents: Sequence[str], pieces: Pieces, turns: int) -> None:
        self._cast = cast
        self._beds = beds
        self._agents = agents
        self._pieces = pieces
        self._turns = turns
        self._words = [word for text in agents[:3000] for word in text.split()]
        self._spoken: dict[str, list[Utterance]] = {}

    def call(self, chance: Random) -> Example:
        caller, room = self._cast.regular(chance), self._cast.regular(chance)
        speaker = PRODUCT if chance.random() < 0.6 else voice(chance)
        first = drawn(chance)
        later = (chance.randrange(5, self._turns), drawn(chance)) if chance.random() < 0.2 else None
        scene = Scene(
            chance,
            self._turns,
            say=lambda kind: self._said(chance, caller, kind),
            other=lambda kind: self._other(chance, room, kind),
            agent=lambda opening: self._agent(chance, speaker, opening),
            policy=first,
            later=later,
            lag=samples(chance.uniform(0.06, 0.15)),
            mistakes=mistakes(chance),
        ).play()
        return self._example(chance, scene, first)

    # ---------------------------------------------------------------------------------------------------- who says

    def _said(self, chance: Random, person: Person, kind: str) -> Utterance | None:
        """Real people say what was recorded of them, and a synthetic voice lends them nothing."""
        return person.say(chance, kind)

    def _other(self, chance: Random, person: Person, kind: str) -> Utterance | None:
        if kind == "cough":
            made = chance.choice(list(MADE.values()))(np.random.default_rng(chance.getrandbits(32)))
            return Utterance(made)
        if kind == "television" and chance.random() < NO_VOICE:
            return Utterance(self._something(chance))
        said = person.say(chance, kind)
        if said is None:
            said = self._cast.synthetic(chance).say(chance, kind)
        if said is None:
            return None
        far = noises.distant(Take(said.pcm, said.text, said.words), np.random.default_rng(chance.getrandbits(32)))
        return Utterance(far.pcm, said.text, words=said.words)

    def _something(self, chance: Random) -> Pcm:
        """What is behind a caller and is no voice: a door, a dog, rain."""
        clip = self._beds.clip(chance) if chance.random() < 0.5 else None
        if clip is not None and clip.any():
            return levelled(phone_band(clip))
        return noises.door(np.random.default_rng(chance.getrandbits(32)))

    def _agent(self, chance: Random, speaker: Voice, opening: str) -> Utterance:
        kept = self._spoken.setdefault(opening, [])
        if speaker == PRODUCT and len(kept) >= 12 and chance.random() < 0.8:
            return chance.choice(kept)
        texts: dict[str, Callable[[], str]] = {
            "": lambda: self._note(chance),
            "<greet>": lambda: "Thank you for calling, how can I help you today?",
            "<hum>": lambda: chance.choice(HUMS),
        }
        text = texts.get(opening, lambda: chance.choice(PHRASES.get(opening, ("One moment, please.",))))()
        made = self._cast.chorus.say(speaker, plain(text))
        spoken = Utterance(level(made).pcm, text, words=made.words)
        if speaker == PRODUCT:
            kept.append(spoken)
            del kept[:-300]
        return spoken

    def _note(self, chance: Random) -> str:
        """One to three sentences of agents."""
        text = " ".join(chance.choices(self._agents, k=chance.choice((1, 1, 2, 2, 3))))
        return " ".join(text.split()[:36])

    # --------------------------------------------------------------------------------------------------- the sound

    def _example(self, chance: Random, scene: Scene, first: Policy) -> Example:
        count = self._turns * TURN
        played = rendered_agent(scene.speeches, count)
        sound = np.zeros(count, np.float32)
        for one in scene.sounds:
            mix(sound, one)
        sound = coloured(chance, sound)
        level_db, snr_db = line(chance)
        if chance.random() < 0.4:
            sound += echo(chance, played, level_db)
        caller = on_the_line(chance, sound, self._beds, level_db, snr_db)
        caller = lossy(chance, caller, chance.choice((0.0, 0.02, 0.02, 0.03)))
        phones, voiced = labels(scene.sounds, count)
        decided = scene.decided
        return Example(
            caller,
            played,
            np.array(self._tokens(chance, scene, first), np.int16),
            np.array([one.label for one in decided], np.int8),
            np.array([TOKEN.get(one.opening, -100) for one in decided], np.int16),
            np.array([one.weight for one in decided], np.float32),
            np.array([one.speaking for one in decided]),
            np.array([one.waiting + 2 * one.speaking for one in decided], np.int8),
            np.array([one.doing for one in decided], np.int8),
            ahead(voiced, self._turns),
            phones,
        )

    # -------------------------------------------------------------------------------------------------- the tokens

    def _tokens(self, chance: Random, scene: Scene, first: Policy) -> list[int]:
        tokens = [TOKEN["<open>"], *policy_tokens(first)]
        heard = self._heard(chance, scene)
        said = said_words(scene)
        for turn, one in enumerate(scene.decided):
            if turn:
                tokens += done_tokens(scene.decided[turn - 1], said.get(turn - 1, ""), self._pieces)
            if one.over:
                tokens.append(TOKEN["<end>"])
            for kind, text in one.notes:
                tokens += note_tokens(kind, text, self._pieces)
            tokens += self._pieces.encode(" ".join(heard.get(turn, ())))
            tokens += [AUDIO, AUDIO]
        return tokens

    def _heard(self, chance: Random, scene: Scene) -> dict[int, list[str]]:
        """Words by the turn that begins with them, late and with mistakes as ears make them."""
        wrong = chance.choice((0.0, 0.05, 0.15, 0.3))
        deaf = chance.random() < 0.2
        found: dict[int, list[str]] = {}
        for one in () if deaf else scene.sounds:
            if chance.random() > HEARD[one.kind]:
                continue
            for word, end in word_ends(one):
                roll = chance.random()
                if roll < wrong / 2:
                    continue
                text = chance.choice(self._words) if roll < wrong else word
                known = one.start + end + samples(chance.uniform(*KNOWN))
                found.setdefault(known // TURN + 1, []).append(text)
        return found


def drawn(chance: Random) -> Policy:
    return Policy(
        chance.choice(("never", "rare", "normal", "normal", "often")),
        chance.choice(("eager", "normal", "normal", "patient")),
        chance.choice(("quick", "normal", "normal", "firm")),
    )


def policy_tokens(one: Policy) -> list[int]:
    names = HUM[one.hums], EAGER[one.eagerness], YIELDS[one.yielding]
    return [TOKEN[name] for name in names]


def note_tokens(kind: str, text: str, pieces: Pieces) -> list[int]:
    """A note as it is read: a policy as its knobs, everything else as its first words."""
    inside = policy_tokens(Policy(*text.split())) if kind == "<be>" else pieces.encode(text)[:NOTE_TOKENS]
    return [TOKEN[kind], *inside]


def mistakes(chance: Random) -> Mistakes:
    """Often and of every kind: an agent that always acted at once would teach that whoever has not acted yet knows why.
    (Learnt so, the first turn of a call that was not answered at its first moment was not answered at all.)"""
    hesitant = chance.random() < 0.8
    return Mistakes(
        start_in_pause=chance.uniform(0.0, 0.25),
        overlook=chance.uniform(0.3, 0.75) if hesitant else chance.uniform(0.0, 0.3),
        flinch=chance.uniform(0.0, 0.12),
        late=chance.uniform(0.3, 0.8) if hesitant else chance.uniform(0.0, 0.3),
        idle_start=chance.uniform(0.0, 0.05),
    )


def done_tokens(one: Decided, words: str, pieces: Pieces) -> list[int]:
    """What the line did in a turn: nothing at all while it listens or goes on without a word."""
    began = {"yield": "<yield>", "ask": "<ask>", "hum": "<backchannel>"}
    tokens = []
    if one.done == BACKCHANNEL:
        return [TOKEN[began["hum"]]]
    if one.done == SPEAK and not one.speaking:
        tokens += [TOKEN["<speak>"], TOKEN[one.done_opening]]
    elif one.done not in (LISTEN, SPEAK):
        tokens.append(TOKEN[began["yield"] if one.speaking else began["ask"]])
    return tokens + pieces.encode(words)


def said_words(scene: Scene) -> dict[int, str]:
    """The words that each turn's sound holds, hums apart."""
    found: dict[int, list[str]] = {}
    for speech in scene.speeches:
        if speech.opening in ("<hum>", "<greet>"):
            continue
        first = (speech.start - scene.lag) // TURN - 1
        for word in speech.said.words:
            middle = (word.start + word.end) // 2
            if speech.start + word.start < speech.end:
                found.setdefault(first + middle // TURN, []).append(word.text)
    return {turn: " ".join(words) for turn, words in found.items()}


def word_ends(one: Sound) -> list[tuple[str, int]]:
    """The words of a sound that were said, with their ends; spread by letters where nobody told them."""
    length = one.end - one.start
    if one.said.words:
        return [(word.text, word.end) for word in one.said.words if word.end <= length]
    texts = one.said.text.split()
    letters = np.cumsum([len(text) + 1 for text in texts]) if texts else np.zeros(0)
    whole = float(letters[-1]) if len(letters) else 1.0
    ends = [int(len(one.said) * at / whole) for at in letters]
    return [(text, end) for text, end in zip(texts, ends, strict=True) if end <= length]


def mix(sound: Floats, one: Sound) -> None:
    length = one.end - one.start if one.end - one.start < len(one.said) else len(one.said.pcm)
    first, last = max(0, one.start), min(len(sound), one.start + length)
    if first < last:
        piece = one.said.pcm[first - one.start : last - one.start].astype(np.float32) * np.float32(one.gain)
        if length < len(one.said.pcm):
            fade = min(40, len(piece))
            piece[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        sound[first:last] += piece


def rendered_agent(speeches: Sequence[Speech], count: int) -> NDArray[np.uint8]:
    track = np.full(count, SILENT_BYTE, np.uint8)
    for speech in speeches:
        first, last = max(0, speech.start), min(count, speech.end)
        if first < last:
            audio = np.frombuffer(encode(speech.said.pcm[: speech.end - speech.start]), np.uint8)
            track[first:last] = audio[first - speech.start : last - speech.start]
    return track


def echo(chance: Random, played: NDArray[np.uint8], level_db: float) -> Floats:
    """Our own voice, back from the other end; against the caller's level, which the line will change."""
    delay = samples(chance.uniform(0.1, 0.45))
    db = chance.uniform(-34.0, -17.0)
    sound = np.convolve(decode(played.tobytes()).astype(np.float32), reflection())[: len(played)]
    back = np.concatenate((np.zeros(delay, np.float32), sound))[: len(played)]
    return (back * 10 ** ((db - level_db) / 20)).astype(np.float32)


def labels(sounds: Sequence[Sound], count: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Phones of what is said to us, and where the caller claims the floor with its voice, by 20 ms."""
    phones = np.full(count // LABEL, SILENCE, np.uint8)
    voiced = np.zeros(count // LABEL, np.bool_)
    for one in sounds:
        first, last = max(0, one.start // LABEL), min(len(phones), -(-one.end // LABEL))
        if first >= last:
            continue
        here = phones[first:last]
        if one.kind in ("aside", "noise", "tic"):
            here[here == SILENCE] = UNKNOWN
            continue
        known = one.said.labels(first * LABEL - one.start, last - first)
        here[known != SILENCE] = known[known != SILENCE]
        if one.kind in CLAIMS:
            quiet = np.zeros(last - first, np.bool_)
            for start, stop in one.said.pauses:
                quiet[max(0, (one.start + start) // LABEL - first) : (one.start + stop) // LABEL - first] = True
            voiced[first:last] |= (known != SILENCE) & ~quiet
    return phones, voiced


def ahead(voiced: NDArray[np.bool_], turns: int) -> NDArray[np.float32]:
    """For every turn's end: whether the caller speaks in most of each stretch that follows."""
    step = TURN // LABEL
    padded = np.concatenate((voiced, np.zeros(2 * RATE // LABEL + step, np.bool_)))
    sums = np.concatenate(([0], np.cumsum(padded)))
    found = np.zeros((turns, len(AHEAD)), np.float32)
    for turn in range(turns):
        at = (turn + 1) * step
        for index, (first, last) in enumerate(AHEAD):
            a, b = at + round(first * 50), at + round(last * 50)
            found[turn, index] = float(sums[b] - sums[a] > (b - a) / 3)
    return found


def agents_of(data: Path) -> tuple[str, ...]:
    """What agents said, as notes; figures are in words there."""
    path = data / "text" / "agents.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as told:
        lines = (whole_words(line.strip()) for line in told)
        return tuple(line for line in lines if 3 <= len(line.split()) <= 22 and line.isascii())
