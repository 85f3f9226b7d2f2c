"""What prices by credit and unit change, summed by pool: no event is looked at one by one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from data.credits.amounts import AmountError
from data.credits.rates import Rate, names_of
from data.extract.duckdb import Extract
from data.tables import CREDITS_SUM, ColumnTypes
from queries.documents import document, given
from queries.scans import Table, scans
from queries.time import Grain, Span
from queries.usage import FEATURE
from queries.whatif.prices import NONE, Price
from queries.whatif.tariff import Tariff

WITHOUT = 0
"""The number that stands for events without the key, since no value has it as its code."""
MOST_PRODUCT = Decimal(10) ** 6 - 1
"""A charge times a number, with 6 decimals each, is in 64 bits up to here; a unit's price, ten
times as much."""
MOST_CREDITS, MOST_UNITS = Decimal(10) ** 12 - 1, Decimal(10) ** 13 - 1

CHARGED_COLUMNS: ColumnTypes = {"pool": pl.Int64, "events": pl.Int64, "charged": CREDITS_SUM}
CHANGED_COLUMNS: ColumnTypes = {
    "pool": pl.Int64,
    "was": CREDITS_SUM,
    "becomes": CREDITS_SUM,
    "changed": pl.Int64,
}
CHARGED, CHANGED = pl.Schema(CHARGED_COLUMNS), pl.Schema(CHANGED_COLUMNS)


@dataclass(frozen=True, slots=True)
class Area:
    """The events that one price is for: of some features, and of one number of the tariff's key.

    number None is all numbers but `others`, which have prices of their own.
    """

    price: Price
    number: int | None
    others: tuple[int, ...]
    feature_keys: Sequence[int]


def totals(
    extract: Extract,
    scope: Mapping[str, object],
    customer_keys: Sequence[int] | None,
    tariff: Tariff,
    span: Span,
) -> pl.DataFrame | None:
    """pool, events, changed, charged, repriced: sums of what `events` gives, in no order.

    None where single events must be looked at: for a price by dimensions, one that goes out of
    range or below nothing, and for a key whose values have no codes.
    """
    shared = dict(scope) | {"customer_keys": customer_keys, "key": tariff.key}
    areas = _areas(tariff, extract, shared)
    changed = None if areas is None else _changed(areas, extract, shared, span)
    if changed is None:
        return None
    both = _charged(extract, shared, span).join(changed, on="pool", how="left")
    more = (pl.col("becomes") - pl.col("was")).fill_null(NONE)
    return both.select(
        "pool",
        "events",
        pl.col("changed").fill_null(0),
        "charged",
        repriced=pl.col("charged") + more,
    )


def _changed(
    areas: Sequence[Area], extract: Extract, shared: Mapping[str, object], span: Span
) -> pl.DataFrame | None:
    """What the areas' events were charged, and become: pool, was, becomes, changed."""
    frames = [CHANGED.to_frame()]
    for area in areas:
        price = _parameters(area)
        if price is None:
            return None
        for scan in scans(Table.EVENTS, span, [span.start], Grain.WHOLE, extract):
            asked = given("whatif/changed.sql", dict(shared) | price | scan.parameters)
            found = extract.read(document("whatif/changed.sql"), asked, slots=scan.slots)
            if found["untold"].sum() or found["wrong"].sum():
                return None
            frames.append(found.select(CHANGED.names()).cast(CHANGED))
    return pl.concat(frames).group_by("pool").agg(pl.exclude("pool").sum())


def _charged(extract: Extract, shared: Mapping[str, object], span: Span) -> pl.DataFrame:
    """What was charged: pool, events, charged."""
    frames = [CHARGED.to_frame()]
    # The days of all pools lie together: of a few pools, their events are read sooner.
    table = Table.POOL_DAYS if shared["customer_keys"] is None else Table.EVENTS
    for scan in scans(table, span, [span.start], Grain.WHOLE, extract):
        path = "whatif/pool_days.sql" if scan.table is Table.POOL_DAYS else "whatif/charged.sql"
        asked = given(path, dict(shared) | scan.parameters)
        frames.append(extract.read(document(path), asked, slots=scan.slots).cast(CHARGED))
    return pl.concat(frames).group_by("pool").agg(pl.exclude("pool").sum())


def _areas(tariff: Tariff, extract: Extract, shared: Mapping[str, object]) -> list[Area] | None:
    """The tariff as areas that do not overlap; None where one of its prices is by dimensions."""
    if tariff.key is not None and tariff.key not in extract.key_sizes:
        return None
    numbers = _numbers(tariff, extract)
    features = dict(extract.values(FEATURE).select("value", "code").iter_rows())
    own: dict[str, set[int]] = defaultdict(set)
    for line in tariff.lines:
        own[line.feature_id].update(numbers[line.value] if line.value is not None else ())
    areas: dict[tuple[Price, int | None, tuple[int, ...]], list[int]] = defaultdict(list)
    for line in tariff.lines:
        others = tuple(sorted(own[line.feature_id])) if line.value is None else ()
        for number in [None] if line.value is None else numbers[line.value]:
            if line.feature_id in features:
                areas[line.price, number, others].append(features[line.feature_id])
    held = _held_keys(tariff, extract, shared)
    if any(price.formula and names_of(price.formula) & held for price, *_ in areas):
        return None
    return [Area(*area, sorted(feature_keys)) for area, feature_keys in areas.items()]


def _numbers(tariff: Tariff, extract: Extract) -> dict[str, list[int]]:
    """The numbers of each value that the tariff names: none of one that no event has."""
    wanted = {line.value for line in tariff.lines if line.value is not None}
    numbers = {value: [] if value else [WITHOUT] for value in wanted}
    if tariff.key is not None:
        held = extract.values(tariff.key).filter(pl.col("value").is_in(wanted))
        for code, value in held.select("code", "value").iter_rows():
            numbers[value].append(code)
    return numbers


def _held_keys(tariff: Tariff, extract: Extract, shared: Mapping[str, object]) -> set[str]:
    """The dimensions that the tariff's formulas read, and that any event has."""
    formulas = [line.price.formula for line in tariff.lines if line.price.formula]
    names = sorted(frozenset().union(*map(names_of, formulas)))
    if not names:
        return set()
    path = "whatif/held_keys.sql"
    found = extract.read(document(path), given(path, dict(shared) | {"names": names}))
    return set(found["key"])


def _parameters(area: Area) -> dict[str, object] | None:
    """The area's price as changed.sql takes it, and how far 64 bits reach; None out of range."""
    price = area.price
    constant = NONE
    if price.formula:
        try:
            constant = Rate("", "", cost_formula=price.formula).charge(NONE, {})
        except AmountError:
            return None
    times, per_unit = price.per_credit, price.per_unit
    return {
        "feature_keys": area.feature_keys,
        "number": area.number,
        "other_numbers": list(area.others) or None,
        "is_times": times != 0,
        "whole_times": None if times % 1 or not times else int(times),
        "per_credit": times,
        "per_unit": per_unit,
        "constant": constant,
        "most_credits": _most(MOST_PRODUCT, times, MOST_CREDITS),
        "most_whole": _most(MOST_CREDITS, times, MOST_CREDITS),
        "most_units": _most(10 * MOST_PRODUCT, per_unit, MOST_UNITS),
    }


def _most(product: Decimal, factor: Decimal, limit: Decimal) -> Decimal:
    """The largest whole number that makes no more than the product, and is within the limit."""
    return min(product // factor, limit) if factor else limit
