"""The provider's webhooks: signed form posts to the agent's server, and the addresses they go to.

The server knows itself by its public address, and signatures are over that; the phone may reach it at another one
(a loopback port). `Route` turns public addresses into reachable ones. The signature is computed here from the
provider's documentation, not with the provider's package, so that each checks the other.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

PATIENCE = 15.0
"""Seconds a provider waits for a webhook's answer."""


class WebhookError(Exception):
    """The server could not be asked (`status` 0) or gave an answer that is none."""

    def __init__(self, url: str, status: int, detail: str) -> None:
        super().__init__(f"{url}: {detail}")
        self.url = url
        self.status = status
        self.detail = detail


def sign(token: str, url: str, form: Mapping[str, str] | None = None) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the address and every name and value, sorted by name."""
    signed = url + "".join(name + value for name, value in sorted((form or {}).items()))
    return b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


@dataclass(frozen=True, slots=True)
class Route:
    """`public` is what the server calls itself, `reach` where it can be connected to."""

    public: str
    reach: str

    def absolute(self, url: str, base: str = "") -> str:
        return urljoin(base or self.public.rstrip("/") + "/", url)

    def reachable(self, url: str) -> str:
        """The address to connect to; addresses of other servers stay as they are."""
        asked, public, reach = urlsplit(url), urlsplit(self.public), urlsplit(self.reach)
        if asked.netloc != public.netloc:
            return url
        secure = reach.scheme in ("https", "wss")
        schemes = ("ws", "wss") if asked.scheme in ("ws", "wss") else ("http", "https")
        return asked._replace(scheme=schemes[secure], netloc=reach.netloc).geturl()


def stream_fault(url: str) -> str:
    """Why Twilio would not open a stream at this address, or nothing. Plain `ws` is let pass on this machine only."""
    asked = urlsplit(url)
    if asked.scheme != "wss" and not (asked.scheme == "ws" and local(asked)):
        return f"31922 a stream's address must begin with wss: {url!r}"
    if asked.query:
        return f"31920 a stream's address must have no query string: {url!r}"
    return ""


def local(url: SplitResult) -> bool:
    host = url.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Webhooks:
    """Asks the server what to do. `token` signs; without one nothing is signed."""

    def __init__(self, route: Route, token: str, client: httpx.AsyncClient) -> None:
        self.route = route
        self._token = token
        self._client = client

    async def ask(self, url: str, form: Mapping[str, str]) -> bytes:
        headers = self.signature(url, form)
        try:
            answer = await self._client.post(
                self.route.reachable(url), data=dict(form), headers=headers, timeout=PATIENCE
            )
        except httpx.HTTPError as error:
            raise WebhookError(url, 0, f"{type(error).__name__} {error}".strip()) from error
        if answer.status_code >= 300:
            body = " ".join(answer.text[:200].split())
            raise WebhookError(url, answer.status_code, f"HTTP {answer.status_code} {body}".strip())
        return answer.content

    async def fetch(self, url: str) -> bytes:
        try:
            answer = await self._client.get(self.route.reachable(url), headers=self.signature(url), timeout=PATIENCE)
        except httpx.HTTPError as error:
            raise WebhookError(url, 0, f"{type(error).__name__} {error}".strip()) from error
        if answer.status_code >= 300:
            raise WebhookError(url, answer.status_code, f"HTTP {answer.status_code}")
        return answer.content

    def signature(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, str]:
        return {"X-Twilio-Signature": sign(self._token, url, form)} if self._token else {}
