"""The dimension keys that usage can be grouped by."""

from dataclasses import dataclass

from queries.question import check_customer, check_id

MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys on the consumption of a pool, or of all customers, that contain `search`.

    Answer: `key`, sorted; cut after 1000, and then the answer says it is cut.
    """

    customer_id: str | None
    currency_id: str
    resource_id: str | None = None
    search: str = ""

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)
