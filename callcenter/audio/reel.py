"""The reel: carrier frames, in whatever state they arrive, laid on one sample clock and cut into turns.

- The clock starts at the first sample of the first frame that arrives, wherever the carrier's own count stands then.
- A turn is out the moment its last sample is in: frames in order wait for nothing.
- A frame that leaves a gap before it is held for a straggler until 60 ms of time lie behind the gap; then the gap
  becomes silence and is counted as lost.
- A frame whose place is filled already, by itself or by silence, is dropped and counted; one that overlaps gives
  its rest.
- The samples are the clock, the carrier's positions only say where some are missing: rounded milliseconds are up to
  8 samples off, so two of them differ by up to 16 (a tenth of a frame). So little is neither gap nor overlap, and a
  gap within so little of whole frames is whole frames.
- A jump of more than 10 s, either way, or a count no clock can show is the carrier's fault and costs no memory.
"""

from typing import Final

from callcenter.audio.levels import silence
from callcenter.audio.media import CarrierError, Media
from callcenter.events import TurnHeard
from callcenter.units import FRAME, RATE, TURN

WAIT: Final = 3 * FRAME
SLACK: Final = FRAME // 10
JUMP: Final = 10 * RATE
HIGHEST: Final = 1 << 48


class Reel:
    def __init__(self, turn: int = 0) -> None:
        """`turn` is the number of the first turn: a call's second stream goes on where its first one ended."""
        self.turn = turn
        self.lost = 0
        """Samples that never arrived."""
        self.dropped = 0
        """Frames that came too late, or twice."""
        self._next = -1  # the carrier's count at the first sample that is not settled; -1 before the first frame
        self._open = bytearray()  # the turn that is being filled
        self._open_lost = 0
        self._held: dict[int, bytes] = {}  # what waits behind a gap
        self._done: list[TurnHeard] = []

    @property
    def position(self) -> int:
        """Samples heard so far: everything before this is settled."""
        return self.turn * TURN + len(self._open)

    @property
    def reach(self) -> int:
        """Samples heard so far and what waits behind a gap: where the carrier's clock has got to."""
        return self.position + self._furthest() - self._next if self._held else self.position

    def push(self, media: Media) -> list[TurnHeard]:
        audio = media.audio
        if media.position == self._next and not self._held and len(self._open) + len(audio) < TURN:
            self._next += len(audio)
            self._open += audio
            return []
        self._place(media.position, audio)
        return self._take()

    def rest(self) -> list[TurnHeard]:
        """What is left when the stream ends, filled up with silence to a whole turn."""
        while self._held:
            self._settle_first()
        if self._open:
            self._lay(silence(TURN - len(self._open)))
        return self._take()

    def _take(self) -> list[TurnHeard]:
        done, self._done = self._done, []
        return done

    def _place(self, position: int, audio: bytes) -> None:
        """Put a frame where it belongs, now or when the gap before it is settled."""
        self._judge(position, audio)
        if not audio:
            return
        if self._next < 0:
            self._next = position
        if position > self._next + slack(audio):
            self._hold(position, audio)
        else:
            self._settle(position, audio)
        while self._held and self._ripe():
            self._settle_first()

    def _judge(self, position: int, audio: bytes) -> None:
        if not 0 <= position < HIGHEST:
            raise CarrierError("bad_position", str(position)[:40])
        if len(audio) > JUMP:
            raise CarrierError("long_frame", f"{len(audio)} samples")
        if self._next >= 0 and not self._next - JUMP <= position <= self._furthest() + JUMP:
            raise CarrierError("position_jump", f"from {self._next} to {position}")

    def _furthest(self) -> int:
        return max((position + len(audio) for position, audio in self._held.items()), default=self._next)

    def _hold(self, position: int, audio: bytes) -> None:
        known = self._held.get(position, b"")
        self.dropped += bool(known)
        if len(audio) > len(known):
            self._held[position] = audio

    def _ripe(self) -> bool:
        """Whether the gap before the first held frame is closed, or has been waited for long enough."""
        first = min(self._held)
        return first <= self._next + slack(self._held[first]) or self._furthest() - first >= WAIT

    def _settle_first(self) -> None:
        first = min(self._held)
        self._settle(first, self._held.pop(first))

    def _settle(self, position: int, audio: bytes) -> None:
        """Lay a frame, after silence where there is a gap, or what of it is new where it overlaps."""
        ahead, end = position - self._next, position + len(audio)
        if ahead > slack(audio):
            missing = whole_frames(ahead)
            self.lost += missing
            self._lay(silence(missing), lost=True)
        elif ahead < -slack(audio):
            if end <= self._next + slack(audio):
                self.dropped += 1
                return
            audio = audio[-ahead:]
        self._lay(audio)
        self._next = end

    def _lay(self, audio: bytes, lost: bool = False) -> None:
        while audio:
            room = TURN - len(self._open)
            part, audio = audio[:room], audio[room:]
            self._open += part
            self._open_lost += len(part) if lost else 0
            if len(self._open) == TURN:
                self._done.append(TurnHeard(self.turn, bytes(self._open), self._open_lost))
                self.turn += 1
                self._open_lost = 0
                self._open.clear()


def slack(audio: bytes) -> int:
    """How far off its place a frame may be: less for a short one, or its double would pass for its successor."""
    return min(SLACK, len(audio) // 10)


def whole_frames(gap: int) -> int:
    """The length of a gap, freed of the rounding of its two ends."""
    whole = (gap + FRAME // 2) // FRAME * FRAME
    return whole if whole and abs(gap - whole) <= SLACK else gap
