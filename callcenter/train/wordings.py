"""The sentences that teach ears which words follow which: the training side of everything customers may say.

Lines of real customers, our own grammars, bare answers (numbers, dates, sums, names, spelled words, a single yes), the
phrases of the flows, and what the readers of the training side read. Nothing that is held out.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from callcenter.callers import lines as grammar
from callcenter.callers.heldout import held_out
from callcenter.callers.lines import DAYS, DIGITS, MONTHS, ORDINALS, TEENS, TENS, Lines, amount, customers
from callcenter.callers.takes import Wording
from callcenter.model.lexicon import tokens
from callcenter.train.names import FAMILY, GIVEN, PLACES

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SMALL = (
    "yes", "no", "stop", "go", "on", "off", "up", "down", "left", "right", "yeah", "yep", "nope", "okay", "sure",
    "hello", "bye", "thanks", "thank you", "yes please", "no thanks", "no thank you", "correct", "that's right",
    "exactly", "wait", "hold on", "goodbye", "hi", "sorry", "pardon", "what", "one moment please", "i don't know",
    "of course", "please",
)  # fmt: skip
SETS = ("speechocean", "librispeech")
GENERATED, BARE, PLACED, PHRASED = 40_000, 40_000, 4_000, 4


def sentences(data: Path | None, chance: Random, share: float = 1.0) -> list[list[str]]:
    """All of it as words; of what is generated, a share."""
    texts = list(customers(data, evaluation=False)) if data else []
    texts += read_aloud(data) if data else []
    texts += generated(chance, round(GENERATED * share)) + bare_answers(chance, round(BARE * share))
    texts += phrases() * PHRASED
    texts += [place(chance) for _ in range(round(PLACED * share))]
    return [words for words in map(tokens, texts) if words]


def generated(chance: Random, count: int) -> list[str]:
    """Sentences of our own grammars on the training side."""
    lines = Lines(chance, evaluation=False)
    draws: Sequence[Callable[[], Wording]] = (
        lines.request, lines.reply, lines.reply, lines.halting, lines.correction, lines.address, lines.number,
        lines.number, lines.spelled, lines.story, lines.stop, lines.mind,
    )  # fmt: skip
    small = (
        *grammar.HUMS,
        *grammar.HELLOS,
        *grammar.FAREWELLS,
        *grammar.HOLDS,
        *grammar.BACKS,
        *grammar.PERSONS,
        *SMALL,
        *DIGITS,
    )
    return [chance.choice(draws)().text if chance.random() < 0.85 else chance.choice(small) for _ in range(count)]


def bare_answers(chance: Random, count: int, evaluation: bool = False) -> list[str]:
    """Bare answers on one side. Single words and small ones are the same on both: there are not enough of them."""
    found: list[str] = []
    while len(found) < count:
        text = bare(chance)
        if " " not in text or text in SMALL or held_out("sentence", text) == evaluation:
            found.append(text)
    return found


def bare(chance: Random) -> str:
    """An answer that is nothing but what was asked for."""
    kinds = (digits, digits, digits, date, date, amount, name, spelled, code, year, clock, small, small, small)
    kind = chance.choice(kinds)
    text = kind(chance)
    if kind is small:
        return text
    lead = chance.choice(
        ("", "", "", "", "it's ", "yes ", "that's ", "um ", "okay it's ", "i think ", "yes it's ", "no ")
    )
    return lead + text


def small(chance: Random) -> str:
    """A single digit is as likely as a single "stop": people say what they would press."""
    return chance.choice((*SMALL, *DIGITS))


def digits(chance: Random) -> str:
    said = [chance.choice(DIGITS) for _ in range(chance.choice((1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 12)))]
    return " ".join("oh" if word == "zero" and chance.random() < 0.3 else word for word in said)


def code(chance: Random) -> str:
    said = [
        chance.choice(LETTERS) if chance.random() < 0.4 else chance.choice(DIGITS) for _ in range(chance.randint(2, 8))
    ]
    return " ".join(said)


def spelled(chance: Random) -> str:
    if chance.random() < 0.5:
        return " ".join(chance.choices(LETTERS, k=chance.randint(2, 9)))
    return " ".join(chance.choice(chance.choice((GIVEN, FAMILY))))


def date(chance: Random) -> str:
    day, month = chance.choice((*ORDINALS, "thirty first", "twenty ninth")), chance.choice(MONTHS)
    tail = f" {year(chance)}" if chance.random() < 0.5 else ""
    forms = (
        f"{month} {day}",
        f"the {day} of {month}",
        f"{day} of {month}",
        f"{month} the {day}",
        f"{chance.choice(DAYS)}",
    )
    return chance.choice(forms) + tail


def year(chance: Random) -> str:
    if chance.random() < 0.25:
        return f"two thousand and {chance.choice(DIGITS[1:])}"
    head = chance.choice(("nineteen", "nineteen", "twenty"))
    tens = (
        f"{chance.choice(TENS)} {chance.choice(DIGITS[1:])}" if chance.random() < 0.8 else chance.choice(TEENS + TENS)
    )
    return f"{head} {tens}"


def clock(chance: Random) -> str:
    hour = chance.choice((*DIGITS[1:], *TEENS[:3]))
    tail = chance.choice(
        ("", " o'clock", " thirty", " fifteen", " forty five", " a m", " p m", " thirty p m", " in the morning")
    )
    return chance.choice(("", "at ", "half past ", "around ")) + hour + tail


def name(chance: Random) -> str:
    lead = chance.choice(("", "", "my name is ", "this is ", "it's ", "i'm ", "the name is ", "it should be under "))
    return lead + f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"


def place(chance: Random) -> str:
    """Where somebody lives, goes or comes from."""
    lead = chance.choice(
        ("", "", "", "", "it's ", "in ", "i live in ", "i'm in ", "from ", "to ", "the city is ", "yes ", "that's ")
    )
    tail = chance.choice(("", "", "", f" {chance.choice(PLACES)}", " please", " new york", " north carolina"))
    return f"{lead}{chance.choice(PLACES)}{tail}"


def phrases(evaluation: bool = False) -> list[str]:
    """What callers may say at the steps of the shipped flows, on one side."""
    import flows

    found: list[str] = []
    for path in sorted(Path(flows.__file__).parent.glob("*.toml")):
        for step in flows.load(path).steps.values():
            found += [phrase for phrase in step.phrases if held_out("sentence", phrase) == evaluation]
    return found


def read_aloud(data: Path) -> list[str]:
    """The texts of real readers on the training side, without those that somebody held out reads too."""
    rows = []
    for path in (data / "speech" / f"{name}.jsonl" for name in SETS):
        if path.is_file():
            told = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            rows += [(row["text"], held_out("speaker", row["speaker"])) for row in told if row["text"]]
    kept_apart = {text for text, apart in rows if apart}
    return [text for text, _ in rows if text not in kept_apart and not held_out("sentence", text)]


def agents_words(data: Path, least: int = 3) -> list[str]:
    """What agents say often enough, customers may say."""
    path = data / "text" / "agents.txt.gz"
    if not path.is_file():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as told:
        counts = Counter(word for line in told for word in tokens(line))
    return sorted(word for word, count in counts.items() if count >= least)


def grammar_words() -> list[str]:
    """Every word of our own grammars, whichever side a sentence with it falls on."""
    found: set[str] = set()
    for named in vars(grammar).values():
        for text in strings(named):
            found.update(tokens(text.replace("{", " ").replace("}", " ")))
    found.update(
        word for text in (*SMALL, *TEENS, *GIVEN, *FAMILY, *PLACES, *phrases(), *phrases(True)) for word in tokens(text)
    )
    return sorted(found | {"oh", "double", "triple", "hundred", "thousand", "million", "mhm", "uhhuh", "hm"})


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for item in value for text in strings(item)] if isinstance(value, tuple | frozenset) else []
