"""Voice or not by Silero's network: a probability every 32 ms.

The package `silero-vad` brings the weights; they are run by onnxruntime, one thread, without importing the package and
its audio stack. The session is shared by all calls, what a call remembers is its own.
"""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import decode
from callcenter.units import RATE

Floats = NDArray[np.float32]

STEP: Final = 256
"""Samples the network takes at a time: 32 ms."""

CONTEXT: Final = 32
"""Samples of the step before that it wants to see again."""

WIDTH: Final = 128


class VadMissing(ValueError):
    """The network cannot be run; the message says what to install."""


def weights() -> Path:
    """Where the package keeps its network; looked up without importing it."""
    found = importlib.util.find_spec("silero_vad")
    if found is None or not found.submodule_search_locations:
        raise VadMissing("silero-vad is missing; pip install 'callcenter[turnbased]'")
    return Path(found.submodule_search_locations[0]) / "data" / "silero_vad.onnx"


@cache
def network() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise VadMissing("onnxruntime is missing; pip install 'callcenter[turnbased]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(weights()), options, providers=["CPUExecutionProvider"])


class Silero:
    def __init__(self) -> None:
        self._network = network()
        self._rate = np.array(RATE, np.int64)
        self._state = np.zeros((2, 1, WIDTH), np.float32)
        self._rest: Floats = np.zeros(CONTEXT, np.float32)
        """The context of the next step and what lies before it is whole."""

    def push(self, audio: bytes) -> tuple[float, ...]:
        """The probabilities of the steps that this audio completes; the rest waits for more."""
        pcm: Floats = np.concatenate((self._rest, decode(audio).astype(np.float32) / np.float32(32_768)))
        found = []
        while len(pcm) >= CONTEXT + STEP:
            step = {"input": pcm[None, : CONTEXT + STEP], "state": self._state, "sr": self._rate}
            out, self._state = self._network.run(None, step)
            found.append(float(out[0, 0]))
            pcm = pcm[STEP:]
        self._rest = pcm
        return tuple(found)


class Loudness:
    """How loud each of the same steps is, in dB of full scale."""

    def __init__(self) -> None:
        self._rest: Floats = np.zeros(0, np.float32)

    def push(self, audio: bytes) -> tuple[float, ...]:
        pcm: Floats = np.concatenate((self._rest, decode(audio).astype(np.float32) / np.float32(32_768)))
        whole = len(pcm) // STEP * STEP
        steps, self._rest = pcm[:whole].reshape(-1, STEP), pcm[whole:]
        return tuple((10 * np.log10(np.mean(np.square(steps), axis=1) + 1e-10)).tolist())
