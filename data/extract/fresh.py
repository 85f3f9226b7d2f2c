"""Rows of event files, rated, on their way into an extract: the temporary table `fresh`."""

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from data.extract.event_files import rows
from data.extract.events import RowError, read_event
from data.extract.mapping import EventMapping, Row
from data.extract.rating import Rater, Usage
from data.extract.statements import statement

BATCH = 20_000
REASON_LENGTH = 300
FRESH = pa.schema(
    [
        ("read_seq", pa.int64()),
        ("event_id", pa.string()),
        ("customer_id", pa.string()),
        ("resource_id", pa.string()),
        ("feature_id", pa.string()),
        ("currency_id", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("loaded_at", pa.timestamp("us")),
        ("units", pa.decimal128(24, 5)),
        ("credits", pa.decimal128(18, 6)),
        ("dimensions", pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))),
    ]
)


class Reading:
    """The way from files to `fresh`, and how many rows went it.

    Rejected rows go to the CSV `rejects`: file, row and reason.
    """

    def __init__(self, mapping: EventMapping, rater: Rater, rejects: Path) -> None:
        self.mapping = mapping
        self.rater = rater
        self.rejects = rejects
        self.read = self.usages = self.rejected = 0

    def load(
        self, connection: duckdb.DuckDBPyConnection, events: Sequence[Path], now: datetime
    ) -> None:
        """Make the table and fill it with the usage in the files, loaded at `now`."""
        connection.execute(statement("fresh"))
        for batch in self._batches(events):
            connection.register("batch", _table(batch, self.usages, now))
            connection.execute("insert into fresh from batch")
            connection.unregister("batch")
            self.usages += len(batch)

    def _batches(self, events: Sequence[Path]) -> Iterator[list[Usage]]:
        batch: list[Usage] = []
        with self.rejects.open("w", newline="", encoding="utf-8") as text:
            rejects = csv.writer(text)
            rejects.writerow(["file", "row", "reason"])
            for name, number, row in self._rows(events):
                try:
                    batch += self._usages(name, number, row)
                except RowError as error:
                    self.rejected += 1
                    rejects.writerow([name, number, str(error)[:REASON_LENGTH]])
                if len(batch) >= BATCH:
                    yield batch
                    batch = []
        yield batch

    def _rows(self, events: Sequence[Path]) -> Iterator[tuple[str, int, Row | str]]:
        for path in events:
            name = path.name.encode(errors="backslashreplace").decode()
            for number, row in rows(path, self.mapping.columns):
                self.read += 1
                yield name, number, row

    def _usages(self, name: str, number: int, row: Row | str) -> list[Usage]:
        if isinstance(row, str):
            raise RowError(row)
        return self.rater.usages(read_event(self.mapping, row, f"{name}:{number}"))


def _table(batch: Sequence[Usage], first: int, now: datetime) -> pa.Table:
    """The usages as rows of `fresh`, numbered from `first`."""
    offsets = [0]
    for usage in batch:
        offsets.append(offsets[-1] + len(usage.dimensions))
    keys = pa.array([key for usage in batch for key in usage.dimensions], pa.string())
    values = pa.array([v for usage in batch for v in usage.dimensions.values()], pa.string())
    entries = pa.StructArray.from_arrays([keys, values], ["key", "value"])
    columns: list[object] = [
        range(first, first + len(batch)),
        [usage.event_id for usage in batch],
        [usage.customer_id for usage in batch],
        [usage.resource_id for usage in batch],
        [usage.feature_id for usage in batch],
        [usage.currency_id for usage in batch],
        [usage.occurred_at for usage in batch],
        [now] * len(batch),
        [usage.units for usage in batch],
        [usage.credits for usage in batch],
    ]
    arrays = [pa.array(each, FRESH.field(i).type) for i, each in enumerate(columns)]
    arrays.append(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), entries))
    return pa.table(arrays, schema=FRESH)
