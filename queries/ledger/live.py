"""The ledger from a metering API, walked from its newest row back.

Whether its pages run from the oldest row or from the newest is documented nowhere: the first and
the last row tell.
"""

from datetime import datetime
from decimal import Decimal

import polars as pl

from data.metering.client import PAGE_SIZE, Answer, MeteringClient
from queries.documents import document
from queries.ledger import SCHEMA, LedgerRows
from queries.wire import time

MOST_WALKED = 5000


def read(question: LedgerRows, client: MeteringClient) -> tuple[pl.DataFrame, bool]:
    """(the rows, whether there may be more than were read)."""
    given: Answer = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
    }
    span = question.span
    rows: list[Answer] = []
    backward = _is_oldest_first(client, given)
    cursor, walked, has_more = None, 0, True
    while has_more and walked < MOST_WALKED and len(rows) < question.count:
        page = _page(client, given, backward, cursor)
        nodes = [edge["node"] for edge in page["edges"]]
        newest_first = nodes[::-1] if backward else nodes
        rows += [n for n in newest_first if span is None or span.start <= _at(n) < span.end]
        walked += len(nodes)
        info = page["pageInfo"]
        cursor = info["startCursor"] if backward else info["endCursor"]
        has_more = info["hasPreviousPage"] if backward else info["hasNextPage"]
        if span is not None and newest_first and _at(newest_first[-1]) < span.start:
            has_more = False
    is_cut = has_more or len(rows) > question.count
    return pl.DataFrame([_row(n) for n in rows[: question.count]], SCHEMA, orient="row"), is_cut


def _is_oldest_first(client: MeteringClient, given: Answer) -> bool:
    first = _ask(client, given, {"first": 1})["edges"]
    last = _ask(client, given, {"last": 1})["edges"]
    return not first or not last or _at(first[0]["node"]) <= _at(last[0]["node"])


def _page(client: MeteringClient, given: Answer, backward: bool, cursor: str | None) -> Answer:
    size, place = ("last", "before") if backward else ("first", "after")
    return _ask(client, given, {size: PAGE_SIZE} | ({place: cursor} if cursor else {}))


def _ask(client: MeteringClient, given: Answer, paging: Answer) -> Answer:
    variables = {"input": {**given, "paging": paging}}
    answer: Answer = client.ask(document("ledger/ledger.graphql"), variables)["creditsLedger"]
    return answer


def _at(node: Answer) -> datetime:
    return time(node["timestamp"])


def _row(node: Answer) -> tuple[object, ...]:
    return (
        _at(node),
        node["eventType"],
        Decimal(node["amount"]),
        node["creditGrantId"],
        node["featureId"],
        node["eventId"],
    )
