"""The order in which pools learnt of their events, so far as it is not that of their times."""

from collections.abc import Mapping

import polars as pl

from data.extract.duckdb import Extract
from queries.documents import document
from queries.whatif.events import LATE


def in_order(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """Each pool's rows together, by `by`: mostly they lie so, and are not sorted again."""
    is_together = rows["pool"].is_sorted()
    together = rows if is_together else rows.sort("pool", maintain_order=True)
    is_same = together["pool"] == together["pool"].shift(1)
    if (is_same & (together[by] < together[by].shift(1))).any():
        return rows.sort("pool", by, maintain_order=True)
    return together


def late_events(extract: Extract, scope: Mapping[str, object]) -> pl.DataFrame:
    """The events that the ledger has behind later rows, or at the very time of the row before.

    Columns as in `LATE`: `known_at` is the time that the pool's ledger had reached, and
    `ledger_seq` the place among those of one time. All other events came in the order of their
    times.
    """
    rows = in_order(extract.read(document("whatif/order.sql"), scope), "ledger_seq")
    reached = pl.col("occurred_at").cum_max().over("pool")
    is_behind = pl.col("occurred_at") <= reached.shift(1).over("pool")
    behind = rows.with_columns(known_at=reached).filter(is_behind, "is_of_event")
    if behind.is_empty():
        return LATE.to_frame()
    given: dict[str, object] = {
        "pools": behind["pool"].to_list(),
        "places": behind["ledger_seq"].to_list(),
        "known_at": behind["known_at"].to_list(),
    }
    return extract.read(document("whatif/late.sql"), given).cast(LATE)
