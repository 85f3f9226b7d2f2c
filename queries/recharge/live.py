"""Auto-recharge settings from a metering API, which answers defaults where nothing was saved."""

from decimal import Decimal

import polars as pl

from data.metering.client import MeteringClient
from queries.documents import document
from queries.recharge import SCHEMA, Recharge
from queries.wire import optional_time, time


def read(question: Recharge, client: MeteringClient) -> pl.DataFrame:
    given = {"customerId": question.customer_id, "currencyId": question.currency_id}
    answer = client.ask(document("recharge/recharge.graphql"), {"input": given})
    saved = answer["getAutoRechargeSettings"]
    if saved["createdAt"] is None:
        return SCHEMA.to_frame()
    limit = saved["maxSpendLimit"]
    row = (
        saved["isEnabled"],
        saved["thresholdType"],
        Decimal(saved["thresholdValue"]),
        Decimal(saved["targetBalance"]),
        None if limit is None else Decimal(limit),
        saved["grantExpirationPeriod"],
        Decimal(saved["currentMonthlySpend"]),
        time(saved["createdAt"]),
        optional_time(saved["updatedAt"]),
    )
    return pl.DataFrame([row], SCHEMA, orient="row")
