"""Who pays more and less in a scenario: a bar for each customer that changes most."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import plotly.graph_objects as go

from dashboard.charts.palette import Palette
from dashboard.formats import compact, exact, signed

MOST_BARS = 10
BAR, EDGES = 26, 90


@dataclass(frozen=True, slots=True)
class Changed:
    """A pool's name, the credits it used as charged, and how many more in the scenario."""

    name: str
    before: Decimal
    change: Decimal


def most_changed(rows: Sequence[Changed]) -> list[Changed]:
    """Those who pay most more, and those who pay most less, the largest increase first."""
    changed = [row for row in rows if row.change]
    if len(changed) <= 2 * MOST_BARS:
        return changed
    more = [row for row in changed[:MOST_BARS] if row.change > 0]
    less = [row for row in changed[-MOST_BARS:] if row.change < 0]
    return more + less


def figure(rows: Sequence[Changed], colours: Palette, unit: str) -> go.Figure:
    """Bars from zero, more to the right; the largest increase on top."""
    drawn = go.Bar(
        x=[float(row.change) for row in rows],
        y=[row.name for row in rows],
        name="Change",
        orientation="h",
        marker_color=[colours.consumed if row.change > 0 else colours.promotional for row in rows],
        customdata=[(exact(row.before), signed(row.change)) for row in rows],
        hovertemplate="%{y}<br>%{customdata[1]} "
        + unit
        + "<br>was %{customdata[0]}<extra></extra>",
    )
    return go.Figure(drawn).update_layout(
        height=EDGES + BAR * len(rows),
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color=colours.text,
        xaxis={
            "gridcolor": colours.grid,
            "zerolinecolor": colours.text,
            "title": f"More or less ({unit})",
        },
        yaxis={"autorange": "reversed", "automargin": True},
    )


def sentence(rows: Sequence[Changed], scenario: str, unit: str) -> str:
    """What the bars show, in words."""
    if not rows:
        return f"{scenario} changes nobody's credits."
    told = [
        f"{row.name} {'+' if row.change > 0 else '−'}{compact(abs(row.change))}" for row in rows[:5]
    ]
    return f"Change of {unit} used in {scenario}, those who change most: {', '.join(told)}."
