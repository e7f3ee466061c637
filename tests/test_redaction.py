"""Numbers and addresses that callers give away are found however they are said; what only looks like one is left."""

import pytest

from callcenter.bench.confidences import case
from callcenter.bench.redaction import figures, judge
from callcenter.redaction import Heard, find, masked
from callcenter.redaction.loose import without


def kept(text, *after):
    """What is left of a caller's words; `after` are earlier turns of (side, words)."""
    turns = [*after, ("caller", text)]
    words = [Heard(word, side, at) for at, (side, said) in enumerate(turns) for word in said.split()]
    found = find(words)
    return masked([word.text for word in words], found)


CARD, SSN, PHONE, EMAIL = "[card number]", "[social security number]", "[phone number]", "[e-mail address]"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("it's 4111 1111 1111 1111 thanks", f"it's {CARD} thanks"),
        ("it's 4111-1111-1111-1111.", f"it's {CARD}"),
        ("four one one one double one double one one one one one triple one one yes", f"{CARD} yes"),
        ("my card is forty one eleven eleven eleven um eleven eleven eleven eleven", f"my card is {CARD}"),
        ("amex thirty seven eighty two eight two two four six three one oh oh oh five", f"amex {CARD}"),
        ("my social is oh seven eight oh five eleven twenty", f"my social is {SSN}"),
        ("078-05-1120", SSN),
        ("call me at five five five double one two oh three four five", f"call me at {PHONE}"),
        ("it is (415) 555-2671", f"it is {PHONE}"),
        ("it is +44 20 7946 0958", f"it is {PHONE}"),
        ("call me back on eight hundred five five five twelve twelve please", f"call me back on {PHONE} please"),
        ("it's j dot smith at example dot com okay", f"it's {EMAIL} okay"),
        ("send it to jo_smith42@example.co.uk now", f"send it to {EMAIL} now"),
        ("my email is s m i t h four two at gmail dot c o m", f"my email is {EMAIL}"),
        ("b as in boy o for ocean b at yahoo dot com", EMAIL),
        ("bravo oscar bravo underscore one at icloud dot com", EMAIL),
        ("my email is jo dot lee no sorry jo dot leigh at acme dot org", f"my email is {EMAIL}"),
        ("my card is 4111 1112 no wait 1111 and then um 1111 1111", f"my card is {CARD} no wait {CARD}"),
    ],
)  # fmt: skip
def test_what_gives_a_caller_away_is_taken_out(said, left):
    assert kept(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "my order number is four two one seven nine nine eight one two three",
        "the tracking number says 9400 1000 0000",
        "I paid $42.50 and then forty two dollars and fifty cents",
        "the zip is nine oh two one oh",
        "I was born on may third nineteen eighty four",
        "it was on 05/12/2026 at 5:30",
        "twenty three of the one hundred and five units came on the second",
        "I'm at home all day and at work at nine",
        "it costs nineteen ninety nine at your shop",
        "that is all I need at this point in time",
        "the buses.the bus leaves at ten",
        "no one of us has two or three of those for one or two days",
    ],
)
def test_what_is_nobodys_stays(said):
    assert kept(said) == said


def test_a_number_goes_on_after_the_other_side_has_nodded_and_over_hesitations():
    before = [("agent", "your card number please"), ("caller", "four one one one"), ("agent", "okay")]
    before += [("caller", "um hang on a second one one one one"), ("agent", "mm-hmm"), ("caller", "one one one one")]
    told = kept("one one one one", *before)
    assert "one" not in told.replace("[card number]", "").split()


def test_what_the_agent_reads_back_goes_too_even_a_part_of_it():
    before = [("caller", "my phone is 415 555 2671"), ("agent", "so four one five")]
    assert kept("yes", *before) == f"my phone is {PHONE} so {PHONE} yes"


def test_the_nearest_question_tells_what_a_number_is():
    asked = "could I have your order number"
    assert kept("four one five five five five two six seven", ("agent", asked)).startswith(asked + " four")
    assert kept("four one five five five five two", ("agent", "what is your phone number")).endswith(PHONE)


@pytest.mark.parametrize(
    ("text", "about", "left"),
    [
        ('{"phone":"4155552671","order":"4217"}', "", f'{{"phone":"{PHONE}","order":"4217"}}'),
        ("4155552671", "phone", PHONE),
        ("4155552671", "order_number", "4155552671"),
        ("a  text\twith jo@example.com\nstays", "", f"a  text\twith {EMAIL}\nstays"),
        ("2026-11-26T05:54:15+00:00", "at", "2026-11-26T05:54:15+00:00"),
    ],
)
def test_a_text_by_itself_keeps_its_form(text, about, left):
    assert without(text, about=about) == left


def test_generated_calls_lose_what_was_given_away_and_little_else():
    """`callcenter bench redaction` does the same with 500 calls."""
    secret = [judge(case(index)) for index in range(40)]
    score = figures(secret, [judge(case(index, secret=False)) for index in range(14)])
    assert [(one.case.seed, one.told, one.heard) for one in secret if not one.gone] == []
    assert score["words_wrongly_removed"] < 0.03
    assert score["words_wrongly_removed_harmless"] < 0.01
    assert score["speech_wrongly_muted_harmless"] < 0.02


def test_the_judge_sees_what_is_left(monkeypatch):
    """The guard itself: a redaction that finds nothing, or silences nothing, is found out."""
    from callcenter.bench import redaction as bench
    from callcenter.redaction import Redacted

    told = next(case(index) for index in range(500) if case(index).kinds == ("card",) and not case(index).traits)
    whole = bench.redact
    monkeypatch.setattr(bench, "redact", lambda lines: Redacted(tuple(lines), (), (), {}))
    assert judge(told).told
    assert judge(told).heard
    monkeypatch.setattr(bench, "redact", lambda lines: Redacted(whole(lines).lines, (), (), {"card": 1}))
    assert not judge(told).told
    assert judge(told).heard
