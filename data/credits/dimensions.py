"""Dimensions of an event: the keys that are allowed and the one text form of a value."""

import re
from decimal import Decimal

from data.credits.amounts import PRECISION

KEY = re.compile(r"[a-zA-Z0-9_$-]+")

DimensionValue = str | int | float | bool | Decimal


def dimension_text(value: DimensionValue) -> str:
    """The text a value is grouped under: `true`, `3` for 3.0, `0.5`, or the string itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        if number.is_zero():
            return "0"  # not -0
        whole = number == number.to_integral_value()
        return f"{number.to_integral_value() if whole else number.normalize(PRECISION):f}"
    return value
