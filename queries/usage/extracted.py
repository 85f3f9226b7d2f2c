"""Usage from an extract: a scan or a few, and their sum."""

from dataclasses import replace
from math import prod

import polars as pl

from data.extract.duckdb import Extract
from data.tables import CREDITS_SUM, TIME, ColumnTypes
from queries.documents import document, given
from queries.extracted import check_scope, codes_of, marks
from queries.scans import Table, scans
from queries.usage import (
    CUSTOMER,
    FEATURE,
    MOST_FILTERS,
    MOST_KEYS,
    MOST_ROWS,
    NOT_DIMENSIONS,
    Filter,
    TopUsage,
    Usage,
)
from queries.usage.top import by_group, fold, only, put_together

MOST_GROUPS = 1 << 48
"""With the units of a scan, so many groups can be counted in 63 bits."""
UNTOLD = MOST_GROUPS
AT_ONCE = 200_000
MOST_READ = 1_000_000
"""Rows of one scan; days are read for months, where there are FEW_GROUPS."""
FEW_GROUPS = 1000
MOST_MARKED = 1 << 20
NOTHING: ColumnTypes = {
    "bucket": TIME, "place": pl.Int64, "credits": CREDITS_SUM, "events": pl.Int64
}  # fmt: skip
MOST_COLUMNS = MOST_KEYS + len(NOT_DIMENSIONS)


def read(question: Usage, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `Usage` describes, whether rows were cut off)."""
    found, is_cut = _named(question, extract)
    rows = _merged(found, question, extract).sort(["bucket", *question.columns])
    return rows.head(MOST_ROWS), is_cut or rows.height > MOST_ROWS


def top(question: TopUsage, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `TopUsage` describes, whether the smallest groups were cut off).

    Where all rows may be too many for one pass, the first finds the largest groups, and the
    second reads only these: all others together are what they lack of the whole. So what adds up
    over time is all there is, also where not all groups are listed.
    """
    usage = question.usage
    if len(usage.cuts) * _most_groups(usage, extract) <= AT_ONCE:
        rows, is_cut = read(usage, extract)
        return fold(rows, question), is_cut
    found, is_cut = _named(usage.whole(), extract)
    groups = by_group(found, usage)
    largest = groups.head(question.most)
    events = groups["events"].sum()
    if len(usage.cuts) == 1 and not is_cut:
        chosen, whole, is_cut_too = found, found, False
    elif min(len(usage.cuts) * groups.height, events) <= AT_ONCE:
        told = groups.height if events > AT_ONCE else 1
        chosen, is_cut_too = _named(usage, extract, told=told)
        whole = chosen
    else:
        chosen, is_cut_too = _narrowed(usage, found, largest, extract)
        whole, _ = _named(replace(usage, by=()), extract)
    chosen = only(_merged(chosen, usage, extract), largest, usage)
    is_cut |= is_cut_too or groups.height > MOST_ROWS
    return put_together(groups.head(MOST_ROWS), chosen, whole, question), is_cut


def _narrowed(
    usage: Usage, found: pl.DataFrame, groups: pl.DataFrame, extract: Extract
) -> tuple[pl.DataFrame, bool]:
    """What `_named` gives, of these groups and perhaps of more; `found` has all groups' places."""
    size = _most_groups(usage, extract)
    if size <= MOST_MARKED:
        places = only(found, groups, usage)["place"]
        return _named(usage, extract, marks(places, size), told=groups.height)
    filters = {each.key: each for each in usage.filters}
    for key, column in zip(usage.by, usage.columns, strict=True):
        if key in filters or len(filters) < MOST_FILTERS:
            filters[key] = Filter(key, tuple(groups[column].unique()))
    narrowed = replace(usage, filters=tuple(filters.values()))
    return _named(narrowed, extract, told=groups.height)


def _named(
    question: Usage, extract: Extract, chosen: str | None = None, told: int | None = None
) -> tuple[pl.DataFrame, bool]:
    """(a row per bucket and group, whether there would be more).

    The columns that `Usage` describes, of no order, and the codes or the place that they stand
    for. `chosen` has the `marks` of places to which groups are limited, without it there are all;
    `told` is how many groups there are, where that is known.
    """
    found, is_cut = _summed(question, extract, chosen, told)
    if "place" in found.columns:
        found = _apart(found, question, extract)
    for n, key in enumerate(question.by, start=1):
        values = extract.values(key).rename({"code": f"code_{n}", "value": f"key_{n}"})
        found = found.join(values, on=f"code_{n}", how="left")
        texts = [f"key_{n}", f"text_{n}"] if f"text_{n}" in found.columns else [f"key_{n}"]
        found = found.with_columns(pl.coalesce(*texts, pl.lit("")).alias(f"key_{n}"))
    return found.with_columns(pl.col(pl.Decimal).cast(CREDITS_SUM)), is_cut


def _merged(found: pl.DataFrame, question: Usage, extract: Extract) -> pl.DataFrame:
    """The columns that `Usage` describes. No value and an empty one have the same text."""
    texts = [column for column in found.columns if column.startswith("text_")]
    if texts or any((extract.values(key)["value"] == "").any() for key in question.by):
        groups = ["bucket", *question.columns]
        found = found.group_by(groups).agg(pl.col("credits").sum(), pl.col("events").sum())
    return found.select(question.schema.names()).cast(question.schema)


def _summed(
    question: Usage, extract: Extract, chosen: str | None, told: int | None
) -> tuple[pl.DataFrame, bool]:
    """(credits and events by `bucket` and `place` or codes and texts, whether rows were cut)."""
    scope = check_scope(extract, question.customer_id, question.currency_id, question.resource_id)
    table, rolled = _table(question, extract)
    size = _most_groups(question, extract)
    shared = scope | _keys(question, extract) | _filters(question, extract)
    shared |= {"rolled_key": rolled, "most_rows": MOST_READ + 1, "chosen": chosen, "groups": size}
    frames, is_cut, has_units = [], False, False
    for scan in scans(
        table,
        question.span,
        question.cuts,
        question.grain,
        extract,
        has_many_groups=FEW_GROUPS < (size if told is None else told) < UNTOLD,
    ):
        path = _path(scan.table, size)
        found = extract.read(
            document(path), given(path, shared | scan.parameters), slots=scan.slots
        )
        is_cut |= found.height > MOST_READ
        if "place" in found.columns:
            found = found.with_columns(pl.col("place") % size, unit=pl.col("place") // size)
        buckets = pl.Series(scan.buckets, dtype=TIME)
        frames.append(found.with_columns(bucket=buckets.gather(found["unit"])).drop("unit"))
        has_units |= buckets.n_unique() < len(buckets)
    if not frames:
        return pl.DataFrame(schema=NOTHING), False
    rows = pl.concat(frames)
    if len(frames) > 1 or has_units:
        groups = [name for name in rows.columns if name not in ("credits", "events")]
        rows = rows.group_by(groups).agg(pl.col("credits").sum(), pl.col("events").sum())
    return rows, is_cut


def _table(question: Usage, extract: Extract) -> tuple[Table, str | None]:
    """The sums that hold the answer, if any do, and the key that they are by."""
    named = {*question.by, *(each.key for each in question.filters)}
    if named <= {CUSTOMER} and (named or question.customer_id is not None):
        return Table.POOL_DAYS, None
    dimensions = named - {FEATURE}
    if question.customer_id is None and len(dimensions) < 2 and dimensions <= extract.rolled_keys:
        return Table.KEY_SLOTS, next(iter(dimensions), None)
    return Table.EVENTS, None


def _most_groups(question: Usage, extract: Extract) -> int:
    """So many groups there can be; more than any number is for keys that have no codes."""
    sizes = extract.key_sizes
    return prod(sizes.get(key, UNTOLD) for key in question.by)


def _path(table: Table, most_groups: int) -> str:
    """The document for the table: events have one more, for groups that no number stands for."""
    if table is Table.EVENTS and most_groups >= MOST_GROUPS:
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


def _apart(found: pl.DataFrame, question: Usage, extract: Extract) -> pl.DataFrame:
    """The `code_n` of each row, out of the one number `place`."""
    left, codes = pl.col("place"), []
    for n, key in reversed(list(enumerate(question.by, start=1))):
        size = extract.key_sizes.get(key, 1)
        codes.append((left % size).cast(pl.Int32).alias(f"code_{n}"))
        left = left // size
    return found.with_columns(codes)
