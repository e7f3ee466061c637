"""The ear: the same wherever it is cut, nothing of the future, a bounded past."""

import torch
from laws import chunking_does_not_matter

from callcenter.model.ear import BEFORE, STEPS, STRIDE, Ear
from callcenter.model.frontend import CHANNELS, LEVELS
from callcenter.model.phones import PHONES

with torch.random.fork_rng():
    torch.manual_seed(1)
    EAR = Ear(24).eval()
    HEARD = torch.randint(0, LEVELS, (600, CHANNELS)).float().numpy()

BACK = STRIDE * 2 * sum(STEPS) + BEFORE
"""Frames that a state looks back."""


class Stream:
    def __init__(self):
        self.past = EAR.silence(1)

    def push(self, piece):
        with torch.no_grad():
            states, self.past = EAR(torch.from_numpy(piece)[None], self.past)
        return states[0].numpy()


def alike(left, right):
    return left.shape == right.shape and abs(left - right).max() < 1e-5


def test_any_chunking_gives_the_same_states():
    chunking_does_not_matter(Stream, Stream.push, HEARD, [20], [2], [2, 14, 4], [200, 2], equal=alike)


def test_what_is_remembered_never_grows():
    stream = Stream()
    sizes = []
    for at in range(0, 400, 20):
        stream.push(HEARD[at : at + 20])
        sizes.append([tuple(part.shape) for part in stream.past])
    assert sizes == sizes[:1] * 20
    assert sizes[0] == [tuple(part.shape) for part in EAR.silence(1)]


def test_a_state_hears_nothing_after_it_and_nothing_long_before_it():
    changed = HEARD.copy()
    changed[200:202] = LEVELS - 1 - changed[200:202]
    moved = abs(Stream().push(changed) - Stream().push(HEARD)).max(1)
    first, last = 200 // STRIDE, (201 + BACK) // STRIDE
    assert moved[:first].max() == 0
    assert moved[first] > 0
    assert moved[last + 1 :].max() == 0


def test_rows_do_not_hear_each_other():
    both = torch.stack([torch.from_numpy(HEARD[:300]), torch.from_numpy(HEARD[300:])])
    with torch.no_grad():
        together, _ = EAR(both, EAR.silence(2))
    for row, part in enumerate((HEARD[:300], HEARD[300:])):
        assert alike(together[row].numpy(), Stream().push(part))


def test_phones_are_answered_every_20_ms():
    assert EAR.phones(torch.from_numpy(Stream().push(HEARD[:20]))).shape == (10, len(PHONES))
