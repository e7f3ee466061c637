"""Wild peers: what a broken, confused or hostile provider may send on a socket, each drawn from one number.

A case is a handshake, the bytes that follow it in some pieces, and an ending. Most begin as a proper conversation
that is then damaged a few times: as JSON values, as texts, as websocket frames, as bytes.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from wild_frames import FRAMES, TEXT, cut, frame
from wild_messages import TEXTS, VALUES, Message, conversation


@dataclass(frozen=True)
class Door:
    """Where a stream may be opened: the path with its token, its signature, and the provider's id of the call."""

    path: str
    signature: str
    sid: str
    call_id: str


@dataclass(frozen=True)
class Case:
    number: int
    door: Door
    handshake: tuple[bytes, ...]
    opens: bool | None
    """Whether the stream must open, must not open, or may do either."""
    pieces: tuple[bytes, ...] = ()
    ending: str = "close"
    damage: tuple[str, ...] = ()


def case(number: int, door: Door, used: str) -> Case:
    """`used` is the path of a door that was used before."""
    random = Random(number)
    if random.random() < 0.12:
        return strange_handshake(random, number, door, used)
    damage = []
    told = conversation(random, door.sid)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        change = random.choice(VALUES)
        told = change(random, told, door.sid)
        damage.append(change.__name__)
    messages = [Message(TEXT, json.dumps(thing).encode()) for thing in told]
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        change = random.choice(TEXTS)
        messages = change(random, messages)
        damage.append(change.__name__)
    frames = [frame(random, message.opcode, message.data) for message in messages]
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        change = random.choice(FRAMES)
        frames = change(random, frames)
        damage.append(change.__name__)
    ending = random.choice(ENDINGS)
    if ending == "torn" and frames:
        frames[-1] = frames[-1][: random.randrange(len(frames[-1]))]
    pieces = cut(random, frames)
    return Case(number, door, (handshake(random, door),), True, pieces, ending, tuple(damage))


ENDINGS = ("close",) * 6 + ("gone_away", "odd_close", "bare_close", "eof", "eof", "reset", "reset", "torn") + ("stay",)


# --------------------------------------------------------------------------------------------- strange handshakes


def handshake(random: Random, door: Door, **changes: str | None) -> bytes:
    key = b64encode(random.randbytes(16)).decode()
    headers = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        "X-Twilio-Signature": door.signature,
        **changes,
    }
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"GET {door.path} HTTP/1.1", *lines, "", ""]).encode(errors="surrogateescape")


def strange_handshake(random: Random, number: int, door: Door, used: str) -> Case:
    name = random.choice(list(HANDSHAKES))
    pieces = HANDSHAKES[name](random, door, used)
    ending = random.choice(("eof", "reset", "wait", "wait", "wait"))
    if name in ("unfinished", "no body") and random.random() < 0.8:
        ending = random.choice(("eof", "reset"))
    return Case(number, door, pieces, None if name in TOLERABLE else False, (), ending, (name,))


def _without(name: str, value: str | None = None) -> Callable:
    return lambda random, door, used: (handshake(random, door, **{name: value}),)


def _elsewhere(path: Callable[[Random, str], str]) -> Callable:
    """The signature stays, the path is another."""
    return lambda random, door, used: (handshake(random, replace(door, path=path(random, door.path))),)


def _flipped(random: Random, path: str) -> str:
    place = random.randrange(len("/twilio/stream/"), len(path))
    letter = random.choice([c for c in "ABCabc019-_" if c != path[place]])
    return path[:place] + letter + path[place + 1 :]


HANDSHAKES: dict[str, Callable] = {
    "unsigned": _without("X-Twilio-Signature"),
    "signature empty": _without("X-Twilio-Signature", ""),
    "signature forged": _without("X-Twilio-Signature", b64encode(bytes(20)).decode()),
    "signature not base64": _without("X-Twilio-Signature", "é\x7f=="),
    "signed, used token": lambda random, door, used: (
        handshake(random, replace(door, path=used.split()[0]), **{"X-Twilio-Signature": used.split()[1]}),
    ),
    "other token": _elsewhere(_flipped),
    "cut token": _elsewhere(lambda random, path: path[:-1]),
    "no token": _elsewhere(lambda random, path: "/twilio/stream/"),
    "query": _elsewhere(lambda random, path: path + "?a=1"),
    "escaped": _elsewhere(lambda random, path: path.replace("stream", "%73tream")),
    "twice": _elsewhere(lambda random, path: path + "/" + path),
    "climbing": _elsewhere(lambda random, path: "/twilio/stream/../../../../etc/passwd"),
    "long": _elsewhere(lambda random, path: path + "A" * random.choice((5_000, 9_000, 60_000))),
    "other version": _without("Sec-WebSocket-Version", "8"),
    "no version": _without("Sec-WebSocket-Version"),
    "no key": _without("Sec-WebSocket-Key"),
    "bad key": _without("Sec-WebSocket-Key", "short"),
    "no upgrade": _without("Upgrade"),
    "other upgrade": _without("Upgrade", "h2c"),
    "no connection": _without("Connection"),
    "many headers": lambda random, door, used: (
        handshake(random, door, **{f"X-{n}": "y" for n in range(random.choice((200, 2_000)))}),
    ),
    "fat header": lambda random, door, used: (handshake(random, door, Cookie="c" * random.choice((9_000, 60_000))),),
    "post": lambda random, door, used: (handshake(random, door).replace(b"GET", b"POST", 1),),
    "old http": lambda random, door, used: (handshake(random, door).replace(b"HTTP/1.1", b"HTTP/1.0", 1),),
    "later http": lambda random, door, used: (handshake(random, door).replace(b"HTTP/1.1", b"HTTP/2.0", 1),),
    "no http": lambda random, door, used: (random.randbytes(random.randrange(1, 400)) + b"\r\n\r\n",),
    "tls": lambda random, door, used: (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + random.randbytes(500),),
    "frames at once": lambda random, door, used: (frame(random, TEXT, b'{"event":"connected"}') + b"\r\n\r\n",),
    "two requests": lambda random, door, used: (b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 20,),
    "smuggled": lambda random, door, used: (
        b"POST /twilio/voice HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
    ),
    "no body": lambda random, door, used: (
        b"POST /twilio/voice HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nCallSid=CA1",
    ),
    "unfinished": lambda random, door, used: (handshake(random, door)[: random.randrange(1, 150)],),
}
TOLERABLE = ("old http", "later http", "many headers", "fat header")
"""Handshakes that are odd and still as good as signed."""
