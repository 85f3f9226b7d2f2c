"""What today's rates of the plans charge for all events: flat rates at once, formulas by areas."""

from collections import defaultdict
from collections.abc import Iterator

import polars as pl

from data.extract.duckdb import Extract
from data.tables import CREDITS_SUM, ColumnTypes
from queries.documents import document, given
from queries.scans import Table, scans
from queries.time import EARLIEST, Grain
from queries.whatif import RATED
from queries.whatif.areas import Area, feature_keys, held_keys, most_units, read_by
from queries.whatif.events import ALL_TIME
from queries.whatif.prices import MOST_PER_UNIT, NONE, Price
from queries.whatif.totals import CHANGED, Shared, changes

SUMS_COLUMNS: ColumnTypes = {
    "feature_id": pl.String,
    "feature_key": pl.Int64,
    "events": pl.Int64,
    "differing": pl.Int64,
    "charged": CREDITS_SUM,
    "rated": CREDITS_SUM,
}
SUMS = pl.Schema(SUMS_COLUMNS)


def rated(rates: pl.DataFrame, extract: Extract, shared: Shared) -> pl.DataFrame:
    """The frame that `TodaysRates` describes; rates: pool, feature_id, amount, cost_formula.

    Raises QuestionError where a rate goes out of range.
    """
    is_flat = pl.col("cost_formula").is_null() | (pl.col("cost_formula") == "")
    sums, is_told = _flat(rates.filter(is_flat), extract, shared)
    areas = _areas(rates.filter(~is_flat) if is_told else rates, extract, shared)
    frames = [_more(area, extract, shared) for area in areas]
    return (
        pl.concat([sums, *frames], how="diagonal")
        .group_by("feature_key")
        .agg(
            pl.col("feature_id").drop_nulls().first(),
            pl.col("events", "differing", "charged", "rated").sum(),
        )
        .filter(pl.col("events") > 0)
        .sort("feature_id", nulls_last=True)
        .select(RATED.names())
        .cast(RATED)
    )


def _more(area: Area, extract: Extract, shared: Shared) -> pl.DataFrame:
    """feature_key, differing, rated: what the area of one feature adds to what was charged."""
    found = changes(area, None, extract, {**shared, "is_checked": False}, ALL_TIME)
    return (
        pl.concat([CHANGED.to_frame(), *found])
        .select(
            feature_key=pl.lit(area.feature_keys[0]),
            differing=pl.col("changed").sum(),
            rated=(pl.col("becomes") - pl.col("was")).sum(),
        )
        .cast({name: SUMS[name] for name in ("feature_key", "differing", "rated")})
    )


def _flat(rates: pl.DataFrame, extract: Extract, shared: Shared) -> tuple[pl.DataFrame, bool]:
    """(as `SUMS`, what flat rates charge; whether they do, or else what was charged)."""
    keys = feature_keys(extract)
    highest = max(rates["amount"], default=NONE)
    asked = {
        **shared,
        "rated_pools": rates["pool"].to_list(),
        "rated_features": [keys[feature_id] for feature_id in rates["feature_id"]],
        "amounts": rates["amount"].to_list(),
        "most_units": most_units(highest) if highest < MOST_PER_UNIT else -1,
    }
    frames = [SUMS.to_frame()]
    for scan in scans(Table.EVENTS, ALL_TIME, [EARLIEST], Grain.WHOLE, extract):
        parameters = given("whatif/rated.sql", asked | scan.parameters)
        found = extract.read(document("whatif/rated.sql"), parameters, slots=scan.slots)
        if found["untold"].sum():
            return _flat(rates.clear(), extract, shared)[0], False
        frames.append(found.select(SUMS.names()).cast(SUMS))
    return pl.concat(frames), True


def _areas(rates: pl.DataFrame, extract: Extract, shared: Shared) -> Iterator[Area]:
    """An area for each price of a feature, of the pools that have it."""
    keys = feature_keys(extract)
    pools: dict[tuple[int, Price], list[int]] = defaultdict(list)
    for pool, feature_id, amount, formula in rates.iter_rows():
        price = Price(formula=formula) if formula else Price(per_unit=amount)
        pools[keys[feature_id], price].append(pool)
    held = held_keys([price for _, price in pools], extract, shared)
    for (feature_key, price), of in pools.items():
        yield Area(price, None, (), [feature_key], sorted(read_by(price) & held), of)
