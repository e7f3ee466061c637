"""What a caller notices of the agent."""

from acting import speech

from callcenter.callers.attention import Attention
from callcenter.units import FRAME, RATE, SILENT_FRAME, samples


def listened(*spans, until):
    ear = Attention()
    for at in range(0, samples(until), FRAME):
        voiced = any(samples(a) <= at < samples(b) for a, b in spans)
        ear.hear(speech(at) if voiced else SILENT_FRAME)
    return ear


def test_it_notices_speech_at_once_and_silence_a_moment_later():
    assert listened((1.0, 1.1), until=1.1).voiced
    assert listened((1.0, 1.1), until=1.1).since == RATE
    assert not listened((1.0, 2.0), until=2.2).voiced


def test_a_breath_does_not_break_the_agents_speech():
    assert 1.9 < listened((1.0, 2.0), (2.3, 3.0), until=3.0).talked / RATE <= 2.0
    assert listened((1.0, 2.0), (2.9, 3.5), until=3.5).talked / RATE < 0.7


def test_what_was_heard_is_counted_from_the_last_forgetting():
    ear = listened((1.0, 2.0), until=2.5)
    assert 0.95 < ear.heard / RATE < 1.2
    ear.forget()
    assert ear.heard == 0


def test_an_agent_that_was_never_heard_has_been_quiet_since_the_beginning():
    ear = listened(until=3.0)
    assert ear.quiet == samples(3.0)
    assert ear.talked == 0
