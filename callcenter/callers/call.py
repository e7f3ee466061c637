"""`callcenter call`: one fake phone calls the agent at real time and shows what happens, for people who look on.

Events are printed as they come, then both voices as a picture, the transcript and the line's figures. A call that did
not come about is one line with its remedy, and a status that is not zero.
"""

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from callcenter.audio import Activity
from callcenter.callers.exchange import Dialling
from callcenter.callers.mouth import Deed, Mouth, Player
from callcenter.callers.network import CALM, Weather
from callcenter.callers.phone import Phone
from callcenter.callers.report import TICK, Report, spread
from callcenter.callers.scripts import Reciter, Said, ScriptError, find
from callcenter.callers.sound import SoundError, read_wav, write_wav
from callcenter.callers.voice import Voice, speaking
from callcenter.units import FRAME, seconds
from callcenter.voices import Espeak, VoiceError

AFTERWARDS = 150
"""Frames for which a caller who plays a file stays on the line after it."""

BETWEEN = b"\xff" * 50 * FRAME
"""Silence between two files."""

HEIGHTS = "·▁▂▃▄▅▆▇█"

PATIENCE = 3.0
"""Seconds to wait for the server to have written the transcript."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """Lines of (side, start, end, text, unheard, kind), and where they are from."""

    source: str
    lines: tuple[tuple[str, float, float, str, str, str], ...]


class Overheard:
    """A mouth that tells when either side has spoken, while another mouth does the speaking."""

    def __init__(self, mouth: Mouth, tell: Any) -> None:
        self._mouth = mouth
        self._tell = tell
        self._activity = {"caller": Activity(), "agent": Activity()}
        self._frames = {"caller": 0, "agent": 0}

    def frame(self, heard: bytes) -> bytes:
        spoken = self._mouth.frame(heard)
        self._watch("agent", heard)
        self._watch("caller", spoken)
        return spoken

    def deeds(self) -> Sequence[Deed]:
        return self._mouth.deeds()

    def _watch(self, side: str, frame: bytes) -> None:
        if self._activity[side].push(frame) == "1":
            self._frames[side] += 1
        elif self._frames[side]:
            self._tell(side, f"spoke for {self._frames[side] * TICK:.2f} s")
            self._frames[side] = 0


def place(
    url: str,
    *,
    script: str = "hello",
    wavs: Sequence[Path] = (),
    out: Path | None = None,
    number: str = "+15550109999",
    caller: str = "+15550100001",
    limit: float = 600.0,
    token: str = "",
    public: str = "",
    key: str = "",
    voice: Voice | None = None,
    weather: Weather = CALM,
    speed: float = 1.0,
    console: Console | None = None,
    errors: Console | None = None,
) -> int:
    """Calls, prints, returns the exit status. `token` signs; `key` opens the server's API for the transcript."""
    console = console or Console(highlight=False)
    try:
        mouth = caller_of(script, wavs, voice)
        dialling = Dialling(
            url=url,
            public=public,
            token=token,
            caller=caller,
            called=number,
            seconds=limit,
            weather=weather,
            speed=speed,
        )
        report = asyncio.run(watched(dialling, mouth, console))
        trouble = why(report, url)
        if report.legs:
            show(report, transcript(url, key, report, mouth), console)
            if out:
                write_wav(out, report.spoken, report.heard)
                console.print(f"recording: {out} (left: caller, right: agent as heard)", soft_wrap=True)
    except (ScriptError, SoundError, VoiceError, OSError) as error:
        trouble = str(error)
    if trouble:
        errors = errors or Console(stderr=True, highlight=False)
        errors.print(f"[bold red]callcenter:[/] {escape(trouble)}", soft_wrap=True)
    return 1 if trouble else 0


def caller_of(script: str, wavs: Sequence[Path], voice: Voice | None) -> Mouth:
    if wavs:
        return Player(BETWEEN.join(read_wav(path) for path in wavs), AFTERWARDS)
    told = find(script)
    return Reciter(told, speaking(Espeak(), voice or told.voice))


async def watched(dialling: Dialling, mouth: Mouth, console: Console) -> Report:
    start = time.monotonic()

    def tell(what: str, detail: str) -> None:
        at = (time.monotonic() - start) * dialling.speed
        console.print(f"t={at:6.2f} s  {colour(what)} {escape(detail)}", soft_wrap=True)

    phone = Phone(dialling, Overheard(mouth, tell), tell)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, phone.hang_up)
    console.print(f"{dialling.caller} calls {dialling.called} at {dialling.url} (Ctrl-C hangs up)", soft_wrap=True)
    return await phone.place()


def colour(what: str) -> str:
    known = {"caller": "cyan", "agent": "green", "error": "red", "complaint": "yellow", "warning": "yellow"}
    return f"[{known.get(what, 'dim')}]{what:<9}[/]"


# ---------------------------------------------------------------------------------------------------- what went wrong


def why(report: Report, url: str) -> str:
    """Nothing, or what went wrong and what to do about it."""
    failure = report.failure
    if failure is None:
        return ending(report)
    match failure.kind, failure.status:
        case "unreachable", _:
            return f"nothing answers at {url}; start the server with: callcenter serve"
        case "refused", 403:
            return (
                f"the server refused the phone's signature ({failure.detail}); "
                "sign with the token it knows (CALLCENTER_TWILIO_TOKEN) and for the address it calls itself "
                "(CALLCENTER_PUBLIC_URL)"
            )
        case "refused", 404:
            return f"there is no agent at this address ({failure.detail}); check the URL"
        case "refused", status:
            return f"the server failed with HTTP {status} ({failure.detail}); its log says why"
        case "twiml", _:
            return f"the provider would refuse the server's instructions: {failure.detail}"
        case _:
            return f"the media stream did not open: {failure.detail}; CALLCENTER_PUBLIC_URL must lead to this server"


def ending(report: Report) -> str:
    if report.status == "busy":
        return "the line is busy; the server is full (CALLCENTER_MAX_CALLS) or about to stop"
    if not report.legs:
        said = "; ".join(event.detail for event in report.of("say"))
        return f"the call ended without a conversation ({report.status}; the agent said: {said or 'nothing'})"
    if report.legs[-1].ended_by == "broken":
        return f"the media stream broke ({report.legs[-1].close_code}); the server's log says why"
    return ""


# ------------------------------------------------------------------------------------------------- what there is to see


def show(report: Report, told: Transcript, console: Console) -> None:
    console.print()
    for side, track in (("caller", report.spoken), ("agent", report.heard)):
        console.print(f"{colour(side)} {picture(track, max(20, console.width - 12))}", soft_wrap=True)
    console.print(f"\ntranscript ({told.source})")
    for side, start, end, text, unheard, kind in told.lines:
        struck = f" [strike dim]{escape(unheard)}[/]" if unheard else ""
        mark = "" if kind == "speech" else f" [dim]({kind})[/]"
        console.print(f"{start:7.2f}-{end:.2f} s  {colour(side)} {escape(text)}{struck}{mark}", soft_wrap=True)
    console.print()
    console.print(statistics(report))


def picture(track: bytes, width: int) -> str:
    """A voice over time: each character is as high as the share of its time that is voice."""
    mask = Activity().push(track)
    step = max(5, -(-len(mask) // width))
    shares = (mask.count("1", at, at + step) / step for at in range(0, len(mask), step))
    return "".join(HEIGHTS[round(share * (len(HEIGHTS) - 1))] for share in shares)


def statistics(report: Report) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for number, leg in enumerate(report.legs):
        name = f"stream {number + 1}: " if len(report.legs) > 1 else ""
        jitter, lag = spread(leg.jitter_ms()), spread(leg.lag_ms())
        rows = (
            ("frames sent", f"{leg.sent}, of which the network lost {leg.lost}"),
            ("frames received", f"{round(leg.lengths.sum() / FRAME)} in {len(leg.arrivals)} messages"),
            ("jitter", "p50 {:.2f} ms, p99 {:.2f} ms, max {:.2f} ms".format(*jitter)),
            ("playout lag", "p50 {:.0f} ms, p99 {:.0f} ms, max {:.0f} ms".format(*lag)),
            ("marks", f"{len(leg.marks)}, of which {sum(mark.flushed for mark in leg.marks)} flushed"),
            ("clears", str(len(leg.clears))),
            ("closed", f"by the {leg.ended_by}, {leg.close_code}"),
        )
        for what, figure in rows:
            table.add_row(name + what, figure)
    table.add_row("call", f"{report.call}, {report.status}, {report.seconds:.1f} s")
    return table


# ------------------------------------------------------------------------------------------------------ the transcript


def transcript(url: str, key: str, report: Report, mouth: Mouth) -> Transcript:
    """The server's, once it has written the whole call; else what the script made the caller say."""
    reason = "no lines"
    try:
        told = ended_call(f"{url.rstrip('/')}/v1/calls/{report.call}", key)
        if told["transcript"]:
            return Transcript("the server's", tuple(utterance(line) for line in told["transcript"]))
    except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split("\n")[0].split())
    return Transcript(f"the script's; the server has none: {reason}", scripted(mouth))


def ended_call(address: str, key: str) -> dict[str, Any]:
    give_up = time.monotonic() + PATIENCE
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(headers=headers, trust_env=False) as client:
        while True:
            answer = client.get(address)
            answer.raise_for_status()
            told: dict[str, Any] = answer.json()
            if told.get("state", "ended") == "ended" or time.monotonic() > give_up:
                return told
            time.sleep(0.1)


def utterance(line: dict[str, Any]) -> tuple[str, float, float, str, str, str]:
    return (
        str(line["side"]),
        float(line["start"]),
        float(line["end"]),
        str(line["text"]),
        str(line.get("unheard", "")),
        str(line.get("kind", "speech")),
    )


def scripted(mouth: Mouth) -> tuple[tuple[str, float, float, str, str, str], ...]:
    said: list[Said] = mouth.said if isinstance(mouth, Reciter) else []
    return tuple(("caller", seconds(line.start), seconds(line.end), line.text, "", "speech") for line in said)
