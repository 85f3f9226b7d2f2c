"""A tariff as areas: each the events that one price is for, so that one scan charges them all."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

from data.credits.rates import names_of
from data.extract.duckdb import Extract
from queries.documents import document, given
from queries.usage import FEATURE
from queries.whatif.events import MOST_NAMES, plain_sum
from queries.whatif.prices import NONE, Price
from queries.whatif.tariff import Tariff

WITHOUT = 0
"""The number that stands for events without the key, since no value has it as its code."""
MOST_PRODUCT = Decimal(10) ** 6 - 1
"""A charge times a number, with 6 decimals each, is in 64 bits up to here; a unit's price, ten
times as much."""
MOST_CREDITS, MOST_UNITS = Decimal(10) ** 12 - 1, Decimal(10) ** 13 - 1

NO_NUMBER = "[b-dghj-mo-ru-xzB-DGHJ-MO-RU-XZ]"
"""In a text with a letter that no number has, 1e3 and NaN included, a formula reads 0."""


@dataclass(frozen=True, slots=True)
class Area:
    """The events that one price is for: of some features, and of one value of the tariff's key.

    value: the value's number, where the key's values have codes, or its text; None is all values
    but `others`, which have prices of their own. names: the dimensions that the price reads, so
    far as any event has them. pools: None is all that are asked for.
    """

    price: Price
    value: int | str | None
    others: tuple[int | str, ...]
    feature_keys: Sequence[int]
    names: Sequence[str] = ()
    pools: Sequence[int] | None = None


def areas_of(tariff: Tariff, extract: Extract, shared: Mapping[str, object]) -> list[Area]:
    """The tariff as areas that do not overlap; `shared` says of which currency and customers."""
    values = _values(tariff, extract)
    features = feature_keys(extract)
    own: dict[str, set[int | str]] = defaultdict(set)
    for line in tariff.lines:
        own[line.feature_id].update(values[line.value] if line.value is not None else ())
    areas: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for line in tariff.lines:
        others = tuple(sorted(own[line.feature_id])) if line.value is None else ()
        for value in [None] if line.value is None else values[line.value]:
            if line.feature_id in features:
                areas[line.price, value, others].append(features[line.feature_id])
    held = held_keys([line.price for line in tariff.lines], extract, shared)
    return [
        Area(price, value, others, sorted(keys), sorted(read_by(price) & held))
        for (price, value, others), keys in areas.items()
    ]


def feature_keys(extract: Extract) -> dict[str, int]:
    return dict(extract.values(FEATURE).select("value", "code").iter_rows())


def _values(tariff: Tariff, extract: Extract) -> Mapping[str, Sequence[int | str]]:
    """What stands for each value that the tariff names: nothing for one that no event has."""
    wanted = {line.value for line in tariff.lines if line.value is not None}
    if tariff.key is None or tariff.key not in extract.key_sizes:
        return {value: [value] for value in wanted}
    numbers = {value: [] if value else [WITHOUT] for value in wanted}
    held = extract.values(tariff.key).filter(pl.col("value").is_in(wanted))
    for code, value in held.select("code", "value").iter_rows():
        numbers[value].append(code)
    return numbers


def read_by(price: Price) -> frozenset[str]:
    """The dimensions that the price reads."""
    return names_of(price.formula) if price.formula else frozenset()


def held_keys(prices: Sequence[Price], extract: Extract, shared: Mapping[str, object]) -> set[str]:
    """The dimensions that the prices read, and that any event has."""
    names = sorted(frozenset[str]().union(*map(read_by, prices)))
    if not names:
        return set()
    path = "whatif/held_keys.sql"
    found = extract.read(document(path), given(path, {**shared, "names": names}))
    return set(found["key"])


def parameters_of(area: Area, key: str | None, extract: Extract) -> dict[str, object]:
    """The area as changed.sql and formula.sql take it."""
    is_coded = key in extract.key_sizes
    value, others = area.value, list(area.others) or None
    return {
        "key": key,
        "feature_keys": area.feature_keys,
        "pools": area.pools,
        "number": value if is_coded else None,
        "other_numbers": others if is_coded else None,
        "text": None if is_coded else value,
        "other_texts": None if is_coded else others,
        "per_credit": area.price.per_credit,
        "per_unit": area.price.per_unit,
        **_in_64_bits(area.price),
        **_as_sum(area),
        **_read(area, extract),
    }


def is_plain(area: Area) -> bool:
    """Whether the price reads nothing, and changed.sql can charge it."""
    return not area.names and (not area.price.formula or plain_sum(area.price, []) is not None)


def _in_64_bits(price: Price) -> dict[str, object]:
    """How far 64 bits reach."""
    times, per_unit = price.per_credit, price.per_unit
    return {
        "is_times": times != 0,
        "whole_times": None if times % 1 or not times else int(times),
        "most_credits": _most(MOST_PRODUCT, times, MOST_CREDITS),
        "most_whole": _most(MOST_CREDITS, times, MOST_CREDITS),
        "most_units": most_units(per_unit),
    }


def most_units(per_unit: Decimal) -> Decimal:
    """So many units are charged in 64 bits."""
    return _most(10 * MOST_PRODUCT, per_unit, MOST_UNITS)


def _most(product: Decimal, factor: Decimal, limit: Decimal) -> Decimal:
    """The largest whole number that makes no more than the product, and is within the limit."""
    return min(product // factor, limit) if factor else limit


def _as_sum(area: Area) -> dict[str, object]:
    """The price as a sum of a constant and of numbers in dimensions, where it is one."""
    sum_ = plain_sum(area.price, [])
    parameters: dict[str, object] = {
        "is_sum": sum_ is not None,
        "no_number": NO_NUMBER,
        "constant": (sum_ or {}).get("", NONE),
    }
    for place in range(MOST_NAMES):
        name = area.names[place] if place < len(area.names) else None
        parameters[f"name_{place + 1}"] = name
        parameters[f"per_{place + 1}"] = (sum_ or {}).get(name or "-", NONE)
    return parameters


def _read(area: Area, extract: Extract) -> dict[str, object]:
    """Where the price's dimensions are: in places of their own, or among the texts of the rest."""
    places, texts = read_dimensions(area, extract)
    return {"read_places": list(places), "read_texts": texts}


def read_dimensions(area: Area, extract: Extract) -> tuple[dict[int, str], list[str]]:
    """Of the dimensions that the price reads, those with a place, by it, and all others."""
    promoted = dict(enumerate(extract.promoted_keys, start=1))
    places = {place: name for place, name in promoted.items() if name in area.names}
    return places, [name for name in area.names if name not in extract.promoted_keys]
