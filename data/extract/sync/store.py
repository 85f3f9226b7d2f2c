"""What a sync has read, kept as it was told: the file `sync.duckdb` beside the extract."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

import duckdb
import polars as pl

from data.extract.errors import ExtractError
from data.tables import CREDITS, CREDITS_SUM, SCHEMAS, TIME, ColumnTypes, empty

STORE = "sync.duckdb"
VERSION = 1
TABLES = tuple(name for name in SCHEMAS if name != "usage_events")

CELLS: ColumnTypes = {
    "customer_id": pl.String,
    "currency_id": pl.String,
    "resource_id": pl.String,
    "occurred_at": TIME,
    "feature_id": pl.String,
    "keys": pl.List(pl.String),
    "key_values": pl.List(pl.String),
    "credits": CREDITS,
    "events": pl.Int32,
}
BALANCES: ColumnTypes = {
    "customer_id": pl.String,
    "resource_id": pl.String,
    "currency_id": pl.String,
    "balance": CREDITS_SUM,
}

Row = Mapping[str, Any]


class Pool(NamedTuple):
    customer_id: str
    currency_id: str
    resource_id: str | None


class Store:
    """The tables of data/tables.py as far as they were read, and the places to go on from.

    What belongs together is written in one transaction: a kill leaves all of it, or nothing.
    Safe to share between threads: one at a time has the connection.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._using = RLock()
        self._rows = int(self._one("select count(*) from ledger"))
        self.added = 0
        """How many ledger rows and cells were read since it was opened."""

    @property
    def is_oldest_first(self) -> bool | None:
        """Whether the API's ledger runs from the oldest row; None as long as no pool told."""
        told: bool | None = self._one("select is_oldest_first from about")
        return told

    @is_oldest_first.setter
    def is_oldest_first(self, told: bool) -> None:
        with self._using:
            self._connection.execute("update about set is_oldest_first = $told", {"told": told})

    def table(self, name: str) -> pl.DataFrame:
        """As it was told, of the types of data/tables.py."""
        frame: pl.DataFrame = self._connection.table(name).pl()
        return frame.cast(SCHEMAS[name])

    def usage_events(self) -> pl.DataFrame:
        """The cells as rows of usage_events, and beside them `events`."""
        frame: pl.DataFrame = self._connection.sql(_sql("usage_events")).pl()
        return frame

    def differences(self) -> list[dict[str, Any]]:
        """The pools whose balance, ledger and grants do not say the same."""
        frame: pl.DataFrame = self._connection.sql(_sql("differences")).pl()
        return frame.to_dicts()

    def replace(self, name: str, rows: Sequence[Row]) -> None:
        """Make the rows the table."""
        self._make(name, pl.DataFrame(rows, SCHEMAS[name]))

    def add(self, name: str, rows: Sequence[Row], *key: str) -> None:
        """Put the rows in the place of those of the same key; what is no longer told stays."""
        told = pl.DataFrame(rows, SCHEMAS[name]).unique(list(key), keep="last")
        kept = self.table(name).join(told, on=key, how="anti")
        self._make(name, pl.concat([kept, told]))

    def set_pools(
        self,
        customer_id: str,
        resource_id: str | None,
        grants: Sequence[Row],
        balances: Sequence[Row],
    ) -> None:
        """What a customer, or its resource, holds now in all currencies."""
        owner = {"customer_id": customer_id, "resource_id": resource_id}
        with self._together():
            self._connection.execute(_sql("forget_grants"), owner)
            self._connection.execute(_sql("forget_balances"), owner)
            self._insert("grants", pl.DataFrame(grants, SCHEMAS["grants"]))
            self._insert("balances", pl.DataFrame(balances, BALANCES))

    def set_recharges(self, customer_id: str, rows: Sequence[Row]) -> None:
        with self._together():
            self._connection.execute(
                "delete from recharge_settings where customer_id = $customer_id",
                {"customer_id": customer_id},
            )
            self._insert("recharge_settings", pl.DataFrame(rows, SCHEMAS["recharge_settings"]))

    def ledger_cursor(self, pool: Pool) -> str | None:
        """The cursor of the newest row that was read; None before the first."""
        found = self._found("ledger_cursor", pool)
        return found[0] if found else None

    def add_ledger(self, pool: Pool, rows: Sequence[Row], cursor: str) -> None:
        """A page of rows, oldest first, and the cursor of the last."""
        with self._together():
            numbered = [
                {"ledger_seq": number} | pool._asdict() | dict(row)
                for number, row in enumerate(rows, start=self._rows + 1)
            ]
            self._insert("ledger", pl.DataFrame(numbered, SCHEMAS["ledger"]))
            self._connection.execute(_sql("set_ledger_cursor"), pool._asdict() | {"cursor": cursor})
            self._rows += len(rows)
            self.added += len(rows)

    def usage_cursor(self, pool: Pool) -> tuple[list[str], datetime] | None:
        """(the keys by which the pool's usage was read, until when)."""
        found = self._found("usage_cursor", pool)
        return (found[0], found[1]) if found else None

    def restart_usage(self, pool: Pool, keys: Sequence[str], since: datetime) -> None:
        """Forget the pool's cells from `since` on: they are asked for again, by the keys."""
        with self._together():
            self._connection.execute(_sql("forget_cells"), pool._asdict() | {"since": since})
            self._set_usage_cursor(pool, keys, since)

    def add_cells(
        self, pool: Pool, keys: Sequence[str], cells: Sequence[Row], until: datetime
    ) -> None:
        """The cells of a window, and that usage was read until its end."""
        rows = [pool._asdict() | {"keys": keys} | dict(cell) for cell in cells]
        frame = pl.DataFrame(rows, CELLS)
        with self._together():
            self._insert("cells", frame)
            self._set_usage_cursor(pool, keys, until)
            self.added += len(rows)

    def _set_usage_cursor(self, pool: Pool, keys: Sequence[str], until: datetime) -> None:
        place = {"keys": list(keys), "read_until": until}
        self._connection.execute(_sql("set_usage_cursor"), pool._asdict() | place)

    def _one(self, query: str) -> Any:
        with self._using:
            [(value,)] = self._connection.execute(query).fetchall()
        return value

    def _found(self, query: str, pool: Pool) -> Any:
        """The pool's row of a query, or None."""
        with self._using:
            return self._connection.execute(_sql(query), pool._asdict()).fetchone()

    def _make(self, name: str, frame: pl.DataFrame) -> None:
        self._connection.register("told", frame)
        self._connection.execute(f"create or replace table {name} as from told")
        self._connection.unregister("told")

    def _insert(self, name: str, frame: pl.DataFrame) -> None:
        if frame.height:
            self._connection.from_arrow(frame.to_arrow()).insert_into(name)

    @contextmanager
    def _together(self) -> Iterator[None]:
        with self._using:
            self._connection.begin()
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()


@contextmanager
def open_store(folder: Path, source: str) -> Iterator[Store]:
    """The store of a folder, which is made if need be; it belongs to one source for good."""
    path = folder / STORE
    try:
        with duckdb.connect(path) as connection:
            _prepare(connection, path, source)
            yield Store(connection)
    except duckdb.Error as error:
        raise ExtractError(
            f"{path} cannot be read or written: {error} If it is damaged, delete it: the next "
            "sync then reads everything anew."
        ) from None


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path, source: str) -> None:
    connection.execute(_sql("schema"))
    about = connection.execute("select source, version from about").fetchone()
    if about is None:
        connection.begin()
        for name in TABLES:
            connection.from_arrow(empty(name).to_arrow()).create(name)
        connection.execute(
            "insert into about values ($source, $version, null)",
            {"source": source, "version": VERSION},
        )
        connection.commit()
    elif about[1] != VERSION:
        raise ExtractError(
            f"{path} was written by another version of this program: delete it, and the next "
            "sync reads everything anew."
        )
    elif about[0] != source:
        raise ExtractError(
            f"{path} was read from {about[0]}, not from {source}: choose another folder with "
            "EXTRACT_DIR, or delete the file to begin anew."
        )


@cache
def _sql(name: str) -> str:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()
