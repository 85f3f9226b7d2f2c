"""The portfolio from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from data.extract.parts import EPOCH
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.cuts import cut_days, cut_slots
from queries.documents import document, given
from queries.extracted import check_scope
from queries.portfolio import (
    GRANTS,
    MOST_ROWS,
    MOVES,
    RECHARGES,
    USE,
    AllCustomers,
    AllGrants,
    AllMoves,
    AllRecharges,
    AllUse,
)
from queries.scans import DAY, TICK, Table, scans, slot

USED_COLUMNS: ColumnTypes = {
    "customer_key": pl.Int32,
    "resource_key": pl.Int32,
    "number": pl.Int64,
    "credits": CREDITS_SUM,
}
USED = pl.Schema(USED_COLUMNS)
Parameters = dict[str, object]


def customers(question: AllCustomers, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the customers, whether there are more)."""
    del question
    found = extract.read(document("portfolio/customers.sql"), {"most_rows": MOST_ROWS + 1})
    return found.head(MOST_ROWS), found.height > MOST_ROWS


def grants(question: AllGrants, extract: Extract) -> pl.DataFrame:
    parameters = _currency(question, extract)
    return extract.read(document("portfolio/grants.sql"), parameters).cast(GRANTS)


def recharges(question: AllRecharges, extract: Extract) -> pl.DataFrame:
    parameters = _currency(question, extract)
    return extract.read(document("portfolio/recharges.sql"), parameters).cast(RECHARGES)


def use(question: AllUse, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `AllUse` describes, whether rows were cut off)."""
    shared = check_scope(extract, None, question.currency_id) | {"customers": _named(question)}
    cuts = pl.Series(question.cuts, dtype=TIME)
    numbers = {cut: number for number, cut in enumerate(question.cuts)}
    frames = [USED.to_frame()]
    for scan in scans(
        Table.POOL_DAYS,
        question.span,
        question.cuts,
        question.grain,
        extract,
        has_many_groups=True,
    ):
        path = f"portfolio/{scan.table}.sql"
        parameters = given(path, shared | scan.parameters)
        found = extract.read(document(path), parameters, slots=scan.slots)
        of_units = pl.Series([numbers[bucket] for bucket in scan.buckets], dtype=pl.Int64)
        frames.append(found.with_columns(number=of_units.gather(found["unit"])))
    used = pl.concat([frame.select(USED.names()).cast(USED) for frame in frames])
    pools = extract.read(document("portfolio/pools.sql"), {}).with_row_index("place")
    # One number for a pool and a bucket: it is summed by and sorted by several times as fast.
    place = pl.col("place").cast(pl.Int64) * len(cuts) + pl.col("number")
    rows = (
        used.join(
            pools.select("customer_key", "resource_key", "place"),
            on=["customer_key", "resource_key"],
            nulls_equal=True,
        )
        .group_by(place.alias("place"))
        .agg(pl.col("credits").sum())
        .sort("place")
    )
    kept = rows.head(MOST_ROWS)
    of_pool, of_bucket = kept["place"] // len(cuts), kept["place"] % len(cuts)
    named = kept.with_columns(
        *(pools[name].gather(of_pool) for name in ("customer_id", "resource_id")),
        bucket=cuts.gather(of_bucket),
    )
    return named.select(USE.names()), rows.height > MOST_ROWS


def moves(question: AllMoves, extract: Extract) -> pl.DataFrame:
    """Of all customers from sums of all, of some from sums of their pools."""
    start, end = question.span.start, question.span.end
    cuts = [*question.cuts, start, end]
    is_of_all = question.customers is None
    cut = cut_slots(cuts) if is_of_all else cut_days(cuts)
    shared = check_scope(extract, None, question.currency_id) | {
        "customers": _named(question),
        "since": start,
        "until": end,
        "cuts": question.cuts,
        "first": slot(start),
        "until_slot": slot(end - TICK) + 1,
        "first_day": (start - EPOCH) // DAY,
        "last_day": (end - TICK - EPOCH) // DAY,
        "cut_slots": cut.numbers,
        "cut_days": cut.numbers,
        "cut_since": cut.since,
        "cut_until": cut.until,
    }
    path = "portfolio/moves.sql" if is_of_all else "portfolio/moves_of.sql"
    return extract.read(document(path), given(path, shared)).cast(MOVES)


def _currency(question: AllGrants | AllRecharges, extract: Extract) -> Parameters:
    check_scope(extract, None, question.currency_id)
    return {"currency_id": question.currency_id, "customers": _named(question)}


def _named(question: AllGrants | AllRecharges | AllUse | AllMoves) -> list[str] | None:
    return None if question.customers is None else list(question.customers)
