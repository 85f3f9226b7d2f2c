"""The period and its grain."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from dashboard.asking import ask
from dashboard.controls.choices import choose, day
from dashboard.controls.scope import Scope
from queries.customers import Subscriptions
from queries.question import QuestionError
from queries.time import Grain, Period, Preset, Span, period, to_local, zone_of

PRESETS = {
    Preset.TODAY: "Today",
    Preset.LAST_24_HOURS: "Last 24 hours",
    Preset.LAST_7_DAYS: "Last 7 days",
    Preset.LAST_30_DAYS: "Last 30 days",
    Preset.LAST_90_DAYS: "Last 90 days",
    Preset.LAST_12_MONTHS: "Last 12 months",
    Preset.THIS_MONTH: "This month",
    Preset.LAST_MONTH: "Last month",
    Preset.LAST_QUARTER: "Last quarter",
    Preset.BILLING_CYCLE: "This billing cycle",
    Preset.CUSTOM: "Custom …",
}
GRAINS = {
    "auto": "Automatic",
    Grain.HOUR: "Hour",
    Grain.DAY: "Day",
    Grain.WEEK: "Week",
    Grain.MONTH: "Month",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    period: Period
    grain: Grain


def period_controls(scope: Scope, now: datetime) -> Chosen:
    """Period, its dates when it is custom, and the bucket; raises QuestionError."""
    chosen = days_controls(scope, now)
    with st.container(width=130):
        grain = choose(
            "Bucket", {str(g): name for g, name in GRAINS.items()}, key="grain", default="auto"
        )
    return Chosen(chosen, _grain(grain, chosen.span))


def days_controls(scope: Scope, now: datetime, default: Preset = Preset.LAST_30_DAYS) -> Period:
    """Period, and its dates when it is custom; raises QuestionError."""
    names = {preset.value: name for preset, name in PRESETS.items()}
    offered = names.copy()
    if scope.customer_id is None:
        del offered[Preset.BILLING_CYCLE.value]
    with st.container(width=170):
        text = choose("Period", offered, key="period", default=default.value)
    if text not in names:
        raise QuestionError(f"{text!r} is not a period; choose one from the list.")
    preset = Preset(text)
    zone = zone_of(scope.zone)
    first = last = None
    if preset is Preset.CUSTOM:
        today = to_local(now, zone).date()
        with st.container(width=140):
            first = day("From", key="from", default=today - timedelta(days=29))
        with st.container(width=140):
            last = day("To", key="to", default=today)
    started = _cycle_start(scope) if preset is Preset.BILLING_CYCLE else None
    return period(
        preset,
        now,
        zone,
        first=first,
        last=last,
        cycle_start=started,
        data_end=scope.source.ends_at,
    )


def address_of_period(span: Span, zone: str, now: datetime) -> dict[str, str]:
    """The days of a span as query parameters, as far as they have come."""
    last = min(span.end - timedelta.resolution, now)
    return {
        "period": Preset.CUSTOM.value,
        "from": f"{to_local(span.start, zone_of(zone)):%Y-%m-%d}",
        "to": f"{to_local(last, zone_of(zone)):%Y-%m-%d}",
    }


def _grain(text: str, span: Span) -> Grain:
    if text not in {str(grain) for grain in GRAINS}:
        raise QuestionError(f"{text!r} is not a bucket; choose one from the list.")
    if text != "auto":
        return Grain(text)
    if span.end - span.start <= timedelta(hours=49):
        return Grain.HOUR
    return Grain.DAY if span.end - span.start <= timedelta(days=93) else Grain.MONTH


def _cycle_start(scope: Scope) -> datetime | None:
    if scope.customer_id is None:
        raise QuestionError("A billing cycle belongs to one customer. Choose a customer.")
    held = ask(Subscriptions(scope.customer_id), scope.source).frame
    own = held.filter(
        held["resource_id"].is_null()
        if scope.resource_id is None
        else held["resource_id"] == scope.resource_id
    )
    rows = own if own.height else held
    started: list[datetime] = rows["started_at"].sort().to_list()
    return next(iter(started), None)
