"""The events of some months of the surveyed files, as the relation `incoming` that lay takes."""

from collections.abc import Sequence
from datetime import datetime

import duckdb

from data.extract.fresh import Reading, same_pool
from data.extract.layout import Months
from data.extract.plain_rows import Source, placed
from data.extract.statements import statement


def months_of(connection: duckdb.DuckDBPyConnection) -> list[Months]:
    """The months of all files, the earliest first."""
    found = connection.execute(statement("months_of_files")).fetchall()
    return [Months(*month) for month in found]


def make_incoming(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    months: Months,
    promoted: Sequence[str],
    now: datetime,
) -> None:
    """Make the views `incoming` and `incoming_values`, and the customers that they name."""
    connection.execute("set variable promoted = $keys::varchar[]", {"keys": list(promoted)})
    connection.execute("set variable first_slot = ?", [months.first])
    connection.execute("set variable until_slot = ?", [months.until])
    connection.execute("set variable loaded_at = ?::timestamp", [now])
    files = connection.execute(statement("files_of_months")).fetchall()
    rows = [
        _rows(connection, reading, reading.sources[number], is_whole, is_full, promoted)
        for number, is_whole, is_full in files
    ]
    nothing = f"{_rows(connection, reading, reading.sources[0], True, True, promoted)} where false"
    rows = rows or [nothing]
    connection.execute(f"create or replace temp view plain_rows as {' union all '.join(rows)}")
    connection.execute(statement("arrivals"))
    connection.execute(statement("arrive"))
    connection.execute(statement("key_pools"))
    connection.execute(
        "create or replace temp view plain_events as select plain_rows.*, pools.customer_key, "
        "pools.resource_key, pools.feature_key, pools.currency_key, "
        f"{reading.credits} as credits from plain_rows "
        f"inner join keyed_pools as pools on {same_pool(reading.mapping, 'plain_rows')}"
    )
    connection.execute(statement("incoming"))


def _rows(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    source: Source,
    is_whole: bool,
    is_full: bool,
    promoted: Sequence[str],
) -> str:
    """A file's plain rows; `is_whole`: all are of the months, `is_full`: none is left out."""
    slots = (
        "occurred_at >= make_timestamp(getvariable('first_slot') * 900000000::bigint)"
        " and occurred_at < make_timestamp(getvariable('until_slot') * 900000000::bigint)"
    )
    left_out = (
        " anti join spool.left_out as gone on plain.file_number = gone.file_number"
        " and plain.row_number = gone.row_number"
    )
    places = placed(reading.mapping, promoted, reading.object_keys(connection, source))
    return (
        f"select plain.*, {places} from ({reading.plain(source)}) "
        f"as plain{'' if is_full else left_out}{'' if is_whole else f' where {slots}'}"
    )
