"""A hosted arm whose server dies in mid-call: the caller hears a sentence, and the call goes on with another duplex."""

import asyncio
import shutil
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from hosted import KEY, LiveModel
from running import running
from waiting import until

from callcenter.audio import decode
from callcenter.callers.mouth import Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.config import Secret
from callcenter.events import Fault, Note, Noted, Use
from callcenter.experiment import Arm, Experiment, assign
from callcenter.journal import read
from callcenter.store import Store, experiments
from callcenter.units import RATE
from callcenter.voices import Espeak

ARMS = (Arm("hosted", "live", fallback="turnbased", voice="en-us"), Arm("bot", "turnbased", voice="en-us"))
EXPERIMENT = Experiment("spring", ARMS, (5_000, 5_000), "salt", 1_000)
CALLER = next(
    number for number in (f"+1555010{n:04d}" for n in range(50)) if assign(EXPERIMENT, number, "").arm.name == "hosted"
)
NEXT = "Your order left our warehouse on Monday."


@dataclass
class Seen:
    """A call whose hosted model was killed: what was heard, what was written, and when."""

    heard: bytes
    row: object
    killed_at: int
    commands: list


def sounds(audio, start):
    """The first sample from `start` on at which the caller hears a voice."""
    pcm = decode(audio[start:]).astype(float)
    frames = np.abs(pcm[: len(pcm) // 160 * 160].reshape(-1, 160)).mean(1)
    loud = np.flatnonzero(frames > 300)
    return start + int(loud[0]) * 160 if len(loud) else None


@pytest.fixture(scope="module")
def seen(upgraded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fallback")
    path = folder / "f.db"
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), path)
    database = f"sqlite:///{path}"
    store = Store(database)
    experiments.create(store, EXPERIMENT, datetime.now(UTC))
    experiments.start(store, "spring", datetime.now(UTC), {"without": "a test"})
    store.close()
    hosted = LiveModel()
    try:
        with running(folder, database, live_url=hosted.url, live_key=Secret(KEY)) as server:
            yield killed_in_mid_call(server, hosted)
    finally:
        hosted.kill()


def killed_in_mid_call(server, hosted):
    question = Espeak().speak("Where is my order?", "en-us+m3").audio
    dialling = Dialling(url=server.url, token=server.token, caller=CALLER, seconds=12.0)
    calling = threading.Thread(target=lambda: reports.append(asyncio.run(Phone(dialling, Player(question)).place())))
    reports, at = [], []
    calling.start()
    lines = server.house.board.lines
    try:
        until(lambda: lines and len(hosted.audio) > RATE * 3)
        (line,) = lines.values()
        at.append(line.at)
        hosted.kill()
        call = next(iter(lines))
        until(lambda: line._talker is not None and line._talker._name == "turnbased")
        server.call(server.house.board.order(call, Noted(Note("n1", "say", NEXT))))
    finally:
        calling.join(60)
    (report,) = reports
    assert report.failure is None, report.failure
    server.settle()
    row = server.house.store.row_of("twilio", report.call)
    (leg,) = server.house.store.legs(row.id)
    journal = read(server.house.store.journal(row.id, leg.writer))
    commands = [(one.at, command) for one in journal for command in one.commands]
    return Seen(report.legs[0].heard, row, at[0], commands)


def test_the_caller_hears_a_sentence_within_two_seconds(seen):
    assert sounds(seen.heard, 0) > seen.killed_at, "the model said nothing: what is heard is ours"
    assert sounds(seen.heard, seen.killed_at) - seen.killed_at <= 2 * RATE


def test_the_other_duplex_takes_over_and_says_what_is_to_be_said(seen):
    assert [command.duplex for _, command in seen.commands if isinstance(command, Use)] == ["turnbased"]
    (fault,) = [c for _, c in seen.commands if isinstance(c, Fault) and c.kind == "lost"]
    assert fault.detail.startswith("live: ")
    assert fault.detail.removeprefix("live: ") in ("lost", "unreachable", "stalled")
    lines = " ".join(c.text for _, c in seen.commands if type(c).__name__ == "Utter" and c.side == "agent")
    assert "One moment, please." in lines
    assert NEXT in lines


def test_the_rows_say_what_was_assigned_and_what_served(seen):
    row = seen.row
    assert (row.experiment, row.arm, row.assigned, row.served) == ("spring", "hosted", "live", "turnbased")
    assert (row.state, row.outcome) == ("ended", "caller_hung_up")
    assert row.duration >= 11 * RATE
