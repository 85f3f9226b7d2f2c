"""Statements from an extract."""

import polars as pl

from data.extract.duckdb import Extract
from data.extract.parts import EPOCH
from queries.cuts import cut_days, cut_slots
from queries.documents import document, given
from queries.extracted import check_scope, codes_of
from queries.scans import DAY, DAY_SLOTS, TICK, slot
from queries.statement import (
    BUCKET,
    BUCKET_TEXT,
    EVENTS,
    FEATURE,
    GRANT,
    MOST_EVENTS,
    MOST_NARROWED,
    MOST_VALUES,
    SPENT,
    Spent,
    SpentEvents,
    Statement,
)
from queries.statement.placed import in_buckets
from queries.statement.used import as_usage, most_first, of_usage
from queries.usage import extracted as usage


def statement(question: Statement, extract: Extract) -> pl.DataFrame:
    cuts = [*question.cuts, question.span.end]
    days = cut_days(cuts)
    parameters = _pool(question, extract) | {
        "cut_days": days.numbers,
        "since": days.since,
        "until": days.until,
        "is_run": days.is_run,
        "cut_slots": cut_slots(cuts).numbers,
    }
    found = extract.read(document("statement/statement.sql"), parameters)
    features = extract.values(FEATURE).rename({"code": "feature_key", "value": "feature_id"})
    return in_buckets(found.join(features, on="feature_key", how="left"), question)


def spent(question: Spent, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `Spent` describes, whether values were cut off).

    From the statement of the pool, if that is by bucket or grant; from its usage where its ledger
    says the same of every day; else, and for what one grant paid, from the rows of the ledger and
    the events that they name.
    """
    found = None
    if question.by in (BUCKET, GRANT) and not question.only:
        found = _from_statement(question, extract)
    elif question.grant_id is None and question.by != GRANT and _agree(question, extract):
        found = _from_usage(question, extract)
    if found is None:
        found = _from_ledger(question, extract)
    return found.head(MOST_VALUES), found.height > MOST_VALUES


def _from_statement(question: Spent, extract: Extract) -> pl.DataFrame:
    scope = question.customer_id, question.currency_id, question.span
    asked = Statement(*scope, question.grain, question.zone, question.resource_id)
    rows = statement(asked, extract).filter(pl.col("bucket") < question.span.end)
    if question.grant_id is None:
        consumed = rows.filter(event_type="CREDITS_CONSUMED")
    else:
        of_grant = rows.filter(grant_id=question.grant_id)
        consumed = of_grant.filter(pl.col("event_type").str.starts_with("CREDITS_CONSUM"))
    is_by_bucket = question.by == BUCKET
    value = pl.col("bucket").dt.strftime(BUCKET_TEXT) if is_by_bucket else pl.col("grant_id")
    return most_first(consumed.group_by(value=value).agg(credits=-pl.col("amount").sum()))


def _agree(question: Spent, extract: Extract) -> bool:
    """Whether on each day of the span the pool's events cost what its ledger says they did."""
    start, end = question.span.start, question.span.end
    days = {"first_day": (start - EPOCH) // DAY, "last_day": (end - TICK - EPOCH) // DAY}
    parameters = _pool(question, extract) | days
    path = "statement/disagreed.sql"
    slots = (days["first_day"] * DAY_SLOTS, (days["last_day"] + 1) * DAY_SLOTS)
    return extract.read(document(path), parameters, slots=slots).is_empty()


def _from_usage(question: Spent, extract: Extract) -> pl.DataFrame | None:
    """None where there are more values than usage tells."""
    used, is_cut = usage.read(as_usage(question), extract)
    return None if is_cut else of_usage(question, used)


def _from_ledger(question: Spent, extract: Extract) -> pl.DataFrame:
    path = "statement/spent.sql"
    parameters = _narrowed(question, extract) | {
        "key": question.by,
        "cuts": question.cuts,
        "cut_slots": cut_slots(question.cuts).numbers,
        "most_rows": MOST_VALUES + 1,
    }
    return extract.read(document(path), given(path, parameters), slots=_slots(question)).cast(SPENT)


def events(question: SpentEvents, extract: Extract) -> tuple[pl.DataFrame, bool]:
    """(the frame that `SpentEvents` describes, whether events were cut off)."""
    path = "statement/narrowed.sql" if question.only else "statement/events.sql"
    parameters = _narrowed(question, extract) | {"most_rows": MOST_EVENTS + 1}
    found = extract.read(document(path), given(path, parameters), slots=_slots(question))
    rows = found.head(MOST_EVENTS)
    told = _dimensions(rows, question, extract)
    joined = rows.join(
        told, on=["event_id", "feature_id"], how="left", nulls_equal=True, maintain_order="left"
    )
    filled = joined.with_columns(pl.col("dimensions").fill_null(""))
    return filled.select(EVENTS.names()).cast(EVENTS), found.height > MOST_EVENTS


def _dimensions(rows: pl.DataFrame, question: SpentEvents, extract: Extract) -> pl.DataFrame:
    """`event_id`, `feature_id` and `dimensions` of the events that the rows name."""
    ids = rows["event_id"].drop_nulls().unique().to_list()
    numbers = {number for one in ids for number in extract.event_numbers(one)}
    first, until = _slots(question)
    parameters = _pool(question, extract) | {"first": first, "until_slot": until}
    parameters |= {"numbers": sorted(numbers), "texts": ids}
    path = "statement/dimensions.sql"
    found = extract.read(document(path), given(path, parameters), slots=_slots(question))
    named = found.filter(pl.col("event_id").is_in(ids)).unique(["event_id", "feature_id"])
    return named.select("event_id", "feature_id", dimensions=_words(named, extract))


def _words(events: pl.DataFrame, extract: Extract) -> pl.Series:
    """The dimensions of each event as `dimensions_text` has them, which plans eight joins."""
    pieces = []
    for place, key in enumerate(extract.promoted_keys, start=1):
        values = extract.values(key).select(pl.col("code").alias(f"dim_{place}"), value="value")
        held = events.select(f"dim_{place}").join(
            values, on=f"dim_{place}", how="left", maintain_order="left"
        )
        pieces.append((f"{key}=" + held["value"]).alias(key))
    entry = pl.element().struct.field
    rest = pl.col("rest").list.eval(pl.format("{}={}", entry("key"), entry("value")))
    pieces.append(
        events.select(pl.when(rest.list.len() > 0).then(rest.list.join(", "))).to_series().alias("")
    )
    words = pl.DataFrame(pieces).select(pl.concat_str(pl.all(), separator=", ", ignore_nulls=True))
    return words.to_series()


def _pool(question: Statement | Spent | SpentEvents, extract: Extract) -> dict[str, object]:
    return check_scope(extract, question.customer_id, question.currency_id, question.resource_id)


def _slots(question: Spent | SpentEvents) -> tuple[int, int]:
    """The first slot of the span, and the one after the last."""
    return slot(question.span.start), slot(question.span.end - TICK) + 1


def _narrowed(question: Spent | SpentEvents, extract: Extract) -> dict[str, object]:
    first, until = _slots(question)
    parameters = _pool(question, extract) | {
        "since": question.span.start,
        "until": question.span.end,
        "first": first,
        "until_slot": until,
        "grant_id": question.grant_id,
        "is_numbered": extract.is_of_one_form,
    }
    codes = codes_of(extract, question.only)
    for n in range(1, MOST_NARROWED + 1):
        key, value = question.only[n - 1] if n <= len(question.only) else (None, None)
        parameters |= {
            f"only_{n}": key,
            f"values_{n}": None if value is None else [value],
            f"codes_{n}": key and codes[key],
        }
    return parameters
