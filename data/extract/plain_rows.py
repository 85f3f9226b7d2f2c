"""Rows of event files as SQL reads them: a row is `plain` where that is surely what Python reads.

The rules are those of events.py and rating.py; here are only tests so strict that what passes
them means the same in both. A row that fails one goes through Python, which says what it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from data.credits.dimensions import dimension_text
from data.extract.mapping import NOTHING, EventMapping, Field
from data.extract.parts import quoted

WHOLE = {
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
}
TEXT_MAP = "MAP(VARCHAR, VARCHAR)"
KEYS = "[a-zA-Z0-9_$-]+"
SHORT_FRACTION = "-?([0-9]{1,11}[.][0-9]{0,3}|[0-9]{1,9}[.][0-9]{4,5})[1-9]"
"""Written with so few digits, every format and Python give a fraction the same text."""
NUMBER = "-?[0-9]{1,9}([.][0-9]{1,9})?"
MOMENT = (
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"
    "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?"
)
JSON_SCALAR = (
    r'("[^"\\\x00-\x1f]*"|true|false|null|0|-?[1-9][0-9]{0,14}'
    r"|-?(0|[1-9][0-9]{0,10})[.][0-9]{0,3}[1-9])"
)
JSON_ENTRY = rf'\s*"[a-zA-Z0-9_$-]+"\s*:\s*{JSON_SCALAR}\s*'
FLAT_JSON = rf"\s*[{{](\s*|{JSON_ENTRY}(,{JSON_ENTRY})*)[}}]\s*"
NO_DIMENSIONS = f"map {{}}::{TEXT_MAP}"
PROMOTED = 8
BEARABLE = "between timestamp '0001-01-02' and timestamp '9999-12-30'"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of events as Parquet: `parquet` itself is it, or what was spooled of `path`.

    `columns` are the types of its columns. `row` is the SQL of a row's number in `path`.
    """

    number: int
    path: Path
    parquet: Path
    columns: Mapping[str, str]
    row: str

    @property
    def name(self) -> str:
        """The file's name as texts can hold it."""
        return self.path.name.encode(errors="backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Read:
    """The SQL of a value, and the SQL that is true where it is surely that value."""

    value: str
    is_sure: str = "true"


def plain_rows(mapping: EventMapping, source: Source) -> str:
    """The select of the file's rows, as README.md has them: key_<n> are the single dimensions."""
    reads = {
        "event_id": _event_id(mapping, source),
        "customer_id": _text(mapping.customer, source),
        "resource_id": _text(mapping.resource, source),
        "feature_id": _text(mapping.feature, source),
        "plan_id": _text(mapping.plan, source),
        "occurred_at": _time(mapping.time, source),
        "units": _units(mapping.value, source),
        "dimensions": _object(mapping.all_dimensions, source),
    }
    for place, field in enumerate(mapping.dimensions.values(), start=1):
        reads[f"key_{place}"] = _text(field, source)
    needed = ("event_id", "customer_id", "feature_id", "occurred_at", "units")
    tests = [read.is_sure for read in reads.values() if read.is_sure != "true"]
    tests += [f"{reads[name].value} is not null" for name in needed]
    values = ",\n".join(f"{read.value} as {name}" for name, read in reads.items())
    return (
        f"select {source.number} as file_number, {source.row} as row_number,\n{values},\n"
        f"coalesce({' and '.join(f'({test})' for test in tests)}, false) as is_plain\n"
        f"from read_parquet({quoted(str(source.parquet))}, file_row_number = true)"
    )


def named(column: str) -> str:
    """The name of a column as SQL writes it."""
    return '"' + column.replace('"', '""') + '"'


def _event_id(mapping: EventMapping, source: Source) -> Read:
    if mapping.event_id is NOTHING:
        return Read(f"{quoted(source.name + ':')} || ({source.row})")
    return _text(mapping.event_id, source)


def _column(field: Field, source: Source) -> tuple[str, str]:
    """The SQL and the type of the field's column; of one that SQL cannot name, neither."""
    column = field.column or ""
    twins = [each for each in source.columns if each.lower() == column.lower()]
    return (named(column), source.columns[column]) if twins == [column] else ("", "")


def _constant(field: Field) -> Read:
    value = field.constant
    return Read("null::varchar" if value is None else quoted(dimension_text(value)))


def _text(field: Field, source: Source) -> Read:
    if field.column is None:
        return _constant(field)
    column, kind = _column(field, source)
    if kind == "VARCHAR":
        return Read(f"nullif({column}, '')")
    if kind in WHOLE or kind == "BOOLEAN":
        return Read(f"cast({column} as varchar)")
    if kind == "DOUBLE":
        return _double(column)
    if kind.startswith("DECIMAL"):
        written = f"cast({column} as varchar)"
        shown = f"rtrim(rtrim({written}, '0'), '.')" if not kind.endswith(",0)") else written
        return Read(shown)
    return Read("null::varchar", f"{column} is null" if kind else "false")


def _double(column: str) -> Read:
    text = (
        f"case when abs({column}) < 1e15 and trunc({column}) = {column}"
        f" then cast(cast({column} as bigint) as varchar)"
        f" when regexp_full_match(cast({column} as varchar), '{SHORT_FRACTION}')"
        f" then cast({column} as varchar) end"
    )
    return Read(text, f"{column} is null or ({text}) is not null")


def _units(field: Field, source: Source) -> Read:
    if field.column is None:
        value = field.constant
        is_number = isinstance(value, Decimal | int | str) and not isinstance(value, bool)
        return Read(_number(quoted(str(value))) if is_number else "null::decimal(14, 5)")
    column, kind = _column(field, source)
    if kind in WHOLE:
        small = f"case when {column} between -999999999 and 999999999 then {column} end"
        return Read(f"cast({small} as decimal(14, 5))")
    if kind.startswith("DECIMAL") or kind == "DOUBLE":
        return Read(_number(_text(field, source).value))
    return Read(_number(column) if kind == "VARCHAR" else "null::decimal(14, 5)")


def _number(text: str) -> str:
    return (
        f"cast(round(cast(case when regexp_full_match({text}, '{NUMBER}') then {text} end"
        " as decimal(18, 9)), 5) as decimal(14, 5))"
    )


def _time(field: Field, source: Source) -> Read:
    column, kind = _column(field, source)
    if kind in ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "DATE"):
        value = column if kind == "TIMESTAMP" else f"cast({column} as timestamp)"
    elif kind in ("TIMESTAMP_NS", "TIMESTAMPTZ_NS"):
        # Before 1970 a division would cut to the other side than Arrow does.
        value = (
            f"make_timestamp(case when epoch_ns({column}) >= 0 then epoch_ns({column}) // 1000 end)"
        )
    elif kind == "TIMESTAMP WITH TIME ZONE":
        value = f"({column} at time zone 'UTC')"
    elif kind == "VARCHAR":
        value = _moment(column)
    elif field.column is None and isinstance(field.constant, str):
        value = _moment(quoted(field.constant))
    else:
        value = "null::timestamp"
    return Read(value, f"{value} {BEARABLE}")


def _moment(text: str) -> str:
    """A time with a zone or in UTC; Python and DuckDB would not cut digits in the same way."""
    cut = rf"case when length({text}) > 26 then regexp_replace({text}, '([.]\d{{6}})\d+', '\1')"
    given = f"case when regexp_full_match({text}, '{MOMENT}') then {cut} else {text} end end"
    return f"(try_cast({given} as timestamptz) at time zone 'UTC')"


def _object(field: Field, source: Source) -> Read:
    """The column that holds all dimensions, as a map."""
    if field.column is None:
        return Read(f"null::{TEXT_MAP}")
    column, kind = _column(field, source)
    if kind == TEXT_MAP:
        return Read(column, _is_plain_map(column))
    if kind == "VARCHAR" or kind.startswith("STRUCT"):
        text = (
            f"nullif({column}, '')" if kind == "VARCHAR" else f"cast(to_json({column}) as varchar)"
        )
        flat = f"case when {_is_flat_json(text)} then {text} end"
        read = f"from_json({flat}, '\"{TEXT_MAP}\"')"
        nulls = f"map_from_entries(list_filter(map_entries({read}), lambda e: e.value is not null))"
        return Read(
            f"case when contains({text}, 'null') then {nulls} else {read} end",
            f"{column} is null or {text} is null or {_is_flat_json(text)}",
        )
    return Read(f"null::{TEXT_MAP}", f"{column} is null" if kind else "false")


def _is_plain_map(column: str) -> str:
    """Its keys are allowed, each there once, and every one has a value."""
    return (
        # Cases, because SQL works out both sides of an "or", and most objects are small.
        f"case when {column} is null or cardinality({column}) = 0 then true else ("
        f"regexp_full_match(array_to_string(map_keys({column}), ''), '{KEYS}')"
        f" and not list_contains(map_keys({column}), '')"
        f" and list_count(map_values({column})) = cardinality({column})"
        f" and case when cardinality({column}) = 1 then true"
        f" else len(list_distinct(map_keys({column}))) = cardinality({column}) end) end"
    )


def _is_flat_json(text: str) -> str:
    keys = f"json_keys({text})"
    return (
        f"case when regexp_full_match({text}, {quoted(FLAT_JSON)})"
        f" then len(list_distinct({keys})) = len({keys}) else false end"
    )


def dimension_of(
    mapping: EventMapping, key: str, object_keys: Collection[str] | None = None
) -> str:
    """The SQL of a plain row's value of that dimension; `object_keys` are all of the objects'."""
    is_in_object = mapping.all_dimensions is not NOTHING and (
        object_keys is None or key in object_keys
    )
    of_object = f"dimensions[{quoted(key)}]" if is_in_object else "null::varchar"
    column = _columns(mapping).get(key)
    if column and is_in_object:
        return f"coalesce({column}, {of_object})"
    return column or of_object


def placed(mapping: EventMapping, promoted: Sequence[str], object_keys: Collection[str]) -> str:
    """The SQL columns dim_1 … dim_8 and rest of a plain row."""
    values = [dimension_of(mapping, key, object_keys) for key in promoted]
    values += ["null::varchar"] * (PROMOTED - len(promoted))
    names = [f"dim_{place}" for place in range(1, PROMOTED + 1)]
    dims = [f"{value} as {name}" for value, name in zip(values, names, strict=True)]
    return ",\n".join([*dims, f"{_rest(mapping, promoted, object_keys)} as rest"])


def pairs_of(mapping: EventMapping) -> str:
    """The SQL of the dimensions of the rows `sampled`, a row each; a single one wins."""
    columns = _columns(mapping)
    singles = [
        f"select {quoted(key)} as key, {column} as value from sampled where {column} is not null"
        for key, column in columns.items()
    ]
    won = "".join(
        f" and not (key = {quoted(key)} and {column} is not null)"
        for key, column in columns.items()
    )
    given = f"select {', '.join(['dimensions', *columns.values()])} from sampled"
    entries = f"select *, unnest(map_entries(dimensions), recursive := true) from ({given})"
    return " union all ".join([*singles, f"select key, value from ({entries}) where true{won}"])


def _columns(mapping: EventMapping) -> dict[str, str]:
    return {key: f"key_{place}" for place, key in enumerate(mapping.dimensions, start=1)}


def _rest(mapping: EventMapping, promoted: Sequence[str], object_keys: Collection[str]) -> str:
    """The map of all dimensions but the promoted; a single one wins over the object's."""
    columns = _columns(mapping)
    if not {*columns, *promoted} & {*object_keys} and not {*columns} - {*promoted}:
        return f"coalesce(dimensions, {NO_DIMENSIONS})"
    singles = {key: column for key, column in columns.items() if key not in promoted}
    taken = "[" + ", ".join(map(quoted, [*columns, *promoted])) + "]::varchar[]"
    kept = (
        "list_filter(map_entries(coalesce(dimensions, map {})), lambda e:"
        f" not list_contains({taken}, e.key){_back(singles)})"
    )
    if mapping.all_dimensions is NOTHING:
        return f"map_from_entries({_entries(singles)})" if singles else NO_DIMENSIONS
    if singles:
        return f"map_from_entries(list_concat({_entries(singles)}, {kept}))"
    return (
        f"case when dimensions is null or cardinality(dimensions) = 0 then {NO_DIMENSIONS}"
        f" when list_has_any(map_keys(dimensions), {taken}) then map_from_entries({kept})"
        " else dimensions end"
    )


def _entries(singles: Mapping[str, str]) -> str:
    """Those of the single dimensions that have a value."""
    entries = ", ".join(f"{{key: {quoted(key)}, value: {col}}}" for key, col in singles.items())
    return f"list_filter([{entries}], lambda e: e.value is not null)"


def _back(singles: Mapping[str, str]) -> str:
    """Where a single dimension is empty, the object's counts."""
    return "".join(
        f" or (e.key = {quoted(key)} and {column} is null)" for key, column in singles.items()
    )
