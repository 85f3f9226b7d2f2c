"""Asking from a page: one answer for everyone who may see it, kept for a minute."""

import streamlit as st

from dashboard.access import current_actor
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
    identity: str,  # noqa: ARG001  # the first four are the key of the cache
    role: str,  # noqa: ARG001
    text: str,  # noqa: ARG001
    turn: int,  # noqa: ARG001
    _question: Question,
    _source: Source,
) -> Answer:
    return answer(_question, _source)


def forget() -> None:
    """Drop every kept answer: after a change, and between tests."""
    _asked.clear()
