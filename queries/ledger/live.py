"""The ledger from a metering API, walked from its newest row back.

Whether its pages run from the oldest row or from the newest is documented nowhere: the first and
the last row tell. It gives no balances: they are counted down from the settled balance of now, and
a place carries the one that it has come to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from data.metering.client import PAGE_SIZE, Answer, MeteringClient
from queries.balance import Balance
from queries.balance import live as balance
from queries.documents import document
from queries.ledger import SCHEMA, LedgerEvent, LedgerPage
from queries.question import CannotAnswer, QuestionError
from queries.wire import time

MOST_WALKED = 5000
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Place:
    """Below which row to go on: the API's cursor, and the balance after the next row."""

    is_backward: bool
    cursor: str | None
    balance: Decimal

    def __str__(self) -> str:
        return f"{'last' if self.is_backward else 'first'} {self.balance} {self.cursor}"


@dataclass(frozen=True, slots=True)
class _Row:
    node: Answer
    balance_after: Decimal
    below: _Place
    """The place under this row."""

    @property
    def at(self) -> datetime:
        return time(self.node["timestamp"])


def read(question: LedgerPage, client: MeteringClient) -> tuple[pl.DataFrame, bool, str | None]:
    """(the rows, whether there may be more, where the next page begins)."""
    given: Answer = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
    }
    rows: list[_Row] = []
    follows = None
    walked = 0
    for page, has_more in _pages(question, client, given):
        for row in page:
            if len(rows) == question.count:
                return _frame(rows), True, str(rows[-1].below)
            if _passes(question, row):
                rows.append(row)
        walked += len(page)
        follows = str(page[-1].below) if page and has_more else None
        if walked >= MOST_WALKED:
            break
    return _frame(rows), follows is not None, follows


def event(question: LedgerEvent, client: MeteringClient) -> pl.DataFrame:  # noqa: ARG001
    raise CannotAnswer(
        "What an event carried is in the extract: choose it as the source. The metering API knows "
        "its ledger rows only."
    )


def _pages(
    question: LedgerPage, client: MeteringClient, given: Answer
) -> Iterator[tuple[list[_Row], bool]]:
    """Pages of rows, newest first, with their balances; and whether there is another page."""
    if question.place is None:
        place, page = _newest(question, client, given)
    else:
        place = _read_place(question.place)
        page = _page(client, given, place)
    while True:
        rows = _rows(page, place)
        info = page["pageInfo"]
        has_more = info["hasPreviousPage"] if place.is_backward else info["hasNextPage"]
        yield rows, has_more
        if not has_more or not rows:
            return
        place = rows[-1].below
        page = _page(client, given, place)


def _newest(question: LedgerPage, client: MeteringClient, given: Answer) -> tuple[_Place, Answer]:
    """The newest page and the balance after its newest row.

    Usage may settle between the two questions: they are asked until the balance stood still.
    """
    pool = Balance(question.customer_id, question.currency_id, question.resource_id)
    is_backward = _is_oldest_first(client, given)
    before = _settled(pool, client)
    for _ in range(ATTEMPTS):
        place = _Place(is_backward, None, before)
        page = _page(client, given, place)
        after = _settled(pool, client)
        if after == before:
            break
        before = after
    return place, page


def _settled(pool: Balance, client: MeteringClient) -> Decimal:
    return Decimal(balance.read(pool, client)["balance"].sum())


def _rows(page: Answer, place: _Place) -> list[_Row]:
    edges = page["edges"][::-1] if place.is_backward else page["edges"]
    rows, after = [], place.balance
    for edge in edges:
        before = after - Decimal(edge["node"]["amount"])
        below = _Place(place.is_backward, edge["cursor"], before)
        rows.append(_Row(edge["node"], after, below))
        after = before
    return rows


def _is_oldest_first(client: MeteringClient, given: Answer) -> bool:
    first = _ask(client, given, {"first": 1})["edges"]
    last = _ask(client, given, {"last": 1})["edges"]
    if not first or not last:
        return True
    return time(first[0]["node"]["timestamp"]) <= time(last[0]["node"]["timestamp"])


def _page(client: MeteringClient, given: Answer, place: _Place) -> Answer:
    size, way = ("last", "before") if place.is_backward else ("first", "after")
    return _ask(client, given, {size: PAGE_SIZE} | ({way: place.cursor} if place.cursor else {}))


def _ask(client: MeteringClient, given: Answer, paging: Answer) -> Answer:
    variables = {"input": {**given, "paging": paging}}
    answer: Answer = client.ask(document("ledger/ledger.graphql"), variables)["creditsLedger"]
    return answer


def _read_place(text: str) -> _Place:
    way, _, rest = text.partition(" ")
    amount, _, cursor = rest.partition(" ")
    try:
        if way in ("first", "last") and cursor:
            return _Place(way == "last", cursor, Decimal(amount))
    except ArithmeticError:
        pass
    raise QuestionError(
        f"{text!r} is no place in this source's ledger. Begin with the newest rows."
    )


def _passes(question: LedgerPage, row: _Row) -> bool:
    node, span = row.node, question.span
    wanted = (
        (question.grant_id, node["creditGrantId"]),
        (question.feature_id, node["featureId"]),
        (question.event_id, node["eventId"]),
    )
    return (
        (not question.types or node["eventType"] in question.types)
        and all(value is None or value == found for value, found in wanted)
        and (span is None or span.start <= row.at < span.end)
    )


def _frame(rows: list[_Row]) -> pl.DataFrame:
    found = [
        (
            row.at,
            row.node["eventType"],
            Decimal(row.node["amount"]),
            row.below.balance,
            row.balance_after,
            row.node["creditGrantId"],
            row.node["featureId"],
            row.node["eventId"],
            str(row.below),
        )
        for row in rows
    ]
    return pl.DataFrame(found, SCHEMA, orient="row")
