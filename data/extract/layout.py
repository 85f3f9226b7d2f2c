"""How usage events lie in an extract: coded, in order, month by month, in parts with rollups."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from data.extract.folder import sync
from data.extract.parts import (
    EPOCH,
    Part,
    attach,
    attach_new,
    held_events,
    new_name,
    number_pattern,
    read_parts,
    write_parts,
)
from data.extract.statements import statement

PROMOTED = 8
MOST_VALUES = 1_000_000
"""A key with more values than that is not promoted: its dictionary would outgrow the events."""
MOST_ROLLED = 128
"""A key with more values than that has none in key_slots, where it had as many as events."""
ENOUGH = 4_000_000
"""So many events are enough for a part; fewer are put together with those of the next months."""

NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]{1,18})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Months:
    """Whole months, as the slots from `first` to `until`, and how many events are to be in them."""

    first: int
    until: int
    events: int


def lay(connection: duckdb.DuckDBPyConnection, folder: Path, promoted: Sequence[str]) -> None:
    """Bring the rows of the relation `incoming` into parts in `folder`, which the extract names.

    See `laid`, which it calls.
    """
    write_parts(connection, laid(connection, folder, promoted, read_parts(connection)))


def laid(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    promoted: Sequence[str],
    held: Sequence[Part],
) -> list[Part]:
    """Write the rows of the relation `incoming` into parts; return all that there then are.

    The default database of `connection` is an extract's main file, `held` are the parts so far.
    Only parts with months of incoming events are written anew, under new names: no file that a
    version has is changed. `promoted` are the keys whose values are in dim_1 … dim_8, of
    `incoming` and of the parts. `incoming` has the columns of the view usage_events, but texts in
    dim_1 … dim_8, and not slot, micro and delay. `incoming_values` has its event_id,
    occurred_at and dim_1 … dim_8, and is quicker to read.
    """
    connection.execute(statement("time"))
    months = [Months(*row) for row in connection.execute(statement("months")).fetchall()]
    connection.execute(statement("learn_values"))
    touched = [part for part in held if any(_is_touched(part, month) for month in months)]
    of_touched = [Months(part.first_slot, part.until_slot, part.events) for part in touched]
    fresh = []
    for span in together([*months, *of_touched]):
        old = [part for part in touched if _overlap(part, span)]
        fresh.append(_write(connection, folder, span, old, promoted))
    return [part for part in held if part not in touched] + fresh


def together(months: Iterable[Months]) -> list[Months]:
    """Spans of months that overlap nowhere; few events go together with those of the next month."""
    spans: list[Months] = []
    for month in sorted(months, key=lambda month: month.first):
        last = spans[-1] if spans else None
        if last and (
            month.first < last.until or (month.first == last.until and last.events < ENOUGH)
        ):
            until, events = max(last.until, month.until), last.events + month.events
            spans[-1] = Months(last.first, until, events)
        else:
            spans.append(month)
    return spans


def _is_touched(part: Part, month: Months) -> bool:
    """Whether the part gets events of the month: it holds the month, or is short and ends there."""
    is_open = part.events < ENOUGH and part.until_slot == month.first
    return is_open or _overlap(part, month)


def _overlap(part: Part, months: Months) -> bool:
    return part.first_slot < months.until and months.first < part.until_slot


def _write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    months: Months,
    old: Sequence[Part],
    promoted: Sequence[str],
) -> Part:
    """One new part: the incoming events of the months, and all of the old parts'."""
    file = new_name()
    part = Part(
        file,
        months.first,
        months.until,
        EPOCH,
        0,
        0,
        _rolled_places(connection),
        *_id_form(connection, months, old),
    )
    named = attach(connection, folder, old)
    attach_new(connection, str(folder / file))
    try:
        connection.execute(held_events(part, named))
        _fill(connection, part, promoted)
        [(count_rows, events, last_at)] = connection.execute(statement("measure_part")).fetchall()
        connection.execute("checkpoint part")
    except BaseException:
        (folder / file).unlink(missing_ok=True)
        raise
    finally:
        connection.execute("drop view if exists held_events")
        for name in ("part", *named):
            connection.execute(f"detach {name}")
    sync(folder / file)
    return replace(part, last_at=last_at, count_rows=count_rows, events=events)


def _fill(connection: duckdb.DuckDBPyConnection, part: Part, promoted: Sequence[str]) -> None:
    given = {
        "first": part.first_slot,
        "until": part.until_slot,
        "prefix": part.id_prefix,
        "number": number_pattern(part.id_digits),
    }
    connection.execute(statement("fill_part"), given)
    connection.execute(statement("roll_pool_days"))
    connection.execute(statement("roll_key_slots"), {"rolled": list(part.rolled_places)})
    connection.execute(statement("roll_pool_keys"), {"promoted": list(promoted)})


def _rolled_places(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """0, which is no key, and the places of keys with few values."""
    found = connection.execute(
        "select place from dimension_values group by place having count(*) <= ? order by place",
        [MOST_ROLLED],
    ).fetchall()
    return [0, *(place for (place,) in found)]


def _id_form(
    connection: duckdb.DuckDBPyConnection, months: Months, old: Sequence[Part]
) -> tuple[str, int]:
    """What stands before the number in an event's id, and how many digits the number has."""
    if old:
        longest = max(old, key=lambda part: part.events)
        return longest.id_prefix, longest.id_digits
    given = {"first": months.first, "until": months.until}
    [(event_id,)] = connection.execute(statement("any_id"), given).fetchall()
    found = NUMBERED.fullmatch(event_id)
    return (found["prefix"], len(found["number"])) if found else ("", 0)
