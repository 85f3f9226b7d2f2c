"""The time axis of charts over buckets: their starts on the display zone's wall clock."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import plotly.graph_objects as go

from dashboard.charts.palette import Palette
from queries.time import Grain, to_local, zone_of

STEP = {Grain.HOUR: timedelta(hours=1), Grain.DAY: timedelta(days=1)}
HOVER_TIME = {Grain.HOUR: "%a %-d %b %H:%M", Grain.MONTH: "%b %Y"}

Axis = dict[str, object]


class Bucketed(Protocol):
    """A question that is answered in buckets."""

    @property
    def grain(self) -> Grain: ...
    @property
    def zone(self) -> str: ...
    @property
    def cuts(self) -> list[datetime]: ...


def axis_of(question: Bucketed) -> Axis:
    """x as a start and a step where buckets are even, which costs no bytes, else as a list."""
    zone = zone_of(question.zone)
    walls = [to_local(cut, zone) for cut in question.cuts]
    step = STEP.get(question.grain)
    is_even = step is not None and all(b - a == step for a, b in itertools.pairwise(walls))
    if is_even and step is not None:
        return {"x0": walls[0], "dx": step.total_seconds() * 1000}
    if question.grain is Grain.HOUR:
        # The clocks change within the span: an hour is there twice, or not at all.
        zoned = [cut.astimezone(zone) for cut in _aware(question.cuts)]
        return {"x": [f"{z:%-d %b %H:%M %Z}" for z in zoned]}
    return {"x": walls}


def hover_time(question: Bucketed) -> str:
    return HOVER_TIME.get(question.grain, "%a %-d %b %Y")


def mark_partial(
    chart: go.Figure, question: Bucketed, palette: Palette, partial_from: datetime
) -> None:
    """Say that the last bucket is still filling, where the axis has times to put it at."""
    start = to_local(partial_from, zone_of(question.zone))
    has_names_for_hours = chart.data[0].x is not None and question.grain is Grain.HOUR
    if len(question.cuts) < 2 or has_names_for_hours:
        return
    chart.add_annotation(
        x=start, y=1, yref="paper", yanchor="bottom", text="partial", showarrow=False,
        font={"size": 11, "color": palette.text},
    )  # fmt: skip


def _aware(cuts: Sequence[datetime]) -> list[datetime]:
    utc = zone_of("UTC")
    return [cut.replace(tzinfo=utc) for cut in cuts]
