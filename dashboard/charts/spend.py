"""A month's spend against its cap, with the marks at which somebody should look."""

from dataclasses import dataclass
from decimal import Decimal

import plotly.graph_objects as go

from dashboard.charts.palette import LIGHT, Palette
from dashboard.formats import money

MARKS = (80, 90, 100)
"""Percent of the cap."""
HEIGHT = 76


@dataclass(frozen=True, slots=True)
class Spend:
    """US dollars of one calendar month of UTC; `cap` is above 0."""

    spent: Decimal
    cap: Decimal
    month: str
    palette: Palette = LIGHT

    @property
    def share(self) -> Decimal:
        return self.spent / self.cap

    @property
    def passed(self) -> int | None:
        """The highest of the marks that is reached."""
        return max((mark for mark in MARKS if self.share * 100 >= mark), default=None)


def figure(drawn: Spend) -> go.Figure:
    """One bar, from nothing to the cap and as far beyond as was spent."""
    colours = drawn.palette
    colour = {None: colours.paid, 100: colours.overdraft}.get(drawn.passed, colours.expired)
    far = max(Decimal("1.04"), drawn.share + Decimal("0.04"))
    chart = go.Figure(layout=_layout(float(far), drawn.palette))
    chart.add_trace(
        go.Bar(
            x=[float(drawn.share)],
            y=[""],
            orientation="h",
            width=0.5,
            marker={"color": colour},
            hovertemplate=f"{money(drawn.spent, 'USD')}<extra>{drawn.month}</extra>",
        )
    )
    for mark in MARKS:
        chart.add_vline(x=mark / 100, line={"width": 2, "color": colours.text, "dash": "dot"})
    return chart


def sentence(drawn: Spend) -> str:
    """What the bar shows, in words."""
    reached = "" if drawn.passed is None else f"; the mark of {drawn.passed} % is reached"
    return (
        f"Spent by auto-recharge in {drawn.month}: {money(drawn.spent, 'USD')} of "
        f"{money(drawn.cap, 'USD')}, {drawn.share:.0%}{reached}."
    )


def _layout(far: float, colours: Palette) -> go.Layout:
    return go.Layout(
        height=HEIGHT,
        showlegend=False,
        margin={"l": 0, "r": 20, "t": 4, "b": 24},
        xaxis={
            "range": [0, far],
            "tickvals": [0, *(mark / 100 for mark in MARKS)],
            "ticktext": ["0", *(f"{mark} %" for mark in MARKS)],
            "tickangle": 0,
            "ticklabeloverflow": "allow",
            "gridcolor": colours.grid,
            "tickfont": {"color": colours.text},
        },
        yaxis={"visible": False},
    )
