"""What an API can take in a report, each rule with its sentence."""

from collections import Counter
from datetime import datetime
from decimal import Decimal

from data.credits.amounts import AmountError, to_units
from data.credits.dimensions import KEY
from queries.files import MOST_DIGITS
from queries.question import QuestionError
from queries.time import EARLIEST, LATEST

LONGEST_TEXT = 255
LARGEST_EVENT = 2**20
"""Bytes."""

DimensionValue = str | int | float | bool | Decimal
Dimensions = tuple[tuple[str, DimensionValue], ...]
"""(key, value) pairs, numbers as numbers."""


def check_text(what: str, text: str) -> None:
    if not text.strip():
        raise QuestionError(f"{what} is missing.")
    if len(text) > LONGEST_TEXT or not text.isprintable() or text != text.strip():
        raise QuestionError(
            f"{text[:60]!r} cannot be {what[0].lower()}{what[1:]}: 1 to {LONGEST_TEXT} printable "
            "characters are allowed, without spaces around them."
        )


def check_value(value: Decimal) -> None:
    """Raises QuestionError where it is no usage value that the API can hold."""
    try:
        to_units(value)
    except AmountError as error:
        raise QuestionError(str(error)) from None


def check_time(at: datetime) -> None:
    """Times are naive UTC: one with a zone would go over the wire with two."""
    if at.tzinfo is not None or not EARLIEST <= at < LATEST:
        raise QuestionError(
            f"{at} is out of range: a time is UTC, from {EARLIEST.year} to {LATEST.year - 1}."
        )


def check_dimensions(dimensions: Dimensions) -> None:
    """A flat map of keys to texts, numbers and booleans."""
    for key, count in Counter(key for key, _ in dimensions).items():
        if not KEY.fullmatch(key):
            raise QuestionError(
                f"{key!r} cannot be a dimension: letters, digits and _ $ - are allowed."
            )
        if count > 1:
            raise QuestionError(f"The dimension {key!r} is there twice.")
    for key, value in dimensions:
        if not isinstance(value, DimensionValue):
            raise QuestionError(
                f"The dimension {key!r} is a {type(value).__name__}: texts, numbers, true and "
                "false are allowed."
            )
        if isinstance(value, int | float | Decimal) and not _can_be_written(value):
            raise QuestionError(
                f"The dimension {key!r} is no finite number of up to {MOST_DIGITS} digits."
            )


def _can_be_written(number: int | float | Decimal) -> bool:
    exact = Decimal(number)
    return exact.is_finite() and abs(exact.adjusted()) <= MOST_DIGITS
