"""The calendar: months counted on, and periods that follow each other without a gap."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.credits.months import add_months
from data.credits.resets import Reset, ResetPeriod

ANCHOR = datetime(2026, 1, 31, 9, 30)
AT = datetime(2026, 5, 20, 12, 34, 56)  # a Wednesday

RESETS = [
    Reset(ResetPeriod.HOUR),
    Reset(ResetPeriod.DAY),
    Reset(ResetPeriod.WEEK),
    Reset(ResetPeriod.WEEK, "EveryMonday"),
    Reset(ResetPeriod.WEEK, "EverySunday"),
    Reset(ResetPeriod.MONTH),
    Reset(ResetPeriod.MONTH, "StartOfTheMonth"),
    Reset(ResetPeriod.YEAR),
]
times = st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, datetime(2026, 2, 28, 9, 30)),
        (2, datetime(2026, 3, 31, 9, 30)),
        (12, datetime(2027, 1, 31, 9, 30)),
        (-2, datetime(2025, 11, 30, 9, 30)),
        (25, datetime(2028, 2, 29, 9, 30)),
    ],
)
def test_a_month_that_is_too_short_ends_the_count_on_its_last_day(
    count: int, expected: datetime
) -> None:
    assert add_months(ANCHOR, count) == expected


@pytest.mark.parametrize(
    ("reset", "start", "end"),
    [
        (RESETS[0], datetime(2026, 5, 20, 12), datetime(2026, 5, 20, 13)),
        (RESETS[1], datetime(2026, 5, 20), datetime(2026, 5, 21)),
        (RESETS[2], datetime(2026, 5, 16, 9, 30), datetime(2026, 5, 23, 9, 30)),
        (RESETS[3], datetime(2026, 5, 18), datetime(2026, 5, 25)),
        (RESETS[4], datetime(2026, 5, 17), datetime(2026, 5, 24)),
        (RESETS[5], datetime(2026, 4, 30, 9, 30), datetime(2026, 5, 31, 9, 30)),
        (RESETS[6], datetime(2026, 5, 1), datetime(2026, 6, 1)),
        (RESETS[7], ANCHOR, datetime(2027, 1, 31, 9, 30)),
    ],
)
def test_a_period_is_counted_from_the_calendar_or_the_subscription(
    reset: Reset, start: datetime, end: datetime
) -> None:
    assert reset.around(AT, ANCHOR) == (start, end)


@given(at=times, anchor=times, reset=st.sampled_from(RESETS))
def test_a_period_holds_its_time_and_the_next_begins_where_it_ends(
    at: datetime, anchor: datetime, reset: Reset
) -> None:
    start, end = reset.around(at, anchor)
    assert start <= at < end
    assert reset.around(end, anchor)[0] == end
    assert reset.around(end - timedelta(microseconds=1), anchor) == (start, end)


@given(days=st.integers(0, 900), length=st.integers(0, 60), reset=st.sampled_from(RESETS))
def test_the_starts_in_a_window_are_those_of_its_periods(
    days: int, length: int, reset: Reset
) -> None:
    since = ANCHOR + timedelta(days=days)
    until = since + timedelta(days=length)
    starts = list(reset.starts(ANCHOR, since, until))
    assert all(since <= start < until for start in starts)
    assert all(reset.around(start, ANCHOR)[0] == start for start in starts)
    if since < until:
        last = reset.around(until - timedelta(microseconds=1), ANCHOR)[0]
        assert (last in starts) == (last >= since)
