"""Reporting: raw events, and the customer they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import simplejson

from queries.command import Command, Role, new_key
from queries.documents import document
from queries.question import QuestionError, check_customer, check_id
from queries.reports.checks import (
    LARGEST_EVENT,
    LONGEST_TEXT,
    Dimensions,
    check_dimensions,
    check_text,
    check_time,
    named,
)

LARGEST_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """A raw event.

    Its time is never left to the API: it is part of what makes a repeat a repeat, so that an event
    without one might count at every retry.
    """

    customer_id: str
    event_name: str
    idempotency_key: str
    timestamp: datetime
    dimensions: Dimensions = ()
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_text("An event name", self.event_name)
        check_text("An idempotency key", self.idempotency_key)
        check_time(self.timestamp)
        check_id("resource", self.resource_id)
        check_dimensions(self.dimensions)
        sent = simplejson.dumps(dict(self.dimensions), use_decimal=True)
        if len(sent.encode()) > LARGEST_EVENT - 4 * LONGEST_TEXT:
            raise QuestionError(
                f"The dimensions have {len(sent.encode()):,} bytes: an event has at most "
                f"{LARGEST_EVENT:,}."
            )

    @property
    def at(self) -> datetime:
        return self.timestamp

    @property
    def identity(self) -> tuple[str | datetime | None, ...]:
        """Of two events with the same one, the API counts the first."""
        return (
            self.customer_id, self.resource_id, self.event_name, self.idempotency_key,
            self.timestamp,
        )  # fmt: skip

    def wire(self) -> dict[str, Any]:
        return {
            "customerId": self.customer_id,
            "eventName": self.event_name,
            "idempotencyKey": self.idempotency_key,
            "timestamp": self.timestamp,
            "dimensions": dict(self.dimensions),
            "resourceId": self.resource_id,
        }


@dataclass(frozen=True, slots=True)
class ReportEvents(Command):
    """Report a batch of 1 to 1000 events; sending it again counts nothing twice."""

    name: ClassVar[str] = "report events"
    is_keyed: ClassVar[bool] = True

    events: tuple[Event, ...]
    key: str = field(default_factory=new_key)

    def __post_init__(self) -> None:
        if not 1 <= len(self.events) <= LARGEST_BATCH:
            raise QuestionError(
                f"A batch holds 1 to {LARGEST_BATCH} events, not {len(self.events)}."
            )

    @property
    def needs(self) -> Role:
        return Role.SUPPORT

    @property
    def document(self) -> str:
        return document("reports/report_events.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"events": {"usageEvents": [event.wire() for event in self.events]}}

    @property
    def summary(self) -> str:
        if len(self.events) == 1:
            return f"report an event {self.events[0].event_name} of {self.events[0].customer_id}"
        names = [event.event_name for event in self.events]
        return f"report {named(len(names), 'event', names)}"

    @property
    def customer(self) -> str | None:
        customers = {event.customer_id for event in self.events}
        return customers.pop() if len(customers) == 1 else None

    @property
    def given(self) -> Mapping[str, Any]:
        """The first and the last stand for a batch, which would fill the record."""
        first, last = self.events[0], self.events[-1]
        return {"events": len(self.events), "first": first.wire(), "last": last.wire()}


@dataclass(frozen=True, slots=True)
class ProvisionCustomer(Command):
    """Add a customer with a subscription, or keep the one there is."""

    name: ClassVar[str] = "provision a customer"
    is_keyed: ClassVar[bool] = True

    customer_id: str
    display_name: str
    plan_id: str
    key: str = field(default_factory=new_key)

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("plan", self.plan_id)

    @property
    def needs(self) -> Role:
        return Role.SUPPORT

    @property
    def document(self) -> str:
        return document("reports/provision_customer.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        plan = {"planId": self.plan_id}
        return {
            "input": {
                "customerId": self.customer_id,
                "name": self.display_name,
                "subscriptionParams": plan,
            }
        }

    @property
    def summary(self) -> str:
        return f"provision customer {self.customer_id}"

    @property
    def customer(self) -> str:
        return self.customer_id

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "customer_id": self.customer_id,
            "name": self.display_name,
            "plan_id": self.plan_id,
        }
