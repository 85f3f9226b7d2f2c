"""The ledger of an extract: as it was written, its sums, and the life of its file."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from histories import NOW, START, company

from data.extract import ledger_file
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from data.extract.folder import STAGING
from data.extract.ingest import ingest
from data.extract.mapping import parse_mapping
from data.extract.publish import publish
from data.metering.catalogue import read_catalogue
from data.tables import CREDITS_SUM, SCHEMAS, Tables
from queries.answer import answer
from queries.ledger import EventRows
from queries.question import Extracted
from queries.statement import Spent, SpentEvents
from queries.time import Span

POOL = ["customer_id", "resource_id", "currency_id"]
COLUMNS = [*POOL, "ledger_seq", "event_type", "amount", "grant_id", "event_id", "feature_id"]
WRITTEN = (
    f"select {', '.join(COLUMNS)}, occurred_at, balance_after from ledger "
    "join customers using (customer_key) join currencies using (currency_key) "
    "left join resources using (resource_key) left join features using (feature_key) "
    "order by ledger_seq"
)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return company(40, seed=11)


@pytest.fixture
def made(tmp_path: Path) -> Callable[[Tables], Extract]:
    def make(given: Tables) -> Extract:
        folder = tmp_path / "extract"
        write(given, folder / STAGING, source="a test", cut_off=NOW, loaded_at=NOW)
        publish(folder)
        return Extract(folder)

    return make


@pytest.mark.parametrize("enough", [1, 500, ledger_file.ENOUGH])
def test_every_row_comes_back_with_the_running_balance_however_many_are_laid_at_a_time(
    tables: Tables, made: Callable[[Tables], Extract], monkeypatch: pytest.MonkeyPatch, enough: int
) -> None:
    monkeypatch.setattr(ledger_file, "ENOUGH", enough)
    running = pl.col("amount").cast(CREDITS_SUM).cum_sum().over(POOL)
    wanted = tables["ledger"].sort("ledger_seq").with_columns(balance_after=running)
    with made(tables) as extract:
        found = extract.read(WRITTEN, {})
        assert found.equals(wanted.select(found.columns).cast(dict(found.schema)))
        lie = extract.read("from coded_ledger", {})
        in_order = lie.sort("customer_key", "resource_key", "currency_key", "ledger_seq")
        assert lie.equals(in_order)


def test_sums_of_days_and_of_slots_are_those_of_the_rows(
    tables: Tables, made: Callable[[Tables], Extract]
) -> None:
    names = "customer_key, resource_key, currency_key, day, event_type, grant_id, feature_key"
    of_day = "sum(amount), count(*), min(occurred_at), max(occurred_at)"
    of_slot = "currency_key, slot, event_type"
    type_of = "case when event_type = 'CREDITS_GRANTED' then grant_type end"
    with made(tables) as extract:
        days = f"select {names}, amount, count_rows, first_at, last_at from ledger_days"
        rows = f"select {names}, {of_day} from ledger group by all"
        assert differences(extract, days, rows) == 0
        slots = f"select {of_slot}, grant_type, amount from ledger_slots"
        rows = (
            f"select {of_slot}, {type_of}, sum(ledger.amount) from ledger "
            "left join grants using (grant_id, customer_key, currency_key) group by all"
        ).replace("currency_key, slot", "ledger.currency_key, slot", 1)
        assert differences(extract, slots, rows) == 0


def differences(extract: Extract, one: str, other: str) -> int:
    found: int = extract.read(
        f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))",
        {},
    ).item()
    return found


@pytest.mark.parametrize("ids", [["e-07", "e-7", "e-007", "x", ""], ["7", "07", "é-1", "1" * 30]])
def test_an_event_is_found_in_the_ledger_however_its_id_is_kept(
    tables: Tables, made: Callable[[Tables], Extract], ids: list[str]
) -> None:
    ledger = tables["ledger"].head(len(ids)).with_columns(event_id=pl.Series(ids))
    with made(tables | {"ledger": ledger}) as extract:
        assert extract.read(WRITTEN, {})["event_id"].to_list() == ids
        for row in ledger.filter(pl.col("event_id") != "").iter_rows(named=True):
            asked = EventRows(
                row["customer_id"],
                row["currency_id"],
                row["event_id"],
                str(row["ledger_seq"]),
                row["resource_id"],
            )
            found = answer(asked, Extracted(extract)).frame
            assert found.select("event_id", "amount").rows() == [(row["event_id"], row["amount"])]


@pytest.mark.parametrize("column", ["customer_id", "currency_id", "resource_id", "feature_id"])
def test_a_row_that_names_what_is_not_listed_is_refused_and_no_file_is_left(
    tables: Tables, tmp_path: Path, column: str
) -> None:
    ledger = tables["ledger"].head(1).with_columns(pl.lit("nobody").alias(column))
    with pytest.raises(ExtractError, match="it names nobody, which its own table does not list"):
        write(
            tables | {"ledger": ledger}, tmp_path / STAGING, source="", cut_off=NOW, loaded_at=NOW
        )
    assert [*tmp_path.glob(ledger_file.PATTERN), *tmp_path.glob(STAGING)] == []


def test_a_ledger_s_file_goes_with_the_last_version_that_names_it(
    tables: Tables, made: Callable[[Tables], Extract]
) -> None:
    files = []
    for _ in range(4):
        with made(tables) as extract:
            files.append(ledger_files(extract))
    [first], [second, third], *_ = files[0], files[1]
    assert first in (second, third)
    assert [len(each) for each in files] == [1, 2, 2, 2]
    assert first not in files[-1]


def test_an_extract_whose_ledger_is_missing_is_a_sentence(
    tables: Tables, made: Callable[[Tables], Extract]
) -> None:
    with made(tables) as extract:
        [file] = ledger_files(extract)
        (extract.folder / file).unlink()
        with pytest.raises(ExtractError, match="is damaged, or is none"):
            Extract(extract.folder)


def test_an_extract_without_a_ledger_has_no_rows_and_no_file(
    tables: Tables, made: Callable[[Tables], Extract]
) -> None:
    with made({name: frame for name, frame in tables.items() if name != "ledger"}) as extract:
        assert extract.read("select count(*) from ledger", {}).item() == 0
        assert ledger_files(extract) == []


def ledger_files(extract: Extract) -> list[str]:
    return sorted(path.name for path in extract.folder.glob(ledger_file.PATTERN))


def test_what_was_spent_is_told_by_events_whose_ids_are_kept_otherwise_than_the_ledger_s(
    tmp_path: Path,
) -> None:
    """The ledger's ids are numbers behind `a-`, the events' are behind `e-`."""
    folder, at = tmp_path / "extract", START + timedelta(hours=9)
    ids = ["a-1", "e-002", "e-003"]
    rows = [
        (number, "acme", "tokens", None, "CREDITS_CONSUMED", Decimal(-number), "g", one, "f", at)
        for number, one in enumerate(ids, start=1)
    ]
    known = {
        "customers": [("acme", None, None, at)],
        "currencies": [("tokens", *[None] * 5)],
        "features": [("f", *[None] * 5, at)],
    }
    given = {name: pl.DataFrame(of, SCHEMAS[name], orient="row") for name, of in known.items()}
    given["ledger"] = ledger_of(rows)
    write(given, folder / STAGING, source="a test", cut_off=START, loaded_at=START)
    publish(folder)
    load(tmp_path, folder, ids[1:], at)
    with Extract(folder) as extract:
        assert not extract.is_of_one_form
        scope = ("acme", "tokens", Span(START, START + timedelta(days=1)))
        spent = answer(Spent(*scope, "model", grant_id="g"), Extracted(extract)).frame
        assert spent.rows() == [("m", Decimal(5)), ("", Decimal(1))]
        events = answer(SpentEvents(*scope), Extracted(extract)).frame
        assert events.select("event_id", "dimensions").rows() == [
            ("e-003", "model=m"),
            ("e-002", "model=m"),
            ("a-1", ""),
        ]


def ledger_of(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    names = (
        "ledger_seq", "customer_id", "currency_id", "resource_id", "event_type", "amount",
        "grant_id", "event_id", "feature_id", "occurred_at",
    )  # fmt: skip
    schema = {name: SCHEMAS["ledger"][name] for name in names}
    return pl.DataFrame(rows, schema, orient="row").select(SCHEMAS["ledger"].names())


def load(tmp_path: Path, folder: Path, ids: list[str], at: datetime) -> None:
    """Ingest an event of each id, of the model m."""
    catalogue = {
        "currencies": [{"currency_id": "tokens"}],
        "features": [{"feature_id": "f"}],
        "plans": [
            {
                "plan_id": "p",
                "rates": [{"feature_id": "f", "currency_id": "tokens", "amount": 1.0}],
            }
        ],
    }
    (tmp_path / "catalogue.json").write_text(json.dumps(catalogue))
    events = tmp_path / "events.jsonl"
    events.write_text(
        "".join(json.dumps({"id": one, "time": at.isoformat()}) + "\n" for one in ids)
    )
    mapping = {
        "event_id": {"column": "id"},
        "customer": {"constant": "acme"},
        "time": {"column": "time"},
        "feature": {"constant": "f"},
        "value": {"constant": 1},
        "plan": {"constant": "p"},
        "dimensions": {"model": {"constant": "m"}},
    }
    done = ingest(
        [events], parse_mapping(mapping), read_catalogue(tmp_path / "catalogue.json"), folder, NOW
    )
    assert done.added == len(ids)
    publish(folder)
