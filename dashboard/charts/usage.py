"""The chart of credit usage over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.buckets import Axis, axis_of, hover_time, mark_partial
from dashboard.charts.palette import LIGHT, Palette
from dashboard.charts.text import escape
from dashboard.formats import compact, day_span
from queries.usage import Usage
from queries.usage.shape import NOT_SET, OTHERS, Series, cumulative

HEIGHT = 380
FADED = 0.45
SPOKEN = 5
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


@dataclass(frozen=True, slots=True)
class Look:
    """How the same series are drawn."""

    kind: str = "bars"
    is_cumulative: bool = False
    palette: Palette = LIGHT
    unit: str = "credits"


def label(series: Series, names: dict[str, str]) -> str:
    """A series' name: its values, features by their display names."""
    if series.group is None:
        return f"{OTHERS} ({series.count})" if series.count > 1 else OTHERS
    return " · ".join(names.get(value, value) or NOT_SET for value in series.group)


def figure(
    question: Usage,
    series: Sequence[Series],
    labels: Sequence[str],
    look: Look,
    *,
    partial_from: datetime | None = None,
    available: Sequence[Decimal] = (),
) -> go.Figure:
    """Stacked bars or lines, one trace for each series, the largest at the bottom.

    `partial_from` is the start of the bucket that is still filling. x runs in the display zone's
    wall-clock time.
    """
    axis = axis_of(question)
    chart = go.Figure(layout=_layout(question, look))
    count = len(series)
    for position, (one, name) in enumerate(zip(series, labels, strict=True)):
        is_rest = one.group is None and count > 1
        colour = look.palette.others if is_rest else look.palette.rank(position, count)
        chart.add_trace(_trace(question, one, name, colour, look, axis, position, partial_from))
    if available:
        chart.add_trace(_available(available, look.palette, axis))
    if partial_from is not None and series:
        mark_partial(chart, question, look.palette, partial_from)
    return chart


def sentence(
    question: Usage,
    series: Sequence[Series],
    labels: Sequence[str],
    look: Look,
    available: Sequence[Decimal] = (),
) -> str:
    """What the chart shows, in words, from what is drawn."""
    span = day_span(question.span.start, question.span.end, question.zone)
    by = f" by {' and '.join(question.by)}" if question.by else ""
    total = compact(sum((one.total for one in series), Decimal(0)))
    parts = [
        f"{name} {compact(one.total)}"
        for one, name in zip(series[:SPOKEN], labels[:SPOKEN], strict=True)
    ]
    more = f" and {len(series) - SPOKEN} more" if len(series) > SPOKEN else ""
    listed = f": {', '.join(parts)}{more}" if question.by and parts else ""
    how = ", as running totals" if look.is_cumulative else ""
    line = f" Available credits at the end: {compact(available[-1])}." if available else ""
    return f"{look.unit.capitalize()} used{by}, {span}{how}, in total {total}{listed}.{line}"


def _trace(
    question: Usage,
    series: Series,
    name: str,
    colour: str,
    look: Look,
    axis: Axis,
    position: int,
    partial_from: datetime | None,
) -> go.Bar | go.Scatter:
    amounts = cumulative(series) if look.is_cumulative else series.credits
    y = np.array(amounts, dtype=float)
    hover = f"%{{y:,.6~f}} {look.unit}<extra>{escape(name)}</extra>"
    if look.kind == "bars" and not look.is_cumulative:
        faded = [cut == partial_from for cut in question.cuts]
        opacity = np.where(faded, FADED, 1.0) if any(faded) else 1.0
        marker = {"color": colour, "opacity": opacity, "line": {"width": 0}}
        return go.Bar(y=y, name=escape(name), marker=marker, hovertemplate=hover, **axis)
    return go.Scatter(
        y=y,
        name=escape(name),
        mode="lines",
        stackgroup="all" if look.kind == "bars" else None,
        line={"color": colour, **_stroke(look, position)},
        fillcolor=colour,
        hovertemplate=hover,
        **axis,
    )


def _stroke(look: Look, position: int) -> dict[str, object]:
    """Lines differ in their dashes too: shades alone are hard to tell apart."""
    if look.kind != "lines":
        return {"width": 0.5}
    return {"width": 2, "dash": DASHES[position % len(DASHES)]}


def _available(line: Sequence[Decimal], palette: Palette, axis: Axis) -> go.Scatter:
    return go.Scatter(
        y=np.array(line, dtype=float),
        name="Available credits",
        mode="lines",
        line={"color": palette.available, "width": 2, "dash": "dot", "shape": "hv"},
        hovertemplate="%{y:,.6~f} available<extra></extra>",
        **axis,
    )


def _layout(question: Usage, look: Look) -> go.Layout:
    # Traces of a stack are drawn upwards, so the legend reads from the bottom: the largest first.
    return go.Layout(
        height=HEIGHT,
        barmode="stack",
        bargap=0.15,
        hovermode="x unified",
        showlegend=bool(question.by),
        legend={"orientation": "h", "y": -0.18, "x": 0, "traceorder": "normal"},
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        xaxis={
            "showgrid": False,
            "hoverformat": hover_time(question),
            "fixedrange": False,
        },
        yaxis={
            "gridcolor": look.palette.grid,
            "tickformat": "~s",
            "rangemode": "tozero",
            "title": {"text": look.unit},
            "zeroline": False,
        },
    )
