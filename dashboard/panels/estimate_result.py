"""What one estimate comes to: an invoice, or what a usage takes from the balance."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboard.formats import day_span, exact, money
from dashboard.markdown import plain
from dashboard.panels.estimate_difference import more, why_none
from dashboard.panels.estimate_words import period, sentences, warnings
from dashboard.panels.estimates_shown import Estimated, Offer
from queries.estimates.after import after_discount
from queries.estimates.invoice import WITHIN, Item, Part, total_of

LABELS: dict[str, str] = {
    Item.DEBIT: "For the rest of the period",
    Item.CREDIT: "Credit for what is not used",
    Item.NET: "Net of the change",
    Item.KEPT: "Kept as credit for later",
    Item.DISCOUNTED: "The discount that is off already",
    Item.MINIMUM: "Up to the minimum spend",
    Item.SUB_TOTAL: "Sub-total",
    Item.DISCOUNT: "Discount",
    Item.EXCLUDING_TAX: "Total excluding tax",
    Item.TAX: "Tax",
    Item.TOTAL: "Total",
    Item.COST: "Cost",
    Item.BEFORE: "Balance before",
    Item.AFTER: "Balance after",
}
TITLES = {
    Part.NOW: "Due now",
    Part.NEXT: "Next period",
    Part.PERIOD: "Every period after",
    Part.AFTER: "After the discount",
}
MOMENT = timedelta(microseconds=1)


def show_result(shown: Estimated, first: Estimated | None, offer: Offer, *, is_alone: bool) -> None:
    """`first` is the one that this is compared with.

    Its rows are listed only of one that `is_alone`: those of many are in one table.
    """
    if shown.is_invoice:
        _show_invoice(shown, first, offer, is_alone=is_alone)
    else:
        _show_cost(shown, first, offer, is_alone=is_alone)
    without = None if first is None else why_none(shown, first, offer)
    if without is not None:
        st.caption(plain(without))


def label(item: str, name: str | None, quantity: int | None = None) -> str:
    """What a row is of."""
    if item in (Item.LINE, Item.CHARGE):
        return f"{name}" if quantity is None else f"{name} × {quantity:,}"
    return f"{LABELS[item]}: {name}" if name else LABELS[item]


def _show_invoice(
    shown: Estimated, first: Estimated | None, offer: Offer, *, is_alone: bool
) -> None:
    preview, rows = shown.preview, shown.rows
    currency = preview["currency"]
    titles = _titles(shown, offer.scope.zone)
    with st.container(horizontal=True):
        for part, title in titles.items():
            item = total_of(rows, part)
            total = _amount(rows, part, item)
            if total is not None:
                st.metric(
                    title, money(total, currency),
                    delta=_more(shown, first, part, item, currency, lambda m: money(m, currency)),
                    delta_color="off", delta_arrow="off",
                )  # fmt: skip
    st.caption(plain(period(preview, offer.scope.zone)))
    if is_alone:
        for part, title in titles.items():
            _table(rows.filter(part=part), title, currency)
    st.caption("\n".join(f"- {plain(each)}" for each in sentences(shown, offer.scope.zone)))
    _flags(preview)


def _titles(shown: Estimated, zone: str) -> dict[Part, str]:
    """With the day on which the discount ends, and without tax where that is not known."""
    after = after_discount(shown.preview)
    if after is None:
        return TITLES
    title = TITLES[Part.AFTER]
    if after.start is not None:
        title = f"Periods from {day_span(after.start, after.start + MOMENT, zone)}"
    return TITLES | {Part.AFTER: f"{title}, before tax" if after.total is None else title}


def _flags(preview: Mapping[str, Any]) -> None:
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
    """As Markdown: an invoice is read, not sorted; what is no addend is told under it."""
    if not rows.height:
        return
    _rows(
        (title, currency),
        rows.filter(~pl.col("item").is_in(WITHIN)),
        lambda amount: money(amount, currency).removesuffix(f" {currency}"),
    )


def _rows(heads: tuple[str, str], rows: pl.DataFrame, write: Callable[[Decimal], str]) -> None:
    text = [f"| {plain(heads[0])} | {plain(heads[1])} |", "| :-- | --: |"]
    for row in rows.iter_rows(named=True):
        strong = "**" if row["item"] in (Item.TOTAL, Item.COST) else ""
        told = plain(label(row["item"], row["name"], row["quantity"]))
        text.append(f"| {strong}{told}{strong} | {strong}{plain(write(row['amount']))}{strong} |")
    st.markdown("\n".join(text))


def _show_cost(shown: Estimated, first: Estimated | None, offer: Offer, *, is_alone: bool) -> None:
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
            delta=_more(shown, first, Part.CREDITS, Item.COST, str(unit), _plain),
            delta_color="off", delta_arrow="off",
        )  # fmt: skip
        if is_alone:
            _charges(part, many, offer)
        _overdraft(part, many)
    for sentence in warnings(shown, offer):
        st.warning(plain(sentence), icon=":material/info:")


def _charges(part: pl.DataFrame, many: str, offer: Offer) -> None:
    named = part.filter(pl.col("amount").is_not_null()).with_columns(
        pl.col("name").replace(offer.features)
    )
    _rows(("Charged", many), named, _plain)


def _overdraft(part: pl.DataFrame, many: str) -> None:
    after = _amount(part, Part.CREDITS, Item.AFTER)
    if after is not None and after < 0:
        st.warning(
            plain(f"This would overdraw the balance: {exact(abs(after))} {many} would be owed."),
            icon=":material/warning:",
        )


def _more(
    shown: Estimated,
    first: Estimated | None,
    part: Part,
    item: Item,
    unit: str,
    write: Callable[[Decimal], str],
) -> str | None:
    """The difference to the first, with its sign."""
    found = None if first is None else more(shown, first, part, item, unit)
    if found is None:
        return None
    sign = "+" if found > 0 else "±" if not found else ""
    return f"{sign}{write(found)}"


def _amount(rows: pl.DataFrame, part: Part, item: Item) -> Decimal | None:
    found = rows.filter(part=part, item=item)["amount"]
    return found.item() if found.len() == 1 else None


def _plain(amount: Decimal) -> str:
    return exact(amount).replace("-", "−")
