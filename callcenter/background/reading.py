"""What the caller's words mean where the call stands: a new dialogue, or one of a few plain reactions.

`Reader.read` takes the utterance so far, whole, every time: nothing is kept between words, so reading a partial
utterance does no harm. An answer to the question just asked comes first, then a correction, then another wish.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from callcenter.background import objections
from callcenter.background.details import Details
from callcenter.background.grammar import words
from callcenter.background.grammar.answers import has_marker, taken_back, yes_no
from callcenter.background.grammar.figures import ONES
from callcenter.background.grammar.words import vocabulary
from callcenter.background.ground import Ground
from callcenter.background.phrases import BYE, DROP, HOLD, NOTHING, REPEAT, content
from callcenter.background.proving import LONGEST
from callcenter.background.state import Awaiting, Dialogue, Task
from callcenter.background.wishes import (
    LIKELY,
    STRONG,
    SURE,
    Scores,
    Wishes,
    asks_for_person,
    likely_person,
    without,
)
from flows import Collect, Step

SORRY: Final = "I'm sorry, I did not understand that."

OFFER_AT: Final = 2
"""Times in a row that a wish was not understood, after which what may be wanted is offered."""
OFFERED: Final = 3

_QUIET: Final = vocabulary(
    """
    um uh er erm hmm mm mhm hm ah oh so well okay ok right yeah yes sure thanks thank you i see great good alright cool
    nice perfect please and like let's see the it's my is a hello hi hey there morning afternoon evening
    """
)

_FIGURES: Final = frozenset(ONES) | vocabulary("double triple to too for oh o and")
"""What a number is read out with, and what its words are misheard as."""

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
    ground: Ground
    wishes: Wishes
    details: Details

    def read(self, d: Dialogue, text: str, heard: bool = True) -> Reading:
        """`heard`: the caller really heard the question that is open."""
        spoken = words(text)
        scores = self.wishes.scores(spoken)
        if not spoken:
            return Reading(d, "nothing")
        if asks_for_person(spoken) or (likely_person(scores) and not self._named_so(d, spoken)):
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
                scores = without(scores, names) if yes_no(spoken) is False else scores
                found = self._which(d, names, said, spoken, scores)
            case "opening" | "more" | "nothing":
                found = self._open(d, spoken, scores, heard)
        if found is None:
            found = self._common(d, spoken, scores)
        if found.kind == "understood":
            return replace(found, dialogue=replace(found.dialogue, misses=0))
        return found

    # -------------------------------------------------------------------------------------------- anywhere

    def _common(self, d: Dialogue, spoken: Sequence[str], scores: Scores) -> Reading:
        top, share = scores[0]
        if top == REPEAT and share >= SURE:
            return Reading(d, "repeat")
        if top == HOLD and share >= SURE:
            return Reading(d, "hold")
        if top == DROP and share >= SURE and d.tasks:
            return Reading(self._dropped(d), "understood", "All right.")
        if top == BYE and share >= SURE and (not d.tasks or _PARTING & set(spoken)):
            return Reading(d, "bye")
        if set(spoken) <= _QUIET:
            return Reading(d, "nothing")
        return Reading(replace(d, misses=d.misses + 1), "missed")

    def _dropped(self, d: Dialogue) -> Dialogue:
        return replace(d, tasks=d.tasks[:-1], awaiting=Awaiting("more") if len(d.tasks) < 2 else Awaiting("nothing"))

    def _begin(self, d: Dialogue, step: Step, spoken: Sequence[str]) -> Reading:
        text = " ".join(spoken)
        if d.task and d.task.step == step.name:
            return Reading(self.details.volunteered(self._heard_for(d, text), spoken), "understood")
        return Reading(self.details.volunteered(d.begin(step, text), spoken), "understood", self._named(d, step, text))

    def _named(self, d: Dialogue, step: Step, text: str) -> str:
        """What was understood, said before the first question when it might be wrong."""
        asks = step.collect or (self.ground.private(step) and d.caller is None)
        return f"You want to {step.about}." if asks and self.wishes.share(step, text) < STRONG else ""

    def _heard_for(self, d: Dialogue, text: str) -> Dialogue:
        return d.with_task(replace(d.task, said=(*d.task.said, text))) if d.task else d

    # -------------------------------------------------------------------------------------------- details

    def _slot(self, d: Dialogue, spoken: Sequence[str], scores: Scores) -> Reading | None:
        """An answer to a question for a detail; what was said before for it may make it whole."""
        task = d.identity if d.awaiting.identity else d.task
        collect = self.ground.asked_for(d)
        if task is None or collect is None:
            return None
        loose = collect.grammar in ("name", "text", "city", "address", "choice")
        denied = spoken[0] in ("no", "nope") and len(spoken) >= 4 and d.task is not None
        if denied and d.task:
            d = replace(d, denied=(*d.denied, d.task.step))
            scores = without(scores, d.denied)
            if len(d.denied) >= self.ground.flow.hand_over.after:
                return Reading(replace(d, misses=self.ground.flow.hand_over.after), "missed")
        other = self.wishes.step(scores, LIKELY if denied else STRONG if loose else SURE)
        anything = collect.grammar == "text" and not denied
        if other and not anything and (d.task is None or other.name != d.task.step) and len(spoken) >= 4:
            strict = self.details.slot_in(d, task, collect, spoken, asked=not loose)
            if strict is None:
                return self._begin(replace(d, tasks=d.tasks[:-1]) if denied else d, other, spoken)
        if denied and collect.grammar in ("name", "text", "city") and "name" not in spoken:
            return self._beside(d, spoken, scores, collect)
        for heard in (spoken, (*words(d.part), *spoken)):
            slot = self.details.slot_in(d, task, collect, heard, asked=True)
            if slot is not None and not self._idle(spoken, scores, collect):
                if self._taken_back(d, task, collect, heard):
                    return Reading(replace(d, misses=d.misses + 1), "missed")
                return Reading(self.details.filled(d, collect, slot, spoken), "understood")
        whole = (*words(d.part), *spoken)
        part = self.details._parse(d, task, collect, whole, asked=True)
        if part is not None and not part.whole and not self._idle(spoken, scores, collect):
            return Reading(replace(d, part=" ".join(whole)), "part")
        return self._beside(d, spoken, scores, collect)

    def _taken_back(self, d: Dialogue, task: Task, collect: Collect, heard: Sequence[str]) -> bool:
        """ "The chair, no wait, five mental": what was said first is not meant, and what is was not understood."""
        rest = heard[taken_back(heard) :]
        return 2 < len(rest) < len(heard) and self.details.slot_in(d, task, collect, rest, asked=True) is None

    def _named_so(self, d: Dialogue, spoken: Sequence[str]) -> bool:
        """A word or two where a name is asked for: a name that sounds like a wish for somebody real."""
        here = self.ground.asked_for(d) if d.awaiting.kind == "slot" else None
        return here is not None and here.grammar in ("name", "city") and len(spoken) <= LONGEST

    def _idle(self, spoken: Sequence[str], scores: Scores, collect: Collect) -> bool:
        """Words that a liberal grammar would take for an answer, and that are none."""
        if collect.grammar not in ("name", "text", "city"):
            return False
        return set(spoken) <= _QUIET or (scores[0][0] in (HOLD, REPEAT, DROP) and scores[0][1] >= SURE)

    def _beside(self, d: Dialogue, spoken: Sequence[str], scores: Scores, collect: Collect) -> Reading | None:
        """Not an answer: another detail, another wish, or a correction of what was said before."""
        if (fixed := self._fixed(d, spoken, collect.name)) is not None:
            return fixed
        more = self.details.volunteered(d, spoken, but=collect.name)
        if more.task != d.task or more.identity != d.identity:
            return Reading(self._heard_for(more, " ".join(spoken)), "understood")
        other = self.wishes.step(scores, SURE)
        if other and (d.task is None or other.name != d.task.step):
            return self._begin(d, other, spoken)
        return None

    # ------------------------------------------------------------------------------------------ yes and no

    def _readback(self, d: Dialogue, spoken: Sequence[str], scores: Scores) -> Reading | None:
        collect = self.ground.asked_for(d)
        task = d.identity if d.awaiting.identity else d.task
        if task is None or collect is None:
            return None
        answer = yes_no(spoken)
        again = self.details.slot_in(d, task, collect, spoken, asked=True)
        old = task.slots[collect.name]
        if (
            again is not None
            and again.value != old.value
            and not (answer and collect.grammar in ("name", "text", "city"))
        ):
            return Reading(self.details.filled(d, collect, again, ()), "understood")
        if answer or (again is not None and again.value == old.value):
            return Reading(self.details.filled(d, collect, replace(old, sure=True), ()), "understood")
        if answer is False:
            cleared = task.without(collect.name)
            d = replace(d, identity=cleared) if d.awaiting.identity else d.with_task(cleared)
            return Reading(replace(d, awaiting=Awaiting("nothing")), "understood", "I'm sorry.")
        return self._beside(d, spoken, scores, collect)

    def _confirm(self, d: Dialogue, spoken: Sequence[str], scores: Scores, heard: bool) -> Reading | None:
        answer = yes_no(spoken)
        if d.task is None:
            return None
        if answer is not True or has_marker(spoken):
            fixed = self._fixed(d, spoken, "")
            if fixed is not None:
                return fixed
        other = self.wishes.step(scores, STRONG)
        if other and other.name != d.task.step and len(spoken) >= 4:
            return self._begin(d, other, spoken)
        if answer and not heard:
            return Reading(d, "unheard")
        if answer:
            task = replace(d.task, confirmed=d.task.confirmed | {d.awaiting.name})
            return Reading(d.with_task(task), "understood")
        if answer is False and scores[0][0] != DROP and (asked := self._objected(d, d.task, spoken)) is not None:
            return asked
        if answer is False or scores[0][0] == DROP:
            return Reading(d.with_task(replace(d.task, declined=True)), "understood")
        other = self.wishes.step(scores, SURE)
        return self._begin(d, other, spoken) if other and other.name != d.task.step else None

    def _objected(self, d: Dialogue, task: Task, spoken: Sequence[str]) -> Reading | None:
        """Not a no to the change, but to how it would be made: what was understood of it is not what is meant."""
        given = [one for one in self.details.collects(d) if one.name in task.slots]
        if not given or not objections.objects(spoken):
            return None
        name = objections.disputed(given, spoken)
        right = [one for one in given if one.name == name and self._has(d, task, one, spoken)]
        if not name or right:
            return Reading(replace(d, misses=d.misses + 1), "missed")
        cleared = replace(task.without(name), said=())
        return Reading(replace(d.with_task(cleared), awaiting=Awaiting("nothing")), "understood", "I'm sorry.")

    def _has(self, d: Dialogue, task: Task, collect: Collect, spoken: Sequence[str]) -> bool:
        """Whether these words say what is known already: then something else must be wrong."""
        slot = self.details.slot_in(d, task, collect, spoken, asked=True)
        return slot is not None and slot.value == task.slots[collect.name].value

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
        changed = self.details.changed(d, task, self.details.collects(d), spoken, but)
        return Reading(d.with_task(changed), "understood") if changed is not None else None

    # -------------------------------------------------------------------------------------------- open floor

    def _open(self, d: Dialogue, spoken: Sequence[str], scores: Scores, heard: bool = True) -> Reading | None:
        base = d.task or d.last
        strong = self.wishes.step(scores, STRONG)
        kin = base is not None and (strong is None or strong.name in self._kin(base))
        if base is not None and has_marker(spoken) and kin:
            found = self.details.put_right(d, base, spoken)
            if found is not None:
                return Reading(found, "understood")
        unheard = d.awaiting.kind == "nothing" or (d.awaiting.kind == "more" and not heard and not d.tasks)
        corrects = unheard and 0 < taken_back(spoken) < len(spoken) - 1
        if base is not None and corrects and kin and (void := self._void(d, base)) is not None:
            return void
        if (step := strong or self.wishes.step(scores, LIKELY)) is not None:
            return self._begin(d, step, spoken)
        if base is not None and not d.tasks and (found := self.details.put_right(d, base, spoken)) is not None:
            return Reading(found, "understood")
        if d.awaiting.kind == "more" and not d.tasks:
            return self._more(d, spoken, scores)
        told = d.awaiting.kind != "nothing" and _reads_out(spoken)
        if not (told and _figures_alone(spoken)) and (unsure := self._unsure(d, spoken, scores)):
            return unsure
        if told and (d.misses == 0 or _figures_alone(spoken)):
            missed = 0 if _figures_alone(spoken) else 1
            return Reading(replace(self.details.introduced(d, spoken), misses=d.misses + missed), "go on")
        empty = (
            set(spoken) <= _QUIET
            or not content(" ".join(spoken))
            or (scores[0][0] == NOTHING and scores[0][1] >= LIKELY)
        )
        if d.awaiting.kind == "opening" and empty and not told:
            return Reading(self.details.introduced(d, spoken), "go on")
        return None

    def _void(self, d: Dialogue, task: Task) -> Reading | None:
        """Something else is meant than what is looked up or about to be told, and what was not understood: what was
        chosen is asked for anew. A change that was made has to be told all the same."""
        calls = self.ground.flow.steps[task.step].calls
        if any(self.ground.changes(calls[at]) for at in task.pinned):
            return None
        begun = replace(d, tasks=d.tasks or (task,), awaiting=Awaiting("nothing"))
        chosen = [one.name for one in self.details.collects(begun) if one.choices and one.name in task.slots]
        if not chosen:
            return Reading(replace(d, misses=d.misses + 1), "missed")
        return Reading(begun.with_task(replace(task.without(*chosen), said=())), "understood", SORRY)

    def _unsure(self, d: Dialogue, spoken: Sequence[str], scores: Scores) -> Reading | None:
        """Two steps could be meant, or one that is not sure: ask which."""
        names = self.wishes.unsure(scores)
        if d.awaiting.kind == "nothing" or not names or len(spoken) < 3:
            return None
        asked = replace(self.details.introduced(d, spoken), awaiting=Awaiting("which", names), unclear=" ".join(spoken))
        return Reading(replace(asked, misses=d.misses + 1), "unsure")

    def offered(self, d: Dialogue, text: str) -> Dialogue | None:
        """What a caller wants was not understood twice: what comes nearest to it is offered, once."""
        if d.awaiting.kind not in ("opening", "more") or d.tasks or d.misses != OFFER_AT or not text:
            return None
        likely = self.wishes.likeliest(text, OFFERED)
        return replace(d, awaiting=Awaiting("which", "|".join(likely)), unclear=text) if likely else None

    def _which(
        self,
        d: Dialogue,
        names: Sequence[str],
        said: Sequence[str],
        spoken: Sequence[str],
        scores: Scores,
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
        elif said_again := self.wishes.said_again(names, spoken):
            chosen = said_again
        elif len(names) == 1 and _reads_out(spoken):
            chosen = best
        else:
            return self._open(d, spoken, scores)
        begun = self._begin(d, self.ground.flow.steps[chosen], said)
        return replace(begun, dialogue=self.details.volunteered(begun.dialogue, spoken), say="")

    def _kin(self, task: Task) -> tuple[str, str]:
        return task.step, self.ground.flow.steps[task.step].correct

    def _more(self, d: Dialogue, spoken: Sequence[str], scores: Scores) -> Reading | None:
        answer = yes_no(spoken)
        if (scores[0][0] == BYE and scores[0][1] >= LIKELY) or (answer is False and len(spoken) <= 6):
            return Reading(d, "bye")
        if answer and len(spoken) <= 4 and "thanks" not in spoken and "thank" not in spoken and spoken[0] in _AGREED:
            return Reading(d, "go on")
        return None


def _reads_out(spoken: Sequence[str]) -> bool:
    """A number is told, of whatever: who does so goes on, and wants nothing else by it."""
    return sum(word in ONES or word.isdecimal() for word in spoken) >= (1 if _figures_alone(spoken) else 3)


def _figures_alone(spoken: Sequence[str]) -> bool:
    return set(spoken) <= _FIGURES


_AGREED: Final = vocabulary("yes yeah yep yup sure")
_PARTING: Final = vocabulary("bye goodbye")
"""Whoever says one of these and means it leaves, whatever is open."""
