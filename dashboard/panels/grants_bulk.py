"""Many grants from a CSV file: checked whole and shown, before any of them is made."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
import streamlit as st

from dashboard.access import current_actor
from dashboard.asking import ask
from dashboard.controls.grants import TYPES
from dashboard.markdown import plain
from dashboard.panels import many_run
from dashboard.panels.export import export_buttons
from dashboard.panels.grants_told import lacks
from dashboard.panels.many_file import known_customers, show_flaws
from dashboard.panels.many_run import Came, Result, Step
from dashboard.tables import exact_format
from data.metering.client import Answer
from queries.catalogue import Currencies
from queries.customers import Resources
from queries.grants.bulk import (
    MOST_ROWS,
    RULE,
    TEMPLATE,
    Bulk,
    Known,
    Row,
    listed,
    read_bulk,
    totals,
    unknown,
)
from queries.question import Live

FILE, PLACE = "bulk grants file", "bulk grants"
MOST_MEGABYTES = 2
WORDS = {
    Came.DONE: "Done",
    Came.BEFORE: "Was done already",
    Came.REFUSED: "Not done",
    Came.UNKNOWN: "Unknown",
    Came.UNTRIED: "Not tried",
}


def bulk_grants(live: Live, now: datetime) -> None:
    """The way from a file to its grants; nothing is sent while a row of it is wrong."""
    with st.expander("Grant many from a CSV file", key=PLACE, icon=":material/upload_file:"):
        st.caption(
            f"A row is a grant; at most {MOST_ROWS:,}. Amounts have a decimal point and no "
            "thousands separators. Times are ISO 8601, and UTC where they name no zone; an empty "
            "effective\\_at is the moment of sending, an empty expire\\_at is never."
        )
        st.download_button(
            "Template", TEMPLATE, "grants.csv", "text/csv", on_click="ignore",
            icon=":material/download:",
        )  # fmt: skip
        given = st.file_uploader("CSV file", type="csv", key=FILE, max_upload_size=MOST_MEGABYTES)
        if given is not None:
            _file(given.getvalue(), live, now)


def _file(content: bytes, live: Live, now: datetime) -> None:
    bulk = read_bulk(content)
    flaws = (*bulk.flaws, *unknown(bulk, _known(bulk.rows, live)))
    if flaws:
        show_flaws(flaws)
        return
    _whole(bulk)
    results = many_run.results_of(bulk.mark)
    _run_button(bulk, is_again=bool(results))
    if many_run.is_running(bulk.mark):
        many_run.run([_step(row) for row in bulk.rows], bulk.mark, "Granting")
    if results:
        _results(bulk, results, live, now)


def _step(row: Row) -> Step:
    def read(answer: Answer, was_done: bool) -> Sequence[Result]:
        came = Came.BEFORE if was_done else Came.DONE
        return [Result(came, found=answer["createCreditGrant"]["grantId"])]

    return Step(row.command, (row.line,), read)


def _known(rows: Sequence[Row], live: Live) -> Known:
    """What there is of what the rows name."""
    customers = known_customers({row.command.customer_id for row in rows}, live)
    scoped = {row.command.customer_id for row in rows if row.command.resource_id}
    return Known(
        customers,
        set(ask(Currencies(), live).frame["currency_id"]),
        {one: set(ask(Resources(one), live).frame["resource_id"]) for one in scoped & customers},
    )


def _whole(bulk: Bulk) -> None:
    """What the file would make: its totals, and every row under the names of its columns."""
    number = st.column_config.NumberColumn
    summed = totals(bulk.rows).with_columns(pl.col("grant_type").replace(TYPES))
    st.dataframe(
        summed,
        hide_index=True,
        column_config={
            "grant_type": "Type",
            "currency_id": "Currency",
            "grants": number("Grants", format="localized"),
            "customers": number("Customers", format="localized"),
            "credits": number("Credits", format=exact_format(summed, "credits")),
            "cost": number("Cost", format=exact_format(summed, "cost")),
            "cost_currency": "Money",
        },
        alt=f"Totals of the {len(bulk.rows)} grants in the file, by type and currency",
    )
    _rows(listed(bulk.rows))


def _rows(rows: pl.DataFrame) -> None:
    number = st.column_config.NumberColumn
    st.dataframe(
        rows,
        hide_index=True,
        height=320 if rows.height > 8 else "auto",
        column_config={
            "line": number("Line", width=60),
            "amount": number("amount", format=exact_format(rows, "amount")),
            "cost": number("cost", format=exact_format(rows, "cost")),
            "effective_at": st.column_config.DatetimeColumn("effective_at (UTC)"),
            "expire_at": st.column_config.DatetimeColumn("expire_at (UTC)"),
        },
        alt=f"The {rows.height} grants in the file",
        placeholder="–",
    )


def _run_button(bulk: Bulk, *, is_again: bool) -> None:
    """It stays where it is while the file is run: Cancel must not move under the pointer."""
    why = lacks(current_actor(), bulk.needs, "This file")
    with st.container(horizontal=True, vertical_alignment="center"):
        count = len(bulk.rows)
        what = f"Make {count:,} grant{'' if count == 1 else 's'}"
        st.button(
            f"{what} again" if is_again else what,
            type="secondary" if is_again else "primary",
            help=RULE,
            on_click=many_run.begin,
            args=(bulk.mark,),
            disabled=bool(why) or many_run.is_running(bulk.mark),
        )
        st.caption(plain(why or "Safe to run again: a row that was made is not made twice."))


def _results(bulk: Bulk, results: Mapping[int, Result], live: Live, now: datetime) -> None:
    """What came of each row in the last run."""
    frame = many_run.outcomes([row.line for row in bulk.rows], results, WORDS)
    frame = frame.rename({"found": "grant_id"})
    said = many_run.summary(frame, WORDS)
    st.markdown(plain(said))
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "line": st.column_config.NumberColumn("Line", width=60),
            "outcome": st.column_config.TextColumn("Outcome", width=130),
            "grant_id": "Grant",
            "detail": "Detail",
        },
        alt=f"Outcomes of the file: {said}",
        placeholder="–",
    )
    about = {
        "question": "outcome of bulk grants",
        "file": bulk.mark,
        "sent to": live.client.url,
        "time of the data": f"{now:%Y-%m-%d %H:%M:%S} UTC",
    }
    whole = listed(bulk.rows).join(frame, on="line", how="left")
    export_buttons(whole, about, "grants made")
