"""Days and times as people say them, counted from a given today. Calendar arithmetic without a clock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.background.grammar.figures import TEENS, TENS, digit_of, ordinal, runs, whole_number
from callcenter.background.grammar.words import vocabulary

MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT_MONTHS: Final = {month[:3]: index for index, month in enumerate(MONTHS, 1)} | {"sept": 9}


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """A day of the Gregorian calendar."""

    year: int
    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"

    @property
    def number(self) -> int:
        """Days since 1970-01-01."""
        year = self.year - (self.month <= 2)
        era = year // 400
        of_era = year - era * 400
        of_year = (153 * ((self.month + 9) % 12) + 2) // 5 + self.day - 1
        return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return (self.number + 3) % 7

    def plus(self, days: int) -> "Day":
        number = self.number + days + 719_468
        era = number // 146_097
        of_era = number - era * 146_097
        years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
        of_year = of_era - (365 * years + years // 4 - years // 100)
        month = (5 * of_year + 2) // 153
        day = of_year - (153 * month + 2) // 5 + 1
        month = month + 3 if month < 10 else month - 9
        return Day(years + era * 400 + (month <= 2), month, day)


def day(text: str) -> Day | None:
    """An ISO date; None for anything else, and for days that do not exist."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text)
    return real(int(match[1]), int(match[2]), int(match[3])) if match else None


def real(year: int, month: int, number: int) -> Day | None:
    if not (1 <= month <= 12 and 1 <= number <= 31):
        return None
    made = Day(year, month, number)
    return made if made.plus(0) == made else None


@dataclass(frozen=True, slots=True)
class Found:
    """A day or a time, and the words it stands in."""

    value: str
    start: int
    end: int
    sure: bool = True


def days(spoken: Sequence[str], today: Day) -> list[Found]:
    """Every day in these words, upcoming ones preferred."""
    found: list[Found] = []
    at = 0
    while at < len(spoken):
        hit = _day_at(spoken, at, today)
        if hit is None:
            at += 1
        else:
            found.append(Found(str(hit[0]), at, hit[1]))
            at = hit[1]
    return found


_NOT_AFTER: Final = vocabulary("no not doesn't isn't won't bad impossible out don't can't")
_NOT_BEFORE: Final = vocabulary("can't cannot from not isn't instead")


def turned_down(spoken: Sequence[str], hit: Found) -> bool:
    """ "Friday is no good", "I can't come on Friday", "from Friday to Monday": the day that is not wanted."""
    before = list(spoken[max(0, hit.start - 4) : hit.start])
    after = list(spoken[hit.end : hit.end + 3])
    before = before[before.index("but") + 1 :] if "but" in before else before
    after = after[: after.index("but")] if "but" in after else after
    return bool(set(after) & _NOT_AFTER) or (bool(set(before) & _NOT_BEFORE) and before[-1:] != ["to"])


def _day_at(spoken: Sequence[str], at: int, today: Day) -> tuple[Day, int] | None:
    for way in (_iso, _near, _weekday, _month_first, _day_first, _within):
        if hit := way(spoken, at, today):
            return hit
    return None


def _iso(spoken: Sequence[str], at: int, today: Day) -> tuple[Day, int] | None:
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})(?:/(\d{2,4}))?", spoken[at]):
        year = _century(int(match[3]), today) if match[3] else today.year
        made = real(year, int(match[1]), int(match[2]))
        return (made, at + 1) if made else None
    return None


def _near(spoken: Sequence[str], at: int, today: Day) -> tuple[Day, int] | None:
    rest = tuple(spoken[at : at + 4])
    for phrase, days_on in (("day after tomorrow", 2), ("tomorrow", 1), ("today", 0), ("tonight", 0)):
        said = tuple(phrase.split())
        if rest[: len(said)] == said:
            return today.plus(days_on), at + len(said)
    return None


def _weekday(spoken: Sequence[str], at: int, today: Day) -> tuple[Day, int] | None:
    shift = at
    next_week = spoken[shift] == "next"
    if spoken[shift] in ("next", "this", "on", "coming") and shift + 1 < len(spoken):
        shift += 1
    name = spoken[shift].removesuffix("'s")
    if name not in WEEKDAYS:
        return None
    ahead = (WEEKDAYS.index(name) - today.weekday) % 7 or 7
    if next_week and ahead + today.weekday < 7:
        ahead += 7
    end = shift + 1
    if tuple(spoken[end : end + 2]) in (("next", "week"), ("in", "a")) and ahead + today.weekday < 7:
        ahead += 7
        end += 2
    # "Friday the twenty seventh", "Friday November twenty seventh": the date says more than the weekday.
    for skip in (0, 1):
        if end + skip < len(spoken) and (exact := _month_first(spoken, end + skip, today)):
            return exact
        if end + skip < len(spoken) and (exact := _day_first(spoken, end + skip, today)):
            return exact
    return today.plus(ahead), end


def _month_first(spoken: Sequence[str], at: int, today: Day) -> tuple[Day, int] | None:
    month = _month(spoken[at])
    if not month or at + 1 >= len(spoken):
        return None
    start = at + 2 if spoken[at + 1] == "the" and at + 2 < len(spoken) else at + 1
    numbered = ordinal(spoken, start) or _day_number(spoken, start)
    return _dated(spoken, numbered, month, today) if numbered else None


def _day_first(spoken: Sequence[str], at: int, today: Day) -> tuple[Day, int] | None:
    start = at + 1 if spoken[at] == "the" and at + 1 < len(spoken) else at
    numbered = ordinal(spoken, start)
    if not numbered:
        return None
    number, end = numbered
    if tuple(spoken[end : end + 1]) == ("one",):
        return None
    after = end + 1 if end < len(spoken) and spoken[end] == "of" else end
    month = _month(spoken[after]) if after < len(spoken) else 0
    if month:
        return _dated(spoken, (number, after + 1), month, today)
    return _coming(number, end, today) if start > at else None


def _coming(number: int, end: int, today: Day) -> tuple[Day, int] | None:
    """ "the twenty seventh": of this month, or of the next one that has such a day."""
    for ahead in range(12):
        month = (today.month + ahead - 1) % 12 + 1
        made = real(today.year + (today.month + ahead - 1) // 12, month, number)
        if made and made >= today:
            return made, end
    return None


def _within(spoken: Sequence[str], at: int, today: Day) -> tuple[Day, int] | None:
    """ "in two weeks", "in three days"."""
    if spoken[at] != "in" or at + 2 >= len(spoken):
        return None
    counted = (1, at + 2) if spoken[at + 1] in ("a", "one") else whole_number(spoken, at + 1)
    if not counted or counted[1] >= len(spoken):
        return None
    unit = {"day": 1, "days": 1, "week": 7, "weeks": 7}.get(spoken[counted[1]], 0)
    return (today.plus(counted[0] * unit), counted[1] + 1) if unit else None


def _dated(spoken: Sequence[str], numbered: tuple[int, int], month: int, today: Day) -> tuple[Day, int] | None:
    number, end = numbered
    if (year := _year(spoken, end, today)) is not None:
        made = real(year[0], month, number)
        return (made, year[1]) if made else None
    made = real(today.year, month, number)
    if made and made < today:
        made = real(today.year + 1, month, number)
    return (made, end) if made else None


def _year(spoken: Sequence[str], at: int, today: Day) -> tuple[int, int] | None:
    """ "nineteen eighty five", "two thousand and one", "1985", "eighty five"; "ninety ninety five" is misheard."""
    if at < len(spoken) and spoken[at] in ("in", "of") and at + 1 < len(spoken):
        at += 1
    if at >= len(spoken):
        return None
    century = spoken[at] == "ninety" and at + 1 < len(spoken) and spoken[at + 1] in (*TENS, *TEENS)
    found = runs(("nineteen", *spoken[at + 1 :]) if century else spoken[at:])
    if not found or found[0].start:
        return None
    digits = found[0].digits
    if len(digits) == 4 and digits[:2] in ("19", "20"):
        return int(digits), at + found[0].end
    short = len(digits) == 2 and digits not in ("19", "20")
    return (_century(int(digits), today), at + found[0].end) if short else None


def _century(year: int, today: Day) -> int:
    if year > 99:
        return year
    return 2000 + year if 2000 + year <= today.year + 1 else 1900 + year


def _month(word: str) -> int:
    if word in MONTHS:
        return MONTHS.index(word) + 1
    return _SHORT_MONTHS.get(word, 0)


def _day_number(spoken: Sequence[str], at: int) -> tuple[int, int] | None:
    """ "november twenty seven": a plain number after a month. "may i" is none."""
    word = spoken[at]
    if not (word in TENS or word in TEENS or digit_of(word) is not None or re.fullmatch(r"\d\d?", word)):
        return None
    counted = whole_number(spoken, at)
    return counted if counted and 1 <= counted[0] <= 31 else None


# ------------------------------------------------------------------------------------------------------- times

_PARTS: Final = {"morning": "am", "afternoon": "pm", "evening": "pm", "night": "pm", "am": "am", "pm": "pm"}


def times(spoken: Sequence[str]) -> list[Found]:
    """Every time of day in these words; `sure` when nothing but a time can be meant."""
    found: list[Found] = []
    at = 0
    while at < len(spoken):
        hit = _time_at(spoken, at)
        if hit is None:
            at += 1
        else:
            found.append(hit)
            at = hit.end
    return found


def _time_at(spoken: Sequence[str], at: int) -> Found | None:
    word = spoken[at]
    if word in ("noon", "midday"):
        return Found("12:00", at, at + 1)
    if match := re.fullmatch(r"(\d{1,2}):(\d\d)", word):
        return _clock(spoken, int(match[1]), int(match[2]), at, at + 1, True)
    counted = whole_number(spoken, at)
    if (counted or word in ("half", "quarter")) and (past := _past(spoken, at)):
        return past
    return _plain(spoken, counted[0], at, counted[1]) if counted else None


def _past(spoken: Sequence[str], at: int) -> Found | None:
    """ "half past two", "quarter to three", "ten past nine"."""
    minutes = {"half": 30, "quarter": 15}.get(spoken[at]) or (whole_number(spoken, at) or (0, 0))[0]
    end = at + 1 if spoken[at] in ("half", "quarter") else (whole_number(spoken, at) or (0, at))[1]
    way = spoken[end] if end < len(spoken) else ""
    if way not in ("past", "after", "to", "till", "of") or end + 1 >= len(spoken):
        return None
    counted = whole_number(spoken, end + 1)
    if not counted or not 1 <= counted[0] <= 12:
        return None
    hour = counted[0] if way in ("past", "after") else (counted[0] - 2) % 12 + 1
    return _clock(spoken, hour, minutes if way in ("past", "after") else 60 - minutes, at, counted[1], True)


def _plain(spoken: Sequence[str], hour: int, at: int, end: int) -> Found | None:
    """ "two", "two thirty", "two o'clock", "nine oh five"."""
    if not 0 < hour < 24:
        return None
    minutes, sure = 0, False
    if end < len(spoken) and spoken[end] == "oh" and end + 1 < len(spoken) and digit_of(spoken[end + 1]) is not None:
        minutes, end, sure = digit_of(spoken[end + 1]) or 0, end + 2, True
    elif end < len(spoken) and (counted := whole_number(spoken, end)) and 10 <= counted[0] < 60:
        minutes, end, sure = counted[0], counted[1], True
    if end < len(spoken) and spoken[end] in ("o'clock", "oclock"):
        end, sure = end + 1, True
    return _clock(spoken, hour, minutes, at, end, sure)


def _clock(spoken: Sequence[str], hour: int, minutes: int, at: int, end: int, sure: bool) -> Found:
    """Settle morning or afternoon: as said, else within a working day."""
    rest = [word for word in spoken[end : end + 3] if word not in ("in", "the", "at")]
    part = _PARTS.get(rest[0], "") if rest else ""
    if part:
        end = next(index for index in range(end, len(spoken)) if spoken[index] in _PARTS) + 1
    if part == "pm" and hour < 12:
        hour += 12
    elif part == "am" and hour == 12:
        hour = 0
    elif not part and hour < 7:
        hour += 12
    return Found(f"{hour:02d}:{minutes:02d}", at, end, sure or bool(part))


def say_day(value: Day) -> str:
    return f"{WEEKDAYS[value.weekday].title()}, {MONTHS[value.month - 1].title()} {value.day}"


def say_time(value: str) -> str:
    hour, minute = (int(part) for part in value.split(":"))
    half = "AM" if hour < 12 else "PM"
    return f"{(hour - 1) % 12 + 1}:{minute:02d} {half}"
