"""Many grants in one CSV file: read whole, and every row's key, before any of it is sent."""

import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from data.tables import CREDITS, CREDITS_SUM, TIME, ColumnTypes
from queries.command import Role
from queries.grants.commands import CreateGrant
from queries.grants.written import OPTIONAL, REQUIRED, Problem, read_grant
from queries.question import QuestionError

MOST_ROWS = 1000
COLUMNS = (
    "customer_id", "currency_id", "resource_id", "grant_type", "display_name", "amount", "cost",
    "cost_currency", "priority", "effective_at", "expire_at", "comment",
)  # fmt: skip
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
class Flaw:
    """What is wrong with the row that begins on a line of the file."""

    line: int
    problem: Problem


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
    mark = sha256(content).hexdigest()
    lines = _lines(content)
    header = _header(next(lines, (0, []))[1])
    rows, flaws = [], []
    for number, (line, cells) in enumerate(lines, start=1):
        if number > MOST_ROWS:
            raise QuestionError(
                f"The file has more than {MOST_ROWS:,} rows. Split it, and run the parts one "
                "after the other."
            )
        command, problems = _read(header, cells, row_key(mark, number))
        flaws += [Flaw(line, problem) for problem in problems]
        rows += [Row(line, command)] if command else []
    if not rows and not flaws:
        raise QuestionError("The file has a header and no rows: a row is a grant to make.")
    return Bulk(tuple(rows), tuple(flaws), mark)


def row_key(mark: str, number: int) -> str:
    """The key of the row at that place, the first being 1: always the same for the same file."""
    return sha256(f"{mark} row {number}".encode()).hexdigest()[:32]


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


def _lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins, empty ones left out."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionError(
            f"The file is not UTF-8: byte {error.start + 1:,} cannot be read. Save it as "
            "“CSV UTF-8” and choose it again."
        ) from None
    if not text.strip():
        raise QuestionError("The file is empty. Download the template to see what belongs in it.")
    reader, line = csv.reader(text.splitlines(keepends=True), strict=True), 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise QuestionError(f"Line {line:,} cannot be read as CSV: {error}.") from None


def _header(cells: Sequence[str]) -> list[str]:
    """The columns' names, or everything that is wrong with them."""
    names = [cell.strip() for cell in cells]
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise QuestionError("The columns must be separated by commas. Save the file as CSV UTF-8.")
    known = (*REQUIRED, *OPTIONAL)
    wrong = {
        "misses": [name for name in REQUIRED if name not in names],
        "has unknown columns, namely": [repr(name) for name in names if name not in known],
        "has twice": [name for name, count in Counter(names).items() if count > 1],
    }
    said = [f"{what} {', '.join(which)}" for what, which in wrong.items() if which]
    if said:
        raise QuestionError(
            f"The first line {'; it '.join(said)}. The columns are {', '.join(COLUMNS)}."
        )
    return names


def _read(
    header: Sequence[str], cells: Sequence[str], key: str
) -> tuple[CreateGrant | None, tuple[Problem, ...]]:
    if len(cells) != len(header):
        sentence = (
            f"This row has {len(cells)} cells and the first line {len(header)}. A text with a "
            "comma stands in double quotes."
        )
        return None, (Problem("", sentence),)
    return read_grant(dict(zip(header, cells, strict=True)), key)


def _unknown(command: CreateGrant, known: Known) -> Iterator[Problem]:
    customer_id, resource_id = command.customer_id, command.resource_id
    if command.currency_id not in known.currencies:
        yield Problem("currency_id", f"There is no currency {command.currency_id!r}.")
    if customer_id not in known.customers:
        yield Problem("customer_id", f"There is no customer {customer_id!r}.")
    elif resource_id is not None and resource_id not in known.resources.get(customer_id, ()):
        yield Problem("resource_id", f"{customer_id} has no resource {resource_id!r}.")
