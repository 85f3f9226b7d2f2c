"""Many grants in one CSV file: read whole, and every row's key, before any of it is sent."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from data.tables import CREDITS, CREDITS_SUM, TIME, ColumnTypes
from queries.command import Role
from queries.files import Columns, Flaw, csv_rows, mark_of, row_key, text_of
from queries.grants.commands import CreateGrant
from queries.grants.written import REQUIRED, read_grant
from queries.question import QuestionError
from queries.written import Problem

MOST_ROWS = 1000
COLUMNS = (
    "customer_id", "currency_id", "resource_id", "grant_type", "display_name", "amount", "cost",
    "cost_currency", "priority", "effective_at", "expire_at", "comment",
)  # fmt: skip
READ = Columns(tuple(REQUIRED), COLUMNS, {})
TEMPLATE = (
    ",".join(COLUMNS)
    + "\nacme,ai-tokens,,PROMOTIONAL,Welcome credits,500,,,50,,2026-12-31,For the new team"
    + "\nacme,ai-tokens,,PAID,Growth pack,10000,400.00,USD,50,2026-06-01T00:00Z,,Order 1017\n"
)
RULE = (
    "A row's key is made of the file's whole content and the row's place in it. Two equal rows of "
    "one file are two grants; the same file again makes none again, whoever runs it; a file that "
    "was changed is another file, and makes all of its grants anew."
)
LISTED: ColumnTypes = {
    "line": pl.Int64,
    "customer_id": pl.String,
    "resource_id": pl.String,
    "grant_type": pl.String,
    "display_name": pl.String,
    "amount": CREDITS,
    "currency_id": pl.String,
    "cost": CREDITS,
    "cost_currency": pl.String,
    "priority": pl.Int64,
    "effective_at": TIME,
    "expire_at": TIME,
    "comment": pl.String,
}


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    command: CreateGrant


@dataclass(frozen=True, slots=True)
class Bulk:
    """A file: nothing of it is sent while it has a flaw."""

    rows: tuple[Row, ...]
    flaws: tuple[Flaw, ...]
    mark: str
    """The file's fingerprint: another content, another mark."""

    @property
    def needs(self) -> Role:
        """The role that its most demanding row takes."""
        return max((row.command.needs for row in self.rows), default=Role.SUPPORT)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is at the API, of what a file names: ids, and each customer's resources."""

    customers: Collection[str]
    currencies: Collection[str]
    resources: Mapping[str, Collection[str]]


def read_bulk(content: bytes) -> Bulk:
    """Every row read, or what is wrong with it; raises QuestionError for a file that is none."""
    mark = mark_of(content)
    rows, flaws = [], []
    for number, (line, cells) in enumerate(csv_rows(text_of(content), READ), start=1):
        if number > MOST_ROWS:
            raise QuestionError(
                f"The file has more than {MOST_ROWS:,} rows. Split it, and run the parts one "
                "after the other."
            )
        if isinstance(cells, Problem):
            flaws.append(Flaw(line, cells))
            continue
        command, problems = read_grant(cells, row_key(mark, number))
        flaws += [Flaw(line, problem) for problem in problems]
        rows += [Row(line, command)] if command else []
    if not rows and not flaws:
        raise QuestionError("The file has a header and no rows: a row is a grant to make.")
    return Bulk(tuple(rows), tuple(flaws), mark)


def unknown(bulk: Bulk, known: Known) -> tuple[Flaw, ...]:
    """What the rows name that there is not."""
    return tuple(
        Flaw(row.line, problem) for row in bulk.rows for problem in _unknown(row.command, known)
    )


def listed(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows as they will be made; times in UTC, an empty start is the moment of sending."""
    values = [
        (row.line, *(getattr(row.command, name) for name in LISTED if name != "line"))
        for row in rows
    ]
    return pl.DataFrame(values, pl.Schema(LISTED), orient="row")


def totals(rows: Sequence[Row]) -> pl.DataFrame:
    """By type and currency: `grants`, `customers`, `credits`, and `cost` in each money."""
    return (
        listed(rows)
        .group_by("grant_type", "currency_id", "cost_currency")
        .agg(
            pl.len().alias("grants"),
            pl.col("customer_id").n_unique().alias("customers"),
            pl.col("amount").cast(CREDITS_SUM).sum().alias("credits"),
            pl.col("cost").cast(CREDITS_SUM).sum(),
        )
        .sort("currency_id", "grant_type", "cost_currency")
        .select(
            "grant_type", "currency_id", "grants", "customers", "credits", "cost", "cost_currency"
        )
    )


def _unknown(command: CreateGrant, known: Known) -> Iterator[Problem]:
    customer_id, resource_id = command.customer_id, command.resource_id
    if command.currency_id not in known.currencies:
        yield Problem("currency_id", f"There is no currency {command.currency_id!r}.")
    if customer_id not in known.customers:
        yield Problem("customer_id", f"There is no customer {customer_id!r}.")
    elif resource_id is not None and resource_id not in known.resources.get(customer_id, ()):
        yield Problem("resource_id", f"{customer_id} has no resource {resource_id!r}.")
