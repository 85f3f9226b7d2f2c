"""The coupons as a table, and the way to an estimate with one."""

from typing import Any

import polars as pl
import streamlit as st

from dashboard.controls.plans import coupon_choice, open_coupon
from dashboard.controls.scope import address_of
from dashboard.formats import exact
from dashboard.markdown import plain
from dashboard.panels import plan_words
from dashboard.panels.export import export_buttons
from dashboard.panels.plans_shown import ShownPlans
from dashboard.tables import MOST_DRAWN, drawn

TABLE, IDS = "list of coupons", "coupons on the page"
STATUSES = {"ACTIVE": "Active", "ARCHIVED": "Archived"}
UNTOLD_DURATION = (
    "Of a coupon without months the source does not tell whether once or for ever. An estimate "
    "with it says which."
)
NO_CODES = (
    "Promotion codes are kept by the billing integration, which alone lists them; an estimate "
    "takes a code as it is typed."
)
UNKNOWN_AMOUNT = "amounts not in the extract"


def coupons_table(shown: ShownPlans) -> None:
    """A row for each coupon; a click opens it."""
    st.header("Coupons")
    coupons = shown.coupons
    if not coupons.height:
        st.info(
            "There are no coupons here. One would be listed with what it takes off and for how "
            "long; coupons are made in the catalogue of the metering API.",
            icon=":material/inbox:",
        )
        return
    rows = drawn(coupons)
    st.session_state[IDS] = rows["coupon_id"].to_list()
    st.dataframe(
        _readable(rows),
        hide_index=True,
        column_config={
            "Name": st.column_config.TextColumn(pinned=True),
            "For": st.column_config.TextColumn(help=UNTOLD_DURATION),
        },
        key=TABLE,
        on_select=_open_clicked,
        selection_mode="single-row",
        alt=f"Table of {rows.height} coupons",
        placeholder="–",
    )
    if coupons.height > MOST_DRAWN:
        st.caption(f"The first {MOST_DRAWN:,} of {coupons.height:,} are listed; an export has all.")
    if not _has_codes(coupons):
        st.caption(NO_CODES)
    _opened(shown)
    export_buttons(_flat(coupons), shown.about("coupons"), "coupons")


def _has_codes(coupons: pl.DataFrame) -> bool:
    return coupons["promotion_code"].count() > 0


def _readable(coupons: pl.DataFrame) -> pl.DataFrame:
    has_codes = _has_codes(coupons)
    rows = [
        {
            "Name": row["display_name"],
            "Takes off": takes_off(row),
            "For": plan_words.duration(row["duration_in_months"]),
            "Status": STATUSES.get(row["status"], row["status"]),
            "Id": row["coupon_id"],
        }
        | ({"Promotion code": row["promotion_code"]} if has_codes else {})
        for row in coupons.to_dicts()
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def takes_off(coupon: dict[str, Any]) -> str:
    """50 %; or 20.00 USD or 19.00 EUR."""
    if coupon["percent_off"] is not None:
        return f"{exact(coupon['percent_off'])} %"
    return plan_words.amounts(coupon["amounts_off"]) or UNKNOWN_AMOUNT


def _flat(coupons: pl.DataFrame) -> pl.DataFrame:
    """For a file: the amounts as one text."""
    texts = [plan_words.amounts(each) or None for each in coupons["amounts_off"].to_list()]
    flat = coupons.with_columns(pl.Series("amounts_off", texts, pl.String))
    return flat if _has_codes(coupons) else flat.drop("promotion_code")


def _open_clicked() -> None:
    rows = st.session_state[TABLE]["selection"]["rows"]
    ids: list[str] = st.session_state.get(IDS, [])
    open_coupon(ids[rows[0]] if rows and rows[0] < len(ids) else None)


def _opened(shown: ShownPlans) -> None:
    """The coupon that the address names; chosen here, or by a click in the table."""
    names = dict(shown.coupons.select("coupon_id", "display_name").iter_rows())
    coupon_id = coupon_choice(names)
    if coupon_id is None:
        return
    found = shown.coupons.filter(coupon_id=coupon_id).to_dicts()
    if not found:
        st.caption(plain(f"There is no coupon {coupon_id!r} here. Choose one of the list."))
        return
    [coupon] = found
    told = f"{coupon['display_name']}: {takes_off(coupon)} off"
    if coupon["status"] == "ARCHIVED":
        st.caption(plain(f"{told}. It is archived: no subscription can be sold with it any more."))
        return
    country = {"country": shown.country} if shown.country else {}
    given = {"kind": "new", "period": shown.period, "coupon": coupon_id}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(told), width="content")
        st.page_link(
            "views/estimates.py",
            label="Estimate with this coupon",
            icon=":material/request_quote:",
            query_params=address_of(shown.scope) | given | country,
        )
