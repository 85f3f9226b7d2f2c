"""The chart of the Usage page, and the ledger of the bucket that is clicked on it."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.asking import ask
from dashboard.charts import usage as chart
from dashboard.charts.palette import palette
from dashboard.controls.choices import choose
from dashboard.controls.key_picker.address import put_picked_values
from dashboard.formats import day_span
from dashboard.markdown import plain
from dashboard.panels.ledger_list import readable
from dashboard.panels.shown import Shown
from queries.ledger import LedgerPage
from queries.time import Span, bucket_end, partial_bucket, zone_of
from queries.usage import Usage
from queries.usage.shape import top_series

CUTS = "chart cuts"
MOST_LEDGER_ROWS = 200
LEDGER_COLUMNS: dict[str, Any] = {
    "occurred_at": "Time",
    "event_type": "What happened",
    "amount": st.column_config.NumberColumn("Credits", format="%,.6f"),
    "balance_before": st.column_config.NumberColumn("Before", format="%,.6f"),
    "balance_after": st.column_config.NumberColumn("After", format="%,.6f"),
    "grant_id": "Grant",
    "feature_id": "Feature",
    "event_id": "Event",
}


def draw_chart(shown: Shown, *, kind: str, is_cumulative: bool) -> None:
    """The chart with its text alternative; a click on a bucket opens its ledger."""
    question = shown.question
    series = top_series(shown.answer.frame, shown.asked)
    if not series:
        _nothing(shown)
        return
    labels = [chart.label(one, dict(shown.names)) for one in series]
    look = chart.Look(kind, is_cumulative, palette(st.context.theme.type), shown.unit)
    zone = zone_of(question.zone)
    partial = partial_bucket(question.span, question.grain, zone, shown.answer.as_of)
    figure = chart.figure(
        question, series, labels, look, partial_from=partial, available=shown.available
    )
    st.plotly_chart(
        figure,
        key="chart",
        alt=chart.sentence(question, series, labels, look, shown.available),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
        on_select=_open_clicked_bucket,
        selection_mode="points",
    )
    _store_cuts(question)


def bucket_ledger(shown: Shown) -> None:
    """The ledger of one bucket, chosen here or by a click on the chart."""
    question = shown.question
    if question.customer_id is None:
        st.caption("Choose one customer to open the ledger of a bucket.")
        return
    cuts = {f"{cut:%Y-%m-%dT%H:%M}": cut for cut in question.cuts}
    zone = zone_of(question.zone)
    names = {text: _start_text(cut, zone) for text, cut in cuts.items()}
    chosen = choose(
        "Ledger of the bucket that starts at", {"": "Choose a bucket", **names},
        key="bucket", default="",
    )  # fmt: skip
    if chosen not in cuts:
        if chosen:
            st.caption("No bucket of this chart starts then; choose one from the list.")
        return
    end = min(bucket_end(cuts[chosen], question.grain, zone), question.span.end)
    rows = ask(
        LedgerPage(
            question.customer_id,
            question.currency_id,
            question.resource_id,
            span=Span(cuts[chosen], end),
            count=MOST_LEDGER_ROWS,
        ),
        shown.scope.source,
    )
    if not rows.frame.height:
        st.info("The ledger has no rows in this bucket.", icon=":material/inbox:")
        return
    cut = " The newest are shown." if rows.is_cut else ""
    st.caption(f"{rows.frame.height:,} ledger rows, newest first, times in {question.zone}.{cut}")
    st.dataframe(
        readable(rows.frame, question.zone),
        hide_index=True,
        column_config=LEDGER_COLUMNS,
        alt=f"Ledger rows of {names[chosen]}",
    )


def _start_text(cut: datetime, zone: ZoneInfo) -> str:
    """With the zone's own letters: when clocks go back, an hour is there twice."""
    return f"{cut.replace(tzinfo=UTC).astimezone(zone):%a %-d %b %Y %H:%M %Z}"


def _nothing(shown: Shown) -> None:
    has_filters = " that pass the filters" if shown.question.filters else ""
    span = day_span(shown.question.span.start, shown.question.span.end, shown.question.zone)
    st.info(
        f"No events{has_filters} in {plain(span)}. Usage appears here within about 10 seconds of "
        "being reported; try a longer period, another pool or another currency.",
        icon=":material/inbox:",
    )


def _store_cuts(question: Usage) -> None:
    """What a click on the chart needs: the callback runs before the page does."""
    st.session_state[CUTS] = [f"{cut:%Y-%m-%dT%H:%M}" for cut in question.cuts]


def _open_clicked_bucket() -> None:
    points = st.session_state["chart"]["selection"]["points"]
    cuts: list[str] = st.session_state.get(CUTS, [])
    if points and points[0]["point_index"] < len(cuts):
        put_picked_values("bucket", [cuts[points[0]["point_index"]]])
