"""The burn-down chart of the Balance page: what it draws out of a statement."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from dashboard.charts import burn_down as chart
from dashboard.charts.burn_down import Ahead, Band, BurnDown, Mark
from dashboard.charts.palette import palette
from dashboard.panels.balance_shown import Shown
from queries.grants.order import burn_ranks
from queries.statement.explain import Segment, burn_down
from queries.time import bucket_end, zone_of

ENDED = {"EXPIRED": ("expire_at", "ends"), "VOIDED": ("voided_at", "is voided")}


def draw_chart(shown: Shown) -> None:
    """The chart with its text alternative."""
    drawn = _drawn(shown)
    st.plotly_chart(
        chart.figure(drawn),
        key="burn-down",
        alt=chart.sentence(drawn),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
    )
    if len(drawn.marks) > chart.MOST_MARKS:
        st.caption(
            f"Grants start and end {len(drawn.marks):,} times here, too often to be marked; the "
            "Grants page lists them."
        )


def _drawn(shown: Shown) -> BurnDown:
    segments = burn_down(shown.answer.frame, shown.question)
    ranks = burn_ranks(shown.grants)
    segments.sort(key=lambda segment: ranks.get(segment.grant_id, len(ranks)))
    types = dict(shown.grants.select("grant_id", "grant_type").iter_rows())
    bands = tuple(
        Band(shown.name_of(s.grant_id), types.get(s.grant_id, "PAID"), s.remaining)
        for s in segments
    )
    return BurnDown(
        _times(shown),
        bands,
        tuple(_marks(shown, segments)),
        shown.question.zone,
        shown.unit,
        _ahead(shown),
        palette(st.context.theme.type),
    )


def _ahead(shown: Shown) -> Ahead | None:
    """The forecast's course, as far ahead as the chart looks back, and a week at least."""
    if shown.ahead is None or not shown.ahead.outlook.has_forecast:
        return None
    length = max(shown.ends_at - shown.question.span.start, timedelta(days=7))
    days = shown.ahead.outlook.days.filter(pl.col("ends_at") <= shown.ends_at + length)
    now = shown.whole.closing
    return Ahead(
        (shown.ends_at, *days["ends_at"]),
        (now, *days["balance_low"]),
        (now, *days["balance"]),
        (now, *days["balance_high"]),
    )


def _times(shown: Shown) -> tuple[datetime, ...]:
    """The start, and the end of each bucket; the last as far as the data goes."""
    question = shown.question
    cuts = question.cuts
    ends = [*cuts[1:], bucket_end(cuts[-1], question.grain, zone_of(question.zone))]
    return (question.span.start, *(min(end, shown.ends_at) for end in ends))


def _marks(shown: Shown, segments: Sequence[Segment]) -> Iterator[Mark]:
    """Where grants start, end, are exhausted or voided within the span."""
    span = shown.question.span
    for row in shown.grants.iter_rows(named=True):
        name = shown.name_of(row["grant_id"])
        started = row["status"] in ("ACTIVE", *ENDED)
        if started and span.start <= row["effective_at"] < span.end:
            yield Mark(row["effective_at"], "starts", name)
        column, what = ENDED.get(row["status"], (None, ""))
        if column and row[column] and span.start <= row[column] < span.end:
            yield Mark(row[column], what, name)
    for segment in segments:
        if segment.exhausted_at is not None:
            yield Mark(segment.exhausted_at, "is exhausted", shown.name_of(segment.grant_id))
