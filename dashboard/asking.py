"""Asking from a page: one answer for everyone who may see it, kept for a minute."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.runtime.scriptrunner_utils.script_requests import (
    ScriptRequests,
    ScriptRequestType,
)
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from dashboard.access import current_actor
from data.extract.patience import while_wanted
from queries.answer import Question, answer
from queries.question import Answer, Source

KEPT_SECONDS = 60
MOST_KEPT = 400


def ask(question: Question, source: Source, *, turn: int = 0) -> Answer:
    """The source's answer; a new `turn` asks again although the last answer is still young."""
    role = current_actor().role.name
    return _asked(source.identity, role, repr(question), turn, question, source)


@st.cache_resource(ttl=KEPT_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def _asked(
    identity: str,  # noqa: ARG001  # of the cache's key
    role: str,  # noqa: ARG001  # of the cache's key
    text: str,  # noqa: ARG001  # of the cache's key
    turn: int,  # noqa: ARG001  # of the cache's key
    _question: Question,
    _source: Source,
) -> Answer:
    with while_wanted(_is_waited_for()):
        return answer(_question, _source)


def _is_waited_for() -> Callable[[], bool]:
    """Whether somebody still waits for what this run of the page asks, to be called at any time."""
    context = get_script_run_ctx(suppress_warning=True)
    requests = context.script_requests if context else None
    return (lambda: True) if requests is None else partial(goes_on, requests)


def goes_on(requests: ScriptRequests) -> bool:
    """Whether the run will not be ended at its next call of Streamlit.

    It is when its reader has chosen something else, or is gone; a request for fragments alone
    waits its turn. Streamlit has no public way to look without taking the request.
    """
    is_of_fragments = bool(requests._rerun_data.fragment_id_queue)
    return requests._state is ScriptRequestType.CONTINUE or (
        requests._state is ScriptRequestType.RERUN and is_of_fragments
    )


def forget() -> None:
    """Drop every kept answer: after a change, and between tests."""
    _asked.clear()
