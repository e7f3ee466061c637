"""What a call is to do next, as the provider's XML. Each function is one situation and returns the whole document.

`<Connect>` blocks until we close the stream's socket; then the provider asks its `action` URL what comes next, which
is where transfers, fallbacks and goodbyes happen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from twilio.twiml.voice_response import Connect, Dial, VoiceResponse

from callcenter.numbers import Address, Number

LONGEST_PARAMETER: Final = 500
"""Name and value together must stay below this, or the provider refuses the stream."""

_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Speaker:
    """The provider's own voice, for the few sentences that no stream of ours can speak."""

    language: str = "en-US"
    voice: str = ""

    def say(self, response: VoiceResponse, text: str) -> None:
        heard = _UNPRINTABLE.sub(" ", text).strip()
        if heard:
            response.say(heard, language=self.language, voice=self.voice or None)


SPEAKER: Final = Speaker()


@dataclass(frozen=True, slots=True)
class StreamTo:
    """Where a call's audio goes, and who is asked when it ends."""

    url: str
    action: str
    status: str = ""
    name: str = "main"

    def __post_init__(self) -> None:
        if not self.url.startswith(("wss://", "ws://")) or "?" in self.url:
            raise ValueError(f"a stream goes to a wss:// URL without a query: {self.url!r}")


def connect(stream: StreamTo, params: Mapping[str, str] | None = None) -> str:
    """Answer and give the call to the agent; `params` arrive in the stream's start."""
    return _connected(VoiceResponse(), stream, params or {})


def return_to_agent(
    stream: StreamTo,
    returned: str,
    text: str = "",
    params: Mapping[str, str] | None = None,
    speaker: Speaker = SPEAKER,
) -> str:
    """A transfer did not work out: the caller hears `text` and is with the agent again, who is told why."""
    response = VoiceResponse()
    speaker.say(response, text)
    return _connected(response, stream, {**(params or {}), "returned": returned})


def wait(
    text: str, again: str, attempt: int, limit: int, sorry: str, pause_s: int = 10, speaker: Speaker = SPEAKER
) -> str:
    """No slot is free: hold, then ask `again` with the next attempt's number, until `limit` attempts are over."""
    if attempt >= limit:
        return hang_up(sorry, speaker)
    response = VoiceResponse()
    speaker.say(response, text)
    response.pause(length=pause_s)
    response.redirect(f"{again}{'&' if '?' in again else '?'}{urlencode({'attempt': attempt + 1})}", method="POST")
    return str(response)


def reject(reason: Literal["busy", "rejected"] = "busy") -> str:
    """Do not answer: the caller hears a busy tone, or that the number is not in service."""
    response = VoiceResponse()
    response.reject(reason=reason)
    return str(response)


def hang_up(text: str = "", speaker: Speaker = SPEAKER) -> str:
    response = VoiceResponse()
    speaker.say(response, text)
    response.hangup()
    return str(response)


def dial(
    party: Number | Address,
    action: str,
    *,
    caller_id: str = "",
    timeout_s: int = 25,
    limit_s: int | None = None,
    text: str = "",
    whisper: str = "",
    speaker: Speaker = SPEAKER,
) -> str:
    """Pass the caller on. `whisper` is the URL of what only the one who picks up hears; `action` learns the outcome.

    With `answerOnBridge` a call that nobody has answered yet goes on ringing until the two are joined.
    """
    response = VoiceResponse()
    speaker.say(response, text)
    verb = response.dial(
        action=action,
        method="POST",
        timeout=timeout_s,
        time_limit=limit_s,
        answer_on_bridge=True,
        caller_id=caller_id or None,
    )
    _ring(verb, party, whisper or None)
    return str(response)


def announce(text: str, speaker: Speaker = SPEAKER) -> str:
    """The whisper: heard by the person who picked up, before the caller is joined."""
    response = VoiceResponse()
    speaker.say(response, text)
    return str(response)


def voicemail(text: str, action: str, recorded: str, longest_s: int = 120, speaker: Speaker = SPEAKER) -> str:
    """Take a message; `action` follows it, `recorded` learns where it lies. Saying nothing ends the call."""
    response = VoiceResponse()
    speaker.say(response, text)
    response.record(
        action=action,
        method="POST",
        max_length=longest_s,
        timeout=5,
        finish_on_key="#",
        play_beep=True,
        trim="trim-silence",
        recording_status_callback=recorded,
        recording_status_callback_method="POST",
    )
    response.hangup()
    return str(response)


def _ring(verb: Dial, party: Number | Address, whisper: str | None) -> None:
    match party:
        case Number(e164):
            verb.number(e164, url=whisper)
        case Address("sip", _):
            verb.sip(str(party), url=whisper)
        case Address(_, name):
            verb.client(name, url=whisper)


def _connected(response: VoiceResponse, stream: StreamTo, params: Mapping[str, str]) -> str:
    verb = Connect(action=stream.action, method="POST")
    element = verb.stream(
        url=stream.url,
        name=stream.name,
        status_callback=stream.status or None,
        status_callback_method="POST" if stream.status else None,
    )
    for name, value in params.items():
        if not name or len(name) + len(value) >= LONGEST_PARAMETER:
            raise ValueError(f"the stream parameter {name!r} is nameless or too long: {len(value)} characters")
        element.parameter(name=_UNPRINTABLE.sub(" ", name), value=_UNPRINTABLE.sub(" ", value))
    response.append(verb)
    return str(response)
