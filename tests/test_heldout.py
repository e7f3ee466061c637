"""What is kept for evaluation."""

from callcenter.callers.heldout import SHARE, held_out, kept, place
from callcenter.callers.voice import PEOPLE


def test_a_name_is_always_on_the_same_side():
    assert place("voice", "m1") == place("voice", "m1")
    assert held_out("sentence", "My  order is late") == held_out("sentence", "my order is late")


def test_the_sides_share_nothing_and_leave_nothing_out():
    one, other = kept("voice", PEOPLE, True), kept("voice", PEOPLE, False)
    assert not set(one) & set(other)
    assert sorted(one + other) == sorted(PEOPLE)
    assert len(one) >= 8


def test_about_the_intended_share_is_kept():
    found = sum(held_out("sentence", f"sentence {n}") for n in range(5000)) / 5000
    assert abs(found - SHARE["sentence"]) < 0.02


def test_the_sides_have_not_moved():
    """Whoever changes the hash lets training hear what it is tested on."""
    assert kept("voice", PEOPLE, True) == (
        "m1", "m4", "m5", "m8", "Alicia", "Andrea", "Annie", "Gene", "belinda", "david",
    )  # fmt: skip
    assert [held_out("speaker", f"fsdd-{name}") for name in ("george", "nicolas")] == [False, True]
