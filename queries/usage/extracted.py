"""Usage from an extract: a scan or a few, and their sum."""

from math import prod

import polars as pl

from data.extract.duckdb import Extract
from data.tables import TIME
from queries.documents import document, given
from queries.extracted import check_scope, codes_of
from queries.scans import Scan, Table, scans
from queries.usage import (
    CUSTOMER,
    FEATURE,
    MOST_FILTERS,
    MOST_KEYS,
    MOST_ROWS,
    NOT_DIMENSIONS,
    Usage,
)

MOST_GROUPS = 1 << 48
"""With the units of a scan, so many groups can be counted in 63 bits."""
MOST_COLUMNS = MOST_KEYS + len(NOT_DIMENSIONS)


def read(question: Usage, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `Usage` describes, whether rows were cut off)."""
    scope = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    table, rolled = _table(question, extract)
    shared = scope | _keys(question, extract) | _filters(question, extract)
    shared |= {"rolled_key": rolled, "most_rows": MOST_ROWS + 1}
    frames = [question.schema.to_frame()]
    for scan in scans(table, question.span, question.cuts, question.grain, extract):
        path = _path(scan.table, question, extract)
        parameters = given(path, shared | scan.parameters)
        found = extract.read(document(path), parameters, slots=scan.slots)
        frames.append(_named(found, scan, question, extract))
    groups = ["bucket", *question.columns]
    summed = pl.concat(frames).group_by(groups).agg(pl.col("credits").sum(), pl.col("events").sum())
    return summed.sort(groups).head(MOST_ROWS), summed.height > MOST_ROWS


def _table(question: Usage, extract: Extract) -> tuple[Table, str | None]:
    """The sums that hold the answer, if any do, and the key that they are by."""
    named = {*question.by, *(each.key for each in question.filters)}
    if named <= {CUSTOMER} and (named or question.customer_id is not None):
        return Table.POOL_DAYS, None
    dimensions = named - {FEATURE}
    if question.customer_id is None and len(dimensions) < 2 and dimensions <= extract.rolled_keys:
        return Table.KEY_SLOTS, next(iter(dimensions), None)
    return Table.EVENTS, None


def _path(table: Table, question: Usage, extract: Extract) -> str:
    """The document for the table: events have one more, for keys that have no codes."""
    has_codes = all(key in extract.key_sizes for key in question.by)
    groups = prod(extract.key_sizes.get(key, 1) for key in question.by)
    if table is Table.EVENTS and not (has_codes and groups < MOST_GROUPS):
        return "usage/texts.sql"
    return f"usage/{table}.sql"


def _keys(question: Usage, extract: Extract) -> dict[str, object]:
    parameters: dict[str, object] = {}
    for n in range(1, MOST_COLUMNS + 1):
        key = question.by[n - 1] if n <= len(question.by) else None
        parameters |= {f"key_{n}": key, f"size_{n}": extract.key_sizes.get(key or "", 1)}
    return parameters


def _filters(question: Usage, extract: Extract) -> dict[str, object]:
    """The filters with their values as texts and as the extract's codes."""
    pairs = [(each.key, value) for each in question.filters for value in each.values]
    codes = codes_of(extract, pairs)
    parameters: dict[str, object] = {}
    for n in range(1, MOST_FILTERS + 1):
        wanted = question.filters[n - 1] if n <= len(question.filters) else None
        parameters |= {
            f"filter_{n}": wanted and wanted.key,
            f"values_{n}": wanted and list(wanted.values),
            f"codes_{n}": wanted and codes.get(wanted.key),
            f"is_without_{n}": wanted and wanted.is_without,
        }
    return parameters


def _named(found: pl.DataFrame, scan: Scan, question: Usage, extract: Extract) -> pl.DataFrame:
    """Its units as buckets, its codes as texts."""
    if "place" in found.columns:
        found = _apart(found, question, extract)
    buckets = pl.Series(scan.buckets, dtype=TIME)
    named = found.with_columns(bucket=buckets.gather(found["unit"]))
    for n, key in enumerate(question.by, start=1):
        values = extract.values(key).rename({"code": f"code_{n}", "value": f"key_{n}"})
        named = named.join(values, on=f"code_{n}", how="left", maintain_order="left")
        if f"text_{n}" in found.columns:
            named = named.with_columns(pl.coalesce(f"key_{n}", f"text_{n}").alias(f"key_{n}"))
    return (
        named.with_columns(pl.col(pl.String).fill_null(""))
        .select(question.schema.names())
        .cast(question.schema)
    )


def _apart(found: pl.DataFrame, question: Usage, extract: Extract) -> pl.DataFrame:
    """`unit` and `code_n` of each row, out of the one number `place`."""
    left, codes = pl.col("place"), []
    for n, key in reversed(list(enumerate(question.by, start=1))):
        size = extract.key_sizes[key]
        codes.append((left % size).cast(pl.Int32).alias(f"code_{n}"))
        left = left // size
    return found.with_columns(left.alias("unit"), *codes)
