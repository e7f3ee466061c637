"""What can happen to a call (past tense) and what a call can command (imperative).

Everything here is a frozen value: it can be compared, printed, stored in the journal and fed back. Audio is G.711
mu-law at 8 kHz, one byte a sample, because bytes compare and store exactly; `callcenter.audio.decode` gives int16.
"""

from dataclasses import dataclass, field
from typing import Literal

from callcenter.units import SILENT_TURN

# ---------------------------------------------------------------------------------------------------- notes, policy


@dataclass(frozen=True, slots=True)
class Note:
    """What the background gives the foreground: `say` (speak it), `know` (silent context), `be` (how to behave),
    `expect` (what the caller may say next, for ears that search words; see `callcenter.model.expectations`)."""

    id: str
    kind: Literal["say", "know", "be", "expect"]
    text: str
    answers: str = ""
    """The request this note belongs to; a note whose request was cancelled is never spoken."""
    supersedes: tuple[str, ...] = ()
    """Ids of notes that must not be spoken any more."""
    expires: int | None = None
    """Sample count after which the note is stale."""
    source: tuple[str, ...] = ()
    """Tool results and flow lines that its facts come from."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a duplex behaves; a flow step may turn these knobs."""

    backchannels: Literal["never", "rare", "normal", "often"] = "normal"
    eagerness: Literal["patient", "normal", "eager"] = "normal"
    yielding: Literal["firm", "normal", "quick"] = "normal"


# ------------------------------------------------------------------------------------------------- what a duplex does


@dataclass(frozen=True, slots=True)
class TookFloor:
    pass


@dataclass(frozen=True, slots=True)
class Yielded:
    pass


@dataclass(frozen=True, slots=True)
class Backchannelled:
    kind: str = "mm-hmm"


@dataclass(frozen=True, slots=True)
class Asked:
    """The duplex wants the background to look into what the caller said."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The caller's side made a sound that is no claim to the floor: backchannel, cough, side talk, noise, echo."""

    kind: str = ""


Act = TookFloor | Yielded | Backchannelled | Asked | Ignored


@dataclass(frozen=True, slots=True)
class Floor:
    p_speak: float = 0.0
    p_backchannel: float = 0.0
    p_yield: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a duplex is given every turn. `played` is what the caller really heard of us in the same 200 ms."""

    turn: int
    audio: bytes
    played: bytes = SILENT_TURN
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a duplex answers. `audio` is None for silence, else mu-law of any length (usually one turn)."""

    turn: int
    audio: bytes | None = None
    heard_text: str = ""
    """Words of the caller that became certain in this turn."""
    said_text: str = ""
    """The words that `audio` speaks."""
    acts: tuple[Act, ...] = ()
    floor: Floor = Floor()
    note: str = ""
    """The id of the `say` note these words are of; empty for free words."""
    hearing: str = ""
    """Words of the caller after those that are certain, as they seem in this turn; the next may hear others."""


# ------------------------------------------------------------------------------------------- events: what has happened


@dataclass(frozen=True, slots=True)
class Rang:
    """The phone rings; nobody has answered yet."""

    caller: str
    called: str
    direction: Literal["inbound", "outbound"] = "inbound"


@dataclass(frozen=True, slots=True)
class Started:
    """The carrier's audio stream is open. `leg` counts the streams of one call from 0."""

    stream: str
    carrier_call: str
    leg: int = 0
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TurnHeard:
    """200 ms of the caller are complete; `lost` samples of them never arrived and are silence."""

    turn: int
    audio: bytes
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Ticked:
    """The pacer needs the next 20 ms frame."""


@dataclass(frozen=True, slots=True)
class Marked:
    """The carrier echoed a mark: playback reached it, or it was flushed by a clear."""

    name: str


@dataclass(frozen=True, slots=True)
class Pressed:
    digit: str


@dataclass(frozen=True, slots=True)
class Late:
    """The duplex took longer than a turn."""

    turn: int
    ms: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The duplex is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The background, or a supervisor, hands the foreground a note."""

    note: Note


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A note must not be spoken any more."""

    note_id: str


@dataclass(frozen=True, slots=True)
class Directed:
    """Somebody outside the conversation (a supervisor, the background, a shutdown) orders something."""

    order: Literal["hang_up", "transfer", "pause_recording", "resume_recording", "press", "take_over", "give_back"]
    argument: str = ""
    by: str = ""
    when_said: bool = False
    """Not before the caller has heard every note that is still to be spoken."""


@dataclass(frozen=True, slots=True)
class Detected:
    """Answering machine detection on an outbound call: human, machine, fax or unknown."""

    party: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The carrier ended the stream: the caller hung up, or the carrier did."""

    reason: str = "hangup"


@dataclass(frozen=True, slots=True)
class Broke:
    """The stream broke: a dropped socket or a message that makes no sense."""

    reason: str
    detail: str = ""


Event = (
    Rang
    | Started
    | TurnHeard
    | Ticked
    | Marked
    | Pressed
    | Spoken
    | Late
    | Lost
    | Noted
    | Withdrawn
    | Directed
    | Detected
    | Stopped
    | Broke
)

# ---------------------------------------------------------------------------------------- commands: what is to be done


@dataclass(frozen=True, slots=True)
class Send:
    """Put this 20 ms frame on the wire now."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Flush what the carrier holds and has not played."""


@dataclass(frozen=True, slots=True)
class Hear:
    """Give the duplex its turn."""

    heard: Heard


@dataclass(frozen=True, slots=True)
class Use:
    """From now on this duplex hears and speaks."""

    duplex: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Give the background something to work on."""

    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """Keep recording, or write silence in place of both channels (a card number is being said)."""

    on: bool


@dataclass(frozen=True, slots=True)
class Transfer:
    """Leave the stream and have the carrier connect the caller to a named target."""

    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the stream with nothing to follow."""

    reason: str


@dataclass(frozen=True, slots=True)
class Utter:
    """A line of the transcript became certain. `start` and `end` are samples; words never heard are `unheard`."""

    side: Literal["caller", "agent"]
    start: int
    end: int
    text: str
    unheard: str = ""
    kind: Literal["speech", "backchannel", "key"] = "speech"


@dataclass(frozen=True, slots=True)
class Understood:
    """The caller's words so far; `final` when a pause has ended the line."""

    text: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Surmised:
    """The caller's words so far, the last of them not certain yet: something to get ready for, and nothing to keep."""

    text: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """So much of a `say` note has really been heard; `complete` when it was all of it."""

    note_id: str
    text: str
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """What the review screen plots for a turn: 20 ms masks of both voices ('1' is voice), as the caller heard them."""

    turn: int
    caller: str
    agent: str
    lag: int = 0
    """Samples sent that the caller has not heard yet."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that should not happen did, and the call went on."""

    kind: str
    detail: str = ""


Command = (
    Send
    | Mark
    | Clear
    | Hear
    | Use
    | Ask
    | Record
    | Transfer
    | HangUp
    | Utter
    | Understood
    | Surmised
    | Delivered
    | Trace
    | Fault
)


# ------------------------------------------------------------------------------------------- what a call is born with


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence spoken without any model: text and its mu-law audio, rendered before the first call."""

    text: str
    audio: bytes = field(repr=False)
