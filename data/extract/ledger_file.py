"""The file that holds an extract's ledger: how it is written, and how it is read."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import duckdb

from data.extract.folder import discard, sync
from data.extract.layout import NUMBERED
from data.extract.parts import quoted, read_parts
from data.extract.statements import ledger_schema, statement

PATTERN = "ledger-*.duckdb"
ENOUGH = 8_000_000
"""So many rows are sorted at a time, or all of one customer: that bounds the memory."""
VIEWS = """
    create {temporary} macro ledger_event_id(number, text) as
    case when number is null then text else {prefix} || lpad(number::varchar, {digits}, '0') end;
    create {temporary} view coded_ledger as
    select * rename (event_id as event_text) from books.ledger;
    create {temporary} view ledger as
    select
        *,
        ledger_event_id(event_number, event_text) as event_id,
        ((epoch_us(occurred_at) + 62135596800000000) // 900000000 - 69039552)::integer as slot,
        ((epoch_us(occurred_at) + 62135596800000000) // 86400000000 - 719162)::integer as day
    from coded_ledger;
    create {temporary} view ledger_days as from books.ledger_days;
    create {temporary} view ledger_slots as from books.ledger_slots;
"""


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """The row of the table `ledger_files`."""

    file: str
    count_rows: int
    id_prefix: str
    id_digits: int


NO_LEDGER = LedgerFile("", 0, "", 0)
"""Stands for the empty ledger in memory of an extract without one."""


def lay_ledger(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write the rows of the relation `given_ledger` into a new file, which the extract then names.

    The default database of `connection` is an extract's main file with its customers, resources,
    currencies, features and parts. `given_ledger` has the columns of data/tables.py and may be of
    any size: it is read once for every ENOUGH rows.
    """
    prefix, digits = _id_form(connection)
    file = PATTERN.replace("*", uuid.uuid4().hex[:16])
    connection.execute(statement("time"))
    connection.execute(statement("known"))
    connection.execute(f"attach {quoted(str(folder / file))} as books")
    try:
        connection.execute(ledger_schema())
        counted = connection.execute(statement("ledger_customers")).fetchall()
        for first, until in spans(counted):
            span = {"first": first, "until": until}
            connection.execute(
                statement("fill_ledger"), span | {"prefix": prefix, "digits": digits}
            )
            connection.execute(statement("roll_ledger_days"), span)
        connection.execute(statement("roll_ledger_slots"))
        [(count,)] = connection.execute("select count(*) from books.ledger").fetchall()
        connection.execute("checkpoint books")
    except BaseException:
        discard(folder / file)
        raise
    finally:
        connection.execute("detach books")
    sync(folder / file)
    connection.execute("delete from ledger_files")
    laid = LedgerFile(file, count, prefix, digits)
    connection.execute("insert into ledger_files values (?, ?, ?, ?)", astuple(laid))


def read_ledger_file(
    connection: duckdb.DuckDBPyConnection, table: str = "ledger_files"
) -> LedgerFile:
    """The file that an extract's main file names, or NO_LEDGER."""
    columns = ", ".join(field.name for field in fields(LedgerFile))
    found = connection.execute(f"select {columns} from {table}").fetchall()
    return LedgerFile(*found[0]) if found else NO_LEDGER


def attach_ledger(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    ledger: LedgerFile,
    *,
    temporary: str = "",
) -> None:
    """Attach the file to read it, and make the views of its tables that README.md tells.

    temporary: "temp" where the default database is a file, which is not to keep the views.
    """
    if ledger == NO_LEDGER:
        connection.execute("attach ':memory:' as books")
        connection.execute(ledger_schema())
    else:
        connection.execute(f"attach {quoted(str(folder / ledger.file))} as books (read_only)")
    form = {"prefix": quoted(ledger.id_prefix), "digits": ledger.id_digits}
    connection.execute(VIEWS.format(temporary=temporary, **form))


@contextmanager
def held_ledger(
    connection: duckdb.DuckDBPyConnection, folder: Path, ledger: LedgerFile
) -> Iterator[None]:
    """The views of that ledger, for an extract in the making; a failure ends the connection."""
    attach_ledger(connection, folder, ledger, temporary="temp")
    yield
    for view in ("ledger_slots", "ledger_days", "ledger", "coded_ledger"):
        connection.execute(f"drop view {view}")
    connection.execute("drop macro ledger_event_id")
    connection.execute("detach books")


def ledger_of(path: Path) -> LedgerFile:
    """What the main file at `path` names; NO_LEDGER also if it is too young to name any."""
    with duckdb.connect(path, read_only=True) as connection:
        try:
            return read_ledger_file(connection)
        except duckdb.CatalogException:
            return NO_LEDGER


def spans(counted: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Customers by their keys, from the first until the second, of ENOUGH rows together.

    counted: each customer's key and how many rows it has, in the order of the keys.
    """
    first, rows = 0, 0
    for customer_key, count in counted:
        if rows and rows + count > ENOUGH:
            yield first, customer_key
            first, rows = customer_key, 0
        rows += count
    if counted:
        yield first, counted[-1][0] + 1


def _id_form(connection: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    """That of the events, so that an id is the same number in both; else that of any id."""
    parts = read_parts(connection)
    if parts:
        longest = max(parts, key=lambda part: part.events)
        return longest.id_prefix, longest.id_digits
    [(event_id,)] = connection.execute("select min(event_id) from given_ledger").fetchall()
    found = NUMBERED.fullmatch(event_id or "")
    return (found["prefix"], len(found["number"])) if found else ("", 0)
