"""What may be wrong with messages: a proper conversation, and damage done to it as JSON values and as texts."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

TEXT, BINARY = 1, 2
SPEECH = bytes(range(1, 161))
ODD = (None, True, -1, 0, 1e308, 10**40, "", "x", "-1", "1e3", "９", "\ud800", "\0", "a" * 300, [], {}, [[]], {"a": {}})


@dataclass(frozen=True)
class Message:
    opcode: int
    data: bytes


def conversation(random: Random, sid: str) -> list:
    stream = "MZ" + sid
    told = [{"event": "connected", "protocol": "Call", "version": "1.0.0"}, start(stream, sid)]
    for n in range(random.randrange(14)):
        told.append(media(stream, n * 20))
        if random.random() < 0.1:
            told.append({"event": "mark", "streamSid": stream, "mark": {"name": str(random.randrange(4) * 160)}})
        if random.random() < 0.05:
            told.append({"event": "dtmf", "streamSid": stream, "dtmf": {"track": "inbound_track", "digit": "5"}})
    if random.random() < 0.5:
        told.append({"event": "stop", "streamSid": stream, "stop": {"accountSid": "AC1", "callSid": sid}})
    return [{**thing, "sequenceNumber": str(n)} if n else thing for n, thing in enumerate(told)]


def start(stream: str, sid: str) -> dict:
    sound = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    about = {"streamSid": stream, "callSid": sid, "accountSid": "AC1", "tracks": ["inbound"], "mediaFormat": sound}
    return {"event": "start", "streamSid": stream, "start": {**about, "customParameters": {}}}


def media(stream: str, ms: int, audio: bytes = SPEECH) -> dict:
    told = {"track": "inbound", "chunk": "1", "timestamp": str(ms), "payload": b64encode(audio).decode()}
    return {"event": "media", "streamSid": stream, "media": told}


# ---------------------------------------------------------------------------------------------------- as values


def lose(random, told, sid):
    place = random.randrange(len(told))
    return told[:place] + told[place + 1 :] if len(told) > 1 else told


def double(random, told, sid):
    place = random.randrange(len(told))
    return told[: place + 1] * random.choice((1, 1, 2)) + told[place:]


def swap(random, told, sid):
    a, b = random.randrange(len(told)), random.randrange(len(told))
    told = list(told)
    told[a], told[b] = told[b], told[a]
    return told


def shuffle(random, told, sid):
    return random.sample(told, len(told))


def odd_field(random, told, sid):
    """Some value somewhere is another one."""
    told, target, key = some_field(random, told)
    if key:
        target[key] = random.choice(ODD)
    return told


def missing_field(random, told, sid):
    told, target, key = some_field(random, told)
    if key:
        del target[key]
    return told


def some_field(random, told):
    """A copy, and a place in it."""
    told = json.loads(json.dumps(told))
    target = random.choice(told)
    while isinstance(target, dict) and target:
        key = random.choice(list(target))
        if not isinstance(target[key], dict) or not target[key] or random.random() < 0.3:
            return told, target, key
        target = target[key]
    return told, {}, ""


def odd_time(random, told, sid):
    ms = random.choice((0, 7, 19, 9_000, 9_999, 10_001, 86_400_000, 10**11, 10**12, -20))
    return insert(random, told, media("MZ" + sid, ms))


def odd_sound(random, told, sid):
    size = random.choice((0, 1, 159, 161, 1_000, 8_000, 40_000))
    return insert(random, told, media("MZ" + sid, random.choice((20, 100, 300)), bytes(size)))


def bad_base64(random, told, sid):
    thing = media("MZ" + sid, 20)
    thing["media"]["payload"] = random.choice(("", "=", "a", "ab=c", "!!!!", "aGk", "aGk=\n", "é" * 10, "\ud83d"))
    return insert(random, told, thing)


def other_call(random, told, sid):
    return insert(random, told, start("MZ" + sid, "CA" + "f" * 32))


def other_stream(random, told, sid):
    return insert(random, told, media("MZ" + "0" * 32, 40))


def second_start(random, told, sid):
    return insert(random, told, start("MZ" + sid, sid))


def outbound_track(random, told, sid):
    thing = media("MZ" + sid, 60)
    thing["media"]["track"] = random.choice(("outbound", "both_tracks", "", None))
    return insert(random, told, thing)


def unknown_event(random, told, sid):
    return insert(random, told, {"event": random.choice(("", "hello", "media ", "start\0", "__class__")), "x": 1})


def many_marks(random, told, sid):
    return told + [{"event": "mark", "streamSid": "MZ" + sid, "mark": {"name": "m" * n}} for n in range(40)]


def other_thing(random, told, sid):
    return insert(random, told, random.choice(ODD))


def insert(random, told, thing):
    place = random.randrange(len(told) + 1)
    return [*told[:place], thing, *told[place:]]


VALUES: tuple[Callable, ...] = (
    *(lose, double, swap, shuffle, odd_field, odd_field, odd_field, missing_field, missing_field, odd_time, odd_sound),
    *(bad_base64, other_call, other_stream, second_start, outbound_track, unknown_event, many_marks, other_thing),
)


# ----------------------------------------------------------------------------------------------------- as texts


def changed(change: Callable[[Random, bytes], bytes], opcode: int | None = None) -> Callable:
    def damage(random, messages):
        if not messages:
            return messages
        place = random.randrange(len(messages))
        old = messages[place]
        new = Message(old.opcode if opcode is None else opcode, change(random, old.data))
        return [*messages[:place], new, *messages[place + 1 :]]

    return damage


def flip(random: Random, data: bytes) -> bytes:
    out = bytearray(data or b"x")
    for _ in range(random.randrange(1, 5)):
        out[random.randrange(len(out))] = random.randrange(256)
    return bytes(out)


NONSENSE = (
    *(
        b"",
        b" ",
        b"{",
        b"}",
        b"null",
        b"[]",
        b'""',
        b"0",
        b"NaN",
        b"{}",
        b'{"event":1}',
        b"\xef\xbb\xbf{}",
        b"'",
        b"\0",
    ),
    *(b'{"event":"media"', b'{"event":"start","start":[]}', b'{"event":"\\ud800"}', b'{"event":"media","media":{}}'),
    *(
        b"[" * 5_000,
        b'{"a":' * 2_000,
        b'{"event":' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"GET / HTTP/1.1",
    ),
)
TEXTS: tuple[Callable, ...] = (
    changed(lambda random, data: data[: random.randrange(len(data) + 1)]),
    changed(flip),
    changed(flip),
    changed(lambda random, data: random.choice(NONSENSE)),
    changed(lambda random, data: random.choice(NONSENSE)),
    changed(lambda random, data: data + b" " * random.choice((65_536 - len(data), 65_537 - len(data)))),
    changed(lambda random, data: data[:-1] + b',"x":"' + b"y" * 70_000 + b'"}'),
    changed(lambda random, data: data, BINARY),
    changed(lambda random, data: random.randbytes(200), BINARY),
)
for _change, _name in zip(
    TEXTS, ("truncate", "flip", "flip", "nonsense", "nonsense", "pad", "oversize", "binary", "noise"), strict=True
):
    _change.__name__ = _name
