"""The work lists of the Overview: whom somebody should look after today."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard.controls.choices import pick
from dashboard.panels.export import export_buttons
from dashboard.panels.overview_shown import ShownPortfolio
from dashboard.panels.overview_table import open_selected, run_out_range, wall
from dashboard.tables import MOST_DRAWN, drawn, exact_format
from queries.outlook import HORIZON

NOBODY = {
    "out": "No pool is out, or expected to run out within 30 days.",
    "lapse": f"No credits are expected to lapse unused within {HORIZON} days.",
    "overdraft": "No pool is in overdraft.",
    "recharge": "No auto-recharge has stopped or is near its monthly cap.",
    "unusual": "Nobody used unusually much or little in the last seven days.",
}
ABOUT = {
    "out": "Out already, or expected to be within 30 days; recharges and grants to come count.",
    "lapse": "Credits that are expected to be left when their grants end.",
    "overdraft": "Used more than it holds; the next grant settles the debt first.",
    "recharge": "Stopped at its monthly cap, near it (80 % and more), or off below its threshold.",
    "unusual": (
        "The last seven whole days of UTC against the range that 99 of 100 such weeks would have "
        "stayed in."
    ),
}


def work_lists(shown: ShownPortfolio) -> None:
    """One list at a time, each with how many are on it; a row opens that pool."""
    found = shown.portfolio
    lists = {
        "out": ("Runs out soonest", found.runs_out),
        "lapse": ("Expires unused", found.lapsing),
        "overdraft": ("In overdraft", found.overdrawn),
        "recharge": ("Recharge stopped or near its cap", found.recharges),
        "unusual": ("Unusual use", found.unusual),
    }
    names = {key: f"{name} ({rows.height:,})" for key, (name, rows) in lists.items()}
    chosen = pick("Work list", names, key="list", default="out")
    name, rows = lists[chosen]
    if not rows.height:
        st.info(NOBODY[chosen], icon=":material/task_alt:")
        return
    cut = (
        f" The first {MOST_DRAWN:,} of {rows.height:,} are drawn."
        if rows.height > MOST_DRAWN
        else ""
    )
    st.caption(f"{ABOUT[chosen]} A click opens a row.{cut}")
    _list(shown, chosen, name, rows)


def _list(shown: ShownPortfolio, key: str, name: str, rows: pl.DataFrame) -> None:
    keys = rows.select("customer_id", "resource_id").iter_rows()
    named = rows.with_columns(
        customer=pl.Series([shown.pool_name(*one) for one in keys], dtype=pl.String)
    )
    zone = shown.scope.zone
    if key == "out":
        ranges = [run_out_range(row, zone) for row in named.to_dicts()]
        named = named.with_columns(range=pl.Series(ranges, dtype=pl.String))
    columns = _columns(key, named, shown.unit)
    dates = [column for column in ("expected", "since") if column in columns and key != "unusual"]
    table = drawn(named).with_columns(wall(pl.col(date), zone).dt.date() for date in dates)
    event = st.dataframe(
        table.select(columns.keys()),
        hide_index=True,
        column_config=columns,
        key=f"list {key}",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{name}: {rows.height:,} of {shown.title}",
        placeholder="–",
    )
    export_buttons(rows, shown.about(name.lower()), f"portfolio-{key}")
    open_selected(rows, event.selection.rows)


def _columns(key: str, rows: pl.DataFrame, unit: str) -> dict[str, Any]:
    """column → its settings, in the order in which they are shown."""

    def amount(label: str, column: str) -> Any:
        return st.column_config.NumberColumn(label, format=exact_format(rows, column))

    def day(label: str) -> Any:
        return st.column_config.DateColumn(label, format="D MMM YYYY")

    whole, number = "%,.0f", st.column_config.NumberColumn
    customer = {"customer": st.column_config.TextColumn("Customer", pinned=True)}
    if key == "out":
        return (
            customer
            | {
                "balance": amount(f"Balance ({unit})", "balance"),
                "expected": day("Runs out"),
                "range": "Between",
            }
            | ({"sentence": "Note"} if (rows["sentence"] != "").any() else {})
        )
    if key == "lapse":
        return customer | {
            "lapse": number(f"Expected to lapse ({unit})", format=whole),
            "lapse_low": number("At least", format=whole),
            "lapse_high": number("At most", format=whole),
            "balance": amount("Balance", "balance"),
        }
    if key == "overdraft":
        return customer | {"owed": amount(f"Owed ({unit})", "owed"), "since": day("Since")}
    if key == "recharge":
        return customer | {
            "state": "Auto-recharge",
            "spent": number("Spent this month (USD)", format="%,.2f"),
            "cap": number("Cap (USD)", format="%,.2f"),
            "used_ratio": st.column_config.ProgressColumn(
                "Of the cap", format="percent", min_value=0.0, max_value=1.0
            ),
            "balance": amount(f"Balance ({unit})", "balance"),
            "threshold": amount("Threshold", "threshold"),
        }
    return customer | {
        "credits": amount(f"Used in 7 days ({unit})", "credits"),
        "usual": number("Usual", format=whole),
        "usual_low": number("At least", format=whole),
        "usual_high": number("At most", format=whole),
        "times": number("Times the usual", format="%.1f"),
    }
