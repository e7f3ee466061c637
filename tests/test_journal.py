"""A journal holds all that happened, says the same when it is replayed, and is readable wherever it was cut."""

import json
from dataclasses import replace

import pytest
from journalled import SETUP, Kept, converse

from callcenter.call import Call
from callcenter.codec import JournalError
from callcenter.events import (
    Detected,
    Directed,
    Floor,
    Hear,
    Heard,
    Lost,
    Mark,
    Note,
    Noted,
    Pressed,
    Send,
    Spoken,
    Stopped,
    Ticked,
    TurnHeard,
)
from callcenter.journal import LONGEST_RUN, Silence, lost, read, replay
from callcenter.units import FRAME, SILENT_FRAME, SILENT_TURN, TURN

EXTRA = {
    3: [Pressed("1"), Pressed("#")],
    5: [Noted(Note("n1", "say", "Your order shipped.", supersedes=("n0",)))],
    7: [Detected("human"), Directed("press", "12")],
    9: [Lost("crashed")],
    14: [Directed("hang_up", by="anna")],
}


class Witness:
    """Remembers what a journal is told."""

    def __init__(self, kept):
        self.kept, self.seen = kept, []

    def add(self, at, event, commands):
        self.kept.add(at, event, commands)
        self.seen.append((at, event, tuple(commands)))


@pytest.fixture(scope="module")
def talk():
    witness = Witness(Kept())
    converse(witness, 18, EXTRA)
    witness.kept.remark(kind="status", call_status="completed")
    witness.kept.end()
    return witness


def make_call(header):
    return Call(SETUP)


def test_everything_that_happened_is_in_the_journal(talk):
    happened, commanded = [], []
    for line in read(talk.kept.lines, talk.kept):
        happened += [(at, Ticked()) for at in line.ticks]
        if line.event is not None:
            happened.append((line.at, line.event))
            commanded += line.commands
    assert happened == [(at, event) for at, event, _ in talk.seen][: len(happened)]
    assert all(isinstance(event, Ticked) for _, event, _ in talk.seen[len(happened) :])
    told = [c for _, _, commands in talk.seen for c in commands if not isinstance(c, Send | Hear)]
    assert commanded == told
    assert any(line.notes for line in read(talk.kept.lines, talk.kept))


def test_lines_are_numbered_and_one_event_is_one_line(talk):
    lines = list(read(talk.kept.lines))
    assert [line.n for line in lines] == list(range(len(lines)))
    assert lines[0].header == {"version": 1, "call_id": "c1"}
    assert lines[-2].remark == {"kind": "status", "call_status": "completed"}
    assert lines[-1].end["reason"] == "hangup"
    assert all(text.count(b"\n") == 1 for text in talk.kept.lines)


def test_a_journal_replays_to_the_same_commands_bit_for_bit(talk):
    assert replay(talk.kept.lines, talk.kept, make_call) is None


@pytest.mark.parametrize("seed", range(5))
def test_every_conversation_replays(seed):
    kept = Kept()
    converse(kept, 12, EXTRA, seed=seed)
    kept.end()
    assert replay(kept.lines, kept, make_call) is None


def changed(kept, n, old, new):
    lines = list(kept.lines)
    assert old in lines[n], lines[n]
    lines[n] = lines[n].replace(old, new, 1)
    return lines


def line_with(kept, text):
    return next(n for n, line in enumerate(kept.lines) if text in line)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"is":"Mark","name":"', b'"is":"Mark","name":"x'),
        (b'"is":"Utter","side":"agent"', b'"is":"Utter","side":"caller"'),
        (b'"is":"Clear"', b'"is":"Mark","name":"m"'),
        (b'"reason":"directed"', b'"reason":"other"'),
        (b'"digest":[', b'"digest":[1'),
    ],
)
def test_a_command_that_differs_is_found_where_it_is(talk, old, new):
    n = line_with(talk.kept, old)
    lines = changed(talk.kept, n, old, new)
    difference = replay(lines, talk.kept, make_call)
    assert difference is not None
    assert (difference.n, difference.recorded, difference.replayed) == (n, lines[n], talk.kept.lines[n])
    assert not difference.withheld


@pytest.mark.parametrize("channel", ["left", "duplex"])
def test_one_sample_that_differs_is_found_within_a_second_of_being_played(talk, channel):
    other = Kept()
    other.left, other.duplex = bytearray(talk.kept.left), bytearray(talk.kept.duplex)
    getattr(other, channel)[4 * TURN + 7] ^= 0x11
    difference = replay(talk.kept.lines, other, make_call)
    assert difference is not None
    assert 4 * TURN < difference.at < 4 * TURN + 4 * 8_000


def test_a_call_that_decides_otherwise_is_found(talk):
    difference = replay(talk.kept.lines, talk.kept, lambda header: Call(replace(SETUP, lead=SETUP.lead + FRAME)))
    assert difference is not None


class Hoarse(Call):
    """Sends other frames than it says it has played."""

    def receive(self, at, event):
        commands = super().receive(at, event)
        return [replace(c, frame=c.frame[::-1]) if isinstance(c, Send) else c for c in commands]


class Deaf(Call):
    """Sends the right frames but gives the duplex another idea of what was played."""

    def receive(self, at, event):
        commands = super().receive(at, event)
        return [replace(c, heard=replace(c.heard, played=SILENT_TURN)) if isinstance(c, Hear) else c for c in commands]


@pytest.mark.parametrize("other", [Hoarse, Deaf])
def test_audio_that_differs_is_found_though_every_command_agrees(talk, other):
    difference = replay(talk.kept.lines, talk.kept, lambda header: other(SETUP))
    assert difference is not None
    assert b"digest" in difference.recorded


def test_a_call_that_speaks_at_a_tick_where_it_was_silent_is_found():
    class Chatty(Call):
        def receive(self, at, event):
            extra = [Mark("surprise")] if event == Ticked() and at > 8_000 else []
            return [*super().receive(at, event), *extra]

    kept = Kept()
    converse(kept, 3)
    difference = replay(kept.lines, kept, lambda header: Chatty(SETUP))
    assert b"surprise" in difference.replayed


def test_a_call_after_a_pause_is_only_expected_to_agree_before_it():
    kept = Kept()
    converse(kept, 10, {4: [Directed("pause_recording")], 6: [Directed("resume_recording")]})
    difference = replay(kept.lines, kept, make_call)
    assert difference is None or (difference.withheld and difference.at >= 4 * 8_000)


def test_a_journal_cut_anywhere_is_the_beginning_of_the_whole(talk):
    whole = b"".join(talk.kept.lines[:40])
    every = list(read(talk.kept.lines[:40], talk.kept))
    for cut in range(len(whole)):
        lines = list(read(whole[:cut].splitlines(keepends=True), talk.kept))
        assert lines == every[: len(lines)]
        assert len(lines) == whole[:cut].count(b"\n")


@pytest.mark.parametrize("keep", [1, 2, 50, 151, -1])
def test_a_journal_that_was_cut_replays_as_far_as_it_goes(talk, keep):
    text = b"".join(talk.kept.lines[:keep])
    lines = (text + b'{"n":99').splitlines(keepends=True)
    assert replay(lines, talk.kept, make_call) is None


def test_the_line_that_closes_a_lost_journal_is_no_difference(talk):
    lines = talk.kept.lines[:50]
    last = {"n": 49, "at": 7_000}
    assert replay([*lines, lost(last, "gone")], talk.kept, make_call) is None
    assert json.loads(lost(last, "gone")) == {"n": 50, "at": 7_000, "end": {"state": "lost", "reason": "gone"}}


def test_a_journal_without_its_first_line_cannot_be_replayed(talk):
    with pytest.raises(JournalError):
        replay(talk.kept.lines[1:], talk.kept, make_call)


def test_ticks_wait_for_another_line_but_not_for_ever():
    kept = Kept()
    for tick in range(1, 130):
        kept.add(tick * FRAME + tick % 3, Ticked(), [Send(SILENT_FRAME)])
    assert len(kept.lines) == 1 + 129 // (LONGEST_RUN + 1)
    kept.end()
    ticks = [at for line in read(kept.lines) for at in (*line.ticks, *([line.at] if line.event else []))]
    assert ticks == [tick * FRAME + tick % 3 for tick in range(1, 130)]


def test_a_quiet_second_is_a_few_short_lines():
    kept = Kept()
    for tick in range(50):
        kept.add(tick * FRAME, Ticked(), [Send(SILENT_FRAME)])
        if tick % 10 == 9:
            kept.add(tick * FRAME, TurnHeard(tick // 10, SILENT_TURN), [Hear(Heard(tick // 10, SILENT_TURN))])
            kept.add(tick * FRAME, Spoken(tick // 10, floor=Floor(0.01, 0.02)), [])
    assert len(kept.lines) == 11
    assert sum(map(len, kept.lines)) < 1_500


def test_the_recording_keeps_both_channels_on_one_clock():
    kept = Kept()
    played = bytes(range(250)) * 6
    kept.add(TURN, TurnHeard(0, SILENT_TURN), [Hear(Heard(0, SILENT_TURN, played))])
    kept.add(2 * TURN, TurnHeard(1, b"\1" * TURN), [])
    assert kept.right == played + SILENT_TURN[:100] + SILENT_TURN
    assert kept.left == SILENT_TURN + b"\1" * TURN


def test_a_reader_without_sound_sees_the_words_and_silence(talk):
    lines = list(read(talk.kept.lines))
    with_sound = list(read(talk.kept.lines, talk.kept))
    assert [line.commands for line in lines] == [line.commands for line in with_sound]
    heard = next(line.event for line in lines if isinstance(line.event, TurnHeard))
    assert heard.audio == Silence().heard(0, TURN) == SILENT_TURN


def test_an_event_after_the_last_is_still_an_event():
    kept = Kept()
    kept.add(5, Stopped(), [])
    kept.end()
    assert [line.event for line in read(kept.lines)] == [None, Stopped(), None]
