"""One estimate as an invoice, or as what a usage takes from the balance."""

from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboard.formats import exact, moment, money
from dashboard.markdown import plain
from dashboard.panels.estimates_shown import Estimated, Offer
from queries.estimates import EventCost
from queries.estimates.invoice import Item, Part, difference

LABELS: dict[str, str] = {
    Item.DEBIT: "For the rest of the period",
    Item.CREDIT: "Credit for what is not used",
    Item.NET: "Net of the change",
    Item.MINIMUM: "Up to the minimum spend",
    Item.SUB_TOTAL: "Sub-total",
    Item.DISCOUNT: "Discount",
    Item.EXCLUDING_TAX: "Total excluding tax",
    Item.TAX: "Tax",
    Item.TOTAL: "**Total**",
    Item.COST: "**Cost**",
    Item.BEFORE: "Balance before",
    Item.AFTER: "Balance after",
}
CADENCES = {"MONTHLY": "every month", "BEGINNING_OF_BILLING_PERIOD": "every billing period"}
TOLD_BELOW = (Item.CREDIT_USED, Item.CREDIT_LEFT)
"""Rows that are no step of the sum, and are told as a sentence under it."""
DISCOUNTS = {"ONCE": "on the first invoice", "FOREVER": "for as long as it runs"}


def show_result(shown: Estimated, first: Estimated | None, offer: Offer) -> None:
    """`first` is the one that this is compared with."""
    if shown.is_invoice:
        _show_invoice(shown, first, offer)
    else:
        _show_cost(shown, first, offer)


def _show_invoice(shown: Estimated, first: Estimated | None, offer: Offer) -> None:
    preview, rows = shown.preview, shown.rows
    currency = preview["currency"]
    with st.container(horizontal=True):
        for part, label in ((Part.NOW, "Due now"), (Part.PERIOD, "Every period after")):
            total = _amount(rows, part, Item.TOTAL)
            if total is not None:
                st.metric(
                    label, money(total, currency),
                    delta=_more(shown, first, part, Item.TOTAL, lambda m: money(m, currency)),
                    delta_color="off", delta_arrow="off",
                )  # fmt: skip
    st.caption(plain(_period(preview, offer.scope.zone)))
    _table(rows.filter(part=Part.NOW), "Due now", currency)
    _table(rows.filter(part=Part.PERIOD), "Every period after", currency)
    st.caption("\n".join(f"- {plain(each)}" for each in _sentences(shown, offer.scope.zone)))
    if preview["is_downgrade"]:
        st.warning(
            "This is a downgrade: the new plan costs less a month than the one it replaces.",
            icon=":material/trending_down:",
        )
    if preview["has_scheduled_updates"]:
        st.info(
            "Changes of this subscription are scheduled already, and would come on top.",
            icon=":material/schedule:",
        )


def _table(rows: pl.DataFrame, title: str, currency: str) -> None:
    """As Markdown: an invoice is read, not sorted."""
    if not rows.height:
        return
    text = [f"| {title} | {currency} |", "| :-- | --: |"]
    for row in rows.filter(~pl.col("item").is_in(TOLD_BELOW)).iter_rows(named=True):
        amount = money(row["amount"], currency).removesuffix(f" {currency}")
        strong = "**" if row["item"] == Item.TOTAL else ""
        text.append(f"| {_label(row)} | {strong}{plain(amount)}{strong} |")
    st.markdown("\n".join(text))


def _label(row: dict[str, Any]) -> str:
    if row["item"] in (Item.LINE, Item.CHARGE):
        quantity = "" if row["quantity"] is None else f" × {row['quantity']:,}"
        return plain(f"{row['name']}{quantity}")
    name = f": {plain(row['name'])}" if row["name"] else ""
    return f"{LABELS[row['item']]}{name}"


def _period(preview: dict[str, Any], zone: str) -> str:
    start, end = preview["period_start"], preview["period_end"]
    if start is None or end is None:
        return "The API does not tell the billing period."
    return f"Billing period {moment(start, zone)} – {moment(end, zone)}."


def _sentences(shown: Estimated, zone: str) -> list[str]:
    """What the amounts do not say of themselves."""
    preview = shown.preview
    return [
        *_trial(preview, zone),
        *_discount(preview, zone),
        *_tax(preview),
        *_proration(preview, zone),
        *_credits(shown),
        *_untold(shown),
    ]


def _trial(preview: dict[str, Any], zone: str) -> list[str]:
    if preview["sub_total"] or not preview["recurring_sub_total"] or preview["proration_net"]:
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
        lasts = f"for {months} month{'' if months == 1 else 's'}"
    start, end = preview["discount_start"], preview["discount_end"]
    span = f", from {moment(start, zone)}" + (f" until {moment(end, zone)}" if end else "")
    return [f"The discount: {off} off {lasts}{span}."]


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


def _credits(shown: Estimated) -> list[str]:
    """Those that the plan includes."""
    included = shown.plan["credits"] if shown.plan else []
    said = []
    for one in included:
        each = f" per unit of {one['per_unit_of']}" if one["per_unit_of"] else ""
        when = CADENCES.get(one["cadence"], "")
        said.append(f"{exact(one['amount'])} {one['currency_name']} {when}{each}")
    return [f"Credits included: {'; '.join(said)}."] if said else []


def _untold(shown: Estimated) -> list[str]:
    if shown.told or not shown.preview["recurring_sub_total"]:
        return []
    return ["The API tells the sums of this estimate, not the lines they are made of."]


def _show_cost(shown: Estimated, first: Estimated | None, offer: Offer) -> None:
    rows = shown.rows
    for (unit,), part in rows.filter(pl.col("unit").is_not_null()).group_by(
        "unit", maintain_order=True
    ):
        cost = _amount(part, Part.CREDITS, Item.COST)
        if cost is None:
            continue
        name, many = offer.units.get(str(unit), (str(unit), "credits"))
        st.metric(
            f"Cost in {name}", f"{_plain(cost)} {many}",
            delta=_more(shown, first, Part.CREDITS, Item.COST, _plain),
            delta_color="off", delta_arrow="off",
        )  # fmt: skip
        _charges(part, many, offer)
        _overdraft(part, many)
    for sentence in _warnings(shown, offer):
        st.warning(plain(sentence), icon=":material/info:")


def _charges(part: pl.DataFrame, many: str, offer: Offer) -> None:
    text = [f"| Charged | {plain(many)} |", "| :-- | --: |"]
    for row in part.filter(pl.col("amount").is_not_null()).iter_rows(named=True):
        named = row | {"name": offer.features.get(row["name"], row["name"])}
        strong = "**" if row["item"] == Item.COST else ""
        text.append(f"| {_label(named)} | {strong}{plain(_plain(row['amount']))}{strong} |")
    st.markdown("\n".join(text))


def _overdraft(part: pl.DataFrame, many: str) -> None:
    after = _amount(part, Part.CREDITS, Item.AFTER)
    if after is not None and after < 0:
        st.warning(
            plain(f"This would overdraw the balance: {exact(abs(after))} {many} would be owed."),
            icon=":material/warning:",
        )


def _warnings(shown: Estimated, offer: Offer) -> list[str]:
    """Every warning of the API, in words."""
    warned = shown.answer.frame.filter(pl.col("warning").is_not_null())
    is_event = isinstance(shown.question, EventCost)
    said = {
        "FEATURE_NOT_CREDIT_BASED": (
            "No credits are charged for this: the customer's plan has no rate for it."
        ),
        "FEATURE_NOT_FOUND": (
            "No meter counts this event with these dimensions, so it takes nothing."
            if is_event
            else "The API knows no such feature, so it takes nothing."
        ),
        "RESOURCE_SCOPED_SUBSCRIPTION_EXISTS": (
            "The customer has a subscription of one resource, and this is reckoned for the "
            "customer-level pool. Choose the resource's pool above for its cost."
        ),
        "UNSUPPORTED_AGGREGATION": (
            "what it adds to a maximum, a minimum, an average or a count of different values is "
            "only known with the whole period; it is counted as 0 here."
        ),
    }
    sentences = []
    for row in warned.iter_rows(named=True):
        sentence = said.get(row["warning"], f"The API warns: {row['warning']}.")
        feature = offer.features.get(row["feature_id"], row["feature_id"])
        sentences.append(f"{feature}: {sentence}" if feature else sentence)
    return sentences


def _more(
    shown: Estimated, first: Estimated | None, part: Part, item: Item, write: Any
) -> str | None:
    """The difference to the first, with its sign."""
    if first is None:
        return None
    more = difference(first.rows, shown.rows, part, item)
    if more is None:
        return "not comparable with the first"
    sign = "+" if more > 0 else "±" if not more else ""
    return f"{sign}{write(more)} against the first"


def _amount(rows: pl.DataFrame, part: Part, item: Item) -> Decimal | None:
    found = rows.filter(part=part, item=item)["amount"]
    return found.item() if found.len() == 1 else None


def _plain(amount: Decimal) -> str:
    return exact(amount).replace("-", "−")
