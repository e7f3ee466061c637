"""What a call cost, from what its journal says was used and what the installation says things cost."""

from dataclasses import replace

import pytest

from admin.costs import bill, used
from callcenter.config import SettingError, Settings, read
from callcenter.events import Use
from callcenter.journal import Line
from callcenter.store import Call
from callcenter.units import RATE

LINE = Line(0, 0, (), None, (), (), False, None, None, None, b"")
CALL = Call(id="c", carrier="twilio")
MINUTE = 60 * RATE


def told(*lines, start=0):
    return [(start, replace(LINE, **line)) for line in lines]


def test_minutes_go_to_the_duplex_that_served_them_leg_by_leg():
    first = told({"header": {"setup": {"duplex": "live"}}}, {"at": MINUTE, "commands": (Use("turnbased"),)})
    second = told({"header": {"setup": {"duplex": "live"}}}, start=3 * MINUTE)
    spent = used([*first, *second], 0, 4 * MINUTE)
    assert spent["served"] == {"live": 2 * MINUTE, "turnbased": 2 * MINUTE}


def test_tools_count_once_and_questions_to_the_planner_are_counted():
    remarks = [
        {"kind": "tool", "name": "charge"},
        {"kind": "tool", "name": "charge", "repeated": True},
        {"kind": "background", "told": "Words", "wants": ["Consult c1", "CallTool t1"]},
        {"kind": "background", "told": "Words", "wants": ["Consult c2"]},
    ]
    spent = used(told(*({"remark": remark} for remark in remarks)), 0, 0)
    assert (spent["tools"], spent["planner"]) == ({"charge": 1}, 2)


def shown(**spent):
    usual = {"served": {"live": 90 * RATE}, "tools": {"charge": 2}, "planner": 3, "recorded": 90 * RATE}
    return {"samples": 90 * RATE, "used": usual | spent}


def test_a_bill_is_the_sum_of_what_has_a_price():
    prices = {"line_minute": 0.01, "duplex_minute": {"live": 0.06}, "planner_question": 0.001, "currency": "EUR"}
    made = bill(CALL, shown(), prices)
    assert [(item.what, item.cost) for item in made.items] == [
        ("Telephone line (twilio)", pytest.approx(0.02)),  # two minutes were begun
        ("Duplex live", pytest.approx(0.09)),
        ("Recording", None),
        ("Remote planner", pytest.approx(0.003)),
        ("Tool charge", None),
    ]
    assert made.total == pytest.approx(0.113)
    assert (made.whole, made.priced, made.currency) == (False, True, "EUR")


def test_our_own_phone_costs_no_line_and_without_prices_there_is_no_sum():
    made = bill(Call(id="c", carrier="browser"), shown(recorded=0, planner=0, tools={}), {})
    assert [item.what for item in made.items] == ["Duplex live"]
    assert not made.priced


@pytest.mark.parametrize(
    "prices",
    ['{"line": 1}', '{"line_minute": "cheap"}', '{"line_minute": -1}', '{"tool_call": {"x": true}}', '{"currency": 3}'],
)
def test_prices_that_are_none_are_refused_at_the_start(prices):
    with pytest.raises(SettingError, match="PRICES"):
        read({"CALLCENTER_PRICES": prices})


def test_prices_are_read_from_the_environment():
    assert read({"CALLCENTER_PRICES": '{"line_minute": 0.0085}'}).prices["line_minute"] == 0.0085
    assert Settings().prices == {}
