"""The ranked table of the Overview: a row for each pool, and the way to it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboard.controls.choices import choose, words
from dashboard.controls.scope import open_customer
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.panels.overview_shown import ShownPortfolio
from dashboard.tables import MOST_DRAWN, drawn, exact_format
from queries.outlook import HORIZON, Status
from queries.portfolio.standing import trends
from queries.time import to_local, zone_of

ROWS_IN_SIGHT, HEIGHT = 12, 460
BY = {
    "credits": "Credits used",
    "change_ratio": "Change",
    "balance": "Balance, lowest first",
    "expected": "Run-out, soonest first",
    "name": "Name",
}
UPWARDS = ("balance", "expected", "name")
IN_WORDS = {
    Status.OUT.value: "out",
    Status.OVERDRAFT.value: "in overdraft",
    Status.BEYOND.value: f"later than {HORIZON} days",
    Status.UNKNOWN.value: "no forecast",
}


def ranked_table(shown: ShownPortfolio) -> None:
    """Every pool with its use, its balance and what is to be said of it; a click opens it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=260):
            wanted = words("Find", key="find", placeholder="A name or an id")
        with st.container(width=220):
            by = choose("Rank by", BY, key="rank", default="credits")
        opener = st.container(width=300)
    rows = _ordered(_found(_named(shown), wanted), by if by in BY else "credits")
    if not rows.height:
        st.info("No customer is called so.", icon=":material/search_off:")
        return
    _tell(shown, rows, is_narrowed=bool(wanted))
    few = drawn(rows)
    cuts = shown.wanted.moves().cuts
    table = few.with_columns(
        trends(few, shown.portfolio.facts.used, cuts),
        range=pl.Series([run_out_range(row, shown.scope.zone) for row in few.to_dicts()]),
    )
    event = st.dataframe(
        table.select(
            "name", "share", "credits", "change_ratio", "trend", "balance", "range", "flags",
        ),
        height=HEIGHT if table.height > ROWS_IN_SIGHT else "auto",
        hide_index=True,
        column_config=_columns(table, shown.unit),
        key=f"ranked {wanted} {by}",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"Customers ranked by {BY.get(by, 'credits used').lower()}: {shown.title}",
        placeholder="–",
    )  # fmt: skip
    about = shown.about("customers ranked") | {"name or id contains": wanted or "anything"}
    export_buttons(_exported(rows), about, "portfolio-customers")
    with opener:
        _open_by_name(few)
    open_selected(few, event.selection.rows)


def open_selected(rows: pl.DataFrame, selected: list[int]) -> None:
    """A click on a row goes to that pool."""
    if selected and selected[0] < rows.height:
        row = rows.row(selected[0], named=True)
        open_customer(row["customer_id"], row["resource_id"])


def run_out_range(row: Mapping[str, Any], zone: str) -> str:
    """When a pool runs out, as a range of days; or why none is said."""
    if row["status"] != Status.WITHIN:
        return IN_WORDS.get(row["status"], "no forecast")
    days = [_day(row[name], zone) for name in ("earliest", "latest")]
    return days[0] if days[0] == days[1] else f"{days[0]} – {days[1]}"


def wall(at: pl.Expr, zone: str) -> pl.Expr:
    """Naive UTC on the display zone's clock."""
    return at.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)


def _day(at: datetime | None, zone: str) -> str:
    return f"{to_local(at, zone_of(zone)):%-d %b}" if at else "later"


def _named(shown: ShownPortfolio) -> pl.DataFrame:
    ranked = shown.portfolio.ranked
    keys = ranked.select("customer_id", "resource_id").iter_rows()
    return ranked.with_columns(
        name=pl.Series([shown.pool_name(*key) for key in keys], dtype=pl.String)
    )


def _found(rows: pl.DataFrame, wanted: str) -> pl.DataFrame:
    """Those whose name or id has the text in it."""
    if not wanted:
        return rows
    text = pl.concat_str("name", "customer_id", separator=" ").str.to_lowercase()
    return rows.filter(text.str.contains(wanted.lower(), literal=True))


def _ordered(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    key = pl.col("name").str.to_lowercase() if by == "name" else pl.col(by)
    return rows.sort(key, "customer_id", descending=[by not in UPWARDS, False], nulls_last=True)


def _tell(shown: ShownPortfolio, rows: pl.DataFrame, *, is_narrowed: bool) -> None:
    """What the rows come to; without a search that is what the card says."""
    total = Decimal(rows["credits"].sum() or 0)
    pools = "pool" if rows.height == 1 else "pools"
    of_all = f" of {shown.portfolio.ranked.height:,}" if is_narrowed else ""
    more = f" · the first {MOST_DRAWN:,} are drawn" if rows.height > MOST_DRAWN else ""
    st.markdown(
        f"**{rows.height:,}**{of_all} {pools} · total **{plain(exact(total))}** "
        f"{plain(shown.unit)} used{more}"
    )


def _columns(table: pl.DataFrame, unit: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "name": st.column_config.TextColumn("Customer", pinned=True, width="medium"),
        "share": st.column_config.ProgressColumn(
            "Share", format="percent", min_value=0.0, max_value=1.0, width="small"
        ),
        "credits": number(f"Used ({unit})", format=exact_format(table, "credits")),
        "change_ratio": number("Change", format="percent", width=95),
        "trend": st.column_config.LineChartColumn("Trend", width="small"),
        "balance": number(f"Balance ({unit})", format=exact_format(table, "balance")),
        "range": "Runs out",
        "flags": st.column_config.ListColumn("To look at"),
    }


def _open_by_name(rows: pl.DataFrame) -> None:
    """The same by keyboard."""
    count = Counter(rows["name"])
    names = {
        name if count[name] == 1 else f"{name} ({customer_id})": (customer_id, resource_id)
        for name, customer_id, resource_id in rows.select(
            "name", "customer_id", "resource_id"
        ).iter_rows()
    }
    chosen = st.selectbox(
        "Open", list(names), index=None, placeholder="Choose a row, or click on it",
        key="open ranked",
    )  # fmt: skip
    if chosen is not None:
        del st.session_state["open ranked"]
        open_customer(*names[chosen])


def _exported(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("flags").list.join(", ")).select(
        "customer_id", "resource_id", "name", pl.exclude("customer_id", "resource_id", "name")
    )
