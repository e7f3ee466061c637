"""Settings: one frozen object, read once from the environment (`CALLCENTER_*`). Unknown names are refused.

Every field is a setting; its comment is its documentation. Secrets are never shown, not even by repr.
"""

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin
from zoneinfo import available_timezones

PREFIX = "CALLCENTER_"
VOICES = {"espeak": "en-us", "flite": "slt"}
"""The voice of each synthesizer that speaks where none is named."""
ELSEWHERE = "alloy"
"""And that of an endpoint."""


class SettingError(Exception):
    """A setting cannot be used; the message names it, quotes the value and says what would do."""


class Secret:
    """A value that is never printed."""

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(set)" if self._value else "Secret(empty)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Settings:
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """Port to listen on; 0 takes any free one."""
    public_url: str = ""
    """How the phone provider reaches us, e.g. https://agent.example.com; empty: http://HOST:PORT, for a local phone."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For is believed, comma separated."""

    database: str = "sqlite:///var/callcenter.db"
    """SQLAlchemy URL; postgresql+psycopg://user@host/name for PostgreSQL."""
    var: Path = Path("var")
    """Where journals and recordings of calls are written as they come."""
    data: str = ""
    """Folder with speech of real people and customers' lines, for benchmarks and training; empty: none."""

    twilio_account: str = ""
    """Account SID; empty: no outbound calls and no live-call control over REST."""
    twilio_token: Secret = field(default_factory=Secret)
    """Auth token: checks every webhook's signature; empty: a token made at the first start, for local phones only."""
    twilio_api: str = ""
    """Base URL of the REST API, when it is not Twilio's own."""
    from_number: str = ""
    """Number that outbound calls come from."""
    country: str = "US"
    """Country of numbers written without a country code."""

    duplex: str = "interaction"
    """What hears and speaks on inbound calls."""
    fallback: str = "turnbased"
    """The duplex that takes over when the first one is lost in mid-call."""
    sessions: int = 48
    """Calls that the model serves at once; one more goes to the fallback."""
    model: str = ""
    """A file of weights; empty: the shipped ones."""
    device: str = "cpu"
    """Where the model runs: cpu, or cuda."""
    ears: str = "own"
    """What the turn-based bot hears words with: an OpenAI-compatible endpoint (https://host/v1), `whisper:WEIGHTS` for
    a model in this process (extra `whisper`), or nothing: it goes by voice and silence."""
    ears_model: str = "whisper-1"
    """The model to ask for at that endpoint."""
    ears_key: Secret = field(default_factory=Secret)
    """Its key."""
    live_url: str = ""
    """Where a hosted duplex model is (wss://host/v1/live/sessions): the duplex `live`; empty: none."""
    live_protocol: str = "gpt-live"
    """What it speaks: gpt-live (`session.*` events) or realtime (OpenAI's Realtime protocol)."""
    live_model: str = "gpt-live-1"
    """The model to ask for there."""
    live_voice: str = "marin"
    """The voice it speaks with."""
    live_key: Secret = field(default_factory=Secret)
    """Its key."""
    moshi: str = ""
    """Weights of Moshi or its kin: a folder with config.json, or a repository on the Hugging Face hub; empty: none."""
    flow: str = "front_desk"
    """The flow that calls follow: a shipped one's name, or a TOML file; empty: none."""
    words: str = ""
    """Text file of words of the company's own, a name a line, that the model's ears learn at the start; empty: none."""
    zone: str = "UTC"
    """The company's time zone: what `today` and the opening hours of a flow mean."""
    tools: str = ""
    """TOML file of the tools a flow may use (see `background.stock`); empty: those of the embedded CRM."""
    llm_url: str = ""
    """An OpenAI-compatible endpoint (https://host/v1) that plans beside the embedded planner; empty: none."""
    llm_model: str = ""
    """The model to ask for there."""
    llm_key: Secret = field(default_factory=Secret)
    """Its key."""
    greeting: str = ""
    """Sentence spoken when the stream opens; empty: the duplex greets by itself."""
    speech: str = "espeak"
    """What notes and sentences are spoken with: espeak, flite, or an OpenAI-compatible endpoint (https://host/v1)."""
    voice: str = ""
    """A voice of it; empty: en-us for espeak, slt for flite, alloy for an endpoint."""
    speech_model: str = "tts-1"
    """The model to ask for at that endpoint."""
    speech_key: Secret = field(default_factory=Secret)
    """Its key."""
    speech_rate: int = 24_000
    """Samples a second that it answers with, unless it names them itself: 8000, 16000 or 24000."""
    lead_ms: int = 60
    """Audio the provider holds ahead of playing it."""

    max_calls: int = 300
    """Calls admitted at once; more get what `when_full` says."""
    when_full: str = "queue"
    """queue (ask to hold and try again), reject (busy tone) or transfer (to the target `rescue`)."""
    max_call_s: int = 14_400
    """Longest call."""
    silence_s: int = 180
    """A call in which nobody speaks for this long is ended; 0: never."""
    drain_s: int = 30
    """How long a stopping server waits for its calls before it says goodbye to them."""
    token_s: int = 90
    """Life of the single-use token that opens a stream."""

    transfers: Mapping[str, Any] = field(default_factory=dict)
    """JSON: named transfer targets, {"person": {"number": "+15550100", "hours": "Mon-Fri 08:00-18:00 UTC"}}."""
    dial_allowed: tuple[str, ...] = ()
    """Prefixes that may be dialled, comma separated, e.g. +1555; empty: none."""
    rescue: str = ""
    """Transfer target for callers whom no duplex can serve."""

    api_key: Secret = field(default_factory=Secret)
    """Key of the API under /v1; empty: the API answers this machine only."""

    oidc_issuer: str = ""
    """The OpenID provider of single sign-on, exactly as it names itself; empty: passwords only."""
    oidc_client: str = ""
    """Our id at the provider."""
    oidc_secret: Secret = field(default_factory=Secret)
    """Our secret there; empty for a client without one."""
    oidc_groups: str = "groups"
    """The claim that has a user's groups."""
    oidc_roles: Mapping[str, Any] = field(default_factory=dict)
    """JSON: which group has which role, {"callcenter-admins": "admin", "*": "viewer"}; * is everybody."""
    hooks_allowed: tuple[str, ...] = ()
    """Hosts and networks of our own that webhooks may reach, comma separated, e.g. crm.internal,10.1.0.0/16."""

    prices: Mapping[str, Any] = field(default_factory=dict)
    """JSON: what things cost, for the cost of a call, {"line_minute": 0.0085, "duplex_minute": {"live": 0.06}}."""
    record: bool = True
    """Whether calls are recorded."""
    on_machine: str = "hang_up"
    """What an outbound call does at an answering machine: hang_up or stay."""

    log_level: str = "info"
    log_format: str = "auto"
    """json, plain, or auto: plain on a terminal."""
    otel: bool = False
    """Export traces by OTLP (needs the extra `otel`); the endpoint comes from the usual OTEL_* variables."""
    speed: float = 1.0
    """Runs a call's clocks faster than real time: for soak tests and offline benchmarks only."""

    def __post_init__(self) -> None:
        if not self.voice:
            object.__setattr__(self, "voice", VOICES.get(self.speech, ELSEWHERE))


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in an environment; raises SettingError with the name and the remedy."""
    known = {PREFIX + f.name.upper(): f for f in fields(Settings)}
    given = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise SettingError(f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else ""))
    values = {known[name].name: _value(name, known[name].type, text) for name, text in given.items()}
    return _checked(Settings(**values))


def _value(name: str, kind: Any, text: str) -> Any:
    try:
        if kind is bool:
            return _flag(text)
        if kind in (str, int, float, Path, Secret):
            return kind(text)
        if get_origin(kind) is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        return _mapping(text)
    except ValueError as error:
        raise SettingError(f"{name}={text!r} cannot be read as {_name(kind)}: {error}") from None


def _flag(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("say yes or no")
    return words[text.lower()]


def _mapping(text: str) -> Mapping[str, Any]:
    value = json.loads(text or "{}")
    if not isinstance(value, dict):
        raise ValueError("a JSON object is needed")
    return types.MappingProxyType(value)


def _name(kind: Any) -> str:
    return "a list" if get_args(kind) and get_origin(kind) is tuple else getattr(kind, "__name__", str(kind))


CHOICES = {
    "when_full": ("queue", "reject", "transfer"),
    "on_machine": ("hang_up", "stay"),
    "live_protocol": ("gpt-live", "realtime"),
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("auto", "json", "plain"),
}
SPEECH_RATES = (8_000, 16_000, 24_000)
PRICES = ("line_minute", "duplex_minute", "recording_minute", "planner_question", "tool_call", "currency")
SHORTEST_TOKEN = 16
POSITIVE = ("max_calls", "max_call_s", "token_s", "speed")


def _checked(settings: Settings) -> Settings:
    for name, choices in CHOICES.items():
        if getattr(settings, name) not in choices:
            raise SettingError(f"{PREFIX}{name.upper()}={getattr(settings, name)!r}: one of {', '.join(choices)}")
    for name in POSITIVE:
        if getattr(settings, name) <= 0:
            raise SettingError(f"{PREFIX}{name.upper()} must be more than 0")
    if settings.public_url and not settings.public_url.startswith(("https://", "http://")):
        raise SettingError(f"{PREFIX}PUBLIC_URL={settings.public_url!r}: begin it with https://")
    if settings.zone not in available_timezones():
        raise SettingError(f"{PREFIX}ZONE={settings.zone!r} is no time zone such as Europe/Berlin")
    if settings.llm_url and not settings.llm_model:
        raise SettingError(f"{PREFIX}LLM_URL needs {PREFIX}LLM_MODEL beside it")
    if settings.speech not in VOICES and not settings.speech.startswith(("https://", "http://")):
        raise SettingError(f"{PREFIX}SPEECH={settings.speech!r}: {', '.join(VOICES)} or an address (https://host/v1)")
    if settings.speech_rate not in SPEECH_RATES:
        raise SettingError(f"{PREFIX}SPEECH_RATE={settings.speech_rate}: one of {', '.join(map(str, SPEECH_RATES))}")
    known = settings.ears in ("own", "none") or settings.ears.startswith(("https://", "http://", "whisper:"))
    if not known:
        raise SettingError(
            f"{PREFIX}EARS={settings.ears!r}: own, none, an address (https://host/v1) or whisper:WEIGHTS"
        )
    if settings.live_url and not settings.live_url.startswith(("wss://", "ws://")):
        raise SettingError(f"{PREFIX}LIVE_URL={settings.live_url!r}: begin it with wss://")
    _check_prices(settings.prices)
    if settings.oidc_issuer:
        _check_oidc(settings)
    if settings.rescue and settings.rescue not in settings.transfers:
        raise SettingError(f"{PREFIX}RESCUE={settings.rescue!r} is not among {PREFIX}TRANSFERS")
    if settings.twilio_token and len(settings.twilio_token.reveal()) < SHORTEST_TOKEN:
        raise SettingError(
            f"{PREFIX}TWILIO_TOKEN is too short to be an auth token; copy it from the provider's console"
        )
    return settings


def _check_prices(prices: Mapping[str, Any]) -> None:
    """A price is a number, or a number by name; the currency is a word."""
    for name, price in prices.items():
        if name not in PRICES:
            raise SettingError(f"{PREFIX}PRICES: {name!r} is none of {', '.join(PRICES)}")
        values = list(price.values()) if isinstance(price, dict) else [price]
        fit = isinstance(price, str) if name == "currency" else all(_is_price(value) for value in values)
        if not fit:
            raise SettingError(f"{PREFIX}PRICES: {name} cannot be {price!r}")


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _check_oidc(settings: Settings) -> None:
    issuer = settings.oidc_issuer
    if not issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise SettingError(f"{PREFIX}OIDC_ISSUER={issuer!r}: begin it with https://")
    if not settings.oidc_client or not settings.oidc_roles:
        raise SettingError(f"{PREFIX}OIDC_ISSUER needs {PREFIX}OIDC_CLIENT and {PREFIX}OIDC_ROLES beside it")
