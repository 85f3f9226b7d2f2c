"""What a quantity costs: a flat fee, so much per unit, or units in tiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from data.credits.amounts import PRECISION
from data.credits.money import NOTHING


class TiersMode(StrEnum):
    GRADUATED = "GRADUATED"
    VOLUME = "VOLUME"


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to`, which is None for the last; `flat_price` for entering."""

    unit_price: Decimal
    up_to: Decimal | None = None
    flat_price: Decimal = NOTHING


def per_unit(quantity: Decimal, unit_price: Decimal) -> Decimal:
    return PRECISION.multiply(quantity, unit_price)


def tiered(quantity: Decimal, tiers: Sequence[Tier], mode: TiersMode) -> Decimal:
    """VOLUME: every unit at the price of the tier that the quantity reaches.

    GRADUATED: each unit at the price of its own tier. Nothing costs nothing.
    """
    total, below = NOTHING, NOTHING
    for tier in tiers:
        if quantity <= below:
            break
        is_last = tier.up_to is None or quantity <= tier.up_to
        if mode is TiersMode.VOLUME and is_last:
            return per_unit(quantity, tier.unit_price) + tier.flat_price
        if mode is TiersMode.GRADUATED:
            inside = quantity if tier.up_to is None else min(quantity, tier.up_to)
            total += per_unit(inside - below, tier.unit_price) + tier.flat_price
        below = quantity if tier.up_to is None else tier.up_to
    return total
