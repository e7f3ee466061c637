"""Between 8, 16 and 24 kHz for many channels at once, to the last bit what `audio.Resampler` gives for each.

Taps are whole multiples of 2**-20, so every sum is exact in float64 and the order of adding is of no consequence.
"""

from torch import Tensor

from kernels.resample.reference import resample as reference


def resample(pcm: Tensor, past: Tensor, phases: Tensor, step: int) -> Tensor:
    """Samples int16 [C, N], N a multiple of `step`, to [C, N / step x L].

    `phases` [W, L] in float64 weigh a window of `step` new samples and their past; `past` [C, W - step] are the samples
    before these.
    """
    if pcm.is_cuda:
        from kernels.resample.triton import resample as compiled

        return compiled(pcm, past, phases, step)
    return reference(pcm, past, phases, step)
