"""Exact amounts: credits to 6 decimals, measured units to 5."""

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

PRECISION = Context(prec=60, rounding=ROUND_HALF_UP)
CREDIT_STEP = Decimal("0.000001")
UNIT_STEP = Decimal("0.00001")
WHOLE_UNITS_LIMIT = 2**53 - 1
FRACTIONAL_UNITS_LIMIT = 2**35
CREDITS_LIMIT = Decimal(10) ** 12

Number = Decimal | int | float | str


class AmountError(ValueError):
    """A number that cannot be an amount; the message is the sentence a user reads."""


def decimal(value: Number) -> Decimal:
    """The decimal that `value` is written as: a float counts as its shortest text, 0.1 as 0.1."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise AmountError(f"{value!r} is not a number.") from None
    if not number.is_finite():
        raise AmountError(f"{value!r} is not a finite number.")
    return number


def to_credits(value: Number) -> Decimal:
    """`value` rounded half away from zero to 6 decimals, below 10^12 as DECIMAL(18,6) holds it."""
    number = decimal(value)
    if number.copy_abs() < CREDITS_LIMIT:
        rounded = number.quantize(CREDIT_STEP, context=PRECISION)
        if rounded.copy_abs() < CREDITS_LIMIT:
            return rounded
    raise AmountError(f"{value} credits are too many: an amount stays below 10^12.")


def to_units(value: Number) -> Decimal:
    """A usage value as the metering API keeps it: rounded half away from zero to 5 decimals.

    Whole numbers reach to 2^53 - 1, fractions stay below 2^35 (contract, section 2.1).
    """
    number = decimal(value)
    if number.copy_abs() > WHOLE_UNITS_LIMIT:
        raise AmountError(f"{value} is out of range: a usage value reaches to ±(2^53 − 1).")
    rounded = number.quantize(UNIT_STEP, context=PRECISION)
    if rounded != rounded.to_integral_value() and abs(rounded) >= FRACTIONAL_UNITS_LIMIT:
        raise AmountError(f"{value} is out of range: a fractional usage value stays below 2^35.")
    return rounded
