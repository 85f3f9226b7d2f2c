"""The timeline of grants: from when to when each holds, by its type, and what is left of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import plotly.graph_objects as go
import polars as pl

from dashboard.charts.palette import LIGHT, Palette
from dashboard.charts.text import escape
from dashboard.formats import compact, exact
from queries.time import to_local, zone_of

MOST_BARS = 30
BAR_HEIGHT, FRAME_HEIGHT, LEGEND_HEIGHT = 24, 100, 14
FEWEST_ROWS = 2
LONGEST_NAME = 22
FARTHEST = timedelta(days=400)
SHORTEST = timedelta(days=1)
TYPES = {
    "PAID": "paid",
    "PROMOTIONAL": "promotional",
    "RECURRING": "recurring",
    "OVERDRAFT": "overdraft",
}
USED_UP = "USED_UP"
LOOKS = {
    "ACTIVE": ("", 1.0, 1.0),
    USED_UP: ("", 0.2, 1.0),
    "SCHEDULED": ("/", 0.9, 1.0),
    "PAYMENT_PENDING": (".", 0.9, 1.0),
    "EXPIRED": ("", 0.4, 0.4),
    "VOIDED": ("x", 0.6, 0.6),
}
"""state → (pattern, strength of its filling, of its edge); an active grant may be used up"""
SHOWN_FIRST = ("ACTIVE", "SCHEDULED", "PAYMENT_PENDING", USED_UP, "EXPIRED", "VOIDED")


@dataclass(frozen=True, slots=True)
class Timeline:
    """`grants` as `with_terms` tells them; times are naive UTC."""

    grants: pl.DataFrame
    now: datetime
    zone: str
    unit: str
    palette: Palette = LIGHT


@dataclass(frozen=True, slots=True)
class Bar:
    """`end` is where it is drawn to: `is_open` where the grant goes on beyond."""

    name: str
    grant_type: str
    state: str
    start: datetime
    end: datetime
    is_open: bool
    left: Decimal
    amount: Decimal

    @property
    def kind(self) -> str:
        state = self.state.lower().replace("_", " ")
        kind = TYPES.get(self.grant_type, self.grant_type.lower())
        return kind if self.state == "ACTIVE" else f"{kind}, {state}"


def chosen(grants: pl.DataFrame) -> pl.DataFrame:
    """The at most `MOST_BARS` grants that are drawn, the latest to begin first.

    Of more, those that hold or owe credits come before those still to come, then those that are
    used up, then those that are over; of each, the newest.
    """
    places = {state: place for place, state in enumerate(SHOWN_FIRST)}
    urgency = _state().replace_strict(places, default=len(places), return_dtype=pl.Int8)
    newest = ["effective_at", "created_at", "grant_id"]
    picked = grants.sort(urgency, *newest, descending=[False, True, True, False], nulls_last=True)
    return picked.head(MOST_BARS).sort(newest, descending=[True, True, False])


def _state() -> pl.Expr:
    is_used_up = (pl.col("status") == "ACTIVE") & (pl.col("remaining") == 0)
    return pl.when(is_used_up).then(pl.lit(USED_UP)).otherwise("status")


def figure(drawn: Timeline) -> go.Figure:
    """A bar for each grant, with what is left of it at the right; the line is now."""
    bars = list(_bars(drawn))
    chart = go.Figure(layout=_layout(drawn, bars))
    for kind in dict.fromkeys(bar.kind for bar in bars):
        chart.add_trace(_trace([(n, b) for n, b in enumerate(bars) if b.kind == kind], drawn))
    if any(bar.is_open for bar in bars):
        chart.add_trace(_open_ends(bars, drawn))
    return chart


def sentence(drawn: Timeline) -> str:
    """What the chart shows, in words, from what is drawn."""
    bars = list(_bars(drawn))
    if not bars:
        return "Timeline of grants: there are none."
    count = drawn.grants.height
    kinds = Counter(bar.kind for bar in bars)
    parts = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    whole = f"{count:,} grants" if count > 1 else "1 grant"
    some = "" if count == len(bars) else f", {len(bars)} of them drawn"
    first = "; ".join(_told(bar, drawn) for bar in bars[:5])
    more = f"; and {len(bars) - 5} more" if len(bars) > 5 else ""
    return f"Timeline of {whole}{some}: {parts}. {first}{more}."


def _told(bar: Bar, drawn: Timeline) -> str:
    start = f"{to_local(bar.start, zone_of(drawn.zone)):%-d %b %Y}"
    end = f"{to_local(bar.end, zone_of(drawn.zone)):%-d %b %Y}"
    until = "with no end in sight" if bar.is_open else f"to {end}"
    left = f"{compact(bar.left)} of {compact(bar.amount)} {drawn.unit} left"
    return f"{bar.name}, {bar.kind}, from {start} {until}, {left}"


def _bars(drawn: Timeline) -> Iterator[Bar]:
    grants = chosen(drawn.grants)
    if not grants.height:
        return
    first, last = _reach(grants, drawn.now)
    for row in grants.with_columns(state=_state()).iter_rows(named=True):
        ends = row["voided_at"] if row["status"] == "VOIDED" else row["expire_at"]
        is_open = ends is None or ends > last
        start = max(row["effective_at"], first)
        end = last if is_open else max(ends, start + (last - first) / 200)
        yield Bar(
            row["display_name"] or row["grant_id"],
            row["grant_type"],
            row["state"],
            start,
            end,
            is_open,
            row["remaining"],
            row["amount"],
        )


def _reach(grants: pl.DataFrame, now: datetime) -> tuple[datetime, datetime]:
    """How far the axis goes: to the last end, unless that is much farther than it goes back."""
    starts: list[datetime] = grants["effective_at"].to_list()
    ends: list[datetime] = [at for at in grants["expire_at"] if at is not None]
    first = min(*starts, now - SHORTEST)
    ahead = max(FARTHEST, now - first)
    latest = max(*starts, now, *(end for end in ends if end <= now + ahead))
    return first, latest + max((latest - first) / 20, SHORTEST)


def _trace(bars: Sequence[tuple[int, Bar]], drawn: Timeline) -> go.Bar:
    """The bars of one kind; they keep their rows."""
    zone, bar = zone_of(drawn.zone), bars[0][1]
    pattern, filling, edge = LOOKS.get(bar.state, LOOKS["ACTIVE"])
    colour = _colour(bar, drawn.palette)
    return go.Bar(
        name=bar.kind.capitalize(),
        orientation="h",
        y=[number for number, _ in bars],
        base=[to_local(each.start, zone) for _, each in bars],
        x=[(each.end - each.start).total_seconds() * 1000 for _, each in bars],
        width=0.62,
        marker={
            "color": _faint(colour, filling),
            "line": {"color": _faint(colour, edge), "width": 1},
            "pattern": {"shape": pattern, "fillmode": "replace", "size": 6, "solidity": 0.35},
        },
        customdata=[_hover(each, drawn) for _, each in bars],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _hover(bar: Bar, drawn: Timeline) -> str:
    zone = zone_of(drawn.zone)
    until = "open" if bar.is_open else f"{to_local(bar.end, zone):%-d %b %Y %H:%M}"
    return (
        f"<b>{escape(bar.name)}</b><br>{bar.kind.capitalize()}<br>"
        f"{to_local(bar.start, zone):%-d %b %Y %H:%M} – {until}<br>"
        f"{exact(bar.left)} of {exact(bar.amount)} {escape(drawn.unit)} left"
    )


def _colour(bar: Bar, palette: Palette) -> str:
    if bar.state == "VOIDED":
        return palette.voided
    colour: str = getattr(palette, TYPES.get(bar.grant_type, "paid"))
    return colour


def _faint(colour: str, strength: float) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},{strength})"


def _open_ends(bars: Sequence[Bar], drawn: Timeline) -> go.Scatter:
    rows = [(number, bar) for number, bar in enumerate(bars) if bar.is_open]
    return go.Scatter(
        name="Goes on",
        x=[to_local(bar.end, zone_of(drawn.zone)) for _, bar in rows],
        y=[number for number, _ in rows],
        mode="markers",
        marker={
            "symbol": "triangle-right",
            "size": 11,
            "color": [_colour(bar, drawn.palette) for _, bar in rows],
        },
        hoverinfo="skip",
        cliponaxis=False,
    )


def _layout(drawn: Timeline, bars: Sequence[Bar]) -> go.Layout:
    now = to_local(drawn.now, zone_of(drawn.zone))
    rows, kinds = max(len(bars), FEWEST_ROWS), len({bar.kind for bar in bars}) + 1
    line = {"width": 1.5, "color": drawn.palette.text}
    return go.Layout(
        height=FRAME_HEIGHT + BAR_HEIGHT * rows + LEGEND_HEIGHT * kinds,
        barmode="overlay",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        margin={"l": 8, "r": 64, "t": 24, "b": 56},
        xaxis={
            "type": "date", "showgrid": True, "gridcolor": drawn.palette.grid, "nticks": 7,
            "tickangle": 0, "tickformat": "%-d %b\n%Y",
        },
        yaxis={
            "tickmode": "array", "tickvals": list(range(len(bars))), "showgrid": False,
            "ticktext": [escape(_short(bar.name)) for bar in bars], "zeroline": False,
            "range": [rows - 0.5, -0.5], "automargin": True,
        },
        shapes=[
            {"type": "line", "xref": "x", "yref": "paper", "x0": now, "x1": now, "y0": 0, "y1": 1,
             "line": line}
        ],
        annotations=_notes(now, bars),
    )  # fmt: skip


def _notes(now: datetime, bars: Sequence[Bar]) -> list[dict[str, object]]:
    """What the line is, and at the right, under its head, what is left of each grant."""
    head = {"xref": "paper", "xanchor": "left", "xshift": 14}
    return [
        _note("now", now, 1.0, {"xref": "x", "yref": "paper", "yanchor": "bottom"}),
        _note("left", 1.0, 1.0, head | {"yref": "paper", "yanchor": "bottom"}),
        *(
            _note(compact(bar.left).replace("-", "−"), 1.0, number, head | {"yref": "y"})
            for number, bar in enumerate(bars)
        ),
    ]


def _note(text: str, x: object, y: object, place: dict[str, object]) -> dict[str, object]:
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": {"size": 12}} | place


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
