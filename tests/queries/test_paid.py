"""Who paid for an event and why: as the pool itself decided, whatever happened before and after."""

from functools import partial

import polars as pl
import pytest
import sums
from told import Told, Turn

from data.credits.pool import EntryType
from queries.answer import answer
from queries.grants import Grants
from queries.ledger import EventRows, LedgerPage, LeftThen
from queries.ledger.paid import Payment, Rule, payments
from queries.question import CannotAnswer, QuestionError, Source

SOURCES = pytest.mark.parametrize("name", ["live", "extracted"])
CONSUMED = EntryType.CONSUMED.value


def left_at(pool: sums.Pool, source: Source, place: str) -> pl.DataFrame:
    return answer(LeftThen(pool[0], pool[1], place, pool[2]), source).frame


def event_of(pool: sums.Pool, source: Source, row: dict[str, str]) -> pl.DataFrame:
    asked = EventRows(pool[0], pool[1], row["event_id"], row["place"], pool[2])
    found = answer(asked, source)
    assert not found.is_cut
    return found.frame


def paid(pool: sums.Pool, source: Source) -> list[Payment]:
    """Every payment of a pool, event by event, the first first."""
    rows = answer(LedgerPage(*pool, types=(CONSUMED,), count=5000), source).frame
    grants = answer(Grants(*pool), source).frame
    heads = rows.unique("event_id", keep="first", maintain_order=True).reverse()
    found: list[Payment] = []
    for row in heads.iter_rows(named=True):
        rows = event_of(pool, source, row)
        found += payments(rows, grants, partial(left_at, pool, source))
    return found


def known(payment: Payment, turn: Turn) -> bool:
    """Whether what is told of a payment is what the pool did; what is not told is not wrong."""
    second = payment.second["grant_id"] if payment.second else None
    if payment.rule is Rule.CHANGED:
        return payment.grant_id == turn[0]
    return (payment.grant_id, second) == turn


@pytest.mark.parametrize(("name", "count"), [("live", 5), ("extracted", 25)])
def test_the_grant_that_would_have_paid_is_the_one_that_the_pool_would_have_taken(
    told: Told, name: str, count: int
) -> None:
    seen = dict.fromkeys(Rule, 0)
    for pool in [*sums.pools(told.tables)[:count], sums.pools(told.tables)[-1]]:
        found = paid(pool, getattr(told, name))
        taken = [one for one in found if one.rule is not Rule.GIVEN_BACK]
        turns = told.turns[f"{pool[0]}-{pool[1]}"]
        assert len(taken) == len(turns)
        for payment, turn in zip(taken, turns, strict=True):
            assert known(payment, turn), (pool, payment, turn)
        for payment in found:
            seen[payment.rule] += 1
    assert seen[Rule.CAME_BEFORE] > 20
    assert seen[Rule.ALONE] > 3


def test_both_sources_tell_the_same_rows_of_an_event_and_what_was_left_then(told: Told) -> None:
    for pool in [*sums.pools(told.tables)[5:12], sums.pools(told.tables)[-1]]:
        pages = [
            answer(LedgerPage(*pool, count=5000), source).frame.gather_every(9)
            for source in (told.live, told.extracted)
        ]
        heads = zip(*(page.head(8).iter_rows(named=True) for page in pages), strict=True)
        for live, extracted in heads:
            places = ((told.live, live), (told.extracted, extracted))
            left = [left_at(pool, source, row["place"]) for source, row in places]
            assert left[0].equals(left[1])
            if live["event_id"]:
                rows = [event_of(pool, source, row).drop("place") for source, row in places]
                assert rows[0].equals(rows[1])
                assert rows[0]["event_id"].unique().to_list() == [live["event_id"]]


def test_what_the_grants_had_left_comes_to_the_balance_of_that_time(told: Told) -> None:
    for pool in sums.pools(told.tables)[:6]:
        for row in answer(LedgerPage(*pool), told.extracted).frame.iter_rows(named=True):
            left = left_at(pool, told.extracted, row["place"])
            assert left["credits_left"].sum() == row["balance_after"]


def test_a_row_under_too_many_others_says_where_the_rest_is(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = sums.pools(told.tables)[-1]
    oldest = answer(LedgerPage(*pool, count=5000), told.live).frame["place"][-1]
    monkeypatch.setattr("queries.ledger.live.MOST_WALKED", 100)
    with pytest.raises(CannotAnswer, match="More than 100 rows have been written since"):
        left_at(pool, told.live, oldest)


@SOURCES
def test_the_place_of_no_row_is_a_sentence(told: Told, name: str) -> None:
    asked = EventRows("customer-0002", "ai-tokens", "event", "nowhere")
    with pytest.raises(QuestionError, match="Begin with the newest rows"):
        answer(asked, getattr(told, name))
