"""What tests of callers stand on: takes made of tones, agents that speak by the clock, people with little to say."""

import numpy as np

from callcenter.audio import encode
from callcenter.callers import noises
from callcenter.callers.channel import Channel, Conditions
from callcenter.callers.person import Person
from callcenter.callers.scenario import Scenario, Temper
from callcenter.callers.takes import Chunk, Part, Take, Wording, assemble
from callcenter.units import FRAME, RATE, SILENT_FRAME, samples
from callcenter.voices import Espeak, Word

ESPEAK = {"espeak": Espeak()}
"""The one synthesizer that every machine with the tests has."""

BED = noises.hiss(np.random.default_rng(0))


def tone(seconds, hertz=440, loud=6_000):
    time = np.arange(samples(seconds)) / RATE
    return (loud * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def said(*parts, text="words", phrase=False):
    """A take of sounds and silences in turn: said(1.0, 0.6, 1.0) sounds for a second, pauses, sounds again."""
    sounds, pauses = parts[::2], [*parts[1::2], 0.0]
    chunks = tuple(Chunk(text, pause, phrase) for pause in pauses)
    made = [Part(tone(s), (Word(text, 0, samples(s)),)) for s in sounds]
    return assemble(made, Wording(chunks))


def hum(text="mm-hmm."):
    return Take(tone(0.4, 200), text)


def scenario(*rounds, **more):
    told = {
        "farewell": said(0.8, text="bye"),
        "hellos": (said(0.5, text="hello?"),),
        "temper": Temper(pace=0.5),
        **more,
    }
    return Scenario("test", tuple(rounds), **told)


def person(*rounds, seed=1, echo=None, **more):
    return Person(scenario(*rounds, **more), Channel(Conditions(echo=echo), BED), seed)


SYLLABLES = tone(1.0, 300) * (0.15 + 0.85 * np.abs(np.sin(2 * np.pi * 2 * np.arange(RATE) / RATE)))
VOICE = encode(SYLLABLES.astype(np.int16))
"""A second of the agent: voice, as far as a level can tell; a steady tone would be taken for noise."""


def speech(at):
    return VOICE[at % RATE : at % RATE + FRAME]


class Clocked:
    """An agent that speaks from second to second, whatever the caller does."""

    def __init__(self, *spans):
        self._spans = [(samples(start), samples(end)) for start, end in spans]

    def frame(self, at, spoken):
        voiced = any(start <= at < end for start, end in self._spans)
        return speech(at) if voiced else SILENT_FRAME


class Polite:
    """An agent that speaks for so long whenever the caller has been silent for a while; `mind` tells when to stop."""

    def __init__(self, who, seconds=3.0, gap=0.3, stops=False):
        self._who, self._long, self._gap, self._stops = who, samples(seconds), samples(gap), stops
        self._until = samples(2.0)
        self._answered = 0

    def frame(self, at, spoken):
        plan = self._who.plan
        if self._stops and plan.doing == "cut":
            self._until = min(self._until, at)
        if plan.doing == "nothing" and plan.owed and plan.end > self._answered and at >= plan.end + self._gap:
            self._answered, self._until = plan.end, at + self._long
        return speech(at) if at < self._until else SILENT_FRAME


def play(who, agent, seconds=60.0):
    """The call as the caller's end has it: what was spoken, until it hangs up or the time is over."""
    spoken, heard, deeds = bytearray(), SILENT_FRAME, []
    for at in range(0, samples(seconds), FRAME):
        heard = agent.frame(at, spoken)
        spoken += who.frame(heard)
        deeds += who.deeds()
        if who.gone:
            break
    return bytes(spoken), deeds


def of(who, kind):
    return [h for h in who.truth if isinstance(h, kind)]
