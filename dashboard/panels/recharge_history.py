"""What auto-recharge has bought, and who changed it when."""

from datetime import datetime
from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard.access import current_actor
from dashboard.activity.store import Listed, Wanted
from dashboard.changing import record
from dashboard.controls.changes import OUTCOMES
from dashboard.formats import exact, money
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.panels.recharge_shown import ShownRecharge
from dashboard.tables import exact_format
from queries.activity import Outcome, Recorded, read
from queries.command import Role
from queries.grants.terms import with_terms
from queries.recharge.commands import SaveRecharge
from queries.recharge.terms import MONEY
from queries.time import to_local, zone_of

BOUGHT = (
    "created_at", "amount", "cost_amount", "cost_per_credit", "remaining", "expire_at", "grant_id",
)  # fmt: skip
MOST_CHANGES = 200


def recharges(shown: ShownRecharge) -> None:
    """Every recharge that was made, the newest first."""
    st.header("Recharges made")
    bought = with_terms(shown.grants.filter(pl.col("is_recharge"))).select(BOUGHT)
    if not bought.height:
        st.caption("None so far: what auto-recharge buys will be listed here.")
        return
    amount, cost = (Decimal(bought[name].sum()) for name in ("amount", "cost_amount"))
    said = f"{bought.height:,} made: {exact(amount)} {shown.unit} for {money(cost, MONEY)}"
    st.caption(plain(said))
    _recharges_table(bought, said, shown)
    export_buttons(bought, shown.about("recharges made"), "recharges")


def _recharges_table(bought: pl.DataFrame, said: str, shown: ShownRecharge) -> None:
    times = {
        name: pl.Series([at and to_local(at, zone_of(shown.zone)) for at in bought[name]])
        for name in ("created_at", "expire_at")
    }
    number, time = st.column_config.NumberColumn, st.column_config.DatetimeColumn
    st.dataframe(
        bought.with_columns(**times),
        hide_index=True,
        column_config={
            "created_at": time(f"Bought ({shown.zone})", format="YYYY-MM-DD HH:mm"),
            "amount": number(f"Amount ({shown.unit})", format=exact_format(bought, "amount")),
            "cost_amount": number(f"Cost ({MONEY})", format="%,.2f"),
            "cost_per_credit": number(
                f"Cost per credit ({MONEY})", format=exact_format(bought, "cost_per_credit")
            ),
            "remaining": number(f"Left ({shown.unit})", format=exact_format(bought, "remaining")),
            "expire_at": time(f"Expires ({shown.zone})", format="YYYY-MM-DD HH:mm"),
            "grant_id": "Grant",
        },
        alt=f"Table of the recharges made: {said}",
        placeholder="–",
    )


def latest_change(shown: ShownRecharge, since: datetime | None) -> Recorded | None:
    """The latest that was made from this app, by anyone, after that moment."""
    wanted = Wanted(
        customer_id=shown.customer_id, outcome=Outcome.DONE, command=SaveRecharge.name
    )  # fmt: skip
    for one in record().page(wanted, MOST_CHANGES).changes:
        if _is_about(one, shown.currency_id):
            at = one.recorded.fact.at
            return one.recorded if since is None or at > since else None
    return None


def history(shown: ShownRecharge) -> None:
    """Who changed the settings and when, as far as it was done from this app."""
    st.header("Changes")
    actor = current_actor()
    own = None if actor.role is Role.ADMIN else actor.name
    wanted = Wanted(customer_id=shown.customer_id, actor=own, command=SaveRecharge.name)
    listing = record().page(wanted, MOST_CHANGES)
    changes = [one for one in listing.changes if _is_about(one, shown.currency_id)]
    whose = "Changes" if own is None else "Your own changes"
    if not changes:
        st.caption(
            f"{whose} made from this app will be listed here, with who made them and when. None "
            "so far; what is changed elsewhere is not known to it."
        )
        return
    cut = f" The latest {MOST_CHANGES}; Activity has them all." if listing.below else ""
    st.caption(f"{whose} made from this app; what is changed elsewhere is not known to it.{cut}")
    _changes_table(pl.DataFrame([_row(one, shown.zone) for one in changes], orient="row"), shown)


def _changes_table(listed: pl.DataFrame, shown: ShownRecharge) -> None:
    st.dataframe(
        listed,
        hide_index=True,
        column_config={"What": st.column_config.TextColumn(width="large")},
        alt=f"Table of the changes of the settings, the newest first: {listed.height}",
    )
    about = shown.about("changes of auto-recharge") | {"times": shown.zone, "source": "Activity"}
    export_buttons(listed, about, "auto-recharge changes")
    st.page_link(
        "views/activity.py",
        label="What was there before and after, in Activity",
        icon=":material/history:",
        query_params={"customer": shown.customer_id, "command": SaveRecharge.name},
    )


def _is_about(one: Listed, currency_id: str) -> bool:
    return bool(read(one.recorded.change.given)["currency_id"] == currency_id)


def _row(one: Listed, zone: str) -> dict[str, str]:
    change = one.recorded.change
    return {
        f"Time ({zone})": f"{to_local(one.begun_at, zone_of(zone)):%Y-%m-%d %H:%M:%S}",
        "Who": change.actor,
        "What": change.summary,
        "Outcome": OUTCOMES[one.recorded.fact.outcome],
    }
