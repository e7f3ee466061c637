"""One sequence of sound and text, answers at every turn."""

from dataclasses import replace

import torch
from little_model import LITTLE, called, network

from callcenter.model.config import ACTS, AHEAD, DOINGS, TURN_POSITIONS
from callcenter.model.frontend import levels


def sequence(call):
    return [token for turn in call.tokens for token in (*turn, *[-1] * TURN_POSITIONS)]


def hidden(net, calls):
    longest = max(len(sequence(call)) for call in calls)
    tokens = torch.tensor([sequence(call) + [0] * (longest - len(sequence(call))) for call in calls])
    caller, played = (torch.stack([torch.from_numpy(getattr(c, n)) for c in calls]) for n in ("caller", "played"))
    line = torch.tensor([call.line for call in calls])
    with torch.no_grad():
        return net(tokens, levels(caller), levels(played), line=line)


def test_text_and_sound_stand_where_the_sequence_says():
    net = network()
    audio = torch.arange(4.0)[None, :, None].expand(1, 4, LITTLE.width) + 100
    mixed = net.embed(torch.tensor([[5, -1, -1, 9, -1, -1]]), audio)[0]
    assert mixed[[1, 2, 4, 5], 0].tolist() == [100, 101, 102, 103]
    assert torch.equal(mixed[[0, 3]], net.token.weight[[5, 9]])


def test_there_is_an_answer_of_every_kind():
    net = network()
    said = net.answers(hidden(net, [called(1, 3)]))
    assert said.act.shape[-1] == len(ACTS)
    assert said.opening.shape[-1] == LITTLE.vocabulary
    assert said.doing.shape[-1] == len(DOINGS)
    assert said.ahead.shape[-1] == len(AHEAD)


def test_both_sounds_and_the_text_are_heard_and_nothing_later():
    net = network()
    call = called(2, 6)
    plain = hidden(net, [call])[0]
    for name in ("caller", "played"):
        other = called(2, 6)
        getattr(other, name)[4 * 1_600 :] = 0x80
        changed = hidden(net, [other])[0]
        before = len([token for turn in call.tokens[:4] for token in turn]) + 4 * TURN_POSITIONS
        assert torch.allclose(plain[:before], changed[:before], atol=1e-5)
        assert not torch.allclose(plain[before:], changed[before:], atol=1e-3)


def test_what_we_know_of_ourselves_is_heard_in_its_turn():
    net = network()
    call = called(7, 4)
    plain = hidden(net, [replace(call, line=(0, 0, 0, 0))])[0]
    waiting = hidden(net, [replace(call, line=(0, 0, 1, 1))])[0]
    before = len([token for turn in call.tokens[:3] for token in turn]) + 2 * TURN_POSITIONS
    assert torch.allclose(plain[:before], waiting[:before], atol=1e-5)
    assert not torch.allclose(plain[before], waiting[before], atol=1e-3)


def test_calls_of_a_batch_do_not_hear_each_other():
    net = network()
    calls = [called(seed, 5) for seed in (3, 4, 5)]
    together = hidden(net, calls)
    for row, call in enumerate(calls):
        alone = hidden(net, [call])[0]
        assert torch.allclose(together[row, : len(alone)], alone, atol=1e-5)


def test_it_begins_with_small_weights():
    """So that the sum over all layers stays near what went in."""
    net = network()
    assert net.layers[0].attention.write.weight.detach().std() < net.layers[0].attention.read.weight.detach().std()
    assert float(hidden(net, [called(6, 4)]).std()) < 2
    mixed = network(replace(LITTLE, experts=4, active=2, shared=1)).layers[0].feed
    assert mixed.down.detach().std() < 0.7 * 0.8 * LITTLE.hidden**-0.5
