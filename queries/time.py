"""Time: periods, grains, and where a display zone cuts them into buckets."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from queries.question import QuestionError

MOST_BUCKETS = 2500
EARLIEST, LATEST = datetime(1970, 1, 1), datetime(2200, 1, 1)


class Grain(StrEnum):
    """How wide a bucket is; WHOLE is one bucket for the whole period."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    WHOLE = "whole"


class Preset(StrEnum):
    TODAY = "today"
    LAST_24_HOURS = "24h"
    LAST_7_DAYS = "7d"
    LAST_30_DAYS = "30d"
    LAST_90_DAYS = "90d"
    LAST_12_MONTHS = "12m"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    LAST_QUARTER = "last-quarter"
    BILLING_CYCLE = "cycle"
    CUSTOM = "custom"


WHOLE = {Preset.LAST_MONTH: 1, Preset.LAST_QUARTER: 3}
"""Periods that are over, and how many months they last."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open interval of naive UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A span to look at, and the one before it that it is compared with.

    While a period is running it ends with the current hour, and the one before it ends at the
    same point of its own course: like is compared with like.
    """

    span: Span
    previous: Span


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise QuestionError(
            f"{name!r} is not a time zone. Use a name such as UTC or Europe/Berlin."
        ) from None


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Naive UTC of a wall-clock time; a time that the clocks skip is the first one after it."""
    return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The wall-clock time of naive UTC, without its zone."""
    return instant.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def period(
    preset: Preset,
    now: datetime,
    zone: ZoneInfo,
    *,
    first: date | None = None,
    last: date | None = None,
    cycle_start: datetime | None = None,
    data_end: datetime | None = None,
) -> Period:
    """The period that a preset means at `now`, as far as the data reaches.

    Data that ends at `data_end` cuts the period off with that hour, and the one before it alike.
    CUSTOM takes `first` and `last`, both inclusive; BILLING_CYCLE takes `cycle_start`, the time
    at which the subscription began (cycles are months from there).
    """
    hour_end = _hour_end(now if data_end is None else min(now, data_end))
    today = to_local(now, zone).date()
    if preset is Preset.LAST_24_HOURS:
        day = timedelta(days=1)
        return Period(Span(hour_end - day, hour_end), Span(hour_end - 2 * day, hour_end - day))
    if preset is Preset.CUSTOM:
        return _custom(first, last, zone, hour_end)
    if preset is Preset.BILLING_CYCLE:
        start, before = _cycle(cycle_start, now, zone)
    else:
        start, before = _preset_days(preset, today)
    return _running(start, before, zone, hour_end, preset)


def cuts(span: Span, grain: Grain, zone: ZoneInfo) -> list[datetime]:
    """The starts of the span's buckets in naive UTC; the first is the span's own start."""
    return list(_cuts(span, grain, zone))


@lru_cache(maxsize=256)
def _cuts(span: Span, grain: Grain, zone: ZoneInfo) -> tuple[datetime, ...]:
    starts = [span.start]
    if grain is Grain.WHOLE:
        return tuple(starts)
    while (start := _next_cut(starts[-1], grain, zone)) < span.end:
        starts.append(start)
        if len(starts) > MOST_BUCKETS:
            raise QuestionError(_too_many(span, grain))
    return tuple(starts)


def bucket_end(start: datetime, grain: Grain, zone: ZoneInfo) -> datetime:
    """Where the bucket ends by the clock, wherever the span does."""
    return _next_cut(start, grain, zone)


def partial_bucket(span: Span, grain: Grain, zone: ZoneInfo, as_of: datetime) -> datetime | None:
    """The start of the bucket that was still filling at `as_of`, if the span reaches it."""
    if grain is Grain.WHOLE:
        return None
    last = cuts(span, grain, zone)[-1]
    return last if last <= as_of < bucket_end(last, grain, zone) else None


def check_span(span: Span, grain: Grain) -> None:
    """Raise the sentence for a span that cannot be asked for."""
    if span.end <= span.start:
        raise QuestionError(
            f"The period ends ({span.end:%-d %b %Y %H:%M}) before it starts "
            f"({span.start:%-d %b %Y %H:%M}). Choose an end after the start."
        )
    if not (span.start >= EARLIEST and span.end <= LATEST):
        raise QuestionError("The period must lie between the years 1970 and 2200.")
    if grain is not Grain.WHOLE and (span.end - span.start) / _widths()[grain] > MOST_BUCKETS:
        raise QuestionError(_too_many(span, grain))


def _widths() -> dict[Grain, timedelta]:
    days = {Grain.DAY: 1, Grain.WEEK: 7, Grain.MONTH: 28}
    return {Grain.HOUR: timedelta(hours=1)} | {g: timedelta(days=d) for g, d in days.items()}


def _too_many(span: Span, grain: Grain) -> str:
    count = (span.end - span.start) // _widths()[grain]
    return (
        f"{count:,} buckets of one {grain} are more than a chart can show "
        f"({MOST_BUCKETS:,}). Choose a longer bucket or a shorter period."
    )


def _next_cut(start: datetime, grain: Grain, zone: ZoneInfo) -> datetime:
    """The next bucket start after `start`, which may lie inside a bucket."""
    local = to_local(start, zone)
    if grain is Grain.HOUR:
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return start + timedelta(hours=1) - past
    day = local.date()
    if grain is Grain.DAY:
        following = day + timedelta(days=1)
    elif grain is Grain.WEEK:
        following = day + timedelta(days=7 - day.weekday())
    else:
        following = add_months(day.replace(day=1), 1)
    return to_utc(_midnight(following), zone)


def add_months(day: date, months: int) -> date:
    """The same day of a later or earlier month, or that month's last day."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _hour_end(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _preset_days(preset: Preset, today: date) -> tuple[date, date]:
    """(first day, first day of the period before)."""
    month = today.replace(day=1)
    lengths = {Preset.TODAY: 1, Preset.LAST_7_DAYS: 7}
    lengths |= {Preset.LAST_30_DAYS: 30, Preset.LAST_90_DAYS: 90}
    if preset in lengths:
        start = today - timedelta(days=lengths[preset] - 1)
        return start, start - timedelta(days=lengths[preset])
    if preset is Preset.LAST_12_MONTHS:
        return add_months(month, -11), add_months(month, -23)
    if preset is Preset.LAST_MONTH:
        return add_months(month, -1), add_months(month, -2)
    if preset is Preset.LAST_QUARTER:
        quarter = add_months(month, -((month.month - 1) % 3))
        return add_months(quarter, -3), add_months(quarter, -6)
    return month, add_months(month, -1)


def _running(
    start: date, before: date, zone: ZoneInfo, hour_end: datetime, preset: Preset
) -> Period:
    """A period from midnight of `start`, and the one before it up to the same point."""
    begin = to_utc(_midnight(start), zone)
    begin_before = to_utc(_midnight(before), zone)
    end = hour_end
    if preset in WHOLE:
        whole = to_utc(_midnight(add_months(start, WHOLE[preset])), zone)
        if whole <= end:
            return Period(Span(begin, whole), Span(begin_before, begin))
    if end <= begin:
        raise QuestionError(
            f"The data ends on {end:%-d %b %Y %H:%M} UTC, before this period begins. "
            "Choose an earlier period or another source."
        )
    elapsed = to_local(end, zone) - _midnight(start)
    end_before = min(to_utc(_midnight(before) + elapsed, zone), begin)
    return Period(Span(begin, end), Span(begin_before, end_before))


def _custom(first: date | None, last: date | None, zone: ZoneInfo, hour_end: datetime) -> Period:
    if first is None or last is None:
        raise QuestionError("Choose the first and the last day of the period.")
    if last < first:
        raise QuestionError(
            f"The period ends ({last:%-d %b %Y}) before it starts ({first:%-d %b %Y}). "
            "Choose an end after the start."
        )
    if not (EARLIEST.date() <= first and last < LATEST.date()):
        raise QuestionError("The period must lie between the years 1970 and 2200.")
    days = timedelta(days=(last - first).days + 1)
    begin = to_utc(_midnight(first), zone)
    end = to_utc(_midnight(last) + timedelta(days=1), zone)
    begin_before = to_utc(max(_midnight(first) - days, EARLIEST), zone)
    if begin < hour_end < end:
        elapsed = to_local(hour_end, zone) - _midnight(first)
        end_before = min(to_utc(_midnight(first) - days + elapsed, zone), begin)
        return Period(Span(begin, hour_end), Span(begin_before, end_before))
    return Period(Span(begin, end), Span(begin_before, begin))


def _cycle(started: datetime | None, now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """(first day of the current monthly cycle, first day of the one before)."""
    if started is None:
        raise QuestionError("This customer has no active subscription, so no billing cycle.")
    anchor, today = to_local(started, zone).date(), to_local(now, zone).date()
    months = (today.year - anchor.year) * 12 + today.month - anchor.month
    while add_months(anchor, months) > today:
        months -= 1
    return add_months(anchor, months), add_months(anchor, months - 1)
