"""Estimates side by side: their forms, and under them what each comes to."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.controls.estimates import MOST, compare_with_another, remove_estimate
from dashboard.failures import guarded, show_failure
from dashboard.formats import moment
from dashboard.links import link
from dashboard.markdown import plain
from dashboard.panels.estimate_form import Form, form_fields
from dashboard.panels.estimate_result import show_result
from dashboard.panels.estimates_shown import Estimated, Offer, about, estimate, exported
from dashboard.panels.export import export_buttons
from data.metering.errors import MeteringError, Refused

NARROWEST = 230
"""In pixels: an amount with its currency is never cut."""
EMPTY = "Here the estimate appears, once the form says what is to be estimated."
WRONG = "Nothing was asked: mend what is wrong in the form first."


def places(count: int) -> tuple[list[DeltaGenerator], list[DeltaGenerator]]:
    """(where the forms go, where what they come to goes): one beside its form, many above them.

    So that a narrow screen shows what they come to without all forms before it.
    """
    if count == 1:
        left, right = st.columns([2, 3])
        return [left], [right]
    results, forms = (st.grid(count, min_column_width=NARROWEST) for _ in range(2))
    return [forms.cell() for _ in range(count)], [results.cell() for _ in range(count)]


def show_forms(forms: Sequence[Form], columns: Sequence[DeltaGenerator]) -> None:
    for place, form in zip(columns, forms, strict=True):
        with place, st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{_name(form)}**")
                if len(forms) > 1:
                    st.button(
                        "Remove", key=f"remove estimate {form.number}", icon=":material/close:",
                        on_click=remove_estimate, args=(form.number, len(forms)),
                    )  # fmt: skip
            with guarded():
                form_fields(form)


def compare_button(forms: Sequence[Form]) -> None:
    if len(forms) < MOST:
        st.button(
            "Compare with another", icon=":material/add_column_right:",
            on_click=compare_with_another, args=(len(forms),),
            help="Copies the last one into a column beside it.",
        )  # fmt: skip
    else:
        st.caption(f"{MOST} estimates stand side by side, which is the most.")


def show_results(forms: Sequence[Form], columns: Sequence[DeltaGenerator]) -> list[Estimated]:
    """The estimates that were answered; one that fails leaves the others as they are."""
    answered: list[Estimated] = []
    is_alone = len(forms) == 1
    for place, form in zip(columns, forms, strict=True):
        with place, st.container(border=True):
            st.markdown(f"**{_name(form)}**")
            shown = _result(form)
            if shown is None:
                continue
            first = next((one for one in answered if one.number == 1), None)
            with guarded():
                show_result(shown, first, form.offer, is_alone=is_alone)
            answered.append(shown)
    return answered


def _result(form: Form) -> Estimated | None:
    if form.question is None:
        is_wrong = any(not problem.is_missing for problem in form.problems)
        st.info(WRONG if is_wrong else EMPTY, icon=":material/request_quote:")
        return None
    slot = f"estimate {form.number} answered"
    try:
        with st.spinner("Asking …", show_time=True):
            shown = estimate(form.offer, form.number, form.title, form.question, form.plan)
    except Exception as error:
        kept: Estimated | None = st.session_state.get(slot)
        is_outage = isinstance(error, MeteringError) and not isinstance(error, Refused)
        kept = kept if is_outage else None
        still = None if kept is None else _of(kept, form.offer.scope.zone)
        show_failure(error, still_shown=still)
        return kept
    st.session_state[slot] = shown
    return shown


def export_estimates(offer: Offer, shown: list[Estimated], address: Mapping[str, str]) -> None:
    """`address` has every input: whoever opens the file can ask again."""
    if shown:
        export_buttons(exported(shown), about(offer, shown, link(address)), "estimates")


def _of(kept: Estimated, zone: str) -> str:
    return f"{kept.title}, as of {moment(kept.answer.as_of, zone)}"


def _name(form: Form) -> str:
    return plain(f"{form.number} · {form.title}" if form.title else f"Estimate {form.number}")
