"""The fake phone against a strict little agent, and its parts without one."""

import asyncio
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from little_agent import HANG_UP, PUBLIC, STREAM, TOKEN, Agent, Conversation, Peer
from twilio.request_validator import RequestValidator

from callcenter.callers import twiml
from callcenter.callers.ear import CAPACITY, Ear
from callcenter.callers.mouth import Drop, HangUp, Mute, Player, Press
from callcenter.callers.network import Network, Weather
from callcenter.callers.phone import Dialling, Phone
from callcenter.callers.provider import Route as Way
from callcenter.callers.provider import sign, stream_fault
from callcenter.callers.wire import Audio, Cleared, MarkSet, Wire, WireError
from callcenter.units import FRAME, SILENT_FRAME

SPEED = 10.0


def phone_to(agent: Agent, mouth=None, **options) -> Phone:
    told = {"public": PUBLIC, "token": TOKEN, "speed": SPEED, "seconds": 30.0, **options}
    return Phone(Dialling(url=agent.url, **told), mouth or Mute())


def converse(conversation: Conversation, mouth=None, documents=None, **options):
    async def run():
        agent = Agent({"/twilio/voice": STREAM, "/after": HANG_UP, **(documents or {})}, conversation)
        async with agent.serving():
            return await phone_to(agent, mouth, **options).place(), agent

    return asyncio.run(run())


async def silent_until_stop(peer: Peer) -> None:
    await peer.until("stop")


async def never(peer: Peer) -> None:
    raise AssertionError("no stream should be opened")


class Reacting:
    """Repeats in the next frame what it heard in this one, and does what it is told at given frames."""

    def __init__(self, deeds=None):
        self.deeds_at = deeds or {}
        self.frames = 0

    def frame(self, heard: bytes) -> bytes:
        self.frames += 1
        return heard

    def deeds(self):
        return self.deeds_at.get(self.frames, ())


# --------------------------------------------------------------------------------------------------- the whole call


def test_a_caller_who_hangs_up_leaves_a_complete_story():
    talk = bytes(range(0, 160)) * 10
    report, agent = converse(silent_until_stop, Player(talk, after=5))
    peer = agent.peers[0]
    assert [m["event"] for m in peer.messages[:3]] == ["connected", "start", "media"]
    assert peer.messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    start = peer.messages[1]["start"]
    assert start["customParameters"] == {"token": "t-1"}
    assert start["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert start["callSid"] == report.call
    media = peer.of("media")
    assert [m["media"]["chunk"] for m in media] == [str(n + 1) for n in range(len(media))]
    assert [m["media"]["timestamp"] for m in media] == [str(20 * n) for n in range(len(media))]
    assert [m["sequenceNumber"] for m in peer.messages[1:]] == [str(n + 1) for n in range(len(peer.messages) - 1)]
    assert b"".join(b64decode(m["media"]["payload"]) for m in media).startswith(talk)
    assert peer.messages[-1]["stop"] == {"accountSid": "AC" + "0" * 32, "callSid": report.call}
    assert report.ended_by == "caller"
    assert report.status == "completed"
    assert report.spoken.startswith(talk)
    assert len(report.spoken) == len(report.heard)
    assert report.complaints == ()
    assert [f["StreamEvent"] for f in agent.posted("/flow")] == ["stream-started", "stream-stopped"]
    assert agent.posted("/after")[0]["CallStatus"] == "completed"
    assert [f["CallStatus"] for f in agent.posted("/twilio/status")] == ["completed"]


def test_when_the_agent_closes_the_stream_the_instructions_go_on():
    async def close_soon(peer):
        await peer.until("media")

    report, agent = converse(close_soon, documents={"/after": "<Response><Say>Good bye.</Say></Response>"})
    assert report.ended_by == "agent"
    assert report.legs[0].close_code == 1000
    assert agent.posted("/after")[0]["CallStatus"] == "in-progress"
    assert report.of("say")[0].detail == "Good bye."


def test_an_outbound_call_posts_its_progress_and_what_answered():
    async def close_soon(peer):
        await peer.until("media")

    _, agent = converse(close_soon, direction="outbound-api", answered_by="machine_start")
    told = [f["CallStatus"] for f in agent.posted("/twilio/status")]
    assert told == ["initiated", "ringing", "in-progress", "completed"]
    assert agent.posted("/twilio/amd")[0]["AnsweredBy"] == "machine_start"
    assert agent.posted("/twilio/voice")[0]["Direction"] == "outbound-api"


@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed"])
def test_a_transfer_reports_how_the_dialled_party_reacted(outcome):
    async def close_soon(peer):
        await peer.until("media")

    dial = (
        '<Response><Dial action="/dialled" timeout="2"><Number url="/whisper">+15550123456</Number></Dial></Response>'
    )
    whisper = "<Response><Say>Mrs Smith about her order</Say></Response>"
    report, agent = converse(
        close_soon,
        documents={"/after": dial, "/whisper": whisper, "/dialled": HANG_UP},
        outcomes=(outcome,),
    )
    (form,) = agent.posted("/dialled")
    assert form["DialCallStatus"] == outcome
    assert len(agent.posted("/whisper")) == (outcome == "completed")
    assert twiml.Dial((twiml.Party("number", "+15550123456", "/whisper"),), "/dialled", 2.0) in report.steps


def test_a_second_stream_may_follow_the_first():
    async def close_soon(peer):
        for _ in range(5):
            await peer.until("media")

    async def run():
        agent = Agent({"/twilio/voice": STREAM, "/after": STREAM}, close_soon)
        async with agent.serving():
            phone = phone_to(agent, Player(bytes(range(160)) * 100), seconds=1.0)
            return await phone.place(), agent

    report, agent = asyncio.run(run())
    assert len(report.legs) > 1
    assert len({peer.stream for peer in agent.peers}) == len(report.legs)
    assert len(report.spoken) == len(report.heard)


def test_instructions_over_rest_take_the_call_out_of_its_stream():
    async def run():
        agent = Agent({"/twilio/voice": STREAM, "/after": HANG_UP}, silent_until_stop)
        async with agent.serving():
            phone = phone_to(agent)
            call = asyncio.create_task(phone.place())
            await agent.called.wait()
            phone.redirect("<Response><Say>One moment.</Say></Response>")
            return await call, agent

    report, agent = asyncio.run(run())
    assert report.of("say")[0].detail == "One moment."
    assert report.legs[0].ended_by == "carrier"
    assert agent.posted("/after") == []


def test_keys_are_pressed_one_message_each():
    mouth = Reacting({3: (Press("12#"),), 6: (HangUp(),)})
    _, agent = converse(silent_until_stop, mouth)
    assert [m["dtmf"] for m in agent.peers[0].of("dtmf")] == [
        {"track": "inbound_track", "digit": digit} for digit in "12#"
    ]


def test_a_dropped_socket_is_broken_for_both_sides_and_the_call_goes_on():
    async def listen(peer):
        while True:
            await peer.receive()

    report, agent = converse(listen, Reacting({5: (Drop(),)}), documents={"/after": "<Response><Pause/></Response>"})
    assert report.legs[0].ended_by == "broken"
    assert agent.posted("/flow")[-1]["StreamEvent"] == "stream-error"
    assert report.steps[-1] == twiml.Pause(1.0)
    assert agent.posted("/twilio/status")[-1]["CallStatus"] == "completed"


# ------------------------------------------------------------------------------------------------- the ear on the clock


def test_marks_come_back_when_the_ear_reaches_them():
    async def talk(peer):
        await peer.until("start")
        for name in "abc":
            await peer.say(b"\x11" * FRAME * 25)
            await peer.mark(name)
        while len(peer.of("mark")) < 3:
            await peer.receive()

    report, agent = converse(talk, Mute())
    names = [m["mark"]["name"] for m in agent.peers[0].of("mark")]
    assert names == ["a", "b", "c"]
    marks = report.legs[0].marks
    assert not any(mark.flushed for mark in marks)
    order = [m["event"] for m in agent.peers[0].messages if m["event"] in ("media", "mark")]
    first, second, third = (at for at, event in enumerate(order) if event == "mark")
    assert order[first:second].count("media") == order[second:third].count("media") == 25
    assert report.heard.count(b"\x11") == 3 * 25 * FRAME


def test_a_clear_flushes_what_waits_and_echoes_its_marks_at_once():
    async def talk(peer):
        await peer.until("start")
        for _ in range(5):
            await peer.say(b"\x22" * FRAME * 100)
        await peer.mark("never heard")
        for _ in range(10):
            await peer.until("media")
        await peer.send(event="clear")
        await peer.until("mark")
        await peer.mark("after an empty buffer")
        await peer.until("mark")

    report, _ = converse(talk)
    flushed, empty = report.legs[0].marks
    assert (flushed.name, flushed.flushed) == ("never heard", True)
    assert (empty.name, empty.flushed) == ("after an empty buffer", False)
    assert len(report.legs[0].clears) == 1
    assert 0 < report.heard.count(b"\x22") < 100 * FRAME


def test_mouth_and_ear_share_one_sample_clock():
    """A mouth that repeats what it hears at once speaks it in the very frame in which it heard it."""

    async def talk(peer):
        await peer.until("start")
        await peer.say(bytes(range(160)) * 10)
        for _ in range(30):
            await peer.until("media")

    report, agent = converse(talk, Reacting())
    assert report.spoken == report.heard
    assert bytes(range(160)) * 10 in report.heard
    sent = b"".join(b64decode(m["media"]["payload"]) for m in agent.peers[0].of("media"))
    assert report.spoken.startswith(sent[: 20 * FRAME])


def test_frames_leave_on_an_absolute_clock():
    async def listen(peer):
        loop = asyncio.get_running_loop()
        peer.times = []
        while (await peer.receive())["event"] != "stop":
            peer.times.append(loop.time())

    _, agent = converse(listen, Player(b"", after=500))
    times = np.array(agent.peers[0].times[2:])
    late = times - 0.02 / SPEED * np.arange(len(times))
    assert len(times) >= 499
    assert abs(late[:100].min() - late[-100:].min()) < 0.01, "it drifts"


def test_a_report_measures_jitter_and_lag():
    async def talk(peer):
        await peer.until("start")
        for _ in range(200):
            await peer.until("media")
            await peer.say(b"\x33" * FRAME)

    report, _ = converse(talk)
    leg = report.legs[0]
    assert leg.lengths.sum() == 200 * FRAME
    assert len(leg.jitter_ms()) > 50
    assert leg.lag_ms().max() < 1000
    assert replace(leg, arrivals=leg.arrivals * 0 + leg.positions / 8000).jitter_ms(0).max() < 1e-6


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        '{"event":"media"}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":"###"}}',
        '{"event":"media","streamSid":"MZ1","media":{"payload":""}}',
        '{"event":"media","streamSid":"MZ-other","media":{"payload":"/w=="}}',
        '{"event":"mark","streamSid":"MZ1","mark":{"name":""}}',
        '{"event":"mark","streamSid":"MZ1","mark":{"name":7}}',
        '{"event":"sing","streamSid":"MZ1"}',
        "[]",
        b'{"event":"clear","streamSid":"MZ1"}',
        '{"event":"clear","streamSid":"MZ1"}' + " " * 70_000,
    ],
)
def test_nonsense_from_the_agent_is_objected_to(message):
    with pytest.raises(WireError):
        Wire("AC1", "CA1", "MZ1").parse(message)


def test_the_agents_messages_are_understood():
    wire = Wire("AC1", "CA1", "MZ1")
    assert wire.parse('{"event":"media","streamSid":"MZ1","media":{"payload":"//8="}}') == Audio(b"\xff\xff")
    assert wire.parse('{"event":"mark","streamSid":"MZ1","mark":{"name":"m"}}') == MarkSet("m")
    assert wire.parse('{"event":"clear","streamSid":"MZ1"}') == Cleared()


def test_nonsense_does_not_end_the_call_but_is_in_the_report():
    async def talk(peer):
        await peer.until("start")
        await peer.socket.send_bytes(b"\x00\x01")
        await peer.send(event="sing")
        for _ in range(5):
            await peer.until("media")

    report, _ = converse(talk)
    assert len(report.complaints) == 2
    assert report.ended_by == "agent"


# ------------------------------------------------------------------------------------------------ what can go wrong


def test_a_server_that_is_not_there_is_named():
    report = asyncio.run(Phone(Dialling(url="http://127.0.0.1:9"), Mute()).place())
    assert report.failure.kind == "unreachable"
    assert "http://127.0.0.1:9/twilio/voice" in report.failure.detail


def test_a_wrong_token_is_refused():
    report, _ = converse(never, token="another secret")
    assert (report.failure.kind, report.failure.status) == ("refused", 403)
    assert report.status == "failed"


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("not xml", "twiml"),
        ("<html/>", "twiml"),
        ('<Response><Redirect method="POST">/twilio/voice</Redirect></Response>', "twiml"),
        (STREAM.replace("wss://", "ws://"), "stream"),
        (STREAM.replace("/stream", "/stream?token=1"), "stream"),
        (STREAM.replace('value="t-1"', f'value="{"x" * 500}"'), "twiml"),
        (STREAM.replace("agent.test/stream", "agent.test/nowhere"), "stream"),
    ],
)
def test_instructions_that_twilio_would_refuse_are_refused(document, kind):
    report, agent = converse(never, documents={"/twilio/voice": document})
    assert report.failure.kind == kind
    if kind == "stream":
        assert agent.posted("/flow")[0]["StreamEvent"] == "stream-error"
        assert len(agent.posted("/after")) == 1


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
def test_a_rejected_call_is_never_answered(reason, status):
    report, _ = converse(never, documents={"/twilio/voice": f'<Response><Reject reason="{reason}"/></Response>'})
    assert report.status == status
    assert not [event for event in report.of("call") if event.detail == "in-progress"]


def test_other_verbs_are_followed_in_order():
    document = (
        '<Response><Start><Recording recordingStatusCallback="/recorded"/></Start><Sing/><Say>Hi <b>you</b></Say>'
        '<Play digits="12"/><Pause length="2"/><Redirect>/next</Redirect><Say>never</Say></Response>'
    )
    report, agent = converse(never, documents={"/twilio/voice": document, "/next": HANG_UP})
    assert [type(step).__name__ for step in report.steps] == [
        "Start", "Unknown", "Say", "Play", "Pause", "Redirect", "Hangup",
    ]  # fmt: skip
    assert report.seconds > 2
    assert len(agent.posted("/recorded")) == 1


# ---------------------------------------------------------------------------------------------------- the small parts


def test_signatures_are_the_providers_own():
    form = {"b": "2", "a": "1", "CallSid": "CA1"}
    url = "https://agent.test/twilio/voice"
    assert sign(TOKEN, url, form) == RequestValidator(TOKEN).compute_signature(url, form)
    assert sign(TOKEN, "wss://agent.test/s") == RequestValidator(TOKEN).compute_signature("wss://agent.test/s", {})


@pytest.mark.parametrize(
    ("reach", "url", "reached"),
    [
        ("http://127.0.0.1:8000", "https://agent.test/a?b=1", "http://127.0.0.1:8000/a?b=1"),
        ("http://127.0.0.1:8000", "wss://agent.test/s", "ws://127.0.0.1:8000/s"),
        ("https://10.0.0.1", "wss://agent.test/s", "wss://10.0.0.1/s"),
        ("http://127.0.0.1:8000", "https://elsewhere.test/a", "https://elsewhere.test/a"),
    ],
)
def test_public_addresses_are_reached_where_the_server_is(reach, url, reached):
    assert Way(PUBLIC, reach).reachable(url) == reached


def test_plain_websockets_are_for_this_machine_only():
    assert stream_fault("ws://127.0.0.1:8000/s") == stream_fault("ws://localhost/s") == ""
    assert stream_fault("ws://10.0.0.1/s").startswith("31922")


def test_the_ear_plays_without_a_break_and_chunking_does_not_matter():
    audio = bytes(n % 251 for n in range(1000))
    whole, pieces = Ear(), Ear()
    whole.put(audio)
    for start in range(0, 1000, 7):
        pieces.put(audio[start : start + 7])
    heard = b"".join(whole.play() for _ in range(8))
    assert heard == b"".join(pieces.play() for _ in range(8)) == audio.ljust(8 * FRAME, b"\xff")


def test_a_mark_is_reached_only_when_all_before_it_has_been_played():
    ear = Ear()
    ear.put(b"\x01" * (FRAME + 1))
    ear.mark("m")
    assert [(ear.play()[-1], ear.reached()) for _ in range(2)] == [(1, ()), (0xFF, ("m",))]


def test_the_ear_holds_ten_minutes_and_no_more():
    ear = Ear()
    ear.put(bytes(CAPACITY + 5))
    assert (ear.waiting, ear.discarded, ear.arrived) == (CAPACITY, 5, CAPACITY)


def carried(weather: Weather, frames: int = 5000) -> list[int]:
    network = Network(weather)
    out = [int(m) for n in range(frames) for m in network.carry(str(n))]
    return out + [int(m) for m in network.flush()]


def test_a_calm_network_changes_nothing():
    assert carried(Weather()) == list(range(5000))


@pytest.mark.parametrize(("loss", "burst"), [(0.02, 1), (0.02, 3), (0.2, 5)])
def test_losses_come_as_often_and_in_runs_as_long_as_asked(loss, burst):
    there = np.zeros(50_000, bool)
    there[carried(Weather(loss=loss, burst=burst, seed=3), 50_000)] = True
    edges = np.diff(np.concatenate(([1], there.astype(int), [1])))
    runs = np.flatnonzero(edges == 1) - np.flatnonzero(edges == -1)
    assert abs((~there).mean() - loss) < loss / 3
    assert abs(runs.mean() - burst) < burst / 4


def test_bad_weather_only_moves_and_doubles_frames():
    doubled = carried(Weather(duplicate=0.1, seed=1))
    assert sorted(set(doubled)) == list(range(5000))
    assert 300 < len(doubled) - 5000 < 700
    swapped = carried(Weather(reorder=0.1, seed=1))
    assert sorted(swapped) == list(range(5000)) != swapped
    assert max(abs(n - m) for n, m in enumerate(swapped)) == 1
    network = Network(Weather(hold=0.01, held=10, seed=1))
    sizes = [len(network.carry(str(n))) for n in range(2000)]
    assert max(sizes) == 10
    assert sum(sizes) + len(network.flush()) == 2000


def test_the_same_seed_is_the_same_weather():
    bad = Weather(loss=0.1, duplicate=0.1, reorder=0.1, hold=0.01, seed=7)
    assert carried(bad) == carried(bad) != carried(replace(bad, seed=8))


def test_a_mute_caller_says_silence():
    assert Mute().frame(SILENT_FRAME) == SILENT_FRAME
