"""What an extract says of itself: where it came from, how far it reaches, how it is laid out."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from data.extract.errors import ExtractError
from data.extract.statements import statement

SCHEMA_VERSION = 4


@dataclass(frozen=True, slots=True)
class Metadata:
    """The one row of the table `metadata`; times are naive UTC.

    Every event before `cut_off` that the source knew at `loaded_at` is in the extract.
    `promoted_keys[i]` is the dimension key whose values are in column dim_<i+1>.
    """

    source: str
    cut_off: datetime
    loaded_at: datetime
    promoted_keys: tuple[str, ...] = ()


def read_metadata(connection: duckdb.DuckDBPyConnection, table: str = "metadata") -> Metadata:
    """The row as it is; raises ExtractError if another version of this program wrote it."""
    found = connection.execute(f"from {table}")
    columns = [column[0] for column in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    if not rows:
        raise ExtractError("The extract is incomplete: its table metadata is empty.")
    [row] = rows
    if row["schema_version"] > SCHEMA_VERSION:
        raise ExtractError(
            f"The extract was written by a newer version of this program (its schema is "
            f"{row['schema_version']}, this program reads up to {SCHEMA_VERSION}): update the "
            "program."
        )
    if row["schema_version"] < SCHEMA_VERSION:
        raise ExtractError(
            f"The extract was written by an older version of this program (its schema is "
            f"{row['schema_version']}, this program reads {SCHEMA_VERSION}): make it anew. The "
            "demo company's is made anew once data/local is deleted."
        )
    return Metadata(row["source"], row["cut_off"], row["loaded_at"], tuple(row["promoted_keys"]))


def write_metadata(connection: duckdb.DuckDBPyConnection, metadata: Metadata) -> None:
    """Replace the row, and count the rows of all tables anew."""
    connection.execute("delete from metadata")
    connection.execute(
        statement("metadata"),
        {
            "source": metadata.source,
            "cut_off": metadata.cut_off,
            "loaded_at": metadata.loaded_at,
            "schema_version": SCHEMA_VERSION,
            "promoted_keys": list(metadata.promoted_keys),
        },
    )
