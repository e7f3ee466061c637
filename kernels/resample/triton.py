"""The kernel: a program makes a stretch of one channel, tap by tap; all phases of a window at once."""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit(do_not_specialize=["groups"])
def _resample(
    pcm, past, phases, made,
    pcm_row, past_row, groups, step,
    TAPS: tl.constexpr, PHASES: tl.constexpr, WIDE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    channel = tl.program_id(0).to(tl.int64)
    group = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    phase = tl.arange(0, WIDE)
    live = group < groups
    known = phase < PHASES
    before = TAPS - step
    total = tl.zeros((BLOCK, WIDE), tl.float64)
    for tap in range(TAPS):
        at = group * step + tap
        old = tl.load(past + channel * past_row + at, mask=live & (at < before), other=0)
        new = tl.load(pcm + channel * pcm_row + at - before, mask=live & (at >= before), other=0)
        heard = tl.where(at < before, old, new).to(tl.float64)
        weight = tl.load(phases + tap * PHASES + phase, mask=known, other=0.0)
        total += heard[:, None] * weight[None, :]
    loud = tl.floor(total + 0.5)
    odd = loud - 2.0 * tl.floor(loud * 0.5) == 1.0
    loud = tl.where((loud - total == 0.5) & odd, loud - 1.0, loud)  # halves go to the even neighbour
    loud = tl.minimum(tl.maximum(loud, -32768.0), 32767.0)
    out = made + (channel * groups + group)[:, None] * PHASES + phase[None, :]
    tl.store(out, loud.to(tl.int16), mask=live[:, None] & known[None, :])


def resample(pcm: Tensor, past: Tensor, phases: Tensor, step: int) -> Tensor:
    channels, count = pcm.shape
    taps, each = phases.shape
    groups = count // step
    made = torch.empty(channels, groups * each, dtype=torch.int16, device=pcm.device)
    _resample[(channels, triton.cdiv(groups, 256))](
        pcm, past, phases, made, pcm.stride(0), past.stride(0), groups, step,
        TAPS=taps, PHASES=each, WIDE=triton.next_power_of_2(each), BLOCK=256, num_warps=4,
    )  # fmt: skip
    return made
