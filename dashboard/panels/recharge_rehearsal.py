"""The rehearsal: the last 90 days with the numbers of the form, beside what really happened."""

from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from dashboard.changing import changes_made
from dashboard.charts import rehearsal as chart
from dashboard.charts.palette import palette
from dashboard.charts.rehearsal import Curves
from dashboard.controls.choices import switch
from dashboard.controls.grants import go_to
from dashboard.controls.recharge import REHEARSES, Written
from dashboard.formats import day_span, exact, hours_alike, moment, money
from dashboard.markdown import plain
from dashboard.panels.cards import card
from dashboard.panels.export import export_buttons
from dashboard.panels.recharge_shown import ShownRecharge
from dashboard.tables import exact_format
from data.clock import utc_now
from queries.question import Live
from queries.recharge.past import DAYS, Past, gather
from queries.recharge.rehearse import Rehearsed, balances, finest, rehearsal_of
from queries.recharge.terms import MONEY, Price, Terms, rule_of
from queries.time import Grain, to_local, zone_of

GATHERED = "past gathered for a rehearsal"
KEPT = timedelta(minutes=10)
BALANCE_NAMES = {
    "rehearsed": "Rehearsed",
    "rehearsed_lowest": "Rehearsed, lowest",
    "really": "Really",
    "really_lowest": "Really, lowest",
}
COUNT_NAMES = {"recharges": "Recharges, rehearsed", "real_recharges": "Recharges, really"}


def rehearsal_panel(shown: ShownRecharge, written: Written) -> None:
    """While it is switched on, and the numbers can be rehearsed."""
    st.header("Rehearsal")
    is_wanted = switch(
        f"Rehearse these numbers over the last {DAYS} days", key=REHEARSES, default=False,
        help="Nothing is sent: what has really happened is played again with these numbers.",
    )  # fmt: skip
    if not is_wanted:
        return
    _, terms, problems = written
    price = shown.price
    if terms is None or problems:
        st.caption("Mend the settings above first: these numbers cannot be rehearsed.")
    elif price is None:
        st.info(
            "What a credit costs is not known here: the plan names no price, and none was ever "
            "paid for. A rehearsal needs one.",
            icon=":material/sell:",
        )
    else:
        past = _past(shown)
        if past is None:
            st.info("No credits were ever granted to this pool, so there is nothing to rehearse.")
        else:
            rule = rule_of(terms, price.amount, shown.limits.min_grant_amount)
            _outcome(shown, terms, price, rehearsal_of(past, rule))


def _past(shown: ShownRecharge) -> Past | None:
    """Gathered once for all numbers that are tried; pressing Cancel stops it."""
    source = shown.scope.source
    wanted = (source.identity, shown.customer_id, shown.currency_id, changes_made())
    kept: tuple[object, Past | None, datetime] | None = st.session_state.get(GATHERED)
    if kept is not None and kept[0] == wanted and _is_young(shown, kept[2]):
        return kept[1]
    room = st.empty()
    with room.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Reading the ledger …")
        st.button("Cancel", icon=":material/close:", on_click=go_to, args=({REHEARSES: ""},))

    def told(count: int, share: float) -> None:
        bar.progress(share, f"{count:,} rows of the ledger read …")

    past = gather(shown.customer_id, shown.currency_id, source, told)
    room.empty()
    st.session_state[GATHERED] = (wanted, past, utc_now())
    return past


def _is_young(shown: ShownRecharge, at: datetime) -> bool:
    return not isinstance(shown.scope.source, Live) or utc_now() - at < KEPT


def _outcome(shown: ShownRecharge, terms: Terms, price: Price, told: Rehearsed) -> None:
    span = day_span(told.span.start, told.span.end, shown.zone)
    st.markdown(plain(f"{span}, had these numbers been saved at its beginning"))
    _cards(told)
    _curves(shown, told)
    _notes(shown, price, told)
    by_day = balances(told, Grain.DAY, shown.zone)
    with st.expander("Table: balances by day", icon=":material/table_rows:"):
        _table(shown, by_day)
    about = shown.about("rehearsal of auto-recharge") | _about(terms, price, told)
    export_buttons(by_day, about, "rehearsal")


def _cards(told: Rehearsed) -> None:
    planned, really = told.rehearsed, told.really
    hours, really_hours = hours_alike(planned.below_zero, really.below_zero)
    with st.container(horizontal=True):
        card("Recharges", f"{len(planned.bought):,}", None, None, f"really {len(really.bought):,}")
        card(
            "Money", money(planned.money, MONEY), None, None,
            f"really {plain(money(really.money, MONEY))}",
        )  # fmt: skip
        card(
            "Hours at or below zero", hours, None, None, f"really {plain(really_hours)}",
        )  # fmt: skip
        card(
            "Days stopped by the cap", f"{planned.capped_days:,}", None, None,
            "really: not recorded",
        )  # fmt: skip


def _curves(shown: ShownRecharge, told: Rehearsed) -> None:
    drawn = Curves(
        told.span,
        balances(told, finest(told), shown.zone),
        tuple(each.at for each in told.rehearsed.bought),
        shown.zone,
        shown.unit,
        palette(st.context.theme.type),
    )
    st.plotly_chart(
        chart.figure(drawn), key="rehearsal", alt=chart.sentence(drawn),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
    )  # fmt: skip


def _notes(shown: ShownRecharge, price: Price, told: Rehearsed) -> None:
    opening = f"{exact(told.rehearsed.opening)} {shown.unit}".replace("-", "−")
    said = (
        f"Reckoned at {exact(price.amount)} {MONEY} a credit: {price.basis}. Both begin with "
        f"{opening} on {moment(told.span.start, shown.zone)} and burn the same events. Recharges "
        "that were really made since then are left out of the rehearsal; everything before stays, "
        "and other grants come and go as they did. The cap counts by calendar month of UTC."
    )
    if told.changed:
        said += (
            f" {len(told.changed):,} of the grants had their terms changed meanwhile; those of now "
            "are used."
        )
    st.caption(plain(said))


def _table(shown: ShownRecharge, by_day: pl.DataFrame) -> None:
    number = st.column_config.NumberColumn
    local = [to_local(at, zone_of(shown.zone)) for at in by_day["ends_at"]]
    listed = by_day.with_columns(ends_at=pl.Series(local)).reverse()
    st.dataframe(
        listed,
        hide_index=True,
        height=360,
        column_config={
            "ends_at": st.column_config.DatetimeColumn(
                f"Until ({shown.zone})", format="YYYY-MM-DD HH:mm"
            ),
            **{
                column: number(f"{name} ({shown.unit})", format=exact_format(listed, column))
                for column, name in BALANCE_NAMES.items()
            },
            **{name: number(label) for name, label in COUNT_NAMES.items()},
        },
        alt=f"Table of the balance by day, rehearsed and really: {listed.height} days",
    )


def _about(terms: Terms, price: Price, told: Rehearsed) -> dict[str, str]:
    side = told.rehearsed
    return {
        "threshold": f"{exact(terms.threshold)} {terms.threshold_type}",
        "target": exact(terms.target),
        "monthly cap": "none" if terms.cap is None else money(terms.cap, MONEY),
        "bought credits last": terms.expiration,
        "price of a credit": f"{exact(price.amount)} {MONEY}, {price.basis}",
        "from": moment(told.span.start, "UTC"),
        "to": moment(told.span.end, "UTC"),
        "recharges": f"{len(side.bought)}, really {len(told.really.bought)}",
        "money": f"{money(side.money, MONEY)}, really {money(told.really.money, MONEY)}",
        "at or below zero": f"{side.below_zero}, really {told.really.below_zero}",
        "days stopped by the cap": f"{side.capped_days}",
    }
