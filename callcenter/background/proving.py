"""Who is calling, from details that may be misheard: what is asked for next, and which claims are worth checking.

An attempt that failed is not forgotten. Whatever an attempt asks for the first time comes first, and is checked with
what was given before: one detail that was misheard is then no reason to ask for all of them again. Whoever checks
forgives a name that only sounds right where everything else is right (`identity`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from callcenter.background.grammar import words
from callcenter.background.grammar.letters import NAME_LEADS, NOT_NAMES
from callcenter.background.grammar.words import without_lead
from callcenter.background.ground import Ground
from callcenter.background.notes import MISSING, argument, holds
from callcenter.background.state import Awaiting, Dialogue, Slot
from flows import Collect, Verification

MISHEARD: Final = 2
"""Times that a proof is asked for in vain before another is, or a name before what was heard is taken for it."""

LONGEST: Final = 4
"""Words of a name."""

Arguments = dict[str, Any]


def asked_here(rule: Verification, d: Dialogue, values: Mapping[str, Any]) -> list[Collect]:
    """What this attempt takes; what no attempt before had comes first, for it may settle who is calling."""
    here = [c for c in rule.collect if c.name == d.need or (not c.optional and holds(c.when, values))]
    return sorted(here, key=lambda collect: collect.name in d.before)


def claimed(rule: Verification, values: Mapping[str, Any]) -> Arguments:
    return {name: value for name, item in rule.arguments.items() if (value := argument(item, values)) is not MISSING}


def early(ground: Ground, rule: Verification, d: Dialogue, values: Mapping[str, Any]) -> list[Arguments]:
    """What was given anew with what the attempts before have of the rest, before that is asked for again."""
    if not d.identity.slots:
        return []
    every = {**d.before, **d.identity.slots}
    named = {collect.name for collect in asked_here(rule, d, values)}
    return _distinct(ground, rule, d, [{name: slot for name, slot in every.items() if name in named}, every])


def together(ground: Ground, rule: Verification, d: Dialogue) -> list[Arguments]:
    """What this attempt gave with what the attempts before did, which was misheard in its own way."""
    return _distinct(ground, rule, d, [{**d.before, **d.identity.slots}, {**d.identity.slots, **d.before}])


def once_more(rule: Verification, d: Dialogue, values: Mapping[str, Any]) -> str:
    """What the last attempt has not asked for and an earlier one did: it was misheard then, or not understood."""
    if d.attempt < rule.attempts:
        return ""
    rounds = [{**values, "attempt": attempt} for attempt in range(1, d.attempt)]
    asked = (c.name for c in rule.collect if not c.optional and any(holds(c.when, one) for one in rounds))
    return next((name for name in asked if name not in (*d.identity.slots, d.need)), "")


def _distinct(ground: Ground, rule: Verification, d: Dialogue, several: list[dict[str, Slot]]) -> list[Arguments]:
    found: list[Arguments] = []
    for slots in several:
        arguments = claimed(rule, ground.values(d, replace(d.identity, slots=slots)))
        if arguments not in found:
            found.append(arguments)
    return found


def another_proof(ground: Ground, d: Dialogue) -> Dialogue | None:
    """Where a detail that proves who is calling is misheard again and again: the next attempt, which asks for another,
    with what was understood already."""
    rule, here = ground.verification(d), ground.asked_for(d)
    if not d.awaiting.identity or rule is None or here is None or d.misses < MISHEARD or d.attempt >= rule.attempts:
        return None
    later = replace(d, attempt=d.attempt + 1, need="", part="", misses=0)
    values = ground.values(later, d.identity)
    left = [one for one in rule.collect if one.name not in d.identity.slots and holds(one.when, values)]
    if not left or any(one.name == here.name for one in left):
        return None
    return replace(later, awaiting=Awaiting("nothing"))


def as_heard(ground: Ground, d: Dialogue, text: str) -> Dialogue | None:
    """A name that is misheard again and again is taken as it was heard: whoever checks it has the other details too."""
    here = ground.asked_for(d)
    if not d.awaiting.identity or here is None or here.grammar != "name" or here.readback or d.misses < MISHEARD:
        return None
    told = without_lead(words(text), NAME_LEADS)
    if not 1 <= len(told) <= LONGEST or NOT_NAMES.issuperset(told) or not all(word.isalpha() for word in told):
        return None
    slot = Slot(" ".join(word.title() for word in told), source=("caller",))
    return replace(d, identity=d.identity.filled(here.name, slot), part="", misses=0)
