"""A scribe never waits for a disk, and never forgets more than it says."""

import resource
import sys
import threading

import pytest
from journalled import converse

from callcenter.codec import loads
from callcenter.events import Hear, Heard, Spoken, Ticked, TurnHeard
from callcenter.journal import read
from callcenter.store.files import Files, Tail
from callcenter.store.recordings import HEADER_BYTES
from callcenter.store.scribe import AUDIO_BOUND, LINES_BOUND, Scribe
from callcenter.units import TURN


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path, "c1", "leg-0-a")


@pytest.fixture
def marker(tmp_path):
    (tmp_path / "open").mkdir()
    return tmp_path / "open" / "marker"


HEADER = {"call_id": "c1", "writer": "leg-0-a"}


def loud(turn):
    return bytes([1 + turn % 200]) * TURN


def turn_of(scribe, turn):
    scribe.add((turn + 1) * TURN, TurnHeard(turn, loud(turn)), [Hear(Heard(turn, loud(turn), loud(turn + 1)))])


def lines_of(files):
    return list(read(files.journal.read_bytes().splitlines(keepends=True), files.sound))


def test_what_is_told_is_in_the_files(files, marker):
    scribe = Scribe(files, HEADER)
    for turn in range(5):
        turn_of(scribe, turn)
        scribe.add((turn + 1) * TURN + 9, Spoken(turn, loud(turn + 2)), [])
        scribe.write(marker)
    scribe.remark("status", call_status="completed")
    scribe.close("hangup", "resolved")
    scribe.write(marker)
    assert marker.exists()
    assert scribe.growth.closed
    assert scribe.growth.written == files.journal.stat().st_size
    assert scribe.waiting == 0
    lines = lines_of(files)
    assert [line.event.audio for line in lines if isinstance(line.event, TurnHeard)] == [loud(t) for t in range(5)]
    assert [line.event.audio for line in lines if isinstance(line.event, Spoken)] == [loud(t + 2) for t in range(5)]
    assert files.sound.channels(0, 5 * TURN)[1] == b"".join(loud(t + 1) for t in range(5))
    assert lines[-2].remark == {"kind": "status", "call_status": "completed"}
    assert lines[-1].end == {"state": "ended", "reason": "hangup", "outcome": "resolved", "final": True}


def test_nothing_is_written_before_it_is_asked_for(files, marker):
    scribe = Scribe(files, HEADER)
    turn_of(scribe, 0)
    assert not files.journal.exists()
    assert scribe.waiting > 2 * TURN


def test_a_call_that_is_not_recorded_leaves_its_journal_only(files, marker):
    scribe = Scribe(files, HEADER, record=False)
    converse(scribe, 3)
    scribe.close("hangup")
    scribe.write(marker)
    assert sorted(p.name for p in files.journal.parent.iterdir()) == ["leg-0-a.jsonl"]


def test_what_is_told_after_the_end_is_not_written(files, marker):
    scribe = Scribe(files, HEADER)
    scribe.close("hangup")
    scribe.close("again")
    turn_of(scribe, 0)
    scribe.remark("late")
    scribe.write(marker)
    assert [line.end is None for line in lines_of(files)] == [True, False]


def test_a_disk_that_stalls_costs_audio_after_forty_seconds_but_no_line_and_no_clock(files, marker):
    scribe = Scribe(files, HEADER)
    for turn in range(400):
        turn_of(scribe, turn)
    held = scribe.waiting
    scribe.write(marker)
    for turn in range(400, 410):
        turn_of(scribe, turn)
    scribe.close("hangup")
    scribe.write(marker)
    assert AUDIO_BOUND <= held <= AUDIO_BOUND + LINES_BOUND
    kept = AUDIO_BOUND // (2 * TURN)
    assert kept * TURN >= 40 * 8_000
    left, _ = files.sound.channels(0, 410 * TURN)
    assert files.recording.stat().st_size == HEADER_BYTES + 410 * 2 * TURN
    assert left[: kept * TURN] == b"".join(loud(t) for t in range(kept))
    assert left[kept * TURN : 400 * TURN] == b"\xff" * ((400 - kept) * TURN)
    assert left[400 * TURN :] == b"".join(loud(t) for t in range(400, 410))
    lines = lines_of(files)
    assert [line.n for line in lines] == list(range(len(lines)))
    assert [line.remark["kind"] for line in lines if line.remark] == ["audio_lost", "audio_back"]
    assert sum(isinstance(line.event, TurnHeard) for line in lines) == 410


def test_lines_beyond_their_bound_are_counted(files, marker):
    scribe = Scribe(files, HEADER, record=False)
    remark = "x" * 1_000
    for _ in range(LINES_BOUND // 1_000 + 100):
        scribe.remark(remark)
    assert scribe.waiting <= LINES_BOUND
    assert scribe.lines_lost > 100
    lost = scribe.lines_lost
    scribe.write(marker)
    scribe.remark("room again")
    scribe.close("hangup")
    scribe.write(marker)
    lines = lines_of(files)
    assert lines[-2].remark == {"kind": "room again"}
    assert lines[-1].end["lines_lost"] == lost


def test_no_line_is_written_before_its_audio_and_a_disk_that_recovers_gets_everything(files, marker):
    scribe = Scribe(files, HEADER)
    files.recording.mkdir(parents=True)  # nothing can be written there
    turn_of(scribe, 0)
    with pytest.raises(OSError):
        scribe.write(marker)
    assert not files.journal.exists()
    assert scribe.growth.written == 0
    turn_of(scribe, 1)
    files.recording.rmdir()
    scribe.write(marker)
    assert [line.event.audio for line in lines_of(files) if line.event] == [loud(0), loud(1)]


def test_no_line_overtakes_its_audio_however_fast_the_call_is(files, marker):
    scribe = Scribe(files, HEADER)
    fast = threading.Thread(target=lambda: [turn_of(scribe, turn) for turn in range(3_000)])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    fast.start()
    try:
        while fast.is_alive():
            scribe.write(marker)
            recorded = (files.recording.stat().st_size - HEADER_BYTES) // 2 if files.recording.exists() else 0
            assert max((offset + length for offset, length in references(files)), default=0) <= recorded
    finally:
        fast.join()
        sys.setswitchinterval(interval)


def references(files):
    """Where the audio of the last lines on disk is said to be."""
    if not files.journal.exists():
        return []
    with files.journal.open("rb") as journal:
        journal.seek(max(0, journal.seek(0, 2) - 1_000))
        tail = journal.read().splitlines()[1:]
    return [loads(line)["event"]["audio"] for line in tail if b'"event"' in line]


def test_a_disk_that_takes_half_a_write_gets_the_other_half_later(files, marker):
    """A real limit on the size of files: the system takes what fits and refuses the rest."""
    scribe = Scribe(files, HEADER)
    for turn in range(20):
        turn_of(scribe, turn)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        for _ in range(3):
            with pytest.raises(OSError):
                scribe.write(marker)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files.recording.stat().st_size == 10_000
    turn_of(scribe, 20)
    scribe.close("hangup")
    scribe.write(marker)
    assert files.sound.heard(0, 21 * TURN) == b"".join(map(loud, range(21)))
    assert len([line for line in lines_of(files) if line.event]) == 21


def test_ticks_that_wait_are_written_with_the_end(files, marker):
    scribe = Scribe(files, HEADER)
    for tick in range(7):
        scribe.add(tick * 160, Ticked(), [])
    scribe.close("hangup")
    scribe.write(marker)
    assert lines_of(files)[-1].ticks == tuple(tick * 160 for tick in range(7))


def test_a_tail_without_anything_makes_no_file(tmp_path):
    tail = Tail(tmp_path / "a", b"head")
    tail.write(b"")
    assert not (tmp_path / "a").exists()
    tail.write(b"body")
    tail.close()
    assert (tmp_path / "a").read_bytes() == b"headbody"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a~b", "-a", "é", "a" * 101, "a\n"])
def test_a_name_that_could_be_a_path_is_refused(tmp_path, name):
    with pytest.raises(ValueError):
        Files(tmp_path, name, "leg-0-a")
    with pytest.raises(ValueError):
        Files(tmp_path, "c1", name)
