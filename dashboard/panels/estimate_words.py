"""What the amounts of an estimate do not say of themselves, in sentences."""

from typing import Any

import polars as pl

from dashboard.formats import exact, moment, money
from dashboard.panels.estimates_shown import Estimated, Offer
from dashboard.panels.plan_words import credits_included, duration
from queries.estimates import EventCost
from queries.estimates.after import after_discount
from queries.estimates.invoice import Item

DISCOUNTS = {"ONCE": "on the first invoice", "FOREVER": "for as long as it runs"}
NOT_FOUND = "FEATURE_NOT_FOUND"
NOTHING_COUNTS = "No meter counts this event with these dimensions, so it takes nothing."
WARNINGS = {
    "FEATURE_NOT_CREDIT_BASED": (
        "No credits are charged for this: the customer's plan has no rate for it."
    ),
    NOT_FOUND: "The API knows no such feature, so it takes nothing.",
    "RESOURCE_SCOPED_SUBSCRIPTION_EXISTS": (
        "The customer has a subscription of one resource, and this is reckoned for the "
        "customer-level pool. Choose the resource's pool above for its cost."
    ),
    "UNSUPPORTED_AGGREGATION": (
        "what it adds to a maximum, a minimum, an average or a count of different values is only "
        "known with the whole period; it is counted as 0 here."
    ),
}


def period(preview: dict[str, Any], zone: str) -> str:
    start, end = preview["period_start"], preview["period_end"]
    if start is None or end is None:
        return "The API does not tell the billing period."
    return f"Billing period {moment(start, zone)} – {moment(end, zone)}."


def sentences(shown: Estimated, zone: str) -> list[str]:
    """What the amounts do not say of themselves."""
    preview = shown.preview
    return [
        *_trial(preview, zone),
        *_discount(preview, zone),
        *_after_discount(preview, zone),
        *_tax(preview),
        *_proration(preview, zone),
        *_minimum(shown),
        *_credits(shown),
        *_untold(shown),
    ]


def _trial(preview: dict[str, Any], zone: str) -> list[str]:
    is_due = preview["sub_total"] or preview["proration_net"] is not None
    if is_due or not preview["recurring_sub_total"]:
        return []
    until = preview["period_end"]
    end = f" until {moment(until, zone)}" if until else ""
    return [f"Nothing is due{end}: what this period would cost is not charged, as in a trial."]


def _discount(preview: dict[str, Any], zone: str) -> list[str]:
    if preview["discount_type"] is None:
        return []
    value = preview["discount_value"]
    is_percent = preview["discount_type"] == "PERCENTAGE"
    off = f"{exact(value)} %" if is_percent else money(value, preview["currency"])
    months = preview["discount_months"]
    lasts = DISCOUNTS.get(preview["discount_duration"], "")
    if preview["discount_duration"] == "REPEATING" and months is not None:
        lasts = f"for {duration(months)}"
    start, end = preview["discount_start"], preview["discount_end"]
    span = f", from {moment(start, zone)}" + (f" until {moment(end, zone)}" if end else "")
    return [f"The discount: {off} off {lasts}{span}."]


def _after_discount(preview: dict[str, Any], zone: str) -> list[str]:
    after = after_discount(preview)
    if after is None:
        return []
    costs = money(after.sub_total if after.total is None else after.total, preview["currency"])
    costs += " before tax" if after.total is None else ""
    if after.start is None:
        return [f"The discount ends; a period after it costs {costs}."]
    until = moment(after.start, zone)
    return [
        f"The discount is off each period that begins before {until}; each from then on costs "
        f"{costs}."
    ]


def _tax(preview: dict[str, Any]) -> list[str]:
    if preview["tax_percent"] is None:
        return ["No tax is charged."] if not preview["tax"] else []
    how = "contained in the total" if preview["is_tax_inclusive"] else "on top"
    return [f"{preview['tax_name']}: {exact(preview['tax_percent'])} %, {how}."]


def _proration(preview: dict[str, Any], zone: str) -> list[str]:
    if preview["proration_net"] is None:
        return []
    said = [
        f"Prorated at {moment(preview['prorated_at'], zone)}: what was paid for the rest of the "
        "period is credited, and the rest at the new price is charged."
    ]
    if preview["credit_initial"] is not None:
        whole, used, left = (
            money(preview[f"credit_{part}"], preview["currency"])
            for part in ("initial", "used", "remaining")
        )
        said.append(f"Of the credit of {whole}, {used} is used now and {left} left for later.")
    return said


def _minimum(shown: Estimated) -> list[str]:
    """That which is no line, but contained in one."""
    within = shown.rows.filter(item=Item.MINIMUM_WITHIN)["amount"]
    is_whole = shown.preview["proration_net"] is None
    where = "The sub-total" if is_whole else "What is due for the rest of the period"
    return [
        f"{where} contains {money(amount, shown.preview['currency'])} up to the minimum spend."
        for amount in within
    ]


def _credits(shown: Estimated) -> list[str]:
    """Those that the plan includes."""
    included = credits_included(shown.plan) if shown.plan else []
    return [f"Credits included: {'; '.join(included)}."] if included else []


def _untold(shown: Estimated) -> list[str]:
    if shown.told or not shown.preview["recurring_sub_total"]:
        return []
    return ["The API tells the sums of this estimate, not the lines they are made of."]


def warnings(shown: Estimated, offer: Offer) -> list[str]:
    """Every warning of the API, in words."""
    said = WARNINGS
    if isinstance(shown.question, EventCost):
        said = WARNINGS | {NOT_FOUND: NOTHING_COUNTS}
    warned = shown.answer.frame.filter(pl.col("warning").is_not_null())
    sentences = []
    for row in warned.iter_rows(named=True):
        sentence = said.get(row["warning"], f"The API warns: {row['warning']}.")
        feature = offer.features.get(row["feature_id"], row["feature_id"])
        sentences.append(f"{feature}: {sentence}" if feature else sentence)
    return sentences
