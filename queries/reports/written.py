"""Reports as people write them: the texts of a form, or of a row of a file."""

from collections.abc import Callable
from decimal import Decimal

from queries.files import read_json
from queries.question import QuestionError, check_customer, check_id
from queries.reports import Event
from queries.reports.checks import (
    Dimensions,
    DimensionValue,
    check_dimensions,
    check_text,
    check_value,
)
from queries.reports.measurements import Measurement, UpdateBehavior, check_behavior
from queries.written import Cells, Problem, Readers, plain_number, read_cells, utc_time

LARGEST_WHOLE = 10**15
"""Below it a whole number of a dimension is sent as one."""


def read_measurement(cells: Cells) -> tuple[Measurement | None, tuple[Problem, ...]]:
    """(the measurement, or None; everything that is wrong with the texts)."""
    read, problems = read_cells(cells, MEASURED, MEASUREMENT, DEFAULTS)
    if problems:
        return None, problems
    try:
        return Measurement(**read), ()
    except QuestionError as error:
        return None, (Problem("", str(error)),)


def read_event(cells: Cells) -> tuple[Event | None, tuple[Problem, ...]]:
    """(the event, or None; everything that is wrong with the texts)."""
    read, problems = read_cells(cells, HAPPENED, EVENT, DEFAULTS)
    if problems:
        return None, problems
    try:
        return Event(**read), ()
    except QuestionError as error:
        return None, (Problem("", str(error)),)


def dimensions(text: str) -> Dimensions:
    """A JSON object of texts, numbers and booleans; numbers stay numbers, nulls are left out."""
    try:
        given = read_json(text)
    except QuestionError as error:
        raise QuestionError(f"{error} {EXAMPLE}") from None
    if not isinstance(given, dict):
        raise QuestionError(f"{text[:60]!r} is no JSON object. {EXAMPLE}")
    named = tuple((key, _value(value)) for key, value in given.items() if value is not None)
    check_dimensions(named)
    return named


EXAMPLE = 'Dimensions are written as {"model": "gemini", "tokens": 1200, "cached": false}.'


def _value(value: object) -> DimensionValue:
    """What is no dimension passes as it is: the check names it."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value) if abs(value) < LARGEST_WHOLE else value
    return value  # type: ignore[return-value]  # check_dimensions refuses any other type


def _checked(check: Callable[[str], None]) -> Callable[[str], str]:
    def read(text: str) -> str:
        check(text)
        return text

    return read


def _id(kind: str) -> Callable[[str], str]:
    return _checked(lambda text: check_id(kind, text))


def _named(what: str) -> Callable[[str], str]:
    return _checked(lambda text: check_text(what, text))


def _units(text: str) -> Decimal:
    value = plain_number(text)
    check_value(value)
    return value


def _behavior(text: str) -> str:
    check_behavior(text.upper())
    return text.upper()


MEASURED = {
    "customer_id": "A customer id",
    "feature_id": "A feature",
    "value": "A value",
    "idempotency_key": "An idempotency key",
}
"""column → what is missing where its text is empty"""
HAPPENED = {
    "customer_id": "A customer id",
    "event_name": "An event name",
    "idempotency_key": "An idempotency key",
    "timestamp": "A timestamp, which is part of what makes a repeat a repeat,",
}
MEASUREMENT: Readers = {
    "customer_id": _checked(check_customer),
    "feature_id": _id("feature"),
    "value": _units,
    "update_behavior": _behavior,
    "resource_id": _id("resource"),
    "created_at": utc_time,
    "dimensions": dimensions,
    "idempotency_key": _named("An idempotency key"),
}
EVENT: Readers = {
    "customer_id": _checked(check_customer),
    "event_name": _named("An event name"),
    "timestamp": utc_time,
    "resource_id": _id("resource"),
    "dimensions": dimensions,
    "idempotency_key": _named("An idempotency key"),
}
DEFAULTS: dict[str, object] = {"dimensions": (), "update_behavior": UpdateBehavior.DELTA}
