"""Between a line and the background of its call: words before what is done about them."""

from callcenter.background.exchange import Acted, Passed, SpokenHeard, Words
from callcenter.events import Asked, Delivered, Spoken, TookFloor, TurnHeard, Understood
from callcenter.liaison import Liaison
from callcenter.units import SILENT_TURN, TURN


class Noting:
    """A worker that only listens."""

    def __init__(self):
        self.told = []

    def tell(self, told):
        self.told.append(told)

    def heard(self, at):
        self.tell(Passed(at))


def liaison():
    made = Liaison(None, "call", "", None)
    made._worker = Noting()
    return made, made._worker.told


def test_the_words_of_a_turn_are_told_before_what_was_done_in_it():
    made, told = liaison()
    spoken = Spoken(3, heard_text="four seven", acts=(Asked("over"), TookFloor()))
    made.saw(4 * TURN, spoken, [Understood("order four seven"), Delivered("n1", "Hello.", True)])
    at = 4 * TURN
    assert told == [
        Words(at, "order four seven"),
        Acted(at, Asked("over")),
        Acted(at, TookFloor()),
        SpokenHeard(at, "n1", "Hello.", True),
    ]


def test_a_line_that_is_closed_by_a_pause_is_told_after_the_time_that_closed_it():
    made, told = liaison()
    made.saw(TURN, TurnHeard(0, SILENT_TURN), [Understood("yes please", final=True)])
    assert told == [Passed(TURN), Words(TURN, "yes please", True)]
