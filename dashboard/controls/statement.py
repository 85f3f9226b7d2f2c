"""The controls of a statement: over which time, and up to which moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from dashboard.controls.choices import address_value, day, instant, pick
from dashboard.controls.scope import Scope
from queries.question import QuestionError
from queries.time import Grain, Preset, Span, period, to_local, to_utc, zone_of

START, YESTERDAY = "start", "yesterday"
PERIODS = {
    START: "Since the start",
    YESTERDAY: "Yesterday",
    Preset.LAST_7_DAYS.value: "Last 7 days",
    Preset.LAST_30_DAYS.value: "Last 30 days",
    Preset.THIS_MONTH.value: "This month",
    Preset.LAST_MONTH.value: "Last month",
    Preset.CUSTOM.value: "Custom …",
}
MOST_HOURS, MOST_DAYS, MOST_WEEKS = timedelta(hours=97), timedelta(days=400), timedelta(days=2000)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader wants explained. `first` None is since the first grant."""

    first: datetime | None
    end: datetime
    is_now: bool
    """Whether the balance at the end is the balance now."""

    def span(self, started: datetime, zone: str) -> Span:
        """The span to ask for, of a pool whose first grant was made at `started`."""
        if self.first is not None:
            return Span(self.first, self.end)
        day = to_local(started, zone_of(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        return Span(min(to_utc(day, zone_of(zone)), self.end - timedelta(hours=1)), self.end)


def statement_controls(scope: Scope, now: datetime) -> Wanted:
    """Raises QuestionError for a moment or a period that cannot be."""
    zone = zone_of(scope.zone)
    latest = scope.source.ends_at or now
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = pick("Explain", PERIODS, key="period", default=START)
        first = last = None
        if chosen == Preset.CUSTOM.value:
            today = to_local(latest, zone).date()
            with st.container(width=140):
                first = day("From", key="from", default=today - timedelta(days=29))
            with st.container(width=140):
                last = day("To", key="to", default=today)
        with st.container(width=230):
            moment = instant(
                "Balance at", key="at", help=f"In {scope.zone}. Empty is now, or the period's end."
            )
    text = address_value("at", "")
    if text and moment is None:
        raise QuestionError(
            f"{text!r} is not a moment such as 2026-05-22T14:30, on the clock of {scope.zone}."
        )
    at = latest if moment is None else to_utc(moment, zone)
    if moment is not None and at > latest:
        raise QuestionError(
            f"{moment:%-d %b %Y %H:%M} is later than this source's data, which ends at "
            f"{to_local(latest, zone):%-d %b %Y %H:%M}. Choose an earlier moment."
        )
    if chosen == START:
        open_end = period(Preset.TODAY, at, zone, data_end=at).span.end
        return Wanted(None, open_end if moment is None else at, moment is None)
    if chosen == YESTERDAY:
        first = last = to_local(at, zone).date() - timedelta(days=1)
    preset = Preset.CUSTOM if chosen == YESTERDAY else Preset(chosen)
    span = period(preset, at, zone, first=first, last=last, data_end=at).span
    end = span.end if moment is None else min(span.end, at)
    return Wanted(span.start, end, moment is None and end >= at)


def grain_of(span: Span) -> Grain:
    """Buckets narrow enough to see a day in, and few enough to draw."""
    length = span.end - span.start
    if length <= MOST_HOURS:
        return Grain.HOUR
    if length <= MOST_DAYS:
        return Grain.DAY
    return Grain.WEEK if length <= MOST_WEEKS else Grain.MONTH
