"""A new price for usage, as it is written in a cell: "x2", "+20 %", "0.05", or a formula."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from data.credits.rates import FormulaError, formula
from queries.question import QuestionError

NONE, ONE, HUNDRED = Decimal(0), Decimal(1), Decimal(100)
MOST_TIMES, MOST_PER_UNIT = Decimal(1000), Decimal(10) ** 6
STEP = Decimal("0.000001")
NUMBER = r"(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})"
TIMES = re.compile(rf"[x×*]\s*{NUMBER}|{NUMBER}\s*[x×]", re.IGNORECASE)
PERCENT = re.compile(rf"([+\-−])\s*{NUMBER}\s*%")
PER_UNIT = re.compile(NUMBER)
ACCEPTED = (
    "Write x2 for twice the charge, +20 % or -15 % for that much more or less, 0.05 for credits "
    "a unit, or a formula of dimensions such as 0.002*input_tokens."
)


@dataclass(frozen=True, slots=True)
class Price:
    """What an event costs: so many times its charge, so much a unit, or by a formula."""

    per_credit: Decimal = NONE
    per_unit: Decimal = NONE
    formula: str | None = None


@lru_cache(maxsize=512)
def read_price(text: str) -> Price:
    """The price that a text means; QuestionError with what would be accepted."""
    text = text.strip()
    if not text:
        raise QuestionError(f"Say what it costs. {ACCEPTED}")
    if found := TIMES.fullmatch(text):
        return Price(per_credit=_times(Decimal(found[1] or found[2]), text))
    if found := PERCENT.fullmatch(text):
        share = Decimal(found[2]) / HUNDRED
        return Price(per_credit=_times(ONE + share if found[1] == "+" else ONE - share, text))
    if PER_UNIT.fullmatch(text):
        return Price(per_unit=_bounded(Decimal(text), MOST_PER_UNIT, "credits a unit", text))
    try:
        formula(text)
    except FormulaError as error:
        raise QuestionError(f"{error} {ACCEPTED}") from None
    return Price(formula=text)


def _times(number: Decimal, text: str) -> Decimal:
    if number < 0:
        raise QuestionError(f"{text} is less than nothing: -100 % makes it free.")
    return _bounded(number, MOST_TIMES, "times the charge", text)


def _bounded(number: Decimal, most: Decimal, what: str, text: str) -> Decimal:
    if number >= most or number % STEP:
        raise QuestionError(
            f"{text} cannot be applied: {what} are below {most:,} and have up to 6 decimals."
        )
    return number
