"""By which billing period, and for which country, plans are shown: both in the address."""

from collections.abc import Mapping

import streamlit as st

from dashboard.controls.choices import choose, pick, words
from dashboard.controls.key_picker.address import put_picked_values

PERIODS = {"MONTHLY": "By the month", "ANNUALLY": "By the year"}
PERIOD, COUNTRY, COUPON = "period", "country", "coupon"
HELP = "Countries with prices of their own; everywhere else the default prices hold."


def billing_controls(countries: list[str] | None) -> tuple[str, str | None]:
    """(billing period, country or None for everywhere else); `countries` None: nothing to choose.

    Any country can be asked for where the source does not tell which have prices of their own.
    """
    if countries is None:
        return "MONTHLY", None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = pick("Billed", PERIODS, key=PERIOD, default="MONTHLY")
        with st.container(width=220):
            if not countries:
                hint = "Two letters, such as DE"
                return period, words("Country", key=COUNTRY, placeholder=hint) or None
            options = {"": "Everywhere else", **{each: each for each in countries}}
            country = choose("Country", options, key=COUNTRY, default="", help=HELP)
    return period, country or None


def coupon_choice(names: Mapping[str, str]) -> str | None:
    with st.container(width=420):
        options = {"": "Choose a coupon", **names}
        return choose("Open a coupon", options, key=COUPON, default="") or None


def open_coupon(coupon_id: str | None) -> None:
    put_picked_values(COUPON, [coupon_id] if coupon_id else [])
