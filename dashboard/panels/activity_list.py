"""The list of changes: one page of it, the way to the others, and the whole of it as a file."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import polars as pl
import streamlit as st

from dashboard.activity.store import ActivityFile, Listed, Listing, Wanted
from dashboard.controls.changes import OUTCOMES, turn_page
from dashboard.controls.key_picker.address import put_picked_values
from dashboard.controls.period import address_of_period
from dashboard.formats import moment
from dashboard.panels.export import export_buttons
from queries.time import to_local, zone_of

ON_A_PAGE = 50
MOST_EXPORTED = 100_000
TABLE = "list of changes"
NUMBERS = "changes on the page"


@dataclass(frozen=True, slots=True)
class ShownChanges:
    """All that the page draws, at hand."""

    wanted: Wanted
    listing: Listing
    below: int | None
    zone: str
    as_of: datetime

    @property
    def title(self) -> str:
        return f"changes as of {moment(self.as_of, self.zone)}"

    def address(self) -> dict[str, str]:
        """The zone and the days as query parameters, each written out."""
        span = self.wanted.span
        period = {} if span is None else address_of_period(span, self.zone, self.as_of)
        return {"tz": self.zone} | period

    def about(self) -> dict[str, str]:
        """What an export says of itself."""
        wanted, span = self.wanted, self.wanted.span
        return {
            "question": "changes made from this app",
            "customer": wanted.customer_id or "all customers",
            "who": wanted.actor or "everyone",
            "what": wanted.command or "all changes",
            "outcome": wanted.outcome or "any",
            "from": moment(span.start, self.zone) if span else "the first",
            "to (exclusive)": moment(span.end, self.zone) if span else "the last",
            "times": "UTC",
            "time of the data": moment(self.as_of, "UTC"),
            "at most": f"the newest {MOST_EXPORTED:,} changes",
        }


def change_list(shown: ShownChanges, record: ActivityFile) -> None:
    """A row for each change; a click opens it."""
    changes = shown.listing.changes
    if not changes:
        _nothing(shown)
        return
    frame = pl.DataFrame([_row(one, shown.zone) for one in changes], orient="row")
    st.session_state[NUMBERS] = [one.number for one in changes]
    st.dataframe(
        frame,
        hide_index=True,
        column_config={"Outcome": st.column_config.TextColumn(width=120)},
        key=TABLE,
        on_select=_open_clicked,
        selection_mode="single-row",
        alt=f"List of {len(changes)} {shown.title}, newest first",
    )
    _pages(shown)
    export_buttons(partial(whole, shown.wanted, record), shown.about(), "activity")


def whole(wanted: Wanted, record: ActivityFile) -> pl.DataFrame:
    """Every change that passes the filters, with all that is recorded of it; times in UTC."""
    rows = []
    for one in record.page(wanted, MOST_EXPORTED).changes:
        change, fact = one.recorded.change, one.recorded.fact
        rows.append(
            {
                "change": one.number,
                "begun_at": one.begun_at,
                "who": change.actor,
                "role": change.role,
                "what": change.command,
                "customer_id": change.customer_id,
                "summary": change.summary,
                "outcome": fact.outcome.value,
                "is_read_back": fact.is_settled,
                "known_since": fact.at,
                "known_by": fact.actor,
                "detail": fact.detail,
                "request_id": fact.request_id,
                "asked_for": change.given,
                "before": fact.before,
                "after": fact.after,
                "sent_to": change.api,
            }
        )
    return pl.DataFrame(rows, orient="row", infer_schema_length=None)


def _row(one: Listed, zone: str) -> dict[str, object]:
    change, fact = one.recorded.change, one.recorded.fact
    return {
        "Change": one.number,
        "Begun": f"{to_local(one.begun_at, zone_of(zone)):%Y-%m-%d %H:%M:%S}",
        "Who": change.actor,
        "Outcome": OUTCOMES[fact.outcome],
        "What": change.summary,
        "Detail": fact.detail,
        "Customer": change.customer_id or "",
    }


def _open_clicked() -> None:
    rows = st.session_state[TABLE]["selection"]["rows"]
    numbers: list[int] = st.session_state.get(NUMBERS, [])
    put_picked_values("change", [str(numbers[rows[0]])] if rows and rows[0] < len(numbers) else [])


def _pages(shown: ShownChanges) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        place = "The newest" if shown.below is None else f"Older than change {shown.below}:"
        count = len(shown.listing.changes)
        st.caption(f"{place} {count:,} {'change' if count == 1 else 'changes'}", width="content")
        if shown.below is not None:
            st.button("Newest", icon=":material/first_page:", on_click=turn_page, args=(None,))
        if shown.listing.below is not None:
            older = shown.listing.below
            st.button("Older", icon=":material/chevron_right:", on_click=turn_page, args=(older,))


def _nothing(shown: ShownChanges) -> None:
    if shown.wanted == Wanted(actor=shown.wanted.actor) and shown.below is None:
        st.info(
            "No change has been made yet. What is changed from this app, on the Grants page for "
            "one, is listed here: who, when, what, and what came of it.",
            icon=":material/inbox:",
        )
        return
    st.info("No change passes these filters. Widen one of them.", icon=":material/inbox:")
