"""An extract that a sync made answers as the metering API does that it was made from."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest
from local_metering import NOON
from metered import CUSTOMERS, DESK, founded, synced
from polars.testing import assert_frame_equal

from data.extract.duckdb import Extract
from queries.answer import Question, answer
from queries.balance import Balance
from queries.catalogue import Currencies, Features
from queries.customers import Customers, Resources, Subscriptions
from queries.entitlements import Promotions
from queries.grants import Grants
from queries.keys import Keys
from queries.ledger import LedgerPage
from queries.plans import Coupons, Rates
from queries.question import Extracted, Live
from queries.recharge import Recharge
from queries.time import Grain, Span
from queries.usage import Filter, Usage

Sources = tuple[Live, Extracted]

CURRENCIES = ("ai-tokens", "api-credits")
POOLS = [
    (customer, currency, resource)
    for customer in CUSTOMERS
    for currency in CURRENCIES
    for resource in (None, DESK)
    if resource is None or customer in ("alpha", "bravo")
]
KEYS = ("model", "region", "team")
ALL = Span(NOON - timedelta(days=20), NOON)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    folder = tmp_path_factory.mktemp("synced")
    api = founded(folder / "store")
    assert synced(api, folder / "extract", by=KEYS).warning is None
    with Extract(folder / "extract") as extract:
        yield Live(api.client), Extracted(extract)
    api.close()


def same(both: Sources, question: Question, *but: str) -> pl.DataFrame:
    live, extracted = (answer(question, source).frame.drop(but) for source in both)
    assert live.schema == extracted.schema
    assert_frame_equal(live, extracted)
    return live


@pytest.mark.parametrize(
    "by",
    [(), ("featureId",), ("model",), ("model", "region"), ("team", "region", "model", "featureId")],
)
@pytest.mark.parametrize("grain", [Grain.HOUR, Grain.DAY])
def test_usage_by_the_keys_it_was_read_by(both: Sources, by: tuple[str, ...], grain: Grain) -> None:
    found = [
        same(both, Usage(customer, currency, ALL, grain, resource_id=resource, by=by))
        for customer, currency, resource in POOLS
    ]
    assert sum(frame["events"].sum() for frame in found) == 296


def test_usage_of_some_hours_by_a_filter_in_another_zone(both: Sources) -> None:
    span = Span(datetime(2026, 5, 13, 4), datetime(2026, 5, 17, 21))
    question = Usage("alpha", "ai-tokens", span, zone="Asia/Tokyo", by=("model",))
    wanted = Filter("region", ("eu", ""))
    assert same(both, replace(question, filters=(wanted,))).height > 5


@pytest.mark.parametrize("pool", POOLS, ids=str)
def test_a_pool(both: Sources, pool: tuple[str, str, str | None]) -> None:
    """To the last decimal; where to go on in a ledger each source says in its own way."""
    customer, currency, resource = pool
    balance = same(both, Balance(customer, currency, resource))
    grants = same(both, Grants(customer, currency, resource))
    assert (balance.height, grants.is_empty()) in ((1, False), (0, True))
    rows = same(both, LedgerPage(customer, currency, resource, count=500), "place")
    assert rows.height or grants.is_empty()


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_what_a_customer_has(both: Sources, customer: str) -> None:
    for currency in CURRENCIES:
        settings = same(both, Recharge(customer, currency))
        assert settings.height == ((customer, currency) == ("bravo", "ai-tokens"))
    same(both, Resources(customer))
    assert same(both, Subscriptions(customer)).height == 1
    same(both, Promotions(customer))


@pytest.mark.parametrize(
    "question", [Customers(""), Currencies(), Features(), Rates()], ids=lambda q: type(q).__name__
)
def test_what_there_is(both: Sources, question: Question) -> None:
    assert same(both, question).height > 1


def test_coupons_but_for_their_amounts_off(both: Sources) -> None:
    assert same(both, Coupons(), "amounts_off").height > 1


def test_the_keys_are_those_it_was_read_by(both: Sources) -> None:
    extracted = answer(Keys("alpha", "ai-tokens"), both[1]).frame
    assert extracted["key"].to_list() == list(KEYS)
