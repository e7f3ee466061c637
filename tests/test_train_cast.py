"""Who speaks in what is learnt from: nobody who is held out, everybody with what they can say."""

import pickle
from random import Random

import pytest
from little_model import Everybody, said

import flows
from callcenter.callers.heldout import held_out
from callcenter.callers.voice import ACCENTS, PEOPLE, Voice
from callcenter.train.cast import (
    OPENERS,
    PROTESTS,
    REMEMBERED,
    SETS,
    SMALL,
    TEXTLESS,
    THANKS,
    Cast,
    Pooled,
    Speaking,
    Synthetic,
    figure,
    phrases,
    voice,
)
from callcenter.train.streams import KINDS

CUSTOMERS = (
    "i want to know where my parcel is",
    "it was due on monday and i am still waiting for it",
    "can you help me",
)
SPEAKING = Speaking(CUSTOMERS, ("yes please do that",))
ALL = (*KINDS, *SMALL, "farewell", "hello", "person")


@pytest.mark.parametrize("kind", sorted(set(ALL)))
def test_there_are_words_of_every_kind(kind):
    texts = {SPEAKING.wording(Random(seed), kind).text for seed in range(20)}
    assert all(any(letter.isalpha() for letter in text) for text in texts)
    assert len(texts) > 1
    assert SPEAKING.wording(Random(7), kind) == SPEAKING.wording(Random(7), kind)


def test_stories_have_phrases_at_which_a_listener_hums():
    for seed in range(20):
        chunks = SPEAKING.wording(Random(seed), "story").chunks
        assert len(chunks) >= 3
        assert all(chunk.phrase and chunk.pause > 0.2 for chunk in chunks[:-1])
        assert not chunks[-1].phrase


def test_figures_are_of_every_kind():
    said_ = " ".join(figure(Random(seed)) for seed in range(60))
    assert all(part in said_ for part in ("dollar", "o'clock", "street"))


def test_no_voice_is_held_out():
    drawn = {voice(Random(seed)).name for seed in range(400)}
    people = {name.partition("+")[2] for name in drawn}
    assert people
    assert not any(held_out("voice", name) for name in people)
    assert any(held_out("voice", name) for name in PEOPLE)
    assert {name.partition("+")[0] for name in drawn} == set(ACCENTS)


def test_no_sentence_of_a_flow_that_is_held_out_is_taught():
    every = {
        phrase
        for flow in flows.shipped().values()
        for step in flow.steps.values()
        for phrase in getattr(step, "phrases", ())
    }
    assert set(phrases()) < every
    assert not any(held_out("sentence", text) for text in phrases())


@pytest.mark.parametrize("kind", ["request", "reply", "stop", "mind", "farewell"])
def test_what_could_be_all_is_often_only_the_beginning_and_never_held_out(kind):
    lines = tuple(f"can i have {number} of {thing}" for number in ("one", "two", "ten") for thing in ("those", "these"))
    speaking = Speaking(lines, ())
    texts = [speaking.wording(Random(seed), kind).text for seed in range(300)]
    begun = [text for text in texts if text.partition(", ")[0] in (*OPENERS, *PROTESTS, *THANKS)]
    assert len(begun) > 30
    assert len(set(begun)) > 20
    assert kind == "farewell" or not any(held_out("sentence", text) for text in begun)


def test_a_synthetic_person_says_some_of_it_again():
    person = Synthetic(Everybody(), Voice(), SPEAKING, again=0.6)
    chance = Random(1)
    heard = [person.say(chance, "reply") for _ in range(60)]
    assert 10 < len({id(one) for one in heard}) < 40
    assert len(person.said["reply"]) == REMEMBERED
    forgetful = Synthetic(Everybody(), Voice(), SPEAKING)
    assert forgetful.say(chance, "hum") is not forgetful.say(chance, "hum")
    assert forgetful.said["hum"] == []


def test_who_was_recorded_says_only_what_was_recorded():
    turn, hum = said("i want this", 2.0), said("right", 0.4)
    person = Pooled("ann", {"turn": [turn], "hum": [hum]})
    chance = Random(2)
    assert person.say(chance, "hum").text == hum.text
    assert {person.say(chance, "request").text for _ in range(20)} == {turn.text}
    assert person.say(chance, "story") is None
    assert person.say(chance, "spelled") is None
    assert Pooled("bob", {"reply": [turn]}).say(chance, "short").text == turn.text


def test_recorded_digits_become_numbers_in_groups():
    digits = [said(name, 0.3) for name in ("one", "two", "three")]
    person = Pooled("ann", {"digit": digits})
    numbers = [person.say(Random(seed), "number") for seed in range(20)]
    assert any(number.pauses for number in numbers)
    for number in numbers:
        assert number.phrase_ends == ()
        assert set(number.text.split()) <= {"one", "two", "three"}
        assert all(end - start >= 0.5 * 8_000 - 1 for start, end in number.pauses)
        assert len(number.words) == len(number.text.split())


def test_pools_are_found_when_they_appear_and_drawn_by_their_shares(tmp_path):
    cast = Cast(CUSTOMERS, tmp_path, share=0.5, real=1.0)
    try:
        cast.look()
        assert isinstance(cast.person(Random(1)), Synthetic)
        with (tmp_path / "real.pickle").open("wb") as file:
            pickle.dump({"ann": {"turn": [said("hello you", 1.0)]}}, file)
        cast.look()
        cast.look()
        people = [cast.person(Random(seed)) for seed in range(300)]
        real = sum(isinstance(one, Pooled) for one in people)
        assert real == pytest.approx(150, abs=40)
        assert all(one.name == "ann" for one in people if isinstance(one, Pooled))
        chance = Random(3)
        regulars = [cast.synthetic(chance) for _ in range(400)]
        assert 60 <= len({id(one) for one in regulars}) < 250
    finally:
        cast.chorus.close()


def test_who_was_recorded_mostly_says_it_at_another_speed():
    """Few must stand for many: a fifth stays as it was, the others are up to a quarter faster or slower."""
    turn = said("i want this", 2.0)
    person, chance = Pooled("ann", {"turn": [turn]}), Random(5)
    heard = [person.say(chance, "request") for _ in range(200)]
    same = sum(one is turn for one in heard)
    assert 20 < same < 60
    lengths = [len(one) / len(turn) for one in heard if one is not turn]
    assert 1 / 1.28 - 0.01 <= min(lengths) < 0.85
    assert 1.15 < max(lengths) <= 1 / 0.8 + 0.01


def test_a_number_is_said_at_one_speed():
    """Whoever says seven digits says all of them as fast."""
    person = Pooled("ann", {"digit": [said("one", 0.4)]})
    numbers = [person.say(Random(seed), "number") for seed in range(40)]
    for number in numbers:
        lengths = [word.end - word.start for word in number.words]
        assert max(lengths) - min(lengths) <= 1
    assert len({number.words[0].end for number in numbers}) > 20


def test_sets_of_people_are_drawn_by_their_weight_and_who_told_no_text_teaches_no_phones(tmp_path):
    """Ten speakers of a set are not ten times as likely as one of another."""
    people = {f"digits {at}": {"turn": [said("a b", 1.0)]} for at in range(10)}
    people |= {"speechocean ann": {"turn": [said("a b", 1.0)]}, "orders pv": {"turn": [said("a b", 1.0)]}}
    with (tmp_path / "real-0.pickle").open("wb") as file:
        pickle.dump(people, file)
    cast = Cast(CUSTOMERS, tmp_path, share=1.0, real=1.0)
    try:
        cast.look()
        drawn = [[cast.person(Random(seed), timed=timed).name.split()[0] for seed in range(600)] for timed in (0, 1)]
    finally:
        cast.chorus.close()
    whole = SETS["digits"] + SETS["speechocean"] + SETS["orders"]
    assert drawn[0].count("digits") == pytest.approx(600 * SETS["digits"] / whole, abs=60)
    assert drawn[0].count("orders") == pytest.approx(600 * SETS["orders"] / whole, abs=35)
    assert "orders" in TEXTLESS
    assert "orders" not in drawn[1]
