"""Orders to the provider over REST: live calls, outbound calls, the account.

The calls block for up to the timeout, so they belong in threads. Whatever goes wrong is a `RestError` of a bounded kind
with a remedy; ending a call that has already ended is not wrong.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

Kind = Literal["auth", "not_found", "rate_limited", "network", "refused"]

LONGEST_TWIML: Final = 4_000
"""Characters of TwiML that fit into an order; longer documents go by URL."""
PROGRESS: Final = ("initiated", "ringing", "answered", "completed")

REMEDIES: Final[dict[Kind, str]] = {
    "auth": "Check CALLCENTER_TWILIO_ACCOUNT and CALLCENTER_TWILIO_TOKEN against the provider's console.",
    "not_found": "The call or number is not in this account, or the call is over.",
    "rate_limited": "The provider limits how fast this account may call; wait, or ask it for a higher limit.",
    "network": "The provider's API failed or could not be reached; check name resolution, proxy and firewall.",
    "refused": "The provider refused the order; its message says which field is wrong.",
}
_NO_ENTRY: Final = frozenset({20003, 20005, 20006})
"""Wrong credentials; the account is not active; access is denied."""
_OVER: Final = frozenset({20404, 21220})
"""No such live call; the call is not in progress."""


class RestError(Exception):
    def __init__(self, kind: Kind, detail: str, code: int = 0) -> None:
        super().__init__(f"{kind}: {detail} ({code})" if code else f"{kind}: {detail}")
        self.kind: Kind = kind
        self.detail = detail
        self.code = code
        self.remedy = REMEDIES[kind]

    @property
    def retryable(self) -> bool:
        return self.kind in ("network", "rate_limited")


@dataclass(frozen=True, slots=True)
class Outbound:
    """A call to place. Exactly one of `twiml` and `url` says what happens when somebody answers."""

    to: str
    sender: str
    twiml: str = ""
    url: str = ""
    status: str = ""
    """Webhook that learns each step of the call."""
    amd: str = ""
    """Webhook that learns who picked up, a human or a machine; empty: nobody asks."""
    amd_until: Literal["Enable", "DetectMessageEnd"] = "Enable"
    amd_timeout_s: int = 30
    timeout_s: int = 30
    limit_s: int = 14_400

    def __post_init__(self) -> None:
        if bool(self.twiml) == bool(self.url):
            raise ValueError("an outbound call needs exactly one of twiml and url")


@dataclass(frozen=True, slots=True)
class AccountState:
    sid: str
    name: str
    status: str
    trial: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """A number of the account and the webhook that rings us."""

    number: str
    voice_url: str
    voice_method: str


class Account:
    """One account at the provider. `api` sends everything to another host, such as a gateway or a test's server."""

    def __init__(
        self, sid: str, token: str, *, api: str = "", region: str = "", edge: str = "", timeout_s: float = 5.0
    ) -> None:
        self._http = _Http(api, timeout_s)
        # An environment of its own, for their client would look into ours for what is not given.
        own = {"TWILIO_ACCOUNT_SID": sid}
        self._client = Client(
            sid, token, region=region or None, edge=edge or None, http_client=self._http, environment=own
        )
        self.sid = sid

    def hang_up(self, call: str) -> bool:
        """False if the call was over already."""
        try:
            self._do(lambda: self._client.calls(call).update(status="completed"))
        except RestError as error:
            if error.code in _OVER:
                return False
            raise
        return True

    def redirect(self, call: str, twiml: str) -> None:
        """Break into a live call: its stream ends and `twiml` goes on."""
        if len(twiml) > LONGEST_TWIML:
            raise ValueError(f"{len(twiml)} characters of TwiML do not fit into an order")
        self._do(lambda: self._client.calls(call).update(twiml=twiml))

    def place(self, call: Outbound) -> str:
        """Call somebody; returns the provider's id of the call."""
        order: dict[str, Any] = {"to": call.to, "from_": call.sender}
        order |= {"twiml": call.twiml} if call.twiml else {"url": call.url, "method": "POST"}
        order |= {"timeout": call.timeout_s, "time_limit": call.limit_s}
        if call.status:
            order |= {"status_callback": call.status, "status_callback_method": "POST"}
            order |= {"status_callback_event": list(PROGRESS)}
        if call.amd:
            order |= {"machine_detection": call.amd_until, "machine_detection_timeout": call.amd_timeout_s}
            order |= {"async_amd": "true", "async_amd_status_callback": call.amd}
            order |= {"async_amd_status_callback_method": "POST"}
        sid = self._do(lambda: self._client.calls.create(**order)).sid
        if not sid:
            raise RestError("network", "the answer names no call")
        return str(sid)

    def fetch(self) -> AccountState:
        found = self._do(lambda: self._client.api.accounts(self.sid).fetch())
        return AccountState(found.sid, found.friendly_name or "", found.status or "", found.type == "Trial")

    def fetch_number(self, e164: str) -> Incoming | None:
        """The account's number and where its calls go; None if the account does not have it."""
        found = self._do(lambda: self._client.incoming_phone_numbers.list(phone_number=e164, limit=1))
        if not found:
            return None
        return Incoming(found[0].phone_number, found[0].voice_url or "", found[0].voice_method or "")

    def close(self) -> None:
        self._http.session.close()

    def _do(self, order: Callable[[], Any]) -> Any:
        try:
            return order()
        except (TwilioRestException, TwilioServiceException) as error:
            raise _told(error) from None
        except json.JSONDecodeError as error:
            raise RestError("network", f"the answer is not the provider's: {error}") from None
        except (OSError, TwilioException) as error:
            raise RestError("network", type(error).__name__) from None


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """Their client with a deadline, silent about what it sends, and able to speak to another host."""

    def __init__(self, api: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, logger=logging.getLogger(__name__))
        self._to = urlsplit(api.rstrip("/")) if api else None
        self.session.trust_env = not api

    def request(self, method: str, url: str, *args: Any, **named: Any) -> Response:
        if self._to:
            parts = urlsplit(url)
            path = self._to.path + parts.path
            url = urlunsplit(parts._replace(scheme=self._to.scheme, netloc=self._to.netloc, path=path))
        return super().request(method, url, *args, **named)

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Nothing: it would put numbers into the log."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing: it would put numbers into the log."""


def _told(error: TwilioRestException | TwilioServiceException) -> RestError:
    status, code = int(error.status), int(error.code or 0)
    detail = str(getattr(error, "msg", "") or getattr(error, "detail", "") or getattr(error, "title", ""))[:300]
    if status == 401 or code in _NO_ENTRY:
        return RestError("auth", detail, code)
    if status == 404 or code in _OVER:
        return RestError("not_found", detail, code)
    if status == 429:
        return RestError("rate_limited", detail, code)
    return RestError("refused" if 400 <= status < 500 else "network", detail, code)
