"""Measurements: usage that the application has calculated itself, one by one or many at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from data.credits.amounts import to_units
from queries.command import Command, Role, new_key
from queries.documents import document
from queries.question import QuestionError, check_customer, check_id
from queries.reports.checks import (
    Dimensions,
    check_dimensions,
    check_text,
    check_time,
    check_value,
    named,
)

LARGEST_BULK = 100


class UpdateBehavior(StrEnum):
    """DELTA is added to the usage so far; SET is the usage from now on."""

    DELTA = "DELTA"
    SET = "SET"


@dataclass(frozen=True, slots=True)
class Measurement:
    """`created_at` None is the moment at which the API takes it.

    The key makes a retry harmless, that of a SET above all: dropped as a repeat, it cannot put the
    usage back to what it was before others reported more.
    """

    customer_id: str
    feature_id: str
    value: Decimal
    idempotency_key: str
    update_behavior: str = UpdateBehavior.DELTA
    resource_id: str | None = None
    created_at: datetime | None = None
    dimensions: Dimensions = ()

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("feature", self.feature_id)
        check_id("resource", self.resource_id)
        check_value(self.value)
        check_behavior(self.update_behavior)
        check_text("An idempotency key", self.idempotency_key)
        if self.created_at is not None:
            check_time(self.created_at)
        check_dimensions(self.dimensions)

    @property
    def at(self) -> datetime | None:
        return self.created_at

    @property
    def units(self) -> Decimal:
        """The value as it is counted: rounded half away from zero to 5 decimals."""
        return to_units(self.value)

    @property
    def is_set(self) -> bool:
        return self.update_behavior == UpdateBehavior.SET

    @property
    def identity(self) -> tuple[str | None, ...]:
        """Of two measurements with the same one, the API counts the first."""
        return (self.customer_id, self.resource_id, self.feature_id, self.idempotency_key)

    def wire(self) -> dict[str, Any]:
        given = {
            "customerId": self.customer_id,
            "featureId": self.feature_id,
            "value": self.units,
            "updateBehavior": str(self.update_behavior),
            "idempotencyKey": self.idempotency_key,
            "resourceId": self.resource_id,
            "createdAt": self.created_at,
            "dimensions": dict(self.dimensions) or None,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ReportUsage(Command):
    """Report one measurement; sent again, it is counted once."""

    name: ClassVar[str] = "report usage"
    is_keyed: ClassVar[bool] = True

    measurement: Measurement
    key: str = field(default_factory=new_key)

    @property
    def needs(self) -> Role:
        return Role.SUPPORT

    @property
    def document(self) -> str:
        return document("reports/report_usage.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"input": self.measurement.wire()}

    @property
    def summary(self) -> str:
        measured = self.measurement
        amount = f"{measured.units.normalize():,f}".replace("-", "−")
        if measured.is_set:
            return f"set the usage of {measured.feature_id} to {amount} for {measured.customer_id}"
        return f"report {amount} of {measured.feature_id} for {measured.customer_id}"

    @property
    def customer(self) -> str:
        return self.measurement.customer_id

    @property
    def given(self) -> Mapping[str, Any]:
        return self.measurement.wire()


@dataclass(frozen=True, slots=True)
class ReportUsageBulk(Command):
    """Report 1 to 100 measurements, all or none; sent again, each is counted once."""

    name: ClassVar[str] = "report usage in bulk"
    is_keyed: ClassVar[bool] = True

    measurements: tuple[Measurement, ...]
    key: str = field(default_factory=new_key)

    def __post_init__(self) -> None:
        if not 1 <= len(self.measurements) <= LARGEST_BULK:
            raise QuestionError(
                f"A bulk holds 1 to {LARGEST_BULK} measurements, not {len(self.measurements)}."
            )

    @property
    def needs(self) -> Role:
        return Role.SUPPORT

    @property
    def document(self) -> str:
        return document("reports/report_usage_bulk.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"input": {"usages": [one.wire() for one in self.measurements]}}

    @property
    def summary(self) -> str:
        features = [one.feature_id for one in self.measurements]
        return f"report {named(len(features), 'measurement', features)}"

    @property
    def customer(self) -> str | None:
        customers = {one.customer_id for one in self.measurements}
        return customers.pop() if len(customers) == 1 else None

    @property
    def given(self) -> Mapping[str, Any]:
        """The first and the last stand for a bulk, which would fill the record."""
        first, last = self.measurements[0], self.measurements[-1]
        return {
            "measurements": len(self.measurements),
            "first": first.wire(),
            "last": last.wire(),
        }


def check_behavior(text: str) -> None:
    if text not in UpdateBehavior.__members__:
        raise QuestionError(
            f"{text!r} is no update behavior: DELTA adds to the usage, SET replaces it."
        )
