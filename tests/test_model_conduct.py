"""What a voice does with the network's answers: the words it was given, when it may, and none that were taken back."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from callcenter.events import Note, Policy
from callcenter.model.conduct import EVERY, HUMMED, LEANING, LONG, OPENED, Conduct, Thresholds, knobs, softmax, turned
from callcenter.model.config import ACTS, DOINGS, LISTEN, NOTE_TOKENS, SPEAK
from callcenter.model.own import HUMS, PHRASES
from callcenter.model.text import TOKEN, shipped
from callcenter.train.calls import done_tokens, note_tokens
from callcenter.train.scene import Decided
from callcenter.units import TURN

PIECES = shipped()
NOTE = Note("n1", "say", "Your order 4217 costs $42.50.")


class Talk:
    """A conduct and its clock: one turn after another, with what the network wants in it."""

    def __init__(self, policy=None, **more):
        self.conduct = Conduct(PIECES, policy or Policy(), **more)
        self.turn = -1

    def go(self, act="listen", opening="<note>", doing="nothing", notes=(), turns=1):
        for _ in range(turns):
            self.turn += 1
            self.stop = self.conduct.told(self.turn * TURN, notes)
            self.tokens = self.conduct.tokens()
            logits = np.zeros(1024, np.float32)
            logits[TOKEN[opening]] = 9
            choice = self.conduct.decide(wanted(act), logits, one_of(DOINGS, doing))
            notes = ()
        return choice


def one_of(names, name):
    return np.array([9.0 if one == name else 0.0 for one in names], np.float32)


def wanted(act):
    return one_of(ACTS, act)


def test_a_call_begins_with_the_policy():
    assert Conduct(PIECES, Policy("often", "eager", "firm")).tokens() == [
        TOKEN[name] for name in ("<open>", "<hum often>", "<eager>", "<firm>")
    ]


def test_a_note_is_read_when_it_comes_and_said_when_the_network_wants_to_speak():
    talk = Talk()
    assert talk.go(notes=(NOTE,)).act == "listen"
    assert talk.tokens[4:] == [TOKEN["<say>"], *PIECES.encode(NOTE.text)[:NOTE_TOKENS]]
    choice = talk.go("speak")
    assert (choice.act, choice.script) == ("speak", (("n1", NOTE.text),))
    assert talk.conduct.waiting == ()
    talk.go()
    assert talk.tokens == [TOKEN["<speak>"], TOKEN["<note>"]]


def test_notes_are_said_in_the_order_they_were_written():
    talk = Talk()
    talk.go(notes=(NOTE, Note("n2", "say", "Anything else?")))
    assert [name for name, _ in talk.go("speak").script] == ["n1", "n2"]


def test_the_same_note_is_not_said_twice():
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go("speak")
    talk.conduct.over()
    talk.go()
    assert all(script[0] == "" for turn in range(60) for script in talk.go("speak").script)


def test_who_speaks_goes_on_or_yields_and_nothing_else():
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go("speak")
    assert [talk.go(act).act for act in ("listen", "speak", "backchannel", "ask")] == ["go on"] * 4
    assert talk.go("yield").act == "yield"
    talk.go()
    assert talk.tokens == [TOKEN["<yield>"]]


def test_who_listens_cannot_yield():
    assert Talk().go("yield").act == "listen"


def test_a_sentence_of_our_own_needs_no_note_and_is_not_repeated_at_once():
    talk = Talk()
    choice = talk.go("speak", "<check>")
    assert choice.script[0] == ("", choice.script[0][1])
    assert choice.script[0][1] in PHRASES["<check>"]
    talk.conduct.over()
    other = talk.go("speak", "<check>")
    assert other.script[0][1] not in PHRASES["<check>"]
    talk.conduct.over()
    talk.go(turns=EVERY["<check>"] // TURN)
    assert talk.go("speak", "<check>").script[0][1] in PHRASES["<check>"]


def test_where_everything_was_said_just_now_it_listens():
    talk = Talk()
    for _ in OPENED:
        assert talk.go("speak").act == "speak"
        talk.conduct.over()
    assert talk.go("speak").act == "listen"


@pytest.mark.parametrize("opening", [name for name in TOKEN if name not in (*OPENED, "<note>")])
def test_what_was_not_taught_is_never_opened(opening):
    choice = Talk().go("speak", opening)
    assert choice.script[0][1] in {text for name in OPENED for text in PHRASES[name]}


def test_a_note_that_was_begun_a_turn_ago_and_heard_by_nobody_was_never_begun():
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go("speak")
    talk.conduct.said("Your", "n1")
    better = Note("n2", "say", "It is $43.", supersedes=("n1",))
    assert talk.conduct.told((talk.turn + 1) * TURN, (better,)) == {"n1"}
    assert talk.conduct.unsaid()
    assert talk.conduct.line == 1
    choice = talk.go("speak")
    assert (choice.act, choice.script) == ("speak", (("n2", "It is $43."),))
    assert talk.tokens == [TOKEN["<say>"], *PIECES.encode("It is $43.")]


def test_a_note_that_was_begun_earlier_cannot_be_unsaid():
    talk = Talk()
    talk.go("speak", notes=(NOTE,))
    talk.conduct.said("Your", "n1")
    talk.go("speak")
    talk.conduct.said("order", "n1")
    assert not talk.conduct.unsaid()


def broken_off(doing):
    """A note of which two words were said when the network gave way."""
    talk = Talk()
    talk.go("speak", notes=(NOTE,))
    for word in ("Your", "order"):
        talk.conduct.said(word, "n1")
        talk.go("speak")
    assert talk.go("yield", doing=doing).act == "yield"
    return talk


@pytest.mark.parametrize("doing", ["nothing", "hum", "tic", "aside", "noise"])
def test_what_was_broken_off_though_nobody_claimed_the_floor_is_gone_on_with(doing):
    talk = broken_off(doing)
    assert talk.conduct.line == 1
    assert talk.go("speak").script == (("n1", "4217 costs $42.50."),)
    talk.conduct.said("4217", "n1")
    assert talk.go("yield").act == "yield"
    assert talk.go("speak").script == (("n1", "costs $42.50."),)


@pytest.mark.parametrize("doing", ["turn", "story", "cut"])
def test_what_the_caller_broke_off_is_not_said_again(doing):
    assert broken_off(doing).conduct.line == 0


@pytest.mark.parametrize("doing", ["turn", "story", "cut"])
def test_what_was_broken_off_is_left_when_the_caller_claims_the_floor_after_all(doing):
    talk = broken_off("nothing")
    talk.go(doing=doing)
    assert talk.conduct.waiting == ()


def test_what_was_taken_back_in_the_turn_in_which_it_is_broken_off_is_not_gone_on_with():
    talk = Talk()
    talk.go("speak", notes=(NOTE,))
    talk.conduct.said("Your", "n1")
    talk.go("speak")
    assert talk.go("yield", notes=(Note("no", "know", "", supersedes=("n1",)),)).act == "yield"
    assert talk.conduct.waiting == ()


def test_what_was_broken_off_is_not_gone_on_with_once_it_was_taken_back_or_expired():
    talk = broken_off("nothing")
    talk.go(notes=(Note("no", "know", "", supersedes=("n1",)),))
    assert talk.conduct.waiting == ()
    talk = Talk()
    talk.go("speak", notes=(replace(NOTE, expires=3 * TURN),))
    talk.conduct.said("Your", "n1")
    talk.go("speak", turns=3)
    talk.go("yield")
    assert talk.conduct.waiting == ()


@pytest.mark.parametrize("by", ["say", "know"])
def test_a_note_that_was_taken_back_is_not_begun(by):
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go(notes=(Note("n2", by, "" if by == "know" else "Never mind.", supersedes=("n1",)),))
    assert talk.tokens[0] == TOKEN["<drop>"]
    assert not talk.stop
    assert "n1" not in [name for name, _ in talk.go("speak").script]


def test_a_note_that_was_taken_back_in_the_turn_it_came_is_not_begun():
    talk = Talk()
    talk.go(notes=(NOTE, Note("n2", "say", "It is $43.", supersedes=("n1",))))
    assert talk.go("speak").script == (("n2", "It is $43."),)


def test_a_note_that_expired_is_not_begun():
    talk = Talk()
    talk.go(notes=(Note("n1", "say", "The line is free.", expires=2 * TURN),))
    talk.go()
    talk.go()
    assert talk.conduct.waiting == ()
    assert talk.tokens == [TOKEN["<drop>"]]


def test_a_note_is_good_until_it_expires():
    talk = Talk()
    talk.go(notes=(Note("n1", "say", "The line is free.", expires=2 * TURN),))
    assert talk.go("speak").script == (("n1", "The line is free."),)


def test_what_is_being_said_stops_when_it_is_taken_back():
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go("speak")
    talk.go("speak", notes=(Note("no-n1", "know", "", supersedes=("n1",)),))
    assert talk.stop == {"n1"}
    talk.conduct.stopped()
    talk.go()
    assert talk.tokens[-1] == TOKEN["<yield>"]


def test_a_note_that_waits_its_turn_to_be_said_may_still_expire():
    talk = Talk()
    talk.go(notes=(NOTE, Note("n2", "say", "The line is free.", expires=3 * TURN)))
    talk.go("speak")
    assert talk.conduct.expired == frozenset()
    talk.go("speak", turns=2)
    assert talk.conduct.expired == {"n2"}


def test_other_words_are_not_stopped_for_a_note_that_was_yielded_long_ago():
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go("speak")
    talk.go("yield")
    assert talk.go("speak", "<wait>").act == "speak"
    talk.go("speak", notes=(Note("n2", "say", "It is $43.", supersedes=("n1",)),))
    assert not talk.stop


def test_hums_are_never_made_at_never_and_never_close_together():
    talk = Talk(Policy(backchannels="never"))
    assert {talk.go("backchannel").act for _ in range(50)} == {"listen"}
    talk = Talk(Policy(backchannels="often"))
    acts = [talk.go("backchannel") for _ in range(50)]
    at = [turn for turn, choice in enumerate(acts) if choice.act == "backchannel"]
    assert np.diff(at).min() * TURN >= HUMMED
    assert {acts[turn].script[0][1] for turn in at} <= set(HUMS)


def test_asking_goes_on_with_listening_and_is_not_repeated_at_once():
    talk = Talk()
    acts = [talk.go("ask").act for _ in range(12)]
    assert acts[0] == "ask"
    assert set(acts[1:10]) == {"listen"}
    assert acts[10] == "ask"


def test_who_would_ask_for_what_is_there_says_it():
    talk = Talk()
    talk.go(notes=(NOTE,))
    assert talk.go("ask").script == (("n1", NOTE.text),)


def test_be_notes_turn_the_knobs_they_name():
    talk = Talk(Policy(yielding="firm"))
    talk.go("backchannel", notes=(Note("b1", "be", "backchannels: never; eagerness: patient; colour: blue"),))
    assert talk.conduct.policy == Policy("never", "patient", "firm")
    assert talk.tokens[4:] == [TOKEN["<be>"], *knobs(Policy("never", "patient", "firm"))]
    assert talk.go("backchannel", turns=20).act == "listen"


@pytest.mark.parametrize("text", ["", "be nice", "eagerness: frantic", "eagerness", ";;:"])
def test_a_be_note_that_names_no_knob_turns_none(text):
    assert turned(text) == {}


def test_a_know_note_is_read_and_never_said():
    talk = Talk()
    talk.go(notes=(Note("k1", "know", "The caller is Ann."),))
    assert talk.tokens[4:] == [TOKEN["<know>"], *PIECES.encode("the caller is ann")]
    assert "k1" not in [name for name, _ in talk.go("speak").script]


def test_words_heard_and_words_said_go_into_the_next_turn():
    talk = Talk()
    talk.go()
    talk.conduct.heard(["hello", "there"])
    talk.conduct.said("Good morning.")
    talk.conduct.over()
    talk.go()
    assert talk.tokens == [*PIECES.encode("good morning"), TOKEN["<end>"], *PIECES.encode("hello there")]


def test_a_turn_is_written_in_the_order_that_training_has_it():
    """What was done and said, that it ended, notes, words heard: however the call learns of them."""
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.conduct.heard(["where", "is", "it"])
    talk.go("speak")
    talk.conduct.heard(["my", "order"])
    talk.conduct.said("Your order")
    talk.conduct.told(9 * TURN, (Note("k1", "know", "Ann."),))
    talk.conduct.over()
    done = Decided(LISTEN, "", SPEAK, "<note>", 1.0, False, True, 0, ())
    assert talk.conduct.tokens() == [
        *done_tokens(done, "Your order", PIECES),
        TOKEN["<end>"],
        *note_tokens("<know>", "Ann.", PIECES),
        *PIECES.encode("my order"),
    ]


def test_small_sounds_are_told_once_and_only_while_speaking():
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go("speak")
    told = [talk.go("speak", doing=doing).ignored for doing in ("hum", "hum", "nothing", "noise", "turn", "hum")]
    assert told == ["backchannel", "", "", "background", "", "backchannel"]


def test_the_network_is_told_whether_a_note_waits_and_whether_we_speak():
    talk = Talk()
    lines = [talk.conduct.line]
    for act, notes in (("listen", (NOTE,)), ("speak", ()), ("speak", (Note("n2", "say", "More."),)), ("yield", ())):
        talk.go(act, notes=notes)
        lines.append(talk.conduct.line)
    assert lines == [0, 1, 2, 3, 1]


def test_thresholds_say_how_sure_it_must_be():
    """Logits of 9 against four of 0: a probability of .9995."""
    assert Talk(thresholds=Thresholds(speak=0.9999)).go("speak").act == "listen"
    assert Talk(thresholds=Thresholds(backchannel=0.9999)).go("backchannel").act == "listen"


def test_a_small_chance_that_lasts_is_taken_unless_the_caller_claims_the_floor():
    """A third a turn is never sure enough, and after four turns it has mounted up."""
    third = Thresholds(speak=0.6, mounting=1.1)
    assert mounted(third, ["nothing"] * 4) == ["listen", "listen", "listen", "speak"]
    assert mounted(third, ["nothing", "nothing", "turn", "hum", "nothing", "noise", "nothing"])[:6] == ["listen"] * 6
    never = replace(third, lasting=99.0)
    assert set(mounted(never, ["story"] * 20)) == {"listen"}
    assert set(mounted(replace(never, mounting=99.0), ["nothing"] * 20)) == {"listen"}


def test_whoever_is_taken_to_tell_a_story_and_is_long_silent_is_answered_all_the_same():
    third = Thresholds(speak=0.6, mounting=1.1, lasting=2.1)
    assert mounted(third, ["story"] * 7) == ["listen"] * 6 + ["speak"]
    assert mounted(third, ["story", "turn"] * 4, {3: 0.04})[:7] == ["listen"] * 7, "it went on: the sum begins anew"
    assert set(mounted(third, ["story"] * 40, dict.fromkeys(range(40), 0.04))) == {"listen"}


def test_where_the_caller_has_long_been_silent_in_its_turn_a_hint_is_enough():
    faint = dict.fromkeys(range(40), 0.02)
    bars = Thresholds(hint=0.0125)
    silences = [max(0, LONG["normal"] - 80 + 10 * turn) for turn in range(9)]
    assert mounted(bars, ["turn"] * 9, faint, silences) == ["listen"] * 8 + ["speak"]
    assert mounted(bars, ["turn", *["nothing"] * 8], faint, silences)[-1] == "speak", "it is still owed an answer"
    assert set(mounted(bars, ["turn"] * 9, faint)) == {"listen"}, "it is not silent"
    assert set(mounted(bars, ["turn"] * 9, dict.fromkeys(range(9), 0.01), silences)) == {"listen"}, "no hint at all"
    assert set(mounted(bars, ["nothing"] * 9, faint, silences)) == {"listen"}, "nobody is owed anything"


def test_a_voice_far_behind_a_caller_who_is_silent_breaks_no_silence_and_may_be_yielded_to():
    talk = Talk()
    talk.go(notes=(NOTE,), doing="turn")
    long = LONG["normal"]
    assert talk.conduct.decide(*leaning(0.02), one_of(DOINGS, "turn"), 0, long - 1).act == "listen"
    assert talk.conduct.decide(*leaning(0.02), one_of(DOINGS, "turn"), 0, long).act == "speak"
    heard = wanted("yield"), np.zeros(1024, np.float32), one_of(DOINGS, "cut")
    assert talk.conduct.decide(*heard, 0, 200).act == "yield", "whoever is heard now may be the caller, for all we know"


def test_who_was_answered_is_owed_nothing_until_it_speaks_again():
    talk = Talk()
    talk.go(notes=(NOTE,), doing="turn")
    assert talk.conduct.decide(*leaning(0.9), one_of(DOINGS, "nothing")).act == "speak"
    talk.conduct.over()
    talk.go(notes=(replace(NOTE, id="n2"),))
    assert talk.conduct.decide(*leaning(0.02), one_of(DOINGS, "nothing"), 200).act == "listen"
    assert talk.conduct.decide(*leaning(0.0), one_of(DOINGS, "turn"), 0).act == "listen"
    assert talk.conduct.decide(*leaning(0.02), one_of(DOINGS, "nothing"), 200).act == "speak"


def test_a_silence_before_the_caller_takes_the_floor_is_no_pause_of_its():
    """Eight seconds of our own speech, and then a caller whom the ear has not heard yet."""
    talk = Talk()
    talk.go(notes=(NOTE,))
    hint, turn = leaning(0.02), one_of(DOINGS, "turn")
    heard = [talk.conduct.decide(*hint, turn, silent).act for silent in (400, 410, 0, 10, LONG["normal"])]
    assert heard == ["listen"] * 4 + ["speak"]


def test_nobody_yields_to_a_long_silence():
    talk = Talk()
    talk.go(notes=(NOTE,))
    talk.go("speak")
    acts = [
        talk.conduct.decide(wanted("yield"), np.zeros(1024, np.float32), one_of(DOINGS, "story"), n) for n in (90, 0)
    ]
    assert [choice.act for choice in acts] == ["go on", "yield"]


def test_a_patient_line_takes_no_hints_for_a_second_more():
    faint = dict.fromkeys(range(40), 0.02)
    silences = [10 * turn for turn in range(15)]
    patient = mounted(Thresholds(), ["turn"] * 15, faint, silences, Policy(eagerness="patient"))
    assert patient.index("speak") - mounted(Thresholds(), ["turn"] * 15, faint, silences).index("speak") == 5


@pytest.mark.parametrize(("chance", "speaking"), [(0.78, {"eager"}), (0.9, {"eager", "normal"}), (0.97, set(LEANING))])
def test_patience_takes_a_better_chance(chance, speaking):
    spoke = {
        how
        for how in LEANING
        if mounted(Thresholds(speak=0.85, mounting=1.6), ["turn"], {0: chance}, None, Policy(eagerness=how))[0]
        == "speak"
    }
    assert spoke == speaking


NORMAL = Policy()


def leaning(chance):
    """A network's acts and openings that wants to speak with this chance."""
    act = np.log(np.array([1 - chance, max(chance, 1e-9), 1e-9, 1e-9, 1e-9], np.float32))
    return act, np.zeros(1024, np.float32)


def mounted(thresholds, doings, chances=MappingProxyType({}), silences=(), policy=NORMAL):
    """Acts of a network that wants to speak with a chance of a third, or with another in some turns."""
    conduct = Conduct(PIECES, policy, thresholds)
    found = []
    for turn, doing in enumerate(doings):
        conduct.told(turn * TURN, ())
        conduct.tokens()
        silent = silences[turn] if silences else 0
        found.append(conduct.decide(*leaning(chances.get(turn, 1 / 3)), one_of(DOINGS, doing), silent).act)
    return found


def test_chances_are_of_the_acts_that_are_possible():
    chances = Talk().go("yield").chances
    assert chances.yield_ == 0
    assert chances.speak == pytest.approx(chances.ask) == pytest.approx(0.25)
    assert softmax(np.array([1e4, 0, -1e4], np.float32)).tolist() == [1, 0, 0]


def test_the_same_seed_chooses_the_same_words():
    def words(seed):
        talk = Talk(seed=seed)
        return [talk.go("speak", turns=2).script for _ in range(8)] + [talk.conduct.over()]

    assert words(3) == words(3)


MORE = Note("n2", "say", "It leaves on Monday.")


def spoken(*notes, said=()):
    """A talk in which these notes are being said, of some of which there was a word."""
    talk = Talk()
    talk.go(notes=notes)
    assert [name for name, _ in talk.go("speak").script] == [note.id for note in notes]
    for name in said:
        talk.conduct.said("words", name)
    return talk


@pytest.mark.parametrize(
    ("said", "waiting"), [((), ("n1", "n2")), (("n1",), ("n2",)), (("n1", "n2"), ()), (("n2",), ("n1",))]
)
@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "yielded"])
def test_notes_of_which_no_word_was_said_wait_again_after_giving_way(said, waiting, stopped):
    talk = spoken(NOTE, MORE, said=said)
    talk.conduct.stopped() if stopped else talk.go("yield", doing="cut")
    assert tuple(note.id for note in talk.conduct.waiting) == waiting
    assert talk.conduct.line == (1 if waiting else 0)
    again = talk.go("speak", "<note>")
    assert tuple(name for name, _ in again.script if name) == waiting


def test_notes_that_wait_again_come_before_those_that_came_meanwhile():
    talk = spoken(NOTE, MORE, said=("n1",))
    talk.go("yield", doing="cut", notes=(Note("n3", "say", "Anything else?"),))
    assert [note.id for note in talk.conduct.waiting] == ["n2", "n3"]


def test_a_note_that_was_taken_back_while_it_was_to_be_said_does_not_wait_again():
    talk = spoken(NOTE, MORE)
    talk.go("speak", notes=(Note("n3", "say", "It costs $43.", supersedes=("n1",)),))
    assert talk.stop == {"n1"}
    talk.conduct.stopped()
    assert [note.id for note in talk.conduct.waiting] == ["n2", "n3"]


def test_a_note_that_expired_while_it_was_to_be_said_does_not_wait_again():
    talk = spoken(NOTE, Note("n2", "say", "The line is free.", expires=3 * TURN))
    talk.go("speak")
    talk.go("yield")
    assert [note.id for note in talk.conduct.waiting] == ["n1"]


def test_a_note_that_was_said_to_its_end_does_not_wait_again():
    talk = spoken(NOTE)
    talk.conduct.over()
    talk.go("yield")
    assert talk.conduct.waiting == ()


def pressed(chances, thresholds):
    """Acts of a network that speaks and wants to yield with these chances, turn by turn."""
    talk = Talk(thresholds=thresholds)
    talk.go("speak", notes=(NOTE,))
    return [yielding(talk, chance) for chance in chances]


def yielding(talk, chance):
    act = np.log(np.array([1e-9, 1 - chance, 1e-9, chance, 1e-9], np.float32))
    return talk.conduct.decide(act, np.zeros(1024, np.float32), one_of(DOINGS, "cut")).act


def test_a_small_chance_of_yielding_that_lasts_is_taken_and_what_is_hardly_there_begins_anew():
    bars = Thresholds(yield_=0.6, pressing=1.1)
    go = ["go on"]
    assert pressed([0.3] * 4, bars) == [*go * 3, "yield"]
    assert pressed([0.7], bars) == ["yield"]
    assert pressed([0.3, 0.3, 0.3, 0.1, 0.3, 0.3, 0.3, 0.3], bars) == [*go * 7, "yield"]
    assert pressed([0.19] * 40, bars) == go * 40
    assert pressed([0.5] * 40, replace(bars, pressing=99.0)) == go * 40


def test_what_pressed_while_something_was_said_does_not_press_on_what_is_said_next():
    talk = Talk(thresholds=Thresholds(yield_=0.6, pressing=1.1))
    talk.go("speak", notes=(NOTE,))
    assert [yielding(talk, 0.5) for _ in range(2)] == ["go on"] * 2
    talk.conduct.over()
    talk.go("speak", notes=(MORE,))
    assert [yielding(talk, 0.5) for _ in range(3)] == ["go on", "go on", "yield"]
