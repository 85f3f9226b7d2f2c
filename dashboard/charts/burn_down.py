"""The burn-down chart: what is left of each grant over time, and the overdraft below zero."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.palette import LIGHT, Palette
from dashboard.charts.text import escape
from dashboard.formats import compact, day_span
from queries.time import to_local, zone_of

HEIGHT = 400
MOST_BANDS = 30
MOST_MARKS = 80
SYMBOLS = {
    "starts": "triangle-up",
    "ends": "triangle-down",
    "is exhausted": "circle",
    "is voided": "x",
}
KINDS = {
    "PAID": "paid", "PROMOTIONAL": "promotional", "RECURRING": "recurring",
    "OVERDRAFT": "overdraft",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Band:
    """One grant, or several of a kind: what was left at each point of `BurnDown.times`."""

    name: str
    grant_type: str
    remaining: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a segment begins or ends: `what` is one of `SYMBOLS`."""

    at: datetime
    what: str
    name: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """The forecast: at each of `times` the balance that is expected, and its band."""

    times: tuple[datetime, ...]
    low: tuple[Decimal, ...]
    expected: tuple[Decimal, ...]
    high: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class BurnDown:
    """`bands` in the order in which they burn, the next first; times are naive UTC."""

    times: tuple[datetime, ...]
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...]
    zone: str
    unit: str
    ahead: Ahead | None = None
    palette: Palette = LIGHT

    @property
    def balance(self) -> tuple[Decimal, ...]:
        """At each time, the sum over the bands."""
        rows = [band.remaining for band in self.bands]
        return tuple(sum(column, Decimal(0)) for column in zip(*rows, strict=True))


def figure(drawn: BurnDown) -> go.Figure:
    """The grant that burns last at the bottom; debts below zero; dotted where a segment changes."""
    chart = go.Figure(layout=_layout(drawn))
    x = [to_local(at, zone_of(drawn.zone)) for at in drawn.times]
    seen: dict[str, int] = {}
    for band in gathered(drawn.bands)[::-1]:
        seen[band.grant_type] = seen.get(band.grant_type, -1) + 1
        chart.add_trace(_area(band, x, drawn, seen[band.grant_type]))
    if drawn.bands:
        chart.add_trace(_balance(drawn, x))
    if drawn.ahead:
        _add_ahead(chart, drawn, drawn.ahead)
    _add_marks(chart, drawn)
    return chart


def sentence(drawn: BurnDown) -> str:
    """What the chart shows, in words, from what is drawn."""
    span = day_span(drawn.times[0], drawn.times[-1], drawn.zone)
    balance = drawn.balance
    if not balance:
        return f"Balance by grant, {span}: no grant held credits."
    left = [band for band in gathered(drawn.bands) if band.remaining[-1]]
    parts = ", ".join(f"{band.name} {compact(band.remaining[-1])}" for band in left)
    lowest = min(balance)
    below = f" At its lowest it was {compact(lowest)}." if lowest < 0 else ""
    ahead = ""
    if drawn.ahead:
        ahead = f" Forecast: {compact(drawn.ahead.expected[-1])} at the end."
    return (
        f"Balance by grant, {span}: from {compact(balance[0])} to {compact(balance[-1])} "
        f"{drawn.unit}. Left at the end: {parts or 'nothing'}.{below}{ahead}"
    )


def gathered(bands: Sequence[Band]) -> list[Band]:
    """At most `MOST_BANDS` bands: the largest by themselves, the others summed by their kind.

    They stay in the order given; what is summed stands where the first of its kind stood.
    """
    if len(bands) <= MOST_BANDS:
        return list(bands)
    by_size = sorted(bands, key=lambda band: max(abs(a) for a in band.remaining), reverse=True)
    alone = {id(band) for band in by_size[: MOST_BANDS - len(KINDS)]}
    found: list[Band] = []
    summed = set()
    for band in bands:
        if id(band) in alone:
            found.append(band)
        elif band.grant_type not in summed:
            summed.add(band.grant_type)
            rest = [b for b in bands if id(b) not in alone and b.grant_type == band.grant_type]
            found.append(_summed(rest))
    return found


def _summed(bands: Sequence[Band]) -> Band:
    kind = bands[0].grant_type
    columns = zip(*(band.remaining for band in bands), strict=True)
    name = f"{len(bands):,} other {KINDS.get(kind, 'paid')}"
    return Band(name, kind, tuple(sum(column, Decimal(0)) for column in columns))


def _area(band: Band, x: list[datetime], drawn: BurnDown, place: int) -> go.Scatter:
    """A legend entry for each kind of grant; the grant itself is named on hover."""
    kind = KINDS.get(band.grant_type, "paid")
    colour = getattr(drawn.palette, kind)
    is_debt = band.grant_type == "OVERDRAFT"
    return go.Scatter(
        x=x,
        y=_without_idle_zeros(band.remaining),
        name=kind.capitalize(),
        legendgroup=kind,
        showlegend=place == 0,
        mode="lines",
        stackgroup="debt" if is_debt else "grants",
        line={"width": 0.8, "color": drawn.palette.grid},
        fillcolor=_shade(colour, place),
        hovertemplate=f"%{{y:,.6~f}}<extra>{escape(band.name)}</extra>",
    )


def _without_idle_zeros(remaining: Sequence[Decimal]) -> list[float | None]:
    """No point where a grant holds nothing and is about to hold nothing: hovering stays short."""
    around = [Decimal(0), *remaining, Decimal(0)]
    return [float(amount) if any(around[n : n + 3]) else None for n, amount in enumerate(remaining)]


def _shade(colour: str, place: int) -> str:
    """Grants of one kind keep its colour; neighbours differ in their strength."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},{(0.95, 0.6, 0.78, 0.45)[place % 4]})"


def _balance(drawn: BurnDown, x: list[datetime]) -> go.Scatter:
    return go.Scatter(
        x=x,
        y=np.array(drawn.balance, dtype=float),
        name="Balance",
        mode="lines",
        line={"width": 2, "color": drawn.palette.text},
        hovertemplate=f"%{{y:,.6~f}} {drawn.unit}<extra>Balance</extra>",
    )


def _add_ahead(chart: go.Figure, drawn: BurnDown, ahead: Ahead) -> None:
    x = [to_local(at, zone_of(drawn.zone)) for at in ahead.times]
    colour = drawn.palette.available
    chart.add_trace(
        go.Scatter(
            x=[*x, *x[::-1]],
            y=np.array([*ahead.high, *ahead.low[::-1]], dtype=float),
            name="Forecast band",
            mode="lines",
            fill="toself",
            line={"width": 0},
            fillcolor=_shade(colour, 3).replace("0.45", "0.22"),
            hoverinfo="skip",
        )
    )
    chart.add_trace(
        go.Scatter(
            x=x,
            y=np.array(ahead.expected, dtype=float),
            name="Forecast",
            mode="lines",
            line={"width": 2, "dash": "dash", "color": colour},
            hovertemplate=f"%{{y:,.0f}} {drawn.unit}<extra>Forecast</extra>",
        )
    )


def _add_marks(chart: go.Figure, drawn: BurnDown) -> None:
    """A symbol on the axis for each boundary, and a dotted line up from it while they are few."""
    for what, symbol in SYMBOLS.items():
        marks = [mark for mark in drawn.marks if mark.what == what]
        if not marks or len(drawn.marks) > MOST_MARKS:
            continue
        chart.add_trace(
            go.Scatter(
                x=[to_local(mark.at, zone_of(drawn.zone)) for mark in marks],
                y=[0] * len(marks),
                name=f"Grant {what}",
                mode="markers",
                marker={"symbol": symbol, "size": 8, "color": drawn.palette.text},
                text=[escape(f"{mark.name} {what}") for mark in marks],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    if len(drawn.marks) <= MOST_MARKS // 2:
        chart.layout.shapes = [
            {
                "type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1,
                "x0": to_local(mark.at, zone_of(drawn.zone)),
                "x1": to_local(mark.at, zone_of(drawn.zone)),
                "line": {"width": 1, "dash": "dot", "color": drawn.palette.others},
            }
            for mark in drawn.marks
        ]  # fmt: skip


def _layout(drawn: BurnDown) -> go.Layout:
    return go.Layout(
        height=HEIGHT,
        hovermode="x unified",
        showlegend=True,
        legend={"orientation": "h", "y": -0.18, "x": 0, "traceorder": "normal"},
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
