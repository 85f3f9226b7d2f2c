"""The store: one DuckDB file owned by this process, written in transactions, read by cursors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from data.metering.service.faults import NoStore, StoreInUse
from data.tables import DIMENSIONS, SCHEMAS, TIME, ColumnTypes, Tables

HERE = Path(__file__).parent
SCHEMA = (HERE / "schema.sql").read_text()
# The number goes up when a table changes its columns: an older store stays as it is.
FILE_NAME = "metering-3.duckdb"

# Half a second to read at the next start. DuckDB's own 16 MB would stop the writing for as long
# every 2 seconds under full load.
CHECKPOINT_AT = "128MB"

OWN_COLUMNS: dict[str, ColumnTypes] = {
    "queue": {
        "queue_seq": pl.Int64,
        "event_id": pl.String,
        "customer_id": pl.String,
        "resource_id": pl.String,
        "event_name": pl.String,
        "feature_id": pl.String,
        "currency_id": pl.String,
        "occurred_at": TIME,
        "received_at": TIME,
        "units": pl.Decimal(24, 5),
        "credits": pl.Decimal(18, 6),
        "dimensions": DIMENSIONS,
    },
    "unmatched_events": {
        "event_id": pl.String,
        "customer_id": pl.String,
        "event_name": pl.String,
        "occurred_at": TIME,
        "received_at": TIME,
        "dimensions": DIMENSIONS,
        "reason": pl.String,
    },
    "seen_keys": {"seen_key": pl.Binary, "seen_at": TIME},
}
STORED = SCHEMAS | {name: pl.Schema(columns) for name, columns in OWN_COLUMNS.items()}
MAP = pa.map_(pa.string(), pa.string())

Row = dict[str, Any]


@cache
def sql(name: str) -> str:
    """A statement of the folder sql/."""
    return (HERE / "sql" / f"{name}.sql").read_text()


def _arrow(schema: pl.Schema) -> pa.Schema:
    """The types in which rows are handed to DuckDB; a map is what dimensions are there."""
    fields = pl.DataFrame(schema=schema).to_arrow().schema
    return pa.schema(
        [field.with_type(MAP) if schema[field.name] == DIMENSIONS else field for field in fields]
    )


ROWS = {name: _arrow(schema) for name, schema in STORED.items()}


class Store:
    """Tables on disk. A write that was committed survives the process being killed."""

    def __init__(self, folder: Path) -> None:
        """Open or create the store in `folder`; raises StoreInUse when another process has it."""
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = _connect(folder)
        self._connection.execute(f"set wal_autocheckpoint = '{CHECKPOINT_AT}'")
        self._connection.execute(SCHEMA)
        self._writing = Lock()

    def close(self) -> None:
        self._connection.close()

    def is_empty(self) -> bool:
        return not self.rows("select 1 from customers limit 1")

    @contextmanager
    def transaction(self) -> Iterator["Writer"]:
        """All of the block's writes or none; one writer at a time."""
        with self._writing, self._connection.cursor() as cursor:
            cursor.begin()
            writer = Writer(cursor)
            try:
                yield writer
                writer.flush()
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()

    def frame(self, sql: str, parameters: Mapping[str, object] | None = None) -> pl.DataFrame:
        with self._connection.cursor() as cursor:
            frame: pl.DataFrame = cursor.sql(sql, params=dict(parameters or {})).pl()
            return frame

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        with self._connection.cursor() as cursor:
            return _rows(cursor, sql, parameters)

    def load(self, tables: Tables) -> None:
        """Fill an empty store with a whole company's tables."""
        with self.transaction() as writer:
            for name, frame in tables.items():
                writer.add_frame(name, frame)


def open_read_only(folder: Path) -> duckdb.DuckDBPyConnection:
    """The database of a store; raises NoStore or StoreInUse."""
    if not (folder / FILE_NAME).is_file():
        raise NoStore(f"There is no store in {folder}.")
    return _connect(folder, read_only=True)


def _connect(folder: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(folder / FILE_NAME), read_only=read_only)
    except duckdb.IOException as error:
        if "lock" not in str(error).lower():
            raise
        raise StoreInUse(
            f"The store in {folder} is in use by another process. Stop that one, "
            "or reach it over HTTP by setting METERING_API_URL and METERING_API_KEY."
        ) from None


class Writer:
    """Writes of one transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._added: dict[str, list[Sequence[object]]] = {}
        self.writes = 0
        """How often something was written: whoever writes has changed the state in memory too."""

    def rows(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """What this transaction sees, its own writes included."""
        self.flush()
        return _rows(self._cursor, sql, parameters)

    def add(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Append rows, given as tuples in the order of the table's columns.

        They are gathered until the end, or until something is asked: many small additions of
        one transaction cost as much as one.
        """
        if rows:
            self.writes += 1
            self._added.setdefault(table, []).extend(rows)

    def flush(self) -> None:
        """Hand what was gathered to the database."""
        added, self._added = self._added, {}
        for table, rows in added.items():
            types = ROWS[table]
            columns = zip(zip(*rows, strict=True), types, strict=True)
            arrays = [pa.array(column, field.type) for column, field in columns]
            self._cursor.from_arrow(pa.Table.from_arrays(arrays, schema=types)).insert_into(table)

    def add_frame(self, table: str, frame: pl.DataFrame) -> None:
        columns = ", ".join(
            "map_from_entries(dimensions) as dimensions" if name == "dimensions" else name
            for name in STORED[table].names()
        )
        with self._registered(frame):
            self._cursor.execute(f"insert into {table} by name select {columns} from incoming")

    def replace_frame(self, table: str, frame: pl.DataFrame) -> None:
        """Make the table hold these rows and no others."""
        self._cursor.execute(f"delete from {table}")
        self.add_frame(table, frame)

    def remove_queued(self, sequences: Iterable[int]) -> None:
        with self._registered(pl.DataFrame({"queue_seq": list(sequences)})):
            self._cursor.execute(
                "delete from queue where queue_seq in (select queue_seq from incoming)"
            )

    def remove_promotions(self, ids: Iterable[str]) -> None:
        with self._registered(pl.DataFrame({"id": list(ids)}, schema={"id": pl.String})):
            self._cursor.execute(
                "delete from promotional_entitlements "
                "where promotional_entitlement_id in (select id from incoming)"
            )

    def forget_keys(self, until: datetime) -> None:
        """Remove the idempotency keys that were seen up to a time."""
        self.writes += 1
        self._cursor.execute("delete from seen_keys where seen_at <= $until", {"until": until})

    def update_grants(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Rows of (grant_id, status, consumed_amount, voided_at, updated_at); equal ones stay."""
        names = ("grant_id", "status", "consumed_amount", "voided_at", "updated_at")
        schema = {name: SCHEMAS["grants"][name] for name in names}
        with self._registered(pl.DataFrame(rows, schema=schema, orient="row")):
            self._cursor.execute(
                """
                update grants set
                    status = incoming.status,
                    consumed_amount = incoming.consumed_amount,
                    voided_at = incoming.voided_at,
                    updated_at = incoming.updated_at
                from incoming
                where
                    grants.grant_id = incoming.grant_id
                    and (grants.status, grants.consumed_amount, grants.voided_at)
                    is distinct from (incoming.status, incoming.consumed_amount, incoming.voided_at)
                """
            )

    def describe_grant(self, grant_id: str, **columns: object) -> None:
        """Set columns of one grant."""
        self.flush()
        self.writes += 1
        assignments = ", ".join(f"{name} = ${name}" for name in columns)
        self._cursor.execute(
            f"update grants set {assignments} where grant_id = $grant_id",
            {"grant_id": grant_id, **columns},
        )

    def replace_recharge(self, row: Sequence[object]) -> None:
        """Put a customer's recharge settings for a currency in the place of those it had."""
        self.flush()
        self.writes += 1
        self._cursor.execute(
            "delete from recharge_settings where customer_id = $1 and currency_id = $2", row[:2]
        )
        self.add("recharge_settings", [row])

    @contextmanager
    def _registered(self, frame: pl.DataFrame) -> Iterator[None]:
        self.writes += 1
        self.flush()
        self._cursor.register("incoming", frame)
        try:
            yield
        finally:
            self._cursor.unregister("incoming")


def _rows(
    cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None
) -> list[Row]:
    cursor.execute(sql, dict(parameters or {}))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
