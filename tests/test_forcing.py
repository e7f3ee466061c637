"""A note's words in a model's text stream, at a speaker's pace."""

from callcenter.duplex.forcing import Forcing

PAD, ENDS = 3, 0
TEXT = "Your order left on Monday. Anything else?"


def letters(word):
    """A tokenizer of two letters a token."""
    return [10 + n for n in range(-(-len(word) // 2))]


def steps(text):
    forcing = Forcing(letters, PAD, ENDS)
    forcing.begin(text)
    told = []
    while forcing.busy:
        told.append(forcing.step())
    return told


def test_every_word_is_told_once_in_order():
    assert " ".join(word for _, word in steps(TEXT) if word) == TEXT


def test_each_word_is_announced_said_and_given_time():
    told = [token for token, _ in steps("order left")]
    assert told == [ENDS, 10, 11, 12, PAD, ENDS, 10, 11, PAD]


def test_it_takes_as_long_as_a_speaker_does():
    text = "it should be with you within the next three working days between nine and five"
    seconds = len(steps(text)) / 12.5
    assert 10 <= len(text) / seconds <= 18


def test_a_sentence_ends_with_a_breath():
    assert len(steps("Monday.")) >= len(steps("Mondays")) + 4


def test_without_a_note_the_stream_is_padding():
    forcing = Forcing(letters, PAD, ENDS)
    assert [forcing.step() for _ in range(3)] == [(PAD, "")] * 3


def test_what_is_stopped_says_no_more():
    forcing = Forcing(letters, PAD, ENDS)
    forcing.begin(TEXT)
    forcing.step()
    forcing.stop()
    assert (forcing.busy, forcing.left, forcing.step()) == (False, 0, (PAD, ""))
