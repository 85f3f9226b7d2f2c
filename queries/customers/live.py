"""Customers, resources and subscriptions from a metering API."""

import polars as pl

from data.metering.client import MeteringClient
from data.metering.wire import time
from data.tables import ColumnTypes
from queries.customers import MOST_SHOWN, Customers, Resources, Subscriptions
from queries.documents import document


def customers(question: Customers, client: MeteringClient) -> tuple[pl.DataFrame, bool]:
    """(the customers, whether there are more)."""
    pattern = f"%{question.search}%"
    given = {"searchQuery": {"iLike": pattern}} if question.search else {}
    nodes = client.ask_nodes(
        document("customers/customers.graphql"),
        {"filter": given},
        "customers",
        most=MOST_SHOWN + 1,
    )
    rows = [(n["customerId"], n["name"], n["email"]) for n in nodes]
    schema = dict.fromkeys(("customer_id", "name", "email"), pl.String)
    frame = pl.DataFrame(rows, schema, orient="row").sort("customer_id")
    return frame.head(MOST_SHOWN), len(rows) > MOST_SHOWN


def resources(question: Resources, client: MeteringClient) -> pl.DataFrame:
    nodes = client.ask_nodes(
        document("customers/resources.graphql"),
        {"filter": {"customer": {"customerId": {"eq": question.customer_id}}}},
        "customerResources",
    )
    ids = [node["resourceId"] for node in nodes]
    return pl.DataFrame({"resource_id": ids}, {"resource_id": pl.String}).sort("resource_id")


def subscriptions(question: Subscriptions, client: MeteringClient) -> pl.DataFrame:
    answer = client.ask(
        document("customers/subscriptions.graphql"), {"input": {"customerId": question.customer_id}}
    )
    rows = [
        (
            held["subscriptionId"],
            held["plan"]["refId"],
            held["resource"]["resourceId"] if held["resource"] else None,
            time(held["startDate"]),
        )
        for held in answer["getActiveSubscriptions"]
    ]
    schema: ColumnTypes = {
        "subscription_id": pl.String,
        "plan_id": pl.String,
        "resource_id": pl.String,
        "started_at": pl.Datetime("us"),
    }
    return pl.DataFrame(rows, schema, orient="row").sort("started_at", "subscription_id")
