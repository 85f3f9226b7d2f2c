"""What a company sells, as its catalogue file says it: products, plans, add-ons, coupons, taxes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from data.credits.amounts import CREDITS_LIMIT, to_credits
from data.credits.discounts import Discount, Duration
from data.credits.invoices import Tax
from data.credits.money import CURRENCIES
from data.credits.prices import Tier, TiersMode, per_unit, tiered
from data.credits.rates import formula
from data.credits.resets import ResetPeriod
from data.metering.written import Reference, Rule

ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_|.@-]{0,254}")
EPOCH = datetime(1970, 1, 1)
"""When what does not say it was made was made."""

IsId = Rule("an id of letters, digits and _ | . @ -, at most 255", ID.fullmatch)
Id = Annotated[str, IsId]
CurrencyId = Annotated[str, IsId, Reference("currencies")]
FeatureId = Annotated[str, IsId, Reference("features")]
ProductId = Annotated[str, IsId, Reference("products")]
PlanId = Annotated[str, IsId, Reference("plans")]
AddonId = Annotated[str, IsId, Reference("addons")]

Amount = Annotated[
    Decimal,
    Rule("a decimal number ≥ 0", lambda number: number >= 0),
    Rule("below 10^12", lambda number: number < CREDITS_LIMIT),
]
Credits = Annotated[
    Decimal,
    Rule("a decimal number ≥ 0", lambda number: number >= 0),
    Rule("below 10^12", lambda number: number < CREDITS_LIMIT),
    Rule("a number of at most 6 decimals", lambda number: number == to_credits(number)),
]
Percent = Annotated[
    Decimal,
    Rule("a percentage above 0, at most 100", lambda number: 0 < number <= 100),
    Rule("a number of at most 4 decimals", lambda number: number == round(number, 4)),
]
Count = Annotated[int, Rule("a whole number ≥ 1", lambda number: number >= 1)]
Days = Annotated[int, Rule("a whole number from 1 to 365", lambda number: 1 <= number <= 365)]
Months = Annotated[int, Rule("a whole number from 1 to 1200", lambda number: 1 <= number <= 1200)]
Country = Annotated[
    str,
    Rule("a country's two capital letters such as DE", re.compile("[A-Z]{2}").fullmatch),
]
Code = Annotated[str, Rule(f"one of {', '.join(CURRENCIES)}", CURRENCIES.__contains__)]
Time = Annotated[
    datetime,
    Rule("a UTC time such as 2026-05-01T00:00:00", lambda time: time.tzinfo is None),
]


class CurrencyStatus(StrEnum):
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class CreditCurrency:
    """A kind of credits, such as AI tokens."""

    currency_id: Id
    display_name: str | None = None
    symbol: str | None = None
    unit_singular: str | None = None
    unit_plural: str | None = None
    status: CurrencyStatus = CurrencyStatus.ACTIVE


class FeatureType(StrEnum):
    BOOLEAN = "BOOLEAN"
    ENUM = "ENUM"
    NUMBER = "NUMBER"


class MeterType(StrEnum):
    FLUCTUATING = "Fluctuating"
    INCREMENTAL = "Incremental"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class Feature:
    feature_id: Id
    display_name: str | None = None
    feature_type: FeatureType = FeatureType.NUMBER
    meter_type: MeterType = MeterType.INCREMENTAL
    unit_singular: str | None = None
    unit_plural: str | None = None
    created_at: Time | None = None


class PackageStatus(StrEnum):
    ARCHIVED = "ARCHIVED"
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"


@dataclass(frozen=True, slots=True)
class Product:
    product_id: Id
    display_name: str | None = None
    description: str | None = None
    status: PackageStatus = PackageStatus.PUBLISHED
    multiple_subscriptions: bool = False
    """Whether a customer may subscribe each of its resources."""
    created_at: Time = EPOCH


class BillingPeriod(StrEnum):
    ANNUALLY = "ANNUALLY"
    MONTHLY = "MONTHLY"

    @property
    def months(self) -> int:
        return 12 if self is BillingPeriod.ANNUALLY else 1


class BillingModel(StrEnum):
    FLAT_FEE = "FLAT_FEE"
    PER_UNIT = "PER_UNIT"


@dataclass(frozen=True, slots=True)
class Price:
    """What one billing period costs; without `countries` it holds where no other price does."""

    billing_period: BillingPeriod
    amount: Amount | None = None
    billing_model: BillingModel = BillingModel.FLAT_FEE
    currency: Code = "USD"
    countries: tuple[Country, ...] = ()
    feature_id: FeatureId | None = None
    tiers: tuple[Tier, ...] = ()
    tiers_mode: TiersMode | None = None

    def __post_init__(self) -> None:
        is_per_unit = self.billing_model is BillingModel.PER_UNIT
        if (self.feature_id is not None) != is_per_unit:
            raise ValueError("names a feature_id when it is PER_UNIT, and only then.")
        if (self.amount is None) != bool(self.tiers):
            raise ValueError("has an amount or tiers, and not both.")
        if bool(self.tiers) != (self.tiers_mode is not None) or (self.tiers and not is_per_unit):
            raise ValueError("has a tiers_mode with its tiers, and tiers only when it is PER_UNIT.")
        _check_tiers(self.tiers)

    def cost(self, quantity: Decimal) -> Decimal:
        """Of so many units; of a flat fee so many times."""
        if self.amount is not None:
            return per_unit(quantity, self.amount)
        assert self.tiers_mode is not None
        return tiered(quantity, self.tiers, self.tiers_mode)


def _check_tiers(tiers: Sequence[Tier]) -> None:
    prices = [price for tier in tiers for price in (tier.unit_price, tier.flat_price)]
    if not all(0 <= price < CREDITS_LIMIT for price in prices):
        raise ValueError("has a tier with a price that is below 0 or not below 10^12.")
    if tiers and (tiers[-1].up_to is not None or any(tier.up_to is None for tier in tiers[:-1])):
        raise ValueError("has tiers of which the last, and only that, must have no up_to.")
    limits = [Decimal(0), *(tier.up_to for tier in tiers if tier.up_to is not None)]
    if any(high <= low for low, high in pairwise(limits)):
        raise ValueError("has tiers whose up_to must rise from above 0.")


def prices_in(
    prices: Sequence[Price], period: BillingPeriod, country: str | None
) -> tuple[Price, ...]:
    """The prices of a period that name the country, else those that name none."""
    of_period = [price for price in prices if price.billing_period is period]
    local = tuple(price for price in of_period if country in price.countries)
    return local or tuple(price for price in of_period if not price.countries)


def countries_of(prices: Sequence[Price]) -> list[str | None]:
    """None for the default, then every country that some price names."""
    return [None, *sorted({country for price in prices for country in price.countries})]


def _check_prices(prices: Sequence[Price]) -> None:
    for period in BillingPeriod:
        for country in countries_of(prices):
            asked = prices_in(prices, period, country)
            where = f"{period} prices" + (f" for {country}" if country else "")
            if len({price.currency for price in asked}) > 1:
                raise ValueError(f"has {where} in several currencies.")
            if len({price.feature_id for price in asked}) < len(asked):
                raise ValueError(f"has two {where} for the same thing.")


@dataclass(frozen=True, slots=True)
class MinimumSpend:
    billing_period: BillingPeriod
    amount: Amount
    currency: Code = "USD"


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What a plan or add-on lets a customer use; without a `usage_limit`, without limit."""

    feature_id: FeatureId
    usage_limit: Amount | None = None
    has_soft_limit: bool = False
    reset_period: ResetPeriod | None = None


class Cadence(StrEnum):
    BEGINNING_OF_BILLING_PERIOD = "BEGINNING_OF_BILLING_PERIOD"
    MONTHLY = "MONTHLY"


@dataclass(frozen=True, slots=True)
class RechargeLimits:
    """Between what a customer's auto-recharge must stay; None is no limit."""

    min_grant_amount: Amount | None = None
    max_credit_pool_size: Amount | None = None
    min_target_balance: Amount | None = None
    max_target_balance: Amount | None = None
    max_threshold_amount: Amount | None = None
    allow_unlimited_spend_limit: bool = True


@dataclass(frozen=True, slots=True)
class PlanCredits:
    """The credits of one currency that come with a plan or add-on, and what more of them cost."""

    currency_id: CurrencyId
    included: Credits = Decimal(0)
    """Granted every `cadence`."""
    per_unit_of: FeatureId | None = None
    """`included` counts for each unit of this feature, such as a seat."""
    cadence: Cadence = Cadence.MONTHLY
    unit_price: Amount | None = None
    """US dollars a credit."""
    has_soft_limit: bool = False
    """Whether access stays granted when the credits are used up."""
    recharge_limits: RechargeLimits = RechargeLimits()


@dataclass(frozen=True, slots=True)
class PlanRate:
    """What a feature costs in credits: so many a unit, or by a formula over an event's keys."""

    feature_id: FeatureId
    currency_id: CurrencyId
    amount: Credits = Decimal(1)
    cost_formula: str | None = None

    def __post_init__(self) -> None:
        if self.cost_formula is not None:
            formula(self.cost_formula)


class PricingType(StrEnum):
    CUSTOM = "CUSTOM"
    FREE = "FREE"
    PAID = "PAID"


@dataclass(frozen=True, slots=True)
class Plan:
    plan_id: Id
    display_name: str | None = None
    description: str | None = None
    product_id: ProductId | None = None
    base_plan_id: PlanId | None = None
    """The plan whose entitlements it inherits."""
    pricing_type: PricingType = PricingType.FREE
    status: PackageStatus = PackageStatus.PUBLISHED
    is_hidden: bool = False
    """Whether the paywall shows it only when asked to."""
    default_trial_days: Days | None = None
    prices: tuple[Price, ...] = ()
    minimum_spends: tuple[MinimumSpend, ...] = ()
    entitlements: tuple[Entitlement, ...] = ()
    credits: tuple[PlanCredits, ...] = ()
    rates: tuple[PlanRate, ...] = ()
    addons: tuple[AddonId, ...] = ()
    created_at: Time = EPOCH

    def __post_init__(self) -> None:
        is_paid = self.pricing_type is PricingType.PAID
        sells_credits = any(each.unit_price is not None for each in self.credits)
        if self.prices and not is_paid:
            raise ValueError(f"is {self.pricing_type} and has prices; only a PAID plan has.")
        if is_paid and not self.prices and not sells_credits:
            raise ValueError("is PAID and has neither prices nor credits with a unit_price.")
        _check_prices(self.prices)
        _check_once("credits", [each.currency_id for each in self.credits])
        _check_once("rates", [each.feature_id for each in self.rates])
        _check_once("entitlements", [each.feature_id for each in self.entitlements])
        _check_once("addons", self.addons)

    @property
    def periods(self) -> list[BillingPeriod]:
        """The billing periods that it is sold by."""
        return [each for each in BillingPeriod if prices_in(self.prices, each, None)]

    def minimum_spend(self, period: BillingPeriod, currency: str) -> Decimal:
        asked = (period, currency)
        spends = [s.amount for s in self.minimum_spends if (s.billing_period, s.currency) == asked]
        return max(spends, default=Decimal(0))


def _check_once(name: str, ids: Sequence[str]) -> None:
    twice = next((each for each in ids if list(ids).count(each) > 1), None)
    if twice is not None:
        raise ValueError(f"has {twice!r} twice among its {name}.")


@dataclass(frozen=True, slots=True)
class Addon:
    addon_id: Id
    display_name: str | None = None
    description: str | None = None
    status: PackageStatus = PackageStatus.PUBLISHED
    max_quantity: Count | None = None
    prices: tuple[Price, ...] = ()
    entitlements: tuple[Entitlement, ...] = ()
    credits: tuple[PlanCredits, ...] = ()
    created_at: Time = EPOCH

    def __post_init__(self) -> None:
        if any(price.billing_model is not BillingModel.FLAT_FEE for price in self.prices):
            raise ValueError("has a price that is not a FLAT_FEE; its quantity multiplies that.")
        _check_prices(self.prices)


@dataclass(frozen=True, slots=True)
class Money:
    amount: Amount
    currency: Code = "USD"


class PromotionCodeStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@dataclass(frozen=True, slots=True)
class PromotionCode:
    code: str
    status: PromotionCodeStatus = PromotionCodeStatus.ACTIVE
    max_redemptions: Count | None = None


class CouponStatus(StrEnum):
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


@dataclass(frozen=True, slots=True)
class Coupon:
    """A percentage or an amount in each currency; for ever unless it says how long."""

    coupon_id: Id
    display_name: str | None = None
    description: str | None = None
    percent_off: Percent | None = None
    amounts_off: tuple[Money, ...] = ()
    duration: Duration = Duration.FOREVER
    duration_in_months: Months | None = None
    promotion_codes: tuple[PromotionCode, ...] = ()
    status: CouponStatus = CouponStatus.ACTIVE
    created_at: Time = EPOCH

    def __post_init__(self) -> None:
        if (self.percent_off is None) != bool(self.amounts_off):
            raise ValueError("has percent_off or amounts_off, and not both.")
        if (self.duration is Duration.REPEATING) != (self.duration_in_months is not None):
            raise ValueError("has duration_in_months when its duration is REPEATING, only then.")
        _check_once("amounts_off", [money.currency for money in self.amounts_off])

    @property
    def discount(self) -> Discount:
        return Discount(
            self.percent_off,
            {money.currency: money.amount for money in self.amounts_off},
            self.duration,
            self.duration_in_months,
            self.display_name or self.coupon_id,
        )


@dataclass(frozen=True, slots=True)
class TaxRule:
    """What an invoice of a country is taxed with."""

    country: Country
    display_name: str
    percentage: Percent
    inclusive: bool = False

    @property
    def tax(self) -> Tax:
        return Tax(self.display_name, self.percentage, self.inclusive)


@dataclass(frozen=True, slots=True)
class CatalogueCustomer:
    """A customer that the company begins with."""

    customer_id: Id
    name: str | None = None
    email: str | None = None
    plan_id: PlanId | None = None


class Aggregation(StrEnum):
    AVG = "AVG"
    COUNT = "COUNT"
    MAX = "MAX"
    MIN = "MIN"
    SUM = "SUM"
    UNIQUE = "UNIQUE"


@dataclass(frozen=True, slots=True)
class Meter:
    """How events of a name become units of a feature: counted, or aggregated over a dimension."""

    event_name: str
    feature_id: FeatureId
    aggregation: Aggregation = Aggregation.COUNT
    dimension: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    """An event counts when its dimensions have these values."""

    def __post_init__(self) -> None:
        if (self.dimension is None) != (self.aggregation is Aggregation.COUNT):
            raise ValueError("names a dimension unless its aggregation is COUNT.")
