"""The ledger of a pool, read from where the last sync came to."""

from typing import Any

from data.extract.sync import told
from data.extract.sync.asking import Asker
from data.extract.sync.store import Pool, Row, Store
from data.metering.client import PAGE_SIZE, Answer
from data.metering.errors import BrokenAnswer

ROOT = "creditsLedger"
WRITTEN_AT_ONCE = 10 * PAGE_SIZE
"""Rows: to write each page alone takes as long as to ask for it."""


def read_ledger(asker: Asker, store: Store, pool: Pool) -> None:
    """Add the rows after the newest one that the store has, some pages at a time.

    Cursors hold while rows are added. Whether pages run from the oldest row or from the newest
    is documented nowhere, so it is found out. Raises MeteringError.
    """
    if store.is_oldest_first is None:
        _learn_direction(asker, store, pool)
    is_oldest_first = store.is_oldest_first is not False
    size, way = ("first", "after") if is_oldest_first else ("last", "before")
    more = "hasNextPage" if is_oldest_first else "hasPreviousPage"
    cursor, rows = store.ledger_cursor(pool), list[Row]()
    while True:
        page = _ask(asker, pool, {size: PAGE_SIZE} | ({way: cursor} if cursor else {}), more)
        edges, has_more = page if is_oldest_first else (page[0][::-1], page[1])
        if has_more and (not edges or edges[-1][0] == cursor):
            raise BrokenAnswer(f"The metering API gave no way on to the next page of {ROOT}.")
        rows += [row for _, row in edges]
        cursor = edges[-1][0] if edges else cursor
        if cursor and rows and (len(rows) >= WRITTEN_AT_ONCE or not has_more):
            store.add_ledger(pool, rows, cursor)
            rows = []
        if not has_more:
            return


def _learn_direction(asker: Asker, store: Store, pool: Pool) -> None:
    """Compare the first row with the last; a pool of one moment tells nothing."""
    ends = [_ask(asker, pool, {side: 1}, "hasNextPage")[0] for side in ("first", "last")]
    moments = [edges[0][1]["occurred_at"] for edges in ends if edges]
    if len(set(moments)) == len(ends):
        store.is_oldest_first = moments[0] < moments[1]


def _ask(asker: Asker, pool: Pool, paging: Answer, more: str) -> tuple[list[tuple[str, Row]], bool]:
    """(cursors and rows as they stand in the page, whether there are more)"""
    given = {
        "customerId": pool.customer_id,
        "currencyId": pool.currency_id,
        "resourceId": pool.resource_id,
        "paging": paging,
    }

    def read(page: Any) -> tuple[list[tuple[str, Row]], bool]:
        edges = [(edge["cursor"], told.entry(edge["node"])) for edge in page["edges"]]
        return edges, page["pageInfo"][more]

    return asker.ask(ROOT, {"input": given}, read)
