"""What an API can take in a report, each rule with its sentence."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from data.credits.amounts import AmountError, to_units
from data.credits.dimensions import KEY
from queries.files import MOST_DIGITS
from queries.grants.order import WHEN
from queries.question import QuestionError
from queries.time import EARLIEST, LATEST

LONGEST_TEXT = 255
AHEAD = timedelta(minutes=5)
"""By so much another clock may be ahead of this one."""
EARLIEST_LIKELY = 2000
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


def unlikely(at: datetime | None, now: datetime) -> str:
    """What is odd about a time that the API takes all the same, as a sentence; else empty."""
    if at is not None and at > now + AHEAD:
        return f"{at:{WHEN}} is in the future."
    if at is not None and at.year < EARLIEST_LIKELY:
        return f"{at:{WHEN}} is before {EARLIEST_LIKELY}."
    return ""


def named(count: int, what: str, kinds: Sequence[str]) -> str:
    """1,000 events of llm_request and 2 other kinds."""
    first, others = kinds[0], len(set(kinds)) - 1
    rest = f" and {others:,} other kind{'' if others == 1 else 's'}" if others else ""
    return f"{count:,} {what}{'' if count == 1 else 's'} of {first}{rest}"


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
