"""A flow's text changed by a form: what was left alone stays as it was written, the rest means what was asked for."""

import tomllib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import flows
from flows import edit
from flows.check import check
from flows.edit import PARTS, STEP, EditError
from flows.keys import TABLES

TEXTS = {name: flow.text for name, flow in flows.shipped().items()}
PLACES = [(name, step) for name, text in TEXTS.items() for step in edit.steps(text)]
RETAIL = TEXTS["retail"]


def fields(text, name):
    """Every field of a step's form, with what it shows."""
    step = edit.steps(text)[name]
    told = {key.name: edit.written(key.kind, step.get(key.name)) for key in plain(STEP)}
    told |= {
        f"policies.{key.name}": edit.written("text", step.get("policies", {}).get(key.name))
        for key in plain("policies")
    }
    for part in PARTS:
        for index, one in enumerate(step.get(part, [])):
            told |= {f"{part}.{index}.{key.name}": edit.written(key.kind, one.get(key.name)) for key in plain(part)}
    return told


def plain(shape):
    return [key for key in TABLES[shape] if key.kind not in ("table", "tables")]


@pytest.mark.parametrize(("flow", "step"), PLACES)
def test_a_form_that_is_saved_as_it_was_opened_changes_nothing(flow, step):
    text = TEXTS[flow]
    assert edit.change(text, step, fields(text, step)) == text


@pytest.mark.parametrize(("flow", "step"), PLACES)
def test_what_a_form_shows_means_what_stood_there(flow, step):
    table = edit.steps(TEXTS[flow])[step]
    for key in plain(STEP):
        assert edit.read(key.kind, edit.written(key.kind, table.get(key.name))) == (table.get(key.name) or None)
    for part in PARTS:
        for one in table.get(part, []):
            for key in plain(part):
                assert edit.read(key.kind, edit.written(key.kind, one.get(key.name))) == (one.get(key.name) or None)


@pytest.mark.parametrize(("flow", "step"), PLACES)
def test_one_field_changes_its_lines_and_no_others(flow, step):
    text = TEXTS[flow]
    changed = edit.change(text, step, {"goal": 'Say "hello" \\ twice.'})
    before, after = text.splitlines(), changed.splitlines()
    assert len(before) == len(after)
    assert [b for a, b in zip(before, after, strict=True) if a != b] == ['goal = "Say \\"hello\\" \\\\ twice."']


letters = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30).filter(
    str.strip
)
values = st.one_of(letters, st.booleans(), st.integers(-9, 99), st.lists(letters, max_size=3))


@settings(deadline=None)
@given(st.sampled_from(PLACES), st.data())
def test_whatever_is_asked_for_is_what_the_text_then_means(place, data):
    flow, step = place
    text = TEXTS[flow]
    wanted = tomllib.loads(text)
    key = data.draw(st.sampled_from(plain(STEP)))
    value = data.draw(
        {"text": letters, "texts": st.lists(letters, min_size=1, max_size=4), "yes or no": st.booleans()}[key.kind]
    )
    wanted["steps"][step][key.name] = value
    asked = {key.name: edit.written(key.kind, value)}
    for part in PARTS:
        for index, one in enumerate(wanted["steps"][step].get(part, [])):
            if "when" not in one or not data.draw(st.booleans()):
                continue
            one["when"] = data.draw(st.dictionaries(letters, values, min_size=1, max_size=3))
            asked[f"{part}.{index}.when"] = edit.written("values", one["when"])
    assert tomllib.loads(edit.change(text, step, asked)) == wanted


@settings(deadline=None)
@example({"\xa0key": "\xa0value "}, [" item", "\u2028"])
@given(st.dictionaries(letters, values, min_size=1, max_size=4), st.lists(letters, min_size=1, max_size=5))
def test_pairs_and_lists_come_back_from_a_form_as_they_went_in(pairs, items):
    assert edit.read("values", edit.written("values", pairs)) == pairs
    assert edit.read("texts", edit.written("texts", items)) == items


def test_what_cannot_be_read_stays_and_is_told_at_its_line():
    text = edit.change(RETAIL, "order_status", {"private": "perhaps", "say.0.when": "no pair"})
    found = {problem.where: problem for problem in check(text)}
    assert found["steps.order_status.private"].cause == "should be yes or no, but is a text."
    assert "should be a table" in found["steps.order_status.say[1].when"].cause
    assert text.splitlines()[found["steps.order_status.private"].line - 1] == 'private = "perhaps"'


def test_a_field_that_is_emptied_goes():
    text = edit.change(RETAIL, "order_status", {"label": "  "})
    assert "label" not in edit.steps(text)["order_status"]
    assert len(RETAIL.splitlines()) == len(text.splitlines()) + 1


def test_a_policy_of_a_step_that_had_none():
    text = edit.change(RETAIL, "order_status", {"policies.eagerness": "patient"})
    assert flows.parse(text).steps["order_status"].policies.eagerness == "patient"
    assert edit.change(RETAIL, "order_status", {"policies.eagerness": ""}) == RETAIL


@pytest.mark.parametrize("part", PARTS)
def test_entries_are_added_moved_and_removed(part):
    for flow, step in PLACES:
        text = TEXTS[flow]
        before = edit.steps(text)[step].get(part, [])
        more = edit.add(text, step, part)
        assert edit.steps(more)[step][part][:-1] == before
        assert tomllib.loads(edit.drop(more, step, part, len(before))) == tomllib.loads(text)
        if len(before) > 1:
            assert edit.steps(edit.raised(text, step, part, 1))[step][part] == [before[1], before[0], *before[2:]]


def test_a_new_step_is_led_to_by_the_one_before_it():
    text = edit.begin(RETAIL, "gift_wrap", "order_status")
    steps = edit.steps(text)
    assert steps["order_status"]["next"] == "gift_wrap"
    assert list(steps)[-1] == "gift_wrap"
    assert {problem.where for problem in check(text)} >= {"steps.gift_wrap.goal", "steps.gift_wrap.about"}


@pytest.mark.parametrize("name", ["", "Order", "order_status", "9th", "a b", "x" * 41])
def test_a_step_needs_a_name_of_its_own(name):
    with pytest.raises(EditError, match="new name"):
        edit.begin(RETAIL, name)
    with pytest.raises(EditError, match="new name"):
        edit.renamed(RETAIL, "cancel_order", name)


@pytest.mark.parametrize(("flow", "step"), PLACES)
def test_a_step_is_renamed_with_all_that_leads_to_it_and_back(flow, step):
    text = TEXTS[flow]
    moved = edit.renamed(text, step, "quite_new")
    assert step not in edit.steps(moved)
    assert all(one.get(key) != step for one in edit.steps(moved).values() for key in ("next", "correct"))
    assert edit.renamed(moved, "quite_new", step) == text


def test_a_step_that_is_removed_leaves_all_others():
    text = edit.remove(RETAIL, "order_status")
    assert list(edit.steps(text)) == [name for name in edit.steps(RETAIL) if name != "order_status"]


@pytest.mark.parametrize(
    "deed",
    [
        lambda text: edit.change(text, "nowhere", {"goal": "x"}),
        lambda text: edit.change(text, "order_status", {"nothing": "x"}),
        lambda text: edit.change(text, "order_status", {"collect": "x"}),
        lambda text: edit.change(text, "order_status", {"say.99.text": "x"}),
        lambda text: edit.change(text, "order_status", {"say.0.text.more": "x"}),
        lambda text: edit.drop(text, "order_status", "say", 99),
        lambda text: edit.add(text, "order_status", "steps"),
        lambda text: edit.remove(text, "nowhere"),
        lambda text: edit.renamed(text, "nowhere", "somewhere"),
    ],
)
def test_a_place_that_is_not_there_is_refused_in_words(deed):
    with pytest.raises(EditError, match=r"\.$"):
        deed(RETAIL)


def test_a_text_that_cannot_be_read_is_not_touched():
    with pytest.raises(EditError, match="put it right first"):
        edit.change("name = ", "order_status", {"goal": "x"})
    assert edit.steps("name = ") == {}


def above(text):
    """Every header with the comments right above it."""
    found, waiting = {}, []
    for line in text.splitlines():
        if line.startswith("["):
            found.setdefault(line, []).append(waiting)
        waiting = [*waiting, line] if line.startswith("#") else []
    return found


def commented(text):
    """The text with two comments above every header, which tell of what."""
    lines, count = [], 0
    for line in text.splitlines():
        if line.startswith("["):
            count += 1
            lines += [f"# {count}: what {line.strip('[]')} is for", f"#   and why ({count})"]
        lines.append(line)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("flow", "step"), PLACES)
def test_comments_above_a_step_go_where_it_goes(flow, step):
    text = commented(TEXTS[flow])
    before = above(text)
    assert edit.change(text, step, fields(text, step)) == text

    begun = above(edit.begin(text, "fresh_step", after=step))
    assert begun.pop("[steps.fresh_step]") == [[]]
    assert begun == before

    renamed = above(edit.renamed(text, step, "fresh_step"))
    assert list(renamed.values()) == list(before.values())

    left = above(edit.remove(text, step))
    assert left == {header: told for header, told in before.items() if not ours(header, step)}


def ours(header, step):
    return header.strip("[]").split(".")[:2] == ["steps", step]


@pytest.mark.parametrize("part", PARTS)
def test_comments_above_an_entry_go_where_it_goes(part):
    text = commented(RETAIL)
    step = next(name for name, one in edit.steps(text).items() if len(one.get(part, [])) > 1)
    header = f"[[steps.{step}.{part}]]"
    several = above(text)[header]
    first, second, *rest = several
    assert above(edit.raised(text, step, part, 1))[header] == [second, first, *rest]
    assert above(edit.drop(text, step, part, 0))[header] == [second, *rest]
    assert above(edit.add(text, step, part))[header] == [*several, []]


def test_what_only_looks_like_a_comment_stays_where_it_is():
    text = TEXTS["retail"].replace(
        "[steps.", '[steps.odd]\nabout = """\n# not a comment\n[no header]\n"""\n\n[steps.', 1
    )
    changed = edit.change(text, "odd", {"goal": "Be odd."})
    assert edit.steps(changed)["odd"] == {"about": "# not a comment\n[no header]\n", "goal": "Be odd."}
