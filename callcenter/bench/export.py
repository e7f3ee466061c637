"""Our calls in the formats of others, so that their own scripts can score them.

Full-Duplex-Bench (`export_full_duplex_bench`): a folder an item, cut out of a call; `input.wav` and `output.wav` share
their start and length (16 kHz, mono), `output.json` holds the agent's words. Folders are named by digits. tau-voice
(`export_tau_voice`): a results folder of full-duplex simulations in ticks of 200 ms.

What a reader of such scores must know is written beside them (`README.md`, `items.json`): the stimuli are ours, so the
scores are their measures and not rows of their tables; word times come from the transcript, spread over the agent's
sound by the length of the words, not from their recogniser; there is no second run without the overlap, hence no
`clean_*` files and no behaviour judge.
"""

import json
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from callcenter.audio import Pcm, Resampler, decode
from callcenter.bench.lanes import Audio
from callcenter.bench.words import Word, words_of
from callcenter.measures import (
    Backchannel,
    Background,
    Interruption,
    LongStory,
    Observed,
    Pause,
    Scene,
    SideTalk,
    Span,
    scene,
)
from callcenter.measures.floor import Due
from callcenter.measures.scene import SLACK
from callcenter.units import RATE, samples

WIDE = 16_000
"""Their sample rate."""

AFTER = samples(6.0)
"""How long an item goes on after its event, unless the caller speaks again."""

BIN = samples(0.2)
NEAR = samples(0.4)

Call = tuple[Observed, Audio]


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of a call and the files that describe it. `words_from`: earlier words of the agent are left out."""

    task: str
    view: Span
    files: Mapping[str, Any] = field(default_factory=dict)
    words_from: int = 0
    phrase_ends: tuple[int, ...] = ()


# ------------------------------------------------------------------------------------------------- Full-Duplex-Bench


def export_full_duplex_bench(calls: Iterable[Call], folder: Path) -> dict[str, int]:
    """Items of every task found in the calls; how many there are of each."""
    counts: dict[str, int] = {}
    listed: list[dict[str, Any]] = []
    ends: dict[str, list[float]] = {}
    for observed, audio in calls:
        seen = scene(observed)
        for item in (found for cut in CUTS for found in cut(seen)):
            number = counts.get(item.task, 0)
            counts[item.task] = number + 1
            name = str(number if item.task == BACKCHANNELS else number + 1)
            _write_item(folder / item.task / name, item, observed, audio)
            listed.append({"task": item.task, "item": name, "call": observed.name, **_named(item.view)})
            if item.task == BACKCHANNELS:
                ends[name] = _expected(item)
    folder.mkdir(parents=True, exist_ok=True)
    _dump(folder / "items.json", listed)
    _dump(folder / "v1.0" / "icc_gt_distribution.json", ends)
    (folder / "README.md").write_text(FULL_DUPLEX_BENCH_README)
    return counts


PAUSES = "v1.0/synthetic_pause_handling"
TURNS = "v1.0/candor_turn_taking"
INTERRUPTIONS = "v1.0/synthetic_user_interruption"
BACKCHANNELS = "v1.0/icc_backchannel"


def _pauses(seen: Scene) -> Iterator[Item]:
    """A turn with pauses, to just before its end: any floor the agent takes in it was taken too early."""
    for due in _quiet_starts(seen):
        inside = [p for p in seen.truth if isinstance(p, Pause) and due.span.holds(p.start)]
        view = Span(due.span.start, due.span.end - SLACK)
        if inside and view.end > view.start:
            marks = [{"text": "[PAUSE]", "timestamp": _times(p, view)} for p in inside]
            yield Item(PAUSES, view, {"pause.json": marks})


def _turns(seen: Scene) -> Iterator[Item]:
    for due in _quiet_starts(seen):
        view = Span(due.span.start, _until(seen, due.span.end))
        if due.answer and not due.cut_in and view.end > due.span.end:
            mark = {"text": "[TURN-TAKING]", "timestamp": _times(Span(due.span.end, view.end), view)}
            yield Item(TURNS, view, {"turn_taking.json": [mark]})


def _interruptions(seen: Scene) -> Iterator[Item]:
    """From the turn before, which gives the context. Words count from the end of the interruption on, as theirs do."""
    for event in seen.truth:
        if isinstance(event, Interruption) and seen.speaking(event.start):
            before = _before(seen, event.start)
            view = Span(before.span.start if before else 0, _until(seen, event.end))
            mark = {
                "context": before.text if before else "",
                "interrupt": event.text,
                "timestamp": _times(event, view),
            }
            yield Item(INTERRUPTIONS, view, {"interrupt.json": [mark]}, words_from=event.end)


def _stories(seen: Scene) -> Iterator[Item]:
    for story in seen.truth:
        if isinstance(story, LongStory) and seen.speaking(story.start) is None:
            yield Item(BACKCHANNELS, Span(story.start, min(story.end, seen.end)), phrase_ends=story.phrase_ends)


OVERLAPS: tuple[tuple[str, type[Any]], ...] = (
    ("v1.5/user_interruption", Interruption),
    ("v1.5/user_backchannel", Backchannel),
    ("v1.5/talking_to_other", SideTalk),
    ("v1.5/background_speech", Background),
)


def _overlaps(seen: Scene) -> Iterator[Item]:
    """Version 1.5: what happens when somebody makes a sound while the agent speaks."""
    for task, kind in OVERLAPS:
        for event in seen.truth:
            if isinstance(event, kind) and seen.speaking(event.start):
                before = _before(seen, event.start)
                view = Span(before.span.start if before else 0, _until(seen, event.end))
                about = {
                    "context_text": before.text if before else "",
                    "current_turn_text": event.text,
                    "timestamps": _times(event, view),
                }
                yield Item(task, view, {"metadata.json": about})


CUTS: tuple[Callable[[Scene], Iterator[Item]], ...] = (_pauses, _turns, _interruptions, _stories, _overlaps)


def _quiet_starts(seen: Scene) -> list[Due]:
    """Turns before which the agent had fallen silent: in their files every word of an item is the agent's reaction."""
    return [due for due in seen.turns if seen.speaking(due.span.start) is None]


def _before(seen: Scene, at: int) -> Due | None:
    return next((due for due in reversed(seen.turns) if due.span.end <= at), None)


def _until(seen: Scene, at: int) -> int:
    """The end of an item: the caller's next turn, or a while."""
    return min(seen.next_turn(at, at + AFTER), seen.end)


def _times(span: Span, view: Span) -> list[float]:
    return [round((at - view.start) / RATE, 3) for at in (span.start, min(span.end, view.end))]


def _named(view: Span) -> dict[str, float]:
    return {"start": round(view.start / RATE, 3), "end": round(view.end / RATE, 3)}


def _expected(item: Item) -> list[float]:
    """Where listeners would speak, as their script wants it: the share of each 200 ms, even around phrase ends."""
    bins = np.zeros((item.view.end - item.view.start) // BIN + 1)
    for end in item.phrase_ends:
        first, last = (max(0, at - item.view.start) // BIN for at in (end - NEAR, end + NEAR))
        bins[first : last + 1] += 1
    return [float(share) for share in (bins + 1e-10) / (bins + 1e-10).sum()]


def _write_item(folder: Path, item: Item, observed: Observed, audio: Audio) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, channel in (("input.wav", audio.caller), ("output.wav", audio.agent)):
        _save(folder / name, wide(channel, item.view))
    ours = words_of(observed.timeline, "agent")
    theirs = words_of(observed.timeline, "caller")
    _dump(folder / "output.json", _transcript([w for w in ours if w.start >= item.words_from], item.view))
    _dump(folder / "input.json", _transcript(theirs, item.view))
    for name, content in item.files.items():
        _dump(folder / name, content)


def _transcript(words: Sequence[Word], view: Span) -> dict[str, Any]:
    inside = [word for word in words if view.holds(word.start)]
    return {
        "text": " ".join(word.text for word in inside),
        "chunks": [{"text": word.text, "timestamp": _times(Span(word.start, word.end), view)} for word in inside],
    }


def wide(channel: bytes, view: Span) -> Pcm:
    """A stretch of a channel at 16 kHz, twice as many samples exactly, in time with the call."""
    resampler = Resampler(RATE, WIDE)
    tail = resampler.delay * RATE // WIDE
    pcm = np.zeros(view.end - view.start + tail, np.int16)
    heard = decode(channel[view.start : view.end + tail])
    pcm[: len(heard)] = heard
    return resampler.push(pcm)[resampler.delay :]


def _save(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(WIDE)
        file.writeframes(pcm.tobytes())


def _dump(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


FULL_DUPLEX_BENCH_README = """\
# Calls in the format of Full-Duplex-Bench

Items are cut out of simulated calls (`items.json` says which). The stimuli are not theirs: the scores are their
measures on our callers, not rows of their tables.

- Word times in `output.json` come from the call's transcript, spread over the agent's sound; no recogniser was used.
- `v1.0/synthetic_pause_handling` ends just before the caller does; every word in it came too early.
- `v1.0/synthetic_user_interruption/*/output.json` holds only words after the interruption, as their recogniser crops.
- `v1.0/icc_gt_distribution.json` is for `v1.0/icc_backchannel`: run `eval_backchannel.py` in that folder. It spreads
  listeners' sounds evenly over 0.4 s around phrase ends; it is our expectation, not their recordings.
- `v1.5` has no `clean_*` files (no second run without the overlap): `get_timing.py` works, the behaviour judge not.
"""
