"""The tables of an extract, of all that a sync has read."""

import polars as pl

from data.extract.sync.store import TABLES, Store
from data.tables import Tables


def tables(store: Store) -> Tables:
    """What `build.write` takes; usage_events has one column more, `events`.

    A feature or currency that rows name and no list has (it may be archived) has its id only.
    Subscriptions and the like of customers that were not listed yet come with the next sync.
    """
    read = {name: store.table(name) for name in TABLES}
    read["usage_events"] = store.usage_events()
    for name in ("resources", "subscriptions", "promotional_entitlements"):
        read[name] = read[name].join(read["customers"], on="customer_id", how="semi")
    read["features"] = _with_named(read, "features", "feature_id")
    read["currencies"] = _with_named(read, "currencies", "currency_id")
    return read


def _with_named(read: Tables, name: str, column: str) -> pl.DataFrame:
    listed = read[name]
    named = [frame.select(column) for frame in read.values() if column in frame.columns]
    ids = pl.concat(named).unique().drop_nulls()
    missing = ids.join(listed, on=column, how="anti").sort(column)
    return pl.concat([listed, missing], how="diagonal")
