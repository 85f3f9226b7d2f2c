"""The whole filtered ledger as a file: at once where it is on the page, else gathered."""

from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
import streamlit as st

from dashboard.changing import changes_made
from dashboard.formats import moment
from dashboard.markdown import plain
from dashboard.panels.export import export_buttons
from dashboard.panels.ledger_shown import ShownLedger
from queries.answer import answer
from queries.ledger import MOST_ROWS, LedgerPage
from queries.question import Live

MOST_EXPORTED = 1_000_000
AT_ONCE_LIVE = 2000
GATHERED = "ledger gathered"
GATHERING = "ledger being gathered"

Wanted = tuple[str, LedgerPage, int]
"""The source, the question without a place, and how many changes this session had made before."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Every row that passes the filters, the newest first; `is_cut` where there are more."""

    wanted: Wanted
    rows: pl.DataFrame
    as_of: datetime
    is_cut: bool


def ledger_export(shown: ShownLedger) -> None:
    """Not only the page: all rows that pass the filters, with a way to stop reading them."""
    question = replace(shown.question, place=None)
    if question == shown.question and shown.answer.follows is None:
        export_buttons(shown.answer.frame.drop("place"), _about(shown), "ledger")
        return
    wanted = (shown.scope.source.identity, question, changes_made())
    gathered: Gathered | None = st.session_state.get(GATHERED)
    if gathered is not None and gathered.wanted == wanted:
        _hand_out(shown, gathered)
    elif st.session_state.get(GATHERING) == wanted:
        _gather(shown, wanted)
    else:
        st.button(
            "Gather every row for export",
            icon=":material/download:",
            help="All rows that pass the filters, not only this page",
            on_click=_begin,
            args=(wanted,),
        )


def _hand_out(shown: ShownLedger, gathered: Gathered) -> None:
    count = gathered.rows.height
    if gathered.is_cut:
        st.warning(
            f"The file holds the newest {count:,} rows; the ledger goes on. Filter by date to "
            "export the older ones.",
            icon=":material/content_cut:",
        )
    else:
        rows = "The one row that passes" if count == 1 else f"All {count:,} rows that pass"
        with st.container(horizontal=True, vertical_alignment="center"):
            as_of = plain(moment(gathered.as_of, shown.zone))
            st.caption(f"{rows} the filters, as of {as_of}", width="content")
            if isinstance(shown.scope.source, Live):
                st.button(
                    "Gather anew",
                    icon=":material/refresh:",
                    on_click=_begin,
                    args=(gathered.wanted,),
                )
    export_buttons(gathered.rows, _about(shown, gathered), "ledger")


def _about(shown: ShownLedger, gathered: Gathered | None = None) -> dict[str, str]:
    if gathered is None:
        return shown.about() | {"rows": f"all {shown.answer.frame.height:,}"}
    which = "the newest" if gathered.is_cut else "all"
    return shown.about() | {
        "time of the data": moment(gathered.as_of, "UTC"),
        "rows": f"{which} {gathered.rows.height:,}",
    }


def _begin(wanted: Wanted) -> None:
    st.session_state[GATHERING] = wanted
    st.session_state.pop(GATHERED, None)


def _end() -> None:
    st.session_state.pop(GATHERING, None)


def _gather(shown: ShownLedger, wanted: Wanted) -> None:
    """Page by page; pressing Cancel ends the run when the page under way has come."""
    with st.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Gathering rows …")
        st.button("Cancel", icon=":material/close:", on_click=_end)
    _, question, _ = wanted
    size = AT_ONCE_LIVE if isinstance(shown.scope.source, Live) else MOST_ROWS
    parts: list[pl.DataFrame] = []
    count, done, as_of = 0, 0.0, None
    page = replace(question, count=size)
    while True:
        found = answer(page, shown.scope.source)
        as_of = as_of or found.as_of
        parts.append(found.frame.drop("place"))
        count += found.frame.height
        if found.follows is None or count >= MOST_EXPORTED:
            break
        page = replace(page, place=found.follows)
        done = max(done, _share(found.frame, shown))
        bar.progress(done, f"{count:,} rows gathered …")
    is_cut = found.follows is not None or count > MOST_EXPORTED
    rows = pl.concat(parts).head(MOST_EXPORTED)
    st.session_state[GATHERED] = Gathered(wanted, rows, as_of, is_cut)
    _end()
    st.rerun()


def _share(rows: pl.DataFrame, shown: ShownLedger) -> float:
    """How much of the ledger's time has been walked, from its end."""
    if not rows.height:
        return 0.0
    last = shown.answer.as_of
    begun = min([*shown.grants["created_at"], last])
    length = (last - begun).total_seconds()
    walked = (last - rows["occurred_at"][-1]).total_seconds()
    return min(max(walked / length, 0.0), 1.0) if length > 0 else 1.0
