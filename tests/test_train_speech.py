"""Speech to learn from: when every phone and word is, through cutting, trimming and joining."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from little_model import tone

from callcenter.callers.takes import LEVEL, Chunk, Wording, plain
from callcenter.callers.voice import Voice
from callcenter.model.phones import LABEL, NUMBER, SILENCE, UNKNOWN
from callcenter.train.speech import Chorus, Utterance, flite, hurried, joined, level, part, spread, to_phone, trimmed
from callcenter.units import RATE
from callcenter.voices import Word

WORDS = (Word("one", 0, 1_600), Word("two", 1_600, 4_000))
ONE = Utterance(tone(0.5), "one two", np.array([0, 800, 2_400]), np.array([5, 6, 7], np.uint8), WORDS)


@pytest.mark.parametrize(
    ("offset", "count", "wanted"),
    [
        (0, 5, [5, 5, 5, 5, 5]),
        (800, 2, [6, 6]),
        (640, 3, [5, 6, 6]),
        (-320, 4, [SILENCE, SILENCE, 5, 5]),
        (4_000 - LABEL, 3, [7, SILENCE, SILENCE]),
    ],
)
def test_a_frame_is_the_phone_in_its_middle_and_silence_outside(offset, count, wanted):
    assert ONE.labels(offset, count).tolist() == wanted


def test_frames_of_what_nobody_labelled_are_unknown_where_it_sounds():
    bare = Utterance(tone(0.1), "hm")
    assert bare.labels(-LABEL, 7).tolist() == [SILENCE, *[UNKNOWN] * 5, SILENCE]


def test_the_tail_of_a_recording_is_no_speech():
    ended = Utterance(ONE.pcm, ONE.text, ONE.starts, ONE.phones, tail=800)
    assert len(ended) == 3_200
    assert ended.labels(3_200 - LABEL, 2).tolist() == [7, SILENCE]


def test_a_voice_rests_where_its_silence_between_words_is_long_enough():
    starts = np.array([0, 400, 1_200, 1_500, 2_300, 2_800, 3_000, 3_600])
    phones = np.array([SILENCE, 5, SILENCE, 6, SILENCE, SILENCE, 7, SILENCE], np.uint8)
    assert Utterance(tone(0.5), "a", starts, phones).gaps == ((2_300, 3_000),)
    assert Utterance(tone(0.5), "a").gaps == ()


def test_symbols_of_two_phones_share_their_time():
    starts, phones = spread([(100, (3,)), (300, (4, 5))], 500)
    assert starts.tolist() == [0, 100, 300, 400]
    assert phones.tolist() == [SILENCE, 3, 4, 5]
    assert spread([], 100)[1].tolist() == [SILENCE]


def test_a_part_keeps_the_phones_and_words_that_lie_in_it():
    cut = part(ONE, 1_000, 3_000)
    assert len(cut.pcm) == 2_000
    assert cut.labels(0, 12).tolist() == ONE.labels(1_000, 12).tolist()
    assert cut.words == (Word("two", 600, 2_000),)
    assert cut.text == "two"
    assert len(part(ONE, -50, 9_999)) == len(ONE)


def test_trimming_takes_the_silence_and_shifts_the_rest():
    quiet = np.zeros(1_200, np.int16)
    whole = Utterance(
        np.concatenate((quiet, ONE.pcm, quiet)),
        "one two",
        np.concatenate(([0], ONE.starts + 1_200, [5_200])),
        np.concatenate(([SILENCE], ONE.phones, [SILENCE])).astype(np.uint8),
        tuple(Word(word.text, word.start + 1_200, word.end + 1_200) for word in ONE.words),
    )
    short = trimmed(whole)
    assert abs(len(short) - len(ONE)) <= 80
    assert short.labels(0, 24).tolist() == ONE.labels(0, 24).tolist()
    assert short.words[1].start == 1_600
    assert abs(int(short.pcm[0])) < 100 > abs(int(short.pcm[-1]))
    assert len(trimmed(Utterance(quiet))) == 0


def test_joined_parts_have_pauses_as_long_as_they_are_meant_to_be():
    wording = Wording((Chunk("one two", 0.5), Chunk("one two,", 0.3, phrase=True), Chunk("one two")))
    made = joined([ONE, ONE, ONE], wording)
    assert len(made) == 3 * 4_000 + round(0.8 * RATE)
    assert made.pauses == ((4_000, 8_000),), "a silence that ends a phrase is no pause"
    assert made.phrase_ends == (12_000,)
    assert made.words[2] == Word("one", 8_000, 9_600)
    assert made.labels(0, 25).tolist() == ONE.labels(0, 25).tolist()
    assert (made.labels(4_000, 25) == SILENCE).all()
    assert not made.pcm[4_000:8_000].any()
    assert made.labels(8_000, 25).tolist() == ONE.labels(0, 25).tolist()
    assert made.text == wording.text


def test_what_is_joined_with_something_unknown_is_unknown():
    made = joined([ONE, Utterance(tone(0.2), "hm")], Wording((Chunk("one two", 0.1), Chunk("hm"))))
    assert not len(made.starts)
    assert (made.labels(0, 10) == UNKNOWN).all()


def test_everybody_is_as_loud():
    for loud in (200.0, 9_000.0):
        heard = level(Utterance(tone(0.5, loud=loud), "hello"))
        assert np.sqrt(np.square(heard.pcm.astype(float)).mean()) == pytest.approx(LEVEL, rel=0.02)


@pytest.mark.parametrize("rate", [22_050, 16_000, 44_100, 8_000])
def test_a_telephone_keeps_its_band_and_the_time(rate):
    def sine(hertz):
        return (np.sin(2 * np.pi * hertz * np.arange(rate) / rate) * 8_000).astype(np.int16)

    heard = {hertz: to_phone(sine(hertz), rate) for hertz in (100, 1_000, 3_700)}
    loud = {hertz: np.sqrt(np.square(pcm[800:-800].astype(float)).mean()) for hertz, pcm in heard.items()}
    assert all(len(pcm) == RATE for pcm in heard.values())
    assert loud[1_000] == pytest.approx(8_000 / np.sqrt(2), rel=0.02)
    assert max(loud[100], loud[3_700]) < 100
    assert np.argmax(np.abs(np.fft.rfft(heard[1_000]))) == 1_000


@pytest.fixture
def chorus():
    made = Chorus()
    yield made
    made.close()


def names(utterance):
    said_ = {number: name for name, number in NUMBER.items()}
    return [said_[int(phone)] for phone in utterance.phones if phone != SILENCE]


def test_the_chorus_tells_every_phone_and_word(chorus):
    made = chorus.say(Voice("en-us+f3"), plain("yes please."))
    assert names(made) == ["Y", "EH", "S", "P", "L", "IY", "Z"]
    assert [word.text for word in made.words] == ["yes", "please."]
    assert (np.diff(made.starts) >= 0).all()
    assert made.words[0].end <= made.words[1].end <= len(made)
    assert chorus.phones("en-us", "two") == [NUMBER["T"], NUMBER["UW"]]
    wording = Wording((Chunk("it is four two"), Chunk("seven nine.")))
    paused = Wording((Chunk("it is four two", 0.7), Chunk("seven nine.")))
    plain_, with_pause = (chorus.say(Voice("en-gb-scotland+m3", 150), told) for told in (wording, paused))
    ((start, end),) = with_pause.pauses
    assert end - start == round(0.7 * RATE)
    assert not with_pause.pcm[start:end].any()
    assert len(with_pause) - len(plain_) == end - start
    assert (with_pause.labels(start, 30) == SILENCE).all()
    assert with_pause.labels(start - 1_600, 8).max() > SILENCE
    power = np.square(with_pause.pcm.astype(float))
    assert power[: start - 400].mean() > 1e4


def test_a_comma_is_a_rest_and_a_sentence_without_one_has_none(chorus):
    said = chorus.say(Voice("en-us"), plain("okay, can you help me?"))
    ((start, stop),) = said.gaps
    first, second = said.words[:2]
    assert first.start < start < stop < second.end
    assert not chorus.say(Voice("en-us"), plain("can you help me?")).gaps


def test_another_voice_says_the_same_words_at_its_own_pace(chorus):
    slow, fast = (chorus.say(Voice("en-us+m3", rate), plain("my order number is four.")) for rate in (120, 220))
    assert len(slow) > 1.3 * len(fast)
    assert [word.text for word in slow.words] == [word.text for word in fast.words]


@pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed")
def test_flite_tells_its_phones():
    assert names(flite("slt", "yes please.")) == ["Y", "EH", "S", "P", "L", "IY", "Z"]


@pytest.mark.parametrize("rate", [0.8, 1.0, 1.25])
def test_who_hurries_says_the_same_phones_and_words_sooner_and_higher(rate):
    whole = joined([ONE, ONE], Wording((Chunk("one two", 0.5), Chunk("one two", 0.0, True))))
    ended = replace(whole, pcm=np.concatenate((whole.pcm, np.zeros(800, np.int16))), tail=800)
    made = hurried(ended, rate)
    assert made.text == ended.text
    assert len(made.pcm) == pytest.approx(len(ended.pcm) / rate, abs=1)
    assert made.tail == pytest.approx(800 / rate, abs=1)
    assert [word.text for word in made.words] == [word.text for word in ended.words]
    for word, before in zip(made.words, ended.words, strict=True):
        assert (word.start, word.end) == pytest.approx((before.start / rate, before.end / rate), abs=1)
    assert made.pauses == pytest.approx(np.array(ended.pauses) / rate, abs=1)
    assert made.phrase_ends == pytest.approx(np.array(ended.phrase_ends) / rate, abs=1)
    (start, end) = made.pauses[0]
    assert np.abs(made.pcm[start - 400 : start].astype(int)).max() > 1_000
    assert np.abs(made.pcm[start + 2 : end - 2].astype(int)).max() == 0
    loud = made.pcm[: start - 2].astype(float)
    pitch = np.abs(np.fft.rfft(loud)).argmax() * RATE / len(loud)
    assert pitch == pytest.approx(440 * rate, abs=4)


def test_a_phone_of_who_hurries_is_where_it_sounds():
    fast = hurried(ONE, 1.25)
    middles = (np.arange(len(fast) // LABEL) + 0.5) * LABEL * 1.25
    assert fast.labels(0, len(middles)).tolist() == [
        int(ONE.phones[np.searchsorted(ONE.starts, at, "right") - 1]) for at in middles
    ]
