"""Where each key of a TOML text stands."""

import pytest

from flows.lines import key_lines, line_of, line_of_text

TEXT = '''
name = "x"
[steps.pay]
phrases = [
  "a = b",
  "[steps.fake]",
]
note = """
fake = 1
[also.fake]
"""
with = { one = 1, two = "{x}" }
[[steps.pay.say]]
text = "a"
[[steps.pay.say]]
text = "b"
[steps.pay.say.when]
"order.status" = "c"
[other]
key = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("steps", "pay"), 3),
        (("steps", "pay", "phrases"), 4),
        (("steps", "pay", "note"), 8),
        (("steps", "pay", "with", "two"), 12),
        (("steps", "pay", "say", 0, "text"), 14),
        (("steps", "pay", "say", 1, "text"), 16),
        (("steps", "pay", "say", 1, "when", "order.status"), 18),
        (("other", "key"), 20),
        (("other", "missing"), 19),
        (("nothing",), 1),
    ],
)
def test_a_key_is_found_at_its_line(path, line):
    assert line_of(path, key_lines(TEXT)) == line


def test_what_stands_in_a_text_is_no_key():
    found = key_lines(TEXT)
    assert ("fake",) not in found
    assert ("steps", "fake") not in found
    assert ("also", "fake") not in found


def test_an_entry_of_a_list_is_found_by_its_text():
    assert line_of_text("[steps.fake]", 4, TEXT) == 6
