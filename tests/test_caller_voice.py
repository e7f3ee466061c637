"""Who calls: voices drawn from seeds, and scripts played frame by frame without a clock."""

import numpy as np
import pytest

from callcenter.audio import encode
from callcenter.callers import scripts
from callcenter.callers.mouth import HangUp, Press
from callcenter.callers.scripts import Pause, Reciter, Said, Say, Script, ScriptError, Wait, find, read, shipped
from callcenter.callers.voice import ACCENTS, PEOPLE, Voice, pick, speaking
from callcenter.units import FRAME, RATE, SILENT_FRAME
from callcenter.voices import Espeak, Speech

LOUD = encode((8_000 * np.sin(np.arange(FRAME) / 3)).astype(np.int16))


def test_every_accent_and_every_person_can_speak():
    espeak = Espeak()
    said = {name: espeak.speak("Hello there", name).audio for name in [f"en-us+{p}" for p in PEOPLE] + list(ACCENTS)}
    assert all(len(audio) > RATE / 3 for audio in said.values())
    assert len(set(said.values())) == len(said), "two of them sound the same"


def test_a_seed_is_a_person():
    people = [pick(seed) for seed in range(50)]
    assert people == [pick(seed) for seed in range(50)]
    assert len(set(people)) > 45


def test_a_caller_sounds_like_a_telephone():
    assert speaking(Espeak(), pick(3))("Hello there").words[0].text == "Hello"


# ----------------------------------------------------------------------------------------------------------- scripts


def spoken_as_letters(text: str) -> Speech:
    """One loud frame a letter."""
    return Speech(LOUD * len(text), ())


def play(lines, heard=lambda at: SILENT_FRAME, frames=1000):
    """Frames until the caller hangs up, deeds with the frame they were done at, and the reciter."""
    reciter = Reciter(Script("test", tuple(lines)), spoken_as_letters)
    spoken, deeds = [], []
    for at in range(frames):
        spoken.append(reciter.frame(heard(at)))
        done = reciter.deeds()
        deeds += [(at, deed) for deed in done]
        if HangUp() in done:
            break
    return spoken, deeds, reciter


def test_lines_are_spoken_in_order_and_at_known_times():
    spoken, deeds, reciter = play([Pause(0.1), Say("abc"), Pause(0.2), Say("de")])
    assert [frame == LOUD for frame in spoken] == [False] * 5 + [True] * 3 + [False] * 10 + [True] * 2 + [False]
    assert reciter.said == [Said(5 * FRAME, 8 * FRAME, "abc"), Said(18 * FRAME, 20 * FRAME, "de")]
    assert deeds == [(20, HangUp())]


def test_keys_and_hanging_up_are_deeds():
    _, deeds, _ = play([Press("12"), Pause(0.04), HangUp(), Say("never")])
    assert deeds[0] == (0, Press("12"))
    assert deeds[1][1] == HangUp()


def test_a_caller_waits_for_the_agent_to_speak_and_to_stop():
    def agent(at: int) -> bytes:
        return LOUD if 50 <= at < 100 else SILENT_FRAME

    spoken, _, _ = play([Wait("speech"), Wait("silence", quiet=0.5), Say("a")], agent)
    assert 100 + 25 <= spoken.index(LOUD) <= 100 + 25 + 6


def test_a_caller_does_not_wait_for_ever():
    spoken, _, _ = play([Wait("speech", limit=1.0), Say("a")])
    assert spoken.index(LOUD) == 50


@pytest.mark.parametrize("name", shipped())
def test_shipped_scripts_can_be_played_to_their_end(name):
    script = find(name)
    _, deeds, _ = play(script.lines, frames=50 * 300)
    assert deeds[-1][1] == HangUp()


def test_hello_takes_about_twelve_seconds_with_a_parrot():
    script = find("hello")
    reciter = Reciter(script, speaking(Espeak(), script.voice))
    memory = [SILENT_FRAME] * 50
    while HangUp() not in reciter.deeds():
        memory.append(reciter.frame(memory[len(memory) - 50]))
    assert 9 < len(memory) * 0.02 < 15


@pytest.mark.parametrize(
    "told",
    [
        {"lines": [{"shout": "x"}]},
        {"lines": [{"press": "x"}]},
        {"lines": [{"wait": "long"}]},
        {"lines": [{"say": 5}]},
        {"lines": [], "voice": {"colour": "red"}},
    ],
)
def test_a_script_that_makes_no_sense_is_named(told):
    with pytest.raises(ScriptError, match="mine"):
        read("mine", told)


def test_a_script_that_is_not_there_lists_those_that_are(tmp_path):
    with pytest.raises(ScriptError, match="hello"):
        find("nowhere")
    broken = tmp_path / "broken.toml"
    broken.write_text("lines = [")
    with pytest.raises(ScriptError, match="broken"):
        find(str(broken))
    broken.write_text('lines = [{say = "Hi"}]\nvoice = {name = "en-us+m1", rate = 150}')
    assert find(str(broken)) == Script("broken", (Say("Hi"),), Voice("en-us+m1", 150))
    assert scripts.SHIPPED.is_dir()
