"""What reports do to balances: how pools stood before, and how they stand since."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from queries.answer import answer
from queries.balance import Standings
from queries.balance.optimistic import News, Standing, newest
from queries.ledger import LedgerPage, WrittenSince
from queries.question import Live


class Owner(NamedTuple):
    """A customer, or its resource: one pool for each currency."""

    customer_id: str
    resource_id: str | None


class Pool(NamedTuple):
    owner: Owner
    currency_id: str


@dataclass(frozen=True, slots=True)
class Before:
    """The settled balance, the optimistic one, and the ledger's newest row, if it has any."""

    settled: Decimal = Decimal(0)
    optimistic: Decimal = Decimal(0)
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """How a pool stands since: `standing` is None where no optimistic balance is known.

    `event_ids` are those events written to its ledger since that bear the times of what was sent;
    where that is cut there may be more.
    """

    pool: Pool
    before: Decimal
    settled: Decimal
    standing: Standing | None
    event_ids: frozenset[str] = frozenset()
    is_cut: bool = False

    @property
    def moved(self) -> Decimal:
        return self.settled - self.before

    @property
    def is_settled(self) -> bool:
        return self.standing is None or self.standing.is_settled


def stood(owners: Collection[Owner], live: Live) -> dict[Pool, Before]:
    """How the pools stand now, before something is sent."""
    found = {}
    for owner in owners:
        for row in answer(Standings(*owner), live).frame.iter_rows(named=True):
            ledger = LedgerPage(owner.customer_id, row["currency_id"], owner.resource_id, count=1)
            places = answer(ledger, live).frame["place"].to_list()
            news = _news(row)
            found[Pool(owner, row["currency_id"])] = Before(
                row["settled"],
                row["settled"] if news is None else news.balance,
                places[0] if places else None,
            )
    return found


def stand(
    owners: Collection[Owner],
    before: Mapping[Pool, Before],
    heard: dict[Pool, News],
    sent_at: Collection[datetime],
    live: Live,
) -> list[Since]:
    """How the pools stand, in the order of their owners; `heard` learns what is newer.

    `sent_at` are the times of the events that were sent, if any were.
    """
    found = []
    for owner in owners:
        for row in answer(Standings(*owner), live).frame.iter_rows(named=True):
            pool = Pool(owner, row["currency_id"])
            found.append(_since(pool, row, before.get(pool, Before()), heard, sent_at, live))
    return found


def _since(
    pool: Pool,
    row: Mapping[str, Any],
    before: Before,
    heard: dict[Pool, News],
    sent_at: Collection[datetime],
    live: Live,
) -> Since:
    settled: Decimal = row["settled"]
    news = newest(heard.get(pool), _news(row))
    if news is not None:
        heard[pool] = news
    standing = None if news is None else Standing(news, settled)
    since = Since(pool, before.settled, settled, standing)
    if not sent_at or settled == before.settled:
        return since
    owner, currency_id = pool
    written = answer(
        WrittenSince(owner.customer_id, currency_id, before.place, owner.resource_id), live
    )
    own = written.frame.filter(pl.col("occurred_at").is_in(list(sent_at)))
    event_ids = frozenset(own["event_id"].drop_nulls())
    return replace(since, event_ids=event_ids, is_cut=written.is_cut)


def _news(row: Mapping[str, Any]) -> News | None:
    return None if row["at"] is None else News(row["at"], row["granted"], row["consumed"])
