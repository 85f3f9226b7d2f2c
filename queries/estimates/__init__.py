"""What a subscription, a change of one, a usage or an event would cost; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import polars as pl

from data.credits.amounts import AmountError, to_units
from data.credits.dimensions import KEY
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.question import QuestionError, check_country, check_customer, check_id
from queries.time import EARLIEST, LATEST

MOST_UNITS = 10**9
LONGEST_CODE = 255
MOST_DIGITS = 400

Quantities = tuple[tuple[str, int], ...]
"""(id, how many), each id once"""
DimensionValue = str | int | bool | Decimal
Dimensions = tuple[tuple[str, DimensionValue], ...]
"""(key, value), each key once; numbers as numbers, since a formula may read them"""


class BillingPeriod(StrEnum):
    MONTHLY = "MONTHLY"
    ANNUALLY = "ANNUALLY"


class Behaviour(StrEnum):
    """Whether a usage adds to what was used, or is the new total of it."""

    DELTA = "DELTA"
    SET = "SET"


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
            check_start(self.start)
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
    behaviour: str = Behaviour.DELTA
    dimensions: Dimensions = ()
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("feature", self.feature_id)
        check_id("resource", self.resource_id)
        check_value(self.value)
        if self.behaviour not in list(Behaviour):
            raise QuestionError(
                f"A usage cannot be reported as {self.behaviour!r}: DELTA adds to what was used, "
                "SET is the new total."
            )
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
        check_event_name(self.event_name)
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


def check_value(value: Decimal) -> None:
    try:
        units = to_units(value)
    except AmountError as error:
        raise QuestionError(str(error)) from None
    if units != value:
        raise QuestionError(f"A usage value has at most 5 decimals; {value} has more.")


def check_event_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_CODE:
        raise QuestionError(
            f"An event's name has 1 to {LONGEST_CODE} characters; this has {len(name.strip())}."
        )


def check_dimensions(dimensions: Dimensions) -> None:
    for key, value in dimensions:
        check_dimension(key, value)
    _check_once("The dimension", [key for key, _ in dimensions])


def check_dimension(key: str, value: DimensionValue) -> None:
    if not KEY.fullmatch(key):
        raise QuestionError(
            f"{key!r} cannot be a dimension key: letters, digits, _ $ and - are allowed."
        )
    if isinstance(value, Decimal) and not (value.is_finite() and len(f"{value:f}") <= MOST_DIGITS):
        raise QuestionError(f"{key} is a finite number of at most {MOST_DIGITS} digits.")


def check_code(code: str) -> None:
    if not code.strip() or len(code) > LONGEST_CODE:
        raise QuestionError(
            f"A promotion code has 1 to {LONGEST_CODE} characters; this has {len(code.strip())}."
        )


def check_reduction(promotion_code: str | None, coupon_id: str | None) -> None:
    if promotion_code is not None:
        check_code(promotion_code)
    check_id("coupon", coupon_id)
    if promotion_code is not None and coupon_id is not None:
        raise QuestionError(
            f"Give the promotion code {promotion_code!r} or the coupon {coupon_id!r}, not both: "
            "an invoice has one discount."
        )


def check_start(start: datetime) -> None:
    if start.tzinfo is not None:
        raise QuestionError(f"A start is naive UTC; {start.isoformat()} has a zone of its own.")
    if not EARLIEST <= start < LATEST:
        raise QuestionError(
            f"A start of {start:%-d %b %Y} is out of range: from {EARLIEST.year} to "
            f"{LATEST.year - 1} is possible."
        )


def _check_once(what: str, names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise QuestionError(f"{what} {twice!r} is named twice; give it once.")
