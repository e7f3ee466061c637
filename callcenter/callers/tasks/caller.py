"""A caller who reacts: answers what they are asked from what they know, agrees only to what they want, and leaves.

They know nothing of the flow. They tell questions apart the way people do, by a few telling words. `[0.8]` in a
sentence is a pause of so many seconds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from callcenter.callers.tasks import Cue, Scenario, Wanted

PEOPLE: Final = {
    "maria": {
        "name": "maria lopez",
        "zip": "six oh six one four",
        "born": "march twelfth nineteen eighty four",
    },
    "other maria": {
        "name": "maria lopez",
        "zip": "seven three three oh one",
        "born": "july thirtieth nineteen ninety one",
    },
    "james": {
        "name": "james carter",
        "zip": "nine eight one oh one",
        "born": "november second nineteen seventy five",
    },
    "priya": {
        "name": "priya natarajan [0.4] n a t a r a j a n",
        "zip": "eight oh two oh two",
        "born": "may nineteenth nineteen eighty eight",
    },
    "thomas": {
        "name": "thomas oakley",
        "zip": "oh two one oh eight",
        "born": "january twenty fifth nineteen sixty two",
    },
    "grace": {
        "name": "grace kim",
        "zip": "nine seven two oh four",
        "born": "september eighth nineteen ninety five",
    },
    "daniel": {
        "name": "daniel novak",
        "zip": "four four one one three",
        "born": "december first nineteen eighty",
    },
    "sophie": {
        "name": "sophie laurent",
        "zip": "seven oh one one two",
        "born": "april fourth nineteen ninety three",
    },
    "omar": {
        "name": "omar haddad",
        "zip": "eight five oh oh four",
        "born": "august seventeenth nineteen seventy",
    },
    "hannah": {
        "name": "hannah fischer [0.3] f i s c h e r",
        "zip": "five three two oh two",
        "born": "february twenty eighth nineteen eighty six",
    },
    "samuel": {
        "name": "samuel o'brien",
        "zip": "one two two oh seven",
        "born": "october thirty first nineteen ninety nine",
    },
    "lan": {
        "name": "lan nguyen [0.5] n g u y e n",
        "zip": "nine five one one three",
        "born": "june sixth nineteen seventy eight",
    },
    "charlotte": {
        "name": "charlotte dubois",
        "zip": "three one four oh one",
        "born": "march third nineteen fifty seven",
    },
    "william": {
        "name": "william johnson",
        "zip": "two nine four oh one",
        "born": "december twenty fourth nineteen ninety",
    },
    "nobody": {
        "name": "peter pan",
        "zip": "one one one one one",
        "born": "may first nineteen ninety",
    },
}

TOPICS: Final = (
    ("retry", r"try once more\?"),
    ("there", r"still there\?"),
    ("more", r"anything else"),
    ("name", r"your (?:full )?name|first and last name"),
    ("new zip", r"new zip"),
    ("zip", r"zip"),
    ("born", r"date of birth|were born"),
    ("street", r"house number|street"),
    ("city", r"\bcity\b"),
    ("reason", r"damaged|what is wrong|why "),
    ("purpose", r"consultation|what kind of"),
    ("day", r"(?:which|what) day|when would you like|another day|different day"),
    ("time", r"(?:which|what) time|which of (?:these|them)|which one suits|suits you"),
    ("appointment", r"which appointment"),
    ("bill", r"which bill"),
    ("amount", r"how much"),
    ("order", r"which order|order number"),
    ("phone", r"telephone number|phone number|what number"),
    ("email", r"e-?mail"),
    ("message", r"what shall i|what is it about|message"),
    ("what", r"do you want to book|how (?:can|may) (?:i|we) help|what can i do|what would you like"),
)
"""How a caller tells what is wanted of them."""

LEAVES: Final = (
    "no that's it thanks bye",
    "nope i'm good thank you",
    "that was all i needed thanks",
    "no nothing else goodbye",
    "no that would be everything thank you very much",
)
AGREES: Final = ("yes please", "yeah go ahead", "that's right yes", "sure do that", "yep")
REFUSES: Final = ("no don't", "no that's not what i want", "nope leave it")


@dataclass(slots=True)
class Caller:
    """One caller in one call. `react` answers a note that was heard; `overhear` may cut in."""

    scenario: Scenario
    luck: int
    wants: int = 0
    used: dict[str, int] = field(default_factory=dict)
    cued: set[int] = field(default_factory=set)
    """Cues that are spent."""
    last: str = ""
    """What they said last: asked to say it again, they do."""
    corrected: str = ""
    """What they put right of what they want, in the middle of it."""

    def react(self, text: str) -> str:
        """What the caller says to this; nothing if there is nothing to say."""
        question = _question(text)
        if not question:
            return ""
        if objection := self._object(text):
            return objection
        if "say it again" in question and self.last:
            return self.last
        if re.search(r"^shall i\b|is that right|is that correct", question) and "once more" not in question:
            return self._agree(text)
        if question.startswith("do you want to") and "book, move or cancel" not in question:
            return self._which(question)
        topic = next((topic for topic, pattern in TOPICS if re.search(pattern, question)), "")
        if topic in self.scenario.knows:
            return _in_digits(self._knows(topic), question)
        match topic:
            case "more" | "what":
                return self._next(text)
            case "retry":
                return "yes please"
            case "there":
                return "yes i'm here"
            case "name" | "zip" | "born":
                return _in_digits(PEOPLE[self.scenario.who][topic], question)
            case "order" | "bill" | "appointment" | "reason" | "purpose" | "day" | "time" if self.wants:
                return self._what()
            case _ if self.wants and self._count("puzzled"):
                return f"no {self._what()}"
            case _:
                return "um i'm not sure what you mean"

    @property
    def _want(self) -> Wanted:
        return self.scenario.wants[max(0, self.wants - 1)]

    def _what(self) -> str:
        """What they want, again: all they know of which one they mean, and why and when, is in it."""
        return self.corrected or self._want.again or self._want.say

    def _object(self, text: str) -> str:
        """Told what they want, and it is something else."""
        want = self._want
        told = re.match(r"you want to ([^.]*)\.", text.lower())
        return f"no {self._what()}" if told and want.about and not re.search(want.about, told[1]) else ""

    def _which(self, question: str) -> str:
        """Asked what they want of what was understood: take it, name it, or say it again in other words."""
        want = self._want
        offers = question.removeprefix("do you want to ").rstrip("?").split(", or to ")
        meant = [offer for offer in offers if want.about and re.search(want.about, offer)]
        if not meant:
            return f"no {self._what()}"
        return "yes" if len(offers) == 1 else f"i want to {meant[0]}"

    def overhear(self, heard: str) -> Iterator[Cue]:
        """Cues that these words set off."""
        for at, cue in enumerate(self.scenario.cues):
            if cue.hears and at not in self.cued and re.search(cue.hears, heard, re.IGNORECASE):
                self.cued.add(at)
                yield cue

    def notice(self, tool: str) -> Iterator[Cue]:
        """Cues for a tool that has begun to run."""
        for at, cue in enumerate(self.scenario.cues):
            if cue.tool == tool and at not in self.cued:
                self.cued.add(at)
                self.corrected = cue.say or self.corrected
                yield cue

    def _agree(self, text: str) -> str:
        wanted = self.scenario.confirm
        if wanted and re.search(wanted, text, re.IGNORECASE):
            return AGREES[(self.luck + self._count("yes")) % len(AGREES)]
        if "not confirm" in self.scenario.knows:
            return self._knows("not confirm")
        return REFUSES[self.luck % len(REFUSES)]

    def _knows(self, topic: str) -> str:
        answers = self.scenario.knows[topic]
        listed = [answers] if isinstance(answers, str) else list(answers)
        return str(listed[min(self._count(topic), len(listed) - 1)])

    def _count(self, what: str) -> int:
        self.used[what] = self.used.get(what, -1) + 1
        return self.used[what]

    def _next(self, text: str) -> str:
        """The next thing they want; the last one again, once, if they were not understood."""
        want = self.scenario.wants[self.wants - 1] if self.wants else None
        if want and want.say and "anything else" not in text.lower() and not self._count(f"again {self.wants}"):
            return want.again or want.say
        if self.wants < len(self.scenario.wants):
            self.wants += 1
            self.corrected = ""
            return self.scenario.wants[self.wants - 1].say
        return LEAVES[self.luck % len(LEAVES)]


def _in_digits(answer: str, question: str) -> str:
    """Asked for zero instead of oh, they say zero."""
    return re.sub(r"\boh\b", "zero", answer) if "zero for oh" in question else answer


def _question(text: str) -> str:
    """The last question in what was said, or a request that is none in form."""
    sentences = re.split(r"(?<=[.?!])\s+", text.strip().lower())
    asked = [one for one in sentences if one.endswith("?") or one.startswith(("please tell", "please say"))]
    return asked[-1] if asked else ""
