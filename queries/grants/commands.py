"""Changes of grants: credits are granted, and a grant is voided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from data.credits.amounts import AmountError, to_credits
from data.credits.grants import DEFAULT_PRIORITY, GrantType
from data.credits.money import CURRENCIES, to_money
from data.metering.client import Answer, MeteringClient
from data.metering.errors import Refused
from queries.command import Command, Role, new_key
from queries.documents import document
from queries.question import QuestionError, check_customer, check_id

__all__ = ["CreateGrant", "VoidGrant", "created", "new_key", "voided"]

LONGEST_NAME = 255
LONGEST_COMMENT = 200
KEY = "intentKey"
"""Where a grant's metadata holds the key it was made under."""
ROLES = {GrantType.PROMOTIONAL: Role.SUPPORT, GrantType.PAID: Role.BILLING}


@dataclass(frozen=True, slots=True)
class CreateGrant(Command):
    """Grant credits to a pool; `cost` is the money for all of them.

    `effective_at` None is now, `expire_at` None never. The key goes with the grant, in its
    metadata: that is how it is found again.
    """

    name: ClassVar[str] = "grant credits"

    customer_id: str
    currency_id: str
    resource_id: str | None
    grant_type: str
    display_name: str
    amount: Decimal
    cost: Decimal = Decimal(0)
    cost_currency: str = "USD"
    priority: int = DEFAULT_PRIORITY
    effective_at: datetime | None = None
    expire_at: datetime | None = None
    comment: str | None = None
    key: str = field(kw_only=True)

    def __post_init__(self) -> None:
        _check_pool(self.customer_id, self.currency_id, self.resource_id)
        if self.grant_type not in ROLES:
            raise QuestionError(
                f"A grant cannot be made as {self.grant_type}: PAID and PROMOTIONAL can."
            )
        _check_text("A name", self.display_name, LONGEST_NAME)
        if self.comment is not None:
            _check_text("A comment", self.comment, LONGEST_COMMENT)
        _check_amount(self.amount)
        _check_cost(self.cost, self.cost_currency, self.grant_type)
        if not 0 <= self.priority <= 100 or self.priority != int(self.priority):
            raise QuestionError(
                f"The priority is a whole number from 0 to 100, lower burns first; "
                f"it cannot be {self.priority}."
            )
        if self.effective_at and self.expire_at and self.expire_at <= self.effective_at:
            raise QuestionError(
                f"The grant would expire ({self.expire_at:%-d %b %Y %H:%M}) before it takes "
                f"effect ({self.effective_at:%-d %b %Y %H:%M}). Choose a later expiry."
            )

    @property
    def needs(self) -> Role:
        return ROLES[GrantType(self.grant_type)]

    @property
    def document(self) -> str:
        return document("grants/create_grant.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        given: dict[str, Any] = {
            "customerId": self.customer_id,
            "currencyId": self.currency_id,
            "resourceId": self.resource_id,
            "grantType": self.grant_type,
            "displayName": self.display_name,
            "amount": self.amount,
            "priority": self.priority,
            "effectiveAt": self.effective_at,
            "expireAt": self.expire_at,
            "comment": self.comment,
            "additionalMetaData": {KEY: self.key},
        }
        if self.grant_type == GrantType.PAID:
            given["cost"] = {"amount": self.cost, "currency": self.cost_currency}
            given["paymentCollectionMethod"] = "NONE"  # the money is collected elsewhere
        return {"input": {name: value for name, value in given.items() if value is not None}}

    @property
    def summary(self) -> str:
        amount = f"{self.amount.normalize():,f} {self.grant_type.lower()} {self.currency_id}"
        return f"grant {amount} to {self.customer_id} as “{self.display_name}”"

    @property
    def customer(self) -> str:
        return self.customer_id

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "customer_id": self.customer_id,
            "currency_id": self.currency_id,
            "resource_id": self.resource_id,
            "grant_type": self.grant_type,
            "display_name": self.display_name,
            "amount": self.amount,
            "cost": self.cost,
            "cost_currency": self.cost_currency,
            "priority": self.priority,
            "effective_at": self.effective_at,
            "expire_at": self.expire_at,
            "comment": self.comment,
        }

    def read_back(self, client: MeteringClient) -> Answer | None:
        return created(self.given, self.key, client)


@dataclass(frozen=True, slots=True)
class VoidGrant(Command):
    """Void a grant: what is left of it leaves the balance. The reason is kept in the record."""

    name: ClassVar[str] = "void a grant"

    grant_id: str
    customer_id: str
    currency_id: str
    resource_id: str | None
    display_name: str
    is_paid: bool
    reason: str
    key: str

    def __post_init__(self) -> None:
        _check_pool(self.customer_id, self.currency_id, self.resource_id)
        check_id("grant", self.grant_id)
        _check_text("A reason", self.reason, LONGEST_COMMENT)

    @property
    def needs(self) -> Role:
        return Role.BILLING

    @property
    def document(self) -> str:
        return document("grants/void_grant.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"input": {"id": self.grant_id}}

    @property
    def summary(self) -> str:
        return f"void the grant “{self.display_name}” of {self.customer_id}"

    @property
    def customer(self) -> str:
        return self.customer_id

    @property
    def subject(self) -> str:
        return self.grant_id

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "grant_id": self.grant_id,
            "customer_id": self.customer_id,
            "currency_id": self.currency_id,
            "resource_id": self.resource_id,
            "display_name": self.display_name,
            "is_paid": self.is_paid,
            "reason": self.reason,
        }

    def before(self, client: MeteringClient) -> Answer | None:
        return _grant(self.given, client, lambda grant: grant["grantId"] == self.grant_id)

    def read_back(self, client: MeteringClient) -> Answer | None:
        return voided(self.given, self.key, client)

    def already(self, refused: Refused) -> str:
        is_voided = refused.code == "CreditGrantAlreadyVoided"
        return f"The grant “{self.display_name}” is voided already" if is_voided else ""


def created(given: Mapping[str, Any], key: str, client: MeteringClient) -> Answer | None:
    """The grant that was made under the key, as the answer to making it; None if it is not there.

    Raises MeteringError.
    """
    found = _grant(given, client, lambda grant: (grant["additionalMetaData"] or {}).get(KEY) == key)
    return None if found is None else {"createCreditGrant": found}


def voided(given: Mapping[str, Any], key: str, client: MeteringClient) -> Answer | None:
    """The grant, as the answer to voiding it; None while it is not voided. Raises MeteringError."""
    del key
    found = _grant(given, client, lambda grant: grant["grantId"] == given["grant_id"])
    is_voided = found is not None and found["status"] == "VOIDED"
    return {"voidCreditGrant": found} if is_voided else None


def _grant(
    given: Mapping[str, Any], client: MeteringClient, is_it: Callable[[Answer], bool]
) -> Answer | None:
    pool = {
        "customerId": given["customer_id"],
        "currencyId": given["currency_id"],
        "resourceId": given["resource_id"],
    }
    asked = document("grants/changed_grants.graphql")
    grants = client.ask_nodes(asked, {"input": pool}, "creditGrants")
    return next((grant for grant in grants if is_it(grant)), None)


def _check_pool(customer_id: str, currency_id: str, resource_id: str | None) -> None:
    check_customer(customer_id)
    check_id("currency", currency_id)
    check_id("resource", resource_id)


def _check_text(what: str, text: str, longest: int) -> None:
    if not text.strip():
        raise QuestionError(f"{what} is missing.")
    if len(text) > longest:
        raise QuestionError(f"{what} has at most {longest} characters; this has {len(text)}.")


def _check_amount(amount: Decimal) -> None:
    try:
        credits = to_credits(amount)
    except AmountError as error:
        raise QuestionError(str(error)) from None
    if credits != amount:
        raise QuestionError(f"An amount has at most 6 decimals; {amount} has more.")
    if credits <= 0:
        raise QuestionError(f"The amount of a grant is above 0; it cannot be {amount}.")


def _check_cost(cost: Decimal, currency: str, grant_type: str) -> None:
    if currency not in CURRENCIES:
        raise QuestionError(f"{currency!r} is no currency here: {', '.join(CURRENCIES)} are.")
    if not cost.is_finite() or cost < 0:
        raise QuestionError(f"The cost of a grant is not below 0; it cannot be {cost}.")
    if cost and grant_type == GrantType.PROMOTIONAL:
        raise QuestionError("A promotional grant costs nothing: leave the cost at 0.")
    try:
        is_money = to_credits(cost) == to_money(cost, currency) == cost
    except AmountError as error:
        raise QuestionError(str(error).replace("credits", currency)) from None
    if not is_money:
        digits = CURRENCIES[currency].digits
        raise QuestionError(f"{currency} has {digits} decimals; {cost} has more.")
