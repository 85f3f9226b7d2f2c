"""Event files as Parquet: what is Parquet stays where it is, the rest is spooled once."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data.extract.errors import EventsError
from data.extract.event_files import arrow_batches, check_columns, rows
from data.extract.mapping import EventMapping
from data.extract.parts import quoted
from data.extract.plain_rows import SHORT_FRACTION, Source, named

BATCH = 50_000
DEEPEST = 100
ODD_JSON = r",\s*[\]}]|[:,\[]\s*-?(nan|inf)|\\u0000|\\u[dD][89a-fA-F]|:\s*-0"
"""What DuckDB may take for JSON and Python not, or other than Python."""
SHORT_WHOLE = "0|-?[1-9][0-9]{0,14}"


def opened(
    connection: duckdb.DuckDBPyConnection,
    number: int,
    path: Path,
    mapping: EventMapping,
    spool: Path,
) -> Source:
    """The file as Parquet; raises EventsError or MappingError if it cannot be that.

    A file that was spooled before is not read again. A spooled row that Python has to read is
    spooled without values.
    """
    columns, parquet, row = mapping.columns, path, "file_row_number + 1"
    kind = path.suffix.lower()
    if kind != ".parquet":
        parquet = spool / f"{number}.parquet"
        if not parquet.exists():
            part = parquet.with_name(f"{parquet.name}.part")
            SPOOLERS.get(kind, _spool_rows)(connection, path, mapping, part)
            os.replace(part, parquet)
        row = ROW if kind in NUMBERED else row
    else:
        _check_parquet(path, columns)
    return Source(number, path, parquet, _types(connection, path, parquet), row)


def _check_parquet(path: Path, columns: Collection[str]) -> None:
    try:
        with pq.ParquetFile(path) as file:
            check_columns(path, columns, file.schema_arrow.names)
    except FileNotFoundError:
        raise EventsError(f"There is no file {path}.") from None
    except (OSError, pa.ArrowException) as error:
        raise EventsError(f"{path.name} cannot be read: {error}.") from None


def _types(connection: duckdb.DuckDBPyConnection, path: Path, parquet: Path) -> dict[str, str]:
    try:
        found = connection.execute(
            f"describe from read_parquet({quoted(str(parquet))}, file_row_number = true)"
        ).fetchall()
    except duckdb.Error as error:
        raise EventsError(f"{path.name} cannot be read: {error}.") from None
    return {column: kind for column, kind, *_ in found}


def _spool_rows(
    _: duckdb.DuckDBPyConnection, path: Path, mapping: EventMapping, target: Path
) -> None:
    """The cells of a CSV as texts."""
    names = sorted(mapping.columns)
    schema = pa.schema([(ROW, pa.int64()), *((name, pa.string()) for name in names)])
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for numbers, cells in _cells(path, names):
            arrays = [pa.array(numbers, pa.int64()), *(pa.array(each) for each in cells)]
            writer.write_batch(pa.record_batch(_typed(arrays, schema), schema=schema))


def _typed(arrays: list[pa.Array], schema: pa.Schema) -> list[pa.Array]:
    return [array.cast(field.type) for array, field in zip(arrays, schema, strict=True)]


def _cells(path: Path, names: list[str]) -> Iterator[tuple[list[int], list[list[str | None]]]]:
    """The rows in batches: their numbers, and each column's cells."""
    numbers: list[int] = []
    cells: list[list[str | None]] = [[] for _ in names]
    for number, row in rows(path, names):
        numbers.append(number)
        for name, column in zip(names, cells, strict=True):
            column.append(None if isinstance(row, str) else str(row[name]))
        if len(numbers) == BATCH:
            yield numbers, cells
            numbers, cells = [], [[] for _ in names]
    yield numbers, cells


def _spool_arrow(
    _: duckdb.DuckDBPyConnection, path: Path, mapping: EventMapping, target: Path
) -> None:
    writer = None
    try:
        for batch in arrow_batches(path, mapping.columns):
            writer = writer or pq.ParquetWriter(target, batch.schema, compression="lz4")
            writer.write_batch(batch)
    except FileNotFoundError:
        raise EventsError(f"There is no file {path}.") from None
    except (OSError, pa.ArrowException) as error:
        raise EventsError(f"{path.name} cannot be read: {error}.") from None
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        names = sorted(mapping.columns)
        pq.write_table(pa.table({name: pa.array([], pa.string()) for name in names}), target)


def _spool_json(
    connection: duckdb.DuckDBPyConnection, path: Path, mapping: EventMapping, target: Path
) -> None:
    """The values of the columns as texts, in the lines that both read as the same."""
    schema = pa.schema([(ROW, pa.int64()), ("line", pa.string())])
    read = pa.RecordBatchReader.from_batches(schema, lines(path, schema))
    names = {column: _pointer(column) for column in sorted(mapping.columns)}
    kinds = {column: f"json_type(line, {at})" for column, at in names.items()}
    texts = {column: f"line ->> {at}" for column, at in names.items()}
    objects = mapping.object_columns
    sure = " and ".join(
        f"({_is_sure(kinds[name], texts[name], name in objects)})" for name in names
    )
    values = ", ".join(
        f"case when is_sure then {texts[name]} end as {named(name)}" for name in names
    )
    connection.register("lines", read)
    try:
        connection.execute(
            f"copy (with checked as (select *, {_is_object('line')} as is_object from lines), "
            f"sure as (select *, case when is_object then {sure} else false end as is_sure "
            f"from checked) select {ROW}, {values} from sure) "
            f"to {quoted(str(target))} (format parquet, compression lz4)"
        )
    finally:
        connection.unregister("lines")


def _pointer(column: str) -> str:
    return quoted("/" + column.replace("~", "~0").replace("/", "~1"))


def _is_object(line: str) -> str:
    """Whether the line is a JSON object that DuckDB and Python read alike."""
    brackets = f"length({line}) - length(translate({line}, '[{{', ''))"
    return (
        f"case when {line} is null or not regexp_matches({line}, '^\\s*[{{]')"
        f" or regexp_matches({line}, {quoted(ODD_JSON)}, 'i') or {brackets} > {DEEPEST}"
        f" or not json_valid({line}) then false"
        f" else len(list_distinct(json_keys({line}))) = len(json_keys({line})) end"
    )


def _is_sure(kind: str, text: str, is_object: bool) -> str:
    """Whether the text of a value of that JSON type is the one that dimension_text gives."""
    texts = "'NULL', 'VARCHAR', 'BOOLEAN'" + (", 'OBJECT'" if is_object else "")
    return (
        f"coalesce({kind}, 'NULL') in ({texts})"
        f" or ({kind} in ('BIGINT', 'UBIGINT') and regexp_full_match({text}, '{SHORT_WHOLE}'))"
        f" or ({kind} = 'DOUBLE' and regexp_full_match({text}, '{SHORT_FRACTION}'))"
    )


def lines(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The lines that are not empty, numbered from 1; one that is not UTF-8 is null."""
    numbers: list[int] = []
    texts: list[str | None] = []
    with path.open("rb") as found:
        for number, line in enumerate(found, start=1):
            if not line.isspace():
                numbers.append(number)
                texts.append(_decoded(line))
            if len(numbers) == BATCH:
                yield pa.record_batch([pa.array(numbers), pa.array(texts, pa.string())], schema)
                numbers, texts = [], []
    if numbers:
        yield pa.record_batch([pa.array(numbers), pa.array(texts, pa.string())], schema)


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


Spooler = Callable[[duckdb.DuckDBPyConnection, Path, EventMapping, Path], None]
ROW = "row_number_in_file"
NUMBERED = (".csv", ".jsonl", ".ndjson")
SPOOLERS: dict[str, Spooler] = {
    ".arrow": _spool_arrow,
    ".feather": _spool_arrow,
    ".jsonl": _spool_json,
    ".ndjson": _spool_json,
}
