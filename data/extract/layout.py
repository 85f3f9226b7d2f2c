"""How usage events lie in an extract: in order, eight dimension keys in columns of their own."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from data.extract.statements import statement

EARLIEST = datetime(1, 1, 1)
LATEST = datetime(9999, 12, 31)


def lay(connection: duckdb.DuckDBPyConnection, promoted: Sequence[str]) -> tuple[str, ...]:
    """Bring the rows of the temporary table `incoming` into usage_events; return the new keys.

    `incoming` has the columns of usage_events, with all dimensions in one list `dimensions` of
    {key, value}.
    `promoted` are the keys in the columns so far. As long as the same eight are used most, only
    the months from the first incoming event on are written anew, else all are.
    """
    most_used = _most_used(connection, promoted)
    unchanged = set(most_used) == set(promoted)
    keys = tuple(promoted) if unchanged else most_used
    first = _first_month(connection) if unchanged else EARLIEST
    connection.execute(statement("lift"), {"promoted": list(promoted), "first": first})
    connection.execute("delete from usage_events where occurred_at >= $first", {"first": first})
    connection.execute(statement("lay"), {"promoted": list(keys)})
    connection.execute("drop table incoming")
    return keys


def _most_used(connection: duckdb.DuckDBPyConnection, promoted: Sequence[str]) -> tuple[str, ...]:
    found = connection.execute(statement("most_used_keys"), {"promoted": list(promoted)})
    return tuple(key for (key,) in found.fetchall())


def _first_month(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The start of the month of the first incoming event; the end of time if there is none."""
    [(first,)] = connection.execute("select min(occurred_at) from incoming").fetchall()
    if first is None:
        return LATEST
    month: datetime = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return month
