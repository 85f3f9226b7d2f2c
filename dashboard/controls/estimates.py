"""Which estimates stand side by side, and all that was filled in for each: in the address.

What belongs to the first has its plain name there, `plan`; that of the third is `3.plan`.
"""

from collections.abc import Mapping

import streamlit as st

from dashboard.controls.choices import address_value
from dashboard.controls.key_picker.address import catch_up, put_address
from queries.estimates import BillingPeriod
from queries.estimates.written import ADDON, KEPT, UNIT
from queries.question import QuestionError
from queries.reports.measurements import UpdateBehavior

MOST = 5
BESIDE = "estimates"
"""The query parameter that says how many there are, where it is not one."""
NEW, CHANGE, USAGE, EVENT = "new", "change", "usage", "event"
KINDS = {
    NEW: "New subscription",
    CHANGE: "Change of a subscription",
    USAGE: "Usage",
    EVENT: "Event",
}
DEFAULTS = {
    "kind": NEW,
    "period": str(BillingPeriod.MONTHLY),
    "behavior": str(UpdateBehavior.DELTA),
    "addons": KEPT,
}
NAMES = (
    *DEFAULTS, "plan", "country", "start", "code", "coupon", "subscription", "feature", "value",
    "event", "dimensions",
)  # fmt: skip


def estimates_beside() -> int:
    """How many; raises QuestionError for a number that cannot be."""
    text = address_value(BESIDE, "1")
    if text not in map(str, range(1, MOST + 1)):
        raise QuestionError(
            f"{text!r} estimates cannot stand side by side: 1 to {MOST} can. Open the page anew."
        )
    return int(text)


def prefix_of(number: int) -> str:
    return "" if number == 1 else f"{number}."


def filled_in(number: int) -> dict[str, str]:
    """What the address says of one estimate, by column, without the spaces around it."""
    prefix = prefix_of(number)
    columns = [name.removeprefix(prefix) for name in st.query_params if name.startswith(prefix)]
    given = {
        column: st.query_params[f"{prefix}{column}"].strip()
        for column in columns
        if column in NAMES or column.startswith((UNIT, ADDON))
    }
    return DEFAULTS | {column: text for column, text in given.items() if text}


def written_out(cells: Mapping[int, Mapping[str, str]]) -> dict[str, str]:
    """All of them as query parameters, defaults too."""
    return {
        f"{prefix_of(number)}{column}": text
        for number, filled in cells.items()
        for column, text in filled.items()
    }


def compare_with_another(count: int) -> None:
    """A copy of the last of them beside it, to alter."""
    catch_up()
    _put({number: filled_in(min(number, count)) for number in range(1, count + 2)})


def remove_estimate(number: int, count: int) -> None:
    catch_up()
    kept = [filled_in(other) for other in range(1, count + 1) if other != number]
    _put(dict(enumerate(kept, start=1)))


def _put(cells: Mapping[int, Mapping[str, str]]) -> None:
    """These in the place of those in the address, in one step of the history."""
    ours = written_out({number: filled_in(number) for number in range(1, MOST + 1)})
    others: dict[str, list[str]] = {
        name: st.query_params.get_all(name)
        for name in st.query_params
        if name not in ours and name != BESIDE
    }
    given = {
        number: {column: text for column, text in filled.items() if DEFAULTS.get(column) != text}
        for number, filled in cells.items()
    }
    count = {BESIDE: str(len(cells))} if len(cells) > 1 else {}
    ours_now = {name: [text] for name, text in (written_out(given) | count).items()}
    put_address(others | ours_now)
