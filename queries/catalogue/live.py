"""The catalogue from a metering API."""

import polars as pl

from data.metering.client import MeteringClient
from queries.catalogue import Currencies, Features
from queries.documents import document


def currencies(_question: Currencies, client: MeteringClient) -> pl.DataFrame:
    answer = client.ask(document("catalogue/currencies.graphql"), {})
    names = ("currency_id", "display_name", "symbol", "unit_singular", "unit_plural", "status")
    rows = []
    for currency in answer["customCurrencies"]:
        units = currency["units"] or {"singular": None, "plural": None}
        rows.append(
            (currency["currencyId"], currency["displayName"], currency["symbol"],
             units["singular"], units["plural"], currency["status"])
        )  # fmt: skip
    frame = pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")
    return frame.sort("status", "currency_id")


def features(_question: Features, client: MeteringClient) -> pl.DataFrame:
    nodes = client.ask_nodes(document("catalogue/features.graphql"), {}, "features")
    rows = [(node["refId"], node["displayName"]) for node in nodes]
    schema = dict.fromkeys(("feature_id", "display_name"), pl.String)
    return pl.DataFrame(rows, schema, orient="row").sort("feature_id")
