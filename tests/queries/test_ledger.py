"""The ledger in pages: every row once, each with the balance before and after it."""

from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
import sums
from histories import NOW
from told import Told

from data.credits.pool import EntryType
from queries.answer import answer
from queries.ledger import LedgerEvent, LedgerPage
from queries.question import CannotAnswer, QuestionError, Source
from queries.time import Span

SOURCES = pytest.mark.parametrize("name", ["live", "extracted"])


def walk(page: LedgerPage, source: Source) -> pl.DataFrame:
    """All pages, from the newest row to the oldest."""
    found = [answer(page, source)]
    while found[-1].follows is not None:
        found.append(answer(with_place(page, found[-1].follows), source))
    return pl.concat([one.frame for one in found])


def with_place(page: LedgerPage, place: str) -> LedgerPage:
    return LedgerPage(
        page.customer_id, page.currency_id, page.resource_id, page.types, page.grant_id,
        page.feature_id, page.event_id, page.span, place, page.count,
    )  # fmt: skip


def written(told: Told, pool: sums.Pool) -> pl.DataFrame:
    """The pool's rows as they were written, newest first, with the running balance."""
    own = told.tables["ledger"].filter(
        pl.col("resource_id").eq_missing(pl.lit(pool[2])),
        customer_id=pool[0],
        currency_id=pool[1],
    )
    after = pl.col("amount").cast(pl.Decimal(38, 6)).cum_sum()
    return own.sort("ledger_seq").with_columns(balance_after=after).reverse()


@SOURCES
def test_pages_give_every_row_once_with_the_running_balance(told: Told, name: str) -> None:
    source = getattr(told, name)
    for pool in [*sums.pools(told.tables)[:20], sums.pools(told.tables)[-1]]:
        rows = walk(LedgerPage(*pool, count=7), source)
        expected = written(told, pool)
        for column in ("occurred_at", "event_type", "amount", "grant_id", "balance_after"):
            assert rows[column].to_list() == expected[column].to_list(), (pool, column)
        assert (rows["balance_after"] - rows["amount"]).equals(rows["balance_before"])
        if rows.height:
            assert rows["balance_before"][-1] == 0


@SOURCES
@pytest.mark.parametrize(
    "kept",
    [
        {"types": (EntryType.GRANTED.value, EntryType.EXPIRED.value)},
        {"feature_id": "chat"},
        {"span": Span(datetime(2026, 3, 20), datetime(2026, 4, 5))},
        {"types": (EntryType.CONSUMED.value,), "feature_id": "images"},
    ],
    ids=["types", "feature", "dates", "type and feature"],
)
def test_filters_keep_what_they_name_and_its_balances(
    told: Told, name: str, kept: dict[str, object]
) -> None:
    found = 0
    for pool in sums.pools(told.tables)[:30]:
        page = LedgerPage(*pool, count=5, **kept)  # type: ignore[arg-type]  # of several types
        rows = walk(page, getattr(told, name))
        expected = written(told, pool)
        if "types" in kept:
            expected = expected.filter(pl.col("event_type").is_in(list(kept["types"])))
        if "feature_id" in kept:
            expected = expected.filter(feature_id=kept["feature_id"])
        if isinstance(span := kept.get("span"), Span):
            at = pl.col("occurred_at")
            expected = expected.filter(at >= span.start, at < span.end)
        assert rows["balance_after"].to_list() == expected["balance_after"].to_list()
        found += rows.height
    assert found > 20


def test_the_rows_of_one_event_are_found_by_its_id(told: Told) -> None:
    ledger = told.tables["ledger"].filter(event_type=EntryType.CONSUMED.value)
    several = ledger.group_by("customer_id", "event_id").len().filter(pl.col("len") > 1)
    customer_id, event_id, count = several.sort("event_id").row(0)
    [pool] = [pool for pool in sums.pools(told.tables) if pool[0] == customer_id]
    for source in (told.live, told.extracted):
        rows = answer(LedgerPage(*pool, event_id=event_id), source).frame
        assert rows.height == count
        assert rows["grant_id"].n_unique() == count


def test_what_an_event_carried_is_in_the_extract_only(told: Told) -> None:
    event = told.tables["usage_events"].sort("event_id").row(3, named=True)
    asked = LedgerEvent(event["customer_id"], event["event_id"], event["resource_id"])
    [found] = answer(asked, told.extracted).frame.to_dicts()
    pairs = {f"{pair['key']}={pair['value']}" for pair in event["dimensions"]}
    assert set(found["dimensions"].split(", ")) == pairs
    assert found["credits"] == event["credits"]
    with pytest.raises(CannotAnswer, match="in the extract"):
        answer(asked, told.live)


@SOURCES
@pytest.mark.parametrize("place", ["nowhere", "first x", "last 1.5", "²"])
def test_a_place_that_is_none_is_a_sentence(told: Told, name: str, place: str) -> None:
    with pytest.raises(QuestionError, match="Begin with the newest rows"):
        answer(LedgerPage("customer-0002", "ai-tokens", place=place), getattr(told, name))


def test_a_walk_that_finds_nothing_for_long_says_where_it_goes_on(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queries.ledger.live.MOST_WALKED", 100)
    pool = sums.pools(told.tables)[-1]
    page = LedgerPage(*pool, event_id="no-such-event")
    first = answer(page, told.live)
    assert first.frame.height == 0
    assert first.is_cut
    assert first.follows is not None
    assert walk(page, told.live).height == 0


def test_rows_of_no_such_type_cannot_be_asked_for() -> None:
    with pytest.raises(QuestionError, match="no type of ledger row"):
        LedgerPage("acme", "ai-tokens", types=("CREDITS_STOLEN",))


def test_a_late_event_stands_where_it_was_written(told: Told) -> None:
    """Its time may be earlier than that of the row below it."""
    late = 0
    for pool in sums.pools(told.tables)[:40]:
        at = walk(LedgerPage(*pool, count=1000), told.extracted)["occurred_at"]
        late += int((at.diff() > timedelta(0)).sum())
    assert late > 0
    assert at.max() <= NOW


def test_all_amounts_come_to_the_balance_after_the_newest_row(told: Told) -> None:
    for pool in sums.pools(told.tables)[:20]:
        rows = walk(LedgerPage(*pool, count=1000), told.extracted)
        if rows.height:
            assert rows["balance_after"][0] == Decimal(rows["amount"].sum())
