"""What the agent of a call has before it: where the call stands, what was said, what runs, what it waits for.

And the few things that everything else is made of: say something, start a tool. Both ask the rules first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from callcenter.background import policies
from callcenter.background.errands import Errands
from callcenter.background.exchange import Wish, Withhold, Write
from callcenter.background.expecting import expected
from callcenter.background.grammar import Day
from callcenter.background.ground import Ground
from callcenter.background.ledger import Ledger
from callcenter.background.patience import Patience
from callcenter.background.pen import Pen
from callcenter.background.planner import ToolCard
from callcenter.background.remote import Consulting
from callcenter.background.rules import against_change, against_tool, evidence
from callcenter.background.state import Dialogue, Result, Said
from callcenter.background.state import Wish as Want
from callcenter.events import Note, Policy
from callcenter.units import samples
from flows import Flow


@dataclass(frozen=True, slots=True)
class Setting:
    """What a call is born with. `day` and `minute` are the company's when the call begins."""

    call: str
    flow: Flow
    cards: Mapping[str, ToolCard]
    day: Day
    minute: int
    number: str = ""
    remote: bool = False
    """A remote planner is consulted; the embedded one stays for what it cannot do, or not in time."""


@dataclass(slots=True)
class Desk:
    setting: Setting
    d: Dialogue = field(default_factory=Dialogue)
    out: list[Wish] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    transcript: list[tuple[Literal["caller", "agent"], str]] = field(default_factory=list)
    phase: Literal["talking", "leaving", "ended"] = "talking"
    at: int = 0
    query: int = 0
    """Utterances that were settled; a note answers one of them."""
    heard: str = ""
    """What is new of the utterance that is being spoken."""
    ground: Ground = field(init=False)
    ledger: Ledger = field(default_factory=Ledger)
    consulting: Consulting = field(default_factory=Consulting)
    pen: Pen = field(init=False)
    patience: Patience = field(init=False)
    errands: Errands = field(init=False)
    calls: int = 0
    policy: Policy = field(default_factory=Policy)
    """How the voice has been told to behave."""
    policy_note: int = 0
    expected: str = ""
    """What the ears have been told to expect."""
    expected_note: int = 0
    silent: int = 0
    """Notes that are not spoken."""

    def __post_init__(self) -> None:
        setting = self.setting
        self.ground = Ground(setting.flow, setting.cards, setting.day, setting.number)
        self.pen = Pen(self.out, setting.day, self.evidence, self.ledger)
        self.patience = Patience(setting.flow.waiting, setting.flow.silence)
        self.errands = Errands(self._next_request)

    @property
    def flow(self) -> Flow:
        return self.setting.flow

    # ------------------------------------------------------------------------------------------------ saying

    def say(self, lines: Iterable[Said], over: bool = True) -> str:
        return self.pen.write(lines, self.at, f"q{self.query}", over=over)

    def say_meanwhile(self, text: str, over: bool) -> None:
        """A line about waiting or silence; it is stale soon."""
        keeps = samples(self.flow.waiting.after)
        self.pen.write([Said(text, ("flow",))], self.at, f"q{self.query}", over=over, keeps=keeps, progress=True)

    def prepare(self, lines: Sequence[Said]) -> None:
        """An answer to the utterance that is still being spoken."""
        self.pen.prepare(lines, self.at, f"q{self.query + 1}")

    def repeat(self) -> None:
        """The open question again; what was said last where there is none."""
        entry = self.ledger.entries.get(self.pen.question) or self.ledger.last()
        if self.d.awaiting.kind == "opening":
            self.pen.question = self.say([Said(self.flow.opening, ("flow",))])
        elif entry is not None:
            self.pen.question = self.say([Said(entry.note.text, entry.note.source)])

    def evidence(self, source: Sequence[str], walked: bool = True) -> list[object]:
        """What stands behind these sources."""
        said = [text for side, text in self.transcript if side == "caller"] + [self.heard]
        said += [str(slot.value) for task in (*self.d.tasks, self.d.identity) for slot in task.slots.values()]
        return [one for name in source for one in evidence(name, self.flow, self.results, said, walked)]

    # ------------------------------------------------------------------------------------------------ silent notes

    def let_know(self, text: str, *source: str) -> None:
        """Something the voice should know and not say."""
        self._silent("know", text, (), source)

    def behave(self) -> None:
        """Tell the voice how to behave while the present question is open, if that is another way than before. Patience
        is for answers, not for questions: it begins with the question's first words."""
        collect = self.ground.asked_for(self.d)
        step = self.flow.steps.get(self.d.task.step) if self.d.task else None
        usual = (step and step.policies) or self.flow.policies
        policy = policies.while_asking(usual, self.d.awaiting, collect.grammar if collect and self.pen.put() else "")
        if policy != self.policy:
            before = (f"s{self.policy_note}",) if self.policy_note else ()
            self.policy = policy
            self._silent("be", policies.text(policy), before)
            self.policy_note = self.silent

    def expect(self) -> None:
        """Tell the ears what may be said to the question that is open, if that is something else than before."""
        text = " ".join(expected(self.ground, self.d))
        if text != self.expected:
            before = (f"s{self.expected_note}",) if self.expected_note else ()
            self.expected = text
            self._silent("expect", text, before)
            self.expected_note = self.silent

    def _silent(
        self,
        kind: Literal["know", "be", "expect"],
        text: str,
        supersedes: tuple[str, ...],
        source: tuple[str, ...] = (),
    ) -> None:
        self.silent += 1
        note = Note(f"s{self.silent}", kind, text, f"q{self.query}", supersedes, None, source)
        self.out.append(Write(note))

    # ------------------------------------------------------------------------------------------------ tools

    def start(self, wish: Want, d: Dialogue, wanted: bool, allowed: Sequence[str] = ()) -> bool:
        """Run a tool, if no rule is against it."""
        changes = wish.tool in self.setting.cards and self.setting.cards[wish.tool].changes
        step = d.task.step if d.task else ""
        against = against_tool(wish, allowed or self.flow.tools(step), self.setting.cards, d)
        against = against or (against_change(wish, d) if changes else "")
        if against:
            kind, _, detail = against.partition(": ")
            self.out.append(Withhold(cast(Literal["tool", "unverified", "unconfirmed"], kind), detail))
            return False
        self.out += self.errands.start(wish, self.at, changes, wanted, self.setting.call)
        return True

    def look(self, looks: Iterable[Want], d: Dialogue, wanted: bool) -> None:
        """Start look-ups. Proving who the caller is waits for their last word: attempts are counted."""
        for wish in looks:
            if wanted or wish.tool not in self.ground.proofs():
                self.start(wish, d, wanted)

    def look_ahead(self) -> None:
        """Start what may be asked for soon."""
        for wish in self.ground.ahead(self.d):
            self.start(wish, self.d, wanted=False, allowed=(wish.tool,))

    def _next_request(self) -> str:
        self.calls += 1
        return f"t{self.calls}"
