"""The balance as it would have been under a rule, beside what it really was."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go
import polars as pl

from dashboard.charts.palette import LIGHT, Palette
from dashboard.formats import compact, day_span
from queries.time import Span, to_local, zone_of

HEIGHT = 380


@dataclass(frozen=True, slots=True)
class Curves:
    """`balances` as `rehearse.balances` answers; `bought_at` are the rehearsed recharges."""

    span: Span
    balances: pl.DataFrame
    bought_at: tuple[datetime, ...]
    zone: str
    unit: str
    palette: Palette = LIGHT


def figure(drawn: Curves) -> go.Figure:
    """Two lines, and a mark on the axis for every recharge of the rehearsal."""
    chart = go.Figure(layout=_layout(drawn))
    x = [to_local(at, zone_of(drawn.zone)) for at in drawn.balances["ends_at"]]
    for column, name, line in (
        ("really", "Really", {"width": 1.5, "color": drawn.palette.voided, "dash": "dot"}),
        ("rehearsed", "Rehearsed", {"width": 2, "color": drawn.palette.paid}),
    ):
        chart.add_trace(
            go.Scatter(
                x=x,
                y=np.array(drawn.balances[column], dtype=float),
                name=name,
                mode="lines",
                line=line,
                hovertemplate=f"%{{y:,.6~f}} {drawn.unit}<extra>{name}</extra>",
            )
        )
    if drawn.bought_at:
        chart.add_trace(_marks(drawn))
    return chart


def _marks(drawn: Curves) -> go.Scatter:
    return go.Scatter(
        x=[to_local(at, zone_of(drawn.zone)) for at in drawn.bought_at],
        y=[0] * len(drawn.bought_at),
        name="Rehearsed recharge",
        mode="markers",
        marker={"symbol": "triangle-up", "size": 9, "color": drawn.palette.paid},
        hovertemplate="Rehearsed recharge<extra></extra>",
    )


def sentence(drawn: Curves) -> str:
    """What the chart shows, in words, from what is drawn."""
    span = day_span(drawn.span.start, drawn.span.end, drawn.zone)
    parts = []
    for column, what in (("rehearsed", "Rehearsed"), ("really", "Really")):
        ends: Decimal = drawn.balances[column][-1]
        lowest = min(drawn.balances[f"{column}_lowest"])
        parts.append(f"{what} it ends at {compact(ends)}, at its lowest {compact(lowest)}.")
    count = len(drawn.bought_at)
    bought = f"{count} recharge{'' if count == 1 else 's'} would have been made."
    said = f"Balance in {drawn.unit}, {span}. {' '.join(parts)} {bought}"
    return said.replace("-", "−")


def _layout(drawn: Curves) -> go.Layout:
    return go.Layout(
        height=HEIGHT,
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "y": -0.18, "x": 0},
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        xaxis={"showgrid": False, "hoverformat": "%a %-d %b %Y %H:%M"},
        yaxis={
            "gridcolor": drawn.palette.grid,
            "tickformat": "~s",
            "rangemode": "tozero",
            "title": {"text": drawn.unit},
            "zeroline": True,
            "zerolinecolor": drawn.palette.text,
            "zerolinewidth": 1,
        },
    )
