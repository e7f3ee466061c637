"""The wire of Twilio Media Streams: the legal becomes an event, nonsense a typed error, nothing else happens."""

import base64
import json
import random
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.callers.wire import Audio, Cleared, MarkSet, Wire
from callcenter.carriers import CarrierError, Media
from callcenter.carriers.twilio import KEYS, KINDS, LONGEST, Twilio
from callcenter.events import Marked, Pressed, Started, Stopped
from callcenter.units import SILENT_FRAME

SID = "MZ" + "0" * 32
CALL = "CA" + "1" * 32
FRAME = bytes(range(160))


def steady(examples):
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


def connected(**changes):
    return {"event": "connected", "protocol": "Call", "version": "1.0.0"} | changes


def start(sid=SID, **changes):
    inner = {
        "accountSid": "AC" + "2" * 32,
        "streamSid": sid,
        "callSid": CALL,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"leg": "0", "returned": "busy"},
    } | changes
    return {"event": "start", "sequenceNumber": "1", "streamSid": sid, "start": inner}


def media(ms="20", audio=FRAME, sid=SID, **changes):
    payload = base64.b64encode(audio).decode()
    inner = {"track": "inbound", "chunk": "1", "timestamp": ms, "payload": payload} | changes
    return {"event": "media", "sequenceNumber": "2", "streamSid": sid, "media": inner}


def mark(name="m1", sid=SID):
    return {"event": "mark", "sequenceNumber": "3", "streamSid": sid, "mark": {"name": name}}


def dtmf(digit="5", sid=SID, track="inbound_track"):
    return {"event": "dtmf", "sequenceNumber": "4", "streamSid": sid, "dtmf": {"track": track, "digit": digit}}


def stop(sid=SID):
    return {"event": "stop", "sequenceNumber": "9", "streamSid": sid, "stop": {"callSid": CALL}}


def without(message, *path):
    copy = json.loads(json.dumps(message))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return copy


def parse(carrier, message):
    return carrier.parse(json.dumps(message))


@pytest.fixture
def running():
    carrier = Twilio()
    parse(carrier, start())
    return carrier


# ------------------------------------------------------------------------------------------------ what is legal


def test_a_whole_stream_becomes_its_events_in_order():
    carrier = Twilio()
    sent = [connected(), start(), media("0"), media("20"), dtmf("#"), mark("m7"), stop()]
    assert [parse(carrier, message) for message in sent] == [
        None,
        Started(stream=SID, carrier_call=CALL, params=(("leg", "0"), ("returned", "busy"))),
        Media(0, FRAME),
        Media(160, FRAME),
        Pressed("#"),
        Marked("m7"),
        Stopped(),
    ]


@pytest.mark.parametrize(
    ("message", "arrival"),
    [
        pytest.param(media("1000"), Media(8_000, FRAME), id="milliseconds become samples"),
        pytest.param(media(1000), Media(8_000, FRAME), id="a number instead of text"),
        pytest.param(media("3"), Media(24, FRAME), id="off the 20 ms grid"),
        pytest.param(media("0", audio=b"\xff" * 800), Media(0, b"\xff" * 800), id="100 ms in one message"),
        pytest.param(media("0", audio=b"\x00"), Media(0, b"\x00"), id="one sample"),
        pytest.param(media("0", audio=b""), None, id="no sample"),
        pytest.param(media("86400000"), Media(691_200_000, FRAME), id="after a day"),
        pytest.param(without(media(), "sequenceNumber"), Media(160, FRAME), id="no sequence number"),
        pytest.param(media() | {"sequenceNumber": "-7"}, Media(160, FRAME), id="absurd sequence number"),
        pytest.param(media(chunk="x"), Media(160, FRAME), id="absurd chunk"),
        pytest.param(media(extra={"deep": [1]}), Media(160, FRAME), id="an unknown field"),
        pytest.param(dtmf("a"), Pressed("A"), id="a lower-case key"),
        pytest.param(without(dtmf(), "dtmf", "track"), Pressed("5"), id="a key without a track"),
        pytest.param(mark(""), Marked(""), id="a nameless mark"),
        pytest.param(mark('a"\\\n\u00e9'), Marked('a"\\\n\u00e9'), id="a mark with odd characters"),
        pytest.param({"event": "warning", "streamSid": SID, "text": "31931"}, None, id="an unknown event"),
        pytest.param({"event": ""}, None, id="an empty event"),
    ],
)
def test_legal_messages_are_read_leniently(running, message, arrival):
    assert parse(running, message) == arrival


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_of_a_phone_can_be_pressed(running, key):
    assert parse(running, dtmf(key)) == Pressed(key)


def test_frames_keep_their_own_time_whatever_the_order_they_come_in(running):
    stamps = ["40", "0", "40", "20", "5000"]
    assert [parse(running, media(ms)).position for ms in stamps] == [320, 0, 320, 160, 40_000]


@pytest.mark.parametrize(
    "changes",
    [
        {"customParameters": {}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": "8000", "channels": "1"}},
    ],
)
def test_a_start_may_be_sparse(changes):
    assert isinstance(parse(Twilio(), start(**changes)), Started)


def test_a_start_without_parameters_has_none():
    assert parse(Twilio(), without(start(), "start", "customParameters")).params == ()


@pytest.mark.parametrize("message", [media(), mark(), dtmf(), stop()])
def test_after_the_stop_nothing_means_anything(running, message):
    parse(running, stop())
    assert parse(running, message) is None


# ---------------------------------------------------------------------------------------------- what is nonsense


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b'{"event":"media"}', "binary"),
        (b"", "binary"),
        (bytearray(b"{}"), "binary"),
        ("", "not_json"),
        ("{", "not_json"),
        (json.dumps(media())[:-9], "not_json"),
        ('{"event":"stop"} trailing', "not_json"),
        ('{"event":NaN}', "not_json"),
        ('{"event":"\ud800"}', "not_json"),
        ("[" * 50_000, "not_json"),
        ("null", "not_an_object"),
        ("[" * 500 + "]" * 500, "not_an_object"),
        ('"media"', "not_an_object"),
        ("7", "not_an_object"),
        ("{}", "bad_field"),
        ('{"event":null}', "bad_field"),
        ('{"event":["media"]}', "bad_field"),
        ('{"event":"x"' + " " * LONGEST + "}", "oversized"),
        ('{"event":"' + "\u20ac" * (LONGEST // 3 + 1) + '"}', "oversized"),
        ('{"event":"' + "\ud800" * (LONGEST // 3 + 1) + '"}', "oversized"),
    ],
)
def test_what_is_not_a_message_is_a_typed_error(running, text, kind):
    with pytest.raises(CarrierError) as caught:
        running.parse(text)
    assert caught.value.kind == kind


def test_the_longest_legal_message_passes(running):
    text = '{"event":"x","pad":"'
    assert running.parse(text + "p" * (LONGEST - len(text) - 2) + '"}') is None
    with pytest.raises(CarrierError, match="oversized"):
        running.parse(text + "p" * (LONGEST - len(text) - 1) + '"}')


@pytest.mark.parametrize(
    ("message", "kind", "quoted"),
    [
        (without(media(), "media"), "bad_field", "media=None"),
        (media() | {"media": []}, "bad_field", "media=list"),
        (without(media(), "media", "timestamp"), "bad_field", "timestamp=None"),
        (without(media(), "media", "payload"), "bad_field", "payload=None"),
        (without(media(), "media", "track"), "wrong_format", "track=None"),
        (media(track="outbound"), "wrong_format", "'outbound'"),
        (media("-20"), "bad_field", "timestamp='-20'"),
        (media(-20), "bad_field", "timestamp=-20"),
        (media("2.5"), "bad_field", "timestamp='2.5'"),
        (media(2.5), "bad_field", "timestamp=2.5"),
        (media(True), "bad_field", "timestamp=True"),
        (media(" 20"), "bad_field", "timestamp"),
        (media("1_0"), "bad_field", "timestamp"),
        (media("\u0662\u0660"), "bad_field", "timestamp"),
        (media(""), "bad_field", "timestamp"),
        (media("9" * 13), "bad_field", "timestamp"),
        (media(10**12), "bad_field", "timestamp"),
        (media(10**40), "bad_field", "timestamp"),
        (media(payload="****"), "bad_field", "payload='****'"),
        (media(payload="AAA"), "bad_field", "payload"),
        (media(payload="AAAA\nAAAA"), "bad_field", "payload"),
        (media(payload="AA==AAAA"), "bad_field", "payload"),
        (media(payload="\u00e9\u00e9\u00e9\u00e9"), "bad_field", "payload"),
        (media(payload=17), "bad_field", "payload=17"),
        (media(payload=None), "bad_field", "payload=None"),
        (media(sid="MZ" + "9" * 32), "wrong_order", "MZ999"),
        (without(media(), "streamSid"), "wrong_order", "streamSid=None"),
        (mark(sid="other"), "wrong_order", "'other'"),
        (mark(name=3), "bad_field", "name=3"),
        (without(mark(), "mark"), "bad_field", "mark=None"),
        (dtmf(sid="other"), "wrong_order", "'other'"),
        (dtmf("12"), "bad_field", "digit='12'"),
        (dtmf("E"), "bad_field", "digit='E'"),
        (dtmf(""), "bad_field", "digit=''"),
        (dtmf(5), "bad_field", "digit=5"),
        (dtmf(track="outbound_track"), "wrong_format", "outbound_track"),
        (dtmf(track=["inbound"]), "wrong_format", "list"),
        (stop(sid="other"), "wrong_order", "'other'"),
        (start(), "wrong_order", "second start"),
        (connected(), "wrong_order", "connected after start"),
    ],
)
def test_nonsense_in_a_running_stream_is_a_typed_error_that_quotes_it(running, message, kind, quoted):
    with pytest.raises(CarrierError) as caught:
        parse(running, message)
    assert caught.value.kind == kind
    assert quoted in caught.value.detail


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (media(), "wrong_order"),
        (media(sid=""), "wrong_order"),
        (without(media(), "streamSid"), "wrong_order"),
        (mark(), "wrong_order"),
        (dtmf(), "wrong_order"),
        (stop(), "wrong_order"),
        (connected(protocol="Fax"), "wrong_format"),
        (without(connected(), "protocol"), "wrong_format"),
        (without(start(), "start"), "bad_field"),
        (start(sid=""), "bad_field"),
        (start(sid='x","event":"clear'), "bad_field"),
        (start(sid="MZ 1"), "bad_field"),
        (start(sid="M" * 65), "bad_field"),
        (start(sid=7), "bad_field"),
        (start(callSid=None), "bad_field"),
        (start(callSid="CA\n1"), "bad_field"),
        (start() | {"streamSid": "other"}, "wrong_order"),
        (start(tracks=["outbound"]), "wrong_format"),
        (start(tracks=["inbound", "outbound"]), "wrong_format"),
        (start(tracks=[]), "wrong_format"),
        (start(tracks="inbound"), "bad_field"),
        (start(mediaFormat=None), "bad_field"),
        (start(mediaFormat={"encoding": "audio/l16", "sampleRate": 8000, "channels": 1}), "wrong_format"),
        (start(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1}), "wrong_format"),
        (start(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 2}), "wrong_format"),
        (start(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 8000}), "bad_field"),
        (start(customParameters=[]), "bad_field"),
        (start(customParameters={"leg": 0}), "bad_field"),
    ],
)
def test_a_stream_that_begins_wrongly_never_starts(message, kind):
    carrier = Twilio()
    with pytest.raises(CarrierError) as caught:
        parse(carrier, message)
    assert caught.value.kind == kind
    assert carrier.stream == ""
    assert isinstance(parse(carrier, start()), Started)


def test_a_detail_is_short_however_long_the_value(running):
    deep = "[" * 1000 + "]" * 1000
    for text in (
        json.dumps(media(payload="*" * 60_000)),
        json.dumps(dtmf("7" * 60_000)),
        f'{{"event":{deep}}}',
        json.dumps({"event": "media", "streamSid": "s" * 60_000}),
    ):
        with pytest.raises(CarrierError) as caught:
            running.parse(text)
        assert len(caught.value.detail) < 200


# --------------------------------------------------------------------------------------------- the other side


def test_both_ends_of_the_wire_understand_each_other():
    """The phone's end was written from the provider's documentation, not from ours."""
    theirs, ours = Wire("AC1", CALL, SID), Twilio()
    said = [theirs.connected(), theirs.start((("leg", "1"),)), theirs.media(FRAME), theirs.media(FRAME * 5)]
    said += [theirs.media(FRAME), theirs.dtmf("*"), theirs.mark("m1"), theirs.stop()]
    assert [ours.parse(message) for message in said] == [
        None,
        Started(SID, CALL, params=(("leg", "1"),)),
        Media(0, FRAME),
        Media(160, FRAME * 5),
        Media(960, FRAME),
        Pressed("*"),
        Marked("m1"),
        Stopped(),
    ]
    heard = [theirs.parse(message) for message in (ours.media(FRAME), ours.mark("m1"), ours.clear())]
    assert heard == [Audio(FRAME), MarkSet("m1"), Cleared()]


# ------------------------------------------------------------------------------------------- whatever comes in


def survives(carrier, message):
    """An arrival, None or a CarrierError of a known kind: anything else falls out of here as it is."""
    kind = arrival = None
    try:
        arrival = carrier.parse(message)
    except CarrierError as error:
        kind = error.kind
    assert kind is None or kind in KINDS
    assert arrival is None or isinstance(arrival, Started | Media | Marked | Pressed | Stopped)
    if isinstance(arrival, Media):
        assert arrival.position >= 0
        assert arrival.audio


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=5,
)
names = st.sampled_from(["event", "media", "mark", "dtmf", "start", "stop", "streamSid", "protocol"])
nearly = st.fixed_dictionaries(
    {"event": st.sampled_from(["media", "mark", "dtmf", "start", "stop", "connected"]) | st.text()},
    optional={
        "streamSid": st.just(SID) | anything,
        "media": anything
        | st.fixed_dictionaries(
            {},
            optional={
                "track": st.just("inbound") | anything,
                "timestamp": st.integers().map(str) | anything,
                "payload": st.binary().map(lambda raw: base64.b64encode(raw).decode()) | anything,
            },
        ),
        "mark": st.fixed_dictionaries({"name": anything}) | anything,
        "dtmf": st.fixed_dictionaries({"digit": st.text(max_size=2) | anything}) | anything,
        "start": st.fixed_dictionaries(
            {"streamSid": st.just(SID) | anything, "callSid": st.just(CALL) | anything},
            optional={
                "tracks": st.just(["inbound"]) | anything,
                "mediaFormat": st.just(start()["start"]["mediaFormat"]) | anything,
                "customParameters": anything,
            },
        )
        | anything,
        "protocol": st.just("Call") | anything,
    },
)


@steady(300)
@given(st.lists(nearly, min_size=1, max_size=6))
def test_streams_of_nearly_right_messages_are_survived(messages):
    carrier = Twilio()
    for message in messages:
        survives(carrier, json.dumps(message))


@steady(300)
@given(st.dictionaries(names, anything) | anything)
def test_any_json_is_survived(running_value):
    carrier = Twilio()
    parse(carrier, start())
    survives(carrier, json.dumps(running_value))


@steady(300)
@given(st.text() | st.binary() | st.text(alphabet='{}[]":,\\ eventmdiasrk0\ud800', max_size=80))
def test_any_text_and_any_bytes_are_survived(message):
    survives(Twilio(), message)


def test_ten_thousand_damaged_messages_are_survived():
    """Cut, doubled, spliced, bit-flipped, reordered: the damage is seeded, so a failure comes again."""
    chance = random.Random(20)
    good = [json.dumps(m) for m in (connected(), start(), media(), mark(), dtmf(), stop())]
    for _ in range(2_000):
        carrier = Twilio()
        for _ in range(5):
            text = chance.choice(good)
            for _ in range(chance.randrange(3)):
                at = chance.randrange(len(text) + 1)
                text = chance.choice(
                    [
                        text[:at],
                        text[:at] + chance.choice(string.printable) + text[at:],
                        text[:at] + text[at + 1 :],
                        text[:at] + chance.choice(good)[at:],
                        text + text,
                    ]
                )
            survives(carrier, text.encode() if chance.random() < 0.05 else text)


@steady(200)
@given(st.binary(min_size=1, max_size=2_000), st.integers(0, 10**9))
def test_audio_survives_the_round_trip(audio, ms):
    carrier = Twilio()
    parse(carrier, start())
    assert parse(carrier, media(str(ms), audio)) == Media(ms * 8, audio)
    assert base64.b64decode(json.loads(carrier.media(audio))["media"]["payload"]) == audio


# ---------------------------------------------------------------------------------------------------- our side


def test_what_we_send_is_their_protocol(running):
    assert json.loads(running.media(SILENT_FRAME)) == {
        "event": "media",
        "streamSid": SID,
        "media": {"payload": base64.b64encode(SILENT_FRAME).decode()},
    }
    assert json.loads(running.mark("t:12")) == {"event": "mark", "streamSid": SID, "mark": {"name": "t:12"}}
    assert json.loads(running.clear()) == {"event": "clear", "streamSid": SID}


@pytest.mark.parametrize("name", ["", 'a"b', "a\\b", "\u00e9\u4e16", "x" * 500])
def test_any_mark_name_comes_back_as_it_was_sent(running, name):
    echoed = json.loads(running.mark(name)) | {"sequenceNumber": "5"}
    assert parse(running, echoed) == Marked(name)


def test_nothing_can_be_sent_before_the_start():
    carrier = Twilio()
    for send in (lambda: carrier.media(SILENT_FRAME), lambda: carrier.mark("m"), carrier.clear):
        with pytest.raises(RuntimeError):
            send()


def test_the_caps_say_what_the_provider_can_do():
    caps = Twilio.caps
    assert (caps.marks, caps.clear, caps.dtmf_in, caps.dtmf_out) == (True, True, True, False)
    assert caps.max_message == LONGEST == 64 * 1024


def test_a_frame_costs_little(running):
    """Three hundred calls are 15,000 frames a second each way; tenfold the usual cost leaves room for noise."""
    text = json.dumps(media())
    rounds = 2_000
    best = min(_seconds(lambda: running.parse(text), rounds) for _ in range(5)) / rounds
    assert best < 40e-6
    best = min(_seconds(lambda: running.media(FRAME), rounds) for _ in range(5)) / rounds
    assert best < 10e-6


def _seconds(action, rounds):
    began = time.perf_counter()
    for _ in range(rounds):
        action()
    return time.perf_counter() - began
