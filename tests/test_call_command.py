"""`callcenter call` as a person sees it: events, both voices, the transcript, the recording, or one line of remedy."""

import io
import wave

import numpy as np
import pytest
from little_agent import PUBLIC, STREAM, TOKEN, Agent, Peer
from rich.console import Console

from callcenter.audio import decode, encode
from callcenter.callers.call import picture, place
from callcenter.callers.sound import SoundError, read_wav, write_wav
from callcenter.units import FRAME, RATE

TONE = encode((8_000 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.int16))
SPEED = 8.0


async def parrot(peer: Peer) -> None:
    """Says at once what it hears."""
    await peer.until("start")
    while (message := await peer.receive())["event"] != "stop":
        if message["event"] == "media":
            await peer.send(event="media", media={"payload": message["media"]["payload"]})
        if len(peer.messages) % 25 == 0:
            await peer.mark(f"m{len(peer.messages)}")


async def silent(peer: Peer) -> None:
    await peer.until("stop")


def called(agent: Agent, **options) -> tuple[int, str, str]:
    out, errors = io.StringIO(), io.StringIO()
    with agent.serving_beside() as url:
        told = {"public": PUBLIC, "token": TOKEN, "speed": SPEED, **options}
        status = place(url, console=plain(out), errors=plain(errors), **told)
    return status, out.getvalue(), errors.getvalue()


def plain(file: io.StringIO) -> Console:
    return Console(file=file, width=100, highlight=False)


def test_a_call_is_shown_from_ringing_to_its_figures(tmp_path):
    lines = [
        {"side": "caller", "start": 0.5, "end": 3.1, "text": "Hello, this is Alex.", "unheard": "", "kind": "speech"},
        {"side": "agent", "start": 3.5, "end": 5.0, "text": "Good", "unheard": "morning", "kind": "speech"},
    ]
    agent = Agent({"/twilio/voice": STREAM}, parrot, account={"state": "ended", "transcript": lines})
    status, out, errors = called(agent, script="hello", out=tmp_path / "call.wav")
    assert (status, errors) == (0, "")
    for sign in ("ringing", "in-progress", "caller    spoke for", "agent     spoke for", "completed", "the server's"):
        assert sign in out
    assert "Hello, this is Alex." in out
    assert "Good morning" in out
    assert "jitter" in out
    assert "\x1b" not in out
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, RATE, 2)
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert np.abs(both).max(axis=0).min() > 3_000, "both voices are in it"


def test_without_the_servers_transcript_the_scripts_lines_are_shown():
    status, out, _ = called(Agent({"/twilio/voice": STREAM}, silent), script="hello")
    assert status == 0
    assert "the script's; the server has none" in out
    assert "this is Alex Morgan" in out


def test_files_are_played_to_the_agent(tmp_path):
    write_wav(tmp_path / "a.wav", TONE, TONE)
    agent = Agent({"/twilio/voice": STREAM}, silent)
    status, out, _ = called(agent, wavs=[tmp_path / "a.wav", tmp_path / "a.wav"])
    assert status == 0
    assert out.count("caller    spoke for 1.") == 2
    assert len(agent.peers[0].of("media")) >= 50 + 50 + 50 + 140


def test_a_call_ends_at_its_limit():
    status, out, _ = called(Agent({"/twilio/voice": STREAM}, silent), script="quiet", limit=3.0)
    assert status == 0
    assert "the caller hung up" in out


REJECT = '<Response><Reject reason="busy"/></Response>'


@pytest.mark.parametrize(
    ("documents", "options", "remedy"),
    [
        ({}, {"token": "wrong"}, "CALLCENTER_TWILIO_TOKEN"),
        ({"/twilio/voice": 404}, {}, "check the URL"),
        ({"/twilio/voice": 500}, {}, "its log says why"),
        ({"/twilio/voice": "nonsense"}, {}, "instructions"),
        ({"/twilio/voice": REJECT}, {}, "CALLCENTER_MAX_CALLS"),
        ({"/twilio/voice": "<Response><Say>Closed.</Say></Response>"}, {}, "Closed."),
        ({"/twilio/voice": STREAM.replace("/stream", "/nowhere")}, {}, "CALLCENTER_PUBLIC_URL"),
        ({}, {"script": "nowhere"}, "hello"),
        ({}, {"wavs": ["/nowhere.wav"]}, "/nowhere.wav"),
    ],
)
def test_a_call_that_does_not_come_about_is_one_line_with_a_remedy(documents, options, remedy):
    status, _, errors = called(Agent(documents, silent), **options)
    assert status == 1
    assert remedy in errors
    assert len(errors.splitlines()) == 1


def test_a_server_that_is_not_there_is_one_line_with_a_remedy():
    errors = io.StringIO()
    assert place("http://127.0.0.1:9", console=plain(io.StringIO()), errors=plain(errors)) == 1
    assert "callcenter serve" in errors.getvalue()


def test_a_stream_that_breaks_is_a_failure():
    async def broken(peer: Peer) -> None:
        await peer.until("media")
        await peer.socket.send_text("x" * 70_000)
        await peer.until("never")

    status, _, errors = called(Agent({"/twilio/voice": STREAM}, broken))
    assert status == 1
    assert "broke" in errors


def test_a_picture_is_as_high_as_there_is_voice():
    voice = picture(TONE + b"\xff" * RATE, 10)
    assert len(voice) == 10
    assert set(voice[:4]) == {"█"}
    assert set(voice[-4:]) == {"·"}


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_wave_files_of_any_make_are_read(tmp_path, rate, width, channels):
    wave_form = np.sin(2 * np.pi * 440 * np.arange(rate) / rate) * 0.25
    if width == 1:
        data = np.repeat((128 + wave_form * 128).astype(np.uint8), channels).tobytes()
    else:
        whole = np.repeat((wave_form * 2**31).astype("<i4"), channels)
        data = np.frombuffer(whole.tobytes(), np.uint8).reshape(-1, 4)[:, 4 - width :].tobytes()
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    read = decode(read_wav(tmp_path / "a.wav"))[400:-400].astype(float)
    wanted = (8_192 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE))[400:-400]
    np.testing.assert_allclose(read, wanted, atol=400 if width > 1 else 600)


def test_a_recording_is_read_back_as_it_was_written(tmp_path):
    write_wav(tmp_path / "a.wav", TONE, TONE)
    assert read_wav(tmp_path / "a.wav") == TONE
    assert len(TONE) % FRAME == 0


def test_what_is_no_wave_file_is_named(tmp_path):
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(SoundError, match=r"a\.wav"):
        read_wav(tmp_path / "a.wav")
