"""Recordings of real people, from a folder that may be absent; and callers made of them."""

import json
from random import Random

import numpy as np
import pytest
import soundfile
from acting import ESPEAK, tone

from callcenter.callers.clips import ClipError, Clips, some
from callcenter.callers.heldout import kept
from callcenter.callers.humans import humans
from callcenter.callers.studio import Studio
from callcenter.units import RATE, samples


def both_sides(name):
    """Two speakers of each side."""
    names = [f"{name}-{n}" for n in range(100)]
    return [*kept("speaker", names, True)[:2], *kept("speaker", names, False)[:2]]


SPEAKERS = {
    "digits": ["fsdd-nicolas", "fsdd-george"],
    "speech_commands": both_sides("sc"),
    "orders": ["pv"],
    "librispeech_many": both_sides("lsm"),
    "noise": ["noise-room"],
}
TEXTS = {
    "digits": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "speech_commands": ["yes", "no", "stop", "right"],
}


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A small folder of data like the real one, of tones."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "speech").mkdir()
    for name, speakers in SPEAKERS.items():
        parts, lines, at = [], [], 0.0
        lengths = {"orders": (3.2,) * 10, "librispeech_many": (4.0, 12.0)}.get(name, (0.5,) * 2)
        for speaker in speakers:
            for index, text in enumerate(TEXTS.get(name, [None])):
                for seconds in lengths:
                    told = {"start": at, "seconds": seconds + 0.2, "text": text, "speaker": speaker}
                    lines.append(json.dumps(told))
                    parts += [tone(seconds, 300 + 50 * index), np.zeros(samples(0.2), np.int16)]
                    at += seconds + 0.2
        pcm = np.concatenate(parts)
        soundfile.write(folder / "speech" / f"{name}.opus", pcm, RATE, format="OGG", subtype="OPUS")
        (folder / "speech" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_a_clip_is_where_its_line_says(data):
    clips = Clips(data)
    for clip in clips.clips("digits")[:10]:
        pcm = clips.pcm(clip)
        assert len(pcm) == pytest.approx(samples(clip.seconds), abs=2)
        loud = np.abs(pcm.astype(int))
        assert loud[400 : samples(0.4)].max() > 3_000
        assert loud[samples(0.55) : samples(0.65)].max() < 1_000


def test_speakers_are_on_one_side_only(data):
    kept, rest = Clips(data, True), Clips(data, False)
    for name in ("digits", "speech_commands", "librispeech_many"):
        assert not set(kept.speakers(name)) & set(rest.speakers(name))
        assert len(kept.clips(name)) + len(rest.clips(name)) == len(Clips(data, True)._lines(name))


def test_a_length_can_be_asked_for(data):
    clips = Clips(data, False).clips("librispeech_many")
    assert some(Random(1), clips, 10.0, 20.0).seconds > 12.0
    assert some(Random(1), clips, 100.0, 200.0) is None


def test_a_folder_without_speech_says_so(tmp_path):
    with pytest.raises(ClipError, match="no folder speech"):
        Clips(tmp_path)


def test_real_people_say_only_what_was_recorded_of_them(data):
    cast = humans(Studio(data, speakers=ESPEAK), 8)
    assert len(cast) == 8
    chance = Random(3)
    groups = {one.group: one for one in cast}
    digits = groups["real_digits"].number(chance)
    assert set(digits.text.split()) <= set(TEXTS["digits"])
    assert len(digits.pauses) >= 1
    assert all(0.5 <= pause.seconds <= 0.8 for pause in digits.pauses)
    assert groups["real_digits"].story(chance) is None
    assert groups["real_orders"].saying(chance).phrase_ends == ()
    assert groups["real_read"].story(chance) is not None
    assert groups["real_commands"].cut(chance).text.split()[0] in ("stop", "no")
    assert len(groups["real_commands"].saying(chance)) < RATE


def test_without_data_there_are_no_real_people_and_the_studio_says_why(tmp_path):
    for studio, why in ((Studio(None), "no folder of data"), (Studio(tmp_path), "no folder speech")):
        assert humans(studio, 5) == []
        assert any(why in missing for missing in studio.missing)
