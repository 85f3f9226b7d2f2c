"""Balances from a metering API."""

from datetime import datetime
from decimal import Decimal

import polars as pl

from data.clock import utc_now
from data.metering.client import MeteringClient
from data.metering.wire import optional_time
from data.tables import CREDITS_SUM
from queries.balance import OPTIMISTIC, STANDINGS, Balance, Optimistic, Standings
from queries.documents import document


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
    heard = _heard(question.customer_id, question.resource_id, client)
    rows = [heard[question.currency_id]] if question.currency_id in heard else []
    return pl.DataFrame(rows, OPTIMISTIC, orient="row")


def standings(question: Standings, client: MeteringClient) -> pl.DataFrame:
    given = {"customerId": question.customer_id, "resourceId": question.resource_id}
    heard = _heard(question.customer_id, question.resource_id, client)
    answer = client.ask(document("balance/balance.graphql"), {"input": given})
    settled = {
        balance["currency"]["currencyId"]: Decimal(balance["currentBalance"])
        for balance in answer["creditBalanceSummary"]["balances"]
    }
    rows = [
        (currency, settled.get(currency, Decimal(0)), *heard.get(currency, (None, None, None)))
        for currency in sorted(settled.keys() | heard.keys())
    ]
    return pl.DataFrame(rows, STANDINGS, orient="row")


def _heard(
    customer_id: str, resource_id: str | None, client: MeteringClient
) -> dict[str, tuple[Decimal, Decimal, datetime]]:
    """currency → (granted, consumed, at); an API without a timestamp is taken by that of asking."""
    given = {"customerId": customer_id, "resourceId": resource_id}
    asked_at = utc_now()
    answer = client.ask(document("balance/optimistic.graphql"), {"query": given})
    return {
        one["currency"]["currencyId"]: (
            Decimal(one["usageLimit"] or 0),
            Decimal(one["currentUsage"] or 0),
            optional_time(one["usageUpdatedAt"]) or asked_at,
        )
        for one in answer["entitlementsState"]["entitlementsV2"]
        if one.get("currency")
    }
