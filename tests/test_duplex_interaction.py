"""The interaction model on a call: what it decides is what is said, and no word that it was not given."""

import asyncio
from functools import partial
from random import Random

import pytest
from little_model import LITTLE, Beeps, Whim, called, network

from callcenter.duplex.interaction import Interaction
from callcenter.engine import Engine, EngineError
from callcenter.engine.runner import Answer, Runner
from callcenter.events import Asked, Backchannelled, Heard, Ignored, Note, Policy, TookFloor, Yielded
from callcenter.model.checkpoint import even
from callcenter.model.own import HUMS, PHRASES
from callcenter.model.search import Word
from callcenter.units import SILENT_TURN, TURN
from callcenter.voices.choice import EspeakVoice

OWN = {text for texts in PHRASES.values() for text in texts} | set(HUMS)
MONTHS = ("January", "March", "May", "August", "October")


def note(chance: Random, number: int, **more) -> Note:
    day, year = chance.randint(1, 31), chance.randint(1990, 2030)
    text = chance.choice(
        (
            f"You owe ${chance.randint(0, 9_999)}.{chance.randint(0, 99):02} by {chance.choice(MONTHS)} {day}, {year}.",
            f"The number is {chance.randint(1_000, 9_999)} {chance.randint(100, 999)}. Shall I repeat it?",
            f"Your flight leaves at {chance.randint(0, 23)}:{chance.randint(0, 59):02} on the {day}th.",
            f"{chance.randint(2, 90)} items, {chance.randint(1, 99)}% off! That makes {chance.randint(1, 900)} euros.",
        )
    )
    return Note(f"n{number}", "say", text, **more)


def conversation(duplex, turns, notes, policy=None, opening=(), played=None):
    """What is spoken in so many turns; `notes` by turn. `played`: what the caller hears of us in each."""

    async def run():
        duplex.open(policy or Policy(), opening)
        call = called(1, 20)
        spoken = []
        for turn in range(turns):
            heard = call.heard(turn % 20)
            spoken.append(
                await duplex.turn(Heard(turn, heard.caller, played or heard.played, tuple(notes.get(turn, ()))))
            )
        duplex.close()
        return spoken

    return asyncio.run(run())


def the(engine):
    return engine


def words_of(spoken):
    """Words by note; each time free words begin anew is a text of its own."""
    found = {}
    for one in spoken:
        if one.said_text and one.note:
            found.setdefault(one.note, []).extend(one.said_text.split())
    return found


def schedule(chance, count, turns):
    """Notes over a call, of which many are taken back, corrected, or good for a while only."""
    notes, ends = {}, {}
    for number in range(count):
        turn = chance.randrange(turns)
        expires = (turn + chance.randint(1, 12)) * TURN if chance.random() < 0.3 else None
        notes.setdefault(turn, []).append(note(chance, number, expires=expires))
        if chance.random() < 0.4 and turn + 1 < turns:
            later = chance.randrange(turn, min(turns, turn + 8))
            kind, text = chance.choice((("know", ""), ("say", f"I must correct that: it is {chance.randint(2, 99)}.")))
            notes.setdefault(later, []).append(Note(f"c{number}", kind, text, supersedes=(f"n{number}",)))
            ends[f"n{number}"] = later
    return notes, ends


def test_a_thousand_notes_are_said_word_for_word_or_not_at_all():
    """Whatever the network answers: what is said of a note is its first words, and none once it was taken back."""
    begun = whole = stopped = 0
    for seed in range(50):
        chance = Random(seed)
        notes, ends = schedule(chance, 20, 150)
        texts = {one.id: one for told in notes.values() for one in told}
        whim = Whim(seed, lambda _: {"speak": 1.5, "yield": -2.0})
        spoken = conversation(Interaction(partial(the, whim), Beeps(), inline=True), 150, notes)
        for name, words in words_of(spoken).items():
            text = texts[name].text.split()
            assert words == text[: len(words)], name
            begun += 1
            whole += words == text
        for turn, one in enumerate(spoken):
            assert turn < ends.get(one.note, 10**9), f"{one.note} is said after it was taken back"
            stopped += one.acts == (Yielded(),) and one.audio is None
        for name, first in {one.note: turn for turn, one in reversed(list(enumerate(spoken))) if one.note}.items():
            assert texts[name].expires is None or first * TURN < texts[name].expires, f"{name} had expired"
    assert begun > 300
    assert whole > 100
    assert stopped > 30


def test_of_two_notes_the_second_is_left_out_when_it_is_taken_back_while_the_first_is_said():
    first, second = Note("n1", "say", "One two three four five six."), Note("n2", "say", "Seven eight.")
    notes = {0: [first, second], 2: [Note("no-n2", "know", "", supersedes=("n2",))]}
    whim = Whim(1, lambda turn: {"speak": 40.0 if turn < 5 else 0.0, "listen": 20.0, "yield": -40.0, "<note>": 40.0})
    spoken = conversation(Interaction(lambda: whim, Beeps(), inline=True), 12, notes)
    assert words_of(spoken) == {"n1": first.text.split()}
    assert not any(Yielded() in one.acts for one in spoken)


def test_what_is_being_said_stops_in_the_turn_in_which_it_is_taken_back():
    notes = {0: [Note("n1", "say", "One two three four five six.")], 3: [Note("no", "know", "", supersedes=("n1",))]}
    whim = Whim(1, lambda turn: {"speak": 40.0 if turn < 3 else 0.0, "listen": 20.0, "yield": -40.0, "<note>": 40.0})
    spoken = conversation(Interaction(lambda: whim, Beeps(), inline=True), 12, notes)
    assert spoken[3].acts == (Yielded(),)
    assert [one.audio is None for one in spoken] == [turn >= 3 for turn in range(12)]


@pytest.mark.parametrize("holds", [True, False])
def test_what_replaces_the_words_that_are_being_said_begins_in_the_same_turn_if_the_network_holds_the_floor(holds):
    """An answer that the caller's last words changed: begun a turn ago, and no silence until the right one."""
    right = Note("n2", "say", "Seven eight nine.", supersedes=("n1",))
    notes = {0: [Note("n1", "say", "One two three four five six.")], 1: [right]}
    whim = Whim(
        1, lambda turn: {"speak": 40.0 if holds or turn < 1 else 0.0, "yield": 20.0, "listen": 20.0, "<note>": 40.0}
    )
    spoken = conversation(Interaction(lambda: whim, Beeps(), inline=True), 6, notes)
    assert spoken[0].note == "n1"
    if holds:
        assert spoken[1].note == "n2"
        assert TookFloor() in spoken[1].acts
        assert words_of(spoken)["n2"] == right.text.split()
    else:
        assert Yielded() in spoken[1].acts
        assert all(one.audio is None for one in spoken[1:])


@pytest.mark.parametrize("silent", [True, False])
def test_an_answer_that_comes_before_words_of_our_own_are_heard_is_said_instead_of_them(silent):
    notes = {2: [Note("n1", "say", "One two three.")]}
    bias = {"speak": 40.0, "yield": -40.0, "<check>": 40.0, "<note>": 50.0}
    whim = Whim(1, lambda turn: bias if 0 < turn < 4 else {"listen": 40.0, "yield": -40.0})
    spoken = conversation(
        Interaction(lambda: whim, Beeps(), inline=True), 12, notes, played=SILENT_TURN if silent else None
    )
    assert TookFloor() in spoken[1].acts
    assert spoken[1].said_text
    if silent:
        assert [one.note for one in spoken[2:5]] == ["n1"] * 3
        assert TookFloor() in spoken[2].acts
    else:
        assert not spoken[2].note
        assert TookFloor() not in spoken[2].acts


def test_free_words_are_our_own_and_only_those():
    spoken = conversation(Interaction(lambda: Whim(3), Beeps(), inline=True), 400, {})
    texts, current = [], []
    for one in spoken:
        if TookFloor() in one.acts or any(isinstance(act, Backchannelled) for act in one.acts):
            texts.append(current := [])
        if one.said_text:
            current.append(one.said_text)
    assert len(texts) > 10
    for text in texts:
        assert any(own.startswith(" ".join(text)) for own in OWN), text


@pytest.mark.parametrize(("hums", "some"), [("never", False), ("often", True)])
def test_hums_follow_the_policy(hums, some):
    wants = {"backchannel": 4.0}
    spoken = conversation(Interaction(lambda: Whim(4, lambda _: wants), Beeps(), inline=True), 100, {}, Policy(hums))
    kinds = [act.kind for one in spoken for act in one.acts if isinstance(act, Backchannelled)]
    assert bool(kinds) is some
    assert set(kinds) <= {hum.strip(".") for hum in HUMS}


def test_be_notes_reach_the_network_and_stop_the_hums():
    engine = Whim(5, lambda _: {"backchannel": 6.0})
    be = {10: [Note("b1", "be", "backchannels: never")]}
    spoken = conversation(Interaction(lambda: engine, Beeps(), inline=True), 60, be, Policy("often"))
    at = [turn for turn, one in enumerate(spoken) if any(isinstance(act, Backchannelled) for act in one.acts)]
    assert at
    assert max(at) < 10
    assert engine.closed


def test_the_floor_and_the_acts_are_told_in_every_turn():
    notes = {0: [Note("n1", "say", "One two three four five six seven eight nine ten.")]}

    def wants(turn):
        return {"<note>": 40.0, **({"speak": 40.0} if turn < 5 else {"yield": 40.0})}

    spoken = conversation(Interaction(lambda: Whim(6, wants), Beeps(), inline=True), 6, notes)
    acts = [[act for act in one.acts if not isinstance(act, Ignored)] for one in spoken]
    assert acts[0] == [TookFloor()]
    assert acts[5] == [Yielded()]
    assert spoken[0].floor.p_speak > 0.9
    assert spoken[5].floor.p_yield > 0.9
    assert [one.audio is None for one in spoken] == [turn >= 5 for turn in range(6)]
    assert [one.turn for one in spoken] == list(range(6))


def test_asking_is_an_act_of_its_own():
    spoken = conversation(Interaction(lambda: Whim(7, lambda _: {"ask": 40.0}), Beeps(), inline=True), 3, {})
    assert [isinstance(act, Asked) for act in spoken[0].acts] == [True]


def hearing(acts, words=(), ending=(), partial=()):
    """A whim that hears the same in every turn and does what it is told in each."""

    class Hearing(Whim):
        async def turn(self, caller, played, tokens, line=0):
            said = (await super().turn(caller, played, tokens, line)).said
            return Answer(said, words, partial, ending)

    return Hearing(11, lambda turn: {acts[min(turn, len(acts) - 1)]: 60.0})


FOUR, SEVEN = Word("four", 2, 20, 0.9), Word("seven", 22, 40, 0.8)


@pytest.mark.parametrize("act", ["speak", "ask"])
def test_what_it_answers_is_told_with_the_act_and_settled(act):
    engine = hearing(["listen", act], (FOUR,), (SEVEN,), (SEVEN,))
    spoken = conversation(Interaction(lambda: engine, Beeps(), inline=True), 2, {0: [Note("n", "say", "One two.")]})
    assert [one.heard_text for one in spoken] == ["four", "four seven"]
    assert [one.hearing for one in spoken] == ["seven", ""]
    assert [type(one) for one in spoken[1].acts if not isinstance(one, Ignored)] == [TookFloor]
    assert engine.settled == [2]


@pytest.mark.parametrize("act", ["listen", "backchannel"])
def test_what_may_yet_change_is_not_told_while_it_listens(act):
    engine = hearing([act], (FOUR,), (SEVEN,), (SEVEN,))
    spoken = conversation(Interaction(lambda: engine, Beeps(), inline=True), 3, {})
    assert [one.heard_text for one in spoken] == ["four"] * 3
    assert [one.hearing for one in spoken] == ["seven"] * 3
    assert not engine.settled


def test_what_the_background_expects_reaches_the_session_and_not_the_network():
    engine = hearing(["listen"])
    notes = {1: [Note("e", "expect", "<letters> order")]}
    conversation(Interaction(lambda: engine, Beeps(), inline=True), 4, notes, opening=[Note("f", "expect", "parcel")])
    assert engine.expected == [{"parcel"}, {"letter", "order"}]
    assert not engine.tokens[1:] or not any(engine.tokens[1:])


def test_a_little_network_keeps_up_a_call_in_its_own_engine():
    """Fifty turns of a network that knows nothing, with a real voice: it may do anything but break."""
    engine = Engine(Runner(network(LITTLE), 2, None, even()), 2)
    try:
        chance = Random(8)
        notes = {turn: [note(chance, turn)] for turn in range(0, 50, 10)}
        greeting = (Note("g", "say", "Thank you for calling."),)
        spoken = conversation(Interaction(lambda: engine, EspeakVoice("en-us")), 50, notes, opening=greeting)
        texts = {one.id: one.text for told in notes.values() for one in told} | {"g": greeting[0].text}
        for name, words in words_of(spoken).items():
            assert words == texts[name].split()[: len(words)]
        assert len(spoken) == 50
        assert engine.taken == 0
    finally:
        engine.close()


def test_a_call_that_finds_no_place_is_told_so():
    engine = Engine(Runner(network(LITTLE), 1, None, even()), 1)
    try:
        engine.join()
        with pytest.raises(EngineError, match="all 1 places"):
            Interaction(lambda: engine, Beeps()).open(Policy(), ())
    finally:
        engine.close()


def test_a_turn_before_the_call_was_opened_is_our_fault():
    with pytest.raises(RuntimeError):
        asyncio.run(Interaction(lambda: Whim(1), Beeps()).turn(Heard(0, bytes(TURN))))


def test_the_same_call_is_the_same_words():
    def words():
        notes, _ = schedule(Random(9), 6, 60)
        return conversation(Interaction(lambda: Whim(9), Beeps(), seed=4, inline=True), 60, notes)

    assert words() == words()
