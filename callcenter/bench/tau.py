"""Our calls as full-duplex simulations of tau-voice: ticks of 200 ms that their interaction metrics read.

A turn of the caller is one utterance, pauses included, as their simulator speaks it. A cough or side talk between
utterances is an effect of a tick without speech, which is where theirs are; background voices are acoustic bursts,
which they do not score. Their metrics see such an effect over the agent's speech only when the agent stops, so their
S_VT and S_ND come out lower than ours on the same calls.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from callcenter.bench.words import Word, words_of
from callcenter.measures import (
    Backchannel,
    Background,
    Happening,
    Interruption,
    LongStory,
    Observed,
    SideTalk,
    Span,
    Tic,
    Turn,
    scene,
)
from callcenter.measures.timeline import samples_in
from callcenter.units import RATE, TURN, samples

LEAST = samples(0.04)
"""Sound in a tick that makes it one with speech."""


def export_tau_voice(calls: Iterable[Observed], folder: Path, duplex: str, seed: int = 0) -> int:
    """A results folder: `results.json` and a file a call under `simulations/`; how many calls it holds."""
    simulations = folder / "simulations"
    simulations.mkdir(parents=True, exist_ok=True)
    index = []
    for number, observed in enumerate(calls):
        run = simulation(observed, f"call-{number:05d}", seed)
        (simulations / f"{run['id']}.json").write_text(json.dumps(run, ensure_ascii=False) + "\n")
        index.append({key: run[key] for key in ("id", "task_id", "trial", "termination_reason", "duration")})
    (folder / "results.json").write_text(json.dumps(_results(duplex, seed, index), ensure_ascii=False, indent=1) + "\n")
    return len(index)


def simulation(observed: Observed, name: str, seed: int) -> dict[str, Any]:
    """One call as they store it."""
    ticks = ticks_of(observed)
    seconds = len(ticks) * TURN / RATE
    return {
        "id": name,
        "task_id": observed.name,
        "timestamp": _clock(0),
        "start_time": _clock(0),
        "end_time": _clock(len(ticks)),
        "duration": seconds,
        "termination_reason": "user_stop",
        "ticks": ticks,
        "trial": 0,
        "seed": seed,
        "mode": "full_duplex",
    }


def ticks_of(observed: Observed) -> list[dict[str, Any]]:
    """Who speaks in each tick, and what else is heard of the caller's side."""
    seen = scene(observed)
    said = [h for h in seen.truth if isinstance(h, (Turn, Interruption, Backchannel, LongStory))]
    ours, theirs = words_of(observed.timeline, "agent"), words_of(observed.timeline, "caller")
    ticks = []
    for number in range(seen.end // TURN):
        here = Span(number * TURN, (number + 1) * TURN)
        speech = next((h for h in said if samples_in([h], here) >= LEAST), None)
        ticks.append(
            {
                "tick_id": number,
                "timestamp": _clock(number),
                "tick_duration_seconds": TURN / RATE,
                "agent_chunk": _agent(observed, here, ours, number),
                "user_chunk": _user(seen.truth, here, speech, theirs, number),
            }
        )
    return ticks


def _agent(observed: Observed, here: Span, words: list[Word], number: int) -> dict[str, Any]:
    speaks = samples_in(observed.timeline.agent, here) >= LEAST
    return _chunk("assistant", number, speaks, words, here)


def _user(
    truth: tuple[Happening, ...], here: Span, speech: Happening | None, words: list[Word], number: int
) -> dict[str, Any]:
    chunk = _chunk("user", number, speech is not None, words, here)
    if speech is not None:
        chunk["turn_taking_action"] = {"action": _action(speech)}
        chunk["utterance_ids"] = [f"{speech.start}"]
    for happening in truth:
        if happening.meets(here):
            chunk |= _effect(happening)
    return chunk


def _chunk(role: str, number: int, speaks: bool, words: list[Word], here: Span) -> dict[str, Any]:
    text = " ".join(word.text for word in words if here.holds(word.start))
    return {
        "role": role,
        "content": f"{text} " if text else None,
        "is_audio": False,
        "chunk_id": number,
        "timestamp": _clock(number),
        "contains_speech": speaks,
    }


def _action(speech: Happening) -> str:
    return "backchannel" if isinstance(speech, Backchannel) else "generate_message"


def _effect(happening: Happening) -> dict[str, Any]:
    match happening:
        case Tic():
            return {"speech_effects": {"speech_insert": {"text": happening.text or "[cough]", "type": "vocal_tic"}}}
        case SideTalk():
            words = happening.text or "[side talk]"
            return {"speech_effects": {"speech_insert": {"text": words, "type": "non_directed_phrase"}}}
        case Background():
            return {"source_effects": {"burst_noise_file": happening.text or "voices"}}
        case _:
            return {}


def _results(duplex: str, seed: int, index: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "timestamp": _clock(0),
        "info": {
            "git_commit": "",
            "num_trials": 1,
            "max_steps": 0,
            "max_errors": 0,
            "user_info": {"implementation": "scripted_caller"},
            "agent_info": {"implementation": duplex},
            "environment_info": {"domain_name": "callcenter", "policy": ""},
            "seed": seed,
        },
        "tasks": [],
        "simulation_index": index,
    }


def _clock(tick: int) -> str:
    """A time of day in a call that starts at midnight of no particular day."""
    milliseconds = tick * TURN * 1000 // RATE
    seconds, rest = divmod(milliseconds, 1000)
    return f"2000-01-01T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}000"
