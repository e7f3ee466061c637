"""What was said for a detail: tables of words and values."""

import pytest

from callcenter.background.grammar import Day, Parse, Wanted, parse, words
from callcenter.background.grammar.answers import has_marker, yes_no
from callcenter.background.grammar.days import day, say_day, say_time
from callcenter.background.grammar.figures import runs
from callcenter.background.grammar.letters import pieces
from callcenter.background.grammar.words import distance, likeness, plain

TODAY = Day(2026, 11, 24)
"""A Tuesday."""

ORDERS = (
    {"order": "4217", "items": "1 office chair", "due": "2026-11-27", "total": "189.00 USD"},
    {"order": "4218", "items": "1 desk lamp and 3 picture frames", "due": "2026-12-01", "total": "72.40 USD"},
)
SLOTS = tuple({"starts": f"2026-11-26T{time}", "time": time} for time in ("09:00", "10:30", "14:00", "15:30"))


def value(grammar, said, asked=True, **more):
    found = parse(Wanted(grammar, **more), words(said), TODAY, asked)
    return found.value if found and found.whole else None


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("four two one seven", "4217"),
        ("forty two seventeen", "4217"),
        ("four twenty one seven", "4217"),
        ("double four two one", "4421"),
        ("triple five two", "5552"),
        ("four oh one nought", "4010"),
        ("four thousand two hundred and seventeen", "4217"),
        ("four thousand and five", "4005"),
        ("it's four two, um, one seven", "4217"),
        ("forty two and then seventeen", "4217"),
        ("four to one for", "4214"),
        ("42-17", "4217"),
        ("order number 4217 please", "4217"),
        ("four two one seven no sorry four two one eight", "4218"),
        ("four two one three I mean seven four two one", "7421"),
    ],
)
def test_digits_are_heard_however_they_are_grouped(said, digits):
    assert value("digits", said, length=(4,)) == digits


@pytest.mark.parametrize("said", ["four two one", "seven", "forty two one"])
def test_too_few_digits_are_a_part(said):
    assert parse(Wanted("digits", (4,)), words(said), TODAY, True).whole is False


@pytest.mark.parametrize("said", ["four two one seven three", "I have no idea", "for you to say", ""])
def test_what_is_no_number_of_that_length_is_none(said):
    assert value("digits", said, length=(4,)) is None


def test_digits_grow_word_by_word_and_are_never_wrong_on_the_way():
    said = words("it's four two one seven thanks")
    grown = [parse(Wanted("digits", (4,)), said[:end], TODAY, True) for end in range(len(said) + 1)]
    assert grown == [None, None, *(Parse(part, False) for part in ("4", "42", "421")), Parse("4217"), Parse("4217")]


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("forty two dollars and fifty cents", "42.50"),
        ("forty two fifty", "42.50"),
        ("forty two oh five", "42.05"),
        ("$42.50", "42.50"),
        ("twenty bucks", "20.00"),
        ("a hundred dollars", "100.00"),
        ("one hundred and twenty dollars", "120.00"),
        ("sixty", "60.00"),
        ("ninety nine cents", "0.99"),
        ("no make that thirty dollars", "30.00"),
        ("1,250.00", "1250.00"),
    ],
)
def test_an_amount_is_heard(said, amount):
    assert value("amount", said) == amount


def test_a_bare_number_is_no_amount_unless_one_was_asked_for():
    assert value("amount", "order twenty", asked=False) is None
    assert value("amount", "pay twenty dollars of it", asked=False) == "20.00"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("today", "2026-11-24"),
        ("tomorrow", "2026-11-25"),
        ("the day after tomorrow", "2026-11-26"),
        ("friday", "2026-11-27"),
        ("this friday", "2026-11-27"),
        ("next friday", "2026-12-04"),
        ("friday next week", "2026-12-04"),
        ("on tuesday", "2026-12-01"),
        ("november twenty seventh", "2026-11-27"),
        ("the twenty seventh of november", "2026-11-27"),
        ("november twenty seven", "2026-11-27"),
        ("the third", "2026-12-03"),
        ("friday the twenty seventh", "2026-11-27"),
        ("january fifth", "2027-01-05"),
        ("in two weeks", "2026-12-08"),
        ("in three days", "2026-11-27"),
        ("11/27", "2026-11-27"),
        ("thursday no wait friday", "2026-11-27"),
        ("not thursday but friday", "2026-11-27"),
        ("friday is no good how about monday", "2026-11-30"),
        ("from friday to monday", "2026-11-30"),
        ("i can't come on friday", None),
        ("february thirtieth", None),
        ("may i ask something", None),
        ("whenever", None),
    ],
)
def test_a_day_is_heard(said, wanted):
    assert value("date", said) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("march third nineteen eighty five", "1985-03-03"),
        ("third of march 1985", "1985-03-03"),
        ("3/3/85", "1985-03-03"),
        ("june twelfth two thousand and one", "2001-06-12"),
        ("the twelfth of june two thousand one", "2001-06-12"),
        ("july fourth nineteen ninety", "1990-07-04"),
        ("july fourth ninety ninety", "1990-07-04"),
        ("september eighth ninety ninety five", "1995-09-08"),
        ("september eighth ninety five", "1995-09-08"),
        ("march third", None),
        ("march third nineteen", None),
    ],
)
def test_a_date_of_birth_has_a_year(said, wanted):
    assert value("birth_date", said) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("two thirty", "14:30"),
        ("half past two", "14:30"),
        ("quarter to three", "14:45"),
        ("quarter past nine", "09:15"),
        ("ten to twelve", "11:50"),
        ("two pm", "14:00"),
        ("two p.m.", "14:00"),
        ("eight in the evening", "20:00"),
        ("ten in the morning", "10:00"),
        ("ten o'clock", "10:00"),
        ("at noon", "12:00"),
        ("nine oh five", "09:05"),
        ("14:30", "14:30"),
        ("three", "15:00"),
        ("november twenty seventh at ten thirty", "10:30"),
        ("never", None),
    ],
)
def test_a_time_is_heard(said, wanted):
    assert value("time", said) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("maria lopez", "Maria Lopez"),
        ("my name is maria lopez", "Maria Lopez"),
        ("maria lopes that's l o p e z", "Maria Lopez"),
        ("jon smith j o n", "Jon Smith"),
        ("maria m a r i a lopez l o p e z", "Maria Lopez"),
        ("hannah fischer f i s c h e r", "Hannah Fischer"),
        ("lopez first name maria", "Maria Lopez"),
        ("first name maria last name lopez", "Maria Lopez"),
        ("it is not to raj and n a t r a g n first name priya", "Priya Raj Natragn"),
        ("yeah sure it's peter o'brien", "Peter O'Brien"),
        ("anne marie smith", "Anne Marie Smith"),
        ("lan nguyen n g u y e n please", "Lan Nguyen"),
        ("john s as in sam m i t h", "John Smith"),
        ("sierra mike india tango hotel first name john", "John Smith"),
        ("bill b i double l jones", "Bill Jones"),
        ("why do you need that", None),
        ("where is my order", None),
        ("nineteen seventy five", None),
        ("the second", None),
        ("um", None),
    ],
)
def test_a_name_is_heard_or_spelled(said, wanted):
    assert value("name", said) == wanted


def test_one_word_is_part_of_a_name():
    assert parse(Wanted("name"), words("it's maria"), TODAY, True) == Parse("Maria", False)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("hi this is maria lopez where is my order", "Maria Lopez"),
        ("i'm john kim and i want to cancel", "John Kim"),
        ("this is about my order", None),
        ("i'm calling about a bill", None),
        ("it's the blue one", None),
    ],
)
def test_a_name_is_taken_by_the_way_only_after_a_cue(said, wanted):
    assert value("name", said, asked=False) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("maria dot lopez at example dot com", "maria.lopez@example.com"),
        ("m a r i a underscore l at gmail dot com", "maria_l@gmail.com"),
        ("it's jk forty two at mail dot example dot org", "jk42@mail.example.org"),
        ("maria m a r i a dot lopez at example dot com", "maria.lopez@example.com"),
        ("all lower case sam dash one at example dot co dot uk", "sam-1@example.co.uk"),
        ("maria@example.com", "maria@example.com"),
        ("maria at", None),
        ("i don't have one", None),
    ],
)
def test_an_email_is_heard_or_spelled(said, wanted):
    assert value("email", said) == wanted


@pytest.mark.parametrize(
    ("grammar", "said", "wanted"),
    [
        ("postcode", "six oh six one four", "60614"),
        ("postcode", "it's six oh [six] one four", "60614"),
        ("postcode", "s w one a one a a", "SW1A1AA"),
        ("postcode", "six oh six", None),
        ("postcode", "nine seven two zero four oh", "97204"),
        ("postcode", "nine seven two oh four four", None),
        ("phone", "five one eight five five five oh one double nine", "5185550199"),
        ("phone", "one five one eight five five five oh one nine nine", "5185550199"),
        ("phone", "five one eight", None),
        ("address", "twelve oak street", "12 Oak Street"),
        ("address", "it's four fifty two maple avenue", "452 Maple Avenue"),
        ("address", "no it's fifteen willow lane", "15 Willow Lane"),
        ("address", "oak street", None),
        ("city", "it's in new orleans", "New Orleans"),
        ("city", "troy please", "Troy"),
        ("city", "two rivers", "Two Rivers"),
        ("city", "two", None),
        ("city", "to i", None),
        ("number", "about twenty five of them", 25),
        ("text", "the second cushion never came", "the second cushion never came"),
    ],
)
def test_other_details_are_heard(grammar, said, wanted):
    assert value(grammar, said) == wanted


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("yes please", True),
        ("yeah go ahead", True),
        ("mm hmm", True),
        ("no problem go ahead", True),
        ("why not", True),
        ("that's right", True),
        ("no that's wrong", False),
        ("i don't think so", False),
        ("yeah but not that", False),
        ("not right now", False),
        ("never mind", False),
        ("what was the price", None),
        ("four two one seven", None),
    ],
)
def test_yes_and_no_are_told_apart(said, answer):
    assert yes_no(words(said)) is answer


@pytest.mark.parametrize(
    ("said", "order"),
    [
        ("the chair", "4217"),
        ("the one with the lamp", "4218"),
        ("four two one eight", "4218"),
        ("it ends in one seven", "4217"),
        ("the office share", "4217"),
        ("the desk lamb", "4218"),
        ("the one for seventy two dollars and forty cents", "4218"),
        ("the one that comes on friday", "4217"),
        ("the first one", "4217"),
        ("the second", "4218"),
        ("no the other the lamp i mean", "4218"),
        ("just a second please", None),
        ("both", None),
        ("the sofa", None),
        ("four two one", None),
        ("order for two one seven oh four two one eight", "4218"),
        ("four two one eight nine four two one nine", None),
    ],
)
def test_a_choice_is_made_among_what_there_is(said, order):
    found = value("choice", said, records=ORDERS, by=("order", "items", "due", "total"))
    assert (found or {}).get("order") == order


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("ten thirty please", "10:30"),
        ("half past ten", "10:30"),
        ("nine would be good", "09:00"),
        ("two", "14:00"),
        ("the last one", "15:30"),
        ("the earliest", "09:00"),
        ("eleven", None),
    ],
)
def test_a_free_time_is_chosen(said, time):
    assert (value("choice", said, records=SLOTS, by=("time",)) or {}).get("time") == time


def test_what_callers_say_instead_of_a_value_is_its_value():
    sayings = (("changed my mind", "unwanted"), ("broken", "damaged"))
    records = tuple({"value": one} for one in ("damaged", "unwanted"))
    assert value("choice", "i just changed my mind", records=records, by=("value",), sayings=sayings) == "unwanted"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "1970-01-01"), (20_781, "2026-11-24"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (47_540, "2100-02-28")],
)
def test_days_are_counted_as_the_calendar_does(number, text):
    counted = Day(1970, 1, 1).plus(number)
    assert str(counted) == text
    assert counted.number == number


def test_every_day_of_four_hundred_years_follows_the_one_before():
    import datetime

    first = datetime.date(1900, 1, 1)
    for ahead in range(0, 146_097, 97):
        real = first + datetime.timedelta(days=ahead)
        ours = Day(1900, 1, 1).plus(ahead)
        assert str(ours) == real.isoformat()
        assert ours.weekday == real.weekday()


def test_days_that_do_not_exist_are_none():
    assert day("2026-02-29") is None
    assert day("2026-13-01") is None
    assert day("soon") is None


def test_days_and_times_are_said_as_people_say_them():
    assert say_day(Day(2026, 11, 27)) == "Friday, November 27"
    assert [say_time(text) for text in ("00:05", "09:30", "12:00", "23:59")] == [
        "12:05 AM",
        "9:30 AM",
        "12:00 PM",
        "11:59 PM",
    ]


def test_words_are_plain():
    assert plain("Order 42-17, I'd say: $1,250.00!") == "order 42 17 i'd say $1250.00"
    assert plain("It’s 2 p.m.") == "it's 2 pm"


def test_spelled_letters_are_one_piece():
    assert [piece.text for piece in pieces(words("smith s m i t h speaking"))] == ["smith", "smith", "speaking"]


def test_runs_know_where_they_stand():
    (run,) = runs(words("my order four two one seven please"))
    assert (run.digits, run.start, run.end) == ("4217", 2, 6)


@pytest.mark.parametrize(
    ("left", "right", "least", "most"),
    [
        ("lamp", "lamp", 1, 1),
        ("lopes", "lopez", 0.75, 0.99),
        ("kettle", "cattle", 0.65, 0.99),
        ("lamp", "sofa", 0, 0.4),
    ],
)
def test_words_that_sound_alike_are_alike(left, right, least, most):
    assert least <= likeness(left, right) <= most


def test_a_swap_is_one_edit():
    assert distance("4217", "4271") == 1


def test_a_correction_is_noticed():
    assert has_marker(words("no wait i meant the other"))
    assert not has_marker(words("the other one please"))


def test_no_grammar_breaks_on_whatever_is_said():
    from callcenter.background.grammar import NAMES

    odd = [
        "",
        "at at at",
        "o o o o",
        "double",
        "half past",
        "the the",
        "@ . @",
        "for for for to to",
        "a",
        "no no no",
        "9" * 40,
    ]
    for name in NAMES:
        for said in odd:
            for asked in (True, False):
                parse(Wanted(name, (4,), ORDERS, ("order",)), words(said), TODAY, asked)
