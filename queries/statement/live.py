"""Statements from a metering API: its ledger read whole, its usage by key."""

from decimal import Decimal

import polars as pl

from data.metering.client import PAGE_SIZE, Answer, MeteringClient
from data.metering.wire import time
from queries.documents import document
from queries.question import CannotAnswer
from queries.statement import (
    BUCKET,
    BUCKET_TEXT,
    GRANT,
    SCHEMA,
    SPENT,
    Spent,
    SpentEvents,
    Statement,
)
from queries.time import Grain
from queries.usage import Filter, Usage
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
    rows = pl.DataFrame([_row(node) for node in nodes], ROW, orient="row").sort("last_at")
    starts = pl.DataFrame({"bucket": [*question.cuts, question.span.end]}, {"bucket": pl.Datetime})
    placed = rows.join_asof(
        starts.with_columns(at=pl.col("bucket")), left_on="last_at", right_on="at"
    )
    by = [name for name in SCHEMA.names() if name not in ("amount", "last_at")]
    summed = placed.group_by(by).agg(pl.col("amount").sum(), pl.col("last_at").max())
    return summed.select(SCHEMA.names()).cast(SCHEMA).sort(by)


def spent(question: Spent, client: MeteringClient) -> pl.DataFrame:
    """Raises CannotAnswer for what one grant paid: the API's usage names no grant."""
    if question.grant_id is not None or question.by == GRANT:
        raise CannotAnswer(
            "Which grant paid for which event is in the extract; the metering API's usage by key "
            "does not say it. Choose the extract as the source, or take the grant away."
        )
    is_by_bucket = question.by == BUCKET
    asked = Usage(
        question.customer_id,
        question.currency_id,
        question.span,
        question.grain if is_by_bucket else Grain.WHOLE,
        question.zone,
        question.resource_id,
        by=() if is_by_bucket else (question.by,),
        filters=tuple(Filter(key, (value,)) for key, value in question.only),
    )
    value = pl.col("bucket").dt.strftime(BUCKET_TEXT) if is_by_bucket else pl.col("key_1")
    found = usage.read(asked, client).select(value=value, credits="credits").cast(SPENT)
    return found.sort(["credits", "value"], descending=[True, False])


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
