"""One event, read out of a row of a file by the mapping: texts, a time in UTC, dimensions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache

from data.credits.dimensions import KEY, dimension_text
from data.extract.event_files import json_value
from data.extract.mapping import NOTHING, EventMapping, Field, Row

LARGEST_EXPONENT = 308


class RowError(ValueError):
    """A row that is no usage; the message is its reason in the file of rejects."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as reported; `occurred_at` is naive UTC, `value` as the file has it."""

    event_id: str
    customer_id: str
    resource_id: str | None
    occurred_at: datetime
    event_name: str | None
    feature_id: str | None
    value: object
    plan_id: str | None
    dimensions: Mapping[str, str]


def read_event(mapping: EventMapping, row: Row, made_id: str) -> Event:
    """The event in a row, or RowError. `made_id` is its id if the mapping names none."""
    is_id_made = mapping.event_id is NOTHING
    is_named = mapping.event_name is not NOTHING
    return Event(
        event_id=made_id if is_id_made else _required(mapping.event_id, row, "event id"),
        customer_id=_required(mapping.customer, row, "customer"),
        resource_id=_text(mapping.resource, row, "resource"),
        occurred_at=utc(mapping.time.of(row)),
        event_name=_required(mapping.event_name, row, "event name") if is_named else None,
        feature_id=None if is_named else _required(mapping.feature, row, "feature"),
        value=mapping.value.of(row),
        plan_id=_text(mapping.plan, row, "plan"),
        dimensions=_dimensions(mapping, row),
    )


def utc(value: object) -> datetime:
    """A time as naive UTC microseconds: ISO 8601, with a zone or in UTC; more digits are cut."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise RowError(f"the time {value!r} is not ISO 8601") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    if not isinstance(value, datetime):
        raise RowError("the row has no time" if value is None else f"{value!r} is not a time")
    if value.tzinfo is None:
        return value
    try:
        return value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise RowError(f"the time {value} is out of range") from None


def _required(field: Field, row: Row, what: str) -> str:
    found = _text(field, row, what)
    if found is None:
        raise RowError(f"the row has no {what}")
    return found


def _text(field: Field, row: Row, what: str) -> str | None:
    value = field.of(row)
    return None if value is None else _value_text(value, what)


def _dimensions(mapping: EventMapping, row: Row) -> dict[str, str]:
    texts = {}
    for key, value in _object(mapping.all_dimensions.of(row)).items():
        if value is not None:
            texts[_allowed(key)] = _value_text(value, key)
    for key, field in mapping.dimensions.items():
        value = field.of(row)
        if value is not None:
            texts[key] = _value_text(value, key)
    return texts


def _object(value: object) -> Mapping[str, object]:
    """The object that holds all dimensions, or is written as JSON in a text."""
    if isinstance(value, str):
        try:
            value = json_value(value)
        except ValueError as error:
            raise RowError(f"the dimensions are no JSON: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RowError(f"the dimensions are {value!r}, not an object")
    return value


@lru_cache(maxsize=4096)
def _allowed(key: str) -> str:
    if not KEY.fullmatch(key):
        raise RowError(f"the dimension key {key!r} is not allowed: letters, digits, _, $ and - are")
    return key


def _value_text(value: object, name: str) -> str:
    """The one text of a string, number or boolean, which can be stored as UTF-8."""
    if isinstance(value, str):
        return value if value.isascii() else _whole(value, name)
    if isinstance(value, Decimal | float) and not _is_bearable(value):
        raise RowError(f"{name!r} is {value}, which is out of range")
    if isinstance(value, bool | int | float | Decimal):
        return dimension_text(value)
    raise RowError(f"{name!r} is {value!r}, not a string, number or boolean")


def _whole(text: str, name: str) -> str:
    """JSON can write half of a surrogate pair, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RowError(f"{name!r} holds half a character: {text!r}") from None
    return text


def _is_bearable(value: Decimal | float) -> bool:
    """Whether the number is finite and written out has not thousands of digits."""
    number = Decimal(value)
    return number.is_finite() and abs(number.adjusted()) <= LARGEST_EXPONENT
