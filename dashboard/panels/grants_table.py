"""The table of a pool's grants, newest first: their terms, and what is left of each."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from dashboard.controls.grants import STATUSES, TYPES, open_grant
from dashboard.controls.scope import GLOBAL_POOL
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.panels.grants_shown import ShownGrants
from dashboard.tables import MOST_DRAWN, drawn, exact_format
from queries.grants.terms import in_force

ROWS_IN_SIGHT, HEIGHT = 15, 580
TABLE = "list of grants"
IDS = "grants on the page"
COLUMNS = (
    "display_name", "grant_type", "status", "share_left", "remaining", "amount", "cost_amount",
    "cost_currency", "cost_per_credit", "effective_at", "expire_at", "priority", "resource",
    "comment", "grant_id",
)  # fmt: skip


def grants_table(shown: ShownGrants) -> None:
    """A row for each grant that passes the filters; a click opens it."""
    grants = shown.listed
    if not grants.height:
        _nothing(shown)
        return
    rows = drawn(grants)
    st.session_state[IDS] = rows["grant_id"].to_list()
    table = _readable(rows, shown)
    st.dataframe(
        table,
        height=HEIGHT if table.height > ROWS_IN_SIGHT else "auto",
        hide_index=True,
        column_config=_columns(table, shown),
        key=TABLE,
        on_select=_open_clicked,
        selection_mode="single-row",
        alt=f"Table of the {shown.title}, newest first",
        placeholder="–",
    )
    _tell(shown, grants)
    export_buttons(grants.drop("share_left"), shown.about(), "grants")


def grant_names(grants: pl.DataFrame) -> dict[str, str]:
    """grant_id → name with the id: names repeat every month."""
    rows = grants.select("grant_id", "display_name").iter_rows()
    return {grant_id: f"{name} ({grant_id})" if name else grant_id for grant_id, name in rows}


def _readable(rows: pl.DataFrame, shown: ShownGrants) -> pl.DataFrame:
    """Times on the clock of the display zone, type and status in words."""
    times = [
        pl.col(name)
        .dt.replace_time_zone("UTC")
        .dt.convert_time_zone(shown.zone)
        .dt.strftime("%Y-%m-%d %H:%M")
        for name in ("effective_at", "expire_at")
    ]
    is_priced = pl.col("cost_amount") > 0
    return rows.with_columns(
        *times,
        pl.col("grant_type").replace(TYPES),
        pl.col("status").replace(STATUSES),
        pl.when(is_priced).then("cost_amount").alias("cost_amount"),
        pl.when(is_priced).then("cost_currency").alias("cost_currency"),
        pl.when(is_priced).then("cost_per_credit").alias("cost_per_credit"),
        pl.lit(shown.question.resource_id or GLOBAL_POOL).alias("resource"),
    ).select(COLUMNS)


def _columns(table: pl.DataFrame, shown: ShownGrants) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "display_name": text("Name", pinned=True, width=190),
        "grant_type": text("Type", width=105),
        "status": text("Status", width=120),
        "share_left": st.column_config.ProgressColumn(
            "Left", format="percent", min_value=0.0, max_value=1.0, width=110
        ),
        "remaining": number(f"Left ({shown.unit})", format=exact_format(table, "remaining")),
        "amount": number(f"Amount ({shown.unit})", format=exact_format(table, "amount")),
        "cost_amount": number("Cost", format=exact_format(table, "cost_amount")),
        "cost_currency": text("Money", width=70),
        "cost_per_credit": number("Cost per credit", format=_price_format(table)),
        "effective_at": f"Effective ({shown.zone})",
        "expire_at": f"Expires ({shown.zone})",
        "priority": number("Priority", help="Lower burns first"),
        "resource": "Pool",
        "comment": "Comment",
        "grant_id": "Id",
    }


def _price_format(table: pl.DataFrame) -> str:
    """As many decimals as the prices need, six at most, unless that would make one look free."""
    prices: Sequence[Decimal] = table["cost_per_credit"].drop_nulls().to_list()
    smallest = min((price for price in prices if price > 0), default=Decimal(1))
    most = 6 if smallest >= Decimal("0.001") else 9
    needed = int(exact_format(table, "cost_per_credit").removeprefix("%,.").removesuffix("f"))
    return f"%,.{min(needed, most)}f"


def _open_clicked() -> None:
    rows = st.session_state[TABLE]["selection"]["rows"]
    ids: list[str] = st.session_state.get(IDS, [])
    open_grant(ids[rows[0]] if rows and rows[0] < len(ids) else None)


def _tell(shown: ShownGrants, grants: pl.DataFrame) -> None:
    """What remains over the active ones: the balance, where no filter hides one."""
    active = in_force(grants)
    left = Decimal(active["remaining"].sum())
    what = f"{exact(abs(left))} {shown.unit} {'owed' if left < 0 else 'left'}"
    count = f"{active.height:,} active grant{'' if active.height == 1 else 's'}"
    of_all = "" if grants.height == shown.grants.height else f" of {shown.grants.height:,}"
    rows = f"{grants.height:,}{of_all} grant{'' if shown.grants.height == 1 else 's'}"
    is_balance = ", which is the balance" if left == shown.header.balance and not of_all else ""
    text = f"{rows}; {what} over {count}{is_balance}. A click opens a grant."
    if grants.height > MOST_DRAWN:
        text += f" The newest {MOST_DRAWN:,} are listed; an export holds all."
    st.caption(plain(text))


def _nothing(shown: ShownGrants) -> None:
    if shown.grants.height:
        st.info("No grant passes these filters. Widen one of them.", icon=":material/inbox:")
        return
    st.info(
        "This pool has no grants yet. A grant is a block of credits with a time in which it can "
        "be used; press “Grant credits” above to make the first, or choose another pool or "
        "currency.",
        icon=":material/inbox:",
    )
