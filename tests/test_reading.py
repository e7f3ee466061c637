"""What the caller's words mean where the call stands."""

from dataclasses import replace

import pytest
from talking import CARDS, FLOWS, MARIA, ORDERS, TUESDAY

from callcenter.background.details import Details
from callcenter.background.ground import Ground
from callcenter.background.phrases import learn
from callcenter.background.reading import Reader
from callcenter.background.state import Awaiting, Dialogue, Result, Slot
from callcenter.background.walking import walk
from callcenter.background.wishes import Wishes
from flows import parse

RETAIL = FLOWS["retail"]
GROUND = Ground(RETAIL, CARDS, TUESDAY)


def reader(flow, ground):
    learnt = learn({name: step.phrases for name, step in flow.steps.items()})
    return Reader(ground, Wishes(flow, learnt), Details(ground))


READER = reader(RETAIL, GROUND)
CALLER = Result("t1", "verify_customer", {}, True, MARIA)
KNOWN = Dialogue(caller=CALLER)
LISTED = Result("t2", "list_orders", {"customer": "1001"}, True, ORDERS)


def cancelling(awaiting, **slots):
    """A caller who is known and wants to cancel something."""
    begun = KNOWN.begin(RETAIL.steps["cancel_order"], "cancel an order")
    task = replace(begun.task, slots={name: Slot(value) for name, value in slots.items()}, pinned={0: LISTED})
    return replace(begun.with_task(task), awaiting=awaiting)


CHAIR, LAMP = ORDERS["orders"][1], ORDERS["orders"][0]
WHICH = cancelling(Awaiting("slot", "which"))
CONFIRM = cancelling(Awaiting("confirm", "cancel_order {}"), which=LAMP)
NAME = replace(KNOWN.begin(RETAIL.steps["order_status"]), caller=None, awaiting=Awaiting("slot", "name", True))
MORE = replace(KNOWN, awaiting=Awaiting("more"))


@pytest.mark.parametrize(
    ("where", "said", "kind"),
    [
        (Dialogue(), "where is my order", "understood"),
        (Dialogue(), "hello there", "go on"),
        (Dialogue(), "um", "go on"),
        (Dialogue(), "the elephants are singing purple songs", "missed"),
        (Dialogue(), "i would like to talk to a human", "person"),
        (Dialogue(), "hold on a second please", "hold"),
        (Dialogue(), "could you say that again", "repeat"),
        (Dialogue(), "that's all thanks bye", "bye"),
        (Dialogue(), "my customer number is four seven one double two nine", "go on"),
        (Dialogue(), "double to nine", "go on"),
        (MORE, "no thank you", "bye"),
        (MORE, "yes", "go on"),
        (MORE, "okay great", "nothing"),
        (NAME, "maria lopez", "understood"),
        (NAME, "maria", "part"),
        (NAME, "let me see", "hold"),
        (NAME, "what does delivery cost", "understood"),
        (NAME, "wait a moment i'll put on my glasses", "hold"),
        (WHICH, "the lamp", "understood"),
        (WHICH, "the sofa", "missed"),
        (WHICH, "the chair no wait the lamp", "understood"),
        (WHICH, "the chair wait a second", "understood"),
        (WHICH, "the chair how long do i have to wait", "understood"),
        (WHICH, "with the office check something no wait five mental and with laundry", "missed"),
        (WHICH, "never mind", "understood"),
        (CONFIRM, "yes please", "understood"),
        (CONFIRM, "no don't", "understood"),
        (CONFIRM, "the number of the moon", "missed"),
        (CONFIRM, "get me a real person", "person"),
    ],
)
def test_words_are_read_where_the_call_stands(where, said, kind):
    assert READER.read(where, said).kind == kind


def test_reading_changes_nothing():
    before = repr(WHICH)
    READER.read(WHICH, "the lamp")
    assert repr(WHICH) == before


def test_a_yes_confirms_exactly_what_was_asked():
    task = READER.read(CONFIRM, "yes please").dialogue.task
    assert task.confirmed == {"cancel_order {}"}


def test_a_yes_to_a_question_that_was_not_heard_confirms_nothing():
    reading = READER.read(CONFIRM, "yes please", heard=False)
    assert (reading.kind, reading.dialogue.task.confirmed) == ("unheard", frozenset())


def test_a_no_declines():
    assert READER.read(CONFIRM, "no leave it").dialogue.task.declined


MOVED = replace(
    KNOWN.begin(RETAIL.steps["change_address"], "i have moved to fourteen willow lane"),
    awaiting=Awaiting("confirm", "change_address {}"),
)
MOVING = MOVED.with_task(
    replace(MOVED.task, slots={"street": Slot("14 Willow Lane"), "city": Slot("Salem"), "zip": Slot("01970")})
)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("no the street is wrong", "street"),
        ("no it's fit in willing lane", "street"),
        ("no not salem the city is something else it's wrong", "city"),
        ("that's not right the zip code is different", "zip"),
    ],
)
def test_a_no_to_one_detail_of_a_change_asks_for_that_detail_anew(said, asked):
    reading = READER.read(MOVING, said)
    assert reading.kind == "understood"
    assert reading.dialogue.task.slots.keys() == {"street", "city", "zip"} - {asked}
    assert not reading.dialogue.task.declined
    plan = walk(GROUND, reading.dialogue, {})
    assert plan.dialogue.awaiting == Awaiting("slot", asked)


@pytest.mark.parametrize(
    "said",
    [
        "no that's wrong",
        "no it's fifty will a",
        "no it's in springfield",
        "no that's not right",
        "no wait panthers the it's search her",
    ],
)
def test_a_no_that_objects_to_something_unclear_is_asked_about(said):
    reading = READER.read(MOVING, said)
    assert (reading.kind, reading.dialogue.misses) == ("missed", 1)
    assert reading.dialogue.task == MOVING.task
    assert reading.dialogue.awaiting == MOVING.awaiting


@pytest.mark.parametrize(
    "said",
    [
        "no",
        "no thanks",
        "no leave it",
        "no it's fine",
        "no please don't",
        "no that's not what i want",
        "no i changed my mind",
        "no wait i changed my mind",
        "no wait",
        "no not now",
        "stop that please",
    ],
)
def test_a_plain_no_to_a_change_declines_it(said):
    assert READER.read(MOVING, said).dialogue.task.declined


def test_a_no_that_says_what_is_known_already_is_asked_about_and_counts_as_a_miss():
    """Something else must be wrong: the same question for ever would help nobody."""
    reading = READER.read(MOVING, "no it's fourteen willow lane")
    assert (reading.kind, reading.dialogue.misses) == ("missed", 1)
    assert reading.dialogue.task == MOVING.task


def test_a_no_that_puts_a_detail_right_needs_no_question():
    assert READER.read(MOVING, "no it's fifteen willow lane").dialogue.task.slots["street"].value == "15 Willow Lane"


@pytest.mark.parametrize("said", ["no the chair", "no sorry i meant the office chair", "make that four two one seven"])
def test_a_correction_at_the_confirmation_takes_the_other_order(said):
    assert READER.read(CONFIRM, said).dialogue.task.slots["which"].value == CHAIR


def test_the_other_one_is_the_other_one():
    assert READER.read(CONFIRM, "no the other one").dialogue.task.slots["which"].value == CHAIR


def test_another_wish_in_between_is_taken_up_and_the_first_one_kept():
    tasks = READER.read(WHICH, "what do you charge for shipping by the way").dialogue.tasks
    assert [task.step for task in tasks] == ["cancel_order", "delivery_cost"]


def test_who_denies_what_was_understood_is_believed():
    begun = replace(Dialogue().begin(RETAIL.steps["cancel_order"]), awaiting=Awaiting("slot", "name", True))
    tasks = READER.read(begun, "no i want to send something back").dialogue.tasks
    assert [task.step for task in tasks] == ["return_order"]


def test_misses_are_counted_until_something_is_understood():
    once = READER.read(WHICH, "the sofa").dialogue
    twice = READER.read(once, "the sofa").dialogue
    assert (once.misses, twice.misses) == (1, 2)
    assert READER.read(twice, "the lamp").dialogue.misses == 0


def test_what_is_not_clear_is_asked():
    reading = READER.read(Dialogue(), "it's about an order i want something changed about sending")
    assert reading.kind in ("unsure", "understood")
    unsure = replace(Dialogue(), awaiting=Awaiting("which", "cancel_order|return_order"), unclear="this order of mine")
    assert READER.read(unsure, "the second").dialogue.task.step == "return_order"
    assert READER.read(unsure, "i want to cancel it").dialogue.task.step == "cancel_order"
    assert READER.read(unsure, "no").kind == "go on"


# ----------------------------------------------------------------------------------------------------- read-back

CALLBACK = parse(
    FLOWS["front_desk"]
    .text.replace('includes = ["retail", "billing", "appointments"]\n', "")
    .replace(
        'ask = "At which telephone number can we reach you?"',
        'ask = "Your number?"\nreadback = "That is {phone|digits}, right?"',
    )
)
DESK = Ground(CALLBACK, CARDS, TUESDAY)
PHONE = reader(CALLBACK, DESK)
ASKED = replace(Dialogue().begin(CALLBACK.steps["message"]), awaiting=Awaiting("slot", "phone"))
NUMBER = "five one eight five five five oh one nine nine"


def read_back():
    told = PHONE.read(ASKED, NUMBER).dialogue
    return replace(told, awaiting=Awaiting("readback", "phone"))


def test_a_value_that_is_read_back_is_not_sure_at_first():
    assert PHONE.read(ASKED, NUMBER).dialogue.task.slots["phone"].sure is False


@pytest.mark.parametrize("said", ["yes that's right", "correct", f"yes {NUMBER}", NUMBER])
def test_a_read_back_is_confirmed(said):
    slot = PHONE.read(read_back(), said).dialogue.task.slots["phone"]
    assert (slot.value, slot.sure) == ("5185550199", True)


def test_a_read_back_is_put_right():
    said = "no it's five one eight five five five oh one nine eight"
    slot = PHONE.read(read_back(), said).dialogue.task.slots["phone"]
    assert (slot.value, slot.sure) == ("5185550198", False)


def test_a_read_back_that_is_only_denied_is_asked_again():
    reading = PHONE.read(read_back(), "no that's wrong")
    assert "phone" not in reading.dialogue.task.slots
    assert reading.say == "I'm sorry."


def test_who_reads_out_a_number_instead_of_saying_yes_means_yes():
    """Asked "do you want to cancel an order?", with the number at hand."""
    offered = replace(Dialogue(), awaiting=Awaiting("which", "cancel_order"), unclear="it should not come any more")
    read = READER.read(offered, "my customer number is four seven one double two nine")
    assert (read.kind, read.dialogue.task.step) == ("understood", "cancel_order")
    two = replace(offered, awaiting=Awaiting("which", "cancel_order|return_order"))
    assert READER.read(two, "my customer number is four seven one double two nine").kind == "go on"
