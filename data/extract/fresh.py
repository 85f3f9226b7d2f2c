"""What is in event files, found out before any of it is laid: the survey in `spool`."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.credits.rates import Rate
from data.extract.errors import EventsError
from data.extract.event_files import rows
from data.extract.events import RowError, read_event
from data.extract.mapping import NOTHING, EventMapping, Row
from data.extract.parts import number_pattern, read_parts
from data.extract.plain_rates import credits_of, is_simple, short_amount
from data.extract.plain_rows import Source, plain_rows
from data.extract.rating import Rater, Usage
from data.extract.statements import statement

BATCH = 20_000
HASHED = 500_000
REASON_LENGTH = 300
LARGEST_AMOUNT = 1000
"""With a flat rate below, a plain row's credits are never too many."""
RATED_ODD = "create or replace temp view rated as select *, true as is_sure from spool.odd"
ODD = pa.schema(
    [
        ("file_number", pa.int32()),
        ("row_number", pa.int64()),
        ("event_id", pa.string()),
        ("customer_id", pa.string()),
        ("resource_id", pa.string()),
        ("feature_id", pa.string()),
        ("currency_id", pa.string()),
        ("occurred_at", pa.timestamp("us")),
        ("units", pa.decimal128(24, 5)),
        ("credits", pa.decimal128(18, 6)),
        ("dimensions", pa.map_(pa.string(), pa.string())),
    ]
)

Report = Callable[[str], None]
Hashes = np.ndarray[tuple[int], np.dtype[np.uint64]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Files on their way into an extract, and the rules by which they are read.

    Rejected rows go to the CSV `rejects`: file, row and reason.
    """

    sources: Sequence[Source]
    mapping: EventMapping
    rater: Rater
    rejects: Path
    report: Report

    def survey(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Fill the tables of survey.sql; the view usage_events is what the extract has."""
        connection.execute(statement("survey"))
        self._meet(connection)
        hashes: list[Hashes] = []
        odd: list[tuple[Source, list[int]]] = []
        count_read = 0
        for source in self.sources:
            connection.execute(self._rated(connection, source))
            with readable(source):
                count, found, months = _hashes(connection)
            hashes.append(found)
            for month in sorted(months.items()):
                connection.execute(
                    "insert into spool.months values (?, ?, ?)", [source.number, *month]
                )
            numbers = _odd_numbers(connection, source) if len(found) < count else []
            odd.append((source, numbers))
            count_read += count
            self.report(f"{source.name}: {count:,} rows read")
        rejected = self._read_odd(connection, odd)
        every = np.concatenate([*hashes, _odd_hashes(connection)])
        repeated = self._leave_out(connection, every)
        given = {"read": count_read, "usages": len(every), "rejected": rejected}
        connection.execute(statement("survey_odd_months"))
        connection.execute(statement("end_survey"), given | {"repeated": repeated})

    @property
    def simple_rates(self) -> list[Rate]:
        """The rates that SQL can charge; spool.pools names them by their places."""
        return list(dict.fromkeys(filter(is_simple, self.rater.rates.values())))

    @property
    def credits(self) -> str:
        """The SQL of a plain row's credits."""
        return credits_of(self.simple_rates, self.mapping)

    def plain(self, source: Source) -> str:
        """The select of the file's rows."""
        return plain_rows(self.mapping, source)

    def object_keys(self, connection: duckdb.DuckDBPyConnection, source: Source) -> frozenset[str]:
        """The dimension keys in the objects of the file's rows, plain or not."""
        keys = "select dimension_key from spool.object_keys where file_number = ?"
        found = connection.execute(keys, [source.number]).fetchall()
        return frozenset(key for (key,) in found)

    def _meet(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Learn which rate each pool's usage of a feature has, and the keys in the objects."""
        for source in self.sources:
            connection.execute(f"create or replace temp view plain as {self.plain(source)}")
            with readable(source):
                connection.execute(statement("meet"))
                if self.mapping.all_dimensions is not NOTHING:
                    connection.execute(statement("object_keys"))
        met = connection.execute("select distinct * from spool.met").fetchall()
        pools: dict[tuple[str, str | None, str, str | None], Rate] = {}
        for pool in met:
            try:
                rate = self.rater.rate(*pool)
            except RowError:
                continue
            if pool[2] in self.rater.features and is_simple(rate):
                pools[pool] = rate
        connection.register("met_pools", _pools(pools, self.simple_rates))
        connection.execute("insert into spool.pools from met_pools")
        connection.unregister("met_pools")

    def _rated(self, connection: duckdb.DuckDBPyConnection, source: Source) -> str:
        """The statement for the view `rated`: the file's rows, and whether they are surely so."""
        largest = {"largest": LARGEST_AMOUNT}
        [(unsure,)] = connection.execute(statement("count_unsure"), largest).fetchall()
        if not unsure:
            return (
                "create or replace temp view rated as "
                f"select *, is_plain as is_sure from ({self.plain(source)})"
            )
        return (
            f"create or replace temp view rated as with plain as ({self.plain(source)}),\n"
            "charged as (select plain.*, "
            f"{self.credits} as credits from plain left join spool.pools "
            f"as pools on {same_pool(self.mapping, 'plain')})\n"
            "select *, is_plain and credits is not null as is_sure from charged"
        )

    def _read_odd(
        self,
        connection: duckdb.DuckDBPyConnection,
        odd: Sequence[tuple[Source, Sequence[int]]],
    ) -> int:
        """Bring the usage in these rows into spool.odd; return how many rows were rejected."""
        rejected = 0
        with self.rejects.open("w", newline="", encoding="utf-8") as text:
            rejects = csv.writer(text)
            rejects.writerow(["file", "row", "reason"])

            def refuse(source: Source, number: int, error: RowError) -> None:
                nonlocal rejected
                rejected += 1
                rejects.writerow([source.name, number, str(error)[:REASON_LENGTH]])

            for batch in self._odd_batches(odd, refuse):
                connection.register("batch", _table(batch))
                connection.execute("insert into spool.odd from batch")
                connection.unregister("batch")
        return rejected

    def _odd_batches(
        self,
        odd: Sequence[tuple[Source, Sequence[int]]],
        refuse: Callable[[Source, int, RowError], None],
    ) -> Iterator[list[tuple[Source, int, Usage]]]:
        batch: list[tuple[Source, int, Usage]] = []
        for source, numbers in odd:
            found = rows(source.path, self.mapping.columns, numbers) if numbers else iter(())
            for number, row in found:
                try:
                    usages = self._usages(f"{source.name}:{number}", row)
                except RowError as error:
                    refuse(source, number, error)
                    continue
                batch += [(source, number, usage) for usage in usages]
                if len(batch) >= BATCH:
                    yield batch
                    batch = []
        yield batch

    def _usages(self, made_id: str, row: Row | str) -> list[Usage]:
        if isinstance(row, str):
            raise RowError(row)
        return self.rater.usages(read_event(self.mapping, row, made_id))

    def _leave_out(self, connection: duckdb.DuckDBPyConnection, hashes: Hashes) -> int:
        """Leave out all but the first of what is there more than once; return how many."""
        hashes.sort()
        twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        self._find_held(connection, hashes)
        connection.register("read_hashes", pa.table({"hashed": twice}))
        connection.execute("insert into spool.suspects from read_hashes")
        connection.unregister("read_hashes")
        [(count,)] = connection.execute("select count(*) from spool.suspects").fetchall()
        if not count:
            return 0
        connection.execute(statement("suspect_odd"))
        for source in self.sources:
            connection.execute(self._rated(connection, source))
            connection.execute(statement("suspect"))
        connection.execute(statement("leave_out"))
        [(repeated,)] = connection.execute("select count(*) from repeated").fetchall()
        return int(repeated)

    def _find_held(self, connection: duckdb.DuckDBPyConnection, hashes: Hashes) -> None:
        """Find the events that the extract has: by their numbers, which statistics exclude."""
        forms = {(part.id_prefix, part.id_digits) for part in read_parts(connection)}
        for prefix, digits in sorted(form for form in forms if form[1]):
            form = {"prefix": prefix, "number": number_pattern(digits)}
            connection.execute("create or replace temp table read_numbers (event_number bigint)")
            for rated in [*(self._rated(connection, each) for each in self.sources), RATED_ODD]:
                connection.execute(rated)
                connection.execute(statement("read_numbers"), form)
            given = {"prefix": prefix, "digits": digits}
            connection.execute(statement("find_numbers"), given)
            connection.execute("drop table read_numbers")
        connection.register("read_hashes", pa.table({"hashed": hashes}))
        connection.execute(statement("find_texts"))


def same_pool(mapping: EventMapping, rows: str) -> str:
    """The condition under which a row of `rows` is of a row of `pools`."""
    tests = [f"{rows}.customer_id = pools.customer_id", f"{rows}.feature_id = pools.feature_id"]
    if mapping.resource.column is not None:
        tests.append(f"{rows}.resource_id is not distinct from pools.resource_id")
    if mapping.plan.column is not None:
        tests.append(f"{rows}.plan_id is not distinct from pools.plan_id")
    return " and ".join(tests)


@contextmanager
def readable(source: Source) -> Iterator[None]:
    """Raise EventsError where the file's inside turns out to be damaged."""
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.BinderException):
        raise
    except duckdb.Error as error:
        # What does not fit into memory, or is not read but written, does not fit on the disk.
        if "space" in str(error) or "write" in str(error):
            raise
        raise EventsError(f"{source.name} cannot be read: {error}.") from None


def _hashes(connection: duckdb.DuckDBPyConnection) -> tuple[int, Hashes, Counter[int]]:
    """How many rows `rated` has; of those that are sure the hashes, and how many of each month."""
    count, hashes = 0, [np.empty(0, np.uint64)]
    months: Counter[int] = Counter()
    for batch in connection.sql(statement("hash_rows")).to_arrow_reader(HASHED):
        count += batch.num_rows
        hashes.append(batch.column("hashed").drop_null().to_numpy(zero_copy_only=False))
        met = pc.value_counts(batch.column("first_slot").drop_null()).to_pylist()
        months.update({month["values"]: month["counts"] for month in met})
    return count, np.concatenate(hashes), months


def _odd_numbers(connection: duckdb.DuckDBPyConnection, source: Source) -> list[int]:
    """The numbers of the rows that Python has to read; they are left out of the plain ones."""
    connection.execute(statement("leave_odd"))
    numbers = connection.execute(
        "select row_number from spool.left_out where file_number = ? order by row_number",
        [source.number],
    ).fetchnumpy()
    return list(map(int, numbers["row_number"]))


def _odd_hashes(connection: duckdb.DuckDBPyConnection) -> Hashes:
    sql = "select hash(event_id, feature_id) as hashed from spool.odd"
    return np.asarray(connection.execute(sql).fetchnumpy()["hashed"], np.uint64)


def _pools(
    pools: Mapping[tuple[str, str | None, str, str | None], Rate], rates: Sequence[Rate]
) -> pa.Table:
    """The rows of spool.pools."""
    places = {rate: place for place, rate in enumerate(rates)}
    short = {rate: short_amount(rate) or (None, None) for rate in rates}
    return pa.table(
        {
            "customer_id": pa.array([pool[0] for pool in pools], pa.string()),
            "resource_id": pa.array([pool[1] for pool in pools], pa.string()),
            "feature_id": pa.array([pool[2] for pool in pools], pa.string()),
            "plan_id": pa.array([pool[3] for pool in pools], pa.string()),
            "currency_id": pa.array([rate.currency_id for rate in pools.values()], pa.string()),
            "tariff": pa.array([places[rate] for rate in pools.values()], pa.int32()),
            "is_flat": pa.array([not rate.cost_formula for rate in pools.values()], pa.bool_()),
            "amount": pa.array([rate.amount for rate in pools.values()], pa.decimal128(18, 9)),
            "short_amount": pa.array(
                [short[rate][0] for rate in pools.values()], pa.decimal128(9, 6)
            ),
            "most_units": pa.array(
                [short[rate][1] for rate in pools.values()], pa.decimal128(14, 5)
            ),
        }
    )


def _table(batch: Sequence[tuple[Source, int, Usage]]) -> pa.Table:
    """The usages as rows of spool.odd."""
    usages = [usage for _, _, usage in batch]
    columns: list[list[object]] = [
        [source.number for source, _, _ in batch],
        [number for _, number, _ in batch],
        [usage.event_id for usage in usages],
        [usage.customer_id for usage in usages],
        [usage.resource_id for usage in usages],
        [usage.feature_id for usage in usages],
        [usage.currency_id for usage in usages],
        [usage.occurred_at for usage in usages],
        [usage.units for usage in usages],
        [usage.credits for usage in usages],
        [list(usage.dimensions.items()) for usage in usages],
    ]
    arrays = [pa.array(each, ODD.field(place).type) for place, each in enumerate(columns)]
    return pa.table(arrays, schema=ODD)
