"""What is going to happen in a call, as values: who calls, over what line, and round by round what the caller does.

A round is what the caller does when it has the floor (`move`), and what it may do while the agent answers (`over`): the
latter happens when the agent has been speaking for long enough, and waits for the agent's next words where it has not.
Nothing here says what the agent will do.
"""

from dataclasses import dataclass, field

from callcenter.callers.takes import Take

# ------------------------------------------------------------------------------------------ what takes the floor


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence. `answer`: the caller then waits for one."""

    take: Take
    answer: bool = True


@dataclass(frozen=True, slots=True)
class Tell:
    """A long story."""

    take: Take


@dataclass(frozen=True, slots=True)
class Hold:
    """ "Hold on a second", quiet for a while, then on. What happens in the room meanwhile comes at its seconds."""

    take: Take
    seconds: float
    back: Take
    meanwhile: "tuple[tuple[float, Aside | Tic | Noise], ...]" = ()


@dataclass(frozen=True, slots=True)
class Silent:
    """Says nothing although it is asked to, for so long; then speaks after all."""

    seconds: float
    then: Take


@dataclass(frozen=True, slots=True)
class Keys:
    digits: str


Move = Say | Tell | Hold | Silent | Keys

# ------------------------------------------------------------------------------------- what does not take the floor


@dataclass(frozen=True, slots=True)
class Hum:
    """ "mm-hmm": go on."""

    take: Take


@dataclass(frozen=True, slots=True)
class Tic:
    """A cough, an "um", laughter."""

    take: Take


@dataclass(frozen=True, slots=True)
class Aside:
    """To somebody else in the room."""

    take: Take
    gain: float = 0.5


@dataclass(frozen=True, slots=True)
class Noise:
    """A television, other people, a door."""

    take: Take
    gain: float = 0.3


@dataclass(frozen=True, slots=True)
class Cut:
    """A real interruption."""

    take: Take


@dataclass(frozen=True, slots=True)
class Leave:
    """Hangs up in the middle of the agent's words."""


Does = Say | Tell | Hum | Tic | Aside | Noise | Cut
"""What a sound of the caller's end is for."""


@dataclass(frozen=True, slots=True)
class Over:
    """Something done `after` so many seconds of the agent's speech, counted anew from what was done last."""

    after: float
    act: Hum | Tic | Aside | Noise | Cut | Leave


@dataclass(frozen=True, slots=True)
class Round:
    move: Move | None
    over: tuple[Over, ...] = ()


# ---------------------------------------------------------------------------------------------------- who calls


@dataclass(frozen=True, slots=True)
class Temper:
    """`patience`: seconds before "hello?". `tolerance`: seconds of being talked over. `pace`: scales the gaps."""

    patience: float = 4.0
    tolerance: float = 1.6
    pace: float = 1.0
    insists: float = 0.5
    """The chance of speaking on when both began at once."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`greeting`: what may happen while the agent greets. `behind`: what sounds in the room, one after another, as long
    as the call lasts. `limit`: seconds after which the caller has enough."""

    name: str
    rounds: tuple[Round, ...]
    farewell: Take
    hellos: tuple[Take, ...]
    greeting: tuple[Over, ...] = ()
    behind: tuple[Noise, ...] = ()
    temper: Temper = field(default_factory=Temper)
    limit: float = 150.0
