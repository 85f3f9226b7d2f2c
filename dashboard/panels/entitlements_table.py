"""The tables of entitlements: those granted beside the plans, and what is in force all in all."""

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
PINNED = {"Feature": st.column_config.TextColumn(pinned=True, width=170)}


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
        column_config=PINNED,
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
    used = st.column_config.NumberColumn(width=110, format=exact_format(rows, "current_usage"))
    told = [_in_force(shown, row) for row in drawn(rows).to_dicts()]
    st.dataframe(
        pl.DataFrame(told, infer_schema_length=None),
        hide_index=True,
        column_config=PINNED | {"Used": used},
        alt=f"Table of the {rows.height} features in force: {shown.title}",
        placeholder="–",
    )
    st.caption("The most generous of plans, add-ons and grants is in force, feature by feature.")
    export_buttons(_exported(rows), shown.about("entitlements in force"), "in force")


def _granted(shown: ShownEntitlements, row: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Feature": row["feature_name"],
        "Status": row["status"],
        "Granted": words.allowance(row),
    }
    if shown.entitled is not None:
        told |= {
            "Without it": words.allowance(shown.entitled.without(row["feature_id"])),
            "In force": words.allowance(shown.entitled.now(row["feature_id"])),
        }
    return told | {
        "Reset": words.reset(row),
        "Lasts": words.lasts(row),
        "Ends": words.ends(row, shown.zone),
        "Visible": "yes" if row["is_visible"] else "no",
        "Id": row["feature_id"],
    }


def _in_force(shown: ShownEntitlements, row: dict[str, Any]) -> dict[str, Any]:
    assert shown.entitled is not None
    promotion = shown.entitled.granted(row["feature_id"])
    is_granted = promotion is not None and promotion["status"] == Status.ACTIVE
    return {
        "Feature": row["feature_name"],
        "In force": words.allowance(row),
        "Used": row["current_usage"],
        "Reset": words.reset(row),
        "Holds until": moment(row["valid_until"], shown.zone) if row["valid_until"] else None,
        "Granted beside the plans": "yes" if is_granted else "no",
        "Why denied": words.denied(row),
        "Id": row["feature_id"],
    }


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
