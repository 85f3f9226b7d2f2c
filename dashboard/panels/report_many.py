"""Reporting many measurements or events from a file, checked whole before any of it is sent."""

from collections.abc import Mapping, Sequence

import polars as pl
import streamlit as st

from dashboard.access import current_actor
from dashboard.controls.reports import USAGES
from dashboard.markdown import plain
from dashboard.panels import many_run
from dashboard.panels.export import export_buttons
from dashboard.panels.grants_told import lacks
from dashboard.panels.many_file import known_customers, show_flaws
from dashboard.panels.many_run import Came, Result, Step
from dashboard.panels.report_form import REPORTING
from dashboard.panels.report_settling import Followed, before, follow
from dashboard.panels.report_shown import ShownReport
from dashboard.tables import drawn, exact_format
from data.clock import utc_now
from data.metering.client import Answer
from data.tables import CREDITS_SUM
from queries.command import Role
from queries.files import Flaw
from queries.question import Live, QuestionError
from queries.reports import Event
from queries.reports.bulk import (
    FORMS,
    MOST_ROWS,
    RULE,
    TEMPLATES,
    Bulk,
    Chunk,
    Kind,
    Row,
    chunks,
    listed,
    read_bulk,
    repeats,
    totals,
    unknown,
)
from queries.reports.checks import unlikely
from queries.reports.counted import Counted, measured
from queries.reports.followed import Owner, Pool
from queries.reports.measurements import Measurement

FILE, PASTED = "reports file", "reports pasted"
ENDINGS = ["csv", "json", "jsonl", "ndjson", "txt"]
MOST_MEGABYTES = 20
MOST_CUSTOMERS_ASKED = 100
"""Of a file, one by one, where the API has too many to list."""
SECONDS_KEPT, MOST_KEPT = 3600, 20
WORDS = {
    Came.DONE: "Reported",
    Came.BEFORE: "Already counted",
    Came.REFUSED: "Not done",
    Came.UNKNOWN: "Unknown",
    Came.UNTRIED: "Not tried",
}


def report_many(shown: ShownReport, live: Live) -> None:
    """The way from a file to what it reports; nothing is sent while a row of it is wrong."""
    kind = Kind.MEASUREMENTS if shown.what == USAGES else Kind.EVENTS
    content = _content(kind)
    if not content:
        st.caption(f"Nothing is chosen yet. Its {kind} would be listed here before they are sent.")
        return
    bulk = _read(content, kind)
    with st.spinner("Checking …", show_time=True):
        flaws = (*bulk.flaws, *_unknown(bulk, shown, live))
    if flaws:
        show_flaws(flaws)
        return
    again = repeats(bulk.rows)
    _whole(bulk, again)
    results = many_run.results_of(bulk.mark)
    _run_button(bulk, is_again=bool(results))
    if many_run.is_running(bulk.mark):
        _run(bulk, again, live)
    if results:
        _results(bulk, results, live)


def _content(kind: Kind) -> bytes:
    """Of the file, or what was pasted where there is no file."""
    _explain(kind)
    file, pasted = st.columns(2)
    with file:
        given = st.file_uploader(
            "File", type=ENDINGS, key=f"{FILE} {kind}", max_upload_size=MOST_MEGABYTES
        )
    with pasted:
        text: str = st.text_area("Or paste it here", key=f"{PASTED} {kind}", height=120)
    if given is None:
        return text.strip().encode()
    if text.strip():
        st.caption("The file is taken; what is pasted is left aside while a file is chosen.")
    content = given.getvalue()
    if not content:
        raise QuestionError("The file is empty.")
    return content


def _explain(kind: Kind) -> None:
    form = FORMS[kind]
    st.caption(
        plain(
            f"CSV, a JSON list or a JSON object on each line, at most {MOST_ROWS:,} rows, sent "
            f"{form.most:,} at a time. Columns: {', '.join(form.columns.names)}; in JSON the API's "
            "own names too. Dimensions are a JSON object, and its numbers stay numbers. Times are "
            "ISO 8601, and UTC where they name no zone."
        )
    )
    st.download_button(
        "Template", TEMPLATES[kind], f"{kind}.csv", "text/csv", on_click="ignore",
        icon=":material/download:",
    )  # fmt: skip


@st.cache_resource(ttl=SECONDS_KEPT, max_entries=MOST_KEPT, show_spinner="Reading …")
def _read(content: bytes, kind: Kind) -> Bulk:
    return read_bulk(content, kind)


def _unknown(bulk: Bulk, shown: ShownReport, live: Live) -> Sequence[Flaw]:
    named = {row.report.customer_id for row in bulk.rows}
    customers = known_customers(named, live, most=MOST_CUSTOMERS_ASKED)
    return list(unknown(bulk.rows, customers, shown.features))


def _whole(bulk: Bulk, again: Mapping[int, int]) -> None:
    """What the file would report: its totals, every row, and which of them repeat others."""
    _totals(bulk)
    _rows(listed(bulk), bulk.kind)
    _unlikely_times(bulk)
    if again:
        line, first = next(iter(again.items()))
        st.warning(
            f"{len(again):,} row{' repeats' if len(again) == 1 else 's repeat'} the key of an "
            f"earlier one, such as line {line:,} that of line {first:,}: the API counts the first "
            "of them only.",
            icon=":material/content_copy:",
        )


def _unlikely_times(bulk: Bulk) -> None:
    now = utc_now()
    odd = [(row.line, said) for row in bulk.rows if (said := unlikely(row.report.at, now))]
    if odd:
        line, said = odd[0]
        st.warning(
            f"{len(odd):,} row{' has' if len(odd) == 1 else 's have'} an unlikely time, such as "
            f"line {line:,}: {said} They are sent as they are.",
            icon=":material/schedule:",
        )


def _totals(bulk: Bulk) -> None:
    number = st.column_config.NumberColumn
    summed = totals(bulk)
    is_measured = bulk.kind is Kind.MEASUREMENTS
    units = number("Units added", format=exact_format(summed, "units"))
    st.dataframe(
        summed,
        hide_index=True,
        column_config={
            "what": "Feature" if is_measured else "Event name",
            "how": "Update" if is_measured else None,
            "rows": number("Rows", format="localized"),
            "customers": number("Customers", format="localized"),
            "units": units if is_measured else None,
        },
        alt=f"Totals of the {len(bulk.rows)} {bulk.kind} in the file",
        placeholder="–",
    )


def _rows(rows: pl.DataFrame, kind: Kind) -> None:
    shown = drawn(rows)
    st.dataframe(
        shown,
        hide_index=True,
        height=320 if rows.height > 8 else "auto",
        column_config={
            "line": st.column_config.NumberColumn("Line", width=60),
            "value": st.column_config.NumberColumn("value", format=exact_format(rows, "value")),
            "created_at": st.column_config.DatetimeColumn("created_at (UTC)"),
            "timestamp": st.column_config.DatetimeColumn("timestamp (UTC)"),
        },
        alt=f"The {rows.height} {kind} in the file",
        placeholder="–",
    )
    if shown.height < rows.height:
        st.caption(f"The first {shown.height:,} of {rows.height:,} rows are listed.")


def _run_button(bulk: Bulk, *, is_again: bool) -> None:
    """It stays where it is while the file is sent: Cancel must not move under the pointer."""
    why = lacks(current_actor(), Role.SUPPORT, REPORTING)
    with st.container(horizontal=True, vertical_alignment="center"):
        count = len(bulk.rows)
        noun = str(bulk.kind) if count > 1 else str(bulk.kind).removesuffix("s")
        what = f"Report {count:,} {noun}"
        st.button(
            f"{what} again" if is_again else what,
            type="secondary" if is_again else "primary",
            help=RULE,
            on_click=many_run.begin,
            args=(bulk.mark,),
            disabled=bool(why) or many_run.is_running(bulk.mark),
        )
        st.caption(plain(why or "Safe to send again: a row that was counted is not counted twice."))


def _run(bulk: Bulk, again: Mapping[int, int], live: Live) -> None:
    follow(None)
    owners = [Owner(row.report.customer_id, row.report.resource_id) for row in bulk.rows]
    try:
        followed = before(owners, live)
    except Exception:
        many_run.cancel()
        raise
    steps = [_step(chunk, again, followed) for chunk in chunks(bulk, live.client.url)]
    many_run.run(steps, bulk.mark, "Reporting")


def _step(chunk: Chunk, again: Mapping[int, int], followed: Followed) -> Step:
    def read(answer: Answer, was_done: bool) -> Sequence[Result]:
        if was_done:
            return [Result(Came.BEFORE, "In an earlier run of this file.")] * len(chunk.rows)
        follow(followed)
        nodes = answer.get("reportUsageBulk") or [None] * len(chunk.rows)
        return [
            _result(row, node, again, followed) for row, node in zip(chunk.rows, nodes, strict=True)
        ]

    return Step(chunk.command, tuple(row.line for row in chunk.rows), read)


def _result(row: Row, node: Answer | None, again: Mapping[int, int], followed: Followed) -> Result:
    report = row.report
    if isinstance(report, Event):
        if row.line in again:
            return Result(Came.BEFORE, f"Repeats the key of line {again[row.line]:,}.")
        if Owner(report.customer_id, report.resource_id) in followed.owners:
            followed.expected += 1
            followed.sent_at.add(report.timestamp)
        return Result(Came.DONE)
    return _measurement(report, node or {}, followed)


def _measurement(report: Measurement, node: Answer, followed: Followed) -> Result:
    found = measured(report, node)
    owner = Owner(report.customer_id, report.resource_id)
    if found.currency_id is not None and found.news is not None and owner in followed.owners:
        followed.hear(Pool(owner, found.currency_id), found.news)
    if found.counted is Counted.BEFORE:
        detail = "The API knows its key; or it costs nothing for these dimensions."
        return Result(Came.BEFORE, detail, "0")
    if found.counted is Counted.UNPRICED:
        return Result(Came.DONE, "The answer tells of no credits.")
    unchanged = "The usage was so already." if found.counted is Counted.UNCHANGED else ""
    return Result(Came.DONE, unchanged, str(found.taken))


def _results(bulk: Bulk, results: Mapping[int, Result], live: Live) -> None:
    """What came of each row in the last run."""
    frame = many_run.outcomes([row.line for row in bulk.rows], results, WORDS)
    frame = frame.with_columns(pl.col("found").cast(CREDITS_SUM)).rename({"found": "credits"})
    said = many_run.summary(frame, WORDS)
    st.markdown(plain(said))
    if set(frame["outcome"]) == {WORDS[Came.BEFORE]}:
        st.caption("Nothing more was counted: the balance is as it was.")
    elif bulk.kind is Kind.EVENTS:
        st.caption("The answer to events tells of no credits; what settles is followed below.")
    _outcomes(frame, bulk.kind, said)
    about = {
        "question": f"outcome of reported {bulk.kind}",
        "file": bulk.mark,
        "sent to": live.client.url,
        "times": "UTC",
        "time of the data": f"{utc_now():%Y-%m-%d %H:%M:%S} UTC",
    }

    def whole() -> pl.DataFrame:
        return listed(bulk).join(frame, on="line", how="left")

    export_buttons(whole, about, "usage reported")


def _outcomes(frame: pl.DataFrame, kind: Kind, said: str) -> None:
    number = st.column_config.NumberColumn
    credits = number("Credits taken", format=exact_format(frame, "credits"))
    st.dataframe(
        drawn(frame),
        hide_index=True,
        height=320 if frame.height > 8 else "auto",
        column_config={
            "line": number("Line", width=60),
            "outcome": st.column_config.TextColumn("Outcome", width=130),
            "credits": credits if kind is Kind.MEASUREMENTS else None,
            "detail": st.column_config.TextColumn("Detail", width=400),
        },
        alt=f"Outcomes of the file: {said}",
        placeholder="–",
    )
