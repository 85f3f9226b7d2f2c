"""What a subscription, a change of one, a usage or an event would cost; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import polars as pl

from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.question import QuestionError, check_country, check_customer, check_id
from queries.reports.checks import (
    Dimensions,
    check_dimensions,
    check_text,
    check_time,
    check_value,
)
from queries.reports.measurements import UpdateBehavior, check_behavior

MOST_UNITS = 10**9

Quantities = tuple[tuple[str, int], ...]
"""(id, how many), each id once"""


class BillingPeriod(StrEnum):
    MONTHLY = "MONTHLY"
    ANNUALLY = "ANNUALLY"


DUE: ColumnTypes = {
    "sub_total": CREDITS_SUM,
    "discount_amount": CREDITS_SUM,
    "discount_type": pl.String,
    "discount_value": CREDITS_SUM,
    "discount_duration": pl.String,
    "discount_months": pl.Int64,
    "discount_name": pl.String,
    "discount_start": TIME,
    "discount_end": TIME,
    "tax": CREDITS_SUM,
    "tax_name": pl.String,
    "tax_percent": CREDITS_SUM,
    "is_tax_inclusive": pl.Boolean,
    "total": CREDITS_SUM,
    "total_excluding_tax": CREDITS_SUM,
}
PREVIEW: ColumnTypes = {
    "currency": pl.String,
    **DUE,
    "minimum_spend_adjustment": CREDITS_SUM,
    "period_start": TIME,
    "period_end": TIME,
    "proration_credit": CREDITS_SUM,
    "proration_debit": CREDITS_SUM,
    "proration_net": CREDITS_SUM,
    "prorated_at": TIME,
    "credit_initial": CREDITS_SUM,
    "credit_used": CREDITS_SUM,
    "credit_remaining": CREDITS_SUM,
    "is_downgrade": pl.Boolean,
    "has_scheduled_updates": pl.Boolean,
    **{f"recurring_{name}": kind for name, kind in DUE.items()},
}
PREVIEW_SCHEMA = pl.Schema(PREVIEW)

COST_COLUMNS: ColumnTypes = {
    "currency_id": pl.String,
    "feature_id": pl.String,
    "cost": CREDITS_SUM,
    "warning": pl.String,
    "estimated_cost": CREDITS_SUM,
    "balance_before": CREDITS_SUM,
    "balance_after": CREDITS_SUM,
    "would_overdraft": pl.Boolean,
}
COST_SCHEMA = pl.Schema(COST_COLUMNS)


@dataclass(frozen=True, slots=True)
class EstimateNew:
    """A new subscription of a customer: one row, columns as in `PREVIEW_SCHEMA`.

    Without a prefix it is what is due now, with `recurring_` every whole period after. Money is in
    whole units of `currency`. All null of what there is none: discount, proration, its credit.
    `start` None is now.
    """

    customer_id: str
    plan_id: str
    billing_period: str | None = None
    features: Quantities = ()
    addons: Quantities = ()
    start: datetime | None = None
    country: str | None = None
    promotion_code: str | None = None
    coupon_id: str | None = None
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("plan", self.plan_id)
        check_id("resource", self.resource_id)
        if self.billing_period is not None:
            check_period(self.billing_period)
        if self.country is not None:
            check_country(self.country)
        if self.start is not None:
            check_time(self.start)
        check_quantities("feature", self.features, least=0)
        check_quantities("add-on", self.addons, least=1)
        check_reduction(self.promotion_code, self.coupon_id)


@dataclass(frozen=True, slots=True)
class EstimateChange:
    """A change of a subscription, made now: one row, as `EstimateNew` has it.

    Features that are not named keep their quantity. `addons` None leaves them as they are; a list
    takes the place of all of them.
    """

    subscription_id: str
    features: Quantities = ()
    addons: Quantities | None = None
    promotion_code: str | None = None
    coupon_id: str | None = None

    def __post_init__(self) -> None:
        check_id("subscription", self.subscription_id)
        check_quantities("feature", self.features, least=0)
        check_quantities("add-on", self.addons or (), least=1)
        check_reduction(self.promotion_code, self.coupon_id)


@dataclass(frozen=True, slots=True)
class UsageCost:
    """What reporting a usage would take: one row per feature charged, and per warning about all.

    Columns as in `COST_SCHEMA`; amounts are credits of `currency_id`. `estimated_cost` is the sum
    of `cost` over a currency. A row with a `warning` and no currency is about the whole.
    """

    customer_id: str
    feature_id: str
    value: Decimal
    behavior: str = UpdateBehavior.DELTA
    dimensions: Dimensions = ()
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("feature", self.feature_id)
        check_id("resource", self.resource_id)
        check_value(self.value)
        check_behavior(self.behavior)
        check_dimensions(self.dimensions)


@dataclass(frozen=True, slots=True)
class EventCost:
    """What an event would take, by every meter that it feeds: rows as `UsageCost` has them."""

    customer_id: str
    event_name: str
    dimensions: Dimensions = ()
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("resource", self.resource_id)
        check_text("An event name", self.event_name)
        check_dimensions(self.dimensions)


Estimate = EstimateNew | EstimateChange | UsageCost | EventCost


def check_period(period: str) -> None:
    if period not in list(BillingPeriod):
        raise QuestionError(f"{period!r} is no billing period: MONTHLY and ANNUALLY are.")


def check_quantities(kind: str, quantities: Quantities, *, least: int) -> None:
    for name, quantity in quantities:
        check_id(kind, name)
        check_quantity(quantity, least=least)
    _check_once(f"The {kind}", [name for name, _ in quantities])


def check_quantity(quantity: int, *, least: int) -> None:
    if not least <= quantity <= MOST_UNITS or quantity != int(quantity):
        raise QuestionError(
            f"A quantity is a whole number from {least} to {MOST_UNITS:,}; it cannot be {quantity}."
        )


def check_reduction(promotion_code: str | None, coupon_id: str | None) -> None:
    if promotion_code is not None:
        check_text("A promotion code", promotion_code)
    check_id("coupon", coupon_id)
    if promotion_code is not None and coupon_id is not None:
        raise QuestionError(
            f"Give the promotion code {promotion_code!r} or the coupon {coupon_id!r}, not both: "
            "an invoice has one discount."
        )


def _check_once(what: str, names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise QuestionError(f"{what} {twice!r} is named twice; give it once.")
