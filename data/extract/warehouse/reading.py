"""Files of warehouse exports, read by SQL into the tables of sql/spool.sql."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from data.extract.event_files import header, rows
from data.extract.fresh import readable
from data.extract.mapping import NOTHING, EventMapping, Field, Row
from data.extract.parts import quoted
from data.extract.plain_rows import Source, named
from data.extract.spool import opened
from data.extract.warehouse.json_lines import spooled_json
from data.extract.warehouse.layouts import (
    CONSUMPTION,
    Column,
    Kind,
    Layout,
    columns_of,
    layout_of,
)

JSON_LINES = (".jsonl", ".ndjson")
BATCH = 20_000
SHOWN = 60
EXACT = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "DECIMAL")
NESTED = ("STRUCT", "MAP", "LIST")
TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
ZONED_TIMES = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
BEARABLE = "between timestamp '0001-01-02' and timestamp '9999-12-30'"
COMPLAINTS = {
    Kind.CREDITS: "is no number of credits below 10^12",
    Kind.WHOLE: "is no whole number",
    Kind.TIME: "is no time: ISO 8601, with a zone or in UTC, is read",
}


@dataclass(frozen=True, slots=True)
class Export:
    """A file of a layout as Parquet; `columns` are the layout's → the file's."""

    layout: Layout
    columns: Mapping[str, str]
    source: Source


def opened_export(
    connection: duckdb.DuckDBPyConnection, number: int, path: Path, spool: Path
) -> Export:
    """The file, its layout known by its columns; raises EventsError or MappingError."""
    names = header(path)
    layout = layout_of(path, names)
    is_open = path.suffix.lower() in JSON_LINES
    columns = columns_of(path, layout, names, is_open=is_open)
    if is_open:
        source = spooled_json(connection, number, path, columns.values(), spool)
        return Export(layout, columns, source)
    texts = {name: Field(column=name) for name in columns.values()}
    reads = EventMapping(NOTHING, NOTHING, dimensions=texts)
    return Export(layout, columns, opened(connection, number, path, reads, spool))


def read_export(connection: duckdb.DuckDBPyConnection, export: Export) -> int:
    """Bring the file's rows into the table of its layout; return how many.

    A row that the spool could not hold as it is, all of whose columns are then empty, is read
    again in Python.
    """
    source, table = export.source, export.layout.table
    file = f"read_parquet({quoted(str(source.parquet))}, file_row_number = true)"
    is_empty = " and ".join(f"{named(name)} is null" for name in export.columns.values())
    kinds = {name: source.columns[column] for name, column in export.columns.items()}
    held = f"(select * from {file} where not ({is_empty}))"
    with readable(source):
        connection.execute("begin")
        connection.execute(f"insert into spool.{table} by name {typed(export, held, kinds)}")
        numbers = connection.execute(f"select {source.row} from {file} where {is_empty}").fetchall()
        for batch in _odd_texts(export, sorted(number for (number,) in numbers)):
            connection.register("odd", batch)
            texts = dict.fromkeys(kinds, "VARCHAR")
            connection.execute(
                f"insert into spool.{table} by name {typed(export, 'odd', texts, is_odd=True)}"
            )
            connection.unregister("odd")
        connection.execute("insert into spool.read_files values (?)", [source.number])
        connection.execute("commit")
    [(count,)] = connection.execute(
        f"select count(*) from spool.{table} where file_number = ?", [source.number]
    ).fetchall()
    return int(count)


def typed(export: Export, relation: str, kinds: Mapping[str, str], *, is_odd: bool = False) -> str:
    """The select of the relation's rows as their table has them, each with its reason or null."""
    columns = [each for each in export.layout.columns if each.name in kinds]
    row = "row_number" if is_odd else export.source.row
    cells = {each.name: (named(export.columns[each.name]), kinds[each.name]) for each in columns}
    told = [f"{_told(*cells[each.name])} as told_{each.name}" for each in columns]
    values = [f"{_value(each, *cells[each.name])} as {each.name}" for each in columns]
    reasons = [_reason(each) for each in columns] + [_disagreement(export.layout)]
    unreadable = "unreadable" if is_odd else "null::varchar"
    return (
        f"with told as (select {row} as row_number, {unreadable} as unreadable,\n"
        f"{', '.join(told)},\n{', '.join(values)}\nfrom {relation})\n"
        f"select {export.source.number} as file_number, row_number, "
        f"{', '.join(each.name for each in columns)},\n"
        f"coalesce(unreadable, case {' '.join(reasons)} end) as reason from told"
    )


def _told(cell: str, kind: str) -> str:
    if kind.startswith(NESTED) or kind.endswith("[]"):
        return f"cast(to_json({cell}) as varchar)"
    return f"nullif(cast({cell} as varchar), '')"


def _value(column: Column, cell: str, kind: str) -> str:
    told = _told(cell, kind)
    if column.choices:
        cases = " ".join(f"when {quoted(w)} then {quoted(v)}" for w, v in column.choices.items())
        return f"case upper({told}) {cases} end"
    match column.kind:
        case Kind.TEXT:
            return told
        case Kind.TIME:
            return _time(cell, kind)
        case Kind.CREDITS:
            return f"try_cast({cell if kind.startswith(EXACT) else told} as decimal(18, 6))"
        case Kind.WHOLE:
            number = f"try_cast({told} as decimal(18, 6))"
            return f"case when {number} = trunc({number}) then try_cast({number} as integer) end"


def _time(cell: str, kind: str) -> str:
    """Digits after microseconds are cut, and a space before the zone, which DuckDB reads not."""
    if kind in TIMES:
        moment = f"cast({cell} as timestamp)"
    elif kind in ZONED_TIMES:
        moment = f"(cast({cell} as timestamptz) at time zone 'UTC')"
    elif kind == "VARCHAR":
        short = rf"regexp_replace(trim({cell}), '([.]\d{{6}})\d+', '\1')"
        zoned = rf"regexp_replace({short}, '\s+(Z|[+-]\d\d):?(\d\d)?$', '\1\2')"
        moment = f"(try_cast({zoned} as timestamptz) at time zone 'UTC')"
    else:
        return "null::timestamp"
    return f"case when {moment} {BEARABLE} then {moment} end"


def _reason(column: Column) -> str:
    """The branches of a case that say what is wrong with the column's cell."""
    name = column.name
    shown = f"'the {name} ''' || left(told_{name}, {SHOWN}) || ''' "
    missing = f"when told_{name} is null then 'the row has no {name}'" if column.is_required else ""
    complaint = COMPLAINTS.get(column.kind, "")
    if column.choices:
        complaint = f"is none of {', '.join(column.choices)}"
    if not complaint:
        return missing
    return f"{missing} when told_{name} is not null and {name} is null then {shown}{complaint}'"


def _disagreement(layout: Layout) -> str:
    """The branches that say which of a row's columns do not go together."""
    if layout is CONSUMPTION:
        return (
            "when abs(partial_cost) > abs(total_cost) or sign(partial_cost) * sign(total_cost) < 0"
            " then 'the partial_cost ' || told_partial_cost || ' is no part of the total_cost '"
            " || told_total_cost"
        )
    return (
        "when amount < 0 then 'the amount ' || told_amount || ' is negative'"
        " when consumed_amount < 0"
        " then 'the consumed_amount ' || told_consumed_amount || ' is negative'"
    )


def _odd_texts(export: Export, numbers: Sequence[int]) -> Iterator[pa.Table]:
    """These rows of the file, all cells as texts; `unreadable` is why there are none."""
    names = list(export.columns.values())
    schema = pa.schema(
        [("row_number", pa.int64()), *((name, pa.string()) for name in ("unreadable", *names))]
    )
    found = rows(export.source.path, names, numbers) if numbers else iter(())
    while batch := list(islice(found, BATCH)):
        told = [_told_again(names, row) | {"row_number": number} for number, row in batch]
        yield pa.Table.from_pylist(told, schema)


def _told_again(names: Sequence[str], row: Row | str) -> dict[str, object]:
    if isinstance(row, str):
        return {"unreadable": row}
    texts = {name: _text(row.get(name)) for name in names}
    halves = [name for name, text in texts.items() if text and not _is_whole(text)]
    return {"unreadable": f"{halves[0]!r} holds half a character"} if halves else {**texts}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    # A number stays as it is written: 1E+999999999 would not fit on any line.
    return (
        str(value) if isinstance(value, int | float | Decimal) else json.dumps(value, default=str)
    )


def _is_whole(text: str) -> bool:
    """JSON can write half of a surrogate pair, which no file can hold."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
