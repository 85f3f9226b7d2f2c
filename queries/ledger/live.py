"""The ledger from a metering API."""

from collections import defaultdict
from decimal import Decimal

import polars as pl

from data.credits.pool import EntryType
from data.metering.client import Answer, MeteringClient
from data.metering.wire import time
from queries.grants import Grants
from queries.grants import live as grants
from queries.ledger import (
    LEFT,
    MOST_WALKED,
    WRITTEN,
    EventRows,
    LedgerEvent,
    LedgerPage,
    LeftThen,
    WrittenSince,
)
from queries.ledger.walk import (
    ATTEMPTS,
    Row,
    around,
    beginning,
    frame,
    newer,
    newest,
    page_at,
    read_place,
    settled,
    walk,
)
from queries.question import CannotAnswer


def read(question: LedgerPage, client: MeteringClient) -> tuple[pl.DataFrame, bool, str | None]:
    """(the rows, whether there may be more, where the next page begins)."""
    if question.place is None:
        place, first = newest(question, client)
    else:
        place = read_place(question.place)
        first = page_at(question, client, place)
    rows: list[Row] = []
    follows = None
    walked = 0
    for page, has_more in walk(question, client, place, first):
        for row in page:
            if len(rows) == question.count:
                return frame(rows), True, str(rows[-1].below)
            if _passes(question, row):
                rows.append(row)
        walked += len(page)
        follows = str(page[-1].below) if page and has_more else None
        if walked >= MOST_WALKED or len(rows) == question.count:
            break
    return frame(rows), follows is not None, follows


def event(question: LedgerEvent, client: MeteringClient) -> pl.DataFrame:
    del question, client
    raise CannotAnswer(
        "What an event carried is in the extract: choose it as the source. The metering API knows "
        "its ledger rows only."
    )


def rows_of_event(question: EventRows, client: MeteringClient) -> tuple[pl.DataFrame, bool]:
    """(the rows found around the place, whether there may be more above them)"""
    place, first, is_newest = around(question, client)
    rows: list[Row] = []
    is_cut = False
    for page, _ in walk(question, client, place, first):
        found = [row for row in page if row.node["eventId"] == question.event_id]
        if not rows and not is_newest:
            is_cut = page[0] in found
        rows += found
        if page[-1] not in found:
            break
    return frame(rows), is_cut


def left(question: LeftThen, client: MeteringClient) -> pl.DataFrame:
    """What is left now, less what was written since.

    Usage may settle between the questions: they are asked until the balance stood still. Raises
    CannotAnswer where more was written since than can be walked.
    """
    pool = Grants(question.customer_id, question.currency_id, question.resource_id)
    before = settled(question, client)
    for _ in range(ATTEMPTS):
        held = grants.read(pool, client)
        since = _written_since(question, client)
        after = settled(question, client)
        if after == before:
            break
        before = after
    return _rewound(held, since)


def written_since(question: WrittenSince, client: MeteringClient) -> tuple[pl.DataFrame, bool]:
    """(the rows, whether there may be more of them)"""
    known = question.place
    place = read_place(known) if known else beginning(question, client)
    nodes: list[Answer] = []
    for edges in newer(question, client, place):
        nodes += [edge["node"] for edge in edges]
        if len(nodes) > MOST_WALKED:
            break
    rows = [
        (time(node["timestamp"]), node["eventType"], node["eventId"], Decimal(node["amount"]))
        for node in nodes[:MOST_WALKED]
    ]
    return pl.DataFrame(rows, WRITTEN, orient="row"), len(nodes) > MOST_WALKED


def _written_since(question: LeftThen, client: MeteringClient) -> list[Answer]:
    """The rows that are newer than the place."""
    nodes: list[Answer] = []
    for edges in newer(question, client, read_place(question.place)):
        nodes += [edge["node"] for edge in edges]
        if len(nodes) > MOST_WALKED:
            raise CannotAnswer(
                f"More than {MOST_WALKED:,} rows have been written since this one. What the other "
                "grants had left then is in the extract: choose it as the source."
            )
    return nodes


def _rewound(held: pl.DataFrame, since: list[Answer]) -> pl.DataFrame:
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    active = held.filter(status="ACTIVE").select("grant_id", "amount", "consumed_amount")
    for grant_id, amount, consumed in active.iter_rows():
        amounts[grant_id] = amount - consumed
    changed = {node["creditGrantId"] for node in since if node["eventType"] == EntryType.UPDATED}
    for node in since:
        amounts[node["creditGrantId"]] -= Decimal(node["amount"])
    rows = [(name, amount, name in changed) for name, amount in sorted(amounts.items())]
    found = pl.DataFrame(rows, LEFT, orient="row")
    return found.filter((pl.col("credits_left") != 0) | pl.col("is_changed"))


def _passes(question: LedgerPage, row: Row) -> bool:
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
