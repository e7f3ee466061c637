"""Moshi and its kin (PersonaPlex): open weights that hear and speak at 24 kHz, 80 ms a step, by the package `moshi`.

A turn of ours is two and a half of its steps: what is left waits for the next turn, and one step of sound is held back
so that every turn has a whole one to play. The text stream is forced (see `forcing`): the model's voice says our notes
and no facts of its own. It yields when the caller speaks on over a note, for forced words do not notice by themselves.

The package keeps the state of a conversation in the model, so one set of weights serves one call at a time; a second
call is told so and falls back. Install: `pip install 'callcenter[moshi]' && pip install --no-deps moshi==0.2.13`.
"""

import asyncio
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import Activity, Presence, Resampler, decode, encode
from callcenter.duplex.forcing import Forcing
from callcenter.events import Act, Heard, Note, Policy, Spoken, TookFloor, Yielded
from callcenter.units import FRAME, RATE, SILENT_TURN, TURN, samples

WIDE: Final = 24_000
STEP: Final = 1_920
"""Samples of a step at 24 kHz."""

SPOKEN: Final = STEP * RATE // WIDE
QUIET: Final = samples(0.4)
"""A note begins when the caller has been silent for so long,"""
CUT: Final = samples(0.5)
"""and ends when the caller has spoken over it for so long."""


class MoshiError(Exception):
    """It cannot serve this call. `kind` is a bounded label."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


@dataclass
class Brain:
    """The weights, and at most one conversation with them. Steps run on other threads; a lock keeps them apart."""

    mimi: Any
    generator: Any
    tokenizer: Any
    device: str

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._streams = ExitStack()
        self._force: Callable[[], int] | None = None
        self.generator.on_text_hook = self._text

    @property
    def forcing(self) -> Forcing:
        lm = self.generator.lm_model
        return Forcing(self.tokenizer.encode, lm.text_padding_token_id, lm.end_of_text_padding_id)

    def begin(self, force: Callable[[], int]) -> None:
        if self._taken:
            raise MoshiError("busy", "these weights are in another call")
        self._taken, self._force = True, force
        with self._lock:
            self._streams.enter_context(self.mimi.streaming(1))
            self._streams.enter_context(self.generator.streaming(1))

    def end(self) -> None:
        with self._lock:
            self._streams.close()
            self._taken = False

    def steps(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """What it says to whole steps of the caller; nothing while its streams fill."""
        import torch

        with self._lock, torch.no_grad():
            out = []
            for at in range(0, len(pcm), STEP):
                heard = torch.from_numpy(pcm[at : at + STEP])[None, None].to(self.device)
                tokens = self.generator.step(self.mimi.encode(heard))
                spoken = None if tokens is None else self.mimi.decode(tokens[:, 1 : 1 + self._voices])
                out.append(np.zeros(STEP, np.float32) if spoken is None else spoken[0, 0].float().cpu().numpy())
            return np.concatenate(out) if out else np.zeros(0, np.float32)

    @property
    def _voices(self) -> int:
        dep_q: int = self.generator.lm_model.dep_q
        return dep_q

    def _text(self, token: Any) -> None:
        if self._force is not None:
            token.fill_(self._force())


@cache
def load(weights: str) -> Brain:
    """A folder with `config.json` and what it names, or the name of a repository on the Hugging Face hub."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        os.environ.setdefault("NO_TORCH_COMPILE", "1")
    try:
        from moshi.models import loaders
        from moshi.models.lm import LMGen
    except ImportError as error:
        raise MoshiError(
            "missing", f"{error}; pip install 'callcenter[moshi]' && pip install --no-deps moshi==0.2.13"
        ) from error
    info = loaders.CheckpointInfo.from_hf_repo(weights, **named(Path(weights)))
    lm = info.get_moshi(device=device, dtype=torch.bfloat16 if device == "cuda" else torch.float32)
    return Brain(
        info.get_mimi(device=device), LMGen(lm.eval(), **info.lm_gen_config), info.get_text_tokenizer(), device
    )


def named(folder: Path) -> dict[str, Any]:
    """The files of a folder, so that nothing is asked of the hub."""
    config = folder / "config.json"
    if not config.is_file():
        return {}
    told = json.loads(config.read_text(encoding="utf-8"))
    files = {"moshi_weights": "moshi_name", "mimi_weights": "mimi_name", "tokenizer": "tokenizer_name"}
    found = {name: folder / told[key] for name, key in files.items() if key in told}
    if "mimi_config_name" in told:
        found["mimi_config_path"] = folder / told["mimi_config_name"]
    return {"config_path": config, **found}


class Moshi:
    def __init__(self, brain: Brain) -> None:
        self._brain = brain
        self._took = False
        self._forcing = brain.forcing
        self._up, self._down = Resampler(RATE, WIDE), Resampler(WIDE, RATE)
        self._heard: NDArray[np.int16] = np.zeros(0, np.int16)
        self._spoken: NDArray[np.int16] = np.zeros(0, np.int16)
        self._caller, self._agent = Activity(), Presence()
        self._quiet = QUIET
        self._over = 0
        """Samples of voice of the caller over our note."""
        self._notes: dict[str, Note] = {}
        self._note = ""
        self._words: deque[str] = deque()
        self._voiced = False

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        self._brain.begin(self._force)
        self._took = True
        self._take(notes)

    async def turn(self, heard: Heard) -> Spoken:
        self._take(heard.notes)
        self._listen(heard.audio)
        acts = self._decide()
        audio = await self._sound(heard.audio)
        voiced = audio is not None and "1" in self._agent.push(audio)
        if voiced and not self._voiced:
            acts.append(TookFloor())
        self._voiced = voiced
        said = " ".join(self._words)
        self._words.clear()
        note = self._note if said else ""
        if not self._forcing.busy:
            self._note = ""
        return Spoken(heard.turn, audio, said_text=said, acts=tuple(acts), note=note)

    def close(self) -> None:
        """A step may be under way on another thread: the brain is given back after it."""
        if self._took:
            self._took = False
            threading.Thread(target=self._brain.end, name="moshi-end").start()

    # ------------------------------------------------------------------------------------------------------- deciding

    def _take(self, notes: Sequence[Note]) -> None:
        for note in notes:
            for old in note.supersedes:
                self._notes.pop(old, None)
                if old == self._note:
                    self._forcing.stop()
            if note.kind == "say":
                self._notes[note.id] = note

    def _listen(self, audio: bytes) -> None:
        mask = self._caller.push(audio)
        voiced = mask.count("1") * FRAME
        self._quiet = (len(mask) - 1 - mask.rfind("1")) * FRAME if "1" in mask else self._quiet + TURN
        self._over = self._over + voiced if voiced else 0

    def _decide(self) -> list[Act]:
        if self._forcing.busy:
            if self._over < CUT:
                return []
            self._forcing.stop()
            self._note = ""
            self._spoken = self._spoken[:0]
            return [Yielded()]
        if self._notes and self._quiet >= QUIET:
            name = next(iter(self._notes))
            self._note, self._over = name, 0
            self._forcing.begin(self._notes.pop(name).text)
        return []

    def _force(self) -> int:
        token, word = self._forcing.step()
        if word:
            self._words.append(word)
        return token

    # -------------------------------------------------------------------------------------------------------- the sound

    async def _sound(self, audio: bytes) -> bytes | None:
        """One turn of its voice; None until a whole one is there, so that turns of two and of three steps are even."""
        self._heard = np.concatenate((self._heard, self._up.push(decode(audio))))
        whole = len(self._heard) // STEP * STEP
        pcm, self._heard = self._heard[:whole], self._heard[whole:]
        said = await asyncio.to_thread(self._brain.steps, pcm.astype(np.float32) / np.float32(32_768))
        loud = np.clip(np.rint(said * 32_767), -32_768, 32_767).astype(np.int16)
        self._spoken = np.concatenate((self._spoken, self._down.push(loud)))
        if len(self._spoken) < TURN:
            return None
        turn, self._spoken = self._spoken[:TURN], self._spoken[TURN:]
        told = encode(turn)
        return None if told == SILENT_TURN else told
