"""What may not happen, whoever proposes it."""

import pytest
from talking import CARDS, FLOWS, MARIA

from callcenter.background.grammar import Day
from callcenter.background.rules import against_change, against_text, against_tool, evidence, flow_texts
from callcenter.background.state import Dialogue, Result, Task, Wish, same

CALLER = Result("t1", "verify_customer", {}, True, MARIA)
KNOWN = Dialogue(caller=CALLER)
CANCEL = Wish("cancel_order", {"customer": "1001", "order": "4218"}, 1)
ALLOWED = ("list_orders", "cancel_order", "verify_customer")


@pytest.mark.parametrize(
    ("wish", "dialogue", "reason"),
    [
        (Wish("verify_customer", {}), Dialogue(), ""),
        (Wish("list_orders", {"customer": "1001"}), KNOWN, ""),
        (Wish("list_orders", {"customer": "1001"}), Dialogue(), "unverified: list_orders is private"),
        (Wish("list_orders", {"customer": "1002"}), KNOWN, "unverified: list_orders was asked for somebody else"),
        (Wish("balance", {"customer": "1001"}), KNOWN, "tool: balance is not allowed in this step"),
        (Wish("rm_rf", {}), KNOWN, "tool: rm_rf is not allowed in this step"),
    ],
)
def test_a_tool_is_called_only_where_it_may_be(wish, dialogue, reason):
    assert against_tool(wish, ALLOWED, CARDS, dialogue) == reason


def agreed(wish):
    return Dialogue(tasks=(Task(1, "cancel_order", confirmed=frozenset({f"{wish.tool} {same(wish.arguments)}"})),))


def test_a_change_needs_a_yes_to_exactly_this():
    assert against_change(CANCEL, agreed(CANCEL)) == ""
    other = Wish("cancel_order", {"customer": "1001", "order": "4217"}, 1)
    assert against_change(other, agreed(CANCEL)) == "unconfirmed: cancel_order"
    assert against_change(CANCEL, Dialogue()) == "unconfirmed: cancel_order"


def test_a_sentence_needs_its_sources():
    today = Day(2026, 11, 24)
    assert against_text("It costs $5.", ["5.00 USD"], today) == ""
    assert against_text("It costs $6.", ["5.00 USD"], today) == "money 6.00 in: It costs $6."


def test_sources_are_looked_up_by_name():
    results = {
        "t1": Result("t1", "list_orders", {}, True, {"count": 2}),
        "t2": Result("t2", "cancel_order", {"order": "4218"}, True, {"refund": "5.00 USD"}, task=1),
        "t3": Result("t3", "cancel_order", {}, False, None, "refused: Order 4219 is shipped."),
    }
    retail = FLOWS["retail"]
    assert {"count": 2} in list(evidence("t1", retail, results, []))
    assert "cancelled" in str(list(evidence("t2", retail, results, [])))
    assert "Order 4219 is shipped." in list(evidence("t3", retail, results, []))
    assert list(evidence("t9", retail, results, [])) == []
    assert list(evidence("caller", retail, results, ["my words"])) == ["my words"]
    assert retail.facts[0] in list(evidence("flow return_policy", retail, results, []))


def test_a_step_vouches_only_for_its_own_lines():
    texts = list(flow_texts(FLOWS["retail"], "delivery_cost"))
    assert any("$4.90" in text for text in texts)
    assert not any("further back" in text for text in texts)
