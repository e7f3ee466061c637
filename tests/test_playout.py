"""What the caller has really heard, in samples, by hand-made sequences."""

import pytest

from callcenter.events import Clear, Mark, Send
from callcenter.playout import CLEAR_OVER, Playout, Said
from callcenter.units import FRAME, RATE, SILENT_FRAME, SILENT_TURN, TURN

LOUD = bytes([0x10])


def frames(commands):
    return [c.frame for c in commands if isinstance(c, Send)]


def names(commands):
    return [c.name for c in commands if isinstance(c, Mark)]


def ticks(playout, at, count, step=FRAME):
    """So many ticks, 20 ms apart; the frames sent and the clock afterwards."""
    sent = []
    for _ in range(count):
        sent += frames(playout.tick(at))
        at += step
    return sent, at


def test_the_first_tick_sends_the_lead_in_silence_and_a_mark():
    playout = Playout(marks=True, lead=3 * FRAME)
    commands = playout.tick(400)
    assert frames(commands) == [SILENT_FRAME] * 4
    assert names(commands) == [str(3 * FRAME)]
    assert playout.lag(400) == 4 * FRAME


def test_an_empty_queue_is_silence_and_a_full_one_is_sent_in_order():
    playout = Playout(marks=False, lead=0)
    playout.say(LOUD * FRAME + bytes([0x20]) * FRAME)
    sent, _ = ticks(playout, 0, 3)
    assert sent == [LOUD * FRAME, bytes([0x20]) * FRAME, SILENT_FRAME]


@pytest.mark.parametrize("sizes", [(1, 159, 320), (7, 300, 13), (480,), (479, 1)])
def test_pieces_of_any_length_join_without_a_gap(sizes):
    playout = Playout(marks=False, lead=0)
    audio = bytes(i % 100 for i in range(sum(sizes)))
    at = 0
    for size in sizes:
        playout.say(audio[at : at + size])
        at += size
    sent, _ = ticks(playout, 0, 4)
    assert b"".join(sent)[: len(audio)] == audio


def test_what_was_played_follows_the_marks():
    """The carrier plays 200 ms after we send: the recording shows the voice there, not where it was sent."""
    playout = Playout(marks=True, lead=0)
    delay = TURN
    at = 0
    pending = []
    for tick in range(60):
        if tick == 20:
            playout.say(LOUD * FRAME)
            spoken_at = at
        for command in playout.tick(at):
            if isinstance(command, Mark):
                pending.append((at + delay, command.name))
        at += FRAME
        while pending and pending[0][0] <= at:
            due, name = pending.pop(0)
            playout.marked(due, name)
    heard = playout.played(0, 40 * FRAME)
    assert heard.index(LOUD) == spoken_at + delay
    assert heard.count(LOUD) == FRAME


def test_a_wandering_mark_of_less_than_three_milliseconds_does_not_move_the_recording():
    playout = Playout(marks=True, lead=0)
    at = 0
    for tick in range(100):
        for command in playout.tick(at):
            if isinstance(command, Mark):
                playout.marked(at + 100 + (tick * 7) % 20, command.name)
        at += FRAME
        if tick == 40:
            settled = playout.offset
    assert playout.offset == settled


def test_the_delay_of_a_stall_is_gone_at_the_next_pause():
    """A continuous voice whose turns arrive in a flood is cut where it is quiet, and only there."""
    playout = Playout(marks=False, lead=0)
    voice = LOUD * (TURN // 2) + SILENT_TURN[: TURN // 2]
    for _ in range(4):
        playout.say(voice)
    assert playout.queued < 4 * TURN
    sent, _ = ticks(playout, 0, 40)
    assert b"".join(sent).count(LOUD) == 4 * TURN // 2
    assert playout.dropped > 0


def test_speech_in_one_long_piece_keeps_its_pauses():
    playout = Playout(marks=False, lead=0)
    playout.say(LOUD * TURN + SILENT_TURN + LOUD * TURN, "one two")
    playout.say(LOUD * FRAME)
    assert playout.queued == 3 * TURN + FRAME


def test_text_counts_as_heard_when_its_last_sample_was():
    playout = Playout(marks=False, lead=0)
    playout.say(LOUD * TURN, "your order")
    _, at = ticks(playout, 0, 9)
    assert playout.reached(at) == []
    _, at = ticks(playout, at, 1)
    assert playout.reached(at) == [Said(0, TURN, "your order")]


def test_a_flush_strikes_the_words_that_were_not_heard():
    playout = Playout(marks=False, lead=0)
    playout.say(LOUD * (4 * FRAME), "one two three four")
    playout.say(LOUD * FRAME, "five")
    _, at = ticks(playout, 0, 2)
    commands, said = playout.flush(at)
    assert commands == []
    assert [(s.text, s.unheard) for s in said] == [("one two", "three four"), ("", "five")]
    sent, _ = ticks(playout, at, 2)
    assert sent == [SILENT_FRAME] * 2


def test_a_carrier_that_holds_little_is_not_cleared_and_one_that_holds_much_is():
    playout = Playout(marks=True, lead=2 * FRAME)
    playout.say(LOUD * RATE, "a long sentence")
    _, at = ticks(playout, 0, 5)
    assert playout.lag(at) <= CLEAR_OVER
    assert playout.flush(at)[0] == []
    late = Playout(marks=True, lead=2 * FRAME)
    late.say(LOUD * RATE, "a long sentence")
    for _ in range(20):
        late.tick(0)
    assert late.flush(0)[0] == [Clear()]


def test_after_a_clear_the_lead_is_given_again_and_old_marks_mean_nothing():
    playout = Playout(marks=True, lead=2 * FRAME)
    playout.say(LOUD * RATE, "a b c d e f g h i j")
    marks = [name for _ in range(20) for name in names(playout.tick(0))]
    playout.flush(100)
    commands = playout.tick(100)
    assert len(frames(commands)) == 3
    before = playout.offset
    for name in marks:
        playout.marked(5_000, name)
    assert playout.offset == before


def test_what_a_clear_flushed_is_not_in_the_recording():
    playout = Playout(marks=True, lead=0)
    playout.say(LOUD * (20 * FRAME), "words")
    for _ in range(20):
        playout.tick(0)
    playout.flush(5 * FRAME)
    heard = playout.played(0, 2 * TURN)
    assert heard.count(LOUD) == 5 * FRAME


def test_windows_that_nobody_asks_for_again_are_forgotten():
    playout = Playout(marks=False, lead=0)
    at = 0
    for turn in range(500):
        _, at = ticks(playout, at, 10)
        playout.played(turn * TURN, TURN)
    assert len(playout._ahead) <= 2 * TURN


def test_idle_is_nothing_queued_and_everything_heard():
    playout = Playout(marks=False, lead=0)
    assert playout.idle
    playout.say(LOUD * FRAME, "hm")
    assert not playout.idle
    _, at = ticks(playout, 0, 3)
    playout.reached(at)
    assert playout.idle


@pytest.mark.parametrize("name", ["", "nonsense", "-1", "99999999", "end"])
def test_a_mark_that_is_not_ours_changes_nothing(name):
    playout = Playout(marks=True, lead=0)
    ours = names(playout.tick(0))
    playout.marked(3_000, name)
    assert playout.offset == 0
    playout.marked(700, ours[0])
    assert playout.offset == 700


def test_a_carrier_that_never_echoes_costs_no_memory():
    playout = Playout(marks=True, lead=0)
    for turn in range(10_000):
        for frame in range(10):
            playout.tick(turn * TURN + frame * FRAME)
        playout.played(turn * TURN, TURN)
    assert len(playout._pending) <= 512
