from dataclasses import MISSING, dataclass, fields
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import round_trip

from callcenter.codec import JournalError, decode, dumps, encode, loads
from callcenter.events import Act, Command, Event, Floor, Note, Noted, Pressed, Spoken, Utter

VALUES = [*get_args(Event), *get_args(Command), *get_args(Act)]

LONG = 2**63 - 1
st.register_type_strategy(int, st.integers(-LONG, LONG))
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(str, st.text(st.characters()))


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_every_event_and_command_comes_back_as_it_was(kind):
    @settings(max_examples=40, derandomize=True, deadline=None, database=None)
    @given(st.builds(kind, **{f.name: st.from_type(f.type) for f in fields(kind)}))
    def there_and_back(value):
        round_trip(lambda v: dumps(encode(v)), lambda text: decode(loads(text)), [value])

    there_and_back()


def test_a_default_is_not_written():
    assert encode(Spoken(3)) == {"is": "Spoken", "turn": 3}
    assert encode(Spoken(3, floor=Floor(p_yield=0.5))) == {"is": "Spoken", "turn": 3, "floor": {"p_yield": 0.5}}


@pytest.mark.parametrize("p", [float("nan"), float("inf"), float("-inf")])
def test_what_a_broken_model_computes_is_still_a_line(p):
    text = dumps(encode(Spoken(1, floor=Floor(p_speak=p))))
    assert repr(decode(loads(text)).floor.p_speak) == repr(p)


@pytest.mark.parametrize("text", ["\0", "\ud800", "\n\r\u2028", "日本語", '"\\'])
def test_any_text_fits_into_one_line(text):
    line = dumps(encode(Pressed(text)))
    assert line.count(b"\n") == 1
    assert decode(loads(line)) == Pressed(text)
    assert b"\0" not in line


def test_numbers_too_large_for_a_machine_word_are_written_all_the_same():
    value = Utter("agent", 0, 2**70, "")
    assert loads(dumps(encode(value)))["end"] == 2**70


@pytest.mark.parametrize(
    "line",
    [
        {"is": "Nonsense"},
        {},
        {"is": "Pressed"},
        {"is": "Noted", "note": {"id": "1"}},
        {"is": "Noted", "note": "text"},
        {"is": "Spoken", "turn": 1, "floor": {"p_speak": "much"}},
        {"is": "Spoken", "turn": 1, "acts": [{"is": "Danced"}]},
        {"is": "Spoken", "turn": 1, "acts": 7},
        {"is": "Send", "frame": "not base64!"},
    ],
    ids=str,
)
def test_a_line_that_nobody_wrote_is_refused(line):
    with pytest.raises(JournalError):
        decode(line)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"n": 1', b"[" * 100_000])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(JournalError):
        loads(text)


def test_a_nested_value_keeps_its_shape():
    note = Note("n1", "say", "Your order shipped.", supersedes=("n0",), source=("orders.status",))
    assert encode(Noted(note)) == {
        "is": "Noted",
        "note": {
            "id": "n1",
            "kind": "say",
            "text": "Your order shipped.",
            "supersedes": ["n0"],
            "source": ["orders.status"],
        },
    }


def test_a_field_without_a_form_is_an_error_of_ours():
    @dataclass
    class Odd:
        values: set[int]

    with pytest.raises(TypeError, match="no form"):
        encode(Odd({1}))


def test_no_field_is_called_like_the_class_name():
    assert not [f for kind in VALUES for f in fields(kind) if f.name == "is" or f.default_factory is not MISSING]
