"""What customers say: requests, numbers, names, dates, sums, spelled words, stories, and the small words around them.

Sentences come from small grammars of our own, or from a file of things real customers said. A pause in mid-sentence
always stands where the sentence cannot be over: after a word that needs another one, or between groups of digits.
Everything is drawn from the `Random` that is handed in.
"""

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from callcenter.callers.heldout import held_out
from callcenter.callers.takes import Chunk, Wording, plain

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth", "twenty first", "twenty second", "twenty third", "twenty fourth", "twenty fifth", "thirtieth",
)  # fmt: skip
NAMES = (
    "anna", "ben", "carla", "david", "emma", "frank", "grace", "henry", "irene", "jack", "karen", "leo", "maria",
    "nora", "oscar", "paula", "quentin", "rosa", "sam", "teresa", "ursula", "victor", "wendy", "xavier", "yvonne",
)  # fmt: skip
SURNAMES = (
    "adams", "baker", "carter", "dawson", "ellis", "fischer", "garcia", "hughes", "ivanov", "jensen", "keller",
    "lopez", "miller", "novak", "olsen", "parker", "quinn", "rossi", "schmidt", "turner", "unger", "vance", "walker",
    "young", "zimmer",
)  # fmt: skip
STREETS = ("maple street", "station road", "high street", "oak lane", "mill road", "park avenue", "harbour view")
THINGS = (
    "a washing machine", "a pair of boots", "a phone", "a laptop", "a coffee machine", "two chairs", "a bookshelf",
    "a winter coat", "a vacuum cleaner", "a set of tyres", "a garden table", "a printer",
)  # fmt: skip
PLACES = ("the main office", "your shop in town", "the branch near the station", "my house", "my work address")
GREETINGS = ("hi,", "hello,", "good morning,", "yes hello,", "hi there,", "good afternoon,", "yes, um,", "hello, so,")

HUMS = ("mm-hmm.", "okay.", "right.", "yeah.", "uh-huh.", "sure.", "i see.", "got it.", "mhm.", "yes.")
HELLOS = ("hello?", "hello, are you there?", "are you still there?", "hello, can you hear me?")
FAREWELLS = (
    "no, that's all, thank you, bye.",
    "that was everything, thanks a lot, goodbye.",
    "great, thanks for your help, bye bye.",
    "okay, thank you very much, goodbye.",
    "no, nothing else, have a nice day, bye.",
)
HOLDS = (
    "hold on a second please.",
    "one moment, let me get the letter.",
    "just a second, i have to find my glasses.",
    "wait a moment please, there is somebody at the door.",
    "hang on, let me look that up.",
    "can you hold on for a moment?",
)
BACKS = (
    "okay, i'm back,",
    "sorry about that,",
    "right, here i am again,",
    "okay, i have it now,",
    "thanks for waiting,",
)
PERSONS = (
    "can i speak to a person please?",
    "i'd like to talk to a human being.",
    "could you put me through to somebody?",
    "i want to speak to an agent, please.",
    "is there anybody i can talk to?",
)
ASIDES = (
    "no, not now sweetheart, i'm on the phone.",
    "can you turn that down please?",
    "put it on the kitchen table.",
    "just leave it there, thanks.",
    "i'll be with you in a minute, okay?",
    "no, the other one, in the drawer.",
    "can you close the door?",
    "it's the company about the bill.",
    "ask your father, i'm busy.",
    "yes, two sugars please.",
    "mind the cat, she wants to go out.",
    "where did you put my keys?",
)
TELEVISION = (
    "and now the weather for tomorrow, with rain in the north and sunshine in the south.",
    "the match ended three to one after a late goal in the second half.",
    "call within the next ten minutes and get the second one for free.",
    "officials said the bridge would be closed for another two weeks.",
    "i never told him about the letter, and i never will.",
    "and that brings us to our final question of the evening.",
    "prices rose again last month, although more slowly than expected.",
    "mix the flour and the butter until it looks like sand.",
    "you have to believe me, i was at home that night.",
    "traffic is heavy on the ring road this afternoon.",
)
STOPS = (
    "no wait, stop, that's not what i meant.",
    "sorry, can i stop you there for a second?",
    "hang on, i think you have the wrong account.",
    "excuse me, could you just tell me the price?",
    "no no, that's the old address.",
    "wait, wait, how much did you say?",
    "actually, can we do the other thing first?",
    "i know that already, i just want to know when it comes.",
    "sorry, i don't need that, i need the form.",
    "no, that's wrong, it was in {month}.",
    "stop, please, i said {day}, not {other}.",
    "let me just say something, i already paid that bill.",
    "okay but what about the {ordinal}?",
    "can i ask you something else?",
)
MINDS = (
    "actually, forget that, i'd rather {want}.",
    "you know what, let's not do that, i want to {want} instead.",
    "sorry, i've changed my mind, can i {want}?",
)
WANTS = (
    "pay my bill", "check on my order", "change my address", "cancel my subscription", "book an appointment for {day}",
    "move my appointment to {day}", "report a fault on my line", "get a refund for {thing}", "open a new account",
    "know my balance", "upgrade my contract", "send {thing} back", "order a new card", "speak about an invoice",
    "have a technician come on {day}", "change my phone number", "add my partner to the account",
    "know when {thing} will be delivered", "renew my insurance", "register a complaint about {thing}",
)  # fmt: skip
REQUESTS = (
    "{greeting} i'd like to {want}.",
    "{greeting} i'm calling because i want to {want}.",
    "{greeting} my name is {name} and i need to {want}.",
    "{greeting} could you help me to {want}?",
    "{greeting} i was wondering if i could {want}.",
    "{greeting} this is {name}, i have to {want} please.",
    "i want to {want}.",
    "can i {want} please?",
    "i need to {want} before {day}.",
)
REPLIES = (
    "yes, that's right.",
    "no, it was on the {ordinal} of {month}.",
    "{day} would be fine for me.",
    "it's {name}.",
    "that would be {sum}.",
    "i think it was about {sum}.",
    "yes please.",
    "no, i don't think so.",
    "around {hour} in the morning if possible.",
    "i live at {house} {street}.",
    "i bought it at {place} in {month}.",
    "oh okay, and how long will that take?",
    "and what does that cost?",
    "is there a form for that?",
    "sure, go ahead.",
    "well, it still doesn't work.",
    "could you send me a letter about it?",
    "the last time was in {month}, i believe.",
    "it should be under {name}.",
    "what do i have to do then?",
    "could you say the date again please?",
    "and is that the same for my second account?",
)
HALTING = (
    "i'd like to | change the address on my account.",
    "the reason i'm calling is, um | that i never got my invoice.",
    "i wanted to ask about the | the payment from last {month}.",
    "it was on the | {ordinal} of {month}.",
    "my last name is, uh | {surname}.",
    "i'd like to book an appointment for | {day} at {hour}.",
    "i think i paid about | {sum}.",
    "can you send it to | {house} {street}?",
    "well the thing is that the | the box was already open when it came.",
    "i ordered {thing} and | i never got it.",
    "i have to cancel because my | my daughter is ill.",
    "the one i bought in {month} was the | the small one with the red handle.",
    "i'd like to know if | if you could send somebody on {day}.",
    "it's for my wife, her name is | {name}.",
    "i don't remember but it was either the | {ordinal} or the {other_ordinal}.",
    "so i would need | two of those and one of the others.",
)
NUMBERS = (
    "my account number is",
    "the order number is",
    "yes, it's",
    "my phone number is",
    "the reference is",
    "sure, that would be",
)
CORRECTIONS = (
    "it's on the {ordinal}, no, sorry | on the {other_ordinal} of {month}.",
    "the total was {sum}, i mean | {other_sum}.",
    "my number ends in {three}, no wait | {other_three}.",
    "i'd like to come on {day}, or rather | on {other}.",
)
ADDRESSES = (
    "my address is | {house} {street} in | {town} and the postcode is | {three}.",
    "it goes to | number {house} | {street} in {town}.",
    "that's {house} {street} and | the town is | {town}.",
)
TOWNS = ("springfield", "riverside", "oakwood", "newport", "fairview", "milton", "ashford", "kingston")

STORIES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("so last {day} i ordered {thing} from your website,", "well, about two weeks ago i bought {thing} online,"),
        ("and it was supposed to arrive on the {ordinal},", "and they told me it would come on {other},"),
        ("but when i came home there was nothing at the door,", "but nothing happened for several days,"),
        ("so i called and a man told me to wait a little longer,", "so i wrote an email and nobody ever answered,"),
        (
            "and then on {other} i got a message that it was delivered,",
            "and then i was sent a tracking number,",
        ),
        ("which cannot be true because i was at home all day,", "but the page only says that it does not exist,"),
        ("and my neighbours have not seen anything either,", "and i have asked everybody in the building,"),
        ("and now i would like to know where it is.", "so i just want my money back."),
    ),
    (
        ("the thing is that my internet has been going on and off,", "so we have had this problem with the line,"),
        ("it started about a week ago after the storm,", "it began on {day} in the middle of the night,"),
        ("and at first i thought it was my own router,", "and my son said it might be the cable,"),
        ("so i switched it off and on a couple of times,", "so we bought a new one for {sum},"),
        ("and that helped for an hour or so,", "and it worked until the next morning,"),
        ("but then it was gone again in the middle of a meeting,", "but then the light turned red again,"),
        ("and i really need it because i work from home,", "and my children cannot do their homework,"),
        ("so i was hoping that you could send somebody.", "so please tell me what else i can do."),
    ),
    (
        ("i got this letter from you this morning,", "there is something strange on my last bill,"),
        ("and it says that i owe you {sum},", "where you have charged me {sum} for something,"),
        ("but i am quite sure that i paid that in {month},", "although i never ordered anything like that,"),
        ("because i remember going to the bank with my wife,", "because i only have the small contract,"),
        ("and i even have the receipt here in front of me,", "and i checked it with the one from {month},"),
        ("it says {sum} on the {ordinal},", "which was {other_sum} as always,"),
        ("and then last week there was another letter,", "and my bank also says that there were two payments,"),
        ("and so i would like you to check that.", "so could you find out what happened there?"),
    ),
    (
        ("i wanted to tell you about my appointment on {day},", "so i was at {place} last {day},"),
        ("i came in at {hour} as we had agreed,", "because i had an appointment at {hour},"),
        ("but there was nobody at the desk,", "and when i got there the door was closed,"),
        ("so i sat down and waited for more than an hour,", "so i stood outside in the rain with my daughter,"),
        ("and then a lady came and told me it was the wrong day,", "until a colleague of yours came out,"),
        ("which is not what the message said,", "and said that there was no one there on {other},"),
        ("and i had taken a day off for that,", "and i had come all the way from {town},"),
        ("so i would like to have a new one, on a {day} if possible.", "so what are we going to do about that?"),
    ),
)

NEEDY = frozenset({
    "the", "a", "an", "to", "of", "for", "and", "but", "because", "is", "my", "your", "with", "at", "in", "on", "from",
    "that", "if", "or", "i", "was", "are", "would", "could", "can", "will", "i'd", "i'm", "about",
})  # fmt: skip
"""A sentence cannot end with one of these."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Texts on one side of what is held out. `customers` are lines of real customers, perhaps none."""

    chance: Random
    evaluation: bool = True
    customers: Sequence[str] = ()

    def request(self) -> Wording:
        return self._customer() or self._kept(lambda: plain(filled(self.chance, self.chance.choice(REQUESTS))))

    def reply(self) -> Wording:
        return self._customer() or self._kept(lambda: plain(filled(self.chance, self.chance.choice(REPLIES))))

    def halting(self) -> Wording:
        """A sentence with a pause inside it."""
        text = self._customer_text(5)
        halted = halt(self.chance, text) if text else None
        return halted or self._kept(lambda: paused(self.chance, filled(self.chance, self.chance.choice(HALTING))))

    def correction(self) -> Wording:
        return self._kept(lambda: paused(self.chance, filled(self.chance, self.chance.choice(CORRECTIONS))))

    def address(self) -> Wording:
        return self._kept(lambda: paused(self.chance, filled(self.chance, self.chance.choice(ADDRESSES)), (0.7, 1.9)))

    def number(self) -> Wording:
        return self._kept(self._number)

    def spelled(self) -> Wording:
        return self._kept(self._spelled)

    def story(self, phrases: int = 6) -> Wording:
        return self._kept(lambda: self._story(phrases))

    def stop(self) -> Wording:
        return self._kept(lambda: plain(filled(self.chance, self.chance.choice(STOPS))))

    def mind(self) -> Wording:
        return self._kept(lambda: plain(filled(self.chance, self.chance.choice(MINDS))))

    def one_of(self, texts: Sequence[str]) -> Wording:
        """Small words are the same on both sides: there are not enough of them."""
        return plain(self.chance.choice(texts))

    # ------------------------------------------------------------------------------------------------------- inside

    def _kept(self, draw: Callable[[], Wording]) -> Wording:
        """The first that falls on this side; after many tries whatever comes."""
        for _ in range(200):
            wording = draw()
            if held_out("sentence", wording.text) == self.evaluation:
                break
        return wording

    def _customer(self) -> Wording | None:
        text = self._customer_text(3)
        return plain(text) if text else None

    def _customer_text(self, least: int) -> str:
        if not self.customers or self.chance.random() < 0.3:
            return ""
        for _ in range(20):
            text = self.chance.choice(self.customers)
            if least <= len(text.split()) <= 18:
                return text
        return ""

    def _number(self) -> Wording:
        groups = [" ".join(self.chance.choices(DIGITS, k=size)) for size in self._groups()]
        lead = self.chance.choice(NUMBERS)
        pauses = [self.chance.uniform(0.5, 0.8) for _ in groups[1:]]
        chunks = [Chunk(f"{group},", pause) for group, pause in zip(groups, pauses, strict=False)]
        first = [Chunk(lead, self.chance.uniform(0.4, 1.0))] if self.chance.random() < 0.3 else []
        if not first:
            chunks[0] = Chunk(f"{lead} {chunks[0].text}", chunks[0].pause)
        return Wording((*first, *chunks, Chunk(f"{groups[-1]}.")))

    def _groups(self) -> tuple[int, ...]:
        return self.chance.choice(((3, 3, 4), (3, 3), (2, 2, 2, 2), (4, 4), (3, 2, 2), (3, 3, 3), (4, 3, 2)))

    def _spelled(self) -> Wording:
        name = self.chance.choice(SURNAMES)
        middle = max(2, len(name) // 2)
        lead = self.chance.choice(("it's spelled", "that's", "my last name is spelled", "i'll spell it,"))
        halves = (" ".join(name[:middle]), " ".join(name[middle:]))
        return Wording((Chunk(f"{lead} {halves[0]},", self.chance.uniform(0.45, 0.8)), Chunk(f"{halves[1]}.")))

    def _story(self, phrases: int) -> Wording:
        plot = self.chance.choice(STORIES)
        inner = sorted(self.chance.sample(range(1, len(plot) - 1), min(phrases, len(plot)) - 2))
        texts = [filled(self.chance, self.chance.choice(plot[i])) for i in (0, *inner, len(plot) - 1)]
        chunks = [Chunk(text, self.chance.uniform(0.3, 0.75), phrase=True) for text in texts[:-1]]
        return Wording((*chunks, Chunk(texts[-1])))


def filled(chance: Random, template: str) -> str:
    """A template with its blanks drawn."""
    fills: dict[str, Callable[[], str]] = {
        "greeting": lambda: chance.choice(GREETINGS),
        "want": lambda: filled(chance, chance.choice(WANTS)),
        "name": lambda: f"{chance.choice(NAMES)} {chance.choice(SURNAMES)}",
        "surname": lambda: chance.choice(SURNAMES),
        "day": lambda: chance.choice(DAYS),
        "other": lambda: chance.choice(DAYS),
        "month": lambda: chance.choice(MONTHS),
        "ordinal": lambda: chance.choice(ORDINALS),
        "other_ordinal": lambda: chance.choice(ORDINALS),
        "thing": lambda: chance.choice(THINGS),
        "place": lambda: chance.choice(PLACES),
        "street": lambda: chance.choice(STREETS),
        "town": lambda: chance.choice(TOWNS),
        "house": lambda: number(chance, 2),
        "three": lambda: " ".join(chance.choices(DIGITS, k=3)),
        "other_three": lambda: " ".join(chance.choices(DIGITS, k=3)),
        "sum": lambda: amount(chance),
        "other_sum": lambda: amount(chance),
        "hour": lambda: chance.choice(("eight", "nine", "half past nine", "ten", "ten thirty", "eleven")),
    }
    return re.sub(r"\{(\w+)\}", lambda blank: fills[blank[1]](), template)


def number(chance: Random, most: int) -> str:
    value = chance.randint(1, 10**most - 1)
    if value < 10:
        return DIGITS[value]
    tens, ones = divmod(value, 10)
    if tens == 1:
        return f"{DIGITS[ones]}teen" if ones in (4, 6, 7, 9) else "fifteen"
    return f"{TENS[tens - 2]} {DIGITS[ones]}" if ones else TENS[tens - 2]


def amount(chance: Random) -> str:
    hundreds = f"{chance.choice(DIGITS[1:])} hundred and " if chance.random() < 0.4 else ""
    cents = f" and {number(chance, 2)} cents" if chance.random() < 0.5 else ""
    return f"{hundreds}{number(chance, 2)} {chance.choice(('dollars', 'euros', 'pounds'))}{cents}"


def paused(chance: Random, text: str, between: tuple[float, float] = (0.45, 1.6)) -> Wording:
    """Every bar in the text is a pause."""
    parts = [part.strip() for part in text.split("|")]
    chunks = [Chunk(part, chance.uniform(*between)) for part in parts[:-1]]
    return Wording((*chunks, Chunk(parts[-1])))


def halt(chance: Random, text: str) -> Wording | None:
    """A sentence halted after a word that needs another, or None where it has no such word."""
    words = text.split()
    places = [i for i in range(2, len(words) - 1) if words[i - 1] in NEEDY]
    if not places:
        return None
    place = chance.choice(places)
    filler = chance.choice(("", "", ", um", ", uh"))
    return paused(chance, f"{' '.join(words[:place])}{filler} | {' '.join(words[place:])}")


SPEAKABLE = re.compile(r"[a-z][a-z ,.?!'-]*")


def customers(data: Path, evaluation: bool) -> tuple[str, ...]:
    """The lines of real customers in a data folder that are on one side; none where there is no such file."""
    path = data / "text" / "callers.txt.gz"
    if not path.is_file():
        return ()
    with gzip.open(path, "rt", encoding="utf-8") as told:
        lines = [line.strip() for line in told]
    fit = (line for line in lines if SPEAKABLE.fullmatch(line) and held_out("sentence", line) == evaluation)
    return tuple(one_sentence(whole_words(line)) for line in fit)


COUNTED = frozenset((*DIGITS, *TEENS, *TENS, "o'clock"))


def whole_words(text: str) -> str:
    """Whoever wrote the numbers in words took every "am" for a time of day: "i a m here"."""
    return re.sub(r"(\S+ )?\ba m\b", lambda m: m[0] if (m[1] or "").strip(" ,") in COUNTED else f"{m[1] or ''}am", text)


def one_sentence(text: str) -> str:
    """Sentences run together: after the end of one nobody could know that another follows."""
    return re.sub(r"[.?!]+(?= )", ",", text)
