"""The last 90 days of a pool, gathered for a rehearsal: its grants, and its ledger's rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from queries.answer import answer
from queries.grants import Grants
from queries.grants.terms import in_force, with_terms
from queries.ledger import MOST_ROWS, LedgerPage
from queries.question import CannotAnswer, Live, QuestionError, Source, check_customer, check_id

DAYS = 90
PAGE_LIVE = 2000
MOST_LIVE, MOST = 60_000, 2_000_000
"""Ledger rows that are read for one rehearsal."""
ATTEMPTS = 5

Told = Callable[[int, float], None]
"""Is told how many rows have come, and how much of the time they cover, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Past:
    """One pool from `since` to `until`.

    grants: all of them as they stand at `until`, as `Grants` answers. rows: the ledger from the
    first row of `since` or later on, as `LedgerPage` answers, but the oldest first.
    """

    customer_id: str
    currency_id: str
    since: datetime
    until: datetime
    grants: pl.DataFrame
    rows: pl.DataFrame
    source: str


def gather(customer_id: str, currency_id: str, source: Source, told: Told) -> Past | None:
    """The customer-level pool's last 90 days, or as many as there are; None without any grant.

    Rows are read from the newest back, until a whole page is older. Raises CannotAnswer where a
    metering API's ledger is too long for that, QuestionError while usage keeps settling.
    """
    check_customer(customer_id)
    check_id("currency", currency_id)
    for _ in range(ATTEMPTS):
        found = answer(Grants(customer_id, currency_id), source)
        if not found.frame.height:
            return None
        begun = found.as_of.replace(minute=0, second=0, microsecond=0) - timedelta(DAYS)
        since = max(begun, min(found.frame["created_at"].to_list()))
        rows = _rows(LedgerPage(customer_id, currency_id), source, since, found.as_of, told)
        held = Decimal(in_force(with_terms(found.frame))["remaining"].sum())
        booked = rows["balance_after"][-1] if rows.height else held
        if held == booked:
            kept = _from(rows, since)
            return Past(
                customer_id, currency_id, since, found.as_of, found.frame, kept, source.name
            )
    raise QuestionError(
        f"The grants of this pool leave {held:f} credits, and its ledger sums to {booked:f}: usage "
        "is being settled. Try again in a moment."
    )


def _rows(
    page: LedgerPage, source: Source, since: datetime, until: datetime, told: Told
) -> pl.DataFrame:
    """Oldest first; some of them may be older than `since`."""
    is_live = isinstance(source, Live)
    most = MOST_LIVE if is_live else MOST
    page = replace(page, count=PAGE_LIVE if is_live else MOST_ROWS)
    parts: list[pl.DataFrame] = []
    count = 0
    while True:
        found = answer(page, source)
        parts.append(found.frame)
        count += found.frame.height
        is_older = not (found.frame["occurred_at"] >= since).any()
        if found.follows is None or is_older:
            return pl.concat(parts).reverse()
        if count >= most:
            raise CannotAnswer(
                f"The last {DAYS} days of this pool have more than {most:,} ledger rows, too many "
                "to be walked. Choose the extract as the source."
            )
        told(count, _share(found.frame["occurred_at"][-1], since, until))
        page = replace(page, place=found.follows)


def _from(rows: pl.DataFrame, since: datetime) -> pl.DataFrame:
    first = (rows["occurred_at"] >= since).arg_max() if rows.height else None
    if first is None or rows["occurred_at"][first] < since:
        return rows.clear()
    return rows.slice(first)


def _share(reached: datetime, since: datetime, until: datetime) -> float:
    length = (until - since).total_seconds()
    return min(max((until - reached).total_seconds() / length, 0.0), 1.0) if length > 0 else 1.0
