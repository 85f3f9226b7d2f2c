"""Granting entitlements: the form, and what it would do, before anything is sent."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zlib import crc32

import streamlit as st

from dashboard.access import current_actor
from dashboard.asking import ask
from dashboard.changing import change
from dashboard.controls.choices import FIRST_DAY, LAST_DAY, address_value
from dashboard.controls.drawn import begin_at
from dashboard.controls.entitlements import GRANTING
from dashboard.controls.grants import close_form, form_key, go_to, open_form
from dashboard.failures import guarded
from dashboard.markdown import plain
from dashboard.panels import entitlement_words as words
from dashboard.panels.drafts import draft, kept
from dashboard.panels.entitlements_shown import Entitled, ShownEntitlements, read_entitled
from dashboard.panels.grants_told import (
    Said,
    fail,
    forget_said,
    is_open_to,
    is_over,
    lacks,
    said_in_form,
    say,
    send_button,
)
from data.metering.client import Answer
from queries.command import Role, new_key
from queries.entitlements import Entitleable, FeatureType, Status
from queries.entitlements.commands import ACCORDING_TO, Entitlement, GrantEntitlements, Period
from queries.entitlements.effect import in_force_with
from queries.entitlements.live import promotion
from queries.entitlements.written import UNLIMITED, read_entitlements
from queries.question import Live
from queries.time import to_utc, zone_of
from queries.written import Problem

PAGE, WHAT = "entitlements", "Granting entitlements"
FIELD = "new entitlement: "
"""What the keys of the form's widgets begin with."""
TRIED, SEND = "entitlements tried", "grant the entitlements"
DEFAULTS: Mapping[str, object] = {"period": str(Period.ONE_MONTH), "visible": True}
"""They are set, not given to the widgets: a draft may have set others."""
NOT_METERED = "None"
MOST_FEATURES = 20

Features = Mapping[str, dict[str, Any]]
"""feature_id → its row of `FEATURE_SCHEMA`"""


def entitle_button() -> None:
    """The way to the form; or which role it takes."""
    why = lacks(current_actor(), Role.SUPPORT, WHAT)
    st.button(
        "Grant entitlements", icon=":material/add:", type="primary", on_click=_begin,
        disabled=bool(why),
    )  # fmt: skip
    if why:
        st.caption(plain(why), width="content")


def entitlement_form(shown: ShownEntitlements, live: Live) -> None:
    """The form, while the address holds the key of a grant."""
    key = form_key(GRANTING)
    if key and is_open_to(current_actor(), Role.SUPPORT, send=SEND):
        _dialog(shown, live, key)
    elif key:
        said_in_form()


def _begin() -> None:
    forget_said()
    fields = [str(name) for name in st.session_state if str(name).startswith(FIELD)]
    open_form(GRANTING, (*fields, TRIED))


@st.dialog("Grant entitlements", width="medium", on_dismiss=partial(close_form, GRANTING))
def _dialog(shown: ShownEntitlements, live: Live, key: str) -> None:
    said_in_form()
    with guarded():
        if is_over(key, _begin):
            return
        turn = crc32(key.encode())
        features = {row["feature_id"]: row for row in ask(Entitleable(), live).frame.to_dicts()}
        entitled = read_entitled(shown.customer_id, shown.scope.resource_id, live, turn=turn)
        command = _filled_in(shown, entitled, features, key)
        why = lacks(current_actor(), Role.SUPPORT, WHAT)
        if send_button("Grant", why, key=SEND, on_click=_try) and command is not None:
            _send(shown, command, entitled)


def _filled_in(
    shown: ShownEntitlements, entitled: Entitled, features: Features, key: str
) -> GrantEntitlements | None:
    """Draws the fields, and under each feature what is wrong with it or what it changes."""
    actor, fields, amounts, places = current_actor().name, list[str](), {}, {}
    with kept(draft(key, actor), fields):
        chosen = _features(features)
        terms = _terms(shown.zone)
        for feature_id in chosen:
            with st.container(border=True):
                amounts[feature_id] = _amount(features[feature_id])
                places[feature_id] = st.container()
        fields += [str(name) for name in st.session_state if str(name).startswith(FIELD)]
    replaces = _replaced(chosen, entitled, key, actor)
    command, problems = read_entitlements(
        shown.customer_id, terms, features, amounts, replaces, key
    )
    asked = {each.feature_id: each for each in command.entitlements} if command else {}
    for feature_id, place in places.items():
        with place:
            _wrong(problems, feature_id)
            _replaces(shown, entitled, feature_id)
            if feature_id in asked:
                _preview(entitled, features[feature_id], asked[feature_id])
    _wrong(problems, *({each.column for each in problems} - places.keys()))
    return command


def _features(features: Features) -> list[str]:
    def name(feature_id: str) -> str:
        return f"{features[feature_id]['feature_name']} ({feature_id})"

    chosen: list[str] = st.multiselect(
        "Features", list(features), format_func=name, key=f"{FIELD}features",
        max_selections=MOST_FEATURES, placeholder="One or several", filter_mode="contains",
    )  # fmt: skip
    return [feature_id for feature_id in chosen if feature_id in features]


def _terms(zone: str) -> dict[str, str]:
    """What holds for all of them: how long, and whether the customer sees it."""
    terms = {"ends_at": ""}
    for name, default in DEFAULTS.items():
        begin_at(f"{FIELD}{name}", default)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        terms["period"] = st.selectbox(
            "Lasts", [str(each) for each in Period], format_func=words.PERIODS.__getitem__,
            key=f"{FIELD}period",
        )  # fmt: skip
        if terms["period"] == Period.CUSTOM:
            at = st.datetime_input(
                f"Ends ({zone})", value=None, key=f"{FIELD}ends", min_value=FIRST_DAY,
                max_value=LAST_DAY, format="YYYY-MM-DD", step=60,
            )  # fmt: skip
            terms["ends_at"] = to_utc(at, zone_of(zone)).isoformat() if at else ""
        is_visible = st.toggle("Visible to the customer", key=f"{FIELD}visible")
    return terms | {"is_visible": "yes" if is_visible else "no"}


def _amount(feature: dict[str, Any]) -> dict[str, str]:
    """The fields that the feature's type has, each as its text."""
    name, kind = feature["feature_name"], feature["feature_type"]
    st.markdown(f"**{plain(name)}**")
    key = f"{FIELD}{feature['feature_id']} "
    if kind == FeatureType.BOOLEAN:
        st.caption("Access to it: it has no limit.")
        return {}
    if kind == FeatureType.ENUM:
        return {
            "values": st.text_input("Values, a comma between two", key=f"{key}values", live=True)
        }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = f" ({feature['units']})" if feature["units"] else ""
        is_unlimited = st.toggle("Unlimited", key=f"{key}unlimited")
        if is_unlimited:
            return {"limit": UNLIMITED}
        limit = st.text_input(f"Limit{unit}", key=f"{key}limit", placeholder="500", live=True)
        is_soft = st.toggle("Soft limit", key=f"{key}soft", help="Use goes on beyond it")
    soft = "yes" if is_soft else "no"
    return {"limit": limit, "is_soft": soft} | _reset(feature, key)


def _reset(feature: dict[str, Any], key: str) -> dict[str, str]:
    """How often use is counted anew, and from where; only what is metered can be."""
    if feature["meter_type"] == NOT_METERED:
        return {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reset = st.selectbox(
            "Counted anew", list(words.RESETS),
            format_func=words.RESETS.__getitem__, key=f"{key}reset",
        )  # fmt: skip
        possible = ACCORDING_TO.get(reset, ())
        if not possible:
            return {"reset": reset}
        start = st.selectbox(
            "According to", possible,
            format_func=words.ACCORDING_TO.__getitem__, key=f"{key}according to {reset}",
        )  # fmt: skip
    return {"reset": reset, "according_to": start}


def _replaced(
    chosen: list[str], entitled: Entitled, key: str, actor: str
) -> dict[str, datetime | None]:
    """When that was changed which each replaces, as it was when this form first named it.

    It is part of what is asked for: sent again, the form asks for the same.
    """
    seen = draft(f"{key} replaces", actor)
    for feature_id in chosen:
        row = entitled.granted(feature_id)
        seen.setdefault(feature_id, row["updated_at"] if row else None)
    return {feature_id: seen[feature_id] for feature_id in chosen}


def _replaces(shown: ShownEntitlements, entitled: Entitled, feature_id: str) -> None:
    row = entitled.granted(feature_id)
    if row is not None:
        st.caption(
            plain(
                f"This replaces what was granted already: {words.allowance(row)}, "
                f"{row['status'].lower()}, ends {words.ends(row, shown.zone)}."
            )
        )


def _preview(entitled: Entitled, feature: dict[str, Any], asked: Entitlement) -> None:
    """What is in force of the feature before and after."""
    promised = feature | {
        "usage_limit": asked.usage_limit,
        "has_unlimited_usage": asked.is_unlimited,
        "has_soft_limit": asked.has_soft_limit,
        "enum_values": list(asked.enum_values) or None,
        "reset_period": asked.reset_period,
    }
    now = entitled.now(asked.feature_id)
    after = in_force_with(entitled.without(asked.feature_id), promised)
    st.markdown(f"In force: {plain(words.allowance(now))} → **{plain(words.allowance(after))}**")
    odd = words.odd_limit(promised)
    if odd:
        st.warning(plain(odd), icon=":material/help:")
    if words.allowance(after) != words.allowance(promised):
        st.caption("The plan gives more than this: it adds nothing while that lasts.")


def _wrong(problems: tuple[Problem, ...], *columns: str) -> None:
    """What is only missing is said once somebody has tried to send it."""
    is_tried = st.session_state.get(TRIED, False)
    said = [
        each.sentence
        for each in problems
        if each.column in columns and (is_tried or not each.is_missing)
    ]
    if said:
        st.warning(plain(" ".join(said)), icon=":material/edit:")


def _try() -> None:
    st.session_state[TRIED] = True


def _granted(node: Answer, entitled: Entitled, zone: str) -> str:
    """Seats, 7 seats until 22 Jun 2026 14:35 UTC, in place of 25 seats."""
    row = promotion(node)
    ends = f"until {words.ends(row, zone)}" if row["ends_at"] else "without an end"
    said = f"{row['feature_name']}, {words.allowance(row)} {ends}"
    held = entitled.granted(row["feature_id"])
    is_held = held is not None and held["status"] == Status.ACTIVE
    return f"{said}, in place of {words.allowance(held)}" if is_held else said


def _send(shown: ShownEntitlements, command: GrantEntitlements, entitled: Entitled) -> None:
    """Whatever comes of it, the whole page is asked anew."""
    customer_id = command.customer_id
    try:
        with st.spinner("Granting …", show_time=True):
            made = change(command)["grantPromotionalEntitlements"]
    except Exception as error:
        if fail(error, customer_id):
            go_to({GRANTING: new_key()})
    else:
        said = f"Granted: {'; '.join(_granted(node, entitled, shown.zone) for node in made)}."
        if shown.is_extract:
            said += " The extract does not hold it yet, so the page now shows the live source."
        say(Said(said, "success", customer_id, page=PAGE))
        source = "live" if shown.is_extract else address_value("source", "")
        is_hidden = shown.status not in (None, "Active")
        go_to({GRANTING: "", "source": source} | ({"status": ""} if is_hidden else {}))
    st.rerun()
