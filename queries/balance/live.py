"""The balance from a metering API."""

from decimal import Decimal

import polars as pl

from data.metering.client import MeteringClient
from data.tables import CREDITS_SUM
from queries.balance import Balance
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
