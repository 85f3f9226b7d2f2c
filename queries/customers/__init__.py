"""Customers, their resources and their subscriptions: what the scope is chosen from."""

from dataclasses import dataclass

from queries.question import check_customer

MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers whose name, id or email contains `search`.

    Answer: `customer_id`, `name`, `email`, sorted by id; cut after 1000.
    """

    search: str = ""


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a customer, each of which can have a pool of its own: `resource_id`."""

    customer_id: str

    def __post_init__(self) -> None:
        check_customer(self.customer_id)


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Active subscriptions: `subscription_id`, `plan_id`, `resource_id`, `started_at`, by start."""

    customer_id: str

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
