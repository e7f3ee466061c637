"""A duplex without a model: it greets, answers whoever has spoken, and says the notes it is given."""

from callcenter.audio import Activity
from callcenter.events import Floor, Spoken, TookFloor
from callcenter.voices import Espeak

GREETING = "Welcome to the test line."
ANSWER = "I have heard you well."
HEARD = "some words of the caller"
QUIET_TURNS = 3


class Reader:
    def __init__(self):
        self._voice = Espeak()
        self._activity = Activity()
        self._queue = []
        self._heard = 0
        self._quiet = 0

    def open(self, policy, notes):
        self._queue = [(GREETING, "")]
        self._take(notes)

    def close(self):
        self._queue.clear()

    def _take(self, notes):
        self._queue += [(note.text, note.id) for note in notes if note.kind == "say"]

    async def turn(self, heard):
        self._take(heard.notes)
        voiced = self._activity.push(heard.audio).count("1") >= 3
        words = ""
        self._heard, self._quiet = (self._heard + 1, 0) if voiced else (self._heard, self._quiet + 1)
        if self._heard >= 3 and self._quiet == QUIET_TURNS:
            words, self._heard = HEARD, 0
            self._queue.append((ANSWER, ""))
        if not self._queue:
            return Spoken(heard.turn, None, words, floor=Floor(0.1, 0.05, 0.0))
        text, note = self._queue.pop(0)
        audio = self._voice.speak(text, "en-us+f3").audio
        return Spoken(heard.turn, audio, words, text, (TookFloor(),), Floor(0.9, 0.0, 0.1), note)
