"""What a page says when it cannot answer: one sentence, and what is still shown."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard.controls.key_picker.address import put_picked_values
from dashboard.markdown import plain
from data.extract.errors import ExtractError
from data.metering.errors import MeteringError, Refused
from queries.command import ChangeError
from queries.question import CannotAnswer, QuestionError, Unchosen

logger = logging.getLogger(__name__)

EXPECTED = (QuestionError, MeteringError, ExtractError, ChangeError)
UNEXPECTED = "Something went wrong that this page does not know. It has been logged."


def sentence_of(error: Exception) -> str:
    """What to tell the reader."""
    if isinstance(error, EXPECTED):
        return str(error)
    logger.error("a page failed", exc_info=error)
    return UNEXPECTED


def show_failure(
    error: Exception,
    *,
    still_shown: str | None = None,
    can_extract: bool = False,
    can_live: bool = False,
    can_retry: bool = False,
) -> None:
    """The sentence, and under it what is still on the page and how old it is."""
    if isinstance(error, Unchosen):
        st.info(plain(str(error)), icon=":material/arrow_upward:")
        return
    is_wrong_question = isinstance(error, QuestionError | Refused)
    could_other = isinstance(error, CannotAnswer) or not (
        is_wrong_question or isinstance(error, ChangeError)
    )
    tell = st.warning if isinstance(error, QuestionError) else st.error
    tell(plain(sentence_of(error)), icon=":material/error:")
    with st.container(horizontal=True):
        is_live = st.query_params.get("source") == "live"
        if could_other and can_extract and is_live:
            st.button("Use the extract", on_click=_use_extract)
        if isinstance(error, CannotAnswer) and can_live and not is_live:
            st.button("Use the live source", on_click=_use_live)
        if can_retry and not is_wrong_question:
            st.button("Try again", icon=":material/refresh:")
    if still_shown:
        st.caption(f"Still shown below, and no longer current: {plain(still_shown)}")


def _use_extract() -> None:
    put_picked_values("source", ["extract"])


def _use_live() -> None:
    put_picked_values("source", ["live"])


@contextmanager
def guarded() -> Iterator[None]:
    """A part of a page that fails says so in its own place; the other parts stay."""
    try:
        yield
    except Exception as error:
        show_failure(error)
