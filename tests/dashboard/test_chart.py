"""The chart of usage as a figure and as a sentence, made from series alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import pytest

from dashboard.charts.palette import DARK, LIGHT, Palette, palette
from dashboard.charts.usage import FADED, Look, figure, label, sentence
from queries.time import Grain, Span
from queries.usage import Usage
from queries.usage.shape import Series

MAY = datetime(2026, 5, 1)
THREE_DAYS = Span(MAY, MAY + timedelta(days=3))


def usage(span: Span = THREE_DAYS, grain: Grain = Grain.DAY, zone: str = "UTC",
          by: tuple[str, ...] = ("model",)) -> Usage:  # fmt: skip
    return Usage("customer-1", "ai-tokens", span, grain, zone, by=by)


def series(name: str | None, *credits: str, count: int = 1) -> Series:
    amounts = tuple(map(Decimal, credits))
    return Series(None if name is None else (name,), amounts, (1,) * len(amounts), count)


BIG, SMALL = series("claude", "3", "0", "5"), series("gpt", "1", "1", "0.5")
REST = series(None, "0.1", "0", "0", count=7)


def draw(
    given: Sequence[Series], question: Usage | None = None, look: Look | None = None, **kept: Any
) -> go.Figure:
    names = [label(one, {}) for one in given]
    return figure(question or usage(), given, names, look or Look(palette=LIGHT), **kept)


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_there_is_one_trace_for_each_series_in_their_order() -> None:
    chart = draw([BIG, SMALL, REST])
    assert [trace.name for trace in chart.data] == ["claude", "gpt", "Others (7)"]
    assert [list(trace.y) for trace in chart.data] == [[3, 0, 5], [1, 1, 0.5], [0.1, 0, 0]]


@pytest.mark.parametrize("count", [2, 5, 6, 10, 20])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_largest_series_stands_out_most_and_no_later_one_more(
    theme: Palette, count: int
) -> None:
    shades = [luminance(theme.rank(position, count)) for position in range(count)]
    assert shades == sorted(shades, reverse=theme is DARK)
    assert len(set(shades)) > min(count, len(theme.ranks)) / 2


def test_others_have_a_colour_of_their_own() -> None:
    colours = [trace.marker.color for trace in draw([BIG, SMALL, REST]).data]
    assert colours[-1] == LIGHT.others
    assert LIGHT.others not in colours[:-1]


def test_the_only_series_is_no_rest() -> None:
    [trace] = draw([series(None, "1", "2", "3")], usage(by=())).data
    assert trace.marker.color != LIGHT.others


def test_even_buckets_are_a_start_and_a_step() -> None:
    for trace in draw([BIG, SMALL]).data:
        assert (trace.x, trace.x0, trace.dx) == (None, MAY, 24 * 3600 * 1000)


def test_days_are_even_in_local_time_although_the_clocks_change() -> None:
    start = datetime(2026, 3, 27, 23)
    span = Span(start, datetime(2026, 3, 30, 22))
    [trace] = draw([BIG], usage(span, zone="Europe/Berlin")).data
    assert (trace.x0, trace.dx) == (datetime(2026, 3, 28), 24 * 3600 * 1000)


def test_months_are_listed() -> None:
    span = Span(datetime(2026, 3, 1), datetime(2026, 6, 1))
    [trace] = draw([BIG], usage(span, Grain.MONTH)).data
    assert list(trace.x) == [datetime(2026, month, 1) for month in (3, 4, 5)]


def test_an_hour_that_is_there_twice_is_drawn_twice() -> None:
    start = datetime(2026, 10, 24, 23)
    span = Span(start, start + timedelta(hours=3))
    [trace] = draw([BIG], usage(span, Grain.HOUR, "Europe/Berlin")).data
    assert list(trace.x) == ["25 Oct 01:00 CEST", "25 Oct 02:00 CEST", "25 Oct 02:00 CET"]


def test_the_bucket_that_is_still_filling_is_faded_and_named() -> None:
    chart = draw([BIG, SMALL], partial_from=MAY + timedelta(days=2))
    for trace in chart.data:
        assert list(trace.marker.opacity) == [1, 1, FADED]
    [note] = chart.layout.annotations
    assert (note.text, note.x) == ("partial", MAY + timedelta(days=2))


def test_cumulative_areas_end_at_the_totals() -> None:
    chart = draw([BIG, SMALL], look=Look("bars", True, LIGHT))
    assert [list(trace.y) for trace in chart.data] == [[3, 3, 8], [1, 2, 2.5]]
    assert {trace.stackgroup for trace in chart.data} == {"all"}


def test_lines_are_told_apart_by_their_dashes_too() -> None:
    chart = draw([BIG, SMALL, REST], look=Look("lines", palette=LIGHT))
    assert len({trace.line.dash for trace in chart.data}) == 3
    assert {trace.stackgroup for trace in chart.data} == {None}


def test_the_available_credits_are_a_line_above() -> None:
    chart = draw([BIG], look=Look("bars", True, LIGHT), available=[Decimal(10)] * 3)
    assert chart.data[-1].name == "Available credits"
    assert chart.data[-1].line.color == LIGHT.available
    assert list(chart.data[-1].y) == [10, 10, 10]


def test_names_that_a_customer_sent_stay_text() -> None:
    evil = series("<a href='javascript:x'>&", "1", "1", "1")
    [trace] = draw([evil]).data
    assert trace.name == "&lt;a href='javascript:x'&gt;&amp;"
    assert "<a" not in trace.hovertemplate


def test_hovering_shows_every_decimal_with_the_unit() -> None:
    [trace] = draw([BIG], look=Look(palette=LIGHT, unit="tokens")).data
    assert trace.hovertemplate == "%{y:,.6~f} tokens<extra>claude</extra>"


def test_a_chart_of_nothing_is_empty() -> None:
    assert not draw([], partial_from=MAY).data


def test_a_label_is_the_values_with_features_by_name() -> None:
    both = Series(("claude", "f-1"), (), ())
    assert label(both, {"f-1": "Chat"}) == "claude · Chat"
    assert label(series(""), {}) == "(not set)"
    assert label(series(None), {}) == "Others"
    assert label(series(None, count=3), {}) == "Others (3)"


def test_the_sentence_tells_what_is_drawn() -> None:
    names = ["claude", "gpt", "Others (7)"]
    said = sentence(usage(), [BIG, SMALL, REST], names, Look(unit="tokens"))
    assert said == (
        "Tokens used by model, 1–3 May 2026, in total 10.6: claude 8, gpt 2.5, Others (7) 0.1."
    )


def test_the_sentence_names_five_series_and_counts_the_rest() -> None:
    many = [series(str(n), "1", "0", "0") for n in range(8)]
    said = sentence(usage(), many, [str(n) for n in range(8)], Look())
    assert said.endswith("in total 8: 0 1, 1 1, 2 1, 3 1, 4 1 and 3 more.")


def test_the_sentence_without_keys_names_the_total_alone() -> None:
    said = sentence(usage(by=()), [series(None, "1", "2", "3")], ["Others"], Look())
    assert said == "Credits used, 1–3 May 2026, in total 6."


def test_the_sentence_says_that_series_are_running_totals_under_a_line() -> None:
    look = Look("bars", True, LIGHT, "tokens")
    said = sentence(usage(), [BIG], ["claude"], look, [Decimal(9), Decimal(10), Decimal(12)])
    assert said == (
        "Tokens used by model, 1–3 May 2026, as running totals, in total 8: claude 8. "
        "Available credits at the end: 12."
    )


def test_the_theme_chooses_the_palette() -> None:
    assert palette("dark") is DARK
    assert palette("light") is LIGHT
    assert palette(None) is LIGHT
