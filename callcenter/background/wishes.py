"""What a caller wants, as far as their words tell: the steps of the flow and how likely each is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.background.grammar import words
from callcenter.background.grammar.answers import corrected
from callcenter.background.phrases import PERSON, Phrases
from flows import Flow, Step

Scores = list[tuple[str, float]]
"""Steps, and what callers of every company say (`@...`), with how likely each is; the likeliest first."""

STRONG: Final = 0.8
"""Probability of a step at which it is taken whatever else was asked; below, it takes a clear lead as well."""
SURE: Final = 0.5
LIKELY: Final = 0.35
LEAD: Final = 1.7
UNSURE: Final = 0.2
"""Probability of the best two steps together from which it is worth asking which of them is meant."""

REPEATED: Final = 0.6
"""Share of an offer's words that make it the one that was meant, if no other has half as many."""

_PERSON: Final = re.compile(
    r"\b(?:speak|talk|talking|connect|transfer|through|get|give|want|need|there)\b.*"
    r"\b(?:person|human|representative|operator|manager|supervisor|somebody real|someone real|real someone|agent)\b"
    r"|^(?:a |an |the )?(?:real |live )?(?:person|human|representative|operator|agent|supervisor)(?: please| now)*$"
    r"|\b(?:real|live|actual) (?:person|human|agent)\b"
)


@dataclass(frozen=True, slots=True)
class Wishes:
    flow: Flow
    phrases: Phrases

    def scores(self, spoken: Sequence[str]) -> Scores:
        """What is wanted; a clear wish after "no", "actually" and the like is the one that counts."""
        for part in corrected(spoken):
            scores = self.phrases.scores(" ".join(part))
            if len(part) >= 4 and scores[0][1] >= STRONG and not scores[0][0].startswith("@"):
                return scores
        return self.phrases.scores(" ".join(_bare(spoken)))

    def step(self, scores: Scores, least: float) -> Step | None:
        """The step that is wanted, if it stands out from the others."""
        steps = [(name, share) for name, share in scores if not name.startswith("@")]
        name, share = steps[0]
        second = steps[1][1] if len(steps) > 1 else 0.0
        step = self.flow.steps[name]
        if step.hand_over:
            least = max(least, STRONG)
        if share < least or share < LEAD * second or (scores[0][0] != name and scores[0][1] > 1.3 * share):
            return None
        return step

    def share(self, step: Step, text: str) -> float:
        """How likely these words alone want this step."""
        return dict(self.phrases.scores(text)).get(step.name, 1.0)

    def unsure(self, scores: Scores) -> str:
        """Two steps, parted by "|", of which either could be meant, or one that is not sure; nothing where it is no
        use to ask which."""
        (one, first), (other, second) = [*(pair for pair in scores if not pair[0].startswith("@")), ("", 0.0)][:2]
        if first + second < UNSURE or scores[0][1] > 1.3 * first:
            return ""
        return one if not other or first > 3 * second else f"{one}|{other}"

    def likeliest(self, text: str, most: int) -> list[str]:
        """Steps that are no mere handing over, whatever little speaks for them."""
        names = [name for name, _ in self.scores(words(text)) if not name.startswith("@")]
        return [name for name in names if not self.flow.steps[name].hand_over][:most]

    def said_again(self, names: Sequence[str], spoken: Sequence[str]) -> str:
        """The offer whose own words come back, though one of them was misheard."""
        shares = []
        for name in names:
            offer = words(self.flow.steps[name].about)
            shares.append((sum(word in spoken for word in offer) / max(1, len(offer)), name))
        (best, name), (second, _) = [*sorted(shares, reverse=True), (0.0, "")][:2]
        return name if best >= REPEATED and best - second >= REPEATED / 2 else ""


def asks_for_person(spoken: Sequence[str]) -> bool:
    return bool(_PERSON.search(" ".join(spoken)))


def likely_person(scores: Scores) -> bool:
    return scores[0][0] == PERSON and scores[0][1] >= SURE


def without(scores: Scores, names: Sequence[str]) -> Scores:
    """The probabilities, given that it is none of these."""
    left = [(name, share) for name, share in scores if name not in names]
    whole = sum(share for _, share in left) or 1.0
    return [(name, share / whole) for name, share in left]


_BEFORE: Final = tuple(
    tuple(lead.split())
    for lead in (
        "hang on", "hold on", "wait", "wait a minute", "actually", "by the way", "before that", "sorry", "oh", "okay",
        "ok", "and", "so", "well", "one more thing", "um", "uh", "yeah", "first", "no", "hi", "hello", "hey",
    )
)  # fmt: skip


def _bare(spoken: Sequence[str]) -> tuple[str, ...]:
    """A long utterance without the words that only lead up to it."""
    rest = tuple(spoken)
    while len(rest) > 5 and (lead := next((one for one in _BEFORE if rest[: len(one)] == one), None)):
        rest = rest[len(lead) :]
    return rest
