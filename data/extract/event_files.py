"""The rows of event files: CSV, Parquet and JSON lines, read one after the other."""

import csv
import json
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.parquet as pq

from data.extract.errors import EventsError, MappingError
from data.extract.mapping import Row

BATCH = 20_000
NumberedRow = tuple[int, Row | str]
"""The row's number in its file, from 1, and the row, or the reason why it cannot be read."""


def rows(path: Path, columns: Collection[str]) -> Iterator[NumberedRow]:
    """The rows of a file, chosen by its suffix; a cell is None, or what the format holds.

    CSV cells are texts, "" where empty; rows are counted without the header. JSON lines count
    empty lines. Raises MappingError if the file lacks one of the `columns`, EventsError if it
    cannot be read at all.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise EventsError(f"{path.name} is none of the files known here: {', '.join(READERS)}.")
    try:
        yield from reader(path, columns)
    except FileNotFoundError:
        raise EventsError(f"There is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise EventsError(f"{path.name} is not UTF-8: {error.reason}.") from None
    except (OSError, pa.ArrowException) as error:
        raise EventsError(f"{path.name} cannot be read: {error}.") from None


def _csv(path: Path, columns: Collection[str]) -> Iterator[NumberedRow]:
    with path.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.reader(text)
        header = next(reader, [])
        _check_columns(path, columns, header)
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, f"the row is no CSV: {error}"
                continue
            if len(cells) == len(header):
                yield number, dict(zip(header, cells, strict=True))
            elif cells:
                yield number, f"the row has {len(cells)} cells, the header has {len(header)}"


def _parquet(path: Path, columns: Collection[str]) -> Iterator[NumberedRow]:
    with pq.ParquetFile(path) as file:
        _check_columns(path, columns, file.schema_arrow.names)
        number = 0
        for batch in file.iter_batches(BATCH, columns=sorted(columns)):
            table = _in_microseconds(pa.Table.from_batches([batch]))
            for row in table.to_pylist(maps_as_pydicts="lossy"):
                number += 1
                yield number, row


def _in_microseconds(table: pa.Table) -> pa.Table:
    """Times as Python can hold them: nanoseconds are cut off, a zone becomes UTC."""
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            kind = pa.timestamp("us", column.type.tz and "UTC")
            cut = table.column(place).cast(kind, safe=False)
            table = table.set_column(place, column.name, cut)
    return table


def _json_lines(path: Path, _: Collection[str]) -> Iterator[NumberedRow]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                yield number, _json_object(line)


def _json_object(line: bytes) -> Row | str:
    try:
        row = json_value(line)
    except ValueError as error:
        return f"the line is no JSON: {error}"
    return row if isinstance(row, dict) else "the line is no JSON object"


def json_value(text: str | bytes) -> object:
    """The value of a JSON text, its fractions as decimals; raises ValueError if it is none."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON")


def _check_columns(path: Path, columns: Collection[str], header: list[str]) -> None:
    for column in sorted(columns):
        if column not in header:
            raise MappingError(
                f"{path.name} has no column {column!r}; it has {', '.join(header) or 'none'}."
            )
        if header.count(column) > 1:
            raise EventsError(f"{path.name} has the column {column!r} more than once.")


READERS: dict[str, Callable[[Path, Collection[str]], Iterator[NumberedRow]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
