"""Making the grants of a file one after the other, and what came of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl
import streamlit as st

from dashboard.changing import change, record
from dashboard.failures import sentence_of
from data.metering.errors import KeyRefused, NotSent
from queries.activity import Outcome
from queries.command import NotRecorded, Unsettled
from queries.grants.bulk import Row

RUNNING, RESULTS = "bulk grants being made", "bulk grants made"
STOPS = (NotSent, KeyRefused, NotRecorded)
"""What would befall every further row too."""


class Came(StrEnum):
    """What came of a row, as the table says it."""

    DONE = "Done"
    BEFORE = "Was done already"
    REFUSED = "Not done"
    UNKNOWN = "Unknown"
    UNTRIED = "Not tried"


@dataclass(frozen=True, slots=True)
class Result:
    came: Came
    detail: str = ""
    grant_id: str | None = None


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


def run(rows: Sequence[Row], mark: str) -> None:
    """Row by row; pressing Cancel ends the run after the row that is being made."""
    results: dict[int, Result] = {}
    st.session_state[RESULTS] = (mark, results)
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Granting …")
        st.button("Cancel", icon=":material/close:", on_click=cancel)
    for number, row in enumerate(rows, start=1):
        results[row.line], is_end = _made(row)
        if is_end:
            break
        bar.progress(number / len(rows), f"{number:,} of {len(rows):,} rows …")
    cancel()
    st.rerun()


def outcomes(rows: Sequence[Row], results: Mapping[int, Result]) -> pl.DataFrame:
    """`line`, `outcome`, `grant_id`, `detail`: a row for each of the file's."""
    found = [(row.line, results.get(row.line, Result(Came.UNTRIED))) for row in rows]
    return pl.DataFrame(
        {
            "line": [line for line, _ in found],
            "outcome": [result.came.value for _, result in found],
            "grant_id": [result.grant_id for _, result in found],
            "detail": [result.detail for _, result in found],
        },
        {"line": pl.Int64, "outcome": pl.String, "grant_id": pl.String, "detail": pl.String},
    )


def _made(row: Row) -> tuple[Result, bool]:
    """(what came of the row, whether that is the end of the run)."""
    try:
        last = record().last(row.command.key)
        was_done = last is not None and last.fact.outcome is Outcome.DONE
        grant_id = change(row.command)["createCreditGrant"]["grantId"]
    except Unsettled as error:
        return Result(Came.UNKNOWN, str(error)), False
    except Exception as error:
        return Result(Came.REFUSED, sentence_of(error)), isinstance(error, STOPS)
    return Result(Came.BEFORE if was_done else Came.DONE, "", grant_id), False
