"""What is sold: plans with all their terms, what features cost in credits, and coupons."""

from dataclasses import dataclass

import polars as pl

from data.tables import CREDITS, UNITS, ColumnTypes
from queries.question import QuestionError, check_country, check_customer, check_id

PRICE = pl.Decimal(38, 12)
"""Money in whole units of its currency, as a price may have it: 0.00015."""

MONEY = pl.Struct({"amount": PRICE, "currency": pl.String})
TIER = pl.Struct({"up_to": UNITS, "unit_price": PRICE, "flat_price": PRICE})
PERIOD_PRICE = pl.Struct(
    {
        "billing_period": pl.String,
        "billing_model": pl.String,
        "country": pl.String,
        "currency": pl.String,
        "amount": PRICE,
        "feature_id": pl.String,
        "feature_name": pl.String,
        "unit": pl.String,
        "tiers_mode": pl.String,
        "tiers": pl.List(TIER),
    }
)
"""Recurring, for one billing period: of the plan itself, or of one `unit` of a feature.

`country` is null where it holds for all that have no price of their own; `amount` is null where
there are tiers, whose last has no `up_to`.
"""
POINT = pl.Struct(
    {
        "billing_period": pl.String,
        "country": pl.String,
        "currency": pl.String,
        "amount": PRICE,
        "feature_name": pl.String,
        "has_more": pl.Boolean,
    }
)
"""What a card shows first: the flat fee, or else one unit of `feature_name`."""
CREDIT_PRICE = pl.Struct({"currency_id": pl.String, "amount": PRICE, "currency": pl.String})
"""What one credit costs that is bought beyond those included."""
RATE = pl.Struct(
    {
        "feature_id": pl.String,
        "feature_name": pl.String,
        "unit": pl.String,
        "currency_id": pl.String,
        "amount": CREDITS,
        "cost_formula": pl.String,
    }
)
"""What one unit of a feature costs in credits; the amount is null where a formula decides."""
ENTITLEMENT = pl.Struct(
    {
        "feature_id": pl.String,
        "feature_name": pl.String,
        "unit": pl.String,
        "units": pl.String,
        "usage_limit": UNITS,
        "has_unlimited_usage": pl.Boolean,
        "has_soft_limit": pl.Boolean,
        "reset_period": pl.String,
    }
)
CREDITS_INCLUDED = pl.Struct(
    {
        "currency_id": pl.String,
        "currency_name": pl.String,
        "amount": CREDITS,
        "cadence": pl.String,
        "per_unit_of": pl.String,
    }
)
"""`amount` every `cadence`, for each unit of the feature `per_unit_of` where there is one."""
MINIMUM = pl.Struct({"billing_period": pl.String, "amount": PRICE, "currency": pl.String})
ADDON = pl.Struct(
    {
        "addon_id": pl.String,
        "display_name": pl.String,
        "description": pl.String,
        "max_quantity": pl.Int64,
        "prices": pl.List(PERIOD_PRICE),
    }
)

COLUMNS: ColumnTypes = {
    "plan_id": pl.String,
    "display_name": pl.String,
    "description": pl.String,
    "pricing_type": pl.String,
    "product_id": pl.String,
    "product_name": pl.String,
    "has_many_subscriptions": pl.Boolean,
    "base_plan_id": pl.String,
    "base_plan_name": pl.String,
    "trial_length": pl.Int64,
    "trial_unit": pl.String,
    "is_held": pl.Boolean,
    "points": pl.List(POINT),
    "prices": pl.List(PERIOD_PRICE),
    "minimum_spends": pl.List(MINIMUM),
    "credit_prices": pl.List(CREDIT_PRICE),
    "rates": pl.List(RATE),
    "entitlements": pl.List(ENTITLEMENT),
    "inherited": pl.List(ENTITLEMENT),
    "credits": pl.List(CREDITS_INCLUDED),
    "addons": pl.List(ADDON),
}
SCHEMA = pl.Schema(COLUMNS)

RATE_COLUMNS: ColumnTypes = {
    "plan_id": pl.String,
    "plan_name": pl.String,
    "feature_id": pl.String,
    "feature_name": pl.String,
    "unit": pl.String,
    "currency_id": pl.String,
    "amount": CREDITS,
    "cost_formula": pl.String,
}
RATE_SCHEMA = pl.Schema(RATE_COLUMNS)

COUPON_COLUMNS: ColumnTypes = {
    "coupon_id": pl.String,
    "display_name": pl.String,
    "promotion_code": pl.String,
    "percent_off": pl.Decimal(9, 4),
    "amounts_off": pl.List(MONEY),
    "duration_in_months": pl.Int64,
    "status": pl.String,
}
COUPON_SCHEMA = pl.Schema(COUPON_COLUMNS)


@dataclass(frozen=True, slots=True)
class Paywall:
    """The plans on sale, in the order of the API, with all their terms; columns as in `SCHEMA`.

    `prices` and `points` are those of the country, else those that hold everywhere; or those of
    all countries side by side, which an API may refuse. `is_held`: the customer, or its resource,
    has an active subscription to it. `has_many_subscriptions`: each resource of a customer may
    subscribe to the product. `inherited` are the entitlements of the plans it is based on.
    """

    customer_id: str | None = None
    resource_id: str | None = None
    country: str | None = None
    has_all_countries: bool = False
    has_hidden: bool = False

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("resource", self.resource_id)
        if self.country is not None:
            check_country(self.country)
        if self.resource_id is not None and self.customer_id is None:
            raise QuestionError(
                f"The resource {self.resource_id!r} belongs to a customer: choose one, too."
            )
        if self.country is not None and self.has_all_countries:
            raise QuestionError(f"Ask for the prices of {self.country}, or for those of all.")


@dataclass(frozen=True, slots=True)
class Countries:
    """The countries that have prices of their own: `country`, sorted.

    None where the API does not tell all prices at once.
    """


@dataclass(frozen=True, slots=True)
class Rates:
    """What a unit of each feature costs in credits, by plan; columns as in `RATE_SCHEMA`.

    Of all plans, also those no longer sold; sorted by plan and feature.
    """


@dataclass(frozen=True, slots=True)
class Coupons:
    """All coupons, archived ones too, sorted by id; columns as in `COUPON_SCHEMA`.

    A coupon takes off `percent_off`, or where that is null `amounts_off`. An extract does not
    hold the amounts, a metering API does not tell the `promotion_code`: null there.
    `duration_in_months` is null for one that holds once or for ever.
    """
