"""The chart of what moved all balances: granted above the axis, what left them below."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.buckets import axis_of, hover_time, mark_partial
from dashboard.charts.palette import Palette
from dashboard.formats import compact, day_span
from queries.portfolio import AllMoves

HEIGHT = 360
FADED = 0.45
COLOURS = {
    "Granted, paid": "paid",
    "Granted, recurring": "recurring",
    "Granted, promotional": "promotional",
    "Consumed": "consumed",
    "Expired": "expired",
    "Voided": "voided",
    "Updated": "others",
}
"""series → its colour in the palette; in the order in which they are stacked, from the axis out"""


@dataclass(frozen=True, slots=True)
class Moved:
    """One series: its name, one of `COLOURS`, and its signed amount in each bucket."""

    name: str
    amounts: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        return sum(self.amounts, Decimal(0))


def figure(
    question: AllMoves,
    series: Sequence[Moved],
    palette: Palette,
    unit: str,
    partial_from: datetime | None,
) -> go.Figure:
    """Bars stacked away from zero; `partial_from` starts the bucket that is still filling."""
    axis = axis_of(question)
    faded = [cut == partial_from for cut in question.cuts]
    chart = go.Figure(layout=_layout(question, palette, unit))
    for one in series:
        chart.add_trace(
            go.Bar(
                y=np.array(one.amounts, dtype=float),
                name=one.name,
                marker={
                    "color": getattr(palette, COLOURS[one.name]),
                    "opacity": np.where(faded, FADED, 1.0) if any(faded) else 1.0,
                    "line": {"width": 0},
                },
                hovertemplate=f"%{{y:,.6~f}} {unit}<extra>{one.name}</extra>",
                **axis,
            )
        )
    if partial_from is not None and series:
        mark_partial(chart, question, palette, partial_from)
    return chart


def sentence(question: AllMoves, series: Sequence[Moved], unit: str) -> str:
    """What the chart shows, in words, from what is drawn."""
    span = day_span(question.span.start, question.span.end, question.zone)
    parts = ", ".join(f"{one.name.lower()} {compact(abs(one.total))}" for one in series)
    return f"What moved the balances of all customers, {span}, in {unit}: {parts or 'nothing'}."


def _layout(question: AllMoves, palette: Palette, unit: str) -> go.Layout:
    return go.Layout(
        height=HEIGHT,
        barmode="relative",
        bargap=0.15,
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "y": -0.18, "x": 0, "traceorder": "normal"},
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        xaxis={"showgrid": False, "hoverformat": hover_time(question)},
        yaxis={
            "gridcolor": palette.grid,
            "tickformat": "~s",
            "title": {"text": unit},
            "zeroline": True,
            "zerolinecolor": palette.text,
            "zerolinewidth": 1,
        },
    )
