"""Hosted duplex models, over real websockets to strict servers of our own."""

import asyncio
import json
import time
from contextlib import contextmanager

import pytest
from hosted import KEY, LiveModel, RealtimeModel, sound_of

from callcenter.config import Secret
from callcenter.duplex.dialects import GptLive, HostedError, Persona, Realtime
from callcenter.duplex.live import INSTRUCTIONS, Hosted, Where
from callcenter.events import Asked, Heard, Note, Policy, TookFloor, Yielded
from callcenter.units import SILENT_TURN, TURN

PERSONA = Persona("gpt-live-1", "marin", INSTRUCTIONS)
FAST = 0.05
"""Seconds of a turn here: nothing is measured but the order of things."""


@contextmanager
def model(kind, **more):
    server = kind(**more)
    try:
        yield server
    finally:
        server.kill()


def dialect(kind):
    return GptLive() if kind is LiveModel else Realtime()


class Talk:
    """A conversation with a hosted model, turn by turn."""

    def __init__(self, kind, server, key=KEY, pace=FAST, pong_within=20.0):
        self.hosted = Hosted(dialect(kind), Where(server.url, Secret(key), pong_within=pong_within), PERSONA)
        self.pace, self.spoken = pace, []

    async def __aenter__(self):
        self.hosted.open(Policy(), ())
        return self

    async def __aexit__(self, *_):
        self.hosted.close()
        await asyncio.sleep(0.05)

    async def turn(self, *notes, audio=SILENT_TURN):
        self.spoken.append(await self.hosted.turn(Heard(len(self.spoken), audio, notes=notes)))
        await asyncio.sleep(self.pace)
        return self.spoken[-1]

    async def until(self, true, seconds=20.0):
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "it did not happen in time"
            await self.turn()

    @property
    def said(self):
        return " ".join(s.said_text for s in self.spoken if s.said_text)

    @property
    def heard(self):
        return " ".join(s.heard_text for s in self.spoken if s.heard_text)

    @property
    def sound(self):
        return b"".join(s.audio or b"" for s in self.spoken)

    def count(self, kind):
        return sum(isinstance(act, kind) for s in self.spoken for act in s.acts)


def talking(kind, script, **more):
    with model(kind) as server:

        async def run():
            async with Talk(kind, server, **more) as talk:
                await talk.until(lambda: server.sessions)
                await script(talk, server)
                return talk

        return asyncio.run(run()), server


BOTH = pytest.mark.parametrize("kind", [LiveModel, RealtimeModel])
TEXT = "Your order left our warehouse on Monday."


@BOTH
def test_what_the_caller_says_passes_through_untouched(kind):
    voice = bytes(range(256)) * 25

    async def script(talk, server):
        await talk.until(lambda: server.audio)
        already = len(server.audio)
        for at in range(0, len(voice), TURN):
            await talk.turn(audio=voice[at : at + TURN])
        await talk.until(lambda: len(server.audio) >= already + len(voice))

    _, server = talking(kind, script)
    assert bytes(voice[:TURN]) in bytes(server.audio)


@BOTH
def test_a_note_is_said_with_its_words_and_sound(kind):
    async def script(talk, server):
        await talk.turn(Note("n1", "say", TEXT))
        await talk.until(lambda: talk.said.endswith("Monday."))

    talk, _ = talking(kind, script, pace=0.1)
    assert talk.said == TEXT
    assert {s.note for s in talk.spoken if s.said_text} == {"n1"}
    assert talk.count(TookFloor) >= 1
    if kind is RealtimeModel:
        assert talk.sound == sound_of(TEXT)[: len(talk.sound)]
        assert all(len(s.audio) == TURN for s in talk.spoken if s.audio and s is not talk.spoken[-1])


@pytest.mark.parametrize("dialect", [GptLive, Realtime])
def test_what_a_caller_may_say_next_is_no_business_of_a_hosted_model(dialect):
    told = dialect()
    told.opening(PERSONA)
    assert not told.note(Note("e", "expect", "<digits> order"))


def test_notes_go_to_their_channels_in_pieces_that_may_be_appended():
    async def script(talk, server):
        long = " ".join(f"word{n}" for n in range(200))
        await talk.turn(Note("a", "know", "she is a premium customer"), Note("b", "be", "eagerness: patient"))
        await talk.turn(Note("c", "know", long))
        await talk.until(lambda: len(server.told("session.thinking.append")) >= 4)
        assert " ".join(m["content"] for m in server.told("session.thinking.append")[1:]) == long

    _, server = talking(LiveModel, script)
    assert server.told("session.thinking.append")[0]["content"] == "she is a premium customer"
    assert [m["content"] for m in server.told("session.instructions.append")] == ["eagerness: patient"]
    assert server.told("session.start")[0]["session"]["audio"]["format"] == {"type": "audio/pcmu", "rate": 8000}


def test_a_note_taken_back_is_told_to_be_wrong():
    async def script(talk, server):
        await talk.turn(Note("n1", "say", TEXT))
        await talk.turn(Note("no-n1", "know", "", supersedes=("n1",)))
        await talk.until(lambda: server.told("session.instructions.append"))

    _, server = talking(LiveModel, script)
    assert TEXT in server.told("session.instructions.append")[0]["content"]


def test_a_delegation_asks_the_background_and_the_answer_names_it():
    async def script(talk, server):
        server.send(
            {"type": "session.input_transcript.delta", "delta": "Where is my ord", "start_ms": 0, "end_ms": 5},
            {"type": "session.input_transcript.delta", "delta": "er now?", "start_ms": 5, "end_ms": 9},
            {"type": "session.delegation.created", "delegation": {"id": "d7", "target": "client"}, "offset_ms": 9},
        )
        await talk.until(lambda: talk.count(Asked))
        await talk.turn(Note("n1", "say", TEXT))
        await talk.until(lambda: server.told("session.commentary.append"))

    talk, server = talking(LiveModel, script)
    assert talk.heard == "Where is my order now?"
    asking = next(s for s in talk.spoken if any(isinstance(act, Asked) for act in s.acts))
    assert asking.heard_text.endswith("now?")
    assert server.told("session.commentary.append")[0]["delegation_id"] == "d7"


def test_the_turn_taking_server_is_cut_where_the_caller_began():
    async def script(talk, server):
        await talk.turn(Note("n1", "say", TEXT + " " + TEXT))
        await talk.until(lambda: len(talk.sound) >= 3 * TURN)
        server.send({"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": "item_9"})
        await talk.until(lambda: server.truncated)
        await talk.turn()

    talk, server = talking(RealtimeModel, script)
    assert talk.count(Yielded) == 1
    (item, ms), *_ = server.truncated
    handed = sum(len(s.audio or b"") for s in talk.spoken)
    assert (item, ms) == ("item_1", handed // 8)
    assert not any(s.audio for s in talk.spoken[-1:])


def test_notes_wait_for_the_response_that_is_being_made():
    async def script(talk, server):
        server.send({"type": "response.created", "response": {"id": "r", "status": "in_progress"}})
        await talk.turn()
        await talk.turn(Note("a", "say", TEXT), Note("b", "say", "And that is all."))
        for _ in range(5):
            await talk.turn()
        assert not server.told("response.create")
        server.send({"type": "response.done", "response": {"id": "r", "status": "completed"}})
        await talk.until(lambda: len(server.told("response.create")) == 2)

    talking(RealtimeModel, script)


# ----------------------------------------------------------------------------------------------------------- failures


def lost(server, kind, key=KEY, turns=400):
    """The typed failure of a conversation."""

    async def run():
        async with Talk(kind, server, key) as talk:
            for _ in range(turns):
                await talk.turn()

    with pytest.raises(HostedError) as found:
        asyncio.run(run())
    return found.value


@BOTH
def test_a_wrong_key_is_told_as_such(kind):
    with model(kind) as server:
        assert lost(server, kind, "another").kind == "unauthorised"


@BOTH
def test_a_full_server_is_told_as_such(kind):
    with model(kind, refuse_with=503) as server:
        assert (lost(server, kind).kind, lost(server, kind).detail) == ("refused", "HTTP 503")


@BOTH
def test_a_session_that_is_rejected_is_told_with_the_reason(kind):
    with model(kind) as server:
        server.refuses = "model_not_found"
        error = lost(server, kind)
        assert error.kind == "rejected"
        assert "model_not_found" in error.detail


@BOTH
def test_a_server_that_is_not_there_is_told(kind):
    server = kind()
    server.kill()
    assert lost(server, kind).kind == "unreachable"


@pytest.mark.parametrize("nonsense", ["{", "[]", '{"no":"type"}', json.dumps({"type": "session.output_audio.delta"})])
def test_nonsense_is_a_typed_failure_and_no_crash(nonsense):
    with model(LiveModel) as server:

        async def run():
            async with Talk(LiveModel, server) as talk:
                await talk.until(lambda: server.sessions)
                server.send(nonsense)
                for _ in range(100):
                    await talk.turn()

        with pytest.raises(HostedError) as found:
            asyncio.run(run())
        assert found.value.kind == "protocol"


def test_what_is_new_to_us_is_passed_by_and_what_is_refused_is_survived():
    async def script(talk, server):
        server.send({"type": "session.something.new", "field": 1}, {"type": "session.usage.updated", "usage": {}})
        server.send({"type": "error", "error": {"type": "invalid_request_error", "code": "odd", "message": "m"}})
        for _ in range(5):
            await talk.turn()

    talking(LiveModel, script)


def test_an_expired_session_is_over():
    with model(LiveModel) as server:

        async def run():
            async with Talk(LiveModel, server) as talk:
                await talk.until(lambda: server.sessions)
                server.send({"type": "session.closed", "reason": "expired", "usage": {"seconds": 7200}})
                for _ in range(100):
                    await talk.turn()

        with pytest.raises(HostedError) as found:
            asyncio.run(run())
        assert found.value.kind == "expired"


@BOTH
def test_a_dropped_connection_is_opened_again_and_told_what_was_said(kind):
    async def script(talk, server):
        await talk.turn(Note("n1", "say", TEXT))
        await talk.until(lambda: talk.said.endswith("Monday."))
        server.drop()
        begun = len(server.sessions)
        await talk.until(lambda: len(server.sessions) > begun)
        await talk.turn(Note("n2", "say", "Still here."))
        await talk.until(lambda: "here." in talk.said)

    _, server = talking(kind, script, pace=0.1)
    told = server.sessions[-1]["instructions"]
    assert "The conversation so far:" in told
    assert "warehouse" in told


def test_a_server_that_dies_is_lost_soon():
    with model(LiveModel) as server:

        async def run():
            async with Talk(LiveModel, server) as talk:
                await talk.until(lambda: server.sessions)
                await asyncio.to_thread(server.kill)
                begun = time.monotonic()
                try:
                    await talk.until(lambda: False)
                finally:
                    talk.took = time.monotonic() - begun

        with pytest.raises(HostedError) as found:
            asyncio.run(run())
        assert found.value.kind in ("unreachable", "lost")


def test_a_server_that_hangs_is_found_out():
    """It takes the connection and never begins a session."""
    with model(LiveModel) as server:
        server.hangs = True
        assert lost(server, LiveModel).kind == "stalled"


def test_a_frozen_server_is_stalled_and_not_waited_for():
    with model(LiveModel) as server:

        async def run():
            async with Talk(LiveModel, server, pong_within=1.2) as talk:
                await talk.until(lambda: server.sessions)
                server.loop.call_soon_threadsafe(time.sleep, 6.0)
                begun = time.monotonic()
                with pytest.raises(HostedError, match="stalled"):
                    await talk.until(lambda: False)
                return time.monotonic() - begun

        assert asyncio.run(run()) < 4.0
