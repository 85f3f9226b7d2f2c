"""Statements from a metering API: its ledger read whole, its usage by key."""

from decimal import Decimal

import polars as pl

from data.metering.client import PAGE_SIZE, Answer, MeteringClient
from data.metering.wire import time
from queries.documents import document
from queries.question import CannotAnswer
from queries.statement import (
    GRANT,
    SCHEMA,
    Spent,
    SpentEvents,
    Statement,
)
from queries.statement.placed import in_buckets
from queries.statement.used import as_usage, of_usage
from queries.usage import live as usage

MOST_WALKED = 30_000
ROW = pl.Schema({name: SCHEMA[name] for name in SCHEMA.names() if name != "bucket"})


def statement(question: Statement, client: MeteringClient) -> pl.DataFrame:
    """Raises CannotAnswer where the ledger is too long to be read whole."""
    given = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
    }
    asked = document("statement/statement.graphql")
    nodes = client.ask_nodes(asked, {"input": given}, "creditsLedger", most=MOST_WALKED + 1)
    if len(nodes) > MOST_WALKED:
        raise CannotAnswer(
            f"The ledger of this pool has more than {MOST_WALKED:,} rows, which the metering API "
            f"hands out {PAGE_SIZE} at a time. Choose the extract as the source."
        )
    rows = pl.DataFrame([_row(node) for node in nodes], ROW, orient="row")
    return in_buckets(rows.with_columns(since="last_at"), question)


def spent(question: Spent, client: MeteringClient) -> pl.DataFrame:
    """Raises CannotAnswer for what one grant paid: the API's usage names no grant."""
    if question.grant_id is not None or question.by == GRANT:
        raise CannotAnswer(
            "Which grant paid for which event is in the extract; the metering API's usage by key "
            "does not say it. Choose the extract as the source, or take the grant away."
        )
    return of_usage(question, usage.read(as_usage(question), client))


def events(question: SpentEvents, client: MeteringClient) -> pl.DataFrame:
    del question, client
    raise CannotAnswer(
        "Single events with their dimensions are in the extract: choose it as the source. The "
        "Ledger page lists what the metering API knows of each."
    )


def _row(node: Answer) -> tuple[object, ...]:
    return (
        node["creditGrantId"],
        node["eventType"],
        node["featureId"],
        Decimal(node["amount"]),
        time(node["timestamp"]),
    )
