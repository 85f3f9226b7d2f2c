"""The rows of event files: CSV, Parquet, JSON lines and Arrow, read one after the other."""

import csv
import json
import warnings
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from data.extract.errors import EventsError, MappingError
from data.extract.mapping import Row

BATCH = 20_000
SEEN = 1000
ARROW_FILE = b"ARROW1"
Wanted = Sequence[int] | None
NumberedRow = tuple[int, Row | str]
"""The row's number in its file, from 1, and the row, or the reason why it cannot be read."""


def files_of(given: Sequence[Path]) -> list[Path]:
    """The files, and for each folder the files in it that are of a known format, by name."""
    found: list[Path] = []
    for path in given:
        if not path.is_dir():
            found.append(path)
            continue
        held = sorted(each for each in path.iterdir() if each.suffix.lower() in READERS)
        if not held:
            raise EventsError(
                f"There is no file in {path} of those known here: {', '.join(READERS)}."
            )
        found += held
    return found


def rows(
    path: Path, columns: Collection[str], wanted: Sequence[int] | None = None
) -> Iterator[NumberedRow]:
    """The rows of a file, its format known by the suffix; a cell is None, or what the file holds.

    `wanted` are the numbers of the only rows to give, in order.

    CSV cells are texts, "" where empty; rows are counted without the header. JSON lines count
    empty lines. Raises MappingError if the file lacks one of the `columns`, EventsError if it
    cannot be read at all.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise EventsError(f"{path.name} is none of the files known here: {', '.join(READERS)}.")
    with _readable(path):
        yield from reader(path, columns, wanted)


def header(path: Path) -> list[str]:
    """The names of a file's columns; of JSON lines the keys of the first objects.

    Raises EventsError as `rows` does.
    """
    with _readable(path):
        match path.suffix.lower():
            case ".csv":
                with path.open(newline="", encoding="utf-8-sig") as text:
                    return next(csv.reader(text), [])
            case ".parquet":
                return list(pq.read_schema(path).names)
            case ".arrow" | ".feather":
                with pa.memory_map(str(path)) as source:
                    return list(_opened_arrow(source).schema.names)
        first = islice(rows(path, ()), SEEN)
        return list(dict.fromkeys(key for _, row in first if isinstance(row, dict) for key in row))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise EventsError(f"There is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise EventsError(f"{path.name} is not UTF-8: {error.reason}.") from None
    except (OSError, pa.ArrowException) as error:
        raise EventsError(f"{path.name} cannot be read: {error}.") from None


def _csv(path: Path, columns: Collection[str], wanted: Wanted) -> Iterator[NumberedRow]:
    is_wanted = _chosen(wanted)
    with path.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.reader(text)
        header = next(reader, [])
        check_columns(path, columns, header)
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if is_wanted(number):
                    yield number, f"the row is no CSV: {error}"
                continue
            if not is_wanted(number):
                continue
            if len(cells) == len(header):
                yield number, dict(zip(header, cells, strict=True))
            elif cells:
                yield number, f"the row has {len(cells)} cells, the header has {len(header)}"


def _parquet(path: Path, columns: Collection[str], wanted: Wanted) -> Iterator[NumberedRow]:
    with pq.ParquetFile(path) as file:
        check_columns(path, columns, file.schema_arrow.names)
        yield from _of_batches(file.iter_batches(BATCH, columns=sorted(columns)), wanted)


def _arrow(path: Path, columns: Collection[str], wanted: Wanted) -> Iterator[NumberedRow]:
    yield from _of_batches(arrow_batches(path, columns), wanted)


def arrow_batches(path: Path, columns: Collection[str]) -> Iterator[pa.RecordBatch]:
    """The columns of an Arrow IPC file, or stream, as it lies there."""
    with pa.memory_map(str(path)) as source:
        opened = _opened_arrow(source)
        check_columns(path, columns, opened.schema.names)
        batches = (
            (opened.get_batch(n) for n in range(opened.num_record_batches))
            if isinstance(opened, ipc.RecordBatchFileReader)
            else opened
        )
        for batch in batches:
            yield batch.select(sorted(columns))


def _opened_arrow(source: pa.MemoryMappedFile) -> ipc.RecordBatchReader:
    is_file = source.read(len(ARROW_FILE)) == ARROW_FILE
    source.seek(0)
    return ipc.open_file(source) if is_file else ipc.open_stream(source)


def _of_batches(batches: Iterator[pa.RecordBatch], wanted: Wanted) -> Iterator[NumberedRow]:
    """The rows of the batches, of which only those that are wanted become Python's."""
    before = 0
    for batch in batches:
        until = before + batch.num_rows
        numbers: Sequence[int] = range(before + 1, until + 1)
        if wanted is not None:
            numbers = wanted[bisect_left(wanted, before + 1) : bisect_left(wanted, until + 1)]
            batch = batch.take(pa.array([number - before - 1 for number in numbers], pa.int64()))
        table = _in_microseconds(pa.Table.from_batches([batch]))
        with warnings.catch_warnings():
            # "lossy" warns of each key that a map has twice: the last counts, as in JSON.
            warnings.simplefilter("ignore", UserWarning)
            found = table.to_pylist(maps_as_pydicts="lossy")
        yield from zip(numbers, found, strict=True)
        before = until


def _in_microseconds(table: pa.Table) -> pa.Table:
    """Times as Python can hold them: nanoseconds are cut off, a zone becomes UTC."""
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            kind = pa.timestamp("us", column.type.tz and "UTC")
            cut = table.column(place).cast(kind, safe=False)
            table = table.set_column(place, column.name, cut)
    return table


def _json_lines(path: Path, _: Collection[str], wanted: Wanted) -> Iterator[NumberedRow]:
    is_wanted = _chosen(wanted)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if is_wanted(number) and not line.isspace():
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


def check_columns(path: Path, columns: Collection[str], header: list[str]) -> None:
    """Raise MappingError or EventsError unless each of the columns is there once."""
    for column in sorted(columns):
        if column not in header:
            raise MappingError(
                f"{path.name} has no column {column!r}; it has {', '.join(header) or 'none'}."
            )
        if header.count(column) > 1:
            raise EventsError(f"{path.name} has the column {column!r} more than once.")


def _chosen(wanted: Wanted) -> Callable[[int], bool]:
    return (lambda _: True) if wanted is None else frozenset(wanted).__contains__


READERS: dict[str, Callable[[Path, Collection[str], Wanted], Iterator[NumberedRow]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".arrow": _arrow,
    ".feather": _arrow,
}
