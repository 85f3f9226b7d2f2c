"""Balances from a metering API."""

from decimal import Decimal

import polars as pl

from data.clock import utc_now
from data.metering.client import MeteringClient
from data.tables import CREDITS_SUM
from queries.balance import OPTIMISTIC, Balance, Optimistic
from queries.documents import document
from queries.wire import optional_time


def read(question: Balance, client: MeteringClient) -> pl.DataFrame:
    given = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
    }
    answer = client.ask(document("balance/balance.graphql"), {"input": given})
    rows = [
        tuple(Decimal(b[n]) for n in ("totalGranted", "totalConsumed", "currentBalance"))
        for b in answer["creditBalanceSummary"]["balances"]
        if b["currency"]["currencyId"] == question.currency_id
    ]
    schema = dict.fromkeys(("granted", "consumed", "balance"), CREDITS_SUM)
    return pl.DataFrame(rows, schema, orient="row")


def optimistic(question: Optimistic, client: MeteringClient) -> pl.DataFrame:
    """An API that gives no timestamp is taken by the time of asking."""
    given = {"customerId": question.customer_id, "resourceId": question.resource_id}
    asked_at = utc_now()
    answer = client.ask(document("balance/optimistic.graphql"), {"query": given})
    rows = [
        (
            Decimal(one["usageLimit"] or 0),
            Decimal(one["currentUsage"] or 0),
            optional_time(one["usageUpdatedAt"]) or asked_at,
        )
        for one in answer["entitlementsState"]["entitlementsV2"]
        if one.get("currency") and one["currency"]["currencyId"] == question.currency_id
    ]
    return pl.DataFrame(rows, OPTIMISTIC, orient="row")
