"""What a process writes is there after it was killed, is taken over once, and nothing of it is lost or doubled."""

import signal
import subprocess
import sys
import textwrap
import threading

import pytest
from journalled import Kept, converse
from waiting import until

from callcenter.call import Call
from callcenter.events import Spoken, TurnHeard
from callcenter.journal import read, replay
from callcenter.store import Files, Spool
from callcenter.store.files import mend
from callcenter.store.recordings import HEADER_BYTES, header
from callcenter.units import TURN


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path)
    yield spool
    spool.close()


def lines_of(files):
    return list(read(files.journal.read_bytes().splitlines(keepends=True), files.sound))


def markers(root):
    return sorted(path.name for path in (root / "open").glob("*/*") if path.name != "lock")


def test_a_conversation_through_the_spool_replays(spool):
    scribe = spool.open("c1", 0, {"row": {"caller": "+15550100"}})
    converse(scribe, 10)
    scribe.close("hangup")
    until(lambda: scribe.growth.closed)
    files = scribe.growth.files
    lines = files.journal.read_bytes().splitlines(keepends=True)
    from journalled import SETUP

    assert replay(lines, files.sound, lambda header: Call(SETUP)) is None
    kept = Kept()
    converse(kept, 10)
    assert files.sound.channels(0, len(kept.left)) == (kept.left, kept.right)
    assert files.spoken.read_bytes() == kept.duplex


def test_what_is_told_is_on_disk_half_a_second_later(spool):
    scribe = spool.open("c1", 0, {})
    scribe.add(TURN, TurnHeard(0, b"\1" * TURN), [])
    until(lambda: scribe.growth.written, 1.0)
    assert lines_of(scribe.growth.files)[-1].event == TurnHeard(0, b"\1" * TURN)
    assert scribe.growth.files.recording.stat().st_size == HEADER_BYTES + 2 * TURN


def test_a_header_says_whose_it_is(spool):
    scribe = spool.open("c1", 3, {"setup": {"duplex": "parrot"}}, record=False)
    scribe.close("hangup")
    until(lambda: scribe.growth.closed)
    told = lines_of(scribe.growth.files)[0].header
    assert told["setup"] == {"duplex": "parrot"}
    assert (told["call_id"], told["writer"], told["leg"]) == ("c1", scribe.growth.files.writer, 3)
    assert not told["recorded"]
    assert told["opened_at"].endswith("+00:00")


def test_two_legs_of_a_call_never_share_files(spool):
    scribes = [spool.open("c1", leg, {}) for leg in (0, 0, 1)]
    for scribe in scribes:
        scribe.close("hangup")
    until(lambda: all(s.growth.closed for s in scribes))
    assert len({s.growth.files.journal for s in scribes}) == 3


def test_audio_that_many_calls_share_is_kept_once(spool, tmp_path):
    assert spool.keep(b"hello") == spool.keep(b"hello") != spool.keep(b"other")
    assert spool.kept(spool.keep(b"hello")) == b"hello"
    assert len(list((tmp_path / "phrases").iterdir())) == 2


def test_a_disk_that_refuses_is_told_and_recovers(spool, tmp_path):
    blocked = tmp_path / "calls"
    blocked.write_bytes(b"")  # a file where a folder must be
    scribe = spool.open("c1", 0, {})
    scribe.close("hangup")
    until(lambda: spool.failure)
    assert spool.stalled
    assert spool.waiting
    blocked.unlink()
    until(lambda: scribe.growth.closed)
    until(lambda: not spool.stalled)
    assert [line.end is None for line in lines_of(scribe.growth.files)] == [True, False]


def test_a_process_that_leaves_in_good_order_leaves_nothing_open(tmp_path):
    spool = Spool(tmp_path)
    scribe = spool.open("c1", 0, {})
    scribe.close("hangup")
    until(lambda: scribe.growth.closed)
    spool.shipped(scribe.growth.files)
    spool.close()
    assert list((tmp_path / "open").iterdir()) == []


# ------------------------------------------------------------------------------------------------------- being killed

CALLS = 20
WRITER = """
    import sys, time
    from pathlib import Path
    from callcenter.events import Hear, Heard, Mark, Send, Spoken, Started, Ticked, TurnHeard
    from callcenter.store import Spool
    from callcenter.units import FRAME, SILENT_FRAME, TURN

    root, calls = Path(sys.argv[1]), int(sys.argv[2])
    spool = Spool(root)
    scribes = [spool.open(f"call-{k}", 0, {"row": {"caller": f"+1555010{k:04}"}}) for k in range(calls)]
    for k, scribe in enumerate(scribes):
        scribe.add(0, Started("MZ", "CA"), [])
    due = time.monotonic()
    for tick in range(10**9):
        due += 0.02
        time.sleep(max(0.0, due - time.monotonic()))
        at, turn = tick * FRAME, tick // 10
        for k, scribe in enumerate(scribes):
            scribe.add(at, Ticked(), [Send(SILENT_FRAME)])
            if tick % 10 == 9:
                audio = bytes([1 + (turn + k) % 250]) * TURN
                scribe.add(at, TurnHeard(turn, audio), [Hear(Heard(turn, audio, audio))])
                scribe.add(at, Spoken(turn, audio), [Mark(f"m{turn}")])
        if tick % 10 == 9:
            print(turn, flush=True)
"""


def audio_of(call, turn):
    return bytes([1 + (turn + call) % 250]) * TURN


def killed_writer(root, calls=CALLS, turns=15):
    """A process writes calls in real time until it is killed in their middle; how many turns it had told by then."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(root), str(calls)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        for line in writer.stdout:
            told = int(line) + 1
            if told >= turns:
                writer.send_signal(signal.SIGKILL)
                break
        told += len(writer.stdout.read().split())
    return told


def check_recovered(root, files, told):
    """Everything of a killed writer's call, up to the last second."""
    call = int(files.call_id.removeprefix("call-"))
    lines = lines_of(files)
    assert [line.n for line in lines] == list(range(len(lines)))
    assert lines[-1].end == {"state": "lost", "reason": "the process that held the call is gone"}
    turns = [line.event for line in lines if isinstance(line.event, TurnHeard)]
    assert told - 5 <= len(turns) <= told
    assert [t.turn for t in turns] == list(range(len(turns)))
    assert all(t.audio == audio_of(call, t.turn) for t in turns)
    spoken = [line.event for line in lines if isinstance(line.event, Spoken)]
    assert all(s.audio == audio_of(call, s.turn) for s in spoken)
    data = files.recording.read_bytes()
    assert data[:HEADER_BYTES] == header(len(data) - HEADER_BYTES)
    assert len(data) - HEADER_BYTES >= 2 * TURN * len(turns)


def test_a_killed_process_loses_less_than_its_last_second(tmp_path):
    told = killed_writer(tmp_path)
    spool = Spool(tmp_path)
    taken = spool.recover()
    assert sorted(files.call_id for files in taken) == sorted(f"call-{k}" for k in range(CALLS))
    for files in taken:
        check_recovered(tmp_path, files, told)
    before = {path: path.read_bytes() for path in (tmp_path / "calls").rglob("*.*")}
    assert spool.recover() == []
    spool.close()
    later = Spool(tmp_path)
    assert len(later.recover()) == CALLS  # not shipped by the one before
    later.close()
    assert {path: path.read_bytes() for path in (tmp_path / "calls").rglob("*.*")} == before


def test_processes_that_recover_together_take_each_call_once(tmp_path):
    killed_writer(tmp_path, turns=5)
    spools = [Spool(tmp_path) for _ in range(4)]
    taken, ready = [], threading.Barrier(len(spools))

    def recover(spool):
        ready.wait()
        taken.extend(spool.recover())

    threads = [threading.Thread(target=recover, args=(spool,)) for spool in spools]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(files.call_id for files in taken) == sorted(f"call-{k}" for k in range(CALLS))
    for files in taken:
        assert sum(line.end is not None for line in lines_of(files)) == 1
    assert len(markers(tmp_path)) == CALLS
    for spool in spools:
        spool.close()


def test_the_calls_of_a_process_that_lives_are_left_alone(spool, tmp_path):
    scribe = spool.open("c1", 0, {})
    until(lambda: scribe.growth.written)
    other = Spool(tmp_path)
    assert other.recover() == []
    other.close()
    scribe.add(TURN, TurnHeard(0, b"\1" * TURN), [])
    scribe.close("hangup")
    until(lambda: scribe.growth.closed)
    assert lines_of(scribe.growth.files)[-1].end["state"] == "ended"


def test_a_call_that_ended_is_not_lost_with_its_process(tmp_path):
    spool = Spool(tmp_path)
    scribe = spool.open("c1", 0, {})
    scribe.close("hangup")
    until(lambda: scribe.growth.closed)
    spool.close()
    later = Spool(tmp_path)
    (files,) = later.recover()
    assert lines_of(files)[-1].end["state"] == "ended"
    later.close()


def test_a_process_killed_before_its_first_write_leaves_nothing(tmp_path):
    home = tmp_path / "open" / "1-dead"
    home.mkdir(parents=True)
    (home / "lock").touch()
    (home / "c1~leg-0-a").touch()
    (home / "c2~leg-0-b").touch()
    files = Files(tmp_path, "c2", "leg-0-b")
    files.journal.parent.mkdir(parents=True)
    files.journal.write_bytes(b'{"n":0,"at":0,"hea')
    spool = Spool(tmp_path)
    assert spool.recover() == []
    spool.close()
    assert list((tmp_path / "open").iterdir()) == []


LINE = b'{"n":%d,"at":%d,"event":{"is":"Stopped"}}\n'


@pytest.mark.parametrize(
    ("torn", "kept"),
    [
        (b"", 3),
        (b'{"n":3,"at"', 3),
        (b"\0\0\0\0", 3),
        (b"\0\0\n" + LINE % (3, 3), 3),
        (LINE % (3, 3), 4),
        ((LINE % (3, 3))[:-1], 3),
    ],
)
def test_a_torn_end_is_cut_off(tmp_path, torn, kept):
    files = Files(tmp_path, "c1", "leg-0-a")
    files.journal.parent.mkdir(parents=True)
    files.journal.write_bytes(b"".join(LINE % (n, n * 160) for n in range(3)) + torn)
    size = mend(files, "gone")
    assert size == files.journal.stat().st_size
    assert mend(files, "gone") == size
    lines = lines_of(files)
    assert [line.n for line in lines] == list(range(kept + 1))
    assert lines[-1].end == {"state": "lost", "reason": "gone"}
