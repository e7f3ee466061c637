"""No fact without a source: what a sentence claims, and what vouches for it."""

import pytest

from callcenter.background.facts import deeds, facts, unsourced
from callcenter.background.grammar import Day

TODAY = Day(2026, 11, 24)
ORDER = {
    "order": "4217",
    "status": "shipped",
    "items": "1 office chair and 3 picture frames",
    "total": "189.00 USD",
    "shipped": "2026-11-22",
    "expected": "2026-11-26",
}
SLOT = {"starts": "2026-11-26T09:30", "purpose": "repair"}


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("Your order 4 2 1 7, 1 chair.", {("number", "4217"), ("number", "1")}),
        ("It costs $189.", {("money", "189.00")}),
        ("It costs $1,189.50.", {("money", "1189.50")}),
        ("It costs one hundred eighty nine dollars and five cents.", {("money", "189.05")}),
        ("It comes on Thursday, November 26.", {("day", "11-26"), ("dayname", "11-26 thursday")}),
        ("It comes on Thursday.", {("weekday", "thursday")}),
        ("Come at 9:30 AM.", {("time", "09:30")}),
        ("You have two orders.", {("number", "2")}),
        ("Write to a.b@example.com.", {("mail", "a.b@example.com")}),
        ("Your order has been cancelled.", {("done", "cance")}),
        ("I will cancel it for you.", {("done", "cance")}),
        ("We'll send you a new one.", {("done", "sent")}),
        ("I'll pay it back and we will move your visit.", {("done", "paid"), ("done", "mov")}),
        ("You will get a letter.", set()),
        ("It can be cancelled.", set()),
        ("Shall I cancel it?", set()),
        ("One moment, please.", set()),
        ("The first one is fine.", set()),
    ],
)
def test_what_a_sentence_claims(text, claimed):
    assert facts(text, TODAY) == claimed


@pytest.mark.parametrize(
    "text",
    [
        "Your order 4 2 1 7, 1 office chair and 3 picture frames, was shipped on Sunday, November 22.",
        "Order four two one seven should arrive on Thursday, November 26 and costs $189.",
        "It costs one hundred and eighty nine dollars.",
        "It arrives on Thursday.",
        "It is shipped.",
        "I am looking into it.",
    ],
)
def test_what_the_source_says_may_be_said(text):
    assert unsourced(text, [ORDER], TODAY) == ()


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Your order 4 2 1 8 is shipped.", "number 4218"),
        ("It costs $188.", "money 188.00"),
        ("It costs $1,890.", "money 1890.00"),
        ("It arrives on Friday.", "weekday friday"),
        ("It arrives on November 27.", "day 11-27"),
        ("It arrives on Friday, November 26.", "dayname 11-26 friday"),
        ("It arrives at 9:30 AM.", "time 09:30"),
        ("It arrives tomorrow.", "day 11-25"),
        ("It has been delivered.", "done deliver"),
        ("It was cancelled.", "done cance"),
        ("You get 10 percent off.", "number 10"),
        ("Write to help@example.com.", "mail help@example.com"),
        ("There are 4 chairs.", "number 4"),
    ],
)
def test_what_no_source_says_is_named(text, missing):
    assert missing in unsourced(text, [ORDER], TODAY)


def test_an_appointment_vouches_for_its_day_and_its_time():
    assert unsourced("Your repair is on Thursday, November 26 at 9:30 AM.", [SLOT], TODAY) == ()
    assert unsourced("Your repair is on Thursday, November 26 at 9:00 AM.", [SLOT], TODAY) == ("time 09:00",)


def test_a_list_vouches_for_how_many_there_are():
    assert unsourced("You have two appointments.", [[SLOT, SLOT]], TODAY) == ()
    assert unsourced("You have three appointments.", [[SLOT, SLOT]], TODAY) == ("number 3",)


def test_several_sources_vouch_together():
    text = "Order 4 2 1 7 costs $189, and your repair is at 9:30 AM."
    assert unsourced(text, [ORDER, SLOT], TODAY) == ()
    assert unsourced(text, [ORDER], TODAY) == ("time 09:30",)


def test_a_line_of_the_flow_vouches_for_its_own_numbers():
    line = "You can send things back within 30 days of delivery."
    assert unsourced(line, [line], TODAY) == ()
    assert unsourced(line, [], TODAY) == ("number 30",)


def test_nothing_else_vouches():
    assert unsourced("It costs $5.", [True, None, {}, [], "five"], TODAY) == ("money 5.00",)


def test_what_a_tool_has_done_may_be_said_to_be_done():
    assert deeds("cancel_order") == ("cancelled", "canceled")
    assert "booked" in deeds("book_appointment")
    assert deeds("list_orders") == ()


@pytest.mark.parametrize(
    "amount", [f"{dollars}.{cents:02d}" for dollars in (0, 1, 9, 10, 99, 100, 1234) for cents in (0, 5, 50, 99)]
)
def test_every_amount_is_recognised_as_it_is_said(amount):
    from callcenter.background.notes import say

    spoken = f"You pay {say(f'{amount} USD')} today"
    assert unsourced(spoken, [f"{amount} USD"], TODAY) == ()
    other = f"{float(amount) + 1:.2f} USD"
    assert unsourced(spoken, [other], TODAY) != ()


@pytest.mark.parametrize("shift", range(0, 400, 13))
def test_every_day_is_recognised_as_it_is_said(shift):
    from callcenter.background.notes import say

    day = TODAY.plus(shift)
    spoken = f"It is due on {say(str(day), (), '2026')}."
    assert unsourced(spoken, [str(day)], TODAY) == ()
    assert unsourced(spoken, [str(day.plus(1))], TODAY) != ()
