"""The turn-based bot: it waits until the caller has finished, then says the note it was given, then listens again.

It is meant to be a good one, for it is what the full-duplex agent is compared with. The end of a turn is silence by a
voice detector, shorter after words that sound finished and longer after words that do not. It is interrupted by words
and not by noise: what a listener says meanwhile ("mm-hmm"), a cough or its own echo does not stop it. Where no words
are known, sustained voice must do. It never speaks while it believes the caller to be speaking.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from callcenter import voices
from callcenter.background import policies
from callcenter.duplex.completeness import Sounding, sounding
from callcenter.duplex.ears import Ears, Hearing, Sound
from callcenter.duplex.echo import Echo
from callcenter.duplex.tongue import Tongue
from callcenter.duplex.vad import STEP, Loudness, Silero
from callcenter.events import Act, Asked, Floor, Heard, Ignored, Note, Policy, Spoken, TookFloor, Yielded
from callcenter.measures.words import listening, normal
from callcenter.units import RATE, TURN, samples
from callcenter.voices import Word


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Everything that was chosen. Times are samples."""

    voice: float = 0.4
    """Probability at which voice begins."""
    voice_on: float = 0.2
    """Probability above which it goes on."""
    near: float = 18.0
    """dB below the caller's loudest at which a voice is not the caller's: a television, people in the room."""
    forgets: float = 0.5
    """dB a second by which that loudest is forgotten."""
    onset: int = samples(0.09)
    """Voice that lasts less is a click."""
    ends_finished: int = samples(0.35)
    """Silence that ends a turn whose words sound finished,"""
    ends_likely: int = samples(0.55)
    """are a sentence as far as they go,"""
    ends_unknown: int = samples(0.75)
    """are not known or do not tell,"""
    ends_unfinished: int = samples(1.6)
    """or sound as if something followed."""
    p_end: float = 0.6
    """Likelihood of the end, where ears tell one, from which a turn sounds finished; below 1 - this it does not."""
    patient: float = 1.6
    eager: float = 0.75
    """What a policy makes of these silences."""
    cut_words: int = 2
    """So many words of the caller stop the agent,"""
    cut_voice: int = samples(0.5)
    """or so much voice, while no words are known;"""
    firm: float = 2.0
    quick: float = 0.7
    """what a policy makes of both."""
    words_within: int = samples(1.0)
    """Ears that are further behind than this are not waited for."""
    gap: int = samples(0.4)
    """Silence that ends a stretch of voice."""
    finishing: int = samples(0.5)
    """With so little left to say it finishes."""
    rest: int = samples(0.4)
    """Between two notes, while nobody else speaks."""
    answer_within: int = samples(4.0)
    """After a question of its own, the silence it grants before it says its next note."""


STOPS = frozenset(["stop", "wait", "hold", "no", "hello", "hey", "sorry", "excuse", "listen", "actually"])
"""Single words that stop the agent."""


class Voice:
    """When the caller speaks: from probabilities to a stretch of voice that a short gap does not end."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._at = 0
        self._run = 0
        self._loudest = -90.0
        self._recent: deque[float] = deque(maxlen=3)
        self.began = 0
        self.last = 0
        """The end of the last voice."""
        self.voiced = 0
        """Samples of voice in this stretch."""
        self.speaking = False

    def push(self, probabilities: Sequence[float], levels: Sequence[float], muted: bool) -> None:
        bounds = self._thresholds
        for p, level in zip(probabilities, levels, strict=True):
            self._at += STEP
            sounding = self._run >= bounds.onset
            voiced = not muted and p >= (bounds.voice_on if sounding else bounds.voice)
            self._run = self._run + STEP if voiced and self._near(level) else 0
            if self._run >= bounds.onset:
                self._sounded()
        self.speaking = self._run >= bounds.onset

    def _near(self, level: float) -> bool:
        """Whether a voice is as loud as the caller's is, by the loudest of these 100 ms."""
        self._recent.append(level)
        loud = max(self._recent)
        self._loudest = max(self._loudest - self._thresholds.forgets * STEP / RATE, min(self._recent))
        return loud >= self._loudest - self._thresholds.near

    def _sounded(self) -> None:
        fresh = self._run < self._thresholds.onset + STEP
        begin = self._at - (self._run if fresh else STEP)
        if begin - self.last > self._thresholds.gap or not self.voiced:
            self.began, self.voiced = begin, 0
        self.voiced += self._at - begin
        self.last = self._at

    def forget(self) -> None:
        """What comes next is a new stretch."""
        self.voiced = 0


class TurnBased:
    def __init__(self, thresholds: Thresholds, ears: Ears, voice: voices.Voice, pause: int = 0) -> None:
        """`pause`: what the voice leaves out between two sentences."""
        self._bounds = thresholds
        self._ears = ears
        self._vad = Silero()
        self._loudness = Loudness()
        self._echo = Echo()
        self._voice = Voice(thresholds)
        self._tongue = Tongue(voice, pause=pause)
        self._saying: Note | None = None
        self._policy = Policy()
        self._notes: dict[str, Note] = {}
        self._words: list[Word] = []
        """Of the caller's turn: those that are final."""
        self._open = False
        """The caller's turn is under way."""
        self._asked = False
        """We asked something, and nobody has answered yet."""
        self._said = 0
        """When our last words ended."""

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        self._policy = policy
        self._take(notes)

    async def turn(self, heard: Heard) -> Spoken:
        now = (heard.turn + 1) * TURN
        self._take(heard.notes)
        echo = self._echo.push(heard.audio, heard.played)
        self._voice.push(self._vad.push(heard.audio), self._loudness.push(heard.audio), echo)
        silent = now - self._voice.last
        hearing = await self._ears.hear(Sound(heard.turn, heard.audio, self._voice.speaking, silent))
        self._words += hearing.final
        text = " ".join(word.text for word in hearing.final)
        acts: list[Act] = []
        if self._saying is not None:
            acts += self._overlapped(hearing, now)
        else:
            acts += self._listened(hearing, now)
            if any(isinstance(act, Asked) for act in acts):
                text = f"{text} {self._settled()}".strip()
            acts += self._begin(now)
        yields = any(isinstance(act, Yielded) for act in acts)
        note = self._saying
        if note is None:
            return Spoken(heard.turn, heard_text=text, acts=tuple(acts), floor=Floor(p_yield=float(yields)))
        said = await self._tongue.go_on()
        if not self._tongue.speaking:
            self._finished(note, now)
        return Spoken(heard.turn, said.audio, text, said.words, tuple(acts), Floor(p_speak=1.0), note.id)

    def close(self) -> None:
        self._tongue.close()
        self._ears.close()

    # -------------------------------------------------------------------------------------------------------- notes

    def _take(self, notes: Sequence[Note]) -> None:
        for note in notes:
            for old in note.supersedes:
                self._notes.pop(old, None)
                if self._saying is not None and self._saying.id == old:
                    self._stop()
            if note.kind == "be":
                self._policy = policies.read(note.text)
            elif note.kind == "expect":
                self._ears.expect(note.text)
            elif note.kind == "say" and note.text.strip():
                self._notes[note.id] = note

    def _next(self, now: int) -> Note | None:
        for name, note in list(self._notes.items()):
            del self._notes[name]
            if note.expires is None or note.expires > now:
                return note
        return None

    # ------------------------------------------------------------------------------- while the caller may be speaking

    def _listened(self, hearing: Hearing, now: int) -> list[Act]:
        """The caller's turn begins with voice and ends with silence."""
        if self._voice.speaking:
            self._open, self._asked = True, False
        spoken = max([self._voice.last, *(word.end for word in (*self._words[-1:], *hearing.partial[-1:]))])
        if self._open and now - spoken >= self._patience(hearing):
            self._open = False
            self._voice.forget()
            return [Asked("turn over")]
        return []

    def _patience(self, hearing: Hearing) -> int:
        """The silence that ends the caller's turn, by what is known of its words."""
        bounds = self._bounds
        silence = {
            "finished": bounds.ends_finished,
            "likely": bounds.ends_likely,
            "unknown": bounds.ends_unknown,
            "unfinished": bounds.ends_unfinished,
        }[self._sounding(hearing)]
        scale = {"patient": bounds.patient, "normal": 1.0, "eager": bounds.eager}[self._policy.eagerness]
        return round(silence * scale)

    def _sounding(self, hearing: Hearing) -> Sounding:
        if hearing.p_end is not None:
            sure = self._bounds.p_end
            return "finished" if hearing.p_end >= sure else "unfinished" if hearing.p_end <= 1 - sure else "unknown"
        if hearing.upto < self._voice.last:
            return "unknown"
        return sounding(" ".join(word.text for word in (*self._words, *hearing.partial)))

    def _settled(self) -> str:
        """The words of the turn that has ended."""
        words = self._ears.settle()
        self._words.clear()
        return " ".join(word.text for word in words)

    # ------------------------------------------------------------------------------------------- while we are speaking

    def _overlapped(self, hearing: Hearing, now: int) -> list[Act]:
        voice, bounds = self._voice, self._bounds
        if not voice.voiced or now - voice.last > bounds.gap:
            voice.forget()
            return []
        if self._tongue.left <= bounds.finishing or not self._claims(hearing, now):
            ended = voice.speaking is False and now - voice.last >= TURN
            return [Ignored(self._kind(hearing))] if ended else []
        self._stop()
        self._open, self._asked = True, False
        return [Yielded()]

    def _claims(self, hearing: Hearing, now: int) -> bool:
        """Whether what the caller says over us wants the floor: by its words if there are any, else by its length."""
        scale = {"firm": self._bounds.firm, "normal": 1.0, "quick": self._bounds.quick}[self._policy.yielding]
        if now - hearing.upto > self._bounds.words_within:
            return self._voice.voiced >= self._bounds.cut_voice * scale
        said = self._over(hearing)
        words = normal(said)
        if not words or listening(said):
            return False
        return len(words) >= self._bounds.cut_words * scale or not STOPS.isdisjoint(words)

    def _over(self, hearing: Hearing) -> str:
        """The words that were said over ours."""
        spoken = (*self._words, *hearing.partial)
        return " ".join(word.text for word in spoken if word.end > self._voice.began)

    def _kind(self, hearing: Hearing) -> str:
        return "backchannel" if listening(self._over(hearing)) else "sound"

    # ------------------------------------------------------------------------------------------------------- speaking

    def _begin(self, now: int) -> list[Act]:
        if self._open or not self._notes:
            return []
        quiet = now - max(self._said, self._voice.last)
        if self._said > self._voice.last and quiet < (self._bounds.answer_within if self._asked else self._bounds.rest):
            return []
        note = self._next(now)
        if note is None:
            return []
        self._saying = note
        self._tongue.begin(note.id, note.text)
        self._words.clear()
        self._voice.forget()
        return [TookFloor()]

    def _stop(self) -> None:
        self._tongue.stop()
        self._saying = None

    def _finished(self, note: Note, now: int) -> None:
        self._saying = None
        self._said = now + TURN
        self._asked = note.text.rstrip().endswith("?")
        self._open = self._voice.speaking
