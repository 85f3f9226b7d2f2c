"""The settled balance of a pool."""

from dataclasses import dataclass

from queries.question import check_customer, check_id


@dataclass(frozen=True, slots=True)
class Balance:
    """Credits granted, consumed and left over the active grants of one pool.

    Answer, at most one row: `granted`, `consumed`, `balance` (= granted − consumed, negative in
    overdraft), all Decimal(38, 6).
    """

    customer_id: str
    currency_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        check_id("resource", self.resource_id)
