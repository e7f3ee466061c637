"""Whether a request comes from the provider: the header `X-Twilio-Signature`, over the URL as it was configured.

The signature is HMAC over the full URL, followed by the form's names and values in order of name; a JSON body is
covered by its hash in the URL (`bodySHA256`); a websocket upgrade is signed over its `wss://` URL alone. Rules kept:
- The URL comes from the configured origin. A forwarded host counts only if the peer is a configured proxy, because
  otherwise the client would choose what was signed.
- The provider is inconsistent about writing the port, so the URL counts with and without it (443 for wss as for https).
- A body that the signature does not cover is refused, however well the URL is signed.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import parse_qs, urlsplit, urlunsplit

from callcenter.telephony.origin import Origin, OriginError

Form = Sequence[tuple[str, str]]

HEADER: Final = "x-twilio-signature"
SETTINGS_HEADER: Final = "x-twilio-webhooks-signature-settings"
ALGORITHMS: Final = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}

_ALGORITHM: Final = re.compile(r"(?:^|,)\s*algorithm\s*=\s*([A-Za-z0-9_]+)\s*(?:,|$)")
_DEFAULT_PORTS: Final = {"https": 443, "wss": 443, "http": 80, "ws": 80}


class Verdict(StrEnum):
    GENUINE = "genuine"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    BODY_CHANGED = "body_changed"
    BODY_UNSIGNED = "body_unsigned"
    UNKNOWN_ALGORITHM = "unknown_algorithm"


def sign(secret: str, url: str, form: Form = (), algorithm: str = "HMAC_SHA1") -> str:
    """The signature the provider would send; a name's equal values count once."""
    signed = url + "".join(name + value for name, value in sorted(set(form)))
    digest = hmac.digest(secret.encode(), signed.encode(errors="surrogatepass"), ALGORITHMS[algorithm])
    return b64encode(digest).decode()


class Signatures:
    """`secrets` are tried in turn, so that the provider's token can be rotated without losing a call."""

    def __init__(self, secrets: Iterable[str], origin: Origin, proxies: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)
        if not self._secrets or not all(self._secrets):
            raise ValueError("signatures need a secret")
        self._origin = origin
        self._proxies = tuple(ip_network(proxy, strict=False) for proxy in proxies)

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        form: Form = (),
        body: bytes = b"",
        client: str = "",
    ) -> Verdict:
        """`path` is the raw path with its query, below the origin's prefix; `form` or `body` is what was posted."""
        named = _lowered(headers)
        covered = form if method.upper() == "POST" else ()
        if not covered:
            hashes = parse_qs(urlsplit(path).query).get("bodySHA256")
            if hashes and not _same(sha256(body).hexdigest(), hashes[0].lower()):
                return Verdict.BODY_CHANGED
            if not hashes and (body or named.get("content-length", "0") != "0"):
                return Verdict.BODY_UNSIGNED
        return self._judge(named, [origin.http(path) for origin in self._origins(named, client)], covered)

    def upgrade(self, path: str, headers: Mapping[str, str], client: str = "") -> Verdict:
        """A websocket's opening request."""
        named = _lowered(headers)
        if "?" in path:
            return Verdict.FORGED
        return self._judge(named, [origin.ws(path) for origin in self._origins(named, client)], ())

    def _judge(self, headers: Mapping[str, str], urls: Iterable[str], form: Form) -> Verdict:
        signature = headers.get(HEADER, "")
        if not signature:
            return Verdict.UNSIGNED
        named = _ALGORITHM.search(headers.get(SETTINGS_HEADER, ""))
        algorithm = named[1].upper() if named else "HMAC_SHA1"
        if algorithm not in ALGORITHMS:
            return Verdict.UNKNOWN_ALGORITHM
        genuine = False
        for url in urls:
            for spelling in _spellings(url):
                for secret in self._secrets:
                    genuine |= _same(sign(secret, spelling, form, algorithm), signature)
        return Verdict.GENUINE if genuine else Verdict.FORGED

    def _origins(self, headers: Mapping[str, str], client: str) -> Iterator[Origin]:
        yield self._origin
        host = _first(headers.get("x-forwarded-host", ""))
        if host and self._is_proxy(client):
            scheme = "http" if _first(headers.get("x-forwarded-proto", "")) in ("http", "ws") else "https"
            try:
                yield Origin.read(f"{scheme}://{host}{self._origin.prefix}")
            except OriginError:
                return

    def _is_proxy(self, client: str) -> bool:
        try:
            peer = ip_address(client)
        except ValueError:
            return False
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped
        return any(peer in network for network in self._proxies)


def _spellings(url: str) -> set[str]:
    """The URL as it is, without a port, and with one."""
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}") if parts.port else parts.netloc
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return {url, urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))}


def _same(ours: str, theirs: str) -> bool:
    return hmac.compare_digest(ours.encode(), theirs.encode(errors="surrogatepass"))


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _first(values: str) -> str:
    return values.partition(",")[0].strip().lower()
