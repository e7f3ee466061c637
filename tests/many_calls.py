"""A store with very many calls, written straight into the tables: what lists and searches are timed against."""

import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from admin.review import VERSION
from callcenter.store.derived import Examined, Words
from callcenter.store.tables import Call

OUTCOMES = ("resolved", "transferred", "abandoned", "failed", "callback")
SAID = (
    "hello order chair delivery number please thank you invoice refund address street monday tuesday card account "
    "cancel return lamp appointment doctor morning charge fee dispute payment link customer name postcode moment"
)
WORDS = SAID.split(" ")
FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def fill(store, count, seed=1):
    chance = random.Random(seed)
    rare = [f"{chance.choice(WORDS)}{number}" for number in range(2_000)]
    for start in range(0, count, 5_000):
        calls, words, measured = [], [], []
        for number in range(start, min(start + 5_000, count)):
            rung = FIRST + timedelta(seconds=200 * number + chance.randrange(150))
            call_id = f"{rung:%Y%m%d-%H%M%S}-{number:010x}"
            seconds = int(chance.expovariate(1 / 150)) + 5
            calls.append(
                {
                    "id": call_id,
                    "state": "ended",
                    "direction": "inbound",
                    "carrier": "twilio",
                    "carrier_call": f"CA{number:032x}",
                    "caller": f"+1555{chance.randrange(20_000):07d}",
                    "called": "+15550109999",
                    "rung_at": rung,
                    "answered_at": rung,
                    "ended_at": rung + timedelta(seconds=seconds),
                    "duration": seconds * 8_000,
                    "outcome": chance.choices(OUTCOMES, (70, 15, 10, 1, 4))[0],
                    "ended_reason": "hangup",
                    "assigned": "interaction",
                    "served": "interaction",
                    "flow": chance.choice(("retail", "billing")),
                    "flow_version": f"{number // 20_000:016x}",
                    "arm": chance.choice(("duplex", "turns")),
                    "voice": "en-us",
                    "amd": "",
                    "legs": 1,
                    "faults": int(chance.random() < 0.01),
                }
            )
            said = " ".join([*chance.choices(WORDS, k=50), chance.choice(rare)])
            words.append({"n": int(rung.timestamp() * 1_000_000) + number, "call_id": call_id, "text": said})
            measured.append(
                {
                    "call_id": call_id,
                    "rung_at": rung,
                    "version": VERSION,
                    "samples": seconds * 8_000,
                    "latency_ms": int(chance.lognormvariate(6.0, 0.5)),
                    "slowest_ms": 2_000,
                    "answered": 10,
                    "due": 10,
                    "interruptions": int(chance.expovariate(0.8)),
                    "yielded": 0,
                    "broken_into": 0,
                    "overlaps": 3,
                    "dead": int(chance.random() < 0.02),
                    "tools": 2,
                    "tool_errors": int(chance.random() < 0.002),
                    "agent_share": 0.5,
                }
            )
        with store.writing() as session:
            for table, rows in ((Call, calls), (Words, words), (Examined, measured)):
                session.execute(insert(table), rows)
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return rare
