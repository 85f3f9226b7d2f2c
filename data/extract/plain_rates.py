"""What plain rows cost, as SQL: a flat rate, or a formula that is a sum of dimensions."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

from data.credits.amounts import CREDIT_STEP, UNIT_STEP
from data.credits.rates import Rate, linear
from data.extract.mapping import EventMapping
from data.extract.plain_rows import dimension_of

NUMBER = "-?[0-9]{1,9}([.][0-9]{1,6})?"
LONGEST_SUM = 6
LARGEST = Decimal(10) ** 9
STEP = Decimal("0.000000001")
SHORT = 1000
LONGEST_PRODUCT = Decimal(9 * 10**6)
"""With 11 decimals it has 18 digits."""


def is_simple(rate: Rate) -> bool:
    """Whether the SQL of `credits` says what Rate.charge does."""
    if not rate.cost_formula:
        return _is_short(rate.amount)
    parts = linear(rate.cost_formula)
    return parts is not None and len(parts) <= LONGEST_SUM and all(map(_is_short, parts.values()))


def credits_of(rates: Sequence[Rate], mapping: EventMapping) -> str:
    """The SQL of a plain row's credits, null where Python must say; `tariff` is a place in rates.

    Products have at most 15 + 18 digits and 15 decimals, so no sum of LONGEST_SUM overflows. One
    factor is wider than 18 digits, else DuckDB holds the product to 18.
    """
    cases = [
        f"when {place} then {_sum(linear(rate.cost_formula) or {}, mapping)}"
        for place, rate in enumerate(rates)
        if rate.cost_formula
    ]
    wide = "cast(units as decimal(20, 5)) * amount"
    charge = f"case tariff {' '.join(cases)} else {wide} end" if cases else wide
    return (
        # In 64 bits where the product has room there: that is three times as fast.
        "case when units between -most_units and most_units"
        " then cast(round(units * short_amount, 6) as decimal(18, 6))"
        f" else try_cast(round(cast({charge} as decimal(38, 15)), 6) as decimal(18, 6)) end"
    )


def short_amount(rate: Rate) -> tuple[Decimal, Decimal] | None:
    """A flat rate's amount as decimal(9, 6), and the units up to which it is charged in 64 bits."""
    amount = rate.amount
    if rate.cost_formula or amount >= SHORT or amount != amount.quantize(CREDIT_STEP):
        return None
    most = min(LONGEST_PRODUCT / max(amount, CREDIT_STEP), LARGEST - 1)
    return amount, most.quantize(UNIT_STEP, ROUND_FLOOR)


def _sum(parts: Mapping[str, Decimal], mapping: EventMapping) -> str:
    numbers = {
        name: _number(dimension_of(mapping, name)) if name else "1::decimal(20, 6)"
        for name in parts
    }
    terms = [
        f"cast({numbers[name]} * {_literal(factor)} as decimal(38, 15))"
        for name, factor in parts.items()
    ]
    return " + ".join(terms) or "0"


def _number(text: str) -> str:
    return (
        f"case when {text} is null then 0::decimal(20, 6)"
        f" when regexp_full_match({text}, '{NUMBER}') then cast({text} as decimal(20, 6)) end"
    )


def _literal(number: Decimal) -> str:
    return f"cast('{number:f}' as decimal(18, 9))"


def _is_short(number: Decimal) -> bool:
    return abs(number) < LARGEST and number == number.quantize(STEP)
