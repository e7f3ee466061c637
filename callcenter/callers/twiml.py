"""TwiML as values: what a provider is told to do with a call, parsed from the XML that a webhook returns.

Strict where Twilio is strict (a document that is no TwiML ends the call), tolerant where it is tolerant (an unknown
verb is a warning and is skipped).
"""

from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as Xml


class TwimlError(Exception):
    """The document or a verb in it is refused. `code` is Twilio's error number."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Stream:
    url: str
    name: str = ""
    params: tuple[tuple[str, str], ...] = ()
    status_callback: str = ""


@dataclass(frozen=True, slots=True)
class Connect:
    stream: Stream
    action: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Something that goes on beside the call; only a recording's callback matters to us."""

    what: str
    callback: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Play:
    url: str = ""
    digits: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


@dataclass(frozen=True, slots=True)
class Party:
    kind: str
    value: str
    url: str = ""
    """Where the TwiML comes from that the answering party hears before being connected."""


@dataclass(frozen=True, slots=True)
class Dial:
    parties: tuple[Party, ...]
    action: str = ""
    timeout: float = 30.0
    caller_id: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    reason: Literal["rejected", "busy"] = "rejected"


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


@dataclass(frozen=True, slots=True)
class Unknown:
    verb: str


Step = Connect | Start | Say | Play | Pause | Redirect | Dial | Reject | Hangup | Unknown


def parse(document: str | bytes) -> tuple[Step, ...]:
    try:
        root = Xml.fromstring(document)
    except Xml.ParseError as error:
        raise TwimlError(12100, f"the document cannot be parsed: {error}") from error
    if root.tag != "Response":
        raise TwimlError(12100, f"the document's root is <{root.tag}>, not <Response>")
    return tuple(step(verb) for verb in root)


def step(verb: Xml.Element) -> Step:
    text = (verb.text or "").strip()
    match verb.tag:
        case "Connect":
            return connect(verb)
        case "Start":
            inner = next(iter(verb), None)
            callback = "" if inner is None else inner.get("recordingStatusCallback", "")
            return Start("" if inner is None else inner.tag, callback)
        case "Say":
            return Say(" ".join("".join(verb.itertext()).split()))
        case "Play":
            return Play(text, verb.get("digits", ""))
        case "Pause":
            return Pause(float(verb.get("length", "1")))
        case "Redirect":
            return Redirect(text)
        case "Dial":
            return dial(verb, text)
        case "Reject":
            return Reject("busy" if verb.get("reason") == "busy" else "rejected")
        case "Hangup":
            return Hangup()
        case unknown:
            return Unknown(unknown)


def connect(verb: Xml.Element) -> Step:
    inner = verb.find("Stream")
    if inner is None:
        return Unknown("Connect")
    return Connect(stream(inner), verb.get("action", ""))


def stream(verb: Xml.Element) -> Stream:
    params = tuple((p.get("name", ""), p.get("value", "")) for p in verb.findall("Parameter"))
    for name, value in params:
        if not name or len(name) + len(value) > 500:
            raise TwimlError(12200, f"the stream parameter {name!r} is nameless or longer than 500 characters")
    return Stream(verb.get("url", ""), verb.get("name", ""), params, verb.get("statusCallback", ""))


def dial(verb: Xml.Element, text: str) -> Dial:
    parties = tuple(Party(p.tag.lower(), (p.text or "").strip(), p.get("url", "")) for p in verb)
    if text:
        parties = (Party("number", text), *parties)
    return Dial(parties, verb.get("action", ""), float(verb.get("timeout", "30")), verb.get("callerId", ""))
