"""Making the changes of a file one after the other, and what came of each row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl
import streamlit as st

from dashboard.changing import change, record
from dashboard.failures import sentence_of
from data.metering.client import Answer
from data.metering.errors import KeyRefused, NotSent
from queries.activity import Outcome
from queries.command import Command, NotRecorded, Unsettled

RUNNING, RESULTS = "rows being made", "rows made"
STOPS = (NotSent, KeyRefused, NotRecorded)
"""What would befall every further row too."""


class Came(StrEnum):
    """What came of a row."""

    DONE = "done"
    BEFORE = "was done already"
    REFUSED = "not done"
    UNKNOWN = "unknown"
    UNTRIED = "not tried"


Words = Mapping[Came, str]
"""How a page's table says it, the usual first."""


@dataclass(frozen=True, slots=True)
class Result:
    """`found` is what the answer holds for the row: a grant's id, the credits that were taken."""

    came: Came
    detail: str = ""
    found: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One change, and the lines of the rows that it makes.

    `read` takes the answer, and whether the change was made in an earlier run; a result per line.
    """

    command: Command
    lines: tuple[int, ...]
    read: Callable[[Answer, bool], Sequence[Result]]


def begin(mark: str) -> None:
    st.session_state[RUNNING] = mark
    st.session_state.pop(RESULTS, None)


def cancel() -> None:
    st.session_state.pop(RUNNING, None)


def is_running(mark: str) -> bool:
    return bool(st.session_state.get(RUNNING) == mark)


def results_of(mark: str) -> dict[int, Result]:
    """line → what came of it, of the rows that were tried in the last run of that file."""
    kept: tuple[str, dict[int, Result]] = st.session_state.get(RESULTS, ("", {}))
    return kept[1] if kept[0] == mark else {}


def run(steps: Sequence[Step], mark: str, doing: str) -> None:
    """Step by step; pressing Cancel ends the run after the one that is being made."""
    results: dict[int, Result] = {}
    st.session_state[RESULTS] = (mark, results)
    count = sum(len(step.lines) for step in steps)
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, f"{doing} …")
        st.button("Cancel", icon=":material/close:", on_click=cancel)
    for step in steps:
        found, is_end = _made(step)
        results |= dict(zip(step.lines, found, strict=True))
        if is_end:
            break
        bar.progress(len(results) / count, f"{len(results):,} of {count:,} rows …")
    cancel()
    st.rerun()


def outcomes(lines: Sequence[int], results: Mapping[int, Result], words: Words) -> pl.DataFrame:
    """`line`, `outcome` in these words, `found`, `detail`: a row for each of the file's."""
    found = [results.get(line, Result(Came.UNTRIED)) for line in lines]
    return pl.DataFrame(
        {
            "line": lines,
            "outcome": [words[result.came] for result in found],
            "found": [result.found for result in found],
            "detail": [result.detail for result in found],
        },
        {"line": pl.Int64, "outcome": pl.String, "found": pl.String, "detail": pl.String},
    )


def summary(frame: pl.DataFrame, words: Words) -> str:
    """How many rows came to what, the usual first."""
    counts = dict(frame["outcome"].value_counts().iter_rows())
    parts = [f"{counts[word]:,} {word.lower()}" for word in words.values() if word in counts]
    return f"{frame.height:,} rows: {', '.join(parts)}."


def _made(step: Step) -> tuple[Sequence[Result], bool]:
    """(what came of each of its rows, whether that is the end of the run)."""
    count = len(step.lines)
    try:
        last = record().last(step.command.key)
        was_done = last is not None and last.fact.outcome is Outcome.DONE
        answer = change(step.command)
    except Unsettled as error:
        is_end = isinstance(error.__cause__, STOPS)
        return [Result(Came.UNKNOWN, str(error))] * count, is_end
    except Exception as error:
        return [Result(Came.REFUSED, sentence_of(error))] * count, isinstance(error, STOPS)
    return step.read(answer, was_done), False
