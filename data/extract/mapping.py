"""The mapping: which columns of an event file are what of an event, read from one JSON file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from data.credits.dimensions import KEY
from data.extract.errors import MappingError

ALL = "*"
REQUIRED = ("customer", "time")
FIELDS = ("event_id", *REQUIRED, "resource", "feature", "event_name", "value", "plan")
ENTRIES = (*FIELDS, "dimensions")
FORMS = '{"column": "<name>"} or {"constant": <string, number or boolean>}'

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value comes from: a column of the file, or the same constant for every row."""

    column: str | None = None
    constant: str | int | bool | Decimal | None = None

    def of(self, row: Row) -> object:
        """The value in that row; None where the row has none or an empty text."""
        found = self.constant if self.column is None else row.get(self.column)
        return None if found == "" else found


NOTHING = Field()


@dataclass(frozen=True, slots=True)
class EventMapping:
    """How a row becomes an event. Either `feature` and `value`, or `event_name`, is given.

    Without an `event_id` the file's name and the row's number make one. `dimensions` holds single
    keys; `all_dimensions` is an object with any number of them, over which single keys win.
    """

    customer: Field
    time: Field
    event_id: Field = NOTHING
    resource: Field = NOTHING
    feature: Field = NOTHING
    value: Field = NOTHING
    event_name: Field = NOTHING
    plan: Field = NOTHING
    dimensions: Mapping[str, Field] = field(default_factory=dict)
    all_dimensions: Field = NOTHING

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the mapping reads."""
        return self._texts | self.object_columns

    @property
    def object_columns(self) -> frozenset[str]:
        """The column of the object with any dimensions, if it is read as nothing else."""
        column = self.all_dimensions.column
        return frozenset() if column is None else frozenset([column]) - self._texts

    @property
    def _texts(self) -> frozenset[str]:
        fields = [getattr(self, name) for name in FIELDS] + [*self.dimensions.values()]
        return frozenset(each.column for each in fields if each.column is not None)


def read_mapping(path: Path) -> EventMapping:
    """The mapping in a JSON file; raises MappingError with the entry that is wrong."""
    try:
        document = json.loads(path.read_bytes(), parse_float=Decimal)
    except OSError as error:
        raise MappingError(f"The mapping {path} cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise MappingError(f"{path}, line {error.lineno}: {error.msg}.") from None
    except ValueError:
        raise MappingError(f"{path} is not JSON in UTF-8.") from None
    try:
        return parse_mapping(document)
    except MappingError as error:
        raise MappingError(f"{path}: {error}") from None


def parse_mapping(document: object) -> EventMapping:
    """The mapping that a JSON document describes (README.md has its form)."""
    if not isinstance(document, dict):
        raise MappingError("A mapping is an object with the entries " + ", ".join(ENTRIES) + ".")
    for name in document:
        if name not in ENTRIES:
            raise MappingError(f"There is no entry {name!r}: known are {', '.join(ENTRIES)}.")
    for name in REQUIRED:
        if name not in document:
            raise MappingError(f"The entry {name!r} is missing: give it {FORMS}.")
    _check_measure(document)
    fields = {name: _field(name, document[name]) for name in FIELDS if name in document}
    dimensions = _dimensions(document.get("dimensions", {}))
    every = dimensions.pop(ALL, NOTHING)
    return EventMapping(**fields, dimensions=dimensions, all_dimensions=every)


def _check_measure(document: Mapping[str, object]) -> None:
    if ("feature" in document) == ("event_name" in document):
        raise MappingError(
            "Give either 'feature' and 'value', or 'event_name', from which the meters of the "
            "catalogue make both."
        )
    if "feature" in document and "value" not in document:
        raise MappingError(
            "A 'feature' needs a 'value', the units used: a column, or {\"constant\": 1}."
        )
    if "event_name" in document and "value" in document:
        raise MappingError(
            "Beside an 'event_name' there is no 'value': the meters of the catalogue decide it."
        )


def _field(name: str, given: object) -> Field:
    match given:
        case {"column": str(column), **others} if column and not others:
            return Field(column=column)
        case {"constant": str() | int() | Decimal() as constant, **others} if not others:
            if constant != "":
                return Field(constant=constant)
    shown = json.dumps(given, default=str)
    raise MappingError(f"The entry {name!r} is {shown}: give it {FORMS}.")


def _dimensions(given: object) -> dict[str, Field]:
    if not isinstance(given, dict):
        raise MappingError(
            "The entry 'dimensions' is an object: each key with a column or a constant, and "
            f"{ALL!r} with a column that holds an object of them."
        )
    for key in given:
        if key != ALL and not KEY.fullmatch(key):
            raise MappingError(
                f"The dimension key {key!r} is not allowed: letters, digits, _, $ and - are."
            )
    fields = {key: _field(f"dimensions.{key}", field) for key, field in given.items()}
    if ALL in fields and fields[ALL].column is None:
        raise MappingError(f"The entry 'dimensions.{ALL}' needs a column that holds an object.")
    return fields
