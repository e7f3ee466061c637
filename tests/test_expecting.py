"""What the background tells the ears to expect: what the open question asks for, in words the ears know."""

from dataclasses import replace

import numpy as np
import pytest
from talking import FLOWS, Talk, of

from callcenter.background import expecting
from callcenter.background.exchange import Withdraw, Write
from callcenter.background.ground import Ground
from callcenter.background.state import Awaiting, Dialogue, Slot
from callcenter.callers.lines import NEEDY
from callcenter.model.expectations import KINDS, read
from callcenter.model.language import OWN, Past
from callcenter.model.vocabulary import Vocabulary


def told(wishes):
    """The last note for the ears among these wishes."""
    return [one.note for one in wishes if isinstance(one, Write) and one.note.kind == "expect"][-1:]


def kinds(text):
    return {one[1:-1] for one in text.split() if one[0] == "<"}


def test_every_kind_the_background_names_is_known_to_the_ears():
    named = {kind for several in expecting.KINDS.values() for kind in kinds(" ".join(several))}
    assert named <= KINDS.keys()
    assert {"letters", "yes_no"} <= KINDS.keys()


def test_every_word_of_a_kind_is_a_word_or_a_class_of_the_shipped_vocabulary():
    vocabulary = Vocabulary.shipped()
    known = vocabulary.number.keys() | vocabulary.language.members.keys() | {OWN}
    assert {word for several in KINDS.values() for word in several} <= known


def test_kinds_stand_for_their_words_and_words_for_themselves():
    assert read("<digits> order parcel") == {*KINDS["digits"], "order", "parcel"}
    assert read("name") == {"name"}
    assert read("<unheard-of> order") == {"order"}
    assert read("") == frozenset()


@pytest.mark.parametrize(
    ("grammar", "some"),
    [
        ("postcode", "digits"),
        ("birth_date", "date"),
        ("name", "name"),
        ("phone", "digits"),
        ("amount", "amount"),
        ("city", "place"),
    ],
)
def test_a_question_for_a_detail_expects_its_kind(grammar, some):
    assert some in kinds(" ".join(expecting.KINDS[grammar]))


def test_the_ears_are_told_with_each_question_and_what_was_expected_before_is_over():
    talk = Talk()
    (name,) = told(talk.say("where is the office chair i ordered"))
    assert kinds(name.text) == {"name", "own"}
    (code,) = told(talk.say("maria lopez"))
    assert kinds(code.text) == {"digits"}
    assert code.supersedes == (name.id,)


def test_nothing_is_told_while_the_question_stays_the_same():
    talk = Talk()
    talk.say("where is the office chair i ordered")
    assert not told(talk.say("um", final=False))


def test_no_kind_expects_small_words_that_are_likely_anyway():
    assert not {word for words in KINDS.values() for word in words} & NEEDY


def test_letters_are_expected_once_a_name_was_not_understood():
    ground = Ground(FLOWS["retail"], {}, None)
    asked = Dialogue(awaiting=Awaiting("slot", "name", identity=True))
    assert expecting.expected(ground, asked) == ("<name>", "<own>")
    assert expecting.expected(ground, Dialogue(awaiting=asked.awaiting, misses=1)) == ("<letters>", "<name>", "<own>")


def test_what_can_be_chosen_is_expected_by_the_form_of_its_values():
    values = ("4217", "2026-11-24T09:30", "34.90 USD", "1 desk lamp")
    found = {word for value in values for word in expecting.spoken_as(value)}
    assert found == {"<digits>", "<date>", "<time>", "<amount>", "desk", "lamp"}


def test_a_change_to_confirm_expects_yes_or_no():
    ground = Ground(FLOWS["retail"], {}, None)
    assert expecting.expected(ground, Dialogue(awaiting=Awaiting("confirm", "cancel_order {}"))) == ("<yes_no>",)


def test_a_no_that_was_not_understood_expects_the_details_that_may_be_wrong():
    ground = Ground(FLOWS["retail"], {}, None)
    begun = Dialogue().begin(FLOWS["retail"].steps["change_address"])
    moving = begun.with_task(replace(begun.task, slots={"street": Slot("14 Willow Lane")}))
    asked = replace(moving, awaiting=Awaiting("confirm", "change_address {}"))
    assert expecting.expected(ground, asked) == ("<yes_no>",)
    assert {"<yes_no>", "<house>", "lane"} <= set(expecting.expected(ground, replace(asked, misses=1)))


def test_notes_for_the_ears_are_never_withdrawn_with_what_is_said():
    talk = Talk()
    wishes = talk.say("where is the office chair i ordered")
    ids = {note.id for note in told(wishes)}
    assert not ids & {one.note_id for one in of(wishes, Withdraw)}


def test_an_oh_is_not_expected_in_a_street():
    """ "Willow Lane" was heard as "will oh lane"."""
    assert "oh" not in read(" ".join(expecting.KINDS["address"]))


def test_an_oh_among_digits_is_as_likely_as_a_zero():
    """People say it as often, and it is in no class of words."""
    vocabulary = Vocabulary.shipped()
    bonus = vocabulary.ahead(read("<digits>"), 2.0).bonus
    alone = vocabulary.language.alone
    past = Past(*(np.array([value]) for value in vocabulary.language.start))
    for word in ("nine", "eight", "one"):
        _, past = vocabulary.language.score(past, np.array([vocabulary.number[word]]))
    likely = {
        word: float(vocabulary.language.score(past, np.array([number]))[0][0]) + float(bonus[number])
        for word, number in ((word, vocabulary.number[word]) for word in ("oh", "zero", "two"))
    }
    assert likely["oh"] > likely["two"] - 1.0
    assert bonus[vocabulary.number["office"]] == 0 < -alone[vocabulary.number["office"]]
