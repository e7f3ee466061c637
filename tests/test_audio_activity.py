"""Steady noise is no voice, onsets are found, gaps are bridged, a click is no speech."""

import numpy as np
import pytest
from laws import neighbours_do_not_matter, replay_agrees
from sounds import loud, noise, syllables

from callcenter.audio import HANG, Activity, encode, silence
from callcenter.units import FRAME, FRAMES_PER_TURN, RATE, TURN

SPEECH_DB = -24.0


def heard(pcm):
    """The mask of a call: turn by turn, as it comes."""
    audio = encode(np.clip(pcm, -32_768, 32_767).astype(np.int16))
    activity = Activity()
    return "".join(activity.push(audio[at : at + TURN]) for at in range(0, len(audio), TURN))


def call(kind, seed, snr_db, begin=3.0, spoken=2.4, seconds=8.0):
    """Noise all along and speech from `begin` on."""
    pcm = np.zeros(int(seconds * RATE))
    if kind:
        pcm += loud(noise(kind, seed, len(pcm)), SPEECH_DB - snr_db)
    at = int(begin * RATE)
    speech = loud(syllables(seed, spoken), SPEECH_DB)
    speech[: RATE // 50] *= np.linspace(0.3, 1, RATE // 50)
    pcm[at : at + len(speech)] += speech
    return pcm


@pytest.mark.parametrize("kind", ["white", "pink", "hum"])
@pytest.mark.parametrize("level_db", [-60, -50, -40, -36])
@pytest.mark.parametrize("seed", [1, 2])
def test_steady_noise_is_no_voice_from_the_first_frame_to_the_last(kind, level_db, seed):
    assert "1" not in heard(loud(noise(kind, seed, 60 * RATE), level_db))


@pytest.mark.parametrize("level_db", [-28, -20])
def test_noise_as_loud_as_a_voice_is_told_from_one_after_a_second(level_db):
    assert "1" not in heard(loud(noise("pink", 3, 20 * RATE), level_db))[60:]


@pytest.mark.parametrize(("kind", "snr_db"), [("", 0), ("white", 25), ("white", 15), ("pink", 15), ("hum", 15)])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("begin", [3.0, 3.013])
def test_an_onset_is_found_within_forty_milliseconds(kind, snr_db, seed, begin):
    mask = heard(call(kind, seed, snr_db, begin))
    assert begin * RATE < FRAME * (mask.index("1") + 1) <= begin * RATE + 2 * FRAME + FRAME - 1


@pytest.mark.parametrize("seed", range(6))
def test_an_onset_that_stands_out_is_found_in_its_first_frame(seed):
    assert heard(call("white", seed, 30)).index("1") == 150


@pytest.mark.parametrize("level_db", [-30, -40, -44])
def test_on_a_clean_line_even_a_murmur_is_found_at_once(level_db):
    """Our own voice is played over digital silence."""
    pcm = np.zeros(4 * RATE)
    pcm[RATE : 2 * RATE] = loud(syllables(3, 1), level_db)
    assert heard(pcm)[45:55] == "0000011111"


@pytest.mark.parametrize(("over_db", "found"), [(0, 0), (1, 0), (6, 24), (9, 24)])
def test_what_is_well_above_the_noise_is_found_and_what_is_like_it_is_not(over_db, found):
    pcm = loud(noise("white", 1, 4 * RATE), -45)
    pcm[2 * RATE : 2 * RATE + RATE // 2] += loud(noise("white", 2, RATE // 2), -45 + over_db)
    assert heard(pcm)[100:125].count("1") == found


def test_speech_without_a_pause_does_not_become_its_own_noise():
    """Syllables that fade to a third, for nearly three seconds."""
    time = np.arange(int(2.8 * RATE)) / RATE
    speech = (
        syllables(2, 2.8) / (0.15 + np.abs(np.sin(4 * np.pi * time + 0.6))) * (0.65 + 0.35 * np.cos(6 * np.pi * time))
    )
    pcm = loud(noise("white", 1, 6 * RATE), -50)
    pcm[3 * RATE : 3 * RATE + len(speech)] += loud(speech, -30)
    assert heard(pcm)[150:290].count("1") >= 138


def test_a_hiss_is_found_over_a_hum():
    """An `s` at the level of the noise, but elsewhere in the band."""
    pcm = loud(noise("hum", 1, 4 * RATE), -32)
    hiss = np.diff(noise("white", 2, RATE // 5 + 2), 2)
    pcm[2 * RATE : 2 * RATE + len(hiss)] += loud(hiss, -34)
    assert "1" not in heard(pcm)[:100]
    assert "0" not in heard(pcm)[102:110]


@pytest.mark.parametrize(("kind", "snr_db"), [("", 0), ("white", 10), ("white", 15), ("pink", 15)])
@pytest.mark.parametrize("seed", range(6))
def test_nearly_all_of_the_speech_and_little_after_it_is_voice(kind, snr_db, seed):
    mask = heard(call(kind, seed, snr_db))
    assert mask[150:270].count("1") >= 0.95 * 120
    assert "1" not in mask[270 + HANG :]


def test_a_call_that_begins_in_the_midst_of_speech_hears_it():
    mask = heard(call("white", 1, 20, begin=0))
    assert mask[:120].count("1") >= 110


def test_silence_of_the_line_is_no_noise_to_measure_speech_by():
    """Frames that were lost are digital silence; the noise after them is still the noise from before."""
    pcm = loud(noise("white", 4, 9 * RATE), -40)
    for lost in range(1, 10):
        pcm[lost * RATE // 2 : lost * RATE // 2 + (lost * FRAME)] = 0
    assert "1" not in heard(pcm)
    pcm[5 * RATE : 6 * RATE] = 0
    assert "1" not in heard(pcm)[6 * 50 + 70 :]
    assert "1" not in Activity().push(silence(5 * TURN))


def test_a_noise_that_begins_in_the_call_is_voice_for_a_second_and_then_is_noise():
    pcm = loud(noise("white", 5, 10 * RATE), -55)
    pcm[4 * RATE :] += loud(noise("white", 6, 6 * RATE), -38)
    mask = heard(pcm)
    assert "1" not in mask[:200]
    assert mask[200:240].count("1") >= 38
    assert "1" not in mask[270:]


def test_a_click_is_no_speech_but_a_plosive_and_its_vowel_are_one():
    pcm = loud(noise("white", 7, 4 * RATE), -50)
    pcm[2 * RATE + 40 : 2 * RATE + 80] += 2_000
    assert heard(pcm).count("1") <= 2
    gap = np.concatenate((loud(syllables(1, 0.5), -24), np.zeros(8 * FRAME // 2), loud(syllables(1, 0.5), -24)))
    pcm[2 * RATE : 2 * RATE + len(gap)] += gap
    mask = heard(pcm)
    assert "0" not in mask[101 : 100 + len(gap) // FRAME]


def test_every_frame_has_its_place_in_the_mask():
    assert [len(Activity().push(silence(size))) for size in (0, FRAME, TURN, 3 * TURN)] == [0, 1, FRAMES_PER_TURN, 30]


def test_frames_and_turns_and_minutes_give_the_same_mask():
    audio = encode(call("pink", 2, 12).astype(np.int16))
    whole = Activity().push(audio)
    for size in (FRAME, TURN, 7 * FRAME):
        activity = Activity()
        assert "".join(activity.push(audio[at : at + size]) for at in range(0, len(audio), size)) == whole
    assert "1" in whole


def test_one_callers_noise_does_not_matter_to_another():
    calls = [encode(call(kind, seed, 15).astype(np.int16)) for seed, kind in enumerate(("white", "pink", ""))]

    def together(rows):
        activities = [Activity() for _ in rows]
        masks = ["" for _ in rows]
        for at in range(0, len(rows[0]), TURN):
            masks = [m + a.push(r[at : at + TURN]) for m, a, r in zip(masks, activities, rows, strict=True)]
        return masks

    neighbours_do_not_matter(together, calls)


def test_the_same_audio_gives_the_same_mask():
    audio = encode(call("hum", 5, 15).astype(np.int16))
    replay_agrees(Activity, Activity.push, [audio[at : at + TURN] for at in range(0, len(audio), TURN)])


def test_presence_is_where_a_clean_voice_is():
    from callcenter.audio import Presence, encode
    from callcenter.units import SILENT_TURN, TURN

    loud = encode((np.sin(np.arange(TURN) * 0.3) * 8_000).astype(np.int16))
    faint = encode((np.sin(np.arange(TURN) * 0.3) * 150).astype(np.int16))
    presence = Presence()
    assert presence.push(SILENT_TURN) == "0" * 10
    assert presence.push(loud) == "1" * 10
    assert presence.push(SILENT_TURN) == "1" * 5 + "0" * 5
    assert presence.push(faint) == "0" * 10
