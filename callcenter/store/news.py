"""What lines of a journal mean for the database: pure, so that the same lines always make the same rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from callcenter.store.tables import EARLIEST, LATEST, clean
from callcenter.units import seconds

FAULTS: Final = ("audio_lost",)
"""Remarks that are faults."""


@dataclass(slots=True)
class News:
    """Learned from lines of one leg. `header` is the journal's first line, `next` the number of the line to follow."""

    header: Mapping[str, Any]
    next: int = 0
    samples: int = 0
    state: str = "writing"
    faults: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    utterances: list[dict[str, Any]] = field(default_factory=list)

    @property
    def opened_at(self) -> datetime:
        return datetime.fromisoformat(self.header["opened_at"])

    @property
    def ended_at(self) -> datetime | None:
        return None if self.state == "writing" else self.moment(self.samples)

    def moment(self, at: int) -> datetime:
        return self.opened_at + timedelta(seconds=seconds(at))

    def row(self) -> dict[str, Any]:
        """Columns of the call's row that the header tells."""
        told = dict(self.header.get("row", {}))
        times = {name: datetime.fromisoformat(told[name]) for name in (*EARLIEST, *LATEST) if told.get(name)}
        return {"rung_at": self.opened_at, **told, **times}


def take(news: News, lines: Iterable[Mapping[str, Any]]) -> None:
    for line in lines:
        news.next, news.samples = line["n"] + 1, line["at"]
        if "event" in line:
            _event(news, line["at"], line["event"])
        for k, command in enumerate(line.get("do", ())):
            _command(news, line["n"], k, command)
        if "remark" in line:
            news.faults += line["remark"].get("kind") in FAULTS
        if "end" in line:
            _end(news, line["end"])


def _event(news: News, at: int, event: Mapping[str, Any]) -> None:
    if event["is"] == "Started":
        serves = news.header.get("setup", {}).get("duplex", "")
        news.facts |= {"state": "live", "answered_at": news.moment(at), "served": serves}
    elif event["is"] == "Detected":
        news.facts["amd"] = event["party"]


def _command(news: News, n: int, k: int, command: Mapping[str, Any]) -> None:
    if command["is"] == "Use":
        news.facts["served"] = command["duplex"]
    elif command["is"] == "Fault":
        news.faults += 1
    elif command["is"] == "Utter":
        news.utterances.append(
            {
                "call_id": news.header["call_id"],
                "writer": news.header["writer"],
                "n": n,
                "k": k,
                "side": command["side"],
                "start": command["start"],
                "end": command["end"],
                "text": clean(command["text"]),
                "unheard": clean(command.get("unheard", "")),
                "kind": command.get("kind", "speech"),
            }
        )


def _end(news: News, end: Mapping[str, Any]) -> None:
    news.state = "lost" if end["state"] == "lost" else "closed"
    if news.state == "lost" or end.get("final", True):
        news.facts |= {
            "state": end["state"],
            "ended_at": news.moment(news.samples),
            "ended_reason": end.get("reason", ""),
            "outcome": end.get("outcome", ""),
        }
