"""A person in place of the model: what the microphone heard is spoken in order, and never much later."""

import asyncio

from callcenter.duplex.person import AHEAD, Desk, Microphone, Person
from callcenter.events import Heard, Policy
from callcenter.units import SILENT_TURN, TURN


def turns(person, count):
    return [asyncio.run(person.turn(Heard(n, SILENT_TURN))).audio for n in range(count)]


def test_sound_is_spoken_turn_by_turn():
    microphone = Microphone()
    person = Person(microphone)
    person.open(Policy(), ())
    for piece in range(20):
        microphone.hear(bytes([piece]) * 160)
    first, second, third = turns(person, 3)
    assert first == b"".join(bytes([n]) * 160 for n in range(10))
    assert second == b"".join(bytes([n]) * 160 for n in range(10, 20))
    assert third is None


def test_half_a_turn_is_filled_up_with_silence():
    microphone = Microphone()
    person = Person(microphone)
    microphone.hear(b"\x10" * 800)
    (audio,) = turns(person, 1)
    assert audio == b"\x10" * 800 + b"\xff" * 800


def test_a_microphone_that_runs_ahead_loses_its_oldest_sound():
    microphone = Microphone()
    for piece in range(100):
        microphone.hear(bytes([piece]) * 160)
    assert len(microphone.take(10 * AHEAD)) <= AHEAD
    microphone.hear(b"\x01" * 160)
    assert microphone.take(TURN) == b"\x01" * 160


def test_what_was_said_before_the_call_was_taken_is_not_spoken():
    microphone = Microphone()
    microphone.hear(b"\x10" * TURN)
    person = Person(microphone)
    person.open(Policy(), ())
    assert turns(person, 1) == [None]
    person.close()


def test_each_call_has_a_microphone_of_its_own():
    desk = Desk()
    assert desk.of("a") is desk.of("a")
    assert desk.of("a") is not desk.of("b")
    desk.leave("a")
    assert desk.of("a").take(TURN) == b""
