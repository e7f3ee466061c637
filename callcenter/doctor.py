"""The doctor: checks everything a call needs, one finding each, and says what to do about it."""

import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Literal

import httpx
from sqlalchemy.exc import SQLAlchemyError
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from callcenter import glossary
from callcenter.config import Settings
from callcenter.model.lexicon import Lexicon
from callcenter.store import migrations
from callcenter.switchboard import STREAM_PATH, token_secret
from callcenter.telephony.origin import Origin, OriginError
from callcenter.telephony.rest import Account, RestError
from callcenter.telephony.signatures import sign
from callcenter.telephony.transfer import Exchange, TransferError, read_targets
from callcenter.voices import VoiceError
from callcenter.voices.choice import LOCAL, Voices, last_resort
from callcenter.voices.remote import Remote

PATIENCE: Final = 5.0
ENOUGH_DISK: Final = 2 << 30
CLOCK_TOLERANCE_S: Final = 5.0
TIMER_TOLERANCE_MS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    state: Literal["ok", "note", "fail"]
    told: str
    remedy: str = ""


def examine(settings: Settings, url: str = "") -> list[Finding]:
    address = (url or settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    findings = [*_machine(settings), *_database(settings), *_voice(settings), *_model(settings)]
    findings += _words(settings)
    findings += _transfers(settings)
    return [*findings, *_provider(settings), *_public(settings), *_server(settings, address)]


def takes_calls(settings: Settings, url: str = "") -> bool:
    address = (url or f"http://127.0.0.1:{settings.port}").rstrip("/")
    try:
        return httpx.get(address + "/readyz", timeout=PATIENCE, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


# ------------------------------------------------------------------------------------------------------ this machine


def _machine(settings: Settings) -> Iterator[Finding]:
    yield Finding("python", "ok", sys.version.split()[0])
    import torch

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu"
    yield Finding("device", "ok", f"{device}, torch {torch.__version__}")
    settings.var.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.var).free
    hours = free / (16_000 * 3_600)
    told = f"{free / 2**30:.1f} GiB free at {settings.var}, {hours:,.0f} hours of recordings"
    if free < ENOUGH_DISK:
        yield Finding("disk", "fail", told, "make room, or point CALLCENTER_VAR at a larger disk")
    else:
        yield Finding("disk", "ok", told)
    worst = asyncio.run(_timer())
    if worst > TIMER_TOLERANCE_MS:
        remedy = "the machine is busy or throttled: audio needs a timer that is right to a few ms"
        yield Finding("timer", "note", f"a 20 ms timer is up to {worst:.1f} ms late", remedy)
    else:
        yield Finding("timer", "ok", f"a 20 ms timer is at most {worst:.1f} ms late")


async def _timer() -> float:
    """How late the worst of 50 timers of 20 ms fires, in ms."""
    worst, due = 0.0, time.monotonic()
    for _ in range(50):
        due += 0.02
        await asyncio.sleep(due - time.monotonic())
        worst = max(worst, time.monotonic() - due)
    return worst * 1_000


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        differences = migrations.drift(settings.database)
    except (SQLAlchemyError, ValueError) as error:
        told = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        yield Finding("database", "fail", told, "check CALLCENTER_DATABASE; is the server running?")
        return
    if differences:
        yield Finding("database", "fail", differences[0], "run: callcenter db upgrade")
    else:
        yield Finding("database", "ok", f"answers, at {migrations.current(settings.database)}")


def _voice(settings: Settings) -> Iterator[Finding]:
    sentence, told = "One moment, please.", f"{settings.speech}, {settings.voice}"
    try:
        voice = Voices(settings).plain()
        speech = voice.alone(sentence) if isinstance(voice, Remote) else voice.speak(sentence)
    except VoiceError as error:
        another = settings.speech not in LOCAL and last_resort() is not None
        remedy = (
            "a voice of this machine speaks instead"
            if another
            else "without it the provider's voice says what must be said"
        )
        yield Finding("voice", "note" if another or settings.speech in LOCAL else "fail", f"{told}: {error}", remedy)
    else:
        yield Finding("voice", "ok", f"{told}, {len(speech.audio) / 8_000:.1f} s rendered")


def _model(settings: Settings) -> Iterator[Finding]:
    if "interaction" not in (settings.duplex, settings.fallback):
        return
    from callcenter.model.checkpoint import CheckpointError, load, shipped

    try:
        model = load(Path(settings.model)) if settings.model else shipped()
    except CheckpointError as error:
        yield Finding("model", "fail", str(error), "set CALLCENTER_MODEL to weights that `callcenter train ship` wrote")
    else:
        count = sum(part.numel() for part in model.network.parameters())
        yield Finding("model", "ok", f"{model.network.size.name}, {count / 1e6:.1f} M parameters on {settings.device}")


def _words(settings: Settings) -> Iterator[Finding]:
    if not settings.words:
        return
    try:
        terms = glossary.read(Path(settings.words))
        own = glossary.learnt(terms, Lexicon.load())
    except (glossary.GlossaryError, VoiceError) as error:
        yield Finding("words", "fail", str(error), "mend the file CALLCENTER_WORDS; espeak-ng says how words sound")
        return
    yield Finding("words", "ok", f"{len(terms)} lines of the company's own, {len(own)} words learnt at the start")


def _transfers(settings: Settings) -> Iterator[Finding]:
    try:
        targets = read_targets(settings.transfers, settings.country)
        exchange = Exchange(targets, settings.dial_allowed)
    except TransferError as error:
        yield Finding("transfers", "fail", str(error), "mend CALLCENTER_TRANSFERS or CALLCENTER_DIAL_ALLOWED")
        return
    denied = [name for name, target in targets.items() if not exchange.permits(target.party)]
    if denied:
        remedy = "add their prefixes to CALLCENTER_DIAL_ALLOWED"
        yield Finding("transfers", "fail", f"nobody may dial {', '.join(denied)}", remedy)
    elif not targets:
        yield Finding("transfers", "note", "nobody to pass callers on to", "set CALLCENTER_TRANSFERS")
    else:
        yield Finding("transfers", "ok", ", ".join(sorted(targets)))


# ------------------------------------------------------------------------------------------------------ the provider


def _provider(settings: Settings) -> Iterator[Finding]:
    if not settings.twilio_account or not settings.twilio_token:
        remedy = "set CALLCENTER_TWILIO_ACCOUNT and CALLCENTER_TWILIO_TOKEN to serve a real number"
        yield Finding("provider", "note", "no account: only the fake phone can call", remedy)
        return
    account = Account(settings.twilio_account, settings.twilio_token.reveal(), api=settings.twilio_api)
    try:
        state = account.fetch()
        trial = " (trial: it calls verified numbers only)" if state.trial else ""
        told = f"account {state.name!r} is {state.status}{trial}"
        if state.status == "active":
            yield Finding("provider", "ok", told)
        else:
            yield Finding("provider", "fail", told, "see the provider's console")
        if settings.from_number:
            yield _number(settings, account)
    except RestError as error:
        yield Finding("provider", "fail", error.detail, error.remedy)
    finally:
        account.close()


def _number(settings: Settings, account: Account) -> Finding:
    incoming = account.fetch_number(settings.from_number)
    if incoming is None:
        return Finding("number", "fail", f"{settings.from_number} is not in the account", "mend CALLCENTER_FROM_NUMBER")
    wanted = f"{settings.public_url.rstrip('/')}/twilio/voice"
    if incoming.voice_url != wanted or incoming.voice_method != "POST":
        told = f"calls to {incoming.number} go to {incoming.voice_method} {incoming.voice_url or 'nowhere'}"
        return Finding("number", "fail", told, f"set the number's voice webhook to POST {wanted}")
    return Finding("number", "ok", f"{incoming.number} rings {wanted}")


def _public(settings: Settings) -> Iterator[Finding]:
    if not settings.public_url:
        remedy = "set CALLCENTER_PUBLIC_URL=https://... to what the provider can reach"
        yield Finding("public url", "note", "none: only phones on this machine can call", remedy)
        return
    try:
        origin = Origin.read(settings.public_url)
    except OriginError as error:
        yield Finding("public url", "fail", str(error), "mend CALLCENTER_PUBLIC_URL")
        return
    if origin.secure:
        yield Finding("public url", "ok", settings.public_url)
    else:
        yield Finding("public url", "fail", f"{settings.public_url} is not https", "providers open wss:// only")


# -------------------------------------------------------------------------------------------------------- the server


def _server(settings: Settings, address: str) -> Iterator[Finding]:
    try:
        answer = httpx.get(address + "/readyz", timeout=PATIENCE, trust_env=False)
    except httpx.HTTPError as error:
        remedy = "start it with: make serve (or pass --url)"
        yield Finding("server", "fail", f"{address} does not answer ({type(error).__name__})", remedy)
        return
    told = f"{address} says {answer.text.strip()}"
    yield Finding("server", "ok", told) if answer.status_code == 200 else Finding("server", "note", told)
    yield from _clock(answer)
    yield _tried("signatures", lambda: _signatures(settings, address))
    yield _tried("websocket", lambda: _websocket(settings, address))


def _clock(answer: httpx.Response) -> Iterator[Finding]:
    """Tokens are dated by wall time, so servers and doctor must agree on it."""
    if "date" not in answer.headers:
        return
    off = abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time())
    if off > CLOCK_TOLERANCE_S:
        yield Finding("clock", "fail", f"the server's clock is {off:.0f} s off", "synchronise both by NTP")
    else:
        yield Finding("clock", "ok", f"within {max(off, 1):.0f} s of the server's")


def _tried(what: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except (httpx.HTTPError, WebSocketException, OSError, TimeoutError) as error:
        return Finding(what, "fail", f"{type(error).__name__}: {error}", "is something between us and the server?")


def _signatures(settings: Settings, address: str) -> Finding:
    """A forged webhook is refused and a genuine one is not; the genuine one names a call that does not exist."""
    origin = Origin.read(settings.public_url or address)
    path = "/twilio/stream-status?call=doctor&leg=0"
    form = [("StreamEvent", "doctor")]
    answers = []
    for signature in ("forged", sign(token_secret(settings), origin.http(path), form)):
        headers = {"X-Twilio-Signature": signature}
        answers.append(
            httpx.post(address + path, data=dict(form), headers=headers, timeout=PATIENCE, trust_env=False).status_code
        )
    if answers[0] != 403:
        return Finding("signatures", "fail", f"a forged webhook got {answers[0]}", "never expose this server")
    if answers[1] == 403:
        remedy = "server and doctor must share CALLCENTER_PUBLIC_URL, CALLCENTER_TWILIO_TOKEN and CALLCENTER_VAR"
        return Finding("signatures", "fail", "a genuine webhook is refused", remedy)
    return Finding("signatures", "ok", "forged webhooks are refused, genuine ones are not")


def _websocket(settings: Settings, address: str) -> Finding:
    """A signed upgrade with a token that is none must reach our server and be refused there."""
    origin = Origin.read(settings.public_url or address)
    path = STREAM_PATH + "doctor"
    headers = {"X-Twilio-Signature": sign(token_secret(settings), origin.ws(path))}
    target = address.replace("http", "ws", 1) + path
    try:
        connect(target, additional_headers=headers, open_timeout=PATIENCE, compression=None, proxy=None).close()
    except InvalidStatus as refused:
        said = (refused.response.body or b"").decode(errors="replace").strip()
        if said.startswith("token_"):
            return Finding("websocket", "ok", "upgrades reach the server, and a token that is none opens nothing")
        told = f"HTTP {refused.response.status_code} {said[:80]}"
        return Finding("websocket", "fail", told, "a proxy before the server must pass websocket upgrades on")
    return Finding("websocket", "fail", "a token that is none opened a stream", "never expose this server")
