"""The settings of auto-recharge as a form whose every field is in the address."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.controls.choices import pick, switch, words
from dashboard.markdown import plain
from data.credits.recharge import Expiration, ThresholdType
from queries.recharge.terms import Limits, Terms
from queries.recharge.written import read_terms
from queries.written import Problem

IS_ON, KIND, BELOW, TARGET, IS_CAPPED, CAP, LASTS = (
    "on", "by", "below", "upto", "capped", "cap", "lasts",
)  # fmt: skip
ADDRESS = (IS_ON, KIND, BELOW, TARGET, IS_CAPPED, CAP, LASTS)
"""The query parameters of the form."""
REHEARSES = "rehearse"
EXPIRATIONS = {Expiration.MONTH.value: "1 month", Expiration.YEAR.value: "1 year"}

Written = tuple[bool, Terms | None, tuple[Problem, ...]]
"""Whether it is to be on; the terms, None where they cannot be read; what is wrong with them."""


def recharge_fields(
    saved: Terms | None, is_on: bool, limits: Limits, unit: str, *, is_tried: bool
) -> Written:
    """The fields, filled with what is saved, each with what is wrong with it underneath.

    What is only missing is said once somebody has tried to save it.
    """
    wants_on, has_cap, texts = _choices(saved, is_on, unit)
    with st.container(horizontal=True, vertical_alignment="top"):
        below, target, cap = (st.container(width=250) for _ in range(3))
    kind = unit if texts["threshold_type"] == ThresholdType.CREDITS else "US dollars"
    with below:
        default = _text(saved.threshold) if saved else ""
        label = f"Buy when the balance is below ({kind})"
        texts["threshold"] = words(label, key=BELOW, default=default, placeholder="500")
    with target:
        default = _text(saved.target) if saved else ""
        label = f"Fill it up to ({unit})"
        texts["target"] = words(label, key=TARGET, default=default, placeholder="5000")
    if has_cap:
        with cap:
            default = _text(saved.cap) if saved else ""
            label = "Cap (US dollars a month)"
            texts["cap"] = words(label, key=CAP, default=default, placeholder="100")
    terms, problems = read_terms(texts, limits)
    said = [problem for problem in problems if is_tried or not problem.is_missing]
    _at_fields(said, {"threshold": below, "target": target, "cap": cap})
    return wants_on, terms, problems


def terms_address(is_on: bool, terms: Terms) -> dict[str, str]:
    """The form's fields as query parameters, each written out."""
    address = {
        IS_ON: "on" if is_on else "off",
        KIND: terms.threshold_type,
        BELOW: _text(terms.threshold),
        TARGET: _text(terms.target),
        IS_CAPPED: "off" if terms.cap is None else "on",
        LASTS: terms.expiration,
    }
    return address if terms.cap is None else address | {CAP: _text(terms.cap)}


def _choices(saved: Terms | None, is_on: bool, unit: str) -> tuple[bool, bool, dict[str, str]]:
    """(whether it is to be on, whether there is a cap, the texts of what is chosen)."""
    kinds = {ThresholdType.CREDITS.value: unit, ThresholdType.DOLLARS.value: "US dollars"}
    kind = saved.threshold_type if saved else ThresholdType.CREDITS.value
    lasts = saved.expiration if saved else Expiration.YEAR.value
    is_capped = saved is not None and saved.cap is not None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        wants_on = switch("Auto-recharge is on", key=IS_ON, default=is_on)
        texts = {"threshold_type": pick("Threshold in", kinds, key=KIND, default=kind)}
        texts["expiration"] = pick("Bought credits last", EXPIRATIONS, key=LASTS, default=lasts)
        has_cap = switch("Monthly cap", key=IS_CAPPED, default=is_capped)
    return wants_on, has_cap, texts


def _at_fields(problems: Sequence[Problem], fields: Mapping[str, DeltaGenerator]) -> None:
    for problem in problems:
        place = fields.get(problem.column)
        said = f":red[:material/error: {plain(problem.sentence)}]"
        (place or st).markdown(said)


def _text(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
