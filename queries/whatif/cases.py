"""The cases of a formula: what it charges for all the values that its dimensions may have."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from math import prod

from data.credits.amounts import AmountError
from data.credits.rates import Rate
from data.extract.duckdb import Extract
from queries.whatif.areas import Area
from queries.whatif.events import MOST_NAMES
from queries.whatif.prices import NONE

MOST_CASES = 200_000
"""A second's work; of more, mostly few occur."""


def cases_of(area: Area, extract: Extract) -> dict[str, object] | None:
    """What cases.sql takes beside the area; None where there are too many, or any is a text."""
    sizes = [extract.key_sizes[name] for name in area.names if name in extract.promoted_keys]
    if len(sizes) < len(area.names) or len(sizes) > MOST_NAMES or prod(sizes) > MOST_CASES:
        return None
    padded = [*sizes, *[1] * (MOST_NAMES - len(sizes))]
    return {
        "charges": list(_charges(area, extract)),
        **{f"size_{place}": size for place, size in enumerate(padded, start=1)},
    }


def _charges(area: Area, extract: Extract) -> Iterator[Decimal | None]:
    """A charge for each case, in the order of their numbers; None of one out of range."""
    rate = Rate("", "", cost_formula=area.price.formula)
    held = []
    for name in area.names:
        values = dict(extract.values(name).select("code", "value").iter_rows())
        held.append([values.get(code) for code in range(extract.key_sizes[name])])
    for texts in product(*held):
        dimensions = {name: text for name, text in zip(area.names, texts, strict=True) if text}
        try:
            yield rate.charge(NONE, dimensions)
        except AmountError:
            yield None
