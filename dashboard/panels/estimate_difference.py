"""By how much an estimate is more than the first, or why that is not told."""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from dashboard.panels.estimates_shown import Estimated, Offer
from dashboard.panels.plan_words import ADVERBS
from queries.estimates.invoice import Item, Part, difference

AGAINST: Mapping[Part, Part] = {Part.NEXT: Part.PERIOD, Part.AFTER: Part.PERIOD}
"""What holds for every period of the first is compared with the next, and with those after."""


def more(shown: Estimated, first: Estimated, part: Part, item: Item, unit: str) -> Decimal | None:
    """None where there are not two amounts of the same unit, billing period and part."""
    if shown.billing_period != first.billing_period:
        return None
    theirs, mine = (one.rows.filter(unit=unit) for one in (first, shown))
    if part in AGAINST and part not in theirs["part"]:
        theirs = theirs.filter(part=AGAINST[part]).with_columns(pl.lit(part).alias("part"))
    return difference(theirs, mine, part, item)


def why_none(shown: Estimated, first: Estimated, offer: Offer) -> str | None:
    """A sentence where some difference to the first is not told."""
    theirs, mine = _units(first, offer), _units(shown, offer)
    lacking = " and ".join(unit for unit in mine if unit not in theirs)
    if lacking:
        that = f"is in {' and '.join(theirs)}" if theirs else "takes no credits"
        return f"No difference in {lacking}: the first {that}."
    if shown.billing_period != first.billing_period:
        return f"No difference: the first is billed {_how(first)}, this {_how(shown)}."
    if Part.PERIOD in shown.rows["part"] and Part.NEXT in first.rows["part"]:
        return "No difference of every period: the discount of the first ends."
    return None


def _how(shown: Estimated) -> str:
    return ADVERBS.get(shown.billing_period or "", "by a period that is not told")


def _units(shown: Estimated, offer: Offer) -> list[str]:
    units = shown.rows["unit"].drop_nulls().unique(maintain_order=True)
    return [offer.units.get(unit, (unit, ""))[0] for unit in units]
