"""The files that hold an extract's events, and how they are read as one."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import duckdb

from data.extract.statements import part_schema

EPOCH = datetime(1970, 1, 1)
SLOT = timedelta(minutes=15)
EVENT_COLUMNS = (
    *("customer_key", "resource_key", "feature_key", "currency_key", "slot", "micro"),
    *("delay", "loaded_at"),
    *("units", "credits", "events"),
    *(f"dim_{place}" for place in range(1, 9)),
    "rest",
)
ROLLUPS = ("pool_days", "key_slots", "pool_keys")
USAGE_EVENTS = """
    select
        case
            when event_number is null then event_text
            else id_prefix || lpad(event_number::varchar, id_digits, '0')
        end as event_id,
        make_timestamp(slot * 900000000::bigint + micro) as occurred_at,
        * replace (
            coalesce(loaded_at, make_timestamp(slot * 900000000::bigint + micro + delay))
            as loaded_at
        )
    from coded_events
"""
"""The view usage_events: coded_events with ids and times as they were told."""
PATTERN = "usage-*.duckdb"


class Numbering(Protocol):
    """How a file keeps ids: as numbers of so many digits behind a prefix, where they are such."""

    @property
    def id_prefix(self) -> str: ...

    @property
    def id_digits(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A row of the table `parts`: a file with all events from `first_slot` to `until_slot`."""

    file: str
    first_slot: int
    until_slot: int
    last_at: datetime
    count_rows: int
    events: int
    rolled_places: Sequence[int]
    id_prefix: str
    id_digits: int

    def has_ids_of(self, other: Numbering) -> bool:
        """Whether ids are kept as numbers in the same way."""
        return (self.id_prefix, self.id_digits) == (other.id_prefix, other.id_digits)


NO_EVENTS = Part("", 0, 0, EPOCH, 0, 0, (), "", 0)
"""Stands for the empty part in memory of an extract without events."""


def read_parts(connection: duckdb.DuckDBPyConnection, table: str = "parts") -> list[Part]:
    """The parts, the earliest first."""
    columns = ", ".join(field.name for field in fields(Part))
    found = connection.execute(f"select {columns} from {table} order by first_slot").fetchall()
    return [Part(*row) for row in found]


def parts_of(path: Path) -> list[Part]:
    """The parts that an extract's main file names; none if it is too young to name any."""
    with duckdb.connect(path, read_only=True) as connection:
        try:
            return read_parts(connection)
        except duckdb.CatalogException:
            return []


def write_parts(connection: duckdb.DuckDBPyConnection, parts: Iterable[Part]) -> None:
    """Replace the rows of the table `parts`."""
    connection.execute("delete from parts")
    for part in parts:
        connection.execute("insert into parts values (?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(part))


def first_moment(part: Part) -> datetime:
    """When the first month of the part begins."""
    return EPOCH + part.first_slot * SLOT


def number_of(file: Numbering, event_id: str) -> int | None:
    """What the id is kept as in the file; None if that is the id itself."""
    number = event_id.removeprefix(file.id_prefix)
    is_one = event_id.startswith(file.id_prefix) and number.isascii() and number.isdecimal()
    return int(number) if is_one and len(number) == file.id_digits else None


def number_pattern(digits: int) -> str:
    """The regular expression of the number in an id that is kept as one."""
    return f"[0-9]{{{digits}}}"


def new_name() -> str:
    """The name of a part yet to be written; no version ever had one of that name."""
    return PATTERN.replace("*", uuid.uuid4().hex[:16])


def attach(
    connection: duckdb.DuckDBPyConnection, folder: Path, parts: Sequence[Part]
) -> dict[str, Part]:
    """Attach the files of the parts to read them; return them by the names they have there."""
    named = {f"part_{number}": part for number, part in enumerate(parts, start=1)}
    for name, part in named.items():
        connection.execute(f"attach {quoted(str(folder / part.file))} as {name} (read_only)")
    return named


def views(named: Mapping[str, Part], *, kind: str = "view", schema: str = "main") -> str:
    """The statements that make views of all parts, whose columns README.md tells.

    kind: "view", or "temp view" where the default database is a file.
    """
    columns = ", ".join(EVENT_COLUMNS)
    single = columns.replace(" events,", " 1 as events,")
    coded = [
        f"select {columns if part.events != part.count_rows else single}, event_number, "
        f"event_id as event_text, {quoted(part.id_prefix)} as id_prefix, "
        f"{part.id_digits} as id_digits from {name}.usage_events"
        for name, part in named.items()
    ]
    rollups = {table: [f"from {name}.{table}" for name in named] for table in ROLLUPS}
    made = {"coded_events": coded, "usage_events": [USAGE_EVENTS], **rollups}
    place = "" if kind.startswith("temp") else f"{schema}."
    return "\n".join(
        f"create or replace {kind} {place}{view} as "
        f"{' union all '.join(selects).replace('coded_events', f'{place}coded_events')};"
        for view, selects in made.items()
    )


@contextmanager
def held_usage(connection: duckdb.DuckDBPyConnection, folder: Path) -> Iterator[None]:
    """The view usage_events, of all that the extract being made has so far."""
    named = attach(connection, folder, read_parts(connection))
    if not named:
        attach_new(connection, ":memory:")
        named = {"part": NO_EVENTS}
    connection.execute(views(named, kind="temp view"))
    try:
        yield
    finally:
        for view in ("usage_events", "coded_events", *ROLLUPS):
            connection.execute(f"drop view {view}")
        for name in named:
            connection.execute(f"detach {name}")


def held_events(part: Part, named: Mapping[str, Part]) -> str:
    """The statement for the view `held_events`: rows for `part` out of those that it replaces."""
    columns = ", ".join(EVENT_COLUMNS)
    selects = [
        f"select event_number, event_id, {columns} from {name}.usage_events"
        if part.has_ids_of(held)
        else f"select null::bigint, {_event_id(held)}, {columns} from {name}.usage_events"
        for name, held in named.items()
    ]
    selects = selects or ["from part.usage_events where false"]
    return f"create or replace temp view held_events as {' union all '.join(selects)}"


def attach_new(connection: duckdb.DuckDBPyConnection, file: str) -> None:
    """Attach an empty part, to be written, as `part`; ':memory:' is one that is never filled."""
    connection.execute(f"attach {quoted(file)} as part")
    connection.execute(part_schema())


def quoted(text: str) -> str:
    """The text as SQL writes it, where no parameter can stand."""
    return "'" + text.replace("'", "''") + "'"


def _event_id(part: Part) -> str:
    return (
        "case when event_number is null then event_id else "
        f"{quoted(part.id_prefix)} || lpad(event_number::varchar, {part.id_digits}, '0') end"
    )
