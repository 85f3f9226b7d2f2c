"""Many reports in one file: read whole, and split into the calls that the API takes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, cast

import polars as pl
import simplejson

from data.tables import TIME, UNITS, ColumnTypes
from queries.command import Command
from queries.files import (
    Columns,
    Flaw,
    Rows,
    csv_rows,
    json_rows,
    key_of,
    mark_of,
    row_key,
    text_of,
)
from queries.question import QuestionError
from queries.reports import LARGEST_BATCH, Event, ReportEvents
from queries.reports.measurements import LARGEST_BULK, Measurement, ReportUsageBulk
from queries.reports.written import EVENT, MEASUREMENT, read_event, read_measurement
from queries.written import Cells, Problem

MOST_ROWS = 20_000
RULE = (
    "Where a row gives no idempotency key, its key is made of the file's whole content and the "
    "row's place in it. Two equal rows of one file count twice; the same file again counts "
    "nothing, whoever sends it; a file that was changed is another file."
)
ALIASES = {
    "customerId": "customer_id",
    "featureId": "feature_id",
    "eventName": "event_name",
    "updateBehavior": "update_behavior",
    "resourceId": "resource_id",
    "createdAt": "created_at",
    "idempotencyKey": "idempotency_key",
}
"""The metering API's own names, which a file may use too."""


class Kind(StrEnum):
    MEASUREMENTS = "measurements"
    EVENTS = "events"


Report = Measurement | Event


class Form(NamedTuple):
    """How the files of a kind are written, and what one call takes."""

    columns: Columns
    roots: tuple[str, ...]
    read: Callable[[Cells], tuple[Report | None, tuple[Problem, ...]]]
    most: int


FORMS = {
    Kind.MEASUREMENTS: Form(
        Columns(("customer_id", "feature_id", "value"), tuple(MEASUREMENT), ALIASES),
        ("usages",),
        read_measurement,
        LARGEST_BULK,
    ),
    Kind.EVENTS: Form(
        Columns(("customer_id", "event_name", "timestamp"), tuple(EVENT), ALIASES),
        ("usageEvents", "events"),
        read_event,
        LARGEST_BATCH,
    ),
}
TEMPLATES = {
    Kind.MEASUREMENTS: (
        "customer_id,feature_id,value,update_behavior,resource_id,created_at,dimensions,"
        "idempotency_key\n"
        'acme,feature-seats,2,DELTA,,2026-05-31T14:30Z,"{""team"": ""sales""}",order-1017\n'
        "acme,feature-embeddings,40000,SET,workspace,,,\n"
    ),
    Kind.EVENTS: (
        "customer_id,event_name,timestamp,resource_id,dimensions,idempotency_key\n"
        'acme,llm_request,2026-05-31T14:30:05+02:00,,"{""model"": ""gemini"", '
        '""input_tokens"": 1200}",request-1\n'
        "acme,api_call,2026-05-31T14:30:06Z,workspace,,\n"
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    report: Report


@dataclass(frozen=True, slots=True)
class Bulk:
    """A file: nothing of it is sent while it has a flaw."""

    kind: Kind
    rows: tuple[Row, ...]
    flaws: tuple[Flaw, ...]
    mark: str
    """The fingerprint of the file as one of that kind."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One call, and the rows that it sends."""

    command: Command
    rows: tuple[Row, ...]


def read_bulk(content: bytes, kind: Kind) -> Bulk:
    """CSV, JSON or a JSON object on each line: every row, or what is wrong with it.

    Raises QuestionError for a file that is none of them.
    """
    mark, form = key_of(f"{mark_of(content)} {kind}"), FORMS[kind]
    rows, flaws = [], []
    for number, (line, cells) in enumerate(_rows(text_of(content), form), start=1):
        if number > MOST_ROWS:
            raise QuestionError(
                f"The file has more than {MOST_ROWS:,} rows. Split it, and send the parts one "
                "after the other."
            )
        if isinstance(cells, Problem):
            flaws.append(Flaw(line, cells))
            continue
        own = cells.get("idempotency_key", "").strip()
        report, problems = form.read({**cells, "idempotency_key": own or row_key(mark, number)})
        flaws += [Flaw(line, problem) for problem in problems]
        rows += [Row(line, report)] if report else []
    if not rows and not flaws:
        raise QuestionError("The file has no rows: a row is something to report.")
    return Bulk(kind, tuple(rows), tuple(flaws), mark)


def unknown(
    rows: Sequence[Row], customers: Collection[str], features: Collection[str]
) -> Iterator[Flaw]:
    """What the rows name that there is not."""
    for row in rows:
        report = row.report
        if report.customer_id not in customers:
            sentence = f"There is no customer {report.customer_id!r}."
            yield Flaw(row.line, Problem("customer_id", sentence))
        if isinstance(report, Measurement) and report.feature_id not in features:
            sentence = f"There is no feature {report.feature_id!r}."
            yield Flaw(row.line, Problem("feature_id", sentence))


def repeats(rows: Sequence[Row]) -> dict[int, int]:
    """line of a row → line of the first with the same key: of these the API counts the first."""
    first: dict[object, int] = {}
    found = {}
    for row in rows:
        line = first.setdefault(row.report.identity, row.line)
        if line != row.line:
            found[row.line] = line
    return found


def chunks(bulk: Bulk, api: str) -> list[Chunk]:
    """In the file's order; a chunk has the same key each time the file is sent to that API."""
    most = FORMS[bulk.kind].most
    found = []
    for start in range(0, len(bulk.rows), most):
        rows = bulk.rows[start : start + most]
        key = key_of(f"{bulk.mark} chunk {start} to {api}")
        found.append(Chunk(_command(bulk.kind, [row.report for row in rows], key), rows))
    return found


def _command(kind: Kind, reports: Sequence[Report], key: str) -> Command:
    if kind is Kind.EVENTS:
        return ReportEvents(tuple(cast(Sequence[Event], reports)), key)
    return ReportUsageBulk(tuple(cast(Sequence[Measurement], reports)), key)


def listed(bulk: Bulk) -> pl.DataFrame:
    """The rows as they will be sent, under the names of their columns; times in UTC."""
    columns: ColumnTypes = {"line": pl.Int64} | {
        name: TYPES.get(name, pl.String) for name in FORMS[bulk.kind].columns.names
    }
    values = [
        (row.line, *(_cell(row.report, name) for name in columns if name != "line"))
        for row in bulk.rows
    ]
    return pl.DataFrame(values, pl.Schema(columns), orient="row")


def totals(bulk: Bulk) -> pl.DataFrame:
    """By what is reported: `what`, `how`, `rows`, `customers`, and the `units` that are added."""
    rows = [_measured(row.report) for row in bulk.rows]
    frame = pl.DataFrame(rows, pl.Schema(MEASURED), orient="row")
    return (
        frame.group_by("what", "how")
        .agg(
            pl.len().alias("rows"),
            pl.col("customer").n_unique().alias("customers"),
            pl.when(pl.col("units").is_not_null().any()).then(pl.col("units").sum()),
        )
        .sort("what", "how")
    )


TYPES: ColumnTypes = {"value": UNITS, "timestamp": TIME, "created_at": TIME}
"""The columns that are no texts."""
MEASURED: ColumnTypes = {
    "what": pl.String, "how": pl.String, "customer": pl.String, "units": pl.Decimal(38, 5),
}  # fmt: skip


def _measured(report: Report) -> tuple[object, ...]:
    if isinstance(report, Event):
        return report.event_name, None, report.customer_id, None
    added = None if report.is_set else report.units
    return report.feature_id, str(report.update_behavior), report.customer_id, added


def _cell(report: Report, name: str) -> object:
    if name == "dimensions":
        named = dict(report.dimensions)
        return simplejson.dumps(named, use_decimal=True, ensure_ascii=False) if named else None
    return getattr(report, "units" if name == "value" else name)


def _rows(text: str, form: Form) -> Rows:
    is_json = text.lstrip()[:1] in ("[", "{")
    return json_rows(text, form.columns, form.roots) if is_json else csv_rows(text, form.columns)
