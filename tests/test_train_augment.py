"""What a line does to sound: as much as is asked, the same for the same seed, and never a jump in length."""

from random import Random

import numpy as np
import pytest
from little_model import tone

from callcenter.audio import decode
from callcenter.model.phones import LABEL, NUMBER, SILENCE, UNKNOWN
from callcenter.train.augment import GIVEN_AWAY, LATE, REST, Beds, coloured, line, lossy, on_the_line, swallowed
from callcenter.units import FRAME, RATE, SILENT_BYTE

SOUND = tone(3.0).astype(np.float32)
BEDS = Beds(1, None, [tone(2.0, 300.0), tone(2.0, 500.0)], each=2)


@pytest.mark.parametrize("loss", [0.02, 0.03, 0.1])
def test_about_as_many_frames_are_lost_as_is_asked_and_in_runs(loss):
    audio = lossy(Random(1), np.full(20_000 * FRAME, 0x10, np.uint8), loss)
    frames = audio.reshape(-1, FRAME)
    lost = (frames == SILENT_BYTE).all(1)
    assert ((frames == SILENT_BYTE).any(1) == lost).all(), "a frame is lost whole"
    assert lost.mean() == pytest.approx(loss, rel=0.3)
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate(([0], lost, [0])))))[::2]
    assert 3 < runs.mean() < 7
    assert not (audio[:FRAME] == SILENT_BYTE).all()


def test_nothing_is_lost_where_nothing_is_to_be():
    audio = np.full(100 * FRAME, 0x10, np.uint8)
    assert (lossy(Random(1), audio.copy(), 0.0) == audio).all()


@pytest.mark.parametrize("snr", [0.0, 10.0, 30.0])
def test_noise_is_as_far_under_the_voice_as_is_asked(snr):
    quiet = decode(on_the_line(Random(2), np.zeros(2 * RATE, np.float32), BEDS, 0.0, snr).tobytes())
    power = 20 * np.log10(3_000.0 / np.sqrt(np.square(quiet.astype(float)).mean()))
    assert power == pytest.approx(snr, abs=2.5)


def test_there_is_no_clean_silence_however_good_the_line():
    quiet = decode(on_the_line(Random(3), np.zeros(RATE, np.float32), BEDS, -10.0, 60.0).tobytes())
    assert np.sqrt(np.square(quiet.astype(float)).mean()) > 8


def test_the_level_of_the_line_is_that_of_the_voice():
    loud, faint = (
        np.sqrt(np.square(decode(on_the_line(Random(4), SOUND, BEDS, db, 40.0).tobytes()).astype(float)).mean())
        for db in (0.0, -12.0)
    )
    assert 20 * np.log10(loud / faint) == pytest.approx(12, abs=0.5)


def test_a_handset_colours_and_keeps_length_and_loudness():
    heard = [coloured(Random(seed), SOUND) for seed in range(20)]
    assert all(len(one) == len(SOUND) and one.dtype == np.float32 for one in heard)
    changed = [one for one in heard if not np.array_equal(one, SOUND)]
    assert 8 < len(changed) < 20
    for one in changed:
        assert np.abs(one).max() < 4 * np.abs(SOUND).max()


def test_the_same_seed_is_the_same_line():
    def heard(seed):
        chance = Random(seed)
        level, snr = line(chance)
        return lossy(chance, on_the_line(chance, coloured(chance, SOUND), Beds(5, None, [], 1), level, snr), 0.03)

    assert np.array_equal(heard(1), heard(1))
    assert not np.array_equal(heard(1), heard(2))


def test_lines_are_as_different_as_they_are_said_to_be():
    drawn = np.array([line(Random(seed)) for seed in range(500)])
    assert abs(drawn[:, 0].mean()) < 1
    assert 3 < drawn[:, 0].std() < 5
    assert drawn[:, 1].min() >= 8
    assert drawn[:, 1].max() <= 42


def words(*phones: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten frames of silence, eight of each phone, and forty of silence, sounding wherever it is none."""
    labels = np.array([SILENCE] * 10 + [phone for phone in phones for _ in range(8)] + [SILENCE] * 40, np.uint8)
    sound = np.where(labels.repeat(LABEL) == SILENCE, 0.0, 1_000.0).astype(np.float32)
    return sound, labels


def fates(*phones: int, count: int = 600) -> list[tuple[np.ndarray, np.ndarray]]:
    made = []
    for seed in range(count):
        sound, labels = words(*phones)
        swallowed(Random(seed), sound, labels)
        made.append((sound, labels))
    return made


def test_first_consonants_are_swallowed_now_and_then_and_some_of_them_whole():
    before, first = words(NUMBER["F"], NUMBER["AO"])[1], slice(10, 18)
    cut = [one for one in fates(NUMBER["F"], NUMBER["AO"]) if not one[0][10 * LABEL]]
    assert len(cut) == pytest.approx(600 * LATE, rel=0.3)
    whole = [labels for sound, labels in cut if not sound[10 * LABEL : 18 * LABEL].any()]
    assert 0.3 < len(whole) / len(cut) < 0.7
    for labels in whole:
        assert (labels[first] == SILENCE).sum() == 8 - GIVEN_AWAY, "it was meant, right before what is heard"
    assert all((labels == before).all() for sound, labels in cut if sound[10 * LABEL : 18 * LABEL].any())


def test_a_vowel_is_never_swallowed_whole_and_what_follows_keeps_its_sound():
    for sound, labels in fates(NUMBER["AO"], NUMBER["F"], count=200):
        assert sound[10 * LABEL : 18 * LABEL].any()
        assert (sound[18 * LABEL : 26 * LABEL] == 1_000.0).all()
        assert (labels[10:18] == NUMBER["AO"]).all()


def test_breath_behind_a_last_sound_is_no_sound_of_it():
    breathed = [one for one in fates(NUMBER["AO"]) if one[0][18 * LABEL :].any()]
    assert 30 < len(breathed) < 100
    for sound, labels in breathed:
        assert (labels[18:] == SILENCE).all()
        assert np.abs(sound[18 * LABEL :]).max() < 2_500
        assert not sound[18 * LABEL + RATE // 2 :].any(), "it is over soon"


def test_what_nobody_knows_and_short_rests_are_left_alone():
    unknown = fates(UNKNOWN, count=100)
    assert all(sound[10 * LABEL] for sound, _ in unknown)
    labels = np.array([SILENCE] * (REST - 1) + [NUMBER["F"]] * 9, np.uint8)
    for seed in range(100):
        sound, kept = np.ones(len(labels) * LABEL, np.float32), labels.copy()
        swallowed(Random(seed), sound, kept)
        assert (kept == labels).all()
        assert sound.all()


class Recordings:
    """Sixty-four noises, each a tone of its own."""

    def clips(self, name):
        return tuple(range(64)) if name == "noise" else ()

    def pcm(self, clip):
        return tone(1.0, 400.0 + 40 * clip)


def test_recorded_noise_gives_way_to_other_recorded_noise():
    beds, chance = Beds(1, Recordings(), [], each=2), Random(2)
    drawn = [beds.draw(chance, RATE) for _ in range(300)]
    heights = {int(np.abs(np.fft.rfft(one)).argmax()) for one in drawn}
    assert len(heights) > 25, "four recordings lie ready at a time"
    assert np.mean([np.square(one).mean() for one in drawn]) == pytest.approx(1.0, rel=0.2)


def test_a_recording_of_noise_can_be_had_as_it_is_and_none_where_there_are_none():
    assert len(Beds(1, Recordings(), [], each=2).clip(Random(1))) == RATE
    assert BEDS.clip(Random(1)) is None
