"""The measures as data: what each is called, what it says in plain words, which way is good, and the bars.

`needs` names the figures without which a measure must not be believed: whoever starts early is fast, whoever stops at
every sound yields. A bar is passed only when those pass theirs.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["share", "median", "p90", "rate"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure must lie within these, ends included."""

    least: float = float("-inf")
    most: float = float("inf")

    def passed(self, value: float) -> bool:
        return self.least <= value <= self.most

    def __str__(self) -> str:
        if self.least == float("-inf"):
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.most == float("inf") else f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    title: str
    says: str
    kind: Kind
    unit: str
    now: Bar | None
    goal: Bar | None
    published: str = ""
    needs: tuple[str, ...] = ()
    counts: str = "events"

    @property
    def outcome(self) -> str:
        """The name its events carry."""
        return "L_R" if self.name == "L_R_p90" else self.name


def most(value: float) -> Bar:
    return Bar(most=value)


def least(value: float) -> Bar:
    return Bar(least=value)


MEASURES: tuple[Measure, ...] = (
    Measure(
        "L_R",
        "Time to answer (median)",
        "Seconds from the end of a caller's turn to the agent's first sound. Half of the answers are faster. An agent "
        "that starts before the caller's end has interrupted; it is not counted as fast.",
        "median",
        "s",
        most(0.45),
        most(0.30),
        "1.15 s mean (tau-voice)",
        ("R_R", "PAUSE", "I_A"),
        "answers",
    ),
    Measure(
        "L_R_p90",
        "Time to answer (slowest tenth)",
        "Nine of ten answers come within this many seconds.",
        "p90",
        "s",
        most(0.9),
        None,
        "",
        ("R_R", "PAUSE", "I_A"),
        "answers",
    ),
    Measure(
        "R_R",
        "Turns answered",
        'Share of the caller\'s turns that get an answer before the caller has to speak again. A mere "mm-hmm" is no '
        "answer.",
        "share",
        "",
        least(0.97),
        least(0.99),
        "1.00 (tau-voice)",
        (),
        "turns",
    ),
    Measure(
        "PAUSE",
        "Pauses taken for the end",
        "Share of pauses of 0.4 to 2 s inside an unfinished sentence in which the agent starts to talk.",
        "share",
        "",
        most(0.10),
        most(0.02),
        ".010 synthetic (GPT-Realtime), .985 (Moshi)",
        (),
        "pauses",
    ),
    Measure(
        "L_Y",
        "Time to fall silent (median)",
        "Seconds from the start of a real interruption by the caller to the agent's silence.",
        "median",
        "s",
        most(0.6),
        most(0.35),
        "0.42 s (tau-voice)",
        ("R_Y",),
        "yields",
    ),
    Measure(
        "R_Y",
        "Interruptions yielded to",
        "Share of real interruptions after which the agent is silent within 2 s and stays so while the caller speaks.",
        "share",
        "",
        least(0.92),
        least(0.98),
        "1.00, by a system whose S_BC is .02",
        (),
        "interruptions",
    ),
    Measure(
        "S_BC",
        'Kept talking over "mm-hmm"',
        "Share of the caller's listening sounds over which the agent rightly goes on.",
        "share",
        "",
        least(0.90),
        least(0.97),
        ".97, by a system whose R_Y is .41",
        (),
        "backchannels",
    ),
    Measure(
        "S_VT",
        'Coughs and "um" ignored',
        "Share of coughs, hesitations and laughter that neither stop the agent nor make it speak.",
        "share",
        "",
        least(0.80),
        least(0.95),
        ".62 (tau-voice)",
        (),
        "sounds",
    ),
    Measure(
        "S_ND",
        "Other people ignored",
        "Share of side talk and background voices that neither stop the agent nor make it speak.",
        "share",
        "",
        least(0.70),
        least(0.90),
        ".58 (tau-voice)",
        (),
        "voices",
    ),
    Measure(
        "I_A",
        "Interruptions by the agent",
        "How often the agent breaks into a turn of the caller, per turn.",
        "rate",
        "per turn",
        most(0.05),
        most(0.02),
        ".10 (tau-voice)",
        (),
        "turns",
    ),
    Measure(
        "BC_per_min",
        'The agent\'s own "mm-hmm"',
        "How often the agent shows that it listens, per minute of caller speech in long turns. People: 5 to 17.",
        "rate",
        "per min",
        Bar(3, 10),
        None,
        "nobody measures it",
        ("BC_at_phrase_end",),
        "long turns",
    ),
    Measure(
        "BC_at_phrase_end",
        '"mm-hmm" at the right place',
        "Share of the agent's listening sounds that start within 0.4 s of the end of a phrase.",
        "share",
        "",
        least(0.75),
        least(0.9),
        "nobody measures it",
        (),
        "backchannels",
    ),
    Measure(
        "DEAD",
        "Dead air",
        "Silences over 2 s, per call, that nobody was expected to keep.",
        "rate",
        "per call",
        most(0),
        most(0),
        "8.6 s longest (GPT-Live)",
        (),
        "calls",
    ),
    Measure(
        "ECHO",
        "Stopped by its own voice",
        "Share of returned echoes of the agent's own voice at which it stops talking.",
        "share",
        "",
        most(0.05),
        most(0),
        "nobody measures it",
        (),
        "echoes",
    ),
)

BY_NAME = {measure.name: measure for measure in MEASURES}
