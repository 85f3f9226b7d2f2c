"""Customers, so few at once that all of their events fit into memory."""

from collections.abc import Iterator

import polars as pl

MOST_EVENTS = 2_000_000
"""Burned again at once; it takes some 400 bytes for each."""


def batches(pools: pl.DataFrame, charged: pl.DataFrame) -> Iterator[tuple[str, ...]]:
    """All customers of the pools, in their order; one with more events than that is alone.

    pools: pool, customer_id. charged: pool, events, of the pools that have any.
    """
    counted = (
        pools.join(charged, on="pool", how="left", maintain_order="left")
        .group_by("customer_id", maintain_order=True)
        .agg(pl.col("events").sum())
    )
    batch: list[str] = []
    held = 0
    for customer_id, events in counted.iter_rows():
        if batch and held + events > MOST_EVENTS:
            yield tuple(batch)
            batch, held = [], 0
        batch.append(customer_id)
        held += events
    if batch:
        yield tuple(batch)
