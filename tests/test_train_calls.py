"""Scenes as the model meets them: two positions of sound a turn, everything of one length, everything seeded."""

from random import Random

import numpy as np
import pytest
from little_model import Everybody, anything, said, scene

from callcenter.audio import decode
from callcenter.model.config import ACTS, AHEAD, DOINGS, NOTE_TOKENS, SPEAK, TURN_POSITIONS
from callcenter.model.phones import LABEL, SILENCE, UNKNOWN
from callcenter.model.streaming import MOST
from callcenter.model.text import OPENINGS, TOKEN, shipped
from callcenter.train.augment import Beds
from callcenter.train.calls import (
    AUDIO,
    Company,
    ahead,
    labels,
    mistakes,
    mix,
    note_tokens,
    policy_tokens,
    rendered_agent,
    said_words,
    word_ends,
)
from callcenter.train.scene import Mistakes, Policy, Sound, Speech
from callcenter.units import SILENT_BYTE, TURN

TURNS = 100
AGENTS = ("your order is on its way", "i have found it and it costs forty two dollars", "is there anything else")
PIECES = shipped()


def company():
    return Company(Everybody(), Beds(1, None, [], 1), AGENTS, PIECES, TURNS)


@pytest.fixture(scope="module")
def examples():
    made, chance = company(), Random(1)
    return [made.call(chance) for _ in range(6)]


def test_every_turn_has_exactly_two_positions_of_sound(examples):
    for one in examples:
        places = np.flatnonzero(one.tokens == AUDIO)
        assert len(places) == TURNS * TURN_POSITIONS
        pairs = places.reshape(-1, TURN_POSITIONS)
        assert (np.diff(pairs, axis=1) == 1).all(), "both stand together"
        assert pairs[-1, -1] == len(one.tokens) - 1, "a call ends with a sound"


def test_tokens_begin_with_the_policy_and_are_all_of_the_vocabulary(examples):
    for one in examples:
        assert one.tokens[0] == TOKEN["<open>"]
        assert one.tokens[one.tokens != AUDIO].min() >= 0
        assert one.tokens.max() < len(PIECES)


def test_a_turn_holds_no_more_text_than_can_be_read_in_one(examples):
    for one in examples:
        assert np.diff(np.flatnonzero(one.tokens == AUDIO), prepend=-1).max() - 1 <= MOST


def test_everything_is_of_one_length(examples):
    for one in examples:
        assert len(one.caller) == len(one.played) == TURNS * TURN
        assert {len(part) for part in (one.act, one.opening, one.weight, one.speaking, one.doing)} == {TURNS}
        assert one.ahead.shape == (TURNS, len(AHEAD))
        assert len(one.phones) == TURNS * TURN // LABEL
        assert one.act.max() < len(ACTS)
        assert one.doing.max() < len(DOINGS)
        assert set(one.opening) <= {-100, *(TOKEN[name] for name in OPENINGS)}


def test_an_opening_is_taught_only_where_it_begins_to_speak(examples):
    for one in examples:
        assert ((one.opening >= 0) == ((one.act == SPEAK) & ~one.speaking)).all()


def test_the_same_seed_is_the_same_call(examples):
    again = company().call(Random(1))
    for name in again.__slots__:
        assert np.array_equal(getattr(again, name), getattr(examples[0], name)), name
    assert not np.array_equal(again.caller, examples[1].caller)


def test_what_was_done_stands_before_the_next_turns_sound(examples):
    """Begun in a turn is read in the next: `<speak>`, then with what."""
    for one in examples:
        turns = np.split(one.tokens, np.flatnonzero(one.tokens == AUDIO)[1::2] + 1)[:-1]
        for turn, tokens in enumerate(turns):
            began = TOKEN["<speak>"] in tokens
            if began:
                at = int(np.flatnonzero(tokens == TOKEN["<speak>"])[0])
                assert tokens[at + 1] in [TOKEN[name] for name in OPENINGS]
                assert not one.speaking[turn - 1]


def test_no_silence_is_clean(examples):
    for one in examples:
        pcm = decode(one.caller.tobytes()).reshape(-1, TURN)
        lost = (one.caller.reshape(-1, TURN) == SILENT_BYTE).mean(1)
        assert (np.abs(pcm.astype(int)).max(1)[lost < 0.5] > 0).all()


def test_our_own_sound_is_played_where_it_was_said_and_cut_where_it_was():
    hello = said("hello", 1.0)
    track = rendered_agent([Speech(hello, 100, 100 + 4_000, "<note>"), Speech(hello, 20_000, 28_000, "<note>")], 24_000)
    loud = np.flatnonzero(track != SILENT_BYTE)
    assert loud.min() in range(100, 110)
    assert loud[loud < 10_000].max() in range(4_080, 4_100)
    assert loud.max() > 23_980
    assert (track[4_100:20_000] == SILENT_BYTE).all()


def test_phones_are_those_of_who_speaks_to_us():
    turn, aside = (
        Sound(kind, said("a b c", 1.0), start, start + 8_000) for kind, start in (("turn", 800), ("aside", 12_000))
    )
    phones, voiced = labels([turn, aside], 24_000)
    assert (phones[:5] == SILENCE).all()
    assert (phones[5:55] != SILENCE).all()
    assert (phones[75:125] == UNKNOWN).all()
    assert voiced[5:55].all()
    assert not voiced[55:].any()


def test_phones_of_who_speaks_to_us_stand_though_something_sounds_behind():
    turn, behind = Sound("turn", said("a b c", 1.0), 800, 8_800), Sound("noise", said("d e f", 2.0), 0, 16_000)
    for sounds in ([turn, behind], [behind, turn]):
        phones, _ = labels(sounds, 16_000)
        assert (phones[:5] == UNKNOWN).all()
        assert ((phones[5:55] != UNKNOWN) & (phones[5:55] != SILENCE)).all()
        assert (phones[55:] == UNKNOWN).all()


def test_a_pause_within_words_is_not_voice_and_a_hum_is_no_claim():
    halting = Sound("turn", said("a b", 2.0, [(0.5, 1.0)]), 0, 16_000)
    _, voiced = labels([halting], 16_000)
    assert voiced[:24].all()
    assert not voiced[26:49].any()
    assert voiced[51:].all()
    _, voiced = labels([Sound("hum", said("mm", 0.5), 0, 4_000)], 8_000)
    assert not voiced.any()


def test_what_is_cut_short_has_no_phones_and_no_sound_behind_its_end():
    stopped = Sound("turn", said("a b c d", 2.0), 0, 8_000)
    phones, _ = labels([stopped], 16_000)
    assert (phones[50:] == SILENCE).all()
    sound = np.zeros(16_000, np.float32)
    mix(sound, stopped)
    assert not sound[8_000:].any()
    assert np.abs(sound[:7_900]).max() > 1_000
    assert [word for word, _ in word_ends(stopped)] == ["a", "b"]


def test_ahead_says_whether_the_caller_will_speak():
    voiced = np.zeros(200, np.bool_)
    voiced[10 + 15 : 10 + 30] = True  # 0.3 to 0.6 s after the first turn's end
    assert ahead(voiced, 20)[0].tolist() == [0, 1, 0, 0]
    assert ahead(np.ones(200, np.bool_), 2).min() == 1
    assert ahead(voiced, 20)[19].tolist() == [0, 0, 0, 0]


def test_words_are_spread_by_letters_where_nobody_told_their_times():
    blind = Sound("turn", anything(Random(1), "reply"), 0, 10_000)
    bare = Sound("turn", type(blind.said)(blind.said.pcm, "aa bb cccc"), 0, len(blind.said))
    ends = dict(word_ends(bare))
    assert list(ends) == ["aa", "bb", "cccc"]
    assert ends["bb"] == 2 * ends["aa"]


def test_words_that_are_said_stand_in_the_turn_that_holds_them():
    """A decision at the end of a turn is heard a lag later, as the first turn of a speech and its words."""
    made = scene(2, mistakes=Mistakes())
    told = said_words(made)
    speech = next(one for one in made.speeches if one.opening == "<note>" and one.end == one.start + len(one.said))
    first = (speech.start - made.lag) // TURN - 1
    whole = " ".join(told.get(turn, "") for turn in range(first, first + len(speech.said) // TURN + 2)).split()
    words = [word.text for word in speech.said.words]
    assert whole[: len(words)] == words


@pytest.mark.parametrize("kind", ["<say>", "<know>"])
def test_of_a_note_its_first_pieces_are_read(kind):
    long = " ".join(["word"] * 60)
    assert note_tokens(kind, long, PIECES) == [TOKEN[kind], *PIECES.encode(long)[:NOTE_TOKENS]]
    assert note_tokens("<drop>", "", PIECES) == [TOKEN["<drop>"]]


def test_a_policy_is_read_as_its_knobs():
    knobs = [TOKEN["<hum rare>"], TOKEN["<patient>"], TOKEN["<firm>"]]
    assert policy_tokens(Policy("rare", "patient", "firm")) == knobs
    assert note_tokens("<be>", "rare patient firm", PIECES) == [TOKEN["<be>"], *knobs]


def test_most_agents_often_hesitate_and_all_of_them_now_and_then_do_otherwise():
    drawn = [mistakes(Random(seed)) for seed in range(500)]
    hesitant = [one for one in drawn if one.late >= 0.3]
    assert 0.74 < len(hesitant) / 500 < 0.86
    assert max(one.late for one in drawn) <= 0.8
    assert min(one.overlook for one in hesitant) >= 0.3
    assert len({one.start_in_pause for one in drawn}) == 500
