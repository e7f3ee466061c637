"""The best path through what the ear answers tells when each phone of a known text was said."""

from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from little_model import tone

from callcenter.callers.clips import Clip
from callcenter.model.config import LATE
from callcenter.model.phones import LABEL, NUMBER, PHONES, SILENCE, UNKNOWN
from callcenter.train.align import LEAST, States, aligned, guessed, kind, loudness, scores, timed
from callcenter.train.speech import Utterance
from callcenter.voices import Word

YES, TWO = ([NUMBER[name] for name in names.split()] for names in ("Y EH S", "T UW"))
WORDS = {"yes": YES, "two": TWO}
ONE_EACH = np.ones_like(LEAST)


def posteriors(frames, sure=0.9):
    """An ear that is this sure of a phone in every frame."""
    table = np.full((len(frames), len(PHONES)), (1 - sure) / (len(PHONES) - 1), np.float32)
    table[np.arange(len(frames)), frames] = sure
    return np.log(table)


def frames(*runs):
    return [phone for phone, count in runs for _ in range(count)]


SAID = frames((SILENCE, 5), (YES[0], 3), (YES[1], 6), (YES[2], 4), (SILENCE, 7), (TWO[0], 2), (TWO[1], 8), (SILENCE, 5))


def test_the_path_goes_where_the_phones_are():
    path, mean = aligned(posteriors(SAID), States.of([YES, TWO], ONE_EACH))
    assert path.tolist() == frames((0, 5), (1, 3), (2, 6), (3, 4), (4, 7), (5, 2), (6, 8), (7, 5))
    assert mean == pytest.approx(np.log(0.9), abs=1e-5)


def test_silence_between_words_is_optional_and_phones_are_not():
    told = frames((YES[0], 3), (YES[1], 6), (YES[2], 4), (TWO[0], 2), (TWO[1], 8))
    path, _ = aligned(posteriors(told), States.of([YES, TWO], ONE_EACH))
    assert path.tolist() == frames((1, 3), (2, 6), (3, 4), (5, 2), (6, 8))
    swallowed = frames((SILENCE, 4), (YES[0], 5), (YES[2], 5), (SILENCE, 4))
    path, _ = aligned(posteriors(swallowed), States.of([YES], ONE_EACH))
    assert 2 in path


def test_it_is_the_best_of_all_paths():
    """Against every path of a small case."""
    chance = np.random.default_rng(1)
    for _ in range(5):
        told = np.log(chance.dirichlet(np.full(len(PHONES), 0.3), 6) + 1e-6).astype(np.float32)
        phones = [SILENCE, *TWO, SILENCE, NUMBER["IY"], SILENCE]
        best = max(
            sum(told[at, phones[state]] for at, state in enumerate(path))
            for path in product(range(len(phones)), repeat=6)
            if path[0] in (0, 1)
            and path[-1] in (len(phones) - 1, len(phones) - 2)
            and all(b - a in (0, 1) or (b - a == 2 and phones[a + 1] == SILENCE) for a, b in pairwise(path))
        )
        path, mean = aligned(told, States.of([TWO, [NUMBER["IY"]]], ONE_EACH))
        assert mean * 6 == pytest.approx(best, abs=1e-4)
        assert sum(told[at, phones[state]] for at, state in enumerate(path)) == pytest.approx(best, abs=1e-4)


def test_no_phone_is_shorter_than_it_can_be_said():
    told = posteriors(frames((SILENCE, 5), (YES[0], 3), (YES[1], 6), (SILENCE, 6)))
    told[:, SILENCE] -= 0.1
    path, _ = aligned(told, States.of([YES], LEAST))
    counts = np.bincount(path, minlength=5)
    assert counts.tolist() == [5, 3, 6, 3, 3]


def test_with_least_times_it_is_the_best_of_all_paths_that_keep_them():
    chance = np.random.default_rng(2)
    phones = [SILENCE, *TWO, SILENCE]
    for _ in range(5):
        told = np.log(chance.dirichlet(np.full(len(PHONES), 0.3), 7) + 1e-6).astype(np.float32)
        best = max(
            sum(told[at, phones[unit]] for at, unit in enumerate(path))
            for path in product(range(4), repeat=7)
            if path[0] in (0, 1)
            and path[-1] in (2, 3)
            and all(b - a in (0, 1) for a, b in pairwise(path))
            and all(path.count(unit) >= LEAST[phones[unit]] for unit in (1, 2))
        )
        path, mean = aligned(told, States.of([TWO], LEAST))
        assert mean * 7 == pytest.approx(best, abs=1e-4)
        assert sum(told[at, phones[unit]] for at, unit in enumerate(path)) == pytest.approx(best, abs=1e-4)


def sound(*decibels):
    """So many frames of noise of each loudness."""
    chance = np.random.default_rng(3)
    parts = [chance.normal(0, 10 ** (db / 20), (count, LABEL)) for db, count in decibels]
    return np.rint(np.concatenate(parts).ravel()).astype(np.int16)


def test_what_may_be_silence_is_told_from_what_is_too_loud_for_it():
    told = loudness(sound((20, 10), (29.5, 10), (50, 10), (20, 10)))
    assert told[:10].max() < 0.2
    assert 0.2 < told[10:20].mean() < 0.8
    assert (told[20:30] == 1).all()
    assert told[30:].max() < 0.2


def test_what_an_ear_took_for_silence_is_speech_where_it_is_loud():
    """An ear that is deaf for somebody's "s" does not teach the next one to be."""
    deaf = posteriors(frames((SILENCE, 5), (YES[0], 3), (YES[1], 6), (SILENCE, 11)))
    pcm = sound((20, 5), (50, 9), (42, 6), (20, 5))
    made = timed(Prophet(deaf), replace(utterance("yes"), pcm=pcm), WORDS.get)
    assert made.labels(0, 25).tolist() == frames((SILENCE, 5), (YES[0], 3), (YES[1], 6), (YES[2], 6), (SILENCE, 5))


def test_loud_silence_is_not_learnt_from_where_nobody_wrote_the_text():
    deaf = posteriors(frames((SILENCE, 5), (YES[1], 9), (SILENCE, 11)))
    made = guessed(Prophet(deaf), replace(utterance(""), pcm=sound((20, 5), (50, 9), (42, 6), (20, 5))))
    assert made.labels(0, 25).tolist() == frames((SILENCE, 5), (YES[1], 9), (UNKNOWN, 6), (SILENCE, 5))


@dataclass
class Prophet:
    """An ear that hears these phones, late as ears are."""

    told: np.ndarray
    asked: int = 0

    def silence(self, rows):
        return []

    def __call__(self, levels, past):
        self.asked = levels.shape[1] // 2
        return torch.zeros(1, self.asked, 1), past

    def phones(self, states):
        late = np.concatenate((np.full((LATE, len(PHONES)), -9.0, np.float32), self.told))
        return torch.from_numpy(late[: self.asked])[None]


def utterance(text):
    return Utterance(tone(len(SAID) * LABEL / 8_000), text)


def test_scores_are_of_every_frame_without_the_lateness():
    told = posteriors(SAID)
    found = scores(Prophet(told), utterance("yes two").pcm)
    assert np.allclose(found, told, atol=1e-4)


def test_phones_and_words_are_timed():
    made = timed(Prophet(posteriors(SAID)), utterance("yes two"), WORDS.get)
    assert made.words == (Word("yes", 5 * LABEL, 18 * LABEL), Word("two", 25 * LABEL, 35 * LABEL))
    assert made.labels(0, len(SAID)).tolist() == SAID
    assert made.text == "yes two"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", SAID),
        ("two yes", SAID),
        ("yes " * 20, SAID),
        ("no", SAID),
    ],
)
def test_where_text_and_sound_do_not_go_together_there_are_no_times(text, told):
    known = {**WORDS, "no": []}
    assert timed(Prophet(posteriors(told, 0.999999)), utterance(text), known.get) is None


@pytest.mark.parametrize(
    ("of", "text", "ends", "seconds", "wanted"),
    [
        ("digits", "seven", (), 0.5, "digit"),
        ("speech_commands", "stop", (), 0.5, "stop"),
        ("speech_commands", "right", (), 0.5, "hum"),
        ("speech_commands", "yes", (), 0.5, "short"),
        ("orders", "a coffee please", (9_000,), 9.0, "turn"),
        ("librispeech", "once there was", (9_000,), 9.0, "story"),
        ("librispeech", "once there was", (), 9.0, "turn"),
        ("librispeech", "once there was", (9_000,), 5.0, "turn"),
    ],
)
def test_a_clip_is_said_as_what_it_is(of, text, ends, seconds, wanted):
    said = Utterance(tone(seconds), text, phrase_ends=ends)
    assert kind(clip(of, text), said) == wanted


def clip(of, text):
    given = {"of": of, "text": text}
    return Clip(**{name: given.get(name, "") for name in Clip.__dataclass_fields__})


def test_where_nobody_wrote_down_what_was_said_only_sure_frames_have_a_phone():
    told = posteriors(SAID)
    unsure = [*range(6, 9), *range(20, 30)]
    told[unsure] = posteriors([SAID[at] for at in unsure], 0.79)
    given = replace(utterance(""), phrase_ends=(4_000,))
    made = guessed(Prophet(told), given)
    wanted = [UNKNOWN if at in unsure else phone for at, phone in enumerate(SAID)]
    assert made.labels(0, len(SAID)).tolist() == wanted
    assert (made.pcm is given.pcm, made.text, made.phrase_ends, made.words) == (True, "", (4_000,), ())
    deaf = guessed(Prophet(posteriors(SAID, 0.5)), given)
    assert set(deaf.labels(0, len(SAID)).tolist()) == {UNKNOWN}
