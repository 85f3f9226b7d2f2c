"""Dimension keys from a metering API, which may match the search as a prefix or a substring."""

import polars as pl

from data.metering.client import MeteringClient
from queries.documents import document
from queries.keys import MOST_SHOWN, Keys
from queries.question import CannotAnswer


def read(question: Keys, client: MeteringClient) -> tuple[pl.DataFrame, bool]:
    """(the keys, whether there are more)."""
    if question.customer_id is None:
        raise CannotAnswer(
            "The metering API answers for one customer at a time. "
            "All customers are in the extract: choose it as the source."
        )
    given = {
        "customerId": question.customer_id,
        "currencyId": question.currency_id,
        "resourceId": question.resource_id,
        "search": question.search or None,
    }
    answer = client.ask(document("keys/keys.graphql"), {"input": given})
    fields = answer["creditEventsFields"]["fields"]
    wanted = sorted(f for f in fields if question.search.lower() in f.lower())
    return pl.DataFrame({"key": wanted[:MOST_SHOWN]}, {"key": pl.String}), len(wanted) > MOST_SHOWN
