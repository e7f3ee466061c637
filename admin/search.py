"""Finding calls: filters that live in the URL, words in transcripts, and pages that cost the same at any depth.

Whatever is asked, rows come newest first and from an index: a search for words walks the words' own numbers, filters by
figures walk the narrow table of figures, everything else walks the calls.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, column, func, literal_column, table
from sqlmodel import Session, col, exists, select, tuple_

from admin.tables import Verdict
from callcenter import numbers
from callcenter.store import Call, Store
from callcenter.store.derived import Examined, Words
from callcenter.store.tables import Tag, clean
from callcenter.units import RATE

LONGEST: Final = 200
SAMPLE: Final = 500
COMMON: Final = 0.02
"""The share of the newest calls that have a word from which on it is common."""

INDEX: Final = table("words_index", column("rowid"))
"""SQLite's own table of words, whose rows are numbered like ours."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for, as it stands in the URL; every field is a text, and empty asks for nothing."""

    q: str = ""
    state: str = ""
    number: str = ""
    outcome: str = ""
    flow: str = ""
    version: str = ""
    experiment: str = ""
    arm: str = ""
    tag: str = ""
    since: str = ""
    until: str = ""
    longer: str = ""
    shorter: str = ""
    slower: str = ""
    """Milliseconds to answer at least, in the median."""
    interruptions: str = ""
    dead: str = ""
    tool_error: str = ""
    faults: str = ""
    reviewer: str = ""
    flagged: str = ""
    after: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Filter":
        names = {each.name for each in fields(cls)}
        return cls(**{name: value.strip()[:LONGEST] for name, value in query.items() if name in names})

    def query(self, **other: str) -> str:
        """The part of a URL after the question mark; `after` only if it is named."""
        told = replace(self, **{"after": "", **other})
        return urlencode({name: value for each in fields(told) if (value := getattr(told, name := each.name))})

    @property
    def asked(self) -> int:
        """How many filters beside the words are set."""
        return sum(bool(getattr(self, each.name)) for each in fields(self) if each.name not in ("q", "after", "state"))


MEASURED: Final = ("longer", "shorter", "slower", "interruptions", "dead", "tool_error")


@dataclass(frozen=True, slots=True)
class Found:
    call: Call
    measured: Examined | None = None
    verdict: Verdict | None = None
    tags: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        return self.verdict.outcome if self.verdict and self.verdict.outcome else self.call.outcome


@dataclass(frozen=True, slots=True)
class Results:
    rows: tuple[Found, ...]
    more: str = ""
    problems: tuple[str, ...] = field(default=())


class Search:
    def __init__(self, store: Store, country: str, zone: ZoneInfo) -> None:
        self._store = store
        self._country = country
        self._zone = zone
        self._sqlite = store.engine.dialect.name == "sqlite"

    def find(self, asked: Filter, limit: int = 50) -> Results:
        problems: list[str] = []
        asked = _plain(asked)
        query = self._query(asked, problems)
        with self._store.reading() as session:
            calls = list(session.exec(query.limit(limit + 1)))
            rows = tuple(self._with_more(session, calls[:limit]))
        more = place(rows[-1].call) if len(calls) > limit else ""
        return Results(rows, more, tuple(problems))

    def every(self, asked: Filter, at_once: int = 500) -> Iterator[Found]:
        """All of them, page by page."""
        while True:
            results = self.find(asked, at_once)
            yield from results.rows
            if not results.more:
                return
            asked = replace(asked, after=results.more)

    def neighbours(self, call: Call) -> tuple[str, str]:
        """The calls before and after this one, by time."""
        here = (call.rung_at, call.id)
        order = (col(Call.rung_at), col(Call.id))
        earlier = select(Call.id).where(tuple_(*order) < here).order_by(*(each.desc() for each in order)).limit(1)
        later = select(Call.id).where(tuple_(*order) > here).order_by(*order).limit(1)
        with self._store.reading() as session:
            return session.exec(earlier).first() or "", session.exec(later).first() or ""

    def choices(self) -> dict[str, list[str]]:
        """What filters may be chosen from: the values of recent calls."""
        recent = select(Call.outcome, Call.arm, Call.flow, Call.flow_version).order_by(col(Call.rung_at).desc())
        with self._store.reading() as session:
            rows = session.exec(recent.limit(500)).all()
            tags = session.exec(select(Tag.tag).distinct().order_by(col(Tag.tag)).limit(50)).all()
        columns = [sorted(set(filter(None, column))) for column in zip(*rows, strict=True)] or [[], [], [], []]
        return dict(zip(("outcome", "arm", "flow", "version"), columns, strict=True)) | {"tag": list(tags)}

    # -------------------------------------------------------------------------------------------------------- inside

    def _query(self, asked: Filter, problems: list[str]) -> Any:
        query: Any = select(Call)
        order: tuple[Any, ...] = (col(Call.rung_at), col(Call.id))
        after = read_place(asked.after)
        by_figures = any(getattr(asked, name) for name in MEASURED)
        if by_figures:
            order = (col(Examined.rung_at), col(Examined.call_id))
        if asked.q:
            query = self._words(query, asked.q)
            order = self._word_order(asked.q, order if by_figures else ())
        if by_figures:
            query = query.join(Examined, col(Examined.call_id) == col(Call.id))
            query = query.where(*self._figures(asked, problems))
        if after is not None and len(order) == 1:
            last = select(Words.n).where(Words.call_id == after[1]).scalar_subquery()
            query = query.where(order[0] < last)
        elif after is not None:
            query = query.where(tuple_(*order) < after)
        moment = order[0] if len(order) == 2 else col(Call.rung_at)
        query = query.where(*self._plain(asked, moment, problems))
        return query.order_by(*(each.desc() for each in order))

    def _words(self, query: Any, words: str) -> Any:
        query = query.join(Words, col(Words.call_id) == col(Call.id))
        if self._sqlite:
            quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
            query = query.join(INDEX, INDEX.c.rowid == col(Words.n))
            return query.where(literal_column("words_index").op("MATCH")(quoted))
        return query.where(_matches("words", words))

    def _word_order(self, words: str, figures: tuple[Any, ...]) -> tuple[Any, ...]:
        """What to walk. PostgreSQL cannot tell rare words from common ones by itself: rare ones are looked up and
        sorted, for common ones the newest calls are walked until there are enough."""
        if self._sqlite:
            return (INDEX.c.rowid,)
        newest: Any = select(col(Words.n), literal_column("words_index_vector").label("words_index_vector"))
        sample = newest.order_by(col(Words.n).desc()).limit(SAMPLE).subquery("newest")
        count = select(func.count()).select_from(sample).where(_matches("newest", words))
        with self._store.reading() as session:
            common = session.exec(count).one() > SAMPLE * COMMON
        if common:
            return figures or (col(Words.n),)
        return (col(Words.n) + 0,)

    def _plain(self, asked: Filter, moment: Any, problems: list[str]) -> Iterable[ColumnElement[bool]]:
        if asked.state == "live":
            yield col(Call.state).in_(("ringing", "live"))
        elif asked.state == "ended":
            yield col(Call.state).in_(("ended", "lost"))
        for name, place_ in (("outcome", Call.outcome), ("flow", Call.flow), ("version", Call.flow_version)):
            if wanted := getattr(asked, name):
                yield col(place_) == wanted
        if asked.experiment:
            yield col(Call.experiment) == asked.experiment
        if asked.arm:
            yield col(Call.arm) == asked.arm
        if asked.number:
            yield self._number(asked.number)
        if asked.tag:
            yield exists().where(col(Tag.call_id) == Call.id, col(Tag.tag) == asked.tag)
        if asked.faults:
            yield col(Call.faults) > 0
        if asked.reviewer or asked.flagged:
            mine = exists().where(col(Verdict.call_id) == Call.id)
            mine = mine.where(col(Verdict.reviewer) == asked.reviewer) if asked.reviewer else mine
            yield mine.where(col(Verdict.flagged)) if asked.flagged else mine
        if (since := self._day(asked.since, problems)) is not None:
            yield moment >= since
        if (until := self._day(asked.until, problems)) is not None:
            yield moment < until + timedelta(days=1)

    def _number(self, number: str) -> ColumnElement[bool]:
        """A whole number however it is written, or its beginning."""
        written = str(numbers.caller(number, self._country))
        bare = "+" + "".join(letter for letter in number if letter.isdigit()) if number.startswith("+") else number
        begins = (col(Call.caller) >= bare) & (col(Call.caller) < bare + "\U0010ffff")
        return (col(Call.caller) == written) | begins

    def _figures(self, asked: Filter, problems: list[str]) -> Iterable[ColumnElement[bool]]:
        bounds: tuple[tuple[str, Any, float, bool], ...] = (
            ("longer", Examined.samples, RATE, True),
            ("shorter", Examined.samples, RATE, False),
            ("slower", Examined.latency_ms, 1, True),
            ("interruptions", Examined.interruptions, 1, True),
            ("dead", Examined.dead, 1, True),
        )
        for name, figure, unit, least in bounds:
            if not (wanted := getattr(asked, name)):
                continue
            try:
                bound = int(float(wanted) * unit)
            except (ValueError, OverflowError):
                problems.append(f"{wanted!r} is no number")
                continue
            yield col(figure) >= bound if least else col(figure) <= bound
        if asked.tool_error:
            yield col(Examined.tool_errors) > 0

    def _day(self, day: str, problems: list[str]) -> datetime | None:
        if not day:
            return None
        try:
            return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=self._zone).astimezone(UTC)
        except ValueError:
            problems.append(f"{day!r} is no day such as 2026-11-25")
            return None

    def _with_more(self, session: Session, calls: list[Call]) -> Iterator[Found]:
        ids = [call.id for call in calls]
        measured = {row.call_id: row for row in session.exec(select(Examined).where(col(Examined.call_id).in_(ids)))}
        verdicts = {row.call_id: row for row in session.exec(select(Verdict).where(col(Verdict.call_id).in_(ids)))}
        tags: dict[str, list[str]] = {}
        for row in session.exec(select(Tag).where(col(Tag.call_id).in_(ids)).order_by(col(Tag.tag))):
            tags.setdefault(row.call_id, []).append(row.tag)
        for call in calls:
            yield Found(call, measured.get(call.id), verdicts.get(call.id), tuple(tags.get(call.id, ())))


def _plain(asked: Filter) -> Filter:
    """Without what no database takes; what has neither letter nor digit is no word to search for."""
    told = {each.name: clean(getattr(asked, each.name)).strip() for each in fields(asked)}
    return replace(asked, **told | {"q": told["q"] if any(map(str.isalnum, told["q"])) else ""})


def _matches(table: str, words: str) -> ColumnElement[bool]:
    wanted = func.websearch_to_tsquery(literal_column("'simple'"), words)
    return literal_column(f"{table}.words_index_vector").op("@@")(wanted)


def place(call: Call) -> str:
    return f"{call.rung_at.isoformat()}~{call.id}"


def read_place(after: str) -> tuple[datetime, str] | None:
    """Where a page begins; nonsense begins at the first."""
    moment, _, last = after.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, last) if at.tzinfo is not None else None
