"""The key to one stream: whoever holds it may be this leg of this call, once, within a minute or two.

A token is `version, expiry, leg, nonce, call` and their HMAC, in letters that a URL path carries. Nothing is stored to
mint one, so any process can; `claim(nonce)` is the store's "the first to ask gets it", which makes it single-use
across processes. A token is claimed only after everything else about it is right: a forged one costs no store access.
"""

import hmac
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

_HEAD: Final = struct.Struct(">BIB12s")
_VERSION: Final = 1
_SEAL: Final = 16
_LONGEST_CALL: Final = 128
_LONGEST_TOKEN: Final = 4 * ((_HEAD.size + _LONGEST_CALL + _SEAL + 2) // 3)


class TokenError(Exception):
    """Why a token opens nothing."""

    def __init__(self, kind: Literal["malformed", "forged", "expired", "used"]) -> None:
        super().__init__(f"the stream token is {kind}")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: to be leg number `leg` of `call` until `expires` (seconds since 1970)."""

    call: str
    leg: int
    expires: int
    nonce: str


class Tokens:
    """`now` is wall time in seconds: the processes that mint and read share nothing else."""

    def __init__(self, secret: bytes, life: int = 90) -> None:
        if len(secret) < 16:
            raise ValueError("a token secret needs 16 bytes or more")
        self.life = life
        self._key = hmac.digest(secret, b"callcenter stream token", sha256)

    def mint(self, call: str, leg: int, now: float) -> str:
        name = call.encode()
        if not 0 < len(name) <= _LONGEST_CALL:
            raise ValueError(f"a call id has 1 to {_LONGEST_CALL} bytes: {call!r}")
        body = _HEAD.pack(_VERSION, int(now) + self.life, leg, secrets.token_bytes(12)) + name
        return urlsafe_b64encode(body + self._seal(body)).rstrip(b"=").decode()

    def read(self, token: str, now: float, claim: Callable[[str], bool]) -> Grant:
        body, seal = _opened(token)
        if not hmac.compare_digest(seal, self._seal(body)):
            raise TokenError("forged")
        version, expires, leg, nonce = _HEAD.unpack_from(body)
        if version != _VERSION:
            raise TokenError("malformed")
        if now >= expires:
            raise TokenError("expired")
        grant = Grant(body[_HEAD.size :].decode(), leg, expires, nonce.hex())
        if not claim(grant.nonce):
            raise TokenError("used")
        return grant

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, sha256)[:_SEAL]


def _opened(token: str) -> tuple[bytes, bytes]:
    """Body and seal. Only the one spelling that `mint` writes is read, so a token has no second form."""
    if not token.isascii() or len(token) > _LONGEST_TOKEN:
        raise TokenError("malformed")
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (Base64Error, ValueError):
        raise TokenError("malformed") from None
    if len(raw) <= _HEAD.size + _SEAL or urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise TokenError("malformed")
    return raw[:-_SEAL], raw[-_SEAL:]
