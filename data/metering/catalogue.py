"""The catalogue: what a company sells and what usage costs, read from one JSON file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl

from data.credits.rates import Rate
from data.metering.offers import (
    Addon,
    BillingPeriod,
    CatalogueCustomer,
    Coupon,
    CreditCurrency,
    Feature,
    Meter,
    Plan,
    Product,
    TaxRule,
    countries_of,
    prices_in,
)
from data.metering.written import Place, Written
from data.tables import SCHEMAS

IDS = {
    "currencies": "currency_id",
    "features": "feature_id",
    "products": "product_id",
    "plans": "plan_id",
    "addons": "addon_id",
    "coupons": "coupon_id",
    "tax_rules": "country",
    "customers": "customer_id",
}


@dataclass(frozen=True, slots=True)
class Sections:
    """The file's sections, each entry in the order in which it is written."""

    currencies: tuple[CreditCurrency, ...] = ()
    features: tuple[Feature, ...] = ()
    meters: tuple[Meter, ...] = ()
    products: tuple[Product, ...] = ()
    plans: tuple[Plan, ...] = ()
    addons: tuple[Addon, ...] = ()
    coupons: tuple[Coupon, ...] = ()
    tax_rules: tuple[TaxRule, ...] = ()
    customers: tuple[CatalogueCustomer, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is sold, by its ids and in the file's order; meters and rates as rules."""

    currencies: Mapping[str, CreditCurrency]
    features: Mapping[str, Feature]
    products: Mapping[str, Product]
    plans: Mapping[str, Plan]
    addons: Mapping[str, Addon]
    coupons: Mapping[str, Coupon]
    tax_rules: Mapping[str, TaxRule]
    customers: tuple[CatalogueCustomer, ...]
    meters: tuple[Meter, ...]
    rates: Mapping[tuple[str, str], Rate]
    """(plan_id, feature_id) → its rate."""
    tables: Mapping[str, pl.DataFrame]
    """Currencies, features, plans, rates, add-ons and coupons as data/tables.py has them."""


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a JSON file; raises CatalogueError with the line that is wrong."""
    written = Written(path)
    sections = written.read(Sections)
    _check_ids(written, sections)
    _check_base_plans(written, sections.plans)
    addons = {addon.addon_id: addon for addon in sections.addons}
    for number, plan in enumerate(sections.plans):
        _check_addon_prices(written, ("plans", number), plan, addons)
    return Catalogue(
        currencies={currency.currency_id: currency for currency in sections.currencies},
        features={feature.feature_id: feature for feature in sections.features},
        products={each.product_id: each for each in sections.products},
        plans={plan.plan_id: plan for plan in sections.plans},
        addons=addons,
        coupons={coupon.coupon_id: coupon for coupon in sections.coupons},
        tax_rules={rule.country: rule for rule in sections.tax_rules},
        customers=sections.customers,
        meters=sections.meters,
        rates={
            (plan.plan_id, rate.feature_id): Rate(
                rate.feature_id, rate.currency_id, rate.amount, rate.cost_formula
            )
            for plan in sections.plans
            for rate in plan.rates
        },
        tables=_tables(sections),
    )


def _check_ids(written: Written, sections: Sections) -> None:
    """Every id is there once, and every one that is named is there."""
    known: dict[str, set[str]] = {section: set() for section in IDS}
    for section, name in IDS.items():
        for number, entry in enumerate(getattr(sections, section)):
            entry_id = getattr(entry, name)
            if entry_id in known[section]:
                written.fail((section, number, name), f"{entry_id!r} is there twice.")
            known[section].add(entry_id)
    codes: set[str] = set()
    for number, coupon in enumerate(sections.coupons):
        for nth, promotion in enumerate(coupon.promotion_codes):
            if promotion.code in codes:
                place: Place = ("coupons", number, "promotion_codes", nth, "code")
                written.fail(place, f"{promotion.code!r} is there twice.")
            codes.add(promotion.code)
    for place, section, named in written.references:
        if named not in known[section]:
            has = ", ".join(sorted(known[section])) or "nothing"
            written.fail(place, f"{named!r} is not among the {section}, which have {has}.")


def _check_base_plans(written: Written, plans: Sequence[Plan]) -> None:
    base = {plan.plan_id: plan.base_plan_id for plan in plans}
    for number, plan in enumerate(plans):
        above, seen = plan.base_plan_id, {plan.plan_id}
        while above is not None:
            if above in seen:
                written.fail(("plans", number, "base_plan_id"), "leads back to the plan itself.")
            seen.add(above)
            above = base[above]


def _check_addon_prices(
    written: Written, place: Place, plan: Plan, addons: Mapping[str, Addon]
) -> None:
    """Add-ons that cost something have a price wherever their plan has, in the same currency."""
    for period, country in product(BillingPeriod, countries_of(plan.prices)):
        wanted = {price.currency for price in prices_in(plan.prices, period, country)}
        for number, addon_id in enumerate(plan.addons):
            prices = addons[addon_id].prices
            found = {price.currency for price in prices_in(prices, period, country)}
            wanted = wanted or found
            if prices and found != wanted:
                where = f" in {country}" if country else ""
                written.fail(
                    (*place, "addons", number),
                    f"{addon_id!r} has no {period} price in {wanted.pop()}, "
                    f"in which the plan is sold{where}.",
                )


def _tables(sections: Sections) -> dict[str, pl.DataFrame]:
    rows: dict[str, list[dict[str, Any]]] = {
        name: [
            {column: getattr(entry, column, None) for column in SCHEMAS[name]}
            | {"display_name": entry.display_name or getattr(entry, IDS[name])}
            for entry in getattr(sections, name)
        ]
        for name in ("currencies", "features", "plans", "addons", "coupons")
    }
    for row, coupon in zip(rows["coupons"], sections.coupons, strict=True):
        row["promotion_code"] = next((each.code for each in coupon.promotion_codes), None)
    rows["rates"] = [
        {
            "plan_id": plan.plan_id,
            "feature_id": rate.feature_id,
            "currency_id": rate.currency_id,
            "amount": None if rate.cost_formula else rate.amount,
            "cost_formula": rate.cost_formula,
        }
        for plan in sections.plans
        for rate in plan.rates
    ]
    return {name: pl.DataFrame(given, SCHEMAS[name], orient="row") for name, given in rows.items()}
