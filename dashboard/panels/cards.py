"""Cards: at most five numbers, each with its change and its small trend."""

from decimal import Decimal
from typing import Literal

import streamlit as st

from dashboard.charts.palette import palette
from dashboard.charts.trend import trend as draw_trend
from dashboard.formats import compact, percent
from dashboard.markdown import plain
from dashboard.panels.shown import Shown
from queries.usage.shape import Series, Total, total, whole_series

NO_PREVIOUS = "not enough data"


def cards(shown: Shown) -> None:
    """At most five numbers, each with its change and its trend."""
    now = total(shown.over_time)
    before = total(shown.previous) if shown.previous is not None else None
    unknown = NO_PREVIOUS if before else None
    whole = whole_series(shown.answer.frame, shown.asked)
    trend = [float(credits) for credits in whole.credits] if whole else None
    events = [float(count) for count in whole.events] if whole else None
    rates = _rates(whole) if whole else None
    with st.container(horizontal=True):
        card(
            f"{shown.unit.capitalize()} used",
            compact(now.credits),
            change_of(now.credits, before.credits if before else None) or unknown,
            trend,
        )
        counts = (Decimal(now.events), Decimal(before.events) if before else None)
        card("Events", compact(counts[0]), change_of(*counts) or unknown, events)
        rate_change = _rate_change(now, before) or unknown
        card("Credits per event", _per_event(now), rate_change, rates)
        _largest_card(shown, now)


def card(
    label: str, value: str, change: str | None, trend: list[float] | None, note: str = ""
) -> None:
    """One number, and under it its change, its trend, or a note in Markdown."""
    with st.container(border=True, gap="small", height="stretch"):
        st.metric(label, value, delta=change, delta_color="off", delta_arrow=_arrow(change))
        if note:
            st.caption(note)
        if trend:
            picture = draw_trend(trend, palette(st.context.theme.type).rank(0, 9))
            st.image(picture, width="stretch", alt=f"Trend of {label.lower()} over the period")


def _arrow(change: str | None) -> Literal["off", "up", "down"]:
    if change is None or change[0] not in "+−":
        return "off"
    return "up" if change[0] == "+" else "down"


def change_of(now: Decimal, before: Decimal | None) -> str | None:
    if not before:
        return None
    return percent(float((now - before) / before))


def _per_event(amounts: Total) -> str:
    return "–" if amounts.per_event is None else compact(amounts.per_event)


def _rates(series: Series) -> list[float]:
    """Credits per event of each bucket; 0 in one without events."""
    pairs = zip(series.credits, series.events, strict=True)
    return [float(credits) / events if events else 0.0 for credits, events in pairs]


def _rate_change(now: Total, before: Total | None) -> str | None:
    if before is None or not before.per_event or now.per_event is None:
        return None
    return change_of(now.per_event, before.per_event)


def _largest_card(shown: Shown, now: Total) -> None:
    if not shown.question.by or not now.credits:
        return
    *values, credits, _events = shown.groups.row(0)
    share = float(credits / now.credits)
    st.metric(
        "Largest", plain(shown.name_of(tuple(values))), delta=f"{share:.0%} of all",
        delta_color="off", delta_arrow="off", border=True, height="stretch",
    )  # fmt: skip
