"""What may be wrong with websocket frames, and how their bytes may be cut into segments."""

from collections.abc import Callable
from random import Random

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(random: Random, opcode: int, data: bytes, *, fin: int = 1, masked: bool = True, rsv: int = 0) -> bytes:
    size = len(data)
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    if not masked:
        return head + data
    key = random.randbytes(4)
    whole = (key * (size // 4 + 1))[:size]
    return head + key + (int.from_bytes(data, "big") ^ int.from_bytes(whole, "big")).to_bytes(size, "big")


def put(random, frames, *new):
    place = random.randrange(len(frames) + 1)
    return [*frames[:place], *new, *frames[place:]]


def fragmented(random, frames):
    """Legal: a message in parts, with a ping between them."""
    text = b'{"event":"hello","x":"%s"}' % (b"z" * random.choice((0, 100, 60_000)))
    cuts = sorted(random.randrange(len(text)) for _ in range(random.randrange(1, 5)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    out = [frame(random, TEXT, parts[0], fin=0)]
    for part in parts[1:-1]:
        out += [frame(random, PING, b"between"), frame(random, CONT, part, fin=0)]
    return put(random, frames, *out, frame(random, CONT, parts[-1]))


def unmasked(random, frames):
    return put(random, frames, frame(random, TEXT, b'{"event":"hello"}', masked=False))


def reserved_bits(random, frames):
    return put(random, frames, frame(random, random.choice((TEXT, PING)), b"{}", rsv=random.randrange(1, 8)))


def reserved_opcode(random, frames):
    return put(random, frames, frame(random, random.choice((3, 4, 5, 6, 7, 11, 12, 15)), b"{}"))


def long_ping(random, frames):
    return put(random, frames, frame(random, PING, bytes(126)))


def torn_ping(random, frames):
    return put(random, frames, frame(random, PING, b"x", fin=0))


def orphan(random, frames):
    return put(random, frames, frame(random, CONT, b"{}", fin=random.randrange(2)))


def interrupted(random, frames):
    return put(random, frames, frame(random, TEXT, b'{"ev', fin=0))


def endless(random, frames):
    """A message of a thousand empty parts."""
    return put(random, frames, frame(random, TEXT, b"", fin=0), *[frame(random, CONT, b"", fin=0)] * 1_000)


def big_in_parts(random, frames):
    part = frame(random, CONT, b"y" * 30_000, fin=0)
    return put(random, frames, frame(random, TEXT, b"y", fin=0), part, part, part)


def huge_length(random, frames):
    size = random.choice((65_537, 2**31, 2**62, 2**63 - 1, 2**63, 2**64 - 1))
    return put(random, frames, b"\x81\xff" + size.to_bytes(8, "big") + random.randbytes(20))


def false_length(random, frames):
    return put(random, frames, b"\x81\xfe" + random.randrange(200, 60_000).to_bytes(2, "big") + random.randbytes(40))


def wasteful_length(random, frames):
    return put(random, frames, b"\x81\xfe\x00\x02\x00\x00\x00\x00{}")


def pings(random, frames):
    return put(random, frames, *[frame(random, PING, random.randbytes(random.randrange(126))) for _ in range(30)])


def pongs(random, frames):
    return put(random, frames, *[frame(random, PONG, b"nobody asked")] * 3)


def bad_close(random, frames):
    body = random.choice(
        (b"\x03", b"\x00\x00", b"\x03\xed", b"\x03\xee", b"\x03\xf7", b"\xff\xff", b"\x03\xe8\xff\xfe")
    )
    return put(random, frames, frame(random, CLOSE, body))


def early_close(random, frames):
    return put(random, frames, frame(random, CLOSE, b"\x03\xe8"))


def noise(random, frames):
    return put(random, frames, random.randbytes(random.randrange(1, 300)))


FRAMES: tuple[Callable, ...] = (
    *(fragmented, fragmented, unmasked, reserved_bits, reserved_opcode, long_ping, torn_ping, orphan, interrupted),
    *(endless, big_in_parts, huge_length, false_length, wasteful_length, pings, pongs, bad_close, early_close, noise),
)


def cut(random: Random, frames: list[bytes]) -> tuple[bytes, ...]:
    """How the bytes are divided into segments."""
    data = b"".join(frames)
    match random.randrange(4):
        case 0:
            return (data,)
        case 1:
            return tuple(frames)
        case 2:
            places = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(1, 12)))
            return tuple(data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True))
        case _:
            return (*(data[n : n + 1] for n in range(min(60, len(data)))), data[60:])
