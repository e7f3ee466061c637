"""What the caller has really heard: a queue of speech, the frames sent, and the marks that came back.

Three clocks meet here. *Sent* counts the samples put on the wire, silence included, so it runs without gaps. *Heard*
is the clock of the call: samples of the caller. `offset` ties them: the sample sent at `s` is heard at `s + offset`.
Marks measure it; until the first one returns a frame counts as heard when it is sent.

Rules: silence is never queued (an empty queue is silence), so the delay of a stall is gone at the next pause; a mark
echoed after a clear was not played; text counts as heard only when its last sample was.
"""

from collections import deque
from dataclasses import dataclass

from callcenter.events import Clear, Command, Mark, Send
from callcenter.units import FRAME, FRAMES_PER_TURN, RATE, SILENT_BYTE, SILENT_FRAME, TURN

QUIET = bytes(b for b in range(256) if (b & 0x7F) >= 0x70)
"""Mu-law bytes below about -60 dBFS: a frame made of nothing else may be dropped to catch up."""

SLACK = 3 * FRAME
"""Speech of a continuous voice still queued when its next turn arrives; beyond it quiet frames are dropped."""

CLEAR_OVER = RATE // 10
"""When we fall silent and the carrier holds more than this, it is told to forget it."""

MARKS_KEPT = 512
"""Marks waited for; a carrier that echoes none costs no more memory than this."""

STEADY = 24
"""Samples (3 ms) by which the measured offset may wander before the recording follows it."""


@dataclass(slots=True)
class Piece:
    """Audio with the words it speaks. `begin` and `end` are sent positions, known once it is on the wire."""

    audio: bytes
    text: str
    note: str = ""
    at: int = 0
    begin: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Said:
    """A piece that is over: heard to its end, or cut short."""

    start: int
    end: int
    text: str
    unheard: str = ""
    note: str = ""


class Playout:
    def __init__(self, *, marks: bool, lead: int) -> None:
        self._marks = marks
        self._lead_frames = lead // FRAME
        self._queue: deque[Piece] = deque()
        self._flying: deque[Piece] = deque()
        self._pending: deque[tuple[str, int]] = deque()
        self._offsets: deque[int] = deque(maxlen=5)
        self._measured = 0
        self._ahead = bytearray()
        self._ahead_at = 0
        self._primed = False
        self.queued = 0
        self.sent = 0
        self.offset = 0
        self.dropped = 0

    # ------------------------------------------------------------------------------------------------- speaking

    def say(self, audio: bytes, text: str = "", note: str = "") -> None:
        if len(audio) <= TURN and self.queued > SLACK:
            self._catch_up()
        self._queue.append(Piece(audio, text, note))
        self.queued += len(audio)

    def tick(self, at: int) -> list[Command]:
        """The next frame for the wire; the first time (and after a clear) preceded by the lead, in silence."""
        commands: list[Command] = []
        if not self._primed:
            self._primed = True
            self.offset = at - self.sent
            for _ in range(self._lead_frames):
                self._put(SILENT_FRAME, commands)
            self._mark(commands)
        self._put(self._frame() if self.queued else SILENT_FRAME, commands)
        if self.sent % (FRAMES_PER_TURN * FRAME) == 0:
            self._mark(commands)
        return commands

    def flush(self, at: int) -> tuple[list[Command], list[Said]]:
        """Fall silent now: forget what is queued, and what the carrier holds when that is much."""
        if not self._marks or self.lag(at) <= CLEAR_OVER:
            return [], self.cut(self.end)
        said = self.cut(at)
        self._pending.clear()
        self._offsets.clear()
        self._measured = 0
        del self._ahead[max(0, at - self._ahead_at) :]
        self._primed = False
        return [Clear()], said

    def drop(self, note: str) -> list[Said]:
        """Forget what is queued of a note; the part that is on the wire already stays heard."""
        gone = [piece for piece in self._queue if piece.note == note]
        self._queue = deque(piece for piece in self._queue if piece.note != note)
        self._flying = deque(piece for piece in self._flying if piece not in gone)
        self.queued = sum(len(piece.audio) - piece.at for piece in self._queue)
        return [self._cut(piece, self.end) for piece in gone]

    def cut(self, horizon: int) -> list[Said]:
        """Forget what is queued; only what is played before the horizon will have been heard."""
        over = self.reached(horizon)
        unsent = [piece for piece in self._queue if piece.begin < 0]
        over.extend(self._cut(piece, horizon) for piece in [*self._flying, *unsent])
        self._flying.clear()
        self._queue.clear()
        self.queued = 0
        return over

    # -------------------------------------------------------------------------------------------------- hearing

    def marked(self, at: int, name: str) -> None:
        """Playback reached a mark. They come back in order: earlier ones are lost, and a strange name means nothing."""
        if not any(pending == name for pending, _ in self._pending):
            return
        pending, position = self._pending.popleft()
        while pending != name:
            pending, position = self._pending.popleft()
        self._measure(at - position)

    def reached(self, at: int) -> list[Said]:
        """The pieces whose last sample has been heard by now."""
        over = []
        while self._flying and 0 <= self._flying[0].end <= at - self.offset:
            piece = self._flying.popleft()
            over.append(Said(piece.begin + self.offset, piece.end + self.offset, piece.text, note=piece.note))
        return over

    def played(self, start: int, length: int) -> bytes:
        """What the caller heard of us in a window of the call, oldest first; earlier windows are forgotten."""
        self._forget(start)
        window = bytes(self._ahead[:length])
        return window + bytes([SILENT_BYTE]) * (length - len(window))

    @property
    def end(self) -> int:
        """When the last sample sent so far is heard."""
        return self.sent + self.offset

    def lag(self, at: int) -> int:
        """Samples sent and not yet heard."""
        return max(0, self.end - at)

    @property
    def idle(self) -> bool:
        """Nothing queued, and all that was said has been heard."""
        return not self._queue and not self._flying

    # -------------------------------------------------------------------------------------------------- inside

    def _put(self, frame: bytes, commands: list[Command]) -> None:
        begin = self.end - self._ahead_at
        if begin > len(self._ahead):
            self._ahead.extend(bytes([SILENT_BYTE]) * (begin - len(self._ahead)))
        if begin >= 0:
            self._ahead[begin : begin + FRAME] = frame
        self.sent += FRAME
        commands.append(Send(frame))

    def _mark(self, commands: list[Command]) -> None:
        if self._marks:
            if len(self._pending) == MARKS_KEPT:
                self._pending.popleft()
            name = str(self.sent)
            self._pending.append((name, self.sent))
            commands.append(Mark(name))

    def _frame(self) -> bytes:
        frame = b""
        while self._queue and len(frame) < FRAME:
            piece = self._queue[0]
            if piece.begin < 0:
                piece.begin = self.sent + len(frame)
                self._flying.append(piece)
            part = piece.audio[piece.at : piece.at + FRAME - len(frame)]
            piece.at += len(part)
            frame += part
            if piece.at == len(piece.audio):
                piece.end = self.sent + len(frame)
                self._queue.popleft()
        self.queued -= len(frame)
        return frame if len(frame) == FRAME else frame + SILENT_FRAME[len(frame) :]

    def _catch_up(self) -> None:
        """Drop quiet frames of a continuous voice until what is queued is within the slack again."""
        for piece in self._queue:
            if len(piece.audio) > TURN:
                continue
            at = piece.at
            while at < len(piece.audio) and self.queued > SLACK - FRAME:
                frame = piece.audio[at : at + FRAME]
                if frame.translate(None, QUIET):
                    at += FRAME
                    continue
                piece.audio = piece.audio[:at] + piece.audio[at + FRAME :]
                self.queued -= len(frame)
                self.dropped += len(frame)

    def _cut(self, piece: Piece, horizon: int) -> Said:
        """A piece that will not go on: the words whose share of the audio was heard by the horizon, and the rest."""
        if piece.begin < 0:
            return Said(horizon, horizon, "", piece.text, piece.note)
        start = piece.begin + self.offset
        sounded = max(0, min(piece.at, horizon - start))
        words = piece.text.split()
        heard = len(words) * sounded // max(1, len(piece.audio))
        return Said(start, start + sounded, " ".join(words[:heard]), " ".join(words[heard:]), piece.note)

    def _measure(self, offset: int) -> None:
        self._offsets.append(offset)
        self._measured += 1
        middle = sorted(self._offsets)[len(self._offsets) // 2]
        if self._measured <= 3 or abs(middle - self.offset) > STEADY:
            self.offset = middle

    def _forget(self, start: int) -> None:
        old = start - self._ahead_at
        if old > 0:
            del self._ahead[:old]
            self._ahead_at = start
