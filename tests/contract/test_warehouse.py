"""An extract of warehouse exports answers as the metering API of the company they are from."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl
import pytest
import warehouse_exports
from polars.testing import assert_frame_equal

from data.demo.company import build
from data.demo.sold import CATALOGUE
from data.extract.duckdb import Extract
from data.extract.publish import publish
from data.extract.warehouse.run import ingest_exports
from data.metering.catalogue import read_catalogue
from data.metering.client import MeteringClient
from data.metering.service.app import SERVER_KEY, respond
from data.metering.service.service import Service
from data.tables import Tables
from queries.answer import Question, answer
from queries.balance import Balance
from queries.catalogue import Currencies, Features
from queries.customers import Resources
from queries.grants import Grants
from queries.keys import Keys
from queries.ledger import LedgerPage
from queries.question import Extracted, Live
from queries.time import Grain, Span
from queries.usage import Usage

NOW = datetime(2026, 11, 20, 12, 30)
YEAR = Span(NOW - timedelta(days=365), NOW)
SIDES = ["customer_id", "currency_id", "resource_id"]

Sources = tuple[Live, Extracted]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return build(NOW)


@pytest.fixture(scope="module")
def pools(tables: Tables) -> list[tuple[str, str, str | None]]:
    """Every eighth pool that has grants, and all that were ever overdrawn."""
    found = tables["grants"].group_by(SIDES).agg(pl.col("grant_type").unique()).sort(SIDES)
    owed = found.filter(pl.col("grant_type").list.contains("OVERDRAFT")).head(12)
    return pl.concat([found.gather_every(8), owed]).select(SIDES).unique().sort(SIDES).rows()


@pytest.fixture(scope="module")
def both(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    folder = tmp_path_factory.mktemp("warehouse")
    consumed = warehouse_exports.consumption(tables)
    half = consumed.height // 2
    files = [
        warehouse_exports.written(consumed[:half], folder / "consumption_0.parquet"),
        warehouse_exports.written(consumed[half:], folder / "consumption_1.csv"),
        warehouse_exports.written(warehouse_exports.grants(tables), folder / "grants.csv"),
    ]
    catalogue = read_catalogue(CATALOGUE)
    done = ingest_exports(files, catalogue, folder / "extract", NOW)
    assert (done.rejected, done.gaps) == (0, [])
    publish(folder / "extract")
    service = Service(folder / "store", catalogue, clock=lambda: NOW, settle_every=None)
    service.fill(tables)
    client = MeteringClient.inside(partial(respond, service), SERVER_KEY)
    with Extract(folder / "extract") as extract:
        yield Live(client), Extracted(extract)
    service.close()


def same(both: Sources, question: Question, *but: str) -> pl.DataFrame:
    live, extracted = (answer(question, source).frame.drop(but) for source in both)
    assert live.schema == extracted.schema
    assert_frame_equal(live, extracted)
    return live


def test_usage_by_feature_and_month(
    both: Sources, pools: list[tuple[str, str, str | None]]
) -> None:
    found = [
        same(both, Usage(customer, currency, YEAR, Grain.MONTH, resource_id=resource, by=by))
        for customer, currency, resource in pools
        for by in ((), ("featureId",))
    ]
    assert sum(frame.height for frame in found) > 500


def test_grants_and_the_balance(both: Sources, pools: list[tuple[str, str, str | None]]) -> None:
    for pool in pools:
        assert same(both, Grants(*pool)).height
        assert same(both, Balance(*pool)).height == 1


def test_the_ledger_with_what_lapsed_and_every_debt_that_moved(
    both: Sources, pools: list[tuple[str, str, str | None]]
) -> None:
    """Rows of one instant may stand in another order, and so have another balance before them."""
    kinds = set()
    for pool in pools:
        live, extracted = (
            answer(LedgerPage(*pool, count=500), source).frame.drop("place") for source in both
        )
        columns = [each for each in live.columns if not each.startswith("balance")]
        oldest = live["occurred_at"][-1]
        kinds |= set(live["event_type"])
        assert live["balance_after"][0] == extracted["balance_after"][0]
        assert_frame_equal(*(
            frame.filter(pl.col("occurred_at") > oldest).select(columns).sort(columns)
            for frame in (live, extracted)
        ))  # fmt: skip
    assert len(kinds) > 4


def test_all_rows_of_the_ledger_are_there(both: Sources, tables: Tables) -> None:
    told = (
        "select customer_id, currency_id, resource_id, event_type, amount, grant_id, event_id, "
        "feature_id, occurred_at from ledger join customers using (customer_key) "
        "join currencies using (currency_key) left join features using (feature_key) "
        "left join (select resource_key, resource_id from resources) using (resource_key)"
    )
    found = both[1].extract.read(told, {})
    live = tables["ledger"].select(found.columns)
    assert_frame_equal(live.sort(live.columns), found.sort(live.columns))


@pytest.mark.parametrize("question", [Currencies(), Features()], ids=lambda q: type(q).__name__)
def test_what_the_catalogue_names(both: Sources, question: Question) -> None:
    assert same(both, question).height > 1


def test_resources_are_those_that_were_named(
    both: Sources, pools: list[tuple[str, str, str | None]]
) -> None:
    customer = next(customer for customer, _, resource in pools if resource)
    assert same(both, Resources(customer)).height


def test_there_are_no_dimension_keys(
    both: Sources, pools: list[tuple[str, str, str | None]]
) -> None:
    assert answer(Keys(*pools[0][:2]), both[1]).frame.is_empty()


def test_exports_in_other_files_and_formats_make_the_same_extract(
    both: Sources, tables: Tables, tmp_path: Path
) -> None:
    files = [
        warehouse_exports.written(warehouse_exports.grants(tables), tmp_path / "g.arrow"),
        warehouse_exports.written(
            warehouse_exports.consumption(tables).reverse(), tmp_path / "c.arrow"
        ),
    ]
    ingest_exports(files, None, tmp_path / "x", NOW)
    publish(tmp_path / "x")
    ledger = "select * exclude (feature_key, currency_key) from ledger order by all"
    usage = (
        "select event_id, customer_key, resource_key, occurred_at, loaded_at, credits "
        "from usage_events order by all"
    )
    with Extract(tmp_path / "x") as extract:
        for sql in (ledger, usage):
            assert_frame_equal(extract.read(sql, {}), both[1].extract.read(sql, {}))
