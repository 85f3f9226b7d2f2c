"""The list of ledger rows: one page of it, and the way to the others."""

from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard.controls.key_picker.address import put_picked_values
from dashboard.controls.ledger import TYPES, turn_page
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.ledger_export import ledger_export
from dashboard.panels.ledger_shown import ShownLedger
from dashboard.tables import exact_format
from queries.ledger import MOST_WALKED

ROWS_IN_SIGHT, HEIGHT = 15, 580
TABLE = "ledger rows"
PLACES = "places of the ledger rows"
ROW = "row"


def readable(rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Times on the clock of the display zone, what happened in words."""
    at = pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    words = pl.col("event_type").replace(TYPES)
    return rows.drop("place").with_columns(at.dt.strftime("%Y-%m-%d %H:%M:%S"), words)


def ledger_list(shown: ShownLedger) -> None:
    """A row for each change of the balance; a click opens it."""
    rows = shown.answer.frame
    if not rows.height:
        _nothing(shown)
        return
    st.session_state[PLACES] = rows["place"].to_list()
    table = readable(rows, shown.zone).with_columns(
        pl.col("grant_id").replace(shown.grant_names), pl.col("feature_id").replace(shown.names)
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        height=HEIGHT if table.height > ROWS_IN_SIGHT else "auto",
        hide_index=True,
        column_config={
            "occurred_at": f"Time ({shown.zone})",
            "event_type": "What happened",
            "amount": number(f"Credits ({shown.unit})", format=exact_format(table, "amount")),
            "balance_before": number("Before", format=exact_format(table, "balance_before")),
            "balance_after": number("After", format=exact_format(table, "balance_after")),
            "grant_id": st.column_config.TextColumn("Grant", width=170),
            "feature_id": st.column_config.TextColumn("Feature", width=110),
            "event_id": "Event",
        },
        key=TABLE,
        on_select=_open_clicked,
        selection_mode="single-row",
        alt=f"Rows of the {shown.title}, newest first",
        placeholder="–",
    )
    _tell(shown)
    _pages(shown)
    ledger_export(shown)


def _open_clicked() -> None:
    rows = st.session_state[TABLE]["selection"]["rows"]
    places: list[str] = st.session_state.get(PLACES, [])
    put_picked_values(ROW, [places[rows[0]]] if rows and rows[0] < len(places) else [])


def _tell(shown: ShownLedger) -> None:
    """What the rows of this page come to; without filters, that they lead to one another."""
    rows, question = shown.answer.frame, shown.question
    total = Decimal(rows["amount"].sum())
    text = f"These rows come to {exact(total).replace('-', '−')} {shown.unit}"
    if not question.is_filtered:
        first, last = rows["balance_before"][-1], rows["balance_after"][0]
        text += f", from {exact(first).replace('-', '−')} to {exact(last).replace('-', '−')}"
    st.caption(
        f"{plain(text)}. Rows stand in the order in which they were written; one that came late "
        "shows the time at which it happened. A click opens a row."
    )


def _pages(shown: ShownLedger) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        count = shown.answer.frame.height
        what = "The newest" if shown.question.place is None else "Older:"
        if count:
            st.caption(f"{what} {count:,} row{'' if count == 1 else 's'}", width="content")
        if shown.question.place is not None:
            st.button("Newest", icon=":material/first_page:", on_click=turn_page, args=(None,))
        if shown.answer.follows is not None:
            st.button(
                "Older",
                icon=":material/chevron_right:",
                on_click=turn_page,
                args=(shown.answer.follows,),
            )


def _nothing(shown: ShownLedger) -> None:
    question = shown.question
    if shown.answer.follows is not None:
        st.info(_nothing_yet(shown), icon=":material/hourglass_top:")
    elif question.place is not None:
        which = "older row passes these filters" if question.is_filtered else "row is older"
        st.info(f"No {which}.", icon=":material/inbox:")
    elif question.is_filtered:
        st.info("No row passes these filters. Widen one of them.", icon=":material/inbox:")
    else:
        st.info(
            "This ledger is empty. A row appears here with the first grant, or within about 10 "
            "seconds of the first usage that is reported.",
            icon=":material/inbox:",
        )
    if shown.answer.follows is not None or question.place is not None:
        _pages(shown)


def _nothing_yet(shown: ShownLedger) -> str:
    """A metering API filters nothing: its rows are read until so many were in vain."""
    text = (
        f"None of the {MOST_WALKED:,} rows read here passes these filters, and the ledger goes "
        "on. Older reads the next ones."
    )
    return f"{text} The extract finds rows at once." if shown.can_extract else text
