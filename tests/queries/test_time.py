"""Periods and buckets: half-open, cut where the display zone cuts, like compared with like."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.question import QuestionError
from queries.time import (
    MOST_BUCKETS,
    Grain,
    Preset,
    Span,
    add_months,
    bucket_end,
    check_span,
    cuts,
    partial_bucket,
    period,
    to_utc,
    zone_of,
)

UTC, BERLIN = zone_of("UTC"), zone_of("Europe/Berlin")
NOW = datetime(2026, 5, 20, 14, 35)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("preset", "start", "end", "before", "end_before"),
    [
        (Preset.TODAY, "2026-05-20", "2026-05-20 15", "2026-05-19", "2026-05-19 15"),
        (Preset.LAST_24_HOURS, "2026-05-19 15", "2026-05-20 15", "2026-05-18 15", "2026-05-19 15"),
        (Preset.LAST_7_DAYS, "2026-05-14", "2026-05-20 15", "2026-05-07", "2026-05-13 15"),
        (Preset.LAST_30_DAYS, "2026-04-21", "2026-05-20 15", "2026-03-22", "2026-04-20 15"),
        (Preset.LAST_90_DAYS, "2026-02-20", "2026-05-20 15", "2025-11-22", "2026-02-19 15"),
        (Preset.LAST_12_MONTHS, "2025-06-01", "2026-05-20 15", "2024-06-01", "2025-05-20 15"),
        (Preset.THIS_MONTH, "2026-05-01", "2026-05-20 15", "2026-04-01", "2026-04-20 15"),
        (Preset.LAST_MONTH, "2026-04-01", "2026-05-01", "2026-03-01", "2026-04-01"),
        (Preset.LAST_QUARTER, "2026-01-01", "2026-04-01", "2025-10-01", "2026-01-01"),
    ],
)
def test_a_running_period_is_compared_with_the_same_part_of_the_one_before(
    preset: Preset, start: str, end: str, before: str, end_before: str
) -> None:
    chosen = period(preset, NOW, UTC)
    times = [datetime.fromisoformat(text) for text in (start, end, before, end_before)]
    assert chosen.span == Span(*times[:2])
    assert chosen.previous == Span(*times[2:])


def test_the_same_part_of_a_shorter_month_ends_with_that_month() -> None:
    chosen = period(Preset.THIS_MONTH, datetime(2026, 3, 31, 12), UTC)
    assert chosen.previous == Span(datetime(2026, 2, 1), datetime(2026, 3, 1))


@pytest.mark.parametrize(
    ("now", "start"),
    [("2026-01-01", "2025-10-01"), ("2026-03-31", "2025-10-01"), ("2026-04-01", "2026-01-01")],
)
def test_the_last_quarter_is_the_calendar_one_before_this(now: str, start: str) -> None:
    chosen = period(Preset.LAST_QUARTER, datetime.fromisoformat(now), UTC)
    assert chosen.span.start == datetime.fromisoformat(start)


def test_days_begin_at_midnight_of_the_display_zone() -> None:
    assert period(Preset.TODAY, datetime(2026, 5, 20, 22, 30), BERLIN).span == Span(
        datetime(2026, 5, 20, 22), datetime(2026, 5, 20, 23)
    )


@pytest.mark.parametrize(
    ("now", "start"),
    [("2026-05-20", "2026-04-30"), ("2026-05-31", "2026-05-31"), ("2026-03-01", "2026-02-28")],
)
def test_a_billing_cycle_is_a_month_from_the_day_the_subscription_began(
    now: str, start: str
) -> None:
    chosen = period(
        Preset.BILLING_CYCLE,
        datetime.fromisoformat(now) + timedelta(hours=8),
        UTC,
        cycle_start=datetime(2025, 1, 31, 7),
    )
    assert chosen.span.start == datetime.fromisoformat(start)


def test_a_customer_without_a_subscription_has_no_billing_cycle() -> None:
    with pytest.raises(QuestionError, match="no active subscription"):
        period(Preset.BILLING_CYCLE, NOW, UTC)


def test_custom_days_are_inclusive_and_compared_with_as_many_before() -> None:
    chosen = period(Preset.CUSTOM, NOW, UTC, first=date(2026, 4, 1), last=date(2026, 4, 10))
    assert chosen.span == Span(datetime(2026, 4, 1), datetime(2026, 4, 11))
    assert chosen.previous == Span(datetime(2026, 3, 22), datetime(2026, 4, 1))


def test_custom_days_that_end_before_they_start_are_refused() -> None:
    with pytest.raises(QuestionError, match="Choose an end after the start"):
        period(Preset.CUSTOM, NOW, UTC, first=date(2026, 4, 2), last=date(2026, 4, 1))


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_on_which_the_clocks_change_has_23_or_25_hours(day: date, hours: int) -> None:
    span = period(Preset.CUSTOM, datetime(2027, 1, 1), BERLIN, first=day, last=day).span
    assert span.end - span.start == timedelta(hours=hours)
    assert len(cuts(span, Grain.HOUR, BERLIN)) == hours
    assert len(cuts(span, Grain.DAY, BERLIN)) == 1


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    span = Span(datetime(2026, 4, 29), datetime(2026, 5, 12))
    assert cuts(span, Grain.WEEK, UTC)[1:] == [datetime(2026, 5, 4), datetime(2026, 5, 11)]
    assert cuts(span, Grain.MONTH, UTC)[1:] == [datetime(2026, 5, 1)]


def test_the_whole_period_is_one_bucket() -> None:
    span = Span(datetime(2020, 1, 1), datetime(2026, 1, 1))
    assert cuts(span, Grain.WHOLE, UTC) == [span.start]


@given(
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    days=st.integers(1, 40),
    grain=st.sampled_from([Grain.HOUR, Grain.DAY, Grain.WEEK, Grain.MONTH]),
    zone=st.sampled_from(ZONES),
)
def test_buckets_tile_the_span(start: datetime, days: int, grain: Grain, zone: str) -> None:
    span = Span(start, start + timedelta(days=days))
    starts = cuts(span, grain, zone_of(zone))
    assert starts[0] == span.start
    assert starts == sorted(set(starts))
    ends = [bucket_end(cut, grain, zone_of(zone)) for cut in starts]
    assert ends[:-1] == starts[1:]
    assert starts[-1] < span.end <= ends[-1]


def test_a_time_that_the_clocks_skip_is_the_first_one_after_it() -> None:
    assert to_utc(datetime(2026, 3, 29, 2, 30), BERLIN) == datetime(2026, 3, 29, 1, 30)


def test_the_bucket_that_is_filling_is_partial_and_a_full_one_is_not() -> None:
    span = Span(datetime(2026, 5, 18), datetime(2026, 5, 20, 15))
    assert partial_bucket(span, Grain.DAY, UTC, NOW) == datetime(2026, 5, 20)
    assert partial_bucket(span, Grain.DAY, UTC, datetime(2026, 5, 21)) is None


def test_a_hundred_years_by_the_hour_are_too_many_buckets() -> None:
    with pytest.raises(QuestionError, match="Choose a longer bucket"):
        check_span(Span(datetime(1970, 1, 1), datetime(2070, 1, 1)), Grain.HOUR)


def test_the_most_buckets_can_be_asked_for() -> None:
    start = datetime(2026, 1, 1)
    span = Span(start, start + timedelta(hours=MOST_BUCKETS))
    check_span(span, Grain.HOUR)
    assert len(cuts(span, Grain.HOUR, UTC)) == MOST_BUCKETS


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe/"])
def test_a_zone_that_is_none_is_refused_in_words(name: str) -> None:
    with pytest.raises(QuestionError, match="is not a time zone"):
        zone_of(name)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-03-15", -3, "2025-12-15"),
        ("2026-12-01", 1, "2027-01-01"),
    ],
)
def test_months_are_added_up_to_the_last_day(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)
