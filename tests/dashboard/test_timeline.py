"""The timeline of grants, from a frame: which are drawn, how they are told apart, what is said."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest

from dashboard.charts.palette import DARK, LIGHT
from dashboard.charts.timeline import MOST_BARS, Timeline, chosen, figure, sentence
from queries.grants import COLUMNS
from queries.grants.terms import with_terms

NOW = datetime(2026, 5, 22)
DAY = timedelta(days=1)


def grant(number: int = 1, **changes: Any) -> dict[str, Any]:
    given = {
        "grant_id": f"grant-{number:04d}",
        "display_name": f"Pack {number}",
        "grant_type": "PAID",
        "status": "ACTIVE",
        "amount": Decimal(500),
        "consumed_amount": Decimal(150),
        "cost_amount": Decimal(0),
        "cost_currency": "USD",
        "priority": 50,
        "payment_collection": "NOT_REQUIRED",
        "effective_at": NOW - number * DAY,
        "expire_at": NOW + 30 * DAY,
        "voided_at": None,
        "created_at": NOW - number * DAY,
        "comment": None,
        "is_recharge": False,
    }
    return given | changes


def timeline(*grants: dict[str, Any], **changes: Any) -> Timeline:
    frame = with_terms(pl.DataFrame(grants, pl.Schema(COLUMNS), orient="row"))
    return Timeline(frame, **({"now": NOW, "zone": "UTC", "unit": "tokens"} | changes))


def kinds(chart: go.Figure) -> dict[str, list[int]]:
    """What the legend says → the rows that look so."""
    return {trace.name: list(trace.y) for trace in chart.data}


def notes(chart: go.Figure) -> list[str]:
    return [note.text for note in chart.layout.annotations]


def test_one_grant_is_one_bar_with_what_is_left_of_it_and_the_line_of_now() -> None:
    drawn = timeline(grant())
    chart = figure(drawn)
    assert kinds(chart) == {"Paid": [0]}
    [bar] = chart.data
    assert bar.base[0] == NOW - DAY
    assert bar.x[0] == 31 * 86_400_000
    assert notes(chart) == ["now", "left", "350"]
    assert chart.layout.shapes[0].x0 == NOW
    assert sentence(drawn) == (
        "Timeline of 1 grant: 1 paid. Pack 1, paid, from 21 May 2026 to 21 Jun 2026, "
        "350 of 500 tokens left."
    )


def test_states_are_told_apart_and_types_have_their_colours() -> None:
    chart = figure(
        timeline(
            grant(1),
            grant(2, consumed_amount=Decimal(500)),
            grant(3, grant_type="PROMOTIONAL", status="SCHEDULED", effective_at=NOW + DAY),
            grant(4, status="PAYMENT_PENDING"),
            grant(5, status="EXPIRED", grant_type="RECURRING", expire_at=NOW - DAY),
            grant(6, status="VOIDED", voided_at=NOW - 2 * DAY),
            grant(7, grant_type="OVERDRAFT", amount=Decimal(0), expire_at=None),
        )
    )
    assert kinds(chart) == {
        "Promotional, scheduled": [0], "Paid": [1], "Paid, used up": [2],
        "Paid, payment pending": [3], "Recurring, expired": [4], "Paid, voided": [5],
        "Overdraft": [6], "Goes on": [6],
    }  # fmt: skip
    looks = {
        (trace.marker.color, trace.marker.line.color, trace.marker.pattern.shape)
        for trace in chart.data[:-1]
    }
    assert len(looks) == 7
    assert chart.data[0].marker.line.color == "rgba(42,157,143,1.0)"
    assert notes(chart)[-1] == "−150"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_grant_without_an_end_goes_on_to_the_edge(theme: Any) -> None:
    drawn = timeline(grant(1, expire_at=None), grant(2), palette=theme)
    bars = figure(drawn).data
    ends = [at + timedelta(milliseconds=x) for at, x in zip(bars[0].base, bars[0].x, strict=True)]
    assert list(bars[1].y) == [0]
    assert ends[0] > ends[1] == NOW + 30 * DAY
    assert "with no end in sight" in sentence(drawn)


def test_an_end_far_away_does_not_squash_the_rest() -> None:
    drawn = timeline(grant(1, expire_at=datetime(2199, 1, 1)), grant(2))
    assert kinds(figure(drawn))["Goes on"] == [0]
    assert max(figure(drawn).data[0].x) < timedelta(days=60).total_seconds() * 1000


def test_a_voided_grant_ends_where_it_was_voided() -> None:
    [bar] = figure(timeline(grant(9, status="VOIDED", voided_at=NOW - 4 * DAY))).data
    assert bar.x[0] == 5 * 86_400_000


def test_of_a_thousand_grants_those_that_matter_are_drawn_and_the_rest_is_said() -> None:
    over = [grant(n, status="EXPIRED", expire_at=NOW - DAY) for n in range(1, 996)]
    coming = [grant(996, status="SCHEDULED", effective_at=NOW + DAY)]
    drawn = timeline(*over, *coming, grant(2000), grant(2001), grant(2002), grant(2003))
    rows = chosen(drawn.grants)
    assert rows.height == MOST_BARS
    assert set(rows["status"]) == {"ACTIVE", "SCHEDULED", "EXPIRED"}
    assert rows["status"].to_list().count("ACTIVE") == 4
    assert rows["effective_at"].is_sorted(descending=True)
    assert sentence(drawn).startswith("Timeline of 1,000 grants, 30 of them drawn: 1 paid, sched")
    assert figure(drawn).layout.height < 1200


def test_times_are_those_of_the_display_zone_and_names_stay_text() -> None:
    name = "<b>Bold & long enough to be cut</b>"
    chart = figure(timeline(grant(1, display_name=name), zone="Asia/Tokyo"))
    assert chart.data[0].base[0] == NOW - DAY + timedelta(hours=9)
    assert chart.layout.yaxis.ticktext[0].startswith("&lt;b&gt;Bold &amp; ")
    assert chart.layout.yaxis.ticktext[0].endswith("…")


def test_without_grants_there_is_nothing_to_say() -> None:
    drawn = timeline()
    assert sentence(drawn) == "Timeline of grants: there are none."
    assert len(figure(drawn).data) == 0
