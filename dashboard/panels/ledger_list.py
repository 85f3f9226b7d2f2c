"""The list of ledger rows: one page of it, the way to the others, and the whole of it as a file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard.controls.key_picker.address import put_picked_values
from dashboard.controls.ledger import TYPES, turn_page
from dashboard.controls.scope import Scope
from dashboard.formats import exact, moment
from dashboard.header import Header
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.tables import exact_format
from queries.answer import answer
from queries.ledger import MOST_ROWS, LedgerPage
from queries.question import Answer, Live

MOST_EXPORTED = 1_000_000
ROWS_IN_SIGHT, HEIGHT = 15, 580
TABLE = "ledger rows"
PLACES = "places of the ledger rows"
GATHERED = "ledger gathered"
GATHERING = "ledger being gathered"
ROW = "row"


@dataclass(frozen=True, slots=True)
class ShownLedger:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    question: LedgerPage
    answer: Answer
    grants: pl.DataFrame
    names: Mapping[str, str]
    """feature_id → display name"""
    header: Header

    @property
    def unit(self) -> str:
        return self.scope.currency.unit

    @property
    def zone(self) -> str:
        return self.scope.zone

    @property
    def title(self) -> str:
        return f"ledger of {self.header.whose}, as of {moment(self.answer.as_of, self.zone)}"

    @property
    def grant_names(self) -> dict[str, str]:
        rows = self.grants.select("grant_id", "display_name").iter_rows()
        return {grant_id: f"{name} ({grant_id})" for grant_id, name in rows}

    def about(self) -> dict[str, str]:
        """What an export says of itself."""
        asked, span = self.question, self.question.span
        return {
            "question": "ledger",
            "customer": asked.customer_id,
            "pool": asked.resource_id or "customer-level pool",
            "currency": asked.currency_id,
            "type": ", ".join(TYPES[kind] for kind in asked.types) or "all",
            "grant": asked.grant_id or "all",
            "feature": asked.feature_id or "all",
            "event": asked.event_id or "all",
            "from": moment(span.start, self.zone) if span else "the first row",
            "to (exclusive)": moment(span.end, self.zone) if span else "the last row",
            "times": "UTC",
            "source": self.answer.source,
            "time of the data": moment(self.answer.as_of, "UTC"),
            "at most": f"the newest {MOST_EXPORTED:,} rows",
        }


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
            "grant_id": "Grant",
            "feature_id": "Feature",
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
    _export(shown)


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
    if shown.answer.follows is not None:
        st.info(
            "None of the rows read so far passes these filters; the ledger goes on.",
            icon=":material/hourglass_top:",
        )
        _pages(shown)
    elif shown.question.is_filtered:
        st.info("No row passes these filters. Widen one of them.", icon=":material/inbox:")
    elif shown.question.place is not None:
        st.info("The ledger has no older rows.", icon=":material/inbox:")
        _pages(shown)
    else:
        st.info(
            "This ledger is empty. A row appears here with the first grant, or within about 10 "
            "seconds of the first usage that is reported.",
            icon=":material/inbox:",
        )


def _export(shown: ShownLedger) -> None:
    """The whole filtered set: at once where it is on the page, else gathered with a cancel."""
    question = replace(shown.question, place=None)
    if question == shown.question and shown.answer.follows is None:
        export_buttons(shown.answer.frame.drop("place"), shown.about(), "ledger")
        return
    wanted = (shown.scope.source.identity, question)
    gathered = st.session_state.get(GATHERED, (None, None))
    if gathered[0] == wanted:
        export_buttons(gathered[1], shown.about(), "ledger")
    elif st.session_state.get(GATHERING) == wanted:
        _gather(shown, question)
    else:
        st.button(
            "Gather every row for export",
            icon=":material/download:",
            help="All rows that pass the filters, not only this page",
            on_click=_begin,
            args=(wanted,),
        )


def _begin(wanted: tuple[str, LedgerPage]) -> None:
    st.session_state[GATHERING] = wanted


def _cancel() -> None:
    st.session_state.pop(GATHERING, None)


def _gather(shown: ShownLedger, question: LedgerPage) -> None:
    """Page by page; pressing Cancel ends the run at the next page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Gathering rows …")
        st.button("Cancel", icon=":material/close:", on_click=_cancel)
    size = 2000 if isinstance(shown.scope.source, Live) else MOST_ROWS
    begun: list[datetime] = [*shown.grants["created_at"], shown.answer.as_of]
    parts, count, page = [], 0, replace(question, count=size)
    while True:
        found = answer(page, shown.scope.source)
        parts.append(found.frame.drop("place"))
        count += found.frame.height
        if found.follows is None or count >= MOST_EXPORTED:
            break
        page = replace(page, place=found.follows)
        if found.frame.height:
            done = _share(found.frame["occurred_at"][-1], min(begun), shown.answer.as_of)
            bar.progress(done, f"{count:,} rows gathered …")
    wanted = (shown.scope.source.identity, question)
    st.session_state[GATHERED] = (wanted, pl.concat(parts).head(MOST_EXPORTED))
    _cancel()
    st.rerun()


def _share(at: datetime, first: datetime, last: datetime) -> float:
    """How much of the ledger's time has been walked, from its end."""
    length = (last - first).total_seconds()
    return min(max((last - at).total_seconds() / length, 0.0), 1.0) if length > 0 else 1.0
