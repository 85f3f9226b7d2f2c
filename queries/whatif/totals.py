"""What other prices change, summed by pool: no event comes out of the extract by itself."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl

from data.extract.duckdb import Extract
from data.tables import CREDITS, CREDITS_SUM, ColumnTypes
from queries.documents import document, given
from queries.scans import TICK, Scan, Table, scans
from queries.time import Grain, Span, cuts
from queries.whatif.areas import (
    Area,
    areas_of,
    feature_keys,
    is_plain,
    parameters_of,
    read_dimensions,
)
from queries.whatif.cases import cases_of
from queries.whatif.events import charge_of, check_charges
from queries.whatif.prices import NONE
from queries.whatif.tariff import Line, Tariff

UTC = ZoneInfo("UTC")
CHARGED_COLUMNS: ColumnTypes = {"pool": pl.Int64, "events": pl.Int64, "charged": CREDITS_SUM}
CHANGED_COLUMNS: ColumnTypes = {
    "pool": pl.Int64,
    "was": CREDITS_SUM,
    "becomes": CREDITS_SUM,
    "changed": pl.Int64,
}
CHARGED, CHANGED = pl.Schema(CHARGED_COLUMNS), pl.Schema(CHANGED_COLUMNS)
CODES = [f"code_{place}" for place in range(1, 9)]
CASE = ["feature_key", "units", *CODES, "texts"]
"""What a charge may depend on."""

Shared = Mapping[str, object]
"""Of which currency_key, and of which customer_keys (None: of all)."""


def totals(extract: Extract, shared: Shared, tariff: Tariff, span: Span) -> pl.DataFrame:
    """pool, events, changed, charged, repriced: of all events of the span, in no order.

    Raises QuestionError where a price goes out of range, or below nothing.
    """
    frames = [CHANGED.to_frame()]
    checked = {**shared, "is_checked": True}
    for area in areas_of(tariff, extract, shared):
        frames += changes(area, tariff.key, extract, checked, span)
    changed = pl.concat(frames).group_by("pool").agg(pl.exclude("pool").sum())
    both = charged(extract, shared, span).join(changed, on="pool", how="left")
    more = (pl.col("becomes") - pl.col("was")).fill_null(NONE)
    return both.select(
        "pool",
        "events",
        pl.col("changed").fill_null(0),
        "charged",
        repriced=pl.col("charged") + more,
    )


def charged(extract: Extract, shared: Shared, span: Span) -> pl.DataFrame:
    """What was charged: pool, events, charged."""
    frames = [CHARGED.to_frame()]
    # The days of all pools lie together: of a few pools, their events are read sooner.
    table = Table.POOL_DAYS if shared["customer_keys"] is None else Table.EVENTS
    for scan in scans(table, span, [span.start], Grain.WHOLE, extract):
        path = "whatif/pool_days.sql" if scan.table is Table.POOL_DAYS else "whatif/charged.sql"
        frames.append(_read(path, shared, scan, extract).cast(CHARGED))
    return pl.concat(frames).group_by("pool").agg(pl.exclude("pool").sum())


def changes(
    area: Area, key: str | None, extract: Extract, shared: Shared, span: Span
) -> Iterator[pl.DataFrame]:
    """What the area's events were charged, and become, as `CHANGED`; a pool may come twice.

    Beside `Shared`, `is_checked` says that a charge below nothing is refused.
    """
    asked = {**shared, **parameters_of(area, key, extract)}
    path = "whatif/changed.sql" if is_plain(area) else "whatif/cases.sql"
    cases = {} if is_plain(area) else cases_of(area, extract)
    # A month at a time, where so many events may be left to be charged by themselves.
    spans = _months(span, extract) if cases is None else [span]
    for part in spans:
        for scan in scans(Table.EVENTS, part, [part.start], Grain.WHOLE, extract):
            if cases is not None:
                found = _read(path, {**asked, **cases}, scan, extract)
                if not found["untold"].sum():
                    yield found.select(CHANGED.names()).cast(CHANGED)
                    continue
            yield from _by_formula(area, asked, scan, extract)


def _months(span: Span, extract: Extract) -> list[Span]:
    """The months of the span that have events, the first and the last so far as they are in it."""
    held = extract.events_span
    if held is None or span.end <= held[0] or span.start > held[1]:
        return []
    inner = Span(max(span.start, held[0]), min(span.end, held[1] + TICK))
    starts = cuts(inner, Grain.MONTH, UTC)
    return [Span(*ends) for ends in pairwise([*starts, inner.end])]


def _by_formula(area: Area, asked: Shared, scan: Scan, extract: Extract) -> Iterator[pl.DataFrame]:
    found = _read("whatif/formula.sql", {**asked, "is_summed": True}, scan, extract)
    yield found.select(CHANGED.names()).cast(CHANGED)
    if found["untold"].sum():
        left = _read("whatif/formula.sql", {**asked, "is_summed": False}, scan, extract)
        yield _worked_out(left, area, extract, asked["is_checked"])


def _read(path: str, parameters: Shared, scan: Scan, extract: Extract) -> pl.DataFrame:
    asked = given(path, {**parameters, **scan.parameters})
    return extract.read(document(path), asked, slots=scan.slots)


def _worked_out(
    left: pl.DataFrame, area: Area, extract: Extract, is_checked: object
) -> pl.DataFrame:
    """What no sum of plain numbers charges: each case is charged once, by the rate itself."""
    cases = left.select(CASE).unique(maintain_order=True)
    features = {code: feature_id for feature_id, code in feature_keys(extract).items()}
    lines = [Line(features[key], None, area.price) for key in cases["feature_key"]]
    charges = [
        charge_of(line, units, dimensions)
        for line, units, dimensions in zip(
            lines, cases["units"], _dimensions(cases, area, extract), strict=True
        )
    ]
    charged = cases.with_columns(
        feature_id=pl.Series([line.feature_id for line in lines], dtype=pl.String),
        repriced=pl.Series(charges, dtype=CREDITS),
    )
    priced = left.join(charged, on=CASE, nulls_equal=True)
    if is_checked:
        check_charges(priced)
    rows = pl.col("count_rows").cast(pl.Decimal(38, 0))
    is_changed = pl.col("credits") != pl.col("repriced")
    sums = priced.group_by("pool").agg(
        was=(pl.col("credits").cast(CREDITS_SUM) * rows).sum(),
        becomes=(pl.col("repriced").cast(CREDITS_SUM) * rows).sum(),
        changed=pl.col("events").filter(is_changed).sum(),
    )
    return sums.cast(CHANGED)


def _dimensions(cases: pl.DataFrame, area: Area, extract: Extract) -> Iterator[dict[str, str]]:
    """What the price reads, of each case."""
    places, names = read_dimensions(area, extract)
    values = {
        name: dict(extract.values(name).select("code", "value").iter_rows())
        for name in places.values()
    }
    for *codes, texts in cases.select(*CODES, "texts").iter_rows():
        promoted = ((name, codes[place - 1]) for place, name in places.items())
        coded = {name: values[name][code] for name, code in promoted if code is not None}
        others = zip(names, () if texts is None else texts, strict=False)
        yield coded | {name: text for name, text in others if text is not None}
