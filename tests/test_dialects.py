"""The two dialects, message by message, without any socket."""

import json

import pytest

from callcenter.duplex.dialects import (
    Complained,
    GptLive,
    HostedError,
    Interrupted,
    Persona,
    Ready,
    Realtime,
    Said,
    Sounded,
    Understood,
    Wanted,
    pieces,
)
from callcenter.events import Note

PERSONA = Persona("m", "v", "i")
ITEM = "conversation.item"


def happened(dialect, **message):
    return list(dialect.receive(json.dumps(message))[0])


def begun(kind):
    dialect = kind()
    dialect.opening(PERSONA)
    dialect.receive(json.dumps({"type": "session.started" if kind is GptLive else "session.updated"}))
    return dialect


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ({"type": "session.output_audio.delta", "delta": "/w=="}, [Sounded(b"\xff")]),
        ({"type": "session.output_transcript.delta", "delta": " any de"}, [Said(" any de")]),
        ({"type": "session.input_transcript.delta", "delta": "hello"}, [Understood("hello")]),
        ({"type": "session.delegation.created", "delegation": {"id": "d"}}, [Wanted()]),
        ({"type": "session.commentary.appended", "client_event_id": "append-1"}, []),
        ({"type": "error", "error": {"code": "c", "message": "m"}}, [Complained("c m")]),
    ],
)
def test_what_gpt_live_says(message, meaning):
    assert happened(begun(GptLive), **message) == meaning


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ({"type": "response.output_audio.delta", "delta": "/w==", "item_id": "i"}, [Sounded(b"\xff", "i")]),
        ({"type": "response.audio.delta", "delta": "/w==", "item_id": "i"}, [Sounded(b"\xff", "i")]),
        ({"type": "response.output_audio_transcript.delta", "delta": "x"}, [Said("x")]),
        (
            {"type": f"{ITEM}.input_audio_transcription.completed", "transcript": "hi"},
            [Understood("hi "), Wanted()],
        ),
        ({"type": "input_audio_buffer.speech_started"}, [Interrupted()]),
        ({"type": "rate_limits.updated"}, []),
        ({"type": "session.updated"}, []),
    ],
)
def test_what_realtime_says(message, meaning):
    assert happened(begun(Realtime), **message) == meaning


@pytest.mark.parametrize("kind", [GptLive, Realtime])
def test_a_session_begins_once_and_a_refusal_before_is_the_end(kind):
    dialect = kind()
    (opening,) = dialect.opening(PERSONA)
    assert opening["session"]["instructions"] == "i"
    with pytest.raises(HostedError, match="rejected"):
        happened(dialect, type="error", error={"code": "bad", "message": ""})
    assert happened(dialect, type="session.started" if kind is GptLive else "session.updated") == [Ready()]


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "session.output_audio.delta", "delta": "not base64!"},
        {"type": "session.output_audio.delta", "delta": 7},
        {"type": "session.output_transcript.delta"},
        {"type": "session.delegation.created", "delegation": "d"},
    ],
)
def test_what_makes_no_sense_is_theirs(bad):
    with pytest.raises(HostedError, match="protocol"):
        happened(begun(GptLive), **bad)


def test_pieces_are_cut_between_words_and_lose_none():
    text = " ".join(f"wörd{n}" for n in range(300))
    cut = pieces(text)
    assert " ".join(cut) == text
    assert max(len(piece.encode()) for piece in cut) <= 480
    assert pieces("") == []
    assert len(pieces("x" * 1_000)[0].encode()) <= 480


def test_an_item_is_truncated_to_what_was_handed_out():
    (told,) = begun(Realtime).unheard("i", 4_000)
    assert (told["item_id"], told["audio_end_ms"]) == ("i", 500)
    assert begun(GptLive).unheard("i", 4_000) == []


def test_a_note_that_waits_and_is_superseded_is_never_said():
    dialect = begun(Realtime)
    happened(dialect, type="response.created")
    assert dialect.note(Note("a", "say", "old")) == []
    dialect.note(Note("b", "say", "new", supersedes=("a",)))
    _, told = dialect.receive(json.dumps({"type": "response.done"}))
    assert [m["response"]["instructions"].endswith("new") for m in told] == [True]
    happened(dialect, type="response.created")
    _, told = dialect.receive(json.dumps({"type": "response.done"}))
    assert told == []
