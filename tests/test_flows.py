"""Flows: what is read, what is refused and how it is told."""

import re
import tomllib
from pathlib import Path

import pytest

import flows
from callcenter.background.grammar import NAMES as GRAMMAR_NAMES
from callcenter.background.notes import FORMATS as FORMAT_NAMES
from flows import FlowError, combine, parse
from flows.check import check
from flows.keys import FORMATS, GRAMMARS, TABLES

FOLDER = Path(flows.__file__).parent
SHIPPED = sorted(FOLDER.glob("*.toml"))
README = (FOLDER / "README.md").read_text()
EXAMPLE = re.search(r"```toml\n(.*?)```", README, re.S)[1]


class Card:
    def __init__(self, changes=False, private=False, properties=(), required=()):
        self.changes, self.private = changes, private
        self.parameters = {"properties": {key: {} for key in properties}, "required": list(required)}


TOOLS = {
    "request_callback": Card(changes=True, properties=("phone", "reason"), required=("phone", "reason")),
    "list_orders": Card(private=True, properties=("customer",), required=("customer",)),
    "verify_customer": Card(properties=("name", "postcode")),
}


def line_with(text, needle):
    return next(number for number, line in enumerate(text.splitlines(), 1) if needle in line)


# ---------------------------------------------------------------------------------------------------- what is right


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_flow_has_nothing_to_complain_about(path):
    others = {one.stem: flows.load(one) for one in SHIPPED}
    assert check(path.read_text(), None, others) == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_step_of_a_shipped_flow_has_eight_phrases(path):
    assert all(len(step.phrases) >= 8 for step in flows.load(path).steps.values())


def test_the_front_desk_offers_the_steps_of_the_other_flows():
    desk = flows.shipped()["front_desk"]
    assert {"hours", "retail.cancel_order", "billing.pay_bill", "appointments.book"} <= set(desk.steps)
    assert desk.steps["appointments.book"].correct == "appointments.move"
    assert desk.steps["retail.cancel_order"].verification is not None
    assert "billing.accounts" in desk.targets


def test_the_example_of_the_readme_is_right():
    assert check(EXAMPLE, TOOLS) == ()
    assert list(parse(EXAMPLE).steps) == ["hours", "call_back", "events"]


def test_the_hash_names_the_text_and_nothing_else():
    assert parse(EXAMPLE).hash == parse(EXAMPLE).hash
    assert parse(EXAMPLE).hash != parse(EXAMPLE.replace("Goodbye.", "Bye.")).hash


def test_the_hash_of_a_flow_that_includes_others_follows_theirs():
    other, main = parse(EXAMPLE), parse(EXAMPLE.replace('title = "Town library"', 'title = "X"\nincludes = ["a"]'))
    changed = parse(EXAMPLE.replace("Goodbye.", "Bye."))
    assert combine(main, {"a": other}).hash != combine(main, {"a": changed}).hash


def test_a_step_allows_its_own_tools_and_the_one_that_verifies():
    retail = flows.shipped()["retail"]
    assert retail.tools("order_status") == ("list_orders", "order_status", "verify_customer")
    assert retail.tools("") == ("verify_customer",)


# ----------------------------------------------------------------------------------------------------- what is wrong

PHRASES = """phrases = [
  "is there a reading this week",\
"""

BROKEN = [
    # the form
    ("no_such_key", 'title = "Town library"', 'titel = "Town library"', "titel", "Did you mean `title`?"),
    ("missing", 'greeting = "Town library, good day."\n', "", 'name = "library"', "Add `greeting`"),
    ("not_a_text", 'goodbye = "Goodbye."', "goodbye = 5", "goodbye = 5", "Write a text in quotes"),
    ("empty", 'goodbye = "Goodbye."', 'goodbye = " "', 'goodbye = " "', "is empty"),
    ("not_a_list", 'hours = ["mon-fri 10:00-18:00"]', 'hours = "mon-fri 10:00-18:00"', "hours =", "a list of texts"),
    (
        "not_a_table",
        '[ending]\nmore = "Anything else?"\ngoodbye = "Goodbye."\nlabel = "nothing done"',
        "",
        "",
        "ending",
    ),
    ("not_a_number", 'target = "desk"\n', 'target = "desk"\nafter = "three"\n', "after =", "a whole number above 0"),
    ("toml", 'more = "Anything else?"', 'more = "Anything else?', "more =", "Put quotes, brackets and commas right"),
    ("twice", 'more = "Anything else?"', 'more = "A?"\nmore = "B?"', 'more = "B?"', "Put quotes, brackets"),
    ("misspelled_inside", 'grammar = "phone"', 'gramar = "phone"', "gramar", "Did you mean `grammar`?"),
    # names that lead nowhere
    ("target", 'target = "desk"\nlabel', 'target = "dosk"\nlabel', "dosk", 'Did you mean "desk"?'),
    ("step_target", 'hand_over = "desk"', 'hand_over = "hall"', '"hall"', 'no target "hall"'),
    ("label", 'label = "callback"', 'label = "calback"', "calback", 'Did you mean "callback"?'),
    ("next", 'label = "answered"', 'label = "answered"\nnext = "evants"', "evants", 'Did you mean "events"?'),
    ("correct", 'label = "answered"', 'label = "answered"\ncorrect = "nowhere"', "nowhere", 'no step "nowhere"'),
    ("tool", 'tool = "request_callback"', 'tool = "request_calback"', "calback", 'Did you mean "request_callback"?'),
    ("argument", "reason = ", "reson = ", "reson =", 'no argument "reson"'),
    ("missing_argument", ', reason = "{topic}"', "", "with = {", 'the argument "reason" is missing'),
    ("value", "{phone|digits}?", "{fone|digits}?", "{fone", 'Did you mean "phone"?'),
    ("format", "{phone|digits}?", "{phone|numbers}?", "|numbers", 'no format "numbers"'),
    ("brace", "{phone|digits}?", "{phone|digits?", "{phone|digits?", "a brace is not closed"),
    ("grammar", 'grammar = "phone"', 'grammar = "telephone"', "telephone", 'Did you mean "phone"?'),
    ("hours", "mon-fri 10:00-18:00", "weekdays 10-18", "weekdays", "is no opening time"),
    # meaning
    ("few_phrases", '"how late are you open", "are you open on sunday",', "", "phrases = [", "has only 6 phrases"),
    ("shared_phrase", PHRASES, 'phrases = [\n  "When are you open?",', "When are you open?", 'of the step "hours" too'),
    ("dead_end", 'hand_over = "desk"\n', "", "[steps.events]", "a dead end"),
    ("unconfirmed", 'confirm = "Shall I have somebody call you at {phone|digits}?"\n', "", "tool =", "nobody is asked"),
    ("empty_confirm", " at {phone|digits}?", "?", "confirm =", "cannot tell what they say yes to"),
    ("unused", ', reason = "{topic}"', ', reason = "none"', 'name = "topic"', 'nothing is done with "topic"'),
    ("no_choices", 'grammar = "text"', 'grammar = "choice"', 'name = "topic"', "not clear what"),
    ("length", 'grammar = "text"', 'grammar = "text"\nlength = [4]', "length =", "only digits have a length"),
    ("readback", 'ask = "What is it about?"', 'ask = "What?"\nreadback = "Right?"', "readback", "reads nothing back"),
    ("taken", 'name = "topic"', 'name = "callback"', 'name = "callback"', "is taken already"),
    ("language", 'title = "Town library"', 'title = "T"\nlanguages = ["fr"]', "languages", 'no language "fr"'),
    ("policy", "[hand_over] ", '[policies]\nbackchannels = "loud"\n\n[hand_over] ', "loud", 'no setting "loud"'),
]


@pytest.mark.parametrize(
    ("right", "wrong", "where", "told"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_a_broken_flow_tells_what_to_change_and_where(right, wrong, where, told):
    assert right in EXAMPLE
    text = EXAMPLE.replace(right, wrong, 1)
    found = check(text, TOOLS)
    hit = [problem for problem in found if told in str(problem)]
    assert hit, [str(problem) for problem in found]
    assert all(problem.cause and problem.remedy for problem in found)
    if where:
        near = line_with(text, where)
        assert any(abs(problem.line - near) <= 1 for problem in hit), (near, [str(problem) for problem in hit])


def test_every_broken_flow_is_broken_in_its_own_way():
    texts = [EXAMPLE.replace(right, wrong, 1) for _, right, wrong, *_ in BROKEN]
    told = {tuple(map(str, check(text, TOOLS))) for text in texts}
    assert len(texts) >= 30
    assert len(told) == len(texts)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[steps.lost]\ngoal = "x"\nabout = "x"\n[[steps.lost.say]]\ntext = "x"', "nobody can get to this step"),
        (
            '[steps.a]\ngoal = "x"\nabout = "x"\nphrases = ["a","b","c","d","e","f","g","h"]\nnext = "b"\n'
            '[steps.b]\ngoal = "x"\nabout = "x"\nnext = "a"',
            "lead to each other without end",
        ),
        (
            '[steps.a]\ngoal = "x"\nabout = "x"\nphrases = ["a","b","c","d","e","f","g","h"]\n'
            '[[steps.a.calls]]\ntool = "list_orders"\nwith = { customer = "{caller.customer}" }\n'
            '[[steps.a.say]]\ntext = "{list_orders.count}"',
            "is private, but nobody is verified",
        ),
        (
            '[verification]\ntool = "request_callback"\nwith = { phone = "{name}" }\nfailed = "No."\n'
            '[[verification.collect]]\nname = "name"\ngrammar = "name"\nask = "Who?"',
            "cannot verify anybody",
        ),
    ],
)
def test_what_a_flow_must_not_do_is_found(more, told):
    assert any(told in str(problem) for problem in check(f"{EXAMPLE}\n{more}\n", TOOLS))


def test_an_unknown_flow_to_include_is_found():
    text = EXAMPLE.replace('title = "Town library"', 'title = "X"\nincludes = ["retial"]')
    assert any('Did you mean "retail"?' in str(problem) for problem in check(text, None, {"retail": parse(EXAMPLE)}))


def test_all_problems_of_the_form_are_told_at_once():
    text = EXAMPLE.replace("greeting =", "greting =").replace("goodbye =", "godbye =").replace("dial =", "diel =")
    with pytest.raises(FlowError) as caught:
        parse(text)
    assert len(caught.value.problems) == 6
    assert str(caught.value).count("line ") == 6


# -------------------------------------------------------------------------------------------------------- the README


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_lists_every_key(name):
    for key in TABLES[name]:
        told = key.about.replace("|", r"\|")
        assert f"| `{key.name}` | {key.kind} | {'yes' if key.required else ''} | {told} |" in README


def test_the_readme_and_the_code_agree_on_grammars_and_formats():
    assert set(GRAMMARS) == set(GRAMMAR_NAMES)
    assert set(FORMATS) == set(FORMAT_NAMES)
    assert all(f"`{name}`" in README for name in (*GRAMMARS, *FORMATS))


def test_the_shipped_flows_are_toml():
    assert {tomllib.loads(path.read_text())["name"] for path in SHIPPED} == {path.stem for path in SHIPPED}
