"""What the caller's words mean where the call stands: a new dialogue, or one of a few plain reactions.

`Reader.read` takes the utterance so far, whole, every time: nothing is kept between words, so reading a partial
utterance does no harm. An answer to the question just asked comes first, then a correction, then another wish.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from callcenter.background.grammar import Parse, Wanted, parse, words
from callcenter.background.grammar.answers import corrected, has_marker, yes_no
from callcenter.background.grammar.words import vocabulary
from callcenter.background.notes import holds, paths
from callcenter.background.phrases import BYE, DROP, HOLD, NOTHING, PERSON, REPEAT, Phrases, content
from callcenter.background.state import Awaiting, Dialogue, Slot, Task
from callcenter.background.walking import Walker, plain_value
from flows import Collect, Step

STRONG: Final = 0.8
"""Probability of a step at which it is taken whatever else was asked; below, it takes a clear lead as well."""
SURE: Final = 0.5
LIKELY: Final = 0.35
LEAD: Final = 1.7
UNSURE: Final = 0.2
"""Probability of the best two steps together from which it is worth asking which of them is meant."""

_PERSON: Final = re.compile(
    r"\b(?:speak|talk|talking|connect|transfer|through|get|give|want|need|there)\b.*"
    r"\b(?:person|human|representative|operator|manager|supervisor|somebody real|someone real|real someone|agent)\b"
    r"|^(?:a |an |the )?(?:real |live )?(?:person|human|representative|operator|agent|supervisor)(?: please| now)*$"
    r"|\b(?:real|live|actual) (?:person|human|agent)\b"
)
_QUIET: Final = vocabulary(
    """
    um uh er erm hmm mm mhm hm ah oh so well okay ok right yeah yes sure thanks thank you i see great good alright cool
    nice perfect and like let's see the it's my is a hello hi
    """
)
_OTHER: Final = re.compile(r"\bother (?:one|order|bill|appointment)\b|\bthe other\b")

Kind = Literal[
    "understood", "missed", "part", "nothing", "hold", "repeat", "person", "bye", "unheard", "go on", "unsure"
]


@dataclass(frozen=True, slots=True)
class Reading:
    dialogue: Dialogue
    kind: Kind
    say: str = ""
    """A word of reaction before what comes next."""


@dataclass(frozen=True, slots=True)
class Reader:
    walker: Walker
    phrases: Phrases

    def read(self, d: Dialogue, text: str, heard: bool = True) -> Reading:
        """`heard`: the caller really heard the question that is open."""
        spoken = words(text)
        scores = self._scores(spoken)
        top, share = scores[0]
        if not spoken:
            return Reading(d, "nothing")
        if _PERSON.search(" ".join(spoken)) or (top == PERSON and share >= SURE):
            return Reading(d, "person")
        match d.awaiting.kind:
            case "slot":
                found = self._slot(d, spoken, scores)
            case "readback":
                found = self._readback(d, spoken, scores)
            case "confirm":
                found = self._confirm(d, spoken, scores, heard)
            case "retry":
                found = self._retry(d, spoken)
            case "which":
                names, said = d.awaiting.name.split("|"), words(d.unclear)
                d = replace(d, awaiting=Awaiting("more" if d.last else "opening"), unclear="")
                scores = _without(scores, names) if yes_no(spoken) is False else scores
                found = self._which(d, names, said, spoken, scores)
            case "opening" | "more" | "nothing":
                found = self._open(d, spoken, scores)
        if found is None:
            found = self._common(d, spoken, scores)
        if found.kind == "understood":
            return replace(found, dialogue=replace(found.dialogue, misses=0))
        return found

    def _scores(self, spoken: Sequence[str]) -> list[tuple[str, float]]:
        """What is wanted; a clear wish after "no", "actually" and the like is the one that counts."""
        for part in corrected(spoken):
            scores = self.phrases.scores(" ".join(part))
            if len(part) >= 4 and scores[0][1] >= STRONG and not scores[0][0].startswith("@"):
                return scores
        return self.phrases.scores(" ".join(_bare(spoken)))

    # -------------------------------------------------------------------------------------------- anywhere

    def _common(self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]]) -> Reading:
        top, share = scores[0]
        if top == REPEAT and share >= SURE:
            return Reading(d, "repeat")
        if top == HOLD and share >= SURE:
            return Reading(d, "hold")
        if top == DROP and share >= SURE and d.tasks:
            return Reading(self._dropped(d), "understood", "All right.")
        if top == BYE and share >= SURE and not d.tasks:
            return Reading(d, "bye")
        if set(spoken) <= _QUIET:
            return Reading(d, "nothing")
        return Reading(replace(d, misses=d.misses + 1), "missed")

    def _dropped(self, d: Dialogue) -> Dialogue:
        return replace(d, tasks=d.tasks[:-1], awaiting=Awaiting("more") if len(d.tasks) < 2 else Awaiting("nothing"))

    def _intent(self, scores: list[tuple[str, float]], least: float) -> Step | None:
        steps = [(name, share) for name, share in scores if not name.startswith("@")]
        name, share = steps[0]
        second = steps[1][1] if len(steps) > 1 else 0.0
        step = self.walker.flow.steps[name]
        if step.hand_over:
            least = max(least, STRONG)
        if share < least or share < LEAD * second or (scores[0][0] != name and scores[0][1] > 1.3 * share):
            return None
        return step

    def _begin(self, d: Dialogue, step: Step, spoken: Sequence[str]) -> Reading:
        text = " ".join(spoken)
        if d.task and d.task.step == step.name:
            return Reading(self._volunteered(self._heard_for(d, text), spoken), "understood")
        return Reading(self._volunteered(d.begin(step, text), spoken), "understood", self._named(d, step, text))

    def _named(self, d: Dialogue, step: Step, text: str) -> str:
        """What was understood, said before the first question when it might be wrong."""
        share = dict(self.phrases.scores(text)).get(step.name, 1.0)
        asks = step.collect or (self.walker.private(step) and d.caller is None)
        return f"You want to {step.about}." if asks and share < STRONG else ""

    def _heard_for(self, d: Dialogue, text: str) -> Dialogue:
        return d.with_task(replace(d.task, said=(*d.task.said, text))) if d.task else d

    # -------------------------------------------------------------------------------------------- details

    def _volunteered(self, d: Dialogue, spoken: Sequence[str], but: str = "") -> Dialogue:
        """Details given by the way, for the step and for the identity check."""
        if task := d.task:
            step = self.walker.flow.steps[task.step]
            for collect in step.collect:
                if collect.name != but and collect.name not in task.slots:
                    slot = self._slot_in(d, task, collect, spoken, asked=False)
                    task = task.filled(collect.name, slot) if slot else task
            d = d.with_task(task)
        return self._introduced(d, spoken, but)

    def _introduced(self, d: Dialogue, spoken: Sequence[str], but: str = "") -> Dialogue:
        rule = self.walker.verification(d)
        if d.caller is not None or rule is None:
            return d
        identity = d.identity
        for collect in rule.collect:
            if collect.name != but and collect.name not in identity.slots:
                slot = self._slot_in(d, identity, collect, spoken, asked=False)
                identity = identity.filled(collect.name, slot) if slot else identity
        return replace(d, identity=identity)

    def _slot_in(self, d: Dialogue, task: Task, collect: Collect, spoken: Sequence[str], asked: bool) -> Slot | None:
        found = self._parse(d, task, collect, spoken, asked)
        if found is None or not found.whole:
            return None
        source = ("caller", *(result.request for result in task.pinned.values())) if collect.choices else ("caller",)
        return Slot(plain_value(found.value), sure=not collect.readback, source=source)

    def _parse(self, d: Dialogue, task: Task, collect: Collect, spoken: Sequence[str], asked: bool) -> Parse | None:
        values = self.walker.values(d, task)
        wanted = self.walker.wanted(collect, values)
        if wanted is None or not (holds(collect.when, values) or collect.name in (d.need, d.awaiting.name)):
            return None
        if other := _the_other(spoken, wanted, task.slots.get(collect.name)):
            return Parse(other)
        return parse(wanted, spoken, self.walker.today, asked)

    def _slot(self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]]) -> Reading | None:
        """An answer to a question for a detail; what was said before for it may make it whole."""
        task = d.identity if d.awaiting.identity else d.task
        collect = self._collect(d, d.awaiting)
        if task is None or collect is None:
            return None
        loose = collect.grammar in ("name", "text", "city", "address", "choice")
        denied = spoken[0] in ("no", "nope") and len(spoken) >= 4 and d.task is not None
        if denied and d.task:
            d = replace(d, denied=(*d.denied, d.task.step))
            scores = _without(scores, d.denied)
            if len(d.denied) >= self.walker.flow.hand_over.after:
                return Reading(replace(d, misses=self.walker.flow.hand_over.after), "missed")
        other = self._intent(scores, LIKELY if denied else STRONG if loose else SURE)
        anything = collect.grammar == "text" and not denied
        if other and not anything and (d.task is None or other.name != d.task.step) and len(spoken) >= 4:
            strict = self._slot_in(d, task, collect, spoken, asked=not loose)
            if strict is None:
                return self._begin(replace(d, tasks=d.tasks[:-1]) if denied else d, other, spoken)
        if denied and collect.grammar in ("name", "text", "city") and "name" not in spoken:
            return self._beside(d, spoken, scores, collect)
        for heard in (spoken, (*words(d.part), *spoken)):
            slot = self._slot_in(d, task, collect, heard, asked=True)
            if slot is not None and not self._idle(spoken, scores, collect):
                return Reading(self._filled(d, collect, slot, spoken), "understood")
        whole = (*words(d.part), *spoken)
        part = self._parse(d, task, collect, whole, asked=True)
        if part is not None and not part.whole and not self._idle(spoken, scores, collect):
            return Reading(replace(d, part=" ".join(whole)), "part")
        return self._beside(d, spoken, scores, collect)

    def _idle(self, spoken: Sequence[str], scores: list[tuple[str, float]], collect: Collect) -> bool:
        """Words that a liberal grammar would take for an answer, and that are none."""
        if collect.grammar not in ("name", "text", "city"):
            return False
        return set(spoken) <= _QUIET or (scores[0][0] in (HOLD, REPEAT, DROP) and scores[0][1] >= SURE)

    def _beside(
        self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]], collect: Collect
    ) -> Reading | None:
        """Not an answer: another detail, another wish, or a correction of what was said before."""
        if (fixed := self._fixed(d, spoken, collect.name)) is not None:
            return fixed
        more = self._volunteered(d, spoken, but=collect.name)
        if more.task != d.task or more.identity != d.identity:
            return Reading(self._heard_for(more, " ".join(spoken)), "understood")
        other = self._intent(scores, SURE)
        if other and (d.task is None or other.name != d.task.step):
            return self._begin(d, other, spoken)
        return None

    def _filled(self, d: Dialogue, collect: Collect, slot: Slot, spoken: Sequence[str]) -> Dialogue:
        d = replace(d, denied=())
        if d.awaiting.identity:
            d = replace(d, identity=d.identity.filled(collect.name, slot), part="")
        elif d.task:
            d = replace(d.with_task(d.task.filled(collect.name, slot)), part="")
        return self._volunteered(d, spoken, but=collect.name)

    def _collect(self, d: Dialogue, awaiting: Awaiting) -> Collect | None:
        rule = self.walker.verification(d)
        listed = rule.collect if awaiting.identity and rule else self._collects(d)
        return next((one for one in listed if one.name == awaiting.name), None)

    def _collects(self, d: Dialogue) -> tuple[Collect, ...]:
        return self.walker.flow.steps[d.task.step].collect if d.task else ()

    # ------------------------------------------------------------------------------------------ yes and no

    def _readback(self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]]) -> Reading | None:
        collect = self._collect(d, d.awaiting)
        task = d.identity if d.awaiting.identity else d.task
        if task is None or collect is None:
            return None
        answer = yes_no(spoken)
        again = self._slot_in(d, task, collect, spoken, asked=True)
        old = task.slots[collect.name]
        if (
            again is not None
            and again.value != old.value
            and not (answer and collect.grammar in ("name", "text", "city"))
        ):
            return Reading(self._filled(d, collect, again, ()), "understood")
        if answer or (again is not None and again.value == old.value):
            return Reading(self._filled(d, collect, replace(old, sure=True), ()), "understood")
        if answer is False:
            cleared = task.without(collect.name)
            d = replace(d, identity=cleared) if d.awaiting.identity else d.with_task(cleared)
            return Reading(replace(d, awaiting=Awaiting("nothing")), "understood", "I'm sorry.")
        return self._beside(d, spoken, scores, collect)

    def _confirm(
        self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]], heard: bool
    ) -> Reading | None:
        answer = yes_no(spoken)
        if d.task is None:
            return None
        if answer is not True or has_marker(spoken):
            fixed = self._fixed(d, spoken, "")
            if fixed is not None:
                return fixed
        other = self._intent(scores, STRONG)
        if other and other.name != d.task.step and len(spoken) >= 4:
            return self._begin(d, other, spoken)
        if answer and not heard:
            return Reading(d, "unheard")
        if answer:
            task = replace(d.task, confirmed=d.task.confirmed | {d.awaiting.name})
            return Reading(d.with_task(task), "understood")
        if answer is False or scores[0][0] == DROP:
            return Reading(d.with_task(replace(d.task, declined=True)), "understood")
        other = self._intent(scores, SURE)
        return self._begin(d, other, spoken) if other and other.name != d.task.step else None

    def _retry(self, d: Dialogue, spoken: Sequence[str]) -> Reading | None:
        answer = yes_no(spoken)
        if answer:
            return Reading(replace(d, awaiting=Awaiting("nothing")), "understood")
        if answer is False:
            return Reading(self._dropped(d), "understood", "All right.")
        return None

    # ---------------------------------------------------------------------------------------- corrections

    def _fixed(self, d: Dialogue, spoken: Sequence[str], but: str) -> Reading | None:
        """A detail of the task under way that the caller puts right."""
        task = d.task
        if task is None or not (has_marker(spoken) or yes_no(spoken) is False or d.awaiting.kind == "confirm"):
            return None
        changed = self._changed(d, task, self._collects(d), spoken, but)
        return Reading(d.with_task(changed), "understood") if changed is not None else None

    def _changed(
        self, d: Dialogue, task: Task, collects: Sequence[Collect], spoken: Sequence[str], but: str = ""
    ) -> Task | None:
        """The task with what these words give a new value, and without what depended on it."""
        new: dict[str, Slot] = {}
        for collect in collects:
            old = task.slots.get(collect.name)
            if collect.name == but or old is None or collect.grammar in ("text", "name", "city"):
                continue
            slot = self._slot_in(d, task, collect, spoken, asked=collect.grammar not in ("amount", "number"))
            if slot is not None and slot.value != old.value:
                new[collect.name] = slot
        if not new:
            return None
        stale = [name for name in self._dependents(task.step, set(new)) if name not in new]
        changed = task.without(*stale)
        for name, slot in new.items():
            changed = changed.filled(name, slot)
        return replace(changed, said=(" ".join(spoken),))

    def _dependents(self, step: str, names: set[str]) -> set[str]:
        """Details chosen from a list that was looked up with one of these."""
        here = self.walker.flow.steps[step]
        lists = {
            use.name
            for use in here.calls
            if any(
                path.split(".")[0].rstrip("?") in names for value in use.arguments.values() for path in _paths(value)
            )
        }
        return {collect.name for collect in here.collect if collect.choices.split(".")[0] in lists}

    # -------------------------------------------------------------------------------------------- open floor

    def _open(self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]]) -> Reading | None:
        base = d.task or d.last
        strong = self._intent(scores, STRONG)
        if base is not None and has_marker(spoken) and (strong is None or strong.name in self._kin(base)):
            found = self._put_right(d, base, spoken)
            if found is not None:
                return found
        if (step := strong or self._intent(scores, LIKELY)) is not None:
            return self._begin(d, step, spoken)
        if base is not None and not d.tasks and (found := self._put_right(d, base, spoken)) is not None:
            return found
        if d.awaiting.kind == "more" and not d.tasks:
            return self._more(d, spoken, scores)
        if unsure := self._unsure(d, spoken, scores):
            return unsure
        empty = not content(" ".join(spoken)) or (scores[0][0] == NOTHING and scores[0][1] >= LIKELY)
        if d.awaiting.kind == "opening" and empty:
            return Reading(self._introduced(d, spoken), "go on")
        return None

    def _unsure(self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]]) -> Reading | None:
        """Two steps could be meant, or one that is not sure: ask which."""
        (one, first), (other, second) = [*(pair for pair in scores if not pair[0].startswith("@")), ("", 0.0)][:2]
        if d.awaiting.kind == "nothing" or first + second < UNSURE or len(spoken) < 3 or scores[0][1] > 1.3 * first:
            return None
        names = one if not other or first > 3 * second else f"{one}|{other}"
        asked = replace(self._introduced(d, spoken), awaiting=Awaiting("which", names), unclear=" ".join(spoken))
        return Reading(replace(asked, misses=d.misses + 1), "unsure")

    def _which(
        self,
        d: Dialogue,
        names: Sequence[str],
        said: Sequence[str],
        spoken: Sequence[str],
        scores: list[tuple[str, float]],
    ) -> Reading | None:
        """The answer to "do you want to ..., or to ...?"; a no rules out what was offered. `said`: what led to it."""
        share = dict(scores)
        best = max(names, key=lambda name: share.get(name, 0.0))
        placed = next((name for word, name in zip(("first", "second"), names, strict=False) if word in spoken), "")
        if yes_no(spoken) is False:
            return Reading(d, "go on") if len(spoken) <= 4 else self._open(d, spoken, scores)
        if placed or (len(names) == 1 and yes_no(spoken)):
            chosen = placed or names[0]
        elif share[best] >= LIKELY or share[best] >= 2 * max(share[name] for name in share if name != best):
            chosen = best
        else:
            return self._open(d, spoken, scores)
        begun = self._begin(d, self.walker.flow.steps[chosen], said)
        return replace(begun, dialogue=self._volunteered(begun.dialogue, spoken), say="")

    def _kin(self, task: Task) -> tuple[str, str]:
        return task.step, self.walker.flow.steps[task.step].correct

    def _put_right(self, d: Dialogue, base: Task, spoken: Sequence[str]) -> Reading | None:
        """New details for the task under way, or for the one that was just finished."""
        step = self.walker.flow.steps[base.step]
        if base is d.task:
            changed = self._changed(d, base, step.collect, spoken)
            return Reading(d.with_task(changed), "understood") if changed else None
        target = self.walker.flow.steps.get(step.correct, step)
        changed = self._changed(d, base, step.collect, spoken)
        if changed is None:
            return None
        names = {collect.name for collect in target.collect}
        slots = {name: slot for name, slot in changed.slots.items() if name in names}
        carried = self.walker.values(d, base) if target is not step else {}
        return Reading(d.begin(target, " ".join(spoken), slots, carried), "understood")

    def _more(self, d: Dialogue, spoken: Sequence[str], scores: list[tuple[str, float]]) -> Reading | None:
        answer = yes_no(spoken)
        if (scores[0][0] == BYE and scores[0][1] >= LIKELY) or (answer is False and len(spoken) <= 6):
            return Reading(d, "bye")
        if answer and len(spoken) <= 4 and "thanks" not in spoken and "thank" not in spoken and spoken[0] in _AGREED:
            return Reading(d, "go on")
        return None


def _without(scores: list[tuple[str, float]], names: Sequence[str]) -> list[tuple[str, float]]:
    """The probabilities, given that it is none of these."""
    left = [(name, share) for name, share in scores if name not in names]
    whole = sum(share for _, share in left) or 1.0
    return [(name, share / whole) for name, share in left]


_AGREED: Final = vocabulary("yes yeah yep yup sure")


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


def _paths(value: Any) -> tuple[str, ...]:
    return paths(value) if isinstance(value, str) else ()


def _the_other(spoken: Sequence[str], wanted: Wanted, old: Slot | None) -> Mapping[str, Any] | None:
    """ "The other one", when there are two and one was taken."""
    if old is None or len(wanted.records) != 2 or not _OTHER.search(" ".join(spoken)):
        return None
    rest = [record for record in wanted.records if plain_value(record) != old.value]
    return rest[0] if len(rest) == 1 else None
