"""The year's usage events, rated as the service itself would charge them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import numpy as np
import polars as pl

from data.credits.amounts import to_units
from data.demo.arrivals import arrivals
from data.demo.attributes import describe
from data.demo.customers import Customer
from data.demo.situations import SEAT_CHANGES, bursts
from data.demo.vocabulary import EVERYDAY, NUMERIC
from data.metering.catalogue import Catalogue
from data.tables import CREDITS, SCHEMAS, UNITS

RARE = (1, 2)


def usage_events(
    now: datetime, customers: Sequence[Customer], catalogue: Catalogue, rng: np.random.Generator
) -> pl.DataFrame:
    """The table `usage_events`, ordered by time; event ids count upwards."""
    arrived = arrivals(now, customers, bursts(now), rng).sort(
        "occurred_at", "customer", maintain_order=True
    )
    described = describe(now, arrived, customers, rng)
    events = pl.concat([described, _seats(now, customers)], how="diagonal").sort(
        "occurred_at", "customer", maintain_order=True
    )
    plans = [customers[place].plan_id for place in events["customer"]]
    ids = [customer.customer_id for customer in customers]
    currencies = {feature: rate.currency_id for (_, feature), rate in catalogue.rates.items()}
    units = _units(events, catalogue)
    return events.with_columns(
        event_id=pl.format("evt-{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)),
        customer_id=pl.Series(ids).gather(events["customer"].cast(pl.UInt32)),
        currency_id=pl.col("feature_id").replace_strict(currencies),
        units=pl.Series(units, dtype=UNITS),
        credits=pl.Series(_charges(events, units, plans, catalogue), dtype=CREDITS),
        dimensions=_dimensions(events),
    ).select(SCHEMAS["usage_events"].names())


def _seats(now: datetime, customers: Sequence[Customer]) -> pl.DataFrame:
    """Reported usage: it names no dimension, and seats given back count below zero."""
    place = {customer.customer_id: n for n, customer in enumerate(customers)}
    return pl.DataFrame(
        {
            "customer": [place[change[0]] for change in SEAT_CHANGES],
            "resource_id": [change[1] for change in SEAT_CHANGES],
            "occurred_at": [now - change[2] for change in SEAT_CHANGES],
            "received_at": [now - change[2] for change in SEAT_CHANGES],
            "seats": [change[3] for change in SEAT_CHANGES],
            "feature_id": "feature-seats",
        },
        schema_overrides={"resource_id": pl.String},
    )


def _units(events: pl.DataFrame, catalogue: Catalogue) -> list[Decimal]:
    """One for a counted event, the sum's dimension for a summed one, the change for seats."""
    summed = {meter.feature_id: meter.dimension for meter in catalogue.meters if meter.dimension}
    measured = pl.coalesce(
        "seats",
        *(
            pl.when(pl.col("feature_id") == feature).then(dimension)
            for feature, dimension in summed.items()
        ),
        1,
    )
    values = events.select(units=measured)["units"]
    rounded = {value: to_units(value) for value in values.unique()}
    return [rounded[value] for value in values.to_list()]


def _charges(
    events: pl.DataFrame, units: Sequence[Decimal], plans: Sequence[str], catalogue: Catalogue
) -> list[Decimal]:
    features, inputs, outputs = (
        events[column].to_list() for column in ("feature_id", "input_tokens", "output_tokens")
    )
    return [
        catalogue.rates[plan, feature].charge(
            count, {"input_tokens": tokens_in, "output_tokens": tokens_out}
        )
        for plan, feature, count, tokens_in, tokens_out in zip(
            plans, features, units, inputs, outputs, strict=True
        )
    ]


def _dimensions(events: pl.DataFrame) -> pl.Series:
    """The keys that each event carries, as a list of key and value; empty where it has none."""
    pairs: Mapping[str, pl.Expr] = {key: pl.lit(key) for key in EVERYDAY + NUMERIC} | {
        f"rare_value_{number}": pl.col(f"rare_key_{number}") for number in RARE
    }
    numbered = events.with_row_index("event")
    carried = pl.concat(
        numbered.select("event", key=key, value=pl.col(column).cast(pl.String)).drop_nulls()
        for column, key in pairs.items()
    )
    lists = (
        carried.sort("event", maintain_order=True)
        .group_by("event", maintain_order=True)
        .agg(dimensions=pl.struct("key", "value"))
    )
    joined = numbered.select("event").join(lists, on="event", how="left", maintain_order="left")
    return joined["dimensions"].fill_null([])
