"""The optimistic balance: what is heard of it, and how it becomes the settled one."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_metering import CURRENCY, CUSTOMER, LocalApi

from queries.answer import answer
from queries.balance import Balance, Optimistic
from queries.balance.optimistic import News, Standing, newest
from queries.question import Live

NOON = datetime(2026, 5, 20, 12)
POOL = (CUSTOMER, CURRENCY)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[LocalApi]:
    api = LocalApi(tmp_path / "store")
    yield api
    api.close()


def standing(api: LocalApi) -> Standing:
    source = Live(api.client)
    [row] = answer(Optimistic(*POOL), source).frame.to_dicts()
    settled = answer(Balance(*POOL), source).frame["balance"].sum()
    return Standing(News(row["at"], row["granted"], row["consumed"]), Decimal(settled))


def test_what_was_reported_waits_until_it_has_settled(api: LocalApi) -> None:
    api.provision()
    api.grant(1000)
    api.settle()
    assert standing(api).is_settled
    api.report(2)
    before = standing(api)
    assert before.waiting < 0
    assert before.settled == 1000
    api.settle()
    after = standing(api)
    assert after.is_settled
    assert after.settled == before.news.balance


def test_the_timestamp_of_an_answer_is_never_older_than_that_of_one_before(api: LocalApi) -> None:
    api.provision()
    api.grant(1000)
    first = standing(api).news
    api.clock.forward(seconds=5)
    assert standing(api).news.at == first.at + timedelta(seconds=5)


news = st.builds(
    News,
    at=st.integers(0, 5).map(lambda n: NOON + n * timedelta(seconds=1)),
    granted=st.just(Decimal(100)),
    consumed=st.integers(0, 100).map(Decimal),
)


@given(st.lists(news, max_size=12))
def test_of_all_news_in_any_order_one_of_the_latest_is_kept(heard: list[News]) -> None:
    known = None
    for one in heard:
        known = newest(known, one)
    if heard:
        assert known in heard
        assert known is not None
        assert known.at == max(one.at for one in heard)
    else:
        assert known is None


def test_older_news_are_ignored_and_of_equal_ones_the_last_written_wins() -> None:
    old, new = News(NOON, Decimal(9), Decimal(1)), News(NOON, Decimal(9), Decimal(2))
    later = News(NOON + timedelta(seconds=1), Decimal(9), Decimal(3))
    assert newest(later, old) == later
    assert newest(old, new) == new
    assert newest(None, old) == old
