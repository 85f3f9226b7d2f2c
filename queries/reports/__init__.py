"""Reporting: raw events, and the customer they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from queries.documents import document
from queries.perform import Role
from queries.question import QuestionError, check_customer, check_id

LARGEST_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """A raw event; `dimensions` are (key, value) pairs, numbers as numbers."""

    customer_id: str
    event_name: str
    idempotency_key: str
    timestamp: datetime
    dimensions: tuple[tuple[str, str | int | float | bool], ...] = ()
    resource_id: str | None = None

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
class ReportEvents:
    """Report a batch of 1 to 1000 events; sending it again counts nothing twice."""

    events: tuple[Event, ...]
    needs: Role = Role.SUPPORT
    is_keyed: bool = True

    def __post_init__(self) -> None:
        if not 1 <= len(self.events) <= LARGEST_BATCH:
            raise QuestionError(
                f"A batch holds 1 to {LARGEST_BATCH} events, not {len(self.events)}."
            )

    @property
    def document(self) -> str:
        return document("reports/report_events.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"events": {"usageEvents": [event.wire() for event in self.events]}}

    @property
    def summary(self) -> str:
        return f"report {len(self.events)} events"


@dataclass(frozen=True, slots=True)
class ProvisionCustomer:
    """Add a customer with a subscription, or keep the one there is."""

    customer_id: str
    name: str
    plan_id: str
    needs: Role = Role.SUPPORT
    is_keyed: bool = True

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("plan", self.plan_id)

    @property
    def document(self) -> str:
        return document("reports/provision_customer.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        plan = {"planId": self.plan_id}
        given = {"customerId": self.customer_id, "name": self.name, "subscriptionParams": plan}
        return {"input": given}

    @property
    def summary(self) -> str:
        return f"provision customer {self.customer_id}"
