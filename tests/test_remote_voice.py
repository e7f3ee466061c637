"""A voice far away, over real HTTP: it streams, stalls, refuses, talks nonsense; the caller hears the sentence."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from functools import wraps
from shutil import which

import numpy as np
import pytest
from little_model import Beeps
from speaking import KEY, Manner, speaking, tone

from callcenter.audio import decode
from callcenter.audio.offline import resample
from callcenter.background.breaker import Breaker
from callcenter.background.http_tools import shared_client
from callcenter.config import Secret, SettingError, Settings, read
from callcenter.doctor import examine
from callcenter.duplex.tongue import Tongue
from callcenter.server import PHRASES, phrases
from callcenter.units import RATE, TURN
from callcenter.voices import VoiceError
from callcenter.voices.choice import FliteVoice, Kept, Voices
from callcenter.voices.pcm import Pcm
from callcenter.voices.remote import Endpoint, Remote

TEXT = "one two three four five six"
NEVER = threading.Event()


class Local(Beeps):
    """The voice of last resort, and what it was asked for."""

    def __init__(self):
        self.said = []

    def speak(self, text):
        self.said.append(text)
        return super().speak(text)


@asynccontextmanager
async def voice(server, instead=None, **endpoint):
    async with shared_client() as client:
        where = Endpoint(server.url, "tts-1", Secret(KEY), **{"first": 20.0, "behind": 20.0, **endpoint})
        yield Remote(where, "alloy", instead, client=client)


def in_a_loop(test):
    @wraps(test)
    def run(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 60))

    return run


async def whole(remote, text=TEXT):
    sound = remote.begin(text)
    await sound.whole()
    sound.check()
    return sound


# ----------------------------------------------------------------------------------------------------- it speaks


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
@in_a_loop
async def test_its_sound_comes_at_8_khz_as_it_was(rate):
    with speaking(Manner((tone(1.5, rate),), kind=f"audio/pcm;rate={rate}")) as server:
        async with voice(server) as remote:
            sound = await whole(remote)
    assert server.asked == [{"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "pcm"}]
    pcm = decode(bytes(sound.audio)).astype(float)
    assert len(pcm) == pytest.approx(1.5 * RATE, abs=0.03 * RATE)
    spectrum = np.abs(np.fft.rfft(pcm[2_000:10_000]))
    assert np.argmax(spectrum) == 440
    assert np.sqrt(np.mean(pcm[2_000:10_000] ** 2)) == pytest.approx(6_000 / np.sqrt(2), rel=0.03)
    assert " ".join(word.text for word in sound.words) == TEXT
    assert sound.words[-1].end == len(sound.audio)


@in_a_loop
async def test_it_is_heard_before_it_has_finished():
    more = threading.Event()
    with speaking(Manner((tone(1.0), more, tone(1.0)))) as server:
        async with voice(server) as remote:
            tongue = Tongue(remote)
            tongue.begin("n", TEXT)
            turns = []
            while not turns:
                if (turn := tongue.say()) is not None:
                    turns.append(turn)
                await asyncio.sleep(0.005)
            assert not more.is_set()
            more.set()
            while tongue.speaking:
                if (turn := tongue.say()) is not None:
                    turns.append(turn)
                await asyncio.sleep(0.005)
    assert " ".join(turn.words for turn in turns if turn.words) == TEXT
    assert {len(turn.audio) for turn in turns[:-1]} == {TURN}
    assert sum(len(turn.audio) for turn in turns) == pytest.approx(2.0 * RATE, abs=400)


@in_a_loop
async def test_an_interruption_ends_the_request_too():
    with speaking(Manner((*[tone(1.0)] * 2, NEVER, *[tone(1.0)] * 20_000))) as server:
        async with voice(server) as remote:
            tongue = Tongue(remote)
            tongue.begin("n", TEXT)
            while (turn := tongue.say()) is None:
                await asyncio.sleep(0.005)
            tongue.stop()
            assert turn.words == "one"
            NEVER.set()
            await asyncio.to_thread(server.gone.wait, 30)
            assert server.gone.is_set(), "nobody pays for what nobody hears"
    assert remote.breaker.allows(0.0), "being interrupted is no failure of the voice"


@in_a_loop
async def test_what_recurs_is_asked_for_once():
    with speaking(Manner((tone(1.0),))) as server:
        async with voice(server, Local()) as remote:
            first = await whole(remote)
            again = await whole(remote)
            assert bytes(again.audio) == bytes(first.audio)
            assert remote.speak(TEXT).audio == bytes(first.audio)
            assert len(server.asked) == 1
            assert remote.ready("right.") == Beeps().speak("right."), "at once, from here"
            for _ in range(2_000):
                if "right." in remote._kept:
                    break
                await asyncio.sleep(0.005)
            assert remote.ready("right.").audio != Beeps().speak("right.").audio, "and from there the next time"
    assert [asked["input"] for asked in server.asked] == [TEXT, "right."]


# ------------------------------------------------------------------------------------------------- it does not speak

NONSENSE = {
    "json": Manner((b'{"error": "the voice is having its lunch"}',), kind="application/json"),
    "a page": Manner((b"<html><body>It works!</body></html>" * 200,), kind="text/html"),
    "text said to be sound": Manner((b"Please choose a plan that includes speech. " * 200,)),
    "a wav": Manner((b"RIFF\x24\x80\x00\x00WAVEfmt " + tone(1.0),), kind="application/octet-stream"),
    "an mp3": Manner((b"ID3\x04" + tone(1.0),), kind="audio/mpeg"),
    "random bytes": Manner((np.random.default_rng(1).bytes(48_000),)),
    "nothing": Manner(),
    "silence": Manner((bytes(48_000),)),
    "half a sample": Manner((tone(1.0) + b"\x01",)),
    "a rate nobody asked for": Manner((tone(1.0),), kind="audio/pcm;rate=11025"),
    "too little": Manner((tone(0.02),)),
    "no end": Manner((tone(1.0),) * 60),
    "not compressed": Manner((tone(1.0),), headers={"Content-Encoding": "gzip"}),
    "401": Manner(status=401),
    "404": Manner(status=404),
    "500": Manner((b"oh no",), status=500),
    "a redirect": Manner(status=302, headers={"Location": "/elsewhere"}),
}
MAY_HAVE_BEGUN = ("half a sample", "no end", "too little")


@pytest.mark.parametrize("kind", NONSENSE)
@in_a_loop
async def test_whatever_it_sends_instead_another_voice_says_the_sentence(kind):
    local = Local()
    with speaking(NONSENSE[kind]) as server:
        async with voice(server, local, pause=0.001) as remote:
            sound = await whole(remote)
            assert TEXT not in remote._kept
    assert sound.over
    assert " ".join(word.text for word in sound.words) == TEXT
    if kind in MAY_HAVE_BEGUN:
        assert all(TEXT.endswith(said) for said in local.said)
    else:
        assert local.said == [TEXT]
        assert bytes(sound.audio) == Beeps().speak(TEXT).audio


@in_a_loop
async def test_one_that_breaks_off_is_continued_from_the_word_that_is_missing():
    local = Local()
    with speaking(Manner((tone(0.9),), breaks=True)) as server:
        async with voice(server, local) as remote:
            sound = await whole(remote)
    (rest,) = local.said
    assert rest
    assert TEXT.endswith(rest)
    assert rest != TEXT
    assert " ".join(word.text for word in sound.words) == TEXT
    assert bytes(sound.audio).endswith(Beeps().speak(rest).audio)
    assert sound.words[-1].end == len(sound.audio)
    assert all(one.end <= other.start for one, other in zip(sound.words, sound.words[1:], strict=False))


@in_a_loop
async def test_one_that_stalls_is_not_waited_for():
    never, local = threading.Event(), Local()
    with speaking(Manner((tone(0.9), never))) as server:
        async with voice(server, local, behind=0.05) as remote:
            sound = await whole(remote)
        never.set()
    assert " ".join(word.text for word in sound.words) == TEXT
    assert local.said
    assert local.said[0] != TEXT


@in_a_loop
async def test_one_that_does_not_begin_is_not_waited_for():
    never, local = threading.Event(), Local()
    with speaking(Manner((never,))) as server:
        async with voice(server, local, first=0.1) as remote:
            sound = await whole(remote)
        never.set()
    assert local.said == [TEXT]
    assert bytes(sound.audio) == Beeps().speak(TEXT).audio


@in_a_loop
async def test_one_that_is_slower_than_the_ear_is_left():
    """A trickle that would stutter for ever: each piece keeps the connection alive and none of them suffices."""
    local = Local()
    pieces = [piece for _ in range(400) for piece in (tone(0.02), Nap(0.05))]
    with speaking(Manner((tone(0.3), *pieces))) as server:
        async with voice(server, local, behind=0.2) as remote:
            await whole(remote)
    assert local.said


class Nap(threading.Event):
    """An event that never comes, for so long."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def wait(self, timeout=None):
        return super().wait(self.seconds)


@in_a_loop
async def test_one_that_is_busy_is_asked_again():
    local = Local()
    with speaking(Manner(status=503), Manner((tone(1.0),))) as server:
        async with voice(server, local, pause=0.001) as remote:
            await whole(remote)
    assert len(server.asked) == 2
    assert local.said == []


@in_a_loop
async def test_one_that_is_not_there_is_left_alone_after_some_failures_and_tried_later():
    now, local = [0.0], Local()
    with speaking(Manner((tone(1.0),))) as server:
        async with shared_client() as client:
            gone = Endpoint("http://127.0.0.1:9/v1", "tts-1", Secret(KEY), pause=0.001)
            remote = Remote(
                gone, "alloy", local, breaker=Breaker(failures=3, rest=20.0), client=client, clock=lambda: now[0]
            )
            for n in range(5):
                await whole(remote, f"sentence {n}")
            assert len(local.said) == 5
            remote.endpoint = Endpoint(server.url, "tts-1", Secret(KEY), first=20.0)
            await whole(remote)
            assert server.asked == [], "it rests"
            now[0] = 30.0
            await whole(remote)
            assert len(server.asked) == 1
            assert TEXT in remote._kept


@in_a_loop
async def test_where_no_other_voice_is_installed_the_reason_is_told():
    with speaking(Manner(status=401)) as server:
        async with voice(server) as remote:
            sound = remote.begin(TEXT)
            await sound.whole()
            with pytest.raises(VoiceError, match=r"answers 401.*no other voice"):
                sound.check()
            assert remote.ready("right.").audio == b""
            await asyncio.gather(*remote._learning)


# --------------------------------------------------------------------------------------------------------- its samples


@pytest.mark.parametrize("cut", [1, 2, 3, 160, 997, 10**9])
def test_chunking_does_not_matter(cut):
    data = bytes(4_800) + tone(0.5) + bytes(9_600) + tone(0.2) + bytes(4_800)
    whole, parts = Pcm("audio/pcm", 24_000), Pcm("audio/pcm", 24_000)
    at_once = whole.push(data) + whole.end()
    bit_by_bit = b"".join(parts.push(data[at : at + cut]) for at in range(0, len(data), cut)) + parts.end()
    assert bit_by_bit == at_once
    assert len(at_once) == pytest.approx(0.9 * RATE, abs=120), "silence inside stays, silence around it does not"


def test_what_lies_above_the_band_is_no_alias():
    pcm = Pcm("audio/pcm", 24_000)
    loud = decode(pcm.push(tone(1.0, hertz=6_000)) + pcm.end()).astype(float)
    assert not len(loud) or np.sqrt(np.mean(loud**2)) < 6_000 / 300


def test_streaming_is_as_good_as_offline():
    data = tone(0.5, hertz=1_000)
    pcm = Pcm("audio/pcm", 24_000)
    streamed = decode(pcm.push(data) + pcm.end())[400:3_600].astype(float)
    offline = resample(np.frombuffer(data, "<i2"), 24_000).astype(float)
    gaps = [np.abs(streamed - offline[at : at + len(streamed)]).max() for at in range(300, 500)]
    assert min(gaps) < 400, "mu-law's own steps at this level"


# ----------------------------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize(
    ("environ", "voice"),
    [
        ({}, "en-us"),
        ({"CALLCENTER_SPEECH": "flite"}, "slt"),
        ({"CALLCENTER_SPEECH": "http://127.0.0.1:9/v1"}, "alloy"),
        ({"CALLCENTER_SPEECH": "flite", "CALLCENTER_VOICE": "rms"}, "rms"),
    ],
)
def test_one_setting_chooses_and_each_voice_has_a_name_of_its_own(environ, voice):
    assert read(environ).voice == voice


@pytest.mark.parametrize(
    "environ", [{"CALLCENTER_SPEECH": "festival"}, {"CALLCENTER_SPEECH_RATE": "22050"}, {"CALLCENTER_SPEECH": ""}]
)
def test_what_cannot_speak_is_refused(environ):
    with pytest.raises(SettingError, match="CALLCENTER_SPEECH"):
        read(environ)


def test_the_voice_is_the_same_for_all_calls():
    voices = Voices(Settings())
    assert voices.voice() is voices.voice("en-us")
    assert isinstance(voices.voice(), Kept)
    assert voices.voice().speak("Hello.") is voices.voice("en-us").speak("Hello.")
    assert len(voices.plain().speak("Hello.").audio) > len(voices.voice().speak("Hello.").audio)


def test_flite_speaks_where_it_is_installed_and_is_told_missing_where_it_is_not():
    if which("flite") is None:
        with pytest.raises(VoiceError, match="apt-get install flite"):
            FliteVoice("slt")
        return
    flite = FliteVoice("slt")
    said = flite.speak("One two three.")
    assert [word.text for word in said.words] == ["One", "two", "three."]
    assert 0.5 * RATE < len(said.audio) < 2 * RATE
    assert flite.speak("...").audio == b""
    with pytest.raises(VoiceError, match="nobody"):
        FliteVoice("nobody").speak("One.")


def test_the_canned_sentences_come_from_the_endpoint_or_from_here():
    with speaking(Manner((tone(4.0),))) as server:
        settings = Settings(speech=server.url, speech_key=Secret(KEY))
        made = phrases(settings, Voices(settings))
    assert set(made) == set(PHRASES)
    assert len({len(phrase.audio) for phrase in made.values()}) == 1
    settings = Settings(speech="http://127.0.0.1:9/v1")
    made = phrases(settings, Voices(settings))
    assert set(made) == set(PHRASES)
    assert len({len(phrase.audio) for phrase in made.values()}) == len(PHRASES)


@pytest.mark.parametrize(("status", "told"), [(200, "ok"), (401, "note")])
def test_the_doctor_asks_the_endpoint_itself(status, told, tmp_path):
    with speaking(Manner((tone(1.5),), status=status)) as server:
        settings = Settings(
            speech=server.url, speech_key=Secret(KEY), var=tmp_path, database=f"sqlite:///{tmp_path / 'd.db'}"
        )
        (found,) = [f for f in examine(settings, "http://127.0.0.1:9") if f.what == "voice"]
    assert found.state == told
    assert ("401" in found.told) == (status == 401)


WITHOUT = """
import asyncio, ctypes.util, json, os, sys
sys.modules["espeakng_loader"] = None
real = ctypes.util.find_library
ctypes.util.find_library = lambda name: None if "espeak" in name else real(name)
from callcenter.config import read
from callcenter.events import Heard, Note, Policy
from callcenter.server import build
from callcenter.switchboard import Context
from callcenter.units import SILENT_TURN
from callcenter.voices import Espeak, VoiceError
try:
    Espeak()
except VoiceError as error:
    print(error)
house = build(read(os.environ))
print(json.dumps({name: len(phrase.audio) for name, phrase in house.board._phrases.items()}))

async def call():
    bot = house.board._duplexes["turnbased"](Context("CA1", "+15550100001", "+15550109999", "inbound"))
    bot.open(Policy(), ())
    said, words = 0, []
    for turn in range(1_000):
        notes = (Note("n1", "say", "Your order left on Monday."),) if not turn else ()
        spoken = await bot.turn(Heard(turn, SILENT_TURN, SILENT_TURN, notes))
        said += len(spoken.audio or b"")
        words.append(spoken.said_text)
        if not spoken.note:
            break
        await asyncio.sleep(0.01)
    bot.close()
    print(json.dumps([said, " ".join(filter(None, words))]))

asyncio.run(call())
"""


def test_a_server_without_espeak_starts_and_speaks_with_what_is_set(tmp_path, upgraded):
    with speaking(Manner((tone(4.0),))) as server:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
        environ |= {
            "CALLCENTER_SPEECH": server.url,
            "CALLCENTER_SPEECH_KEY": KEY,
            "CALLCENTER_VAR": str(tmp_path / "var"),
            "CALLCENTER_DATABASE": upgraded["sqlite"],
            "CALLCENTER_DUPLEX": "turnbased",
            "CALLCENTER_FALLBACK": "",
            "CALLCENTER_EARS": "none",
            "PATH": "/nowhere",
        }
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT], env=environ, capture_output=True, text=True, timeout=240, check=False
        )
    assert done.returncode == 0, done.stderr[-2_000:]
    missing, made, call = done.stdout.strip().splitlines()
    assert "pip install" in missing
    assert set(json.loads(made)) == set(PHRASES)
    assert all(length > RATE for length in json.loads(made).values())
    length, words = json.loads(call)
    assert words == "Your order left on Monday."
    assert length == pytest.approx(4 * RATE, abs=400)
