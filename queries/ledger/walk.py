"""Walking a metering API's ledger, from its newest row back.

Whether its pages run from the oldest row or from the newest is documented nowhere: the first and
the last row tell. It gives no balances: they are counted down from the settled balance of now, and
a place carries the one that it has come to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from data.metering.client import PAGE_SIZE, Answer, MeteringClient
from data.metering.wire import time
from queries.balance import Balance
from queries.balance import live as balance
from queries.documents import document
from queries.ledger import SCHEMA, EventRows, LedgerPage, LeftThen, WrittenSince
from queries.question import QuestionError

ATTEMPTS = 5

OfPool = LedgerPage | EventRows | LeftThen | WrittenSince


@dataclass(frozen=True, slots=True)
class Place:
    """Below which row to go on: the API's cursor, and the balance after the next row."""

    is_backward: bool
    cursor: str | None
    balance: Decimal

    def __str__(self) -> str:
        return f"{'last' if self.is_backward else 'first'} {self.balance} {self.cursor}"


@dataclass(frozen=True, slots=True)
class Row:
    node: Answer
    balance_after: Decimal
    below: Place
    """The place under this row."""

    @property
    def at(self) -> datetime:
        return time(self.node["timestamp"])


def walk(
    question: OfPool, client: MeteringClient, place: Place, page: Answer
) -> Iterator[tuple[list[Row], bool]]:
    """Pages of rows, the page at the place first, with their balances; and whether one follows."""
    while True:
        rows = _rows(page, place)
        info = page["pageInfo"]
        has_more = info["hasPreviousPage"] if place.is_backward else info["hasNextPage"]
        yield rows, has_more
        if not has_more or not rows:
            return
        place = rows[-1].below
        page = page_at(question, client, place)


def newest(question: OfPool, client: MeteringClient) -> tuple[Place, Answer]:
    """The newest page and the balance after its newest row.

    Usage may settle between the two questions: they are asked until the balance stood still.
    """
    is_backward = _is_oldest_first(question, client)
    before = settled(question, client)
    for _ in range(ATTEMPTS):
        place = Place(is_backward, None, before)
        page = page_at(question, client, place)
        after = settled(question, client)
        if after == before:
            break
        before = after
    return place, page


def around(question: EventRows, client: MeteringClient) -> tuple[Place, Answer, bool]:
    """A place half a page above the row of the question, its page, whether that is the newest."""
    place = read_place(question.place)
    above = next(newer(question, client, place))
    half = PAGE_SIZE // 2
    is_newest = len(above) <= half
    start = Place(place.is_backward, None if is_newest else above[half]["cursor"], Decimal(0))
    page = page_at(question, client, start)
    balance = place.balance
    for edge in _newest_first(page, start):
        balance += Decimal(edge["node"]["amount"])
        if edge["cursor"] == place.cursor:
            return Place(start.is_backward, start.cursor, balance), page, is_newest
    raise no_place(question.place)


def newer(question: OfPool, client: MeteringClient, place: Place) -> Iterator[list[Answer]]:
    """Pages of edges above a place, each with its oldest first."""
    size, way = ("first", "after") if place.is_backward else ("last", "before")
    more = "hasNextPage" if place.is_backward else "hasPreviousPage"
    cursor = place.cursor
    while True:
        page = _ask(question, client, {size: PAGE_SIZE} | ({way: cursor} if cursor else {}))
        edges = page["edges"] if place.is_backward else page["edges"][::-1]
        yield edges
        if not edges or not page["pageInfo"][more]:
            return
        cursor = edges[-1]["cursor"]


def beginning(question: OfPool, client: MeteringClient) -> Place:
    """The place under the oldest row, whose balance nobody has counted."""
    return Place(_is_oldest_first(question, client), None, Decimal(0))


def page_at(question: OfPool, client: MeteringClient, place: Place) -> Answer:
    size, way = ("last", "before") if place.is_backward else ("first", "after")
    below = {way: place.cursor} if place.cursor else {}
    return _ask(question, client, {size: PAGE_SIZE} | below)


def settled(question: OfPool, client: MeteringClient) -> Decimal:
    pool = Balance(question.customer_id, question.currency_id, question.resource_id)
    return Decimal(balance.read(pool, client)["balance"].sum())


def read_place(text: str) -> Place:
    """Raises QuestionError for a place that none of these pages has given."""
    way, _, rest = text.partition(" ")
    amount, _, cursor = rest.partition(" ")
    try:
        if way in ("first", "last") and cursor:
            return Place(way == "last", cursor, Decimal(amount))
    except ArithmeticError:
        pass
    raise no_place(text)


def no_place(text: str) -> QuestionError:
    return QuestionError(
        f"{text!r} is no place in this source's ledger. Begin with the newest rows."
    )


def frame(rows: Iterable[Row]) -> pl.DataFrame:
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


def _rows(page: Answer, place: Place) -> list[Row]:
    rows, after = [], place.balance
    for edge in _newest_first(page, place):
        before = after - Decimal(edge["node"]["amount"])
        below = Place(place.is_backward, edge["cursor"], before)
        rows.append(Row(edge["node"], after, below))
        after = before
    return rows


def _newest_first(page: Answer, place: Place) -> list[Answer]:
    edges: list[Answer] = page["edges"]
    return edges[::-1] if place.is_backward else edges


def _is_oldest_first(question: OfPool, client: MeteringClient) -> bool:
    first = _ask(question, client, {"first": 1})["edges"]
    last = _ask(question, client, {"last": 1})["edges"]
    if not first or not last:
        return True
    return time(first[0]["node"]["timestamp"]) <= time(last[0]["node"]["timestamp"])


def _ask(question: OfPool, client: MeteringClient, paging: Answer) -> Answer:
    given = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
        "paging": paging,
    }
    answer: Answer = client.ask(document("ledger/ledger.graphql"), {"input": given})
    page: Answer = answer["creditsLedger"]
    return page
