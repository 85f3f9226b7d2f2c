"""The tables of entitlements: those granted beside the plans, and what is in force all in all."""

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard.controls.entitlements import open_feature
from dashboard.formats import moment
from dashboard.panels import entitlement_words as words
from dashboard.panels.entitlements_shown import ShownEntitlements
from dashboard.panels.export import export_buttons
from dashboard.tables import drawn, exact_format
from queries.entitlements import Status

TABLE, IDS = "list of entitlements", "entitlements on the page"
WIDTHS = {"Status": 66, "Granted": 155, "In force": 190, "Reset": 162, "Why denied": 130}
"""So that what is granted and in force, and its reset, are read whole at 1280 px."""
NAME, TIME = 118, 125


def promotions_table(shown: ShownEntitlements) -> None:
    """A row for each feature granted beside the plans; a click opens it."""
    listed = shown.listed
    if not listed.height:
        _nothing(shown)
        return
    rows = drawn(listed)
    st.session_state[IDS] = rows["feature_id"].to_list()
    st.dataframe(
        pl.DataFrame([_granted(shown, row) for row in rows.to_dicts()], infer_schema_length=None),
        hide_index=True,
        column_config=_columns(shown.zone),
        key=TABLE,
        on_select=_open_clicked,
        selection_mode="single-row",
        alt=f"Table of the promotional {shown.title}",
        placeholder="–",
    )
    count = shown.promotions.filter(status=Status.ACTIVE).height
    st.caption(
        f"{listed.height:,} of {shown.promotions.height:,} granted beside the plans, {count:,} "
        "of them active. A click opens one."
    )
    export_buttons(_exported(listed), shown.about("promotional entitlements"), "entitlements")


def in_force_table(shown: ShownEntitlements) -> None:
    """What the customer may use all in all, and how much of it is used."""
    st.header("In force")
    if shown.entitled is None:
        return
    rows = shown.entitled.in_force
    if not rows.height:
        st.info(
            "This customer may use nothing: it has no active subscription, and nothing was "
            "granted. Each feature of its plans and grants would be listed.",
            icon=":material/inbox:",
        )
        return
    granted = st.column_config.TextColumn(width=75, help="Beside the plans, on this page")
    used = st.column_config.NumberColumn(width=103, format=exact_format(rows, "current_usage"))
    told = [_in_force(shown, row) for row in drawn(rows).to_dicts()]
    st.dataframe(
        pl.DataFrame(told, infer_schema_length=None),
        hide_index=True,
        column_config=_columns(shown.zone) | {"Used": used, "Granted": granted},
        alt=f"Table of the {rows.height} features in force: {shown.title}",
        placeholder="–",
    )
    st.caption("The most generous of plans, add-ons and grants is in force, feature by feature.")
    export_buttons(_exported(rows), shown.about("entitlements in force"), "in force")


def _columns(zone: str) -> dict[str, Any]:
    text = st.column_config.TextColumn
    times = {f"Ends ({zone})": TIME, f"Holds until ({zone})": TIME}
    return {name: text(width=width) for name, width in (WIDTHS | times).items()} | {
        "Feature": text(pinned=True, width=NAME)
    }


def _granted(shown: ShownEntitlements, row: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Feature": row["feature_name"],
        "Status": row["status"],
        "Granted": words.allowance(row),
    }
    if shown.entitled is not None:
        told["In force"] = words.allowance(shown.entitled.now(row["feature_id"]))
    told |= {
        "Reset": words.reset_briefly(row),
        f"Ends ({shown.zone})": _at(row["ends_at"], shown.zone) or "never",
    }
    if shown.entitled is not None:
        told["Without it"] = words.allowance(shown.entitled.without(row["feature_id"]))
    return told


def _in_force(shown: ShownEntitlements, row: dict[str, Any]) -> dict[str, Any]:
    assert shown.entitled is not None
    promotion = shown.entitled.granted(row["feature_id"])
    is_granted = promotion is not None and promotion["status"] == Status.ACTIVE
    return {
        "Feature": row["feature_name"],
        "In force": words.allowance(row),
        "Used": row["current_usage"],
        "Reset": words.reset_briefly(row),
        f"Holds until ({shown.zone})": _at(row["valid_until"], shown.zone),
        "Why denied": words.denied(row),
        "Granted": "yes" if is_granted else "no",
    }


def _at(instant: datetime | None, zone: str) -> str | None:
    """The zone is in the column's header."""
    return moment(instant, zone).removesuffix(f" {zone}") if instant else None


def _exported(frame: pl.DataFrame) -> pl.DataFrame:
    """For a file: the values of a choice as one text."""
    return frame.with_columns(pl.col("enum_values").list.join(", "))


def _open_clicked() -> None:
    rows = st.session_state[TABLE]["selection"]["rows"]
    ids: list[str] = st.session_state.get(IDS, [])
    open_feature(ids[rows[0]] if rows and rows[0] < len(ids) else None)


def _nothing(shown: ShownEntitlements) -> None:
    if shown.promotions.height:
        st.info("No entitlement has this status. Choose another, or all.", icon=":material/inbox:")
        return
    st.info(
        "Nothing was granted to this customer beside its plans. An entitlement granted here lets "
        "it use a feature, or more of one, for a time; press “Grant entitlements” above.",
        icon=":material/inbox:",
    )
