"""Grants from a metering API."""

from decimal import Decimal

import polars as pl

from data.metering.client import Answer, MeteringClient
from data.metering.wire import optional_time, time
from queries.documents import document
from queries.grants import SCHEMA, Grants


def read(question: Grants, client: MeteringClient) -> pl.DataFrame:
    given = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
    }
    nodes = client.ask_nodes(document("grants/grants.graphql"), {"input": given}, "creditGrants")
    frame = pl.DataFrame([_row(node) for node in nodes], SCHEMA, orient="row")
    return frame.sort(["created_at", "grant_id"], descending=[True, False])


def _row(node: Answer) -> tuple[object, ...]:
    return (
        node["grantId"],
        node["displayName"],
        node["grantType"],
        node["status"],
        Decimal(node["amount"]),
        Decimal(node["consumedAmount"]),
        Decimal(node["cost"]["amount"]),
        node["cost"]["currency"],
        int(node["priority"]),
        node["paymentCollection"],
        time(node["effectiveAt"]),
        optional_time(node["expireAt"]),
        optional_time(node["voidedAt"]),
        time(node["createdAt"]),
        node["comment"],
        node["automaticRechargeConfigurationId"] is not None,
    )
