"""The catalogue file: what it says is read whole, and an error names its line and place."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data.demo.sold import CATALOGUE
from data.metering.catalogue import Catalogue, read_catalogue
from data.metering.offers import BillingPeriod, prices_in
from data.metering.written import CatalogueError

GOOD = """\
{
  "currencies": [{"currency_id": "ai"}],
  "features": [
    {"feature_id": "seats"},
    {"feature_id": "calls"}
  ],
  "meters": [
    {"event_name": "called", "feature_id": "calls", "filters": {"status": "ok"}}
  ],
  "products": [{"product_id": "app"}],
  "plans": [
    {
      "plan_id": "small", "product_id": "app"
    },
    {
      "plan_id": "large", "product_id": "app", "base_plan_id": "small", "pricing_type": "PAID",
      "prices": [
        {"billing_period": "MONTHLY", "amount": 10},
        {"billing_period": "MONTHLY", "amount": 9, "currency": "EUR", "countries": ["DE"]}
      ],
      "credits": [{"currency_id": "ai", "included": 5, "per_unit_of": "seats"}],
      "rates": [{"feature_id": "calls", "currency_id": "ai", "amount": 2}],
      "addons": ["more"]
    }
  ],
  "addons": [
    {"addon_id": "more", "prices": [
      {"billing_period": "MONTHLY", "amount": 1},
      {"billing_period": "MONTHLY", "amount": 1, "currency": "EUR", "countries": ["DE"]}
    ]}
  ],
  "coupons": [
    {"coupon_id": "half", "percent_off": 50, "promotion_codes": [{"code": "HALF"}]}
  ],
  "tax_rules": [
    {"country": "DE", "display_name": "USt", "percentage": 19}
  ],
  "customers": [
    {"customer_id": "acme", "plan_id": "large"}
  ]
}
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Catalogue]:
    def read(text: str) -> Catalogue:
        path = tmp_path / "catalogue.json"
        path.write_text(text)
        return read_catalogue(path)

    return read


def test_a_catalogue_without_errors_is_read(read: Callable[[str], Catalogue]) -> None:
    made = read(GOOD)
    assert list(made.plans) == ["small", "large"]
    assert made.plans["large"].prices[0].amount == Decimal(10)
    assert made.rates["large", "calls"].amount == 2
    assert made.tables["plans"]["display_name"].to_list() == ["small", "large"]
    assert made.coupons["half"].discount.percent_off == 50
    assert (made.tax_rules["DE"].tax.percentage, made.customers[0].plan_id) == (19, "large")
    assert dict(made.meters[0].filters) == {"status": "ok"}


ERRORS: list[tuple[str, str, str]] = [
    ('"amount": 10}', '"amount": "ten"}',
     'line 18: plans[1].prices[0].amount must be a decimal number ≥ 0, not "ten".'),
    ('"amount": 10}', '"amount": -1}',
     "line 18: plans[1].prices[0].amount must be a decimal number ≥ 0, not -1."),
    ('"amount": 10}', '"amount": 1e12}',
     'line 18: plans[1].prices[0].amount must be below 10^12, not 1E+12.'),
    ('"amount": 10}', '"amount": true}',
     "line 18: plans[1].prices[0].amount must be a decimal number ≥ 0, not true."),
    ('"amount": 10}', '"amount": null}',
     "line 18: plans[1].prices[0] has an amount or tiers, and not both."),
    ('"amount": 10}', '"amount": 10, "price": 3}',
     "line 18: plans[1].prices[0].price is not known here; allowed are billing_period, amount, "
     "billing_model, currency, countries, feature_id, tiers, tiers_mode."),
    ('"amount": 10}', '"amount": 10, "amount": 11}',
     "line 18: plans[1].prices[0].amount is given twice."),
    ('"amount": 10}', '"amount": 10, "currency": "usd"}',
     "line 18: plans[1].prices[0].currency must be one of USD, EUR, GBP, JPY,"),
    ('"MONTHLY", "amount": 10}', '"WEEKLY", "amount": 10}',
     "line 18: plans[1].prices[0].billing_period must be one of ANNUALLY, MONTHLY, not "
     '"WEEKLY".'),
    ('"amount": 10}', '"amount": 10, "billing_model": "PER_UNIT"}',
     "line 18: plans[1].prices[0] names a feature_id when it is PER_UNIT, and only then."),
    ('"amount": 10}', '"billing_model": "PER_UNIT", "feature_id": "seats", "tiers": '
     '[{"unit_price": 1}]}',
     "line 18: plans[1].prices[0] has a tiers_mode with its tiers,"),
    ('"amount": 10}', '"billing_model": "PER_UNIT", "feature_id": "seats", "tiers_mode": "VOLUME",'
     '\n"tiers": [{"up_to": 5, "unit_price": 1}]}',
     "line 18: plans[1].prices[0] has tiers of which the last, and only that, must have no up_to."),
    ('"amount": 10}', '"billing_model": "PER_UNIT", "feature_id": "seats", "tiers_mode": "VOLUME",'
     '\n"tiers": [{"up_to": 5, "unit_price": 1}, {"up_to": 5, "unit_price": 1},'
     ' {"unit_price": 1}]}',
     "line 18: plans[1].prices[0] has tiers whose up_to must rise from above 0."),
    ('"amount": 10}', '"billing_model": "PER_UNIT", "feature_id": "seats", "tiers_mode": "VOLUME",'
     '\n"tiers": [{"unit_price": -1}]}',
     "line 18: plans[1].prices[0] has a tier with a price that is below 0 or not below 10^12."),
    ('"amount": 10},', '"amount": 10}, {"billing_period": "MONTHLY", "amount": 1},',
     "line 15: plans[1] has two MONTHLY prices for the same thing."),
    ('"amount": 10},', '"amount": 10}, {"billing_period": "MONTHLY", "billing_model": "PER_UNIT", '
     '"feature_id": "seats", "amount": 1, "currency": "JPY"},',
     "line 15: plans[1] has MONTHLY prices in several currencies."),
    ('["DE"]}\n      ],', '["Germany"]}\n      ],',
     "line 19: plans[1].prices[1].countries[0] must be a country's two capital letters such as "
     'DE, not "Germany".'),
    ('"amount": 1, "currency": "EUR", "countries": ["DE"]}\n    ]}', '"amount": 1}\n    ]}',
     "line 27: addons[0] has two MONTHLY prices for the same thing."),
    ('"amount": 1, "currency": "EUR"', '"amount": 1, "currency": "GBP"',
     "line 23: plans[1].addons[0] 'more' has no MONTHLY price in EUR, in which the plan is sold "
     "in DE."),
    ('"per_unit_of": "seats"', '"per_unit_of": "desks"',
     "line 21: plans[1].credits[0].per_unit_of 'desks' is not among the features, which have "
     "calls, seats."),
    ('"addons": ["more"]', '"addons": ["less"]',
     "line 23: plans[1].addons[0] 'less' is not among the addons, which have more."),
    ('"addons": ["more"]', '"addons": ["more", "more"]',
     "line 15: plans[1] has 'more' twice among its addons."),
    ('"currency_id": "ai", "amount": 2', '"currency_id": "api", "amount": 2',
     "line 22: plans[1].rates[0].currency_id 'api' is not among the currencies, which have ai."),
    ('"amount": 2}', '"cost_formula": "2 *"}',
     "line 22: plans[1].rates[0] The formula '2 *' cannot be read at 'its end'"),
    ('"plan_id": "small", "product_id": "app"',
     '"plan_id": "small", "product_id": "app", "base_plan_id": "large"',
     "line 13: plans[0].base_plan_id leads back to the plan itself."),
    ('"plan_id": "large", "p', '"plan_id": "small", "p',
     "line 16: plans[1].plan_id 'small' is there twice."),
    ('"plan_id": "small", ', "",
     "line 12: plans[0] lacks 'plan_id'."),
    ('"pricing_type": "PAID"', '"pricing_type": "FREE"',
     "line 15: plans[1] is FREE and has prices; only a PAID plan has."),
    ('"plan_id": "small", ', '"plan_id": "small", "pricing_type": "PAID", ',
     "line 12: plans[0] is PAID and has neither prices nor credits with a unit_price."),
    ('"plan_id": "small", ', '"plan_id": "small", "default_trial_days": 0, ',
     "line 13: plans[0].default_trial_days must be a whole number from 1 to 365, not 0."),
    ('"plan_id": "small", ', '"plan_id": "small", "default_trial_days": 1.5, ',
     "line 13: plans[0].default_trial_days must be a whole number from 1 to 365, not 1.5."),
    ('"plan_id": "small", ', '"plan_id": "small", "is_hidden": "no", ',
     'line 13: plans[0].is_hidden must be true or false, not "no".'),
    ('"plan_id": "small", ', '"plan_id": "small", "created_at": "yesterday", ',
     "line 13: plans[0].created_at must be a UTC time such as 2026-05-01T00:00:00, not"),
    ('"plan_id": "small", ', '"plan_id": "small", "rates": {}, ',
     "line 13: plans[0].rates must be a list, not {}."),
    ('"plan_id": "small"', '"plan_id": "not an id"',
     "line 13: plans[0].plan_id must be an id of letters, digits and _ | . @ -, at most 255, not"),
    ('"percent_off": 50', '"percent_off": 150',
     "line 33: coupons[0].percent_off must be a percentage above 0, at most 100, not 150."),
    ('"percent_off": 50, ', "",
     "line 33: coupons[0] has percent_off or amounts_off, and not both."),
    ('"percent_off": 50', '"percent_off": 50, "duration_in_months": 3',
     "line 33: coupons[0] has duration_in_months when its duration is REPEATING, only then."),
    ('"percent_off": 50', '"percent_off": 33.33333',
     "line 33: coupons[0].percent_off must be a number of at most 4 decimals, not 33.33333."),
    ('"percent_off": 50',
     '"percent_off": 50, "duration": "REPEATING", "duration_in_months": 1201',
     "line 33: coupons[0].duration_in_months must be a whole number from 1 to 1200, not 1201."),
    ('"currency_id": "ai", "amount": 2', '"currency_id": "ai", "amount": 0.0000001',
     "line 22: plans[1].rates[0].amount must be a number of at most 6 decimals, not 1E-7."),
    ('"plan_id": "small", ', r'"plan_id": "small", "description": "\ud83d", ',
     'line 13: plans[0].description must be a text of whole characters, not "?".'),
    ('{"code": "HALF"}', '{"code": "HALF"}, {"code": "HALF"}',
     "line 33: coupons[0].promotion_codes[1].code 'HALF' is there twice."),
    ('"percentage": 19}', '"percentage": 19},\n{"country": "DE", "display_name": "x", '
     '"percentage": 7}',
     "line 37: tax_rules[1].country 'DE' is there twice."),
    ('"plan_id": "large"}\n', '"plan_id": "huge"}\n',
     "line 39: customers[0].plan_id 'huge' is not among the plans, which have large, small."),
    ('"feature_id": "calls", "f', '"feature_id": "calls", "aggregation": "SUM", "f',
     "line 8: meters[0] names a dimension unless its aggregation is COUNT."),
    ('"feature_id": "calls", "f', '"feature_id": "calls", "aggregation": "MEDIAN", "f',
     "line 8: meters[0].aggregation must be one of AVG, COUNT, MAX, MIN, SUM, UNIQUE, not"),
    ('{"status": "ok"}', '{"status": 1}',
     "line 8: meters[0].filters.status must be a text of whole characters, not 1."),
    ('"currencies"', '"currency"',
     "line 2: currency is not known here; allowed are currencies, features, meters, products,"),
    ('"currencies": [{', '"currencies": [3, {',
     "line 2: currencies[0] must be an object, not 3."),
    ('"customers": [', '"customers" [', "line 38: Expecting ':' delimiter."),
]  # fmt: skip


@pytest.mark.parametrize(("what", "instead", "sentence"), ERRORS)
def test_an_error_names_its_line_its_place_and_what_would_do(
    read: Callable[[str], Catalogue], what: str, instead: str, sentence: str
) -> None:
    assert GOOD.count(what) == 1
    with pytest.raises(CatalogueError) as caught:
        read(GOOD.replace(what, instead))
    assert str(caught.value).startswith(f"catalogue.json, {sentence}")


def test_a_file_that_is_no_object_is_refused(read: Callable[[str], Catalogue]) -> None:
    with pytest.raises(CatalogueError, match=r"line 1: The file must be an object, not \[\]\."):
        read("[]")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"nowhere\.json cannot be read: No such file"):
        read_catalogue(tmp_path / "nowhere.json")


def test_a_file_that_nests_too_deeply_is_refused(read: Callable[[str], Catalogue]) -> None:
    with pytest.raises(CatalogueError, match=r"catalogue\.json nests too deeply\."):
        read("[" * 100_000)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_bytes(b'{"currencies": "\xff"}')
    with pytest.raises(CatalogueError, match=r"catalogue\.json is not text in UTF-8\."):
        read_catalogue(path)


def test_every_field_is_documented() -> None:
    documented = (CATALOGUE.parents[1] / "metering" / "CATALOGUE.md").read_text()
    names: set[str] = set()

    def collect(given: Any) -> None:
        if isinstance(given, dict):
            names.update(given)
        for each in given.values() if isinstance(given, dict) else given:
            if isinstance(each, dict | list):
                collect(each)

    collect(json.loads(CATALOGUE.read_text()))
    assert [name for name in sorted(names) if f"`{name}`" not in documented] == []


@pytest.mark.parametrize(
    ("country", "currency", "amounts"),
    [(None, "USD", [99, 5]), ("US", "USD", [99, 5]), ("DE", "EUR", [95, Decimal("4.8")]),
     ("JP", "JPY", [15000, 750])],
)  # fmt: skip
def test_the_prices_of_a_country_are_its_own_or_the_default(
    country: str | None, currency: str, amounts: list[Decimal]
) -> None:
    growth = read_catalogue(CATALOGUE).plans["plan-revvenu-growth"]
    found = prices_in(growth.prices, BillingPeriod.MONTHLY, country)
    assert [price.amount for price in found] == amounts
    assert {price.currency for price in found} == {currency}
