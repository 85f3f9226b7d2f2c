"""Changes of entitlements: granted beside the plans, and revoked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from data.clock import utc_now
from data.credits.amounts import AmountError, to_units
from data.credits.resets import ResetPeriod
from data.metering.client import Answer, MeteringClient
from data.metering.errors import Refused
from data.metering.wire import optional_time
from queries.command import Command, Role
from queries.documents import document
from queries.entitlements import FeatureType
from queries.entitlements.live import promotion_nodes
from queries.question import QuestionError, check_customer, check_id

MOST_VALUES, LONGEST_VALUE = 100, 255


class Period(StrEnum):
    """How long an entitlement lasts; CUSTOM to a moment that is named."""

    ONE_WEEK = "ONE_WEEK"
    ONE_MONTH = "ONE_MONTH"
    SIX_MONTH = "SIX_MONTH"
    ONE_YEAR = "ONE_YEAR"
    LIFETIME = "LIFETIME"
    CUSTOM = "CUSTOM"


FROM_START = "SubscriptionStart"
ACCORDING_TO: Mapping[str, tuple[str, ...]] = {
    ResetPeriod.WEEK: (
        FROM_START, "EveryMonday", "EveryTuesday", "EveryWednesday", "EveryThursday",
        "EveryFriday", "EverySaturday", "EverySunday",
    ),
    ResetPeriod.MONTH: (FROM_START, "StartOfTheMonth"),
    ResetPeriod.YEAR: (FROM_START,),
}  # fmt: skip
"""reset period → from where it can be counted; hours and days are those of UTC"""
CONFIGURATIONS = {
    ResetPeriod.WEEK: "weeklyResetPeriodConfiguration",
    ResetPeriod.MONTH: "monthlyResetPeriodConfiguration",
    ResetPeriod.YEAR: "yearlyResetPeriodConfiguration",
}


@dataclass(frozen=True, slots=True)
class Entitlement:
    """How much of one feature is granted, and for how long.

    `replaces` is when that was last changed which the customer has of it already: by that the
    new one is told from the old one when it is read back.
    """

    feature_id: str
    feature_type: str
    period: str
    ends_at: datetime | None = None
    usage_limit: Decimal | None = None
    is_unlimited: bool = False
    has_soft_limit: bool = False
    enum_values: tuple[str, ...] = ()
    reset_period: str | None = None
    according_to: str | None = None
    is_visible: bool = True
    replaces: datetime | None = None

    def __post_init__(self) -> None:
        check_id("feature", self.feature_id)
        if self.feature_type not in list(FeatureType):
            raise QuestionError(
                f"{self.feature_type!r} is no type of a feature: {', '.join(FeatureType)} are."
            )
        self._check_amount()
        self._check_period()
        self._check_reset()

    def _check_amount(self) -> None:
        """A number has a limit or none, a choice has values, and the rest neither."""
        is_number = self.feature_type == FeatureType.NUMBER
        has_limit = self.usage_limit is not None
        if is_number and has_limit == self.is_unlimited:
            raise QuestionError(f"{self.feature_id}: give either a limit, or no limit.")
        if not is_number and (has_limit or self.is_unlimited or self.has_soft_limit):
            raise QuestionError(f"{self.feature_id} is {self.feature_type}: it takes no limit.")
        if self.has_soft_limit and self.is_unlimited:
            raise QuestionError(f"{self.feature_id}: a soft limit needs a limit.")
        if self.usage_limit is not None:
            _check_limit(self.feature_id, self.usage_limit)
        if (self.feature_type == FeatureType.ENUM) != bool(self.enum_values):
            raise QuestionError(
                f"{self.feature_id} is {self.feature_type}: "
                + ("give it no values." if self.enum_values else "give at least one value.")
            )
        _check_values(self.feature_id, self.enum_values)

    def _check_period(self) -> None:
        if self.period not in list(Period):
            raise QuestionError(f"{self.period!r} is no period: {', '.join(Period)} are.")
        if (self.period == Period.CUSTOM) != (self.ends_at is not None):
            raise QuestionError(
                "An end date goes with the period CUSTOM, and no other takes one; "
                f"{self.period} was chosen."
            )
        if self.ends_at is not None and self.ends_at <= utc_now():
            raise QuestionError(
                f"The end {self.ends_at:%-d %b %Y %H:%M} UTC has passed. Choose a later one."
            )

    def _check_reset(self) -> None:
        if self.reset_period is None:
            if self.according_to is not None:
                raise QuestionError(
                    f"{self.feature_id}: {self.according_to!r} needs a reset period."
                )
            return
        if self.reset_period not in list(ResetPeriod):
            raise QuestionError(
                f"{self.reset_period!r} is no reset period: {', '.join(ResetPeriod)} are."
            )
        if self.feature_type != FeatureType.NUMBER or self.is_unlimited:
            raise QuestionError(f"{self.feature_id} has no limit that a reset could begin anew.")
        possible = ACCORDING_TO.get(self.reset_period, ())
        if self.according_to not in (possible or (None,)):
            accepted = " or ".join(possible) or "none"
            raise QuestionError(
                f"{self.according_to!r} does not go with a reset by the "
                f"{self.reset_period.lower()}: {accepted} is accepted."
            )

    @property
    def variables(self) -> dict[str, Any]:
        """As the API takes it, with only what it has."""
        given: dict[str, Any] = {
            "featureId": self.feature_id,
            "period": self.period,
            "isVisible": self.is_visible,
            "customEndDate": self.ends_at,
            "usageLimit": self.usage_limit,
            "enumValues": list(self.enum_values) or None,
            "resetPeriod": self.reset_period,
        }
        if self.feature_type == FeatureType.NUMBER:
            given |= {
                "hasUnlimitedUsage": self.is_unlimited, "hasSoftLimit": self.has_soft_limit,
            }  # fmt: skip
        if self.reset_period and self.according_to:
            given[CONFIGURATIONS[ResetPeriod(self.reset_period)]] = {
                "accordingTo": self.according_to
            }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def given(self) -> dict[str, Any]:
        """As the record keeps it."""
        return {
            "feature_type": self.feature_type,
            "period": self.period,
            "ends_at": self.ends_at,
            "usage_limit": self.usage_limit,
            "is_unlimited": self.is_unlimited,
            "has_soft_limit": self.has_soft_limit,
            "enum_values": ", ".join(self.enum_values) or None,
            "reset_period": self.reset_period,
            "according_to": self.according_to,
            "is_visible": self.is_visible,
            "replaces": self.replaces,
        }


@dataclass(frozen=True, slots=True)
class GrantEntitlements(Command):
    """Grant a customer features beside its plans; each replaces what it was granted of one."""

    name: ClassVar[str] = "grant entitlements"

    customer_id: str
    entitlements: tuple[Entitlement, ...]
    key: str = field(kw_only=True)

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        ids = [each.feature_id for each in self.entitlements]
        if not ids:
            raise QuestionError("Choose at least one feature to grant.")
        twice = next((each for each in ids if ids.count(each) > 1), None)
        if twice is not None:
            raise QuestionError(f"{twice} is there twice: grant each feature once.")

    @property
    def needs(self) -> Role:
        return Role.SUPPORT

    @property
    def document(self) -> str:
        return document("entitlements/grant.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        asked = [each.variables for each in self.entitlements]
        return {"input": {"customerId": self.customer_id, "promotionalEntitlements": asked}}

    @property
    def summary(self) -> str:
        return f"grant {', '.join(map(_told, self.entitlements))} to {self.customer_id}"

    @property
    def customer(self) -> str:
        return self.customer_id

    @property
    def given(self) -> Mapping[str, Any]:
        asked = {each.feature_id: each.given for each in self.entitlements}
        return {"customer_id": self.customer_id, "entitlements": asked}

    def before(self, client: MeteringClient) -> Answer | None:
        """What the customer has been granted of these features, numbered as the answer will be."""
        held = _held(self.customer_id, client)
        numbered = enumerate(self.entitlements, start=1)
        found = {str(n): held[each.feature_id] for n, each in numbered if each.feature_id in held}
        return found or None

    def read_back(self, client: MeteringClient) -> Answer | None:
        return entitled(self.given, self.key, client)


@dataclass(frozen=True, slots=True)
class RevokeEntitlement(Command):
    """Take away what a customer was granted of a feature beside its plans."""

    name: ClassVar[str] = "revoke an entitlement"

    customer_id: str
    feature_id: str
    feature_name: str
    promotion_id: str
    key: str

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("feature", self.feature_id)
        check_id("entitlement", self.promotion_id)

    @property
    def needs(self) -> Role:
        return Role.SUPPORT

    @property
    def document(self) -> str:
        return document("entitlements/revoke.graphql")

    @property
    def variables(self) -> Mapping[str, Any]:
        return {"input": {"customerId": self.customer_id, "featureId": self.feature_id}}

    @property
    def summary(self) -> str:
        return f"revoke {self.feature_name} ({self.feature_id}) from {self.customer_id}"

    @property
    def customer(self) -> str:
        return self.customer_id

    @property
    def subject(self) -> str:
        return self.promotion_id

    @property
    def given(self) -> Mapping[str, Any]:
        return {
            "customer_id": self.customer_id,
            "feature_id": self.feature_id,
            "feature_name": self.feature_name,
            "promotion_id": self.promotion_id,
        }

    def before(self, client: MeteringClient) -> Answer | None:
        return _held(self.customer_id, client).get(self.feature_id)

    def read_back(self, client: MeteringClient) -> Answer | None:
        return revoked(self.given, self.key, client)

    def already(self, refused: Refused) -> str:
        is_gone = refused.code == "PromotionalEntitlementNotFoundError"
        return f"{self.feature_name} is revoked already" if is_gone else ""


def entitled(given: Mapping[str, Any], key: str, client: MeteringClient) -> Answer | None:
    """The entitlements, as the answer to granting them; None while not all are as asked for.

    Raises MeteringError.
    """
    del key
    held = _held(given["customer_id"], client)
    asked: Mapping[str, Mapping[str, Any]] = given["entitlements"]
    if not all(each in held and _is_as_asked(held[each], terms) for each, terms in asked.items()):
        return None
    return {"grantPromotionalEntitlements": [held[each] for each in asked]}


def revoked(given: Mapping[str, Any], key: str, client: MeteringClient) -> Answer | None:
    """That it is gone, as the answer to revoking it; None while it is there.

    Raises MeteringError.
    """
    del key
    found = _held(given["customer_id"], client).get(given["feature_id"])
    if found is not None and found["id"] == given["promotion_id"]:
        return None
    return {"revokePromotionalEntitlement": {"id": given["promotion_id"]}}


def _held(customer_id: str, client: MeteringClient) -> dict[str, Answer]:
    """feature_id → what the customer was granted of it."""
    nodes = promotion_nodes(customer_id, client)
    return {node["feature"]["refId"]: node for node in nodes}


def _is_as_asked(node: Answer, terms: Mapping[str, Any]) -> bool:
    """Whether it has these terms, and is not the one that had been there before."""
    replaced, changed = _at(terms["replaces"]), optional_time(node["updatedAt"])
    if replaced is not None and (changed is None or changed <= replaced):
        return False
    limit = None if node["usageLimit"] is None else Decimal(node["usageLimit"])
    asked_limit = None if terms["usage_limit"] is None else Decimal(terms["usage_limit"])
    told = (
        node["period"], limit, bool(node["hasUnlimitedUsage"]), bool(node["hasSoftLimit"]),
        ", ".join(node["enumValues"] or ()) or None, node["resetPeriod"], node["isVisible"],
    )  # fmt: skip
    asked = (
        terms["period"], asked_limit, terms["is_unlimited"], terms["has_soft_limit"],
        terms["enum_values"], terms["reset_period"], terms["is_visible"],
    )  # fmt: skip
    ends = _at(terms["ends_at"])
    return told == asked and (ends is None or ends == optional_time(node["endDate"]))


def _at(value: datetime | str | None) -> datetime | None:
    """A time of a command, or one that the record has kept as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _told(one: Entitlement) -> str:
    if one.usage_limit is not None:
        amount = f"{one.usage_limit.normalize():,f} "
    else:
        amount = "unlimited " if one.is_unlimited else ""
    values = f" ({', '.join(one.enum_values)})" if one.enum_values else ""
    return f"{amount}{one.feature_id}{values}"


def _check_limit(feature_id: str, limit: Decimal) -> None:
    try:
        units = to_units(limit)
    except AmountError as error:
        raise QuestionError(str(error)) from None
    if units != limit:
        raise QuestionError(f"{feature_id}: a limit has at most 5 decimals; {limit} has more.")
    if limit < 0:
        raise QuestionError(f"{feature_id}: a limit is not below 0; it cannot be {limit}.")


def _check_values(feature_id: str, values: Sequence[str]) -> None:
    if len(values) > MOST_VALUES:
        raise QuestionError(f"{feature_id}: at most {MOST_VALUES} values; {len(values)} are given.")
    if any(not value.strip() or len(value) > LONGEST_VALUE for value in values):
        raise QuestionError(
            f"{feature_id}: a value is a text of at most {LONGEST_VALUE} characters."
        )
    if len(set(values)) < len(values):
        raise QuestionError(f"{feature_id}: a value is there twice.")
