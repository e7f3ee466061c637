"""Whom a caller may be passed on to: nobody unless allowed, and only while somebody is there."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.numbers import Address, Number
from callcenter.telephony.callbacks import Outcome
from callcenter.telephony.transfer import DAYS, SENTENCES, Exchange, Hours, Refused, Target, TransferError, read_targets

steady = settings(max_examples=200, derandomize=True, deadline=None, database=None)
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=BERLIN)  # a Wednesday
SALES = Target("sales", Number("+493012345"))
OFFICE = "Mon-Fri 08:00-12:00 13:00-18:00, Sat 09:00-13:00 Europe/Berlin"


def wednesday(clock, days=0):
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, 18, hour, minute, tzinfo=BERLIN) + timedelta(days=days)


# ------------------------------------------------------------------------------------------------------------ hours


@pytest.mark.parametrize(
    ("text", "at", "there"),
    [
        (OFFICE, wednesday("07:59"), False),
        (OFFICE, wednesday("08:00"), True),
        (OFFICE, wednesday("11:59"), True),
        (OFFICE, wednesday("12:00"), False),
        (OFFICE, wednesday("13:00"), True),
        (OFFICE, wednesday("18:00"), False),
        (OFFICE, wednesday("10:00", days=3), True),
        (OFFICE, wednesday("14:00", days=3), False),
        (OFFICE, wednesday("10:00", days=4), False),
        (OFFICE, datetime(2026, 11, 18, 7, 0, tzinfo=UTC), True),
        (OFFICE, datetime(2026, 11, 18, 6, 59, tzinfo=UTC), False),
        (OFFICE, datetime(2026, 7, 15, 6, 0, tzinfo=UTC), True),
        (OFFICE, datetime(2026, 7, 15, 5, 59, tzinfo=UTC), False),
        ("Wed 22:00-06:00 Europe/Berlin", wednesday("23:00"), True),
        ("Wed 22:00-06:00 Europe/Berlin", wednesday("05:59", days=1), True),
        ("Wed 22:00-06:00 Europe/Berlin", wednesday("06:00", days=1), False),
        ("Wed 22:00-06:00 Europe/Berlin", wednesday("05:00"), False),
        ("Sun 22:00-06:00 Europe/Berlin", wednesday("05:00", days=5), True),
        ("Fri-Mon 10:00-11:00 Europe/Berlin", wednesday("10:30", days=4), True),
        ("Fri-Mon 10:00-11:00 Europe/Berlin", wednesday("10:30"), False),
        ("Mon, Wed 10:00-11:00 Europe/Berlin", wednesday("10:30"), True),
        ("mon wed 9:30-11:00 Europe/Berlin", wednesday("09:30"), True),
        ("daily 00:00-24:00 UTC", wednesday("00:00"), True),
        ("daily 00:00-24:00 UTC", wednesday("23:59", days=2), True),
        ("Wed 00:00-24:00 America/New_York", wednesday("05:00"), False),
        ("Wed 00:00-24:00 America/New_York", wednesday("05:00", days=1), True),
    ],
)
def test_somebody_is_there_at_these_hours(text, at, there):
    assert Hours.read(text).open(at) is there


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", "write them like"),
        ("Europe/Berlin", "write them like"),
        ("Mon-Fri Europe/Berlin", "write them like"),
        ("Mon-Fri 08:00-18:00 Sat Europe/Berlin", "write them like"),
        ("08:00-18:00 Europe/Berlin", "name the days"),
        ("Mon-Fri 08:00-18:00", "write them like"),
        ("Mon-Fri 08:00-18:00 Europe/Atlantis", "no time zone"),
        ("Mon-Fri 08:00-18:00 ../../etc/passwd", "no time zone"),
        ("Mon-Fri 08:00-18:00 Europe", "no time zone"),
        ("Mon-Fir 08:00-18:00 UTC", "'Mon-Fir' is neither"),
        ("Montag 08:00-18:00 UTC", "'Montag' is neither"),
        ("Mon 8-18 UTC", "'8-18' is neither"),
        ("Mon 08:00-18:60 UTC", "neither"),
        ("Mon 25:00-26:00 UTC", "neither"),
        ("Mon 08:00-24:30 UTC", "no span"),
        ("Mon 24:00-08:00 UTC", "no span"),
        ("Mon 08:00-08:00 UTC", "no span"),
    ],
)
def test_hours_that_mean_nothing_are_refused_with_the_value(text, quoted):
    with pytest.raises(TransferError, match="hours") as caught:
        Hours.read(text)
    assert quoted in str(caught.value)


def test_a_time_without_a_zone_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="zone"):
        Hours.read(OFFICE).open(datetime(2026, 11, 18, 12, 0))


@steady
@given(
    st.sampled_from(DAYS),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_a_span_is_open_exactly_within_it(day, start, end, at):
    if start == end:
        return
    text = f"{day} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02} UTC"
    week = 7 * 1440
    minute = at.weekday() * 1440 + at.hour * 60 + at.minute
    since = (minute - DAYS.index(day) * 1440 - start) % week
    assert Hours.read(text).open(at) is (since < (end - start) % 1440 or (end - start == 1440 and since < 1440))


# ---------------------------------------------------------------------------------------------------------- targets


def test_targets_are_read_from_a_plain_mapping():
    assert read_targets(
        {
            "sales": {"number": "030 12345", "hours": OFFICE, "timeout": 12},
            "desk": {"sip": "desk@pbx.example.com"},
            "anna": {"client": "anna"},
            "old": {"sip": "sip:desk@pbx.example.com:5061"},
        },
        "DE",
    ) == {
        "sales": Target("sales", Number("+493012345"), Hours.read(OFFICE), 12),
        "desk": Target("desk", Address("sip", "desk@pbx.example.com")),
        "anna": Target("anna", Address("client", "anna")),
        "old": Target("old", Address("sip", "desk@pbx.example.com:5061")),
    }


@pytest.mark.parametrize(
    ("fields", "quoted"),
    [
        ("+15550100", "not an object"),
        ({}, "exactly one of"),
        ({"number": "+15550100", "sip": "a@b"}, "exactly one of"),
        ({"number": "+15550100", "hour": "x"}, "unknown 'hour'"),
        ({"number": "911"}, "too_short"),
        ({"number": "anonymous"}, "nobody who could be called"),
        ({"number": 15550100}, "is no text"),
        ({"sip": "a b"}, "bad_address"),
        ({"number": "+15550100", "timeout": 4}, "5 to 600"),
        ({"number": "+15550100", "timeout": "20"}, "5 to 600"),
        ({"number": "+15550100", "timeout": True}, "5 to 600"),
        ({"number": "+15550100", "hours": "always"}, "write them like"),
        ({"number": "+15550100", "hours": 8}, "is no text"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_by_name(fields, quoted):
    with pytest.raises(TransferError, match="'person'") as caught:
        read_targets({"person": fields})
    assert quoted in str(caught.value)


# --------------------------------------------------------------------------------------------------------- decisions


@pytest.mark.parametrize(
    ("allowed", "party", "permitted"),
    [
        ((), Number("+493012345"), False),
        (("+49",), Number("+493012345"), True),
        (("+4930",), Number("+493012345"), True),
        (("+4989", "+4930"), Number("+493012345"), True),
        (("+4931",), Number("+493012345"), False),
        (("+493012345",), Number("+493012345"), True),
        (("+4930123456",), Number("+493012345"), False),
        (("+49 (30)",), Number("+493012345"), True),
        (("+",), Number("+493012345"), True),
        (("sip:@pbx.example.com",), Number("+493012345"), False),
        (("+",), Address("sip", "a@pbx.example.com"), False),
        (("sip:@pbx.example.com",), Address("sip", "a@pbx.example.com"), True),
        (("sip:@PBX.example.com",), Address("sip", "a@pbx.EXAMPLE.com"), True),
        (("sip:@example.com",), Address("sip", "a@pbx.example.com"), False),
        (("sip:@pbx.example.com",), Address("sip", "a@pbx.example.com.evil.net"), False),
        (("client:anna",), Address("client", "anna"), True),
        (("client:anna",), Address("client", "annabel"), False),
    ],
)
def test_nothing_is_dialled_unless_it_is_allowed(allowed, party, permitted):
    exchange = Exchange({"x": Target("x", party)}, allowed)
    assert exchange.permits(party) is permitted
    decision = exchange.decide("x", 0, 0.0, NOON)
    assert isinstance(decision, Target) is permitted
    if not permitted:
        assert decision == Refused(Outcome.DENIED, "not_allowed")


@pytest.mark.parametrize("prefix", ["", "49", "0049", "+49x", "sip:", "sip:@", "sip:a@b", "client:", "*"])
def test_a_prefix_that_could_mean_everything_or_nothing_is_refused(prefix):
    with pytest.raises(TransferError, match="allowed prefix"):
        Exchange({}, (prefix,))


def test_a_target_nobody_configured_is_denied():
    assert Exchange({}, ("+",)).decide("sales", 0, 0.0, NOON) == Refused(Outcome.DENIED, "unknown_target")


def test_a_closed_office_is_not_rung():
    closed = Target("sales", SALES.party, Hours.read("Mon 08:00-09:00 Europe/Berlin"))
    exchange = Exchange({"sales": closed}, ("+49",))
    assert exchange.decide("sales", 0, 0.0, NOON) == Refused(Outcome.CLOSED, "closed")
    assert exchange.decide("sales", 0, 0.0, NOON - timedelta(days=2, hours=3, minutes=30)) == closed


@pytest.mark.parametrize(("made", "allowed"), [(0, True), (2, True), (3, False), (99, False)])
def test_a_call_is_passed_on_a_few_times_only(made, allowed):
    decision = Exchange({"sales": SALES}, ("+49",)).decide("sales", made, 0.0, NOON)
    assert decision == (SALES if allowed else Refused(Outcome.DENIED, "call_limit"))


def test_a_process_passes_on_a_limited_number_of_calls_a_minute():
    exchange = Exchange({"sales": SALES}, ("+49",), per_minute=3)
    times = [0.0, 10.0, 20.0, 30.0, 59.9, 60.0, 61.0, 70.0, 79.0]
    made = [exchange.decide("sales", 0, now, NOON) == SALES for now in times]
    assert made == [True, True, True, False, False, True, False, True, False]


def test_a_limit_of_none_a_minute_passes_on_nobody():
    exchange = Exchange({"sales": SALES}, ("+49",), per_minute=0)
    assert exchange.decide("sales", 0, 0.0, NOON) == Refused(Outcome.DENIED, "minute_limit")


def test_a_refused_transfer_does_not_count():
    exchange = Exchange({"sales": SALES, "far": Target("far", Number("+881612345"))}, ("+49",), per_minute=1)
    for _ in range(10):
        assert isinstance(exchange.decide("far", 0, 0.0, NOON), Refused)
    assert exchange.decide("sales", 0, 0.0, NOON) == SALES


@steady
@given(st.lists(st.floats(0, 30), max_size=80), st.integers(1, 8))
def test_in_any_minute_the_limit_holds(gaps, limit):
    exchange, now, granted = Exchange({"sales": SALES}, ("+49",), per_minute=limit), 0.0, []
    for gap in gaps:
        now += gap
        if exchange.decide("sales", 0, now, NOON) == SALES:
            granted.append(now)
    for at in granted:
        assert sum(at <= other < at + 60 for other in granted) <= limit


def test_every_outcome_but_success_has_a_sentence():
    assert set(SENTENCES) == set(Outcome)
    assert [outcome for outcome, text in SENTENCES.items() if not text] == [Outcome.COMPLETED]
    assert len(set(SENTENCES.values())) == len(SENTENCES)
