"""All that the cards of the plans say, as the table of an export."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from dashboard.panels import plan_words
from dashboard.panels.plans_shown import ShownPlans
from data.credits.money import CURRENCIES
from data.tables import ColumnTypes
from queries.plans import PRICE

COLUMNS: ColumnTypes = {
    "plan_id": pl.String,
    "plan": pl.String,
    "pricing_type": pl.String,
    "country": pl.String,
    "section": pl.String,
    "what": pl.String,
    "billing_period": pl.String,
    "amount": PRICE,
    "currency": pl.String,
    "terms": pl.String,
}

Row = Mapping[str, Any]


def terms_list(shown: ShownPlans) -> pl.DataFrame:
    """A row for each line of the cards, also of the billing period that they do not show.

    `amount` is money, for one unit of `what` where that is a feature; `terms` says the rest.
    """
    rows = [
        {
            "plan_id": plan["plan_id"],
            "plan": plan["display_name"],
            "pricing_type": plan["pricing_type"],
            "country": shown.country,
            **row,
        }
        for plan in shown.plans
        for row in _terms(plan, shown.credit_names)
    ]
    return _in_digits(pl.DataFrame(rows, COLUMNS))


def _terms(plan: Row, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    yield from _prices(plan)
    for line in plan_words.trial(plan):
        yield {"section": "Trial", "terms": line}
    for line in plan_words.credit_lines(plan, names):
        yield {"section": "Credits", "terms": line}
    sections = {
        "Entitlement": "entitlements",
        f"Entitlement of {plan['base_plan_name']}": "inherited",
    }
    for section, column in sections.items():
        for each in plan[column]:
            what, terms = each["feature_name"], plan_words.limit(each)
            yield {"section": section, "what": what, "terms": terms}
    for addon in plan["addons"]:
        about = {"section": "Add-on", "what": addon["display_name"]}
        for each in addon["prices"] or [{}]:
            yield about | _price(each) | {"terms": plan_words.at_most(addon) or None}


def _prices(plan: Row) -> Iterator[dict[str, Any]]:
    """A plan that costs nothing, or what is agreed upon, has a row too."""
    for each in plan["prices"] or [{}]:
        terms = plan_words.unit_price(each) if each.get("tiers") else None
        yield {"section": "Price", "what": each.get("feature_name"), "terms": terms} | _price(each)
    currencies = {each["currency"] for each in plan["prices"]}
    for each in plan["minimum_spends"]:
        if each["currency"] in currencies:
            yield {"section": "Minimum spend"} | _price(each)


def _price(given: Row) -> dict[str, Any]:
    return {name: given.get(name) for name in ("billing_period", "amount", "currency")}


def _in_digits(table: pl.DataFrame) -> pl.DataFrame:
    """With as many decimals as the currencies have, or a price has more."""
    written = table["amount"].cast(pl.String).str.strip_chars_end("0").str.extract(r"\.(\d+)$")
    used = written.str.len_chars().max()
    codes = table["currency"].drop_nulls().unique()
    own = [CURRENCIES[code].digits if code in CURRENCIES else 2 for code in codes]
    digits = max(used if isinstance(used, int) else 0, *own, 0)
    return table.with_columns(pl.col("amount").cast(pl.Decimal(38, digits)))
