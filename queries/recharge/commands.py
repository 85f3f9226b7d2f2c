"""Changes of auto-recharge: its settings are saved, or it is switched off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from data.metering.client import Answer, MeteringClient
from data.metering.wire import optional_time
from queries.command import ChangedSince, Command, Role
from queries.documents import document
from queries.grants.order import WHEN
from queries.question import QuestionError, check_customer, check_id
from queries.recharge.terms import UNKNOWN, Limits, Terms, wrong_with

FIELDS = {
    "threshold_type": "thresholdType",
    "threshold": "thresholdValue",
    "target": "targetBalance",
    "cap": "maxSpendLimit",
    "expiration": "grantExpirationPeriod",
}
"""field of `Terms` → its name on the wire"""


@dataclass(frozen=True, slots=True)
class SaveRecharge(Command):
    """Enable the terms, or switch off (`terms` None), which keeps the numbers as they are saved.

    `limits` are what the plan allows, as far as that is known: the API checks them too. `seen` is
    when the settings were last changed that the reader had before them, None where nothing was
    saved yet: any that were changed since are left as they are. The settings carry no key: they
    are found again by comparing them.
    """

    name: ClassVar[str] = "save auto-recharge"

    customer_id: str
    currency_id: str
    terms: Terms | None
    limits: Limits = UNKNOWN
    seen: datetime | None = None
    key: str = field(kw_only=True)

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("currency", self.currency_id)
        if self.terms is not None:
            for problem in wrong_with(self.terms, self.limits):
                raise QuestionError(problem.sentence)

    @property
    def needs(self) -> Role:
        return Role.BILLING

    @property
    def document(self) -> str:
        return document("recharge/save_recharge.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        """No cap is sent as null, which takes a saved one away; what is left out stays."""
        given: dict[str, Any] = {
            "customerId": self.customer_id,
            "currencyId": self.currency_id,
            "isEnabled": self.terms is not None,
        }
        if self.terms is not None:
            given |= {wire: getattr(self.terms, name) for name, wire in FIELDS.items()}
        return {"input": given}

    @property
    def summary(self) -> str:
        whose = f"the auto-recharge of {self.customer_id} ({self.currency_id})"
        if self.terms is None:
            return f"switch off {whose}"
        unit = "USD" if self.terms.threshold_type == "DollarAmount" else "credits"
        cap = "no cap" if self.terms.cap is None else f"at most {self.terms.cap:,f} USD a month"
        below, target = self.terms.threshold, self.terms.target
        return f"set {whose} to {target:,f} credits below {below:,f} {unit}, {cap}"

    @property
    def customer(self) -> str:
        return self.customer_id

    @property
    def given(self) -> Mapping[str, Any]:
        asked: dict[str, Any] = {
            "customer_id": self.customer_id,
            "currency_id": self.currency_id,
            "is_enabled": self.terms is not None,
            "seen": self.seen,
        }
        if self.terms is not None:
            asked |= {name: getattr(self.terms, name) for name in FIELDS}
        return asked

    def before(self, client: MeteringClient) -> Answer | None:
        found = _settings(self.given, client)
        changed_at = optional_time(found["updatedAt"]) if found["createdAt"] else None
        if changed_at != self.seen:
            when = f", on {changed_at:{WHEN}}" if changed_at else ""
            raise ChangedSince(
                f"The settings were changed since{when}: look at them first. Nothing was saved."
            )
        return found

    def read_back(self, client: MeteringClient) -> Answer | None:
        return saved(self.given, self.key, client)


def saved(given: Mapping[str, Any], key: str, client: MeteringClient) -> Answer | None:
    """The settings, as the answer to saving them; None where they are others.

    Raises MeteringError.
    """
    del key
    found = _settings(given, client)
    same = found["createdAt"] is not None and found["isEnabled"] == given["is_enabled"]
    if given["is_enabled"]:
        same = same and all(_is_same(found[wire], given[name]) for name, wire in FIELDS.items())
    return {"saveAutoRechargeSettings": found} if same else None


def _settings(given: Mapping[str, Any], client: MeteringClient) -> Answer:
    asked = {"customerId": given["customer_id"], "currencyId": given["currency_id"]}
    answer = client.ask(document("recharge/recharge.graphql"), {"input": asked})
    found: Answer = answer["getAutoRechargeSettings"]
    return found


def _is_same(found: Any, given: Any) -> bool:
    if found is None or given is None or isinstance(given, str):
        return bool(found == given)
    return Decimal(found) == Decimal(given)
