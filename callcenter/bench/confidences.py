"""Conversations in which callers give numbers and addresses away, and such in which they only seem to.

Made for `bench redaction`, and of nothing that finds them: wordings, renderings and fillers stand here. Every word
knows whether it is part of a secret. Digits are said one by one, doubled, in pairs, in hundreds, or come in figures;
callers hesitate, correct themselves, spell, are interrupted, go on a turn later, or press keys; agents read back.
What only seems secret: order numbers, tracking numbers, amounts, dates, prices, postcodes, addresses, counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    secret: str = ""
    """card, ssn, phone or email, if it is part of one."""


@dataclass(slots=True)
class Turn:
    side: str
    """caller, agent, or keys."""
    parts: list[list[Said]]
    """Said with a pause after each."""


@dataclass(slots=True)
class Case:
    seed: int
    kinds: tuple[str, ...]
    """What is given away; empty for a conversation in which nothing is."""
    traits: tuple[str, ...]
    turns: list[Turn] = field(default_factory=list)


def listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DIGITS: Final = listed("zero one two three four five six seven eight nine")
TEENS: Final = listed("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
TENS: Final = ("", "", *listed("twenty thirty forty fifty sixty seventy eighty ninety"))
ALPHABET: Final = listed(
    """
    alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo
    sierra tango uniform victor whiskey xray yankee zulu
    """
)
EXAMPLES: Final = {
    "a": "apple", "b": "boy", "c": "cat", "d": "dog", "e": "edward", "f": "frank", "g": "george", "h": "henry",
    "i": "ida", "j": "john", "k": "king", "l": "larry", "m": "mary", "n": "nancy", "o": "ocean", "p": "peter",
    "q": "queen", "r": "robert", "s": "sam", "t": "tom", "u": "uncle", "v": "victor", "w": "william", "x": "x-ray",
    "y": "young", "z": "zebra",
}  # fmt: skip
SOUNDALIKES: Final = {"two": ("to", "too"), "four": ("for",), "eight": ("ate",)}

HELLO: Final = (
    "hi I'm calling about the washing machine I bought from you",
    "hello yes good morning I have a question about my bill",
    "hey there so the thing is the package never showed up",
    "good afternoon I'd like to move my appointment if that's possible",
    "hi um I think I was charged twice and I wanted to ask about that",
    "hello could you help me with a return please",
    "yes hi my internet has been down since this morning and I'm not happy",
    "I'm trying to get my sister set up with a new plan",
    "so I talked to one of your colleagues and he said somebody would help me with this",
)
BYE: Final = (
    "great thank you so much",
    "all right that's everything bye",
    "perfect thanks for your help today",
    "okay and how long will that take",
    "no that was all I needed have a nice day",
    "cool when will I hear back from you",
)
SMALL: Final = (
    "sure take your time",
    "of course one moment while I look at that",
    "thanks for waiting I see the problem now",
    "I understand that must be annoying",
    "no problem at all I can do that for you",
    "let me pull that up",
)
WAITS: Final = ("um", "uh", "let me see", "hold on", "hang on a second", "where was I", "okay", "and then", "er")
TAKES_BACK: Final = (
    "no sorry", "wait no", "sorry", "I mean", "no wait", "scratch that", "actually no", "oops that's wrong",
)  # fmt: skip
NODS: Final = ("mm-hmm", "okay", "go ahead", "got it", "yes", "uh-huh", "I'm listening", "right")
ENDS: Final = ("", "", "", "did you get that", "that's it", "please", "is that right", "I think", "okay")

ASKS: Final = {
    "card": (
        "could I have the number on the front of your card please",
        "what's the card number",
        "which credit card would you like to use",
        "please read me your card number slowly",
        "go ahead with the long number of your visa",
        "and how would you like to pay",
    ),
    "ssn": (
        "can you verify your social security number",
        "and your social please",
        "for verification I need your full social security number",
        "what is your tax id or social",
    ),
    "phone": (
        "what's the best number to reach you",
        "which phone number should we call",
        "and a phone number in case we get cut off",
        "can I get your cell please",
        "what is a good callback number",
    ),
    "email": (
        "what's your email",
        "which e-mail address should I send it to",
        "and the email on file please",
        "could you give me an email address for the confirmation",
        "can you spell your email for me",
    ),
}
LEADS: Final = {
    "card": (
        "yes it's", "sure", "okay so my card number is", "it is", "the visa is", "use my mastercard", "all right",
        "let me get my wallet okay", "yeah I want to put it on my credit card that's", "it's a debit card", "",
    ),
    "ssn": (
        "it's", "my social is", "sure", "yes that's", "okay my social security number is", "um it is", "",
        "the social is",
    ),
    "phone": (
        "it's", "my number is", "you can reach me at", "call me back on", "sure that's", "my cell is", "yeah it's", "",
        "try my husband's phone", "best is to text me at",
    ),
    "email": (
        "it's", "my email is", "sure", "send it to", "yes that's", "you can use", "the address is", "um it would be",
        "my e-mail address is",
    ),
}  # fmt: skip
UNASKED: Final = {
    "card": "I want to pay with my card the number is",
    "ssn": "and in case you need it my social is",
    "phone": "if you have to call me my phone number is",
    "email": "could you email it to me at",
}
READS: Final = (
    "so that's", "let me repeat that", "okay I have", "just to confirm", "thank you that was", "I've got",
    "reading that back",
)  # fmt: skip
FIRST: Final = listed(
    """
    sarah james maria peter linda kevin olivia ahmed julia robert emma daniel chloe frank nina oscar
    """
)
LAST: Final = listed("smith jones lopez miller baker carter wong patel fischer murphy rossi novak hughes klein")
DOMAINS: Final = (
    "gmail.com", "yahoo.com", "outlook.com", "example.com", "icloud.com", "brightfield.org", "acme-tools.com",
    "northwind.net", "hotmail.com", "oakridge.edu", "bluebird.co.uk", "mail.harbor.io", "aol.com",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------------- the secrets


def card(chance: Random) -> str:
    start, length = chance.choice(
        [("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15), ("6011", 16)]
    )
    body = start + "".join(str(chance.randrange(10)) for _ in range(length - len(start) - 1))
    if chance.random() < 0.3:
        at = chance.randrange(len(start), len(body) - 3)
        body = body[:at] + chance.choice("01578") * 2 + body[at + 2 :]
    odd = sum(int(d) for d in body[-2::-2])
    even = sum(sum(divmod(2 * int(d), 10)) for d in body[::-2])
    return body + str(-(odd + even) % 10)


def ssn(chance: Random) -> str:
    return f"{chance.randrange(1, 899):03d}{chance.randrange(1, 100):02d}{chance.randrange(1, 10_000):04d}"


def phone(chance: Random) -> str:
    area = chance.choice(["212", "415", "800", "617", "303", "702", "555", "916", "404", "650"])
    return f"{area}{chance.randrange(200, 999)}{chance.randrange(10_000):04d}"


SECRET: Final[dict[str, Callable[[Random], str]]] = {"card": card, "ssn": ssn, "phone": phone}
GROUPED: Final = {"card": ((4, 4, 4, 4), (4, 6, 5)), "ssn": ((3, 2, 4),), "phone": ((3, 3, 4), (3, 3, 2, 2))}


def in_groups(kind: str, digits: str, chance: Random) -> list[str]:
    sizes: Sequence[int] = chance.choice([s for s in GROUPED[kind] if sum(s) == len(digits)])
    if chance.random() < 0.2:
        sizes = [chance.choice([2, 3, 5])] * (len(digits) // 2)
    groups, at = [], 0
    for size in sizes:
        if at < len(digits):
            groups.append(digits[at : at + size])
            at += size
    if at < len(digits):
        groups.append(digits[at:])
    return groups


# ---------------------------------------------------------------------------------------------------------- renderings


def one_by_one(digits: str, chance: Random) -> list[str]:
    naught = chance.choice(["zero", "oh", "zero"])
    return [naught if d == "0" else DIGITS[int(d)] for d in digits]


def doubled(digits: str, chance: Random) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(digits):
        run = 1
        while at + run < len(digits) and digits[at + run] == digits[at] and run < 3:
            run += 1
        name = "oh" if digits[at] == "0" and chance.random() < 0.5 else DIGITS[int(digits[at])]
        out += [name] if run == 1 else [("double", "triple")[run - 2], name]
        at += run
    return out


def in_pairs(digits: str, chance: Random) -> list[str]:
    out: list[str] = []
    for at in range(0, len(digits), 2):
        pair = digits[at : at + 2]
        if len(pair) == 1 or pair[0] == "0":
            out += one_by_one(pair, chance)
        elif pair[0] == "1":
            out.append(TEENS[int(pair[1])])
        else:
            out += [TENS[int(pair[0])], *([DIGITS[int(pair[1])]] if pair[1] != "0" else [])]
    return out


def in_hundreds(digits: str, chance: Random) -> list[str]:
    if len(digits) == 3 and digits[1:] == "00" and digits[0] != "0":
        return [DIGITS[int(digits[0])], "hundred"]
    if len(digits) == 4 and digits[2:] == "00" and digits[0] > "1":
        return [*in_pairs(digits[:2], chance), "hundred"]
    return one_by_one(digits, chance)


def misheard(words: list[str], chance: Random) -> list[str]:
    """Now and then a recogniser writes what sounds the same, in the middle of a number."""
    return [
        chance.choice(SOUNDALIKES[w]) if w in SOUNDALIKES and 0 < i < len(words) - 1 and chance.random() < 0.15 else w
        for i, w in enumerate(words)
    ]


SPOKEN: Final = (one_by_one, one_by_one, doubled, doubled, in_pairs, in_hundreds)


def figures(kind: str, groups: Sequence[str], chance: Random) -> list[str]:
    style = chance.choice(["spaces", "dashes", "solid", "phone"])
    digits = "".join(groups)
    if style == "phone" and kind == "phone":
        written = chance.choice(["({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "+1 {} {} {}", "1-{}-{}-{}"])
        return written.format(digits[:3], digits[3:6], digits[6:]).split()
    if style == "dashes":
        return ["-".join(groups)]
    return list(groups) if style == "spaces" else [digits]


def spelled(text: str, chance: Random) -> list[str]:
    style = chance.choice(["plain", "plain", "alphabet", "as in", "capitals", "doubled"])
    out: list[str] = []
    for index, letter in enumerate(text):
        if letter.isdigit():
            out.append(DIGITS[int(letter)])
        elif not letter.isalpha():
            out.append({".": "dot", "_": "underscore", "-": "dash"}[letter])
        elif style == "alphabet":
            out.append(ALPHABET[ord(letter) - ord("a")])
        elif style == "as in" and chance.random() < 0.5:
            out += [letter, *chance.choice([["as", "in"], ["for"], ["as", "in"]]), EXAMPLES[letter]]
        elif style == "doubled" and index and text[index - 1] == letter and out[-1] == letter:
            out[-1:] = ["double", letter]
        else:
            out.append(letter.upper() if style == "capitals" else letter)
    return out


def local(chance: Random) -> str:
    first, last = chance.choice(FIRST), chance.choice(LAST)
    year = str(chance.choice([7, 42, 88, 1984, 2001, 23, 99]))
    return chance.choice(
        [
            f"{first}.{last}",
            f"{first[0]}.{last}",
            f"{first}{year}",
            f"{first}_{last}",
            f"{first}-{last}",
            f"{last}{year}",
            f"{first}{last}",
            f"{first[0]}{last}",
            f"{first}.{last}{year}",
        ]
    )


def said_local(text: str, chance: Random) -> list[str]:
    """ "j.smith42" as "j dot smith forty two"."""
    out: list[str] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and text[at].isalpha() and text[end].isalpha():
            end += 1
        while end < len(text) and text[at].isdigit() and text[end].isdigit():
            end += 1
        part = text[at:end]
        if part.isdigit():
            out += in_pairs(part, chance) if len(part) % 2 == 0 and chance.random() < 0.6 else one_by_one(part, chance)
        elif part.isalpha():
            out += _name(part)
        else:
            out.append({".": "dot", "_": "underscore", "-": chance.choice(["dash", "hyphen"])}[part])
        at = end
    return out


def _name(part: str) -> list[str]:
    """A first name and a last one that are written together are said as two words."""
    for first in FIRST:
        if part.startswith(first) and part[len(first) :] in LAST:
            return [first, part[len(first) :]]
    if part[1:] in LAST:
        return [part[0], part[1:]]
    return [part]


def said_domain(domain: str, chance: Random) -> list[str]:
    words = domain.replace("-", " dash ").replace(".", " dot ").split()
    if words[-1] == "com" and chance.random() < 0.1:
        return [*words[:-1], "c", "o", "m"]
    return words


# -------------------------------------------------------------------------------------------------------- conversations


def secret_turns(kind: str, chance: Random, traits: set[str]) -> list[Turn]:
    asked = chance.random() < 0.75
    opening = [Turn("agent", [plain(chance.choice(ASKS[kind]))])] if asked else []
    lead = chance.choice(LEADS[kind]) if asked else UNASKED[kind]
    if kind == "email":
        value, parts = email_parts(chance, traits)
        read = [*said_local(value.partition("@")[0], chance), "at", *said_domain(value.partition("@")[2], chance)]
    else:
        value = SECRET[kind](chance)
        if asked and kind != "email" and chance.random() < 0.12:
            traits.add("keys")
            ending = "#" if chance.random() < 0.5 else ""
            ask = Turn("agent", [plain(f"{chance.choice(ASKS[kind])} you may type it on your phone")])
            return [ask, Turn("keys", [[Said(value + ending, kind)]])]
        parts = number_parts(kind, value, chance, traits)
        read = chance.choice(SPOKEN)(value, chance)
    turns = [*opening, *caller_turns(lead, parts, kind, chance, traits)]
    if chance.random() < 0.35:
        traits.add("read back")
        turns.append(
            Turn("agent", [[*plain(chance.choice(READS)), *(Said(word, kind) for word in read), *plain("correct")]])
        )
        turns.append(Turn("caller", [plain(chance.choice(["yes", "exactly", "that's right", "yep that's correct"]))]))
    return turns


def number_parts(kind: str, value: str, chance: Random, traits: set[str]) -> list[list[Said]]:
    groups = in_groups(kind, value, chance)
    if chance.random() < 0.2:
        traits.add("figures")
        return [[Said(word, kind) for word in figures(kind, groups, chance)]]
    render = chance.choice(SPOKEN)
    parts = [[Said(word, kind) for word in misheard(render(group, chance), chance)] for group in groups]
    if kind == "phone" and chance.random() < 0.1:
        parts[0] = [Said("one", kind), *parts[0]]
    if chance.random() < 0.25:
        traits.add("corrected")
        at = chance.randrange(len(parts))
        wrong = "".join(str((int(d) + chance.choice([0, 0, 1, 3])) % 10) for d in groups[at])
        slip = [Said(word, kind) for word in render(wrong, chance)]
        parts[at] = [*slip, *plain(chance.choice(TAKES_BACK)), *parts[at]]
    return parts


def email_parts(chance: Random, traits: set[str]) -> tuple[str, list[list[Said]]]:
    name, domain = local(chance), chance.choice(DOMAINS)
    value = f"{name}@{domain}"
    if chance.random() < 0.15:
        traits.add("figures")
        return value, [[Said(value, "email")]]
    if chance.random() < 0.35:
        traits.add("spelled")
        words = spelled(name, chance)
    else:
        words = said_local(name, chance)
    front = [Said(word, "email") for word in words]
    if chance.random() < 0.2:
        traits.add("corrected")
        slip = [Said(word, "email") for word in said_local(local(chance), chance)]
        front = [*slip, *plain(chance.choice(TAKES_BACK)), *front]
    back = [Said(word, "email") for word in ("at", *said_domain(domain, chance))]
    return value, [front, back]


def caller_turns(lead: str, parts: list[list[Said]], kind: str, chance: Random, traits: set[str]) -> list[Turn]:
    turns = [Turn("caller", [plain(lead)] if lead else [])]
    split = chance.random() < 0.3 and len(parts) > 1
    hesitates = chance.random() < 0.35
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if hesitates and index and chance.random() < 0.5:
            traits.add("hesitating")
            part = [*plain(chance.choice(WAITS)), *part]
        turns[-1].parts.append(part)
        if split and not last:
            traits.add("split")
            turns += [Turn("agent", [plain(chance.choice(NODS))]), Turn("caller", [])]
    if end := chance.choice(ENDS):
        turns[-1].parts.append(plain(end))
    return turns


def plain(text: str) -> list[Said]:
    return [Said(word) for word in text.split()]


def harmless(chance: Random) -> list[Turn]:
    """Numbers that are nobody's."""
    digits = "".join(str(chance.randrange(10)) for _ in range(12))
    order, long = digits[: chance.choice([4, 5, 6, 7, 8, 10])], digits
    render = chance.choice(SPOKEN)
    cents = chance.randrange(10, 100)
    month = chance.choice(listed("january march april june july september october december"))
    return chance.choice(
        [
            _talk("what's your order number", "it's order", render(order, chance)),
            _talk("", "the order number is", [order]),
            _talk("do you have the confirmation number", "yes the confirmation number is", render(order, chance)),
            _talk("which tracking number do you mean", "the tracking number says", render(long, chance)),
            _talk("", "my invoice is number", [f"{order[:4]}-{order[4:6]}" if len(order) > 5 else order]),
            _talk("how much was it", "it was", [*in_pairs(str(cents), chance), "dollars", "and", "nine", "cents"]),
            _talk("", "I was charged", [f"${cents}.{chance.randrange(10, 99)}", "twice"]),
            _talk("what is your zip code", "the zip is", one_by_one(digits[:5], chance)),
            _talk("", "I live in", ["zip", "code", digits[:5]]),
            _talk(
                "when was that",
                f"on {month}",
                [*in_pairs(str(chance.randrange(20, 29)), chance), "twenty", "twenty", "six"],
            ),
            _talk("", "I booked it for", [f"{chance.randrange(1, 12)}/{chance.randrange(1, 28)}/2026"]),
            _talk("what's your date of birth", f"{month}", [*in_pairs("12", chance), "nineteen", "eighty", "four"]),
            _talk(
                "and your address", "I live at", [*in_pairs(digits[:4], chance), "maple", "street", "apartment", "five"]
            ),
            _talk("how many do you need", "I need", ["two", "boxes", "and", "three", "of", "the", "small", "ones"]),
            _talk("when would suit you", "between", ["nine", "thirty", "and", "eleven", "am", "on", "the", "second"]),
            _talk(
                "", "the price went from", ["forty", "nine", "ninety", "nine", "to", "fifty", "nine", "ninety", "nine"]
            ),
            _talk("", "my account number is", one_by_one(digits[:8], chance)),
            _talk("", "I waited at home all day at the front door and", ["nobody", "came", "at", "two", "or", "three"]),
            _talk("what does the model plate say", "model", ["x", "r", *one_by_one(digits[:4], chance)]),
            _talk("", "your website dot com thing said", ["error", "four", "oh", "four"]),
            _talk("", "we are a party of five and one of us is", ["seventy", "two", "years", "old"]),
        ]
    )


def _talk(asked: str, lead: str, words: list[str]) -> list[Turn]:
    turns = [Turn("agent", [plain(asked)])] if asked else []
    return [*turns, Turn("caller", [plain(lead), plain(" ".join(words))])]


def case(seed: int, *, secret: bool = True) -> Case:
    chance = Random(f"confidences {seed} {secret}")
    traits: set[str] = set()
    kinds = [chance.choice(("card", "ssn", "phone", "email"))] if secret else []
    if secret and chance.random() < 0.25:
        kinds.append(chance.choice([kind for kind in ("card", "ssn", "phone", "email") if kind not in kinds]))
    turns = [Turn("caller", [plain(chance.choice(HELLO))])]
    for kind in kinds:
        if chance.random() < 0.4:
            turns += harmless(chance)
        if chance.random() < 0.6:
            turns.append(Turn("agent", [plain(chance.choice(SMALL))]))
        turns += secret_turns(kind, chance, traits)
    for _ in range(0 if secret else chance.randrange(2, 5)):
        turns += [*harmless(chance), Turn("agent", [plain(chance.choice(SMALL))])]
    turns.append(Turn("caller", [plain(chance.choice(BYE))]))
    return Case(seed, tuple(kinds), tuple(sorted(traits)), turns)
