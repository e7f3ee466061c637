"""From a flow's line to the sentence that is said."""

import pytest

from callcenter.background.notes import MISSING, any_holds, argument, fill, holds, look_up, paths, say

VALUES = {
    "order": {"order": "4217", "total": "189.00 USD", "expected": "2026-11-26", "carrier": None, "items": ["a", "b"]},
    "orders": {"count": 2, "orders": [{"order": "1"}, {"order": "2"}]},
    "free": {"slots": [{"time": "09:00"}, {"time": "09:30"}, {"time": "10:00"}, {"time": "10:30"}]},
    "name": "Maria Lopez",
    "flag": False,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("name", "Maria Lopez"),
        ("order.order", "4217"),
        ("orders.orders.order", ["1", "2"]),
        ("orders.orders.count", 2),
        ("order.carrier", None),
        ("order.nothing", MISSING),
        ("nothing.at.all", MISSING),
        ("name.length", MISSING),
    ],
)
def test_a_path_is_looked_up(path, found):
    assert look_up(path, VALUES) == found


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Order {order.order|digits} costs {order.total}.", "Order 4 2 1 7 costs $189."),
        ("It comes on {order.expected}.", "It comes on Thursday, November 26."),
        ("I have {free.slots.time|few|or}.", "I have 9:00 AM, 9:30 AM or 10:00 AM."),
        ("There are {orders.orders|count}.", "There are 2."),
        ("{order.items|and}", "a and b"),
        ("No values here.", "No values here."),
    ],
)
def test_a_line_is_filled_in(line, text):
    assert fill(line, VALUES, "2026").text == text


@pytest.mark.parametrize("line", ["{order.carrier}", "{nothing}", "It is {order.nothing} today."])
def test_a_line_that_cannot_be_filled_in_is_none(line):
    assert fill(line, VALUES) is None


def test_a_filled_line_names_what_it_used():
    assert fill("{order.order} {name} {order.total}", VALUES).used == ("order", "name")


@pytest.mark.parametrize(
    ("value", "formats", "spoken"),
    [
        ("12.50 USD", (), "$12.50"),
        ("1250.00 USD", (), "$1,250"),
        ("2026-11-27", (), "Friday, November 27"),
        ("2025-11-27", (), "Thursday, November 27, 2025"),
        ("2026-11-27T14:30", (), "Friday, November 27 at 2:30 PM"),
        ("2026-11-27T14:30", ("time",), "2:30 PM"),
        ("2026-11-27T14:30", ("date",), "Friday, November 27"),
        ("14:30", (), "2:30 PM"),
        ("1984-03-12", ("birth",), "March 12, 1984"),
        ("ab1", ("spell",), "A B 1"),
        ("20.00", ("money",), "$20"),
        ("wrong_item", ("words",), "wrong item"),
        (True, (), "yes"),
        (["x", "y", "z"], (), "x, y and z"),
        ([], ("or",), ""),
    ],
)
def test_a_value_is_said_as_people_say_it(value, formats, spoken):
    assert say(value, formats, "2026") == spoken


def test_a_lone_path_keeps_the_kind_of_its_value():
    assert argument("{orders.count}", VALUES) == 2
    assert argument("no {orders.count}", VALUES) == "no 2"
    assert argument("{order.carrier}", VALUES) is MISSING
    assert argument(7, VALUES) == 7


@pytest.mark.parametrize(
    ("conditions", "true"),
    [
        ({"order.order": "4217"}, True),
        ({"order.order": ["1", "4217"]}, True),
        ({"order.carrier": ""}, True),
        ({"order.nothing": ""}, True),
        ({"order.order": "*"}, True),
        ({"order.carrier": "*"}, False),
        ({"flag": False}, True),
        ({"order.order": "4217", "name": "Else"}, False),
        ({}, True),
    ],
)
def test_conditions_compare_values(conditions, true):
    assert holds(conditions, VALUES) is true


def test_one_of_several_is_enough_for_any():
    assert any_holds({"order.order": "no", "name": "Maria Lopez"}, VALUES)
    assert not any_holds({}, VALUES)


def test_the_paths_of_a_line_are_known():
    assert paths("{a.b|digits} and {c}") == ("a.b", "c")
