"""What a subscription is sold with, checked against the catalogue; what a period of it costs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from data.credits.amounts import CREDITS_LIMIT
from data.credits.discounts import Discount
from data.credits.invoices import PeriodPrice, period_price
from data.credits.prices import per_unit
from data.metering.catalogue import Catalogue
from data.metering.offers import (
    Addon,
    BillingPeriod,
    Coupon,
    CouponStatus,
    PackageStatus,
    Plan,
    Price,
    PricingType,
    PromotionCodeStatus,
    prices_in,
)
from data.metering.service.faults import Fault, bad_input
from data.metering.service.state import State
from data.metering.service.store import Row

Given = Mapping[str, Any]
MOST_UNITS = 10**9
DEFAULT_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan as one subscription has it."""

    plan: Plan
    period: BillingPeriod
    country: str | None
    prices: tuple[Price, ...]
    features: Mapping[str, Decimal]
    """Quantities by feature_id: every per-unit price's, and those that included credits count."""
    addons: Mapping[str, int]
    credits: Mapping[str, Decimal] = field(default_factory=dict)
    """Credits bought with every period, by currency_id."""

    @property
    def price_country(self) -> str | None:
        """The country whose prices hold: none where the plan has no price of its own for it."""
        local = any(self.country in price.countries for price in self.plan.prices)
        return self.country if local else None

    def price(self, catalogue: Catalogue, discount: Discount | None = None) -> PeriodPrice:
        """A whole period of it."""
        bought = [
            (price, quantity)
            for addon_id, quantity in self.addons.items()
            for price in self._addon_prices(catalogue.addons[addon_id])
        ]
        currencies = [price.currency for price in self.prices] + [p.currency for p, _ in bought]
        currency = next(iter(currencies), DEFAULT_CURRENCY)
        if discount is not None:
            check_discount(discount, currency)
        lines = [
            *(price.cost(self.features.get(price.feature_id or "", Decimal(1)))
              for price in self.prices),
            *(price.cost(Decimal(quantity)) for price, quantity in bought),
            *self._credit_lines(currency),
        ]  # fmt: skip
        minimum = self.plan.minimum_spend(self.period, currency)
        return period_price(currency, lines, minimum, discount)

    def _addon_prices(self, addon: Addon) -> tuple[Price, ...]:
        return prices_in(addon.prices, self.period, self.price_country)

    def _credit_lines(self, currency: str) -> Iterator[Decimal]:
        for currency_id, amount in self.credits.items():
            sold = [each for each in self.plan.credits if each.currency_id == currency_id]
            unit_price = sold[0].unit_price if sold else None
            if unit_price is None or currency != DEFAULT_CURRENCY:
                raise bad_input(
                    f"Plan {self.plan.plan_id!r} sells no {currency_id!r} credits in {currency}."
                )
            yield per_unit(amount, unit_price)

    def stored(self) -> Row:
        """Its part of a row of `subscriptions`."""
        return {
            "billing_period": self.period.value if self.plan.periods else None,
            "billable_features": json.dumps({k: int(n) for k, n in self.features.items()}),
            "addons": json.dumps(dict(self.addons)),
            "billing_country": self.country,
        }


def plan_of(catalogue: Catalogue, plan_id: str) -> Plan:
    if plan_id not in catalogue.plans:
        raise Fault("PlanNotFound", f"There is no plan {plan_id!r}.")
    return catalogue.plans[plan_id]


def new_terms(catalogue: Catalogue, given: Given, country: str | None) -> Terms:
    """The terms that an input asks for, with every check of the contract (section 2.4)."""
    plan = plan_of(catalogue, given["planId"])
    if plan.status is PackageStatus.ARCHIVED:
        raise Fault("EntityIsArchivedError", f"Plan {plan.plan_id!r} is archived.")
    if plan.pricing_type is PricingType.CUSTOM:
        raise bad_input(f"Plan {plan.plan_id!r} is priced by agreement; nothing can be estimated.")
    period = _period(plan, given.get("billingPeriod"))
    start = Terms(plan, period, country, prices_in(plan.prices, period, country), {}, {})
    terms = changed(catalogue, start, given)
    for price in terms.prices:
        if price.feature_id is not None and price.feature_id not in terms.features:
            raise Fault(
                "InvalidQuantity",
                f"Plan {plan.plan_id!r} is priced per unit of {price.feature_id!r}: "
                "billableFeatures must give its quantity.",
            )
    return _with_unit_price(terms, given.get("priceUnitAmount"))


def default_terms(catalogue: Catalogue, given: Given) -> Terms:
    """The terms to provision: by the month and one unit of everything unless the input says."""
    plan = plan_of(catalogue, given["planId"])
    periods = plan.periods or [BillingPeriod.MONTHLY]
    period = given.get("billingPeriod") or (
        BillingPeriod.MONTHLY if BillingPeriod.MONTHLY in periods else periods[0]
    )
    period, country = _period(plan, period), country_of(given)
    prices = prices_in(plan.prices, period, country)
    units = {price.feature_id: Decimal(1) for price in prices if price.feature_id}
    return changed(catalogue, Terms(plan, period, country, prices, units, {}), given)


def held_terms(catalogue: Catalogue, row: Row) -> Terms:
    """The terms of a stored subscription, one unit of everything where it does not say."""
    plan = plan_of(catalogue, row["plan_id"])
    given = {
        "planId": plan.plan_id,
        "billingPeriod": row["billing_period"],
        "billingCountryCode": row["billing_country"],
    }
    sold = default_terms(catalogue, given)
    features = json.loads(row["billable_features"] or "{}", parse_int=Decimal)
    addons = json.loads(row["addons"] or "{}")
    for addon_id in addons:
        _addon(catalogue, addon_id)
    return replace(sold, features={**sold.features, **features}, addons=addons)


def changed(catalogue: Catalogue, terms: Terms, given: Given) -> Terms:
    """The terms with the quantities of an input; a list of add-ons replaces the whole list."""
    features, credits = _charges(given)
    if given.get("unitQuantity") is not None:
        priced = [price.feature_id for price in terms.prices if price.feature_id]
        if len(priced) != 1:
            raise bad_input(
                "unitQuantity needs a plan with exactly one per-unit price; "
                f"{terms.plan.plan_id!r} has {len(priced)}: use billableFeatures."
            )
        features.append((priced[0], given["unitQuantity"]))
    _check_once([feature_id for feature_id, _ in features])
    for feature_id, _ in features:
        _check_feature(catalogue, terms, feature_id)
    addons = given.get("addons")
    return replace(
        terms,
        features={**terms.features, **{each: _units(each, n) for each, n in features}},
        addons=terms.addons if addons is None else _addons(catalogue, terms, addons),
        credits={each: _units(each, amount) for each, amount in credits} or terms.credits,
    )


def country_of(given: Given) -> str | None:
    """The billing country of an input, or that of its billing address."""
    address = (given.get("billingInformation") or {}).get("billingAddress") or {}
    country: str | None = given.get("billingCountryCode") or address.get("country") or None
    if country is not None and not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise bad_input(f"A billing country is two capital letters such as DE, not {country!r}.")
    return country


def promotion(catalogue: Catalogue, state: State, code: str) -> Coupon:
    """The coupon behind a promotion code that can be used now."""
    found = [
        (coupon, promotion)
        for coupon in catalogue.coupons.values()
        for promotion in coupon.promotion_codes
        if promotion.code == code
    ]
    if not found:
        raise Fault("PromotionCodeNotFound", f"There is no promotion code {code!r}.")
    ((coupon, promotion),) = found
    if promotion.status is PromotionCodeStatus.INACTIVE:
        raise Fault("PromotionCodeNotActive", f"The promotion code {code!r} is not active.")
    sold = [row for rows in list(state.subscriptions.values()) for row in rows]
    used = sum(row["promotion_code"] == code for row in sold)
    if promotion.max_redemptions is not None and used >= promotion.max_redemptions:
        raise Fault(
            "PromotionCodeMaxRedemptionsReached",
            f"The promotion code {code!r} was used {used} times, as often as it may be.",
        )
    return usable(coupon)


def usable(coupon: Coupon) -> Coupon:
    if coupon.status is CouponStatus.ARCHIVED:
        raise Fault("ArchivedCouponCantBeApplied", f"Coupon {coupon.coupon_id!r} is archived.")
    return coupon


def _period(plan: Plan, asked: str | None) -> BillingPeriod:
    periods = plan.periods
    if asked is None and len(periods) > 1:
        raise Fault(
            "BillingPeriodMissingError",
            f"Plan {plan.plan_id!r} is sold {' and '.join(periods)}: billingPeriod must say which.",
        )
    if asked is not None and periods and asked not in periods:
        raise bad_input(f"Plan {plan.plan_id!r} is sold {' and '.join(periods)}, not {asked}.")
    return BillingPeriod(asked or (periods or [BillingPeriod.MONTHLY])[0])


def _with_unit_price(terms: Terms, amount: Decimal | None) -> Terms:
    """With another price for the unit, of the only price there is or the only one per unit."""
    if amount is None:
        return terms
    if not 0 <= amount < CREDITS_LIMIT:
        raise bad_input(f"priceUnitAmount is from 0 to below 10^12, not {amount}.")
    candidates = [price for price in terms.prices if price.feature_id] or list(terms.prices)
    if len(candidates) != 1:
        raise bad_input(
            f"priceUnitAmount needs a plan with one price per unit; {terms.plan.plan_id!r} has "
            f"{len(candidates)}."
        )
    special = replace(candidates[0], amount=amount, tiers=(), tiers_mode=None)
    return replace(terms, prices=tuple(special if p is candidates[0] else p for p in terms.prices))


def _charges(given: Given) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    """(features, credits) that an input names, each with its quantity."""
    charges = given.get("charges") or ()
    features = [
        (each["featureId"], each["quantity"]) for each in given.get("billableFeatures") or ()
    ]
    features += [(each["id"], each["quantity"]) for each in charges if each["type"] == "FEATURE"]
    credits = [(each["id"], each["quantity"]) for each in charges if each["type"] == "CREDIT"]
    _check_once([currency_id for currency_id, _ in credits])
    return features, credits


def _check_once(ids: Sequence[str]) -> None:
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if twice is not None:
        raise bad_input(f"{twice!r} is named twice; give each quantity once.")


def _check_feature(catalogue: Catalogue, terms: Terms, feature_id: str) -> None:
    if feature_id not in catalogue.features:
        raise Fault("FeatureNotFound", f"There is no feature {feature_id!r}.")
    priced = [price.feature_id for price in terms.prices if price.feature_id]
    counted = [each.per_unit_of for each in terms.plan.credits if each.per_unit_of]
    if feature_id not in priced + counted:
        has = ", ".join(dict.fromkeys(priced + counted)) or "no feature"
        raise bad_input(f"Plan {terms.plan.plan_id!r} is sold by units of {has}, not {feature_id}.")


def _units(what: str, quantity: Decimal) -> Decimal:
    if quantity != quantity.to_integral_value() or not 0 <= quantity <= MOST_UNITS:
        raise Fault(
            "InvalidQuantity",
            f"The quantity of {what!r} is a whole number from 0 to {MOST_UNITS}, not {quantity}.",
        )
    return quantity


def _addons(catalogue: Catalogue, terms: Terms, given: Sequence[Given]) -> dict[str, int]:
    _check_once([each["addonId"] for each in given])
    quantities = {}
    for each in given:
        addon = _addon(catalogue, each["addonId"])
        if addon.status is PackageStatus.ARCHIVED and addon.addon_id not in terms.addons:
            raise Fault("EntityIsArchivedError", f"Add-on {addon.addon_id!r} is archived.")
        if addon.addon_id not in terms.plan.addons:
            raise Fault(
                "IncompatibleSubscriptionAddon",
                f"Plan {terms.plan.plan_id!r} does not take the add-on {addon.addon_id!r}.",
            )
        quantities[addon.addon_id] = _addon_quantity(addon, each.get("quantity"))
    return quantities


def _addon(catalogue: Catalogue, addon_id: str) -> Addon:
    if addon_id not in catalogue.addons:
        raise Fault("AddonNotFound", f"There is no add-on {addon_id!r}.")
    return catalogue.addons[addon_id]


def _addon_quantity(addon: Addon, given: int | None) -> int:
    quantity = 1 if given is None else given
    if not 1 <= quantity <= MOST_UNITS:
        raise Fault(
            "InvalidQuantity",
            f"The quantity of {addon.addon_id!r} is at least 1, not {quantity}.",
        )
    if addon.max_quantity is not None and quantity > addon.max_quantity:
        raise Fault(
            "AddonQuantityExceedsLimitError",
            f"{quantity} of {addon.addon_id!r} are too many: at most {addon.max_quantity}.",
        )
    return quantity


def check_discount(discount: Discount, currency: str) -> None:
    """Refuse amounts off of which none is in the currency."""
    if discount.percent_off is None and currency not in discount.amounts_off:
        has = ", ".join(discount.amounts_off)
        raise bad_input(f"The discount is an amount in {has}; this subscription is in {currency}.")
