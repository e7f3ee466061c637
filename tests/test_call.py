"""The call, event by event: what happens and what is commanded. Time is samples; nothing waits."""

import numpy as np
import pytest

from callcenter.audio import encode
from callcenter.call import DEAF_AFTER, DRAIN_AT_MOST, GONE_AFTER, HOLD_AFTER, SAY_WITHIN, STUCK_AFTER, Call, Setup
from callcenter.carriers import Caps
from callcenter.events import (
    Ask,
    Asked,
    Backchannelled,
    Broke,
    Clear,
    Delivered,
    Detected,
    Directed,
    Fault,
    HangUp,
    Hear,
    Late,
    Lost,
    Mark,
    Marked,
    Note,
    Noted,
    Phrase,
    Pressed,
    Rang,
    Record,
    Send,
    Spoken,
    Started,
    Stopped,
    Surmised,
    Ticked,
    Trace,
    Transfer,
    TurnHeard,
    Understood,
    Use,
    Utter,
    Withdrawn,
    Yielded,
)
from callcenter.units import FRAME, RATE, SILENT_FRAME, SILENT_TURN, TURN

CAPS = Caps(name="test", marks=True, clear=True, dtmf_in=True, dtmf_out=False, max_message=65_536)
NO_MARKS = Caps(name="bare", marks=False, clear=False, dtmf_in=False, dtmf_out=False, max_message=65_536)
LOUD = bytes([0x10])
PHRASES = {
    name: Phrase(text, LOUD * (3 * FRAME))
    for name, text in {"hold": "one moment", "sorry": "i am sorry", "goodbye": "goodbye", "transfer": "hold on"}.items()
}


SYLLABLES = np.where(np.arange(TURN) < 1_000, 8_000, 80)
TALKING = encode((np.random.default_rng(1).uniform(-1, 1, TURN) * SYLLABLES).astype(np.int16))


class Stage:
    """A call with a carrier that plays what it gets, `delay` late, and a caller who is heard turn by turn."""

    def __init__(self, setup=None, delay=0, **changes):
        self.call = Call(setup or Setup(**{"caps": CAPS, "duplex": "parrot", "phrases": PHRASES, **changes}))
        self.at = 0
        self.turn = 0
        self.delay = delay
        self.marks = []
        self.commands = []
        self.feed(Started("MZ1", "CA1"))

    def feed(self, event):
        commands = self.call.receive(self.at, event)
        for command in commands:
            if isinstance(command, Mark):
                self.frames = sum(isinstance(c, Send) for c in self.commands + commands[: commands.index(command)])
                self.marks.append((self.frames * FRAME + self.delay, command.name))
        self.commands += commands
        return commands

    def pass_time(self, samples, *, answer=True, audio=SILENT_TURN, hear=True):
        """Ticks, marks and turns go by; a duplex answers each turn with silence unless told otherwise."""
        out = []
        for _ in range(samples // FRAME):
            while self.marks and self.marks[0][0] <= self.at:
                out += self.feed(Marked(self.marks.pop(0)[1]))
            out += self.feed(Ticked())
            self.at += FRAME
            if hear and self.at % TURN == 0:
                out += self.feed(TurnHeard(self.turn, audio))
                if answer:
                    out += self.feed(Spoken(self.turn))
                self.turn += 1
        return out

    def sent(self):
        return b"".join(c.frame for c in self.commands if isinstance(c, Send))


def kinds(commands, *types):
    return [c for c in commands if isinstance(c, types)]


def test_every_turn_heard_goes_to_the_duplex_with_what_was_played():
    stage = Stage()
    stage.feed(Spoken(0, LOUD * TURN))
    commands = stage.pass_time(3 * TURN)
    heard = [c.heard for c in kinds(commands, Hear)]
    assert [h.turn for h in heard] == [0, 1, 2]
    assert sum(h.played.count(LOUD) for h in heard) == TURN


def test_what_the_duplex_says_leaves_in_the_next_frame():
    stage = Stage()
    stage.pass_time(TURN)
    stage.feed(Spoken(0, LOUD * TURN))
    commands = stage.pass_time(FRAME, hear=False)
    assert kinds(commands, Send)[0].frame == LOUD * FRAME


def test_the_greeting_is_spoken_when_the_stream_opens():
    stage = Stage(phrases={"greeting": Phrase("hello", LOUD * FRAME)})
    commands = stage.pass_time(RATE)
    assert stage.sent().count(LOUD) == FRAME
    assert [u.text for u in kinds(commands, Utter)] == ["hello"]


def test_a_caller_who_talks_over_the_agent_silences_it():
    stage = Stage()
    stage.feed(Spoken(0, LOUD * (4 * TURN), said_text="your order four two one seven shipped"))
    stage.pass_time(2 * TURN, answer=False)
    before = stage.sent().count(LOUD)
    commands = stage.feed(Spoken(1, None, acts=(Yielded(),)))
    stage.pass_time(4 * TURN)
    assert stage.sent().count(LOUD) == before
    (line,) = kinds(commands, Utter)
    assert line.text
    assert line.unheard
    assert f"{line.text} {line.unheard}" == "your order four two one seven shipped"


def test_yielding_clears_a_carrier_that_holds_more_than_a_breath():
    stage = Stage(delay=RATE)
    stage.pass_time(2 * RATE)
    stage.feed(Spoken(stage.turn, LOUD * RATE, said_text="one two three four"))
    stage.pass_time(TURN, answer=False)
    commands = stage.feed(Spoken(stage.turn, None, acts=(Yielded(),)))
    assert kinds(commands, Clear) == [Clear()]


def test_a_backchannel_does_not_silence_anything():
    stage = Stage()
    stage.feed(Spoken(0, LOUD * TURN, acts=(Backchannelled("mm-hmm"),)))
    stage.pass_time(2 * TURN)
    assert stage.sent().count(LOUD) == TURN


def test_words_of_the_caller_become_a_line_after_a_pause():
    stage = Stage()
    stage.pass_time(TURN, answer=False)
    stage.feed(Spoken(0, heard_text="where is"))
    stage.pass_time(TURN, answer=False)
    stage.feed(Spoken(1, heard_text="my order"))
    (line,) = kinds(stage.pass_time(2 * RATE), Utter)
    assert (line.side, line.text, line.start) == ("caller", "where is my order", 0)


def test_a_question_for_the_background_is_asked():
    stage = Stage()
    commands = stage.feed(Spoken(0, heard_text="my bill", acts=(Asked("billing"),)))
    assert kinds(commands, Ask) == [Ask("billing", "my bill")]


def test_notes_reach_the_duplex_once_and_superseded_or_stale_ones_never():
    stage = Stage()
    stage.feed(Noted(Note("a", "say", "it ships on friday")))
    stage.feed(Noted(Note("b", "say", "it ships on monday", supersedes=("a",))))
    stage.feed(Noted(Note("c", "know", "too late", expires=0)))
    stage.feed(Noted(Note("a", "say", "it ships on friday")))
    commands = stage.pass_time(3 * TURN)
    given = [n.id for c in kinds(commands, Hear) for n in c.heard.notes]
    assert given == ["b"]
    assert kinds(commands, Fault) == [Fault("stale", "c")]


@pytest.mark.parametrize(
    ("digits", "gaps", "entries"),
    [
        ("42#", (0, 0), ["42#"]),
        ("42", (0,), ["42"]),
        ("1234", (0, 3 * RATE, 0), ["12", "34"]),
        ("1#2#", (0, 0, 0), ["1#", "2#"]),
    ],
)
def test_keys_pressed_together_are_one_entry(digits, gaps, entries):
    stage = Stage()
    for digit, gap in zip(digits, (*gaps, 3 * RATE), strict=True):
        stage.feed(Pressed(digit))
        stage.pass_time(gap)
    assert [a.text for a in kinds(stage.commands, Ask)] == entries
    assert [u.text for u in kinds(stage.commands, Utter)] == [f"pressed {d}" for d in digits]


def test_keys_are_sent_as_tones_where_the_carrier_has_no_message_for_them():
    stage = Stage()
    stage.feed(Directed("press", "42", by="supervisor"))
    stage.pass_time(RATE)
    assert len(stage.sent().translate(None, b"\xff\x7f")) > 2 * 700


def test_recording_pauses_and_resumes():
    stage = Stage()
    assert stage.feed(Directed("pause_recording")) == [Record(False)]
    assert stage.feed(Directed("resume_recording")) == [Record(True)]


# ------------------------------------------------------------------------------------------- words, notes, deliveries


def test_words_of_the_caller_are_told_as_they_come_and_once_more_when_they_are_over():
    stage = Stage()
    for turn, words in enumerate(["where is", "my order"]):
        stage.pass_time(TURN, answer=False)
        stage.feed(Spoken(turn, heard_text=words))
    stage.pass_time(2 * RATE)
    told = kinds(stage.commands, Understood)
    assert told == [
        Understood("where is"),
        Understood("where is my order"),
        Understood("where is my order", final=True),
    ]


@pytest.mark.parametrize(("voiced", "seconds"), [(0, 1.2), (3, 1.4), (300, 1.6)])
def test_a_line_of_the_caller_stays_open_while_a_voice_goes_on_for_its_words_come_late(voiced, seconds):
    stage = Stage()
    stage.pass_time(20 * TURN)
    stage.feed(Spoken(19, heard_text="november second"))
    turns = 0
    while Understood("november second", final=True) not in stage.commands:
        stage.pass_time(TURN, audio=TALKING if turns < voiced else SILENT_TURN)
        turns += 1
    assert turns * TURN / RATE == pytest.approx(seconds)


def test_what_seems_to_be_said_is_told_when_it_changes_and_kept_nowhere():
    stage = Stage()
    heard = [("", "where"), ("where is", "my"), ("", "my"), ("", "my order"), ("my", "border"), ("order", "")]
    for turn, (certain, hearing) in enumerate(heard):
        stage.pass_time(TURN, answer=False)
        stage.feed(Spoken(turn, heard_text=certain, hearing=hearing))
    stage.pass_time(2 * RATE)
    told = [c.text for c in kinds(stage.commands, Surmised)]
    assert told == ["where", "where is my", "where is my order", "where is my border", "where is my order"]
    assert [u.text for u in kinds(stage.commands, Utter)] == ["where is my order"]


SAY = Note("n1", "say", "it ships on friday")


def test_a_note_is_delivered_word_by_word_and_complete_with_its_last():
    stage = Stage()
    stage.feed(Noted(SAY))
    stage.pass_time(TURN)
    for words in ("it ships", "on friday"):
        stage.feed(Spoken(stage.turn, LOUD * TURN, said_text=words, note="n1"))
    commands = stage.pass_time(RATE)
    assert kinds(commands, Delivered) == [Delivered("n1", "it ships"), Delivered("n1", "it ships on friday", True)]


def test_a_note_cut_off_by_the_caller_is_delivered_in_part():
    stage = Stage()
    stage.feed(Noted(SAY))
    stage.feed(Spoken(0, LOUD * (4 * TURN), said_text=SAY.text, note="n1"))
    stage.pass_time(2 * TURN, answer=False)
    commands = stage.feed(Spoken(1, None, acts=(Yielded(),)))
    (delivered,) = kinds(commands, Delivered)
    assert not delivered.complete
    assert SAY.text.startswith(delivered.text)


def test_a_withdrawn_note_is_never_given_or_taken_back_from_who_has_it():
    stage = Stage()
    stage.feed(Noted(SAY))
    stage.feed(Withdrawn("n1"))
    assert not [c for c in kinds(stage.pass_time(TURN), Hear) if c.heard.notes]
    stage.feed(Noted(Note("n2", "say", "or on monday")))
    stage.pass_time(TURN)
    stage.feed(Withdrawn("n2"))
    (note,) = [n for c in kinds(stage.pass_time(TURN), Hear) for n in c.heard.notes]
    assert (note.kind, note.supersedes) == ("know", ("n2",))


def test_what_is_queued_of_a_superseded_note_is_not_spoken():
    stage = Stage()
    stage.feed(Noted(SAY))
    stage.feed(Spoken(0, LOUD * RATE, said_text=SAY.text, note="n1"))
    stage.pass_time(2 * FRAME, answer=False, hear=False)
    before = stage.sent().count(LOUD)
    stage.feed(Noted(Note("n2", "say", "it was cancelled", supersedes=("n1",))))
    stage.pass_time(RATE)
    assert stage.sent().count(LOUD) == before


@pytest.mark.parametrize(
    ("order", "last"),
    [
        (Directed("hang_up", "done", when_said=True), HangUp("done")),
        (Directed("transfer", "person", by="asked", when_said=True), Transfer("person", "asked")),
    ],
)
def test_leaving_waits_for_the_last_note_and_adds_no_word_of_its_own(order, last):
    stage = Stage()
    stage.feed(Noted(SAY))
    stage.feed(order)
    assert kinds(stage.pass_time(3 * RATE), HangUp, Transfer) == []
    stage.feed(Spoken(stage.turn, LOUD * TURN, said_text=SAY.text, note="n1"))
    assert kinds(stage.pass_time(2 * RATE), HangUp, Transfer) == [last]
    assert stage.sent().count(LOUD) == TURN


def test_a_leaving_whose_note_is_never_spoken_does_not_wait_for_ever():
    stage = Stage()
    stage.feed(Noted(SAY))
    stage.feed(Directed("hang_up", "done", when_said=True))
    assert kinds(stage.pass_time(SAY_WITHIN + 4 * RATE), HangUp) == [HangUp("done")]


def test_a_fallback_is_given_what_was_not_heard_yet():
    stage = Stage(fallback="turnbased")
    stage.feed(Noted(SAY))
    stage.pass_time(TURN)
    stage.feed(Lost("gone"))
    given = [n.id for c in kinds(stage.pass_time(TURN), Hear) for n in c.heard.notes]
    assert given == ["n1"]


# ------------------------------------------------------------------------------------------------------ leaving


def test_a_hang_up_waits_for_its_last_word_to_be_heard():
    stage = Stage()
    stage.pass_time(RATE)
    assert stage.feed(Directed("hang_up", "finished")) == []
    said = []
    while not kinds(said, HangUp):
        said += stage.pass_time(FRAME)
        assert stage.at < 5 * RATE
    assert kinds(said, HangUp) == [HangUp("finished")]
    assert stage.sent().count(LOUD) == 3 * FRAME
    assert [u.text for u in kinds(said, Utter)] == ["goodbye"]
    assert stage.pass_time(RATE) == []


def test_a_barge_in_cannot_bring_a_leaving_call_back():
    stage = Stage()
    stage.feed(Directed("hang_up"))
    stage.feed(Spoken(0, LOUD * RATE, said_text="wait", acts=(Yielded(),)))
    stage.pass_time(4 * RATE)
    assert stage.call.phase == "over"
    assert stage.sent().count(LOUD) == 3 * FRAME


def test_a_carrier_that_never_echoes_the_last_mark_is_not_waited_for_longer_than_three_seconds():
    stage = Stage(delay=60 * RATE)
    stage.feed(Directed("hang_up"))
    commands = stage.pass_time(DRAIN_AT_MOST + 10 * FRAME)
    assert kinds(commands, HangUp)


def test_a_carrier_without_marks_is_left_when_the_words_must_have_been_heard():
    stage = Stage(caps=NO_MARKS)
    stage.feed(Directed("hang_up"))
    assert kinds(stage.pass_time(RATE // 2), HangUp)


def test_a_transfer_speaks_and_then_leaves_the_caller_to_the_carrier():
    stage = Stage()
    stage.feed(Directed("transfer", "person", by="asked"))
    commands = stage.pass_time(RATE)
    assert kinds(commands, Transfer, HangUp) == [Transfer("person", "asked")]


@pytest.mark.parametrize(
    ("event", "last"),
    [
        (Stopped(), HangUp("hangup")),
        (Broke("not_json", "x"), HangUp("not_json")),
    ],
)
def test_a_stream_that_ends_ends_the_call_at_once_with_its_transcript(event, last):
    stage = Stage()
    stage.feed(Spoken(0, LOUD * RATE, said_text="a b c d", heard_text="hello"))
    stage.pass_time(TURN * 2)
    commands = stage.feed(event)
    assert commands[-1] == last
    assert {u.side for u in kinds(commands, Utter)} == {"caller", "agent"}
    assert stage.feed(Ticked()) == []


def test_an_answering_machine_is_hung_up_on_if_so_set():
    assert kinds([*Stage(on_machine="stay").feed(Detected("machine"))], HangUp) == []
    stage = Stage(on_machine="hang_up")
    stage.feed(Detected("machine"))
    assert kinds(stage.pass_time(RATE), HangUp) == [HangUp("machine")]


@pytest.mark.parametrize("limit", ["length_limit", "silence_limit"])
def test_limits_end_a_call_with_a_goodbye(limit):
    stage = Stage(**{limit: 5 * RATE})
    commands = stage.pass_time(7 * RATE)
    assert kinds(commands, HangUp) == [HangUp(limit.split("_")[0])]
    assert "goodbye" in [u.text for u in kinds(commands, Utter)]


def test_a_voice_keeps_the_silence_limit_away():
    stage = Stage(silence_limit=3 * RATE)
    for _ in range(4):
        stage.feed(Spoken(stage.turn, LOUD * TURN, said_text="word"))
        stage.pass_time(2 * RATE)
    assert stage.call.phase == "open"


# ------------------------------------------------------------------------------------------------- things that fail


def test_a_lost_duplex_is_replaced_and_the_caller_hears_a_sentence_at_once():
    stage = Stage(fallback="turnbased")
    stage.feed(Spoken(0, LOUD * RATE, said_text="something long that will be cut off here"))
    stage.pass_time(TURN, answer=False)
    before = stage.sent().count(LOUD)
    commands = stage.feed(Lost("gone"))
    assert kinds(commands, Use) == [Use("turnbased")]
    stage.pass_time(RATE)
    assert stage.sent().count(LOUD) - before == 3 * FRAME
    assert stage.call.phase == "open"


@pytest.mark.parametrize(("rescue", "last"), [("", HangUp("lost")), ("person", Transfer("person", "lost"))])
def test_when_the_last_duplex_is_lost_the_caller_hears_sorry_and_is_passed_on(rescue, last):
    stage = Stage(fallback="turnbased", rescue=rescue)
    stage.feed(Lost("first"))
    stage.feed(Lost("second"))
    commands = stage.pass_time(2 * RATE)
    assert kinds(commands, HangUp, Transfer) == [last]
    assert "i am sorry" in " ".join(u.text for u in kinds(commands, Utter))


def test_a_duplex_that_owes_answers_is_covered_for_and_then_given_up():
    stage = Stage(fallback="turnbased")
    stage.pass_time(RATE)
    commands = stage.pass_time(HOLD_AFTER + TURN, answer=False)
    assert [f.kind for f in kinds(commands, Fault)] == ["held"]
    commands = stage.pass_time(STUCK_AFTER - HOLD_AFTER, answer=False)
    assert kinds(commands, Use) == [Use("turnbased")]


def test_being_late_is_reported_and_changes_nothing():
    stage = Stage()
    assert stage.feed(Late(3, 250)) == [Fault("late", "turn 3 took 250 ms")]
    assert stage.call.phase == "open"


def test_a_carrier_that_goes_quiet_is_noted_and_then_left():
    stage = Stage()
    stage.pass_time(RATE)
    commands = stage.pass_time(DEAF_AFTER + RATE, hear=False)
    assert [f.kind for f in kinds(commands, Fault)] == ["deaf"]
    commands = stage.pass_time(GONE_AFTER, hear=False)
    assert kinds(commands, HangUp) == [HangUp("gone")]


def test_frames_keep_leaving_whatever_the_duplex_does():
    stage = Stage()
    stage.pass_time(3 * RATE, answer=False)
    assert len(stage.sent()) >= 3 * RATE


def test_the_trace_shows_both_voices_where_they_were():
    stage = Stage()
    stage.pass_time(2 * RATE)
    stage.feed(Spoken(stage.turn, LOUD * TURN, said_text="hm"))
    traces = kinds(stage.pass_time(RATE), Trace)
    assert "1" in "".join(t.agent for t in traces)
    assert all(len(t.agent) == len(t.caller) == 10 for t in traces)


def test_the_same_events_give_the_same_commands():
    script = [
        (0, Rang("+15550100", "+15550199")),
        (0, Started("MZ1", "CA1")),
        (100, Ticked()),
        (1_600, TurnHeard(0, LOUD * TURN)),
        (1_650, Spoken(0, LOUD * 700, "well", "hello")),
        (1_700, Ticked()),
        (1_900, Pressed("5")),
        (3_200, TurnHeard(1, SILENT_TURN)),
        (3_300, Lost("x")),
        (3_400, Ticked()),
        (9_999, Stopped()),
    ]
    setup = Setup(caps=CAPS, duplex="parrot", phrases=PHRASES)
    one, other = Call(setup), Call(setup)
    assert [one.receive(*row) for row in script] == [other.receive(*row) for row in script]


def test_silence_is_what_a_call_sends_before_anybody_speaks():
    stage = Stage()
    stage.pass_time(TURN)
    assert set(stage.sent()) == set(SILENT_FRAME)
