"""The fleet's grants and ledger as Parquet, month by month, and put into its extract.

`python -m tests.scale.ledger MADE FOLDER`, in a process of its own, puts them in.
"""

import json
import resource
import sys
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

from data.extract.folder import STAGING, current, whole_file
from data.extract.ledger_file import lay_ledger, read_ledger_file
from data.extract.metadata import read_metadata, write_metadata
from data.extract.publish import publish
from data.extract.statements import statement
from data.tables import empty
from tests.scale.fleet import RATES, YEAR

SPARE = Decimal(5)
MEMORY = "4GB"
CREDITS = pl.col("feature").replace_strict(
    {feature: Decimal(amount) for feature, (_, amount) in RATES.items()},
    return_dtype=pl.Decimal(18, 6),
)
"""What a unit of the event's feature costs."""


def generate(events: list[Path], folder: Path) -> None:
    """`grants-<month>.parquet` and `ledger-<month>.parquet` of the files, in bounded memory."""
    sql, last_seq = Path(__file__).with_suffix(".sql").read_text(), 0
    with duckdb.connect() as connection:
        rates = pl.DataFrame(
            [(feature, *rate) for feature, rate in RATES.items()],
            ["feature", "currency_id", "amount"],
            orient="row",
        ).with_columns(pl.col("amount").cast(pl.Decimal(18, 6)))
        connection.register("rates", rates)
        for month in range(1, 13):
            start, end = datetime(YEAR, month, 1), datetime(YEAR + month // 12, month % 12 + 1, 1)
            files = [str(path) for path in events if f"-{YEAR}-{month:02}-" in path.name]
            given = {
                "files": files, "start": start, "end": end, "is_last": month == 12,
                "spare": SPARE, "last_seq": last_seq,
            }  # fmt: skip
            for statement in connection.extract_statements(sql):
                names = statement.named_parameters
                connection.execute(statement, {name: given[name] for name in names})
            for name in ("grants", "ledger"):
                path = folder / f"{name}-{month:02}.parquet"
                connection.execute(f"copy month_{name} to '{path}' (format parquet)")
            [(last_seq,)] = connection.execute(
                "select max(ledger_seq) from month_ledger"
            ).fetchall()


def load(made: Path, folder: Path) -> None:
    """Publish the extract in the folder once more, with the grants and ledger that were made."""
    published = current(folder)
    with whole_file(folder / STAGING, copy_of=published) as connection:
        connection.execute(f"set memory_limit = '{MEMORY}'")
        for name in ("grants", "ledger"):
            connection.register(f"no_{name}", empty(name))
            connection.execute(
                f"create temp view given_{name} as from no_{name} union all by name "
                f"from read_parquet('{made}/{name}-*.parquet')"
            )
        connection.execute(statement("known"))
        connection.execute(statement("fill_grants"))
        lay_ledger(connection, folder)
        write_metadata(connection, read_metadata(connection))
    publish(folder)


def main(made: Path, folder: Path) -> None:
    """Load, and print as JSON: the ledger's rows, seconds, largest memory, and the file's bytes."""
    started = time.perf_counter()
    load(made, folder)
    version = current(folder)
    assert version is not None
    with duckdb.connect(version, read_only=True) as connection:
        laid = read_ledger_file(connection)
    told = {
        "rows": laid.count_rows,
        "seconds": time.perf_counter() - started,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "bytes": (folder / laid.file).stat().st_size,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
