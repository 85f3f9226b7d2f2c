"""What is said of a file of rows before any of it is sent."""

from collections.abc import Collection, Sequence

import polars as pl
import streamlit as st

from dashboard.asking import ask
from queries.customers import Customers
from queries.files import Flaw
from queries.question import Live

MOST_FLAWS = 200


def known_customers(named: Collection[str], live: Live, *, most: int | None = None) -> set[str]:
    """Those of the named that there are; asked for one by one where there are many.

    With `most`, those beyond so many are taken for known: the API itself refuses them.
    """
    found = ask(Customers(), live)
    known = set(found.frame["customer_id"]) & set(named)
    if found.is_cut:
        open_ones = sorted(set(named) - known)
        known |= set() if most is None else set(open_ones[most:])
        for customer_id in open_ones[:most]:
            known |= set(ask(Customers(customer_id), live).frame["customer_id"]) & {customer_id}
    return known


def show_flaws(flaws: Sequence[Flaw]) -> None:
    lines = len({flaw.line for flaw in flaws})
    st.error(
        f"Nothing was sent: {lines:,} row{' is' if lines == 1 else 's are'} wrong. Mend the file "
        "and choose it again.",
        icon=":material/error:",
    )
    ordered = sorted(flaws, key=lambda flaw: flaw.line)
    st.dataframe(
        pl.DataFrame(
            [
                {"Line": f.line, "Column": f.problem.column, "What is wrong": f.problem.sentence}
                for f in ordered[:MOST_FLAWS]
            ]
        ),
        hide_index=True,
        column_config={
            "Line": st.column_config.NumberColumn(width=50),
            "Column": st.column_config.TextColumn(width=110),
            "What is wrong": st.column_config.TextColumn(width=600),
        },
        alt=f"What is wrong with {lines} rows of the file",
    )
    if len(flaws) > MOST_FLAWS:
        st.caption(f"The first {MOST_FLAWS} of {len(flaws):,} problems are listed.")
