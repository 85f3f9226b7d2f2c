"""The same questions, asked of Polars and of ClickHouse (chdb) in the best ordinary form of each.

python -m tests.scale.engines NAME MADE FACTS RUNS prints JSON, question → rows, sum of the
credits, median ms. Polars has the files again, by month in the order of customer and time, and up
to IN_MEMORY events also in a frame, keys as categoricals: the faster of both counts. ClickHouse
has a MergeTree table on disk in that order, texts as LowCardinality. The largest groups over time
are found as in an extract: in one pass where the groups are FEW, else in two.
"""

import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from data.credits.rates import formula
from queries.keys import Keys
from queries.ledger import LedgerEvent
from queries.portfolio import AllUse
from queries.time import Grain
from queries.usage import TopUsage, Usage
from queries.usage.extracted import AT_ONCE
from queries.usage.top import by_group, fold, only, put_together
from queries.whatif import Repriced
from tests.scale.ask import is_to_be_asked
from tests.scale.facts import FEATURES
from tests.scale.fleet import KEYS, RATES
from tests.scale.ledger import CREDITS
from tests.scale.questions import FORMULA, of_events

IN_MEMORY = 20_000_000
EVERY = {Grain.HOUR: "1h", Grain.DAY: "1d", Grain.WEEK: "1w", Grain.MONTH: "1mo"}
STARTS = {
    Grain.HOUR: "toStartOfHour", Grain.DAY: "toStartOfDay",
    Grain.WEEK: "toMonday", Grain.MONTH: "toStartOfMonth",
}  # fmt: skip
NAMES = {"featureId": "feature", "customerId": "customer"}
PLAIN = Decimal(str(formula(FORMULA.changes[0].price)({})))
"""What the formula charges every event, for want of the dimension that it reads."""

FEW = {"featureId", "model"}

Ask = Callable[[Any], tuple[int, Decimal]]
Grouped = Callable[[Usage, pl.DataFrame | None], pl.DataFrame]
"""A row per bucket and group, of all or of these groups only."""


def main(name: str, made: str, facts: str, runs: str) -> None:
    questions = of_events(json.loads(Path(facts).read_text()))
    told: dict[str, Any] = {}
    for ask in ENGINES[name](Path(made)):
        for asked in questions:
            if all(isinstance(question, ASKED) for question in asked.questions):
                found = _measured(ask, asked.questions, int(runs))
                if asked.key not in told or found["median"] < told[asked.key]["median"]:
                    told[asked.key] = found
    print(json.dumps(told))


def _measured(ask: Ask, questions: tuple[Any, ...], runs: int) -> dict[str, Any]:
    times: list[float] = []
    while is_to_be_asked(times, runs):
        started = time.perf_counter()
        found = [ask(question) for question in questions]
        times.append((time.perf_counter() - started) * 1000)
    rows, credits = sum(r for r, _ in found), sum((c for _, c in found), Decimal(0))
    return {"rows": rows, "credits": str(credits), "median": statistics.median(times[1:])}


def events(made: Path) -> list[Path]:
    return sorted(made.glob("events-*.parquet"))


def _top(question: TopUsage, grouped: Grouped) -> tuple[int, Decimal]:
    usage = question.usage
    if set(usage.by) <= FEW:
        found = fold(grouped(usage, None), question)
    else:
        groups = by_group(grouped(usage.whole(), None), usage)
        largest = groups.head(question.most)
        if len(usage.cuts) * groups.height <= AT_ONCE:
            chosen = whole = grouped(usage, None)
        else:
            chosen, whole = grouped(usage, largest), grouped(replace(usage, by=()), None)
        chosen = only(chosen, largest, usage)
        found = put_together(groups, chosen, whole, question)
    return _summed(found, "credits")


def _like(question: Usage, frame: pl.DataFrame) -> pl.DataFrame:
    """The columns, in their order, with the names and types that `Usage` describes."""
    frame.columns = question.schema.names()
    utc = pl.col("bucket").dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    has_zone = getattr(frame.schema["bucket"], "time_zone", None) is not None
    named = frame.with_columns(utc) if has_zone else frame
    return named.cast(question.schema).with_columns(pl.col(pl.String).fill_null(""))


# Polars


def in_polars(made: Path) -> list[Ask]:
    months = _sorted_copy(made)
    frames = [pl.scan_parquet(months)]
    if frames[0].select(pl.len()).collect().item() <= IN_MEMORY:
        frames.append(pl.read_parquet(months).lazy())
    return [_polars(frame) for frame in frames]


def _sorted_copy(made: Path) -> list[Path]:
    """The files of each month as one, in order, with the credits of each event."""
    months: dict[str, list[Path]] = {}
    for path in events(made):
        months.setdefault(path.stem[:14], []).append(path)
    copies = [made / f"sorted-{month}.parquet" for month in months]
    for copy, files in zip(copies, months.values(), strict=True):
        if not copy.exists():
            words = [*KEYS, "customer", "resource", "feature"]
            pl.read_parquet(files).with_columns(
                pl.col(words).cast(pl.Categorical),
                credits=(pl.col("units") * CREDITS).cast(pl.Decimal(18, 6)),
            ).sort("customer", "time").write_parquet(copy, row_group_size=122_880)
    return copies


def _polars(frame: pl.LazyFrame) -> Ask:
    def ask(question: Any) -> tuple[int, Decimal]:
        if isinstance(question, LedgerEvent):
            found = frame.filter(_of_polars(question), id=question.event_id)
            return _summed(found.select(pl.col("credits")).collect(), "credits")
        if isinstance(question, TopUsage):
            return _top(question, partial(_grouped_polars, frame))
        if isinstance(question, Usage):
            return _summed(_grouped_polars(frame, question, None), "credits")
        of_currency = frame.filter(_of_polars(question), pl.col("feature").is_in(FEATURES))
        match question:
            case Keys():
                held = of_currency.select(
                    *(pl.col(key).is_not_null().any() for key in KEYS),
                    pl.col("rest").map.keys().explode().drop_nulls().unique().implode(),
                ).collect()
                return sum(held[key].item() for key in KEYS) + len(held["rest"].item()), Decimal(0)
            case Repriced():
                repriced = of_currency.with_columns(repriced=_repriced_polars(question))
                grouped = repriced.group_by("customer", "resource").agg(
                    pl.len(), pl.col("credits", "repriced").sum()
                )
                return _summed(grouped.collect(engine="streaming"), "repriced")
        groups = *_bucket_polars(question), pl.col("customer"), pl.col("resource")
        grouped = of_currency.group_by(groups).agg(pl.col("credits").sum(), pl.len())
        return _summed(grouped.collect(engine="streaming"), "credits")

    return ask


def _grouped_polars(
    frame: pl.LazyFrame, question: Usage, groups: pl.DataFrame | None
) -> pl.DataFrame:
    keys = [
        _key_polars(key).alias(column)
        for key, column in zip(question.by, question.columns, strict=True)
    ]
    bucket = _bucket_polars(question) or [pl.lit(question.span.start).alias("bucket")]
    rows = frame.filter(_of_polars(question), pl.col("feature").is_in(FEATURES))
    for key, column in () if groups is None else zip(keys, question.columns, strict=True):
        rows = rows.filter(key.cast(pl.String).fill_null("").is_in(groups[column].to_list()))
    grouped = rows.group_by(*bucket, *keys).agg(pl.col("credits").sum(), pl.len().alias("events"))
    return _like(question, grouped.collect(engine="streaming"))


def _summed(frame: pl.DataFrame, column: str) -> tuple[int, Decimal]:
    return frame.height, frame[column].sum() or Decimal(0)


def _of_polars(question: Any) -> pl.Expr:
    is_in = pl.lit(True)
    if span := getattr(question, "span", None):
        is_in = pl.col("time").is_between(span.start, span.end, closed="left")
    for each in getattr(question, "filters", ()):
        is_in &= pl.col(each.key).is_in(list(each.values))
    if whom := getattr(question, "customers", None):
        is_in &= pl.col("customer").is_in(list(whom))
    if customer := getattr(question, "customer_id", None):
        is_in &= (pl.col("customer") == customer) & pl.col("resource").is_null()
    return is_in


def _bucket_polars(question: Usage | AllUse) -> list[pl.Expr]:
    if question.grain is Grain.WHOLE:
        return []
    at = pl.col("time")
    if question.zone != "UTC":
        at = at.dt.replace_time_zone("UTC").dt.convert_time_zone(question.zone)
    return [at.dt.truncate(EVERY[question.grain]).alias("bucket")]


def _key_polars(key: str) -> pl.Expr:
    name = NAMES.get(key, key)
    return pl.col(name) if name in (*KEYS, *NAMES.values()) else pl.col("rest").map.get(key)


def _repriced_polars(question: Repriced) -> pl.Expr:
    if question.scenario == FORMULA:
        return pl.when(pl.col("feature") == "chat").then(PLAIN).otherwise("credits")
    return pl.when(pl.col("model") == "model-1").then(pl.col("credits") * 2).otherwise("credits")


# ClickHouse


def in_chdb(made: Path) -> list[Ask]:
    session = importlib.import_module("chdb.session").Session(str(made / "chdb"))
    session.query("create database if not exists fleet")
    texts = "".join(f", {key} LowCardinality(Nullable(String))" for key in KEYS)
    session.query(
        "create table if not exists fleet.events (id String, customer LowCardinality(String), "
        "resource LowCardinality(Nullable(String)), time DateTime64(6, 'UTC'), "
        f"feature LowCardinality(String), units Int64, credits Decimal(18, 6){texts}, "
        "rest Map(LowCardinality(String), String)) engine = MergeTree order by (customer, time) "
        "settings allow_nullable_key = 1"
    )
    if not _frame(session, "select count() from fleet.events").item():
        rates = ", ".join(
            f"feature = '{name}', toDecimal64('{r}', 6)" for name, (_, r) in RATES.items()
        )
        keys = ", ".join(KEYS)
        session.query(
            f"insert into fleet.events select id, customer, resource, time, feature, units, "
            f"units * multiIf({rates}, toDecimal64(0, 6)), {keys}, rest "
            f"from file('{made}/events-*.parquet', Parquet) settings max_insert_threads = 2"
        )
        session.query("optimize table fleet.events final")
    return [lambda question: _ask_chdb(session, question)]


def _ask_chdb(session: Any, question: Any) -> tuple[int, Decimal]:
    """All groups come back in a frame, as they do from an extract."""
    if isinstance(question, TopUsage):
        return _top(question, partial(_grouped_chdb, session))
    if isinstance(question, Usage):
        return _summed(_grouped_chdb(session, question, None), "credits")
    frame = _frame(session, _sql(question))
    if isinstance(question, Keys):
        return frame.height, Decimal(0)
    return frame.height, frame[:, -1].sum() or Decimal(0)


def _grouped_chdb(session: Any, question: Usage, groups: pl.DataFrame | None) -> pl.DataFrame:
    keys = [NAMES.get(key, key) for key in question.by]
    keys = [key if key in (*KEYS, *NAMES.values()) else f"rest['{key}']" for key in keys]
    bucket = f"toDateTime64('{question.span.start}', 6, 'UTC')"
    if question.grain is not Grain.WHOLE:
        start = f"{STARTS[question.grain]}(toTimeZone(time, '{question.zone}'))"
        bucket = f"toDateTime64({start}, 6, '{question.zone}')"
    where = _where_chdb(question)
    if groups is not None:
        group = ", ".join(f"ifNull({key}, '')" for key in keys)
        rows = groups.select(question.columns).iter_rows()
        listed = ", ".join("(" + ", ".join(f"'{value}'" for value in row) + ")" for row in rows)
        where += f" and ({group}) in ({listed})"
    named = ", ".join(["bucket", *keys])
    sql = (
        f"select {bucket} as bucket{''.join(f', {key}' for key in keys)}, sum(credits), "
        f"toInt64(count()) from fleet.events where {where} group by {named}"
    )
    return _like(question, _frame(session, sql))


def _frame(session: Any, sql: str) -> pl.DataFrame:
    return pl.read_ipc_stream(session.query(sql, "ArrowStream").bytes())


def _sql(question: Any) -> str:
    where = _where_chdb(question)
    match question:
        case LedgerEvent():
            return f"select credits from fleet.events where {where} and id = '{question.event_id}'"
        case Keys():
            pairs = ", ".join(f"if(isNull({key}), '', '{key}')" for key in KEYS)
            return (
                f"select distinct arrayJoin(arrayConcat([{pairs}], mapKeys(rest))) as key "
                f"from fleet.events where {where} having key != ''"
            )
        case Repriced():
            price = "if(model = 'model-1', credits * 2, credits)"
            if question.scenario == FORMULA:
                price = f"if(feature = 'chat', toDecimal64('{PLAIN}', 6), credits)"
            return (
                f"select customer, resource, count(), sum(credits), sum({price}) "
                f"from fleet.events where {where} group by customer, resource"
            )
    keys = ["customer", "resource"]
    if question.grain is not Grain.WHOLE:
        keys = [f"{STARTS[question.grain]}(toTimeZone(time, '{question.zone}'))", *keys]
    groups = ", ".join(keys)
    return (
        f"select {groups}, count(), sum(credits) from fleet.events where {where} group by {groups}"
    )


def _where_chdb(question: Any) -> str:
    parts = ["1"]
    if not isinstance(question, LedgerEvent):
        parts.append("feature in (" + ", ".join(f"'{name}'" for name in FEATURES) + ")")
    if span := getattr(question, "span", None):
        parts += [f"time >= '{span.start}' and time < '{span.end}'"]
    for each in getattr(question, "filters", ()):
        parts.append(f"{each.key} in (" + ", ".join(f"'{value}'" for value in each.values) + ")")
    if whom := getattr(question, "customers", None):
        parts.append("customer in (" + ", ".join(f"'{name}'" for name in whom) + ")")
    if customer := getattr(question, "customer_id", None):
        parts.append(f"customer = '{customer}' and resource is null")
    return " and ".join(parts)


ASKED = (Usage, TopUsage, AllUse, Keys, Repriced, LedgerEvent)
ENGINES = {"polars": in_polars, "chdb": in_chdb}

if __name__ == "__main__":
    main(*sys.argv[1:])
