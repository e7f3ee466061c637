"""The run: what a step teaches whom, when what begins, and what ends it."""

import pytest
import torch
from little_model import network
from little_training import TURNS, Baked, examples, order, packs, run, stretches

from callcenter.model.frontend import levels
from callcenter.train.ear import phone_loss
from callcenter.train.files import EAR, TRUNK, Hours, RunError, opened
from callcenter.train.learn import Batch, losses
from callcenter.train.packs import stacked
from callcenter.train.together import eased, train

STEPS = 16


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        yield


def asked(made):
    """The losses of the few examples there are, as they sound."""
    drawn = {name: torch.from_numpy(part) for name, part in stacked(examples(), 8 * TURNS).items()}
    batch, ear = Batch.of(drawn), made.network.ear
    sounds, labels = (torch.stack([torch.from_numpy(one) for one in part]) for part in zip(*stretches(), strict=True))
    with torch.no_grad():
        states, _ = ear(batch.caller, ear.silence(4))
        dense, _ = ear(levels(sounds), ear.silence(4))
        told = losses(made.network, states, batch)
        return {"act": float(told["act"]), "dense": float(phone_loss(ear.phones(dense), labels.long()))}


def parts(made, of):
    state = made.network.state_dict()
    return {name: part.clone() for name, part in state.items() if name.startswith("ear.") is (of == "ear")}


def same(one, other):
    return all(torch.equal(part, other[name]) for name, part in one.items())


def test_steps_teach_ear_and_trunk(tmp_path):
    made = run(tmp_path)
    before = asked(made)
    for at in range(STEPS):
        made.step(at / (2 * STEPS))
    after = asked(made)
    assert after["act"] < 0.9 * before["act"]
    assert after["dense"] < 0.9 * before["dense"]
    assert made.steps == {"dense": STEPS, "calls": STEPS}


def test_an_ear_goes_on_by_whole_runs_of_phones(tmp_path):
    """Nothing but runs is asked; the phones of frames are told better all the same."""
    made = run(tmp_path, hearing=1.0, runs=1.0)
    before = asked(made)
    for at in range(3 * STEPS):
        made.step(at / (6 * STEPS))
    assert asked(made)["dense"] < 0.97 * before["dense"]
    assert float(made._grammar.triples.sum()) > 0


def test_a_frozen_ear_stays_bit_for_bit_and_the_trunk_learns(tmp_path):
    made = run(tmp_path, frozen=True, hearing=0.4)
    ear, trunk, before = parts(made, "ear"), parts(made, "trunk"), asked(made)
    for at in range(STEPS):
        made.step(at / (2 * STEPS))
    assert same(ear, parts(made, "ear"))
    assert not same(trunk, parts(made, "trunk"))
    assert asked(made)["act"] < before["act"]
    assert made.steps == {"dense": 0, "calls": STEPS}


def test_the_ear_hears_alone_until_its_share_of_the_time_is_over(tmp_path):
    made = run(tmp_path, hearing=0.5)
    ear, trunk = parts(made, "ear"), parts(made, "trunk")
    made.step(0.0)
    made.step(0.49)
    assert same(trunk, parts(made, "trunk"))
    assert not same(ear, parts(made, "ear"))
    made.step(0.5)
    assert not same(trunk, parts(made, "trunk"))
    assert made.steps == {"dense": 3, "calls": 1}


def test_where_calls_are_missing_the_ear_goes_on_alone(tmp_path):
    made = run(tmp_path, Baked())
    made.shelves["dense"].add(packs()[0][1])
    made.step(0.9)
    assert made.steps == {"dense": 1, "calls": 0}


def test_the_rate_warms_up_and_falls_to_its_last(tmp_path):
    made = run(tmp_path, warm=4, rate=1e-3, last=1e-5)
    rates = []
    for passed in (0.0, 0.0, 0.0, 0.0, 0.5, 1.0):
        made.step(passed)
        rates.append(made._trunk.param_groups[0]["lr"])
    assert rates == pytest.approx([0.25e-3, 0.5e-3, 0.75e-3, 1e-3, (1e-3 + 1e-5) / 2, 1e-5])
    assert eased(2.0, 1e-3, 1e-5) == pytest.approx(1e-5)


@pytest.mark.slow
def test_a_run_ends_with_its_time_and_leaves_what_it_taught(tmp_path):
    bakery, told = Baked(), []
    made = run(tmp_path, bakery, Hours(1.0, 2.0), minutes=0.03, told=told.append)
    before = asked(made)
    made.all()
    assert asked(made)["act"] < before["act"]
    assert min(made.steps.values()) > 0
    assert opened(tmp_path / EAR)["hours"] == pytest.approx(1 + 64 * 8 / 3600)
    assert opened(tmp_path / TRUNK)["hours"] == pytest.approx(2 + 64 * TURNS * 0.2 / 3600)
    assert "unseen voices" in told[-1]
    assert "act" in told[-2]
    assert bakery.leant[-1] == made.order.speech


@pytest.mark.slow
@pytest.mark.parametrize("made", [[], [("dense", {"sound": packs()[0][1]["sound"]}), ("cakes", {})]])
def test_a_run_does_not_wait_for_what_nobody_makes(made, tmp_path):
    """Nobody makes anything any more; or what was made cannot be taken in."""
    with pytest.raises((RuntimeError, KeyError), match=r"nobody makes|cakes|labels"):
        run(tmp_path, Baked(made, alive=len(made)), minutes=5.0).all()


def test_makers_turn_to_calls_before_the_trunk_begins_and_a_frozen_ear_needs_no_speech(tmp_path):
    made = run(tmp_path, Baked([]), hearing=0.4)
    for passed in (0.0, 0.29, 0.31, 0.9):
        made._look_around(passed)
    assert made.bakery.leant == [0.75, 0.75, 0.12, 0.12]
    frozen = run(tmp_path, Baked([]), hearing=0.4, frozen=True)
    frozen._look_around(0.0)
    assert frozen.bakery.leant == [0.0]


def test_makers_rest_while_enough_lies_ready(tmp_path):
    """As long as more than twice what was drawn, and some, was added, nothing is taken from them."""
    made = run(tmp_path, Baked(packs() * 12), room={"dense": 64, "calls": 64})
    for _ in range(3):
        for sort, arrays in packs() * 4:
            made.shelves[sort].add(arrays)
    assert min(shelf.added for shelf in made.shelves.values()) > 600
    made._over.set()
    made._take_in()
    assert made.bakery.made


def test_a_trunk_alone_needs_an_ear_that_was_taught(tmp_path):
    with pytest.raises(RunError, match="needs an ear"):
        train(order(tmp_path, frozen=True))
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_begins_is_not_the_one_that_was_taught():
    """The helper gives every run the same beginning, or nothing above could be compared."""
    assert same(network().state_dict(), network().state_dict())
