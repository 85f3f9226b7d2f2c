"""The rows of many estimates in one table, a column for each."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboard.panels.estimate_result import TITLES, label
from dashboard.panels.estimates_shown import Estimated, Offer
from dashboard.tables import exact_format
from data.credits.money import CURRENCIES
from data.tables import CREDITS_SUM, ColumnTypes
from queries.estimates.invoice import WITHIN, Item, Part

OWN_NAME = (Item.LINE, Item.CHARGE)
"""Rows that are told apart by what they are of; of all others there is one."""
ORDER = [*Part, *Item]

Key = tuple[str, str, str]
"""(part, item, name)"""


def compared(shown: Sequence[Estimated], offer: Offer) -> None:
    """One row for each amount that some estimate has; empty where another has none."""
    table = beside(shown, offer)
    count = f"{len(shown)} estimate{'' if len(shown) == 1 else 's'}"
    totals = "; ".join(f"{one.number}: {one.title}" for one in shown)
    st.dataframe(
        table,
        column_config=_columns(table, shown),
        hide_index=True,
        height="content",
        placeholder="–",
        alt=f"The rows of {count} side by side. {totals}.",
    )
    if len(shown) > 1:
        st.caption("The changes above are against the first estimate.")


def beside(shown: Sequence[Estimated], offer: Offer) -> pl.DataFrame:
    """`item` in words, and a column for each estimate, named by its number."""
    amounts: dict[Key, dict[str, Any]] = {}
    all_rows = [one.rows for one in shown]
    has_end = any(Part.NEXT in rows["part"] for rows in all_rows)
    for one, rows in zip(shown, all_rows, strict=True):
        told = (_twice(rows) if has_end else rows).filter(
            pl.col("amount").is_not_null(), ~pl.col("item").is_in(WITHIN)
        )
        for row in told.iter_rows(named=True):
            amounts.setdefault(_key(row, offer), {})[str(one.number)] = row["amount"]
    keys = sorted(amounts, key=lambda key: (ORDER.index(key[0]), ORDER.index(key[1])))
    table = [
        {"item": f"{TITLES.get(Part(part), 'Credits')} · {label(item, name or None)}"}
        | amounts[part, item, name]
        for part, item, name in keys
    ]
    columns: ColumnTypes = {"item": pl.String}
    columns |= {str(one.number): CREDITS_SUM for one in shown}
    return pl.DataFrame(table, columns)


def _twice(rows: pl.DataFrame) -> pl.DataFrame:
    """What holds for every period stands beside the next of another, and beside those after."""
    every = rows.filter(part=Part.PERIOD)
    both = [every.with_columns(pl.lit(part).alias("part")) for part in (Part.NEXT, Part.AFTER)]
    return pl.concat([rows.filter(pl.col("part") != Part.PERIOD), *both])


def _key(row: dict[str, Any], offer: Offer) -> Key:
    name = row["name"] if row["item"] in OWN_NAME else ""
    if row["part"] == Part.CREDITS:
        unit, _ = offer.units.get(row["unit"], (row["unit"], ""))
        name = offer.features.get(name, name) or unit
    return row["part"], row["item"], name


def _columns(table: pl.DataFrame, shown: Sequence[Estimated]) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "item": st.column_config.TextColumn("Amount", width=235, pinned=True)
    }
    for one in shown:
        number, form = str(one.number), exact_format(table, str(one.number))
        unit = ""
        if one.is_invoice:
            unit = f" ({one.preview['currency']})"
            known = CURRENCIES.get(one.preview["currency"])
            form = f"%,.{known.digits if known else 2}f"
        columns[number] = st.column_config.NumberColumn(
            f"{number}{unit}", format=form, width=105, help=one.title
        )
    return columns
