"""`python -m dashboard metering --verify DIR`: a good store passes, a damage has its sentence."""

from pathlib import Path
from shutil import copytree

import duckdb
import pytest
from local_metering import CURRENCY, CUSTOMER, LocalApi, MeteringProcess, at, event, measurement

from dashboard.__main__ import main
from data.metering.service.store import FILE_NAME
from data.metering.service.verification import RULES

POOL = f"{CUSTOMER}-{CURRENCY}"


@pytest.fixture(scope="module")
def good(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an overdraft that was settled, an expired grant, events and a queue."""
    api = LocalApi(copytree(begun, tmp_path_factory.mktemp("good") / "store"))
    api.consume(15, "into overdraft", createdAt=at(hours=3))
    api.settle()
    api.grant(50, displayName="settles it")
    api.grant(60, grantType="PROMOTIONAL", expireAt=at(hours=-1))
    api.report_bulk([measurement(1, idempotencyKey=str(number)) for number in range(2)])
    api.report_events(*(event(str(number)) for number in range(3)))
    api.settle()
    api.clock.forward(hours=2)
    api.settle()
    api.consume(1, "waits")
    api.report_events(event("waits"))
    api.close()
    return api.store


@pytest.fixture
def store(good: Path, tmp_path: Path) -> Path:
    return copytree(good, tmp_path / "store")


def test_a_good_store_is_counted(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (store / FILE_NAME).read_bytes()
    assert main(["metering", "--verify", str(store)]) == 0
    assert capsys.readouterr().out == (
        "OK: 2 pools, 4 grants, 11 ledger rows, 6 usage events, 2 queued.\n"
    )
    assert (store / FILE_NAME).read_bytes() == before


DAMAGES = {
    "a ledger row deleted": (
        "delete from ledger where event_type = 'CREDITS_GRANTED' and amount = 50",
        f"Pool {POOL}: its grants leave 35.000000 credits, but its ledger sums to -15.000000.",
    ),
    "a ledger row's number left out": (
        "delete from ledger where ledger_seq = 2",
        "The ledger has 10 rows, but 10 numbers up to 11.",
    ),
    "a ledger row twice": (
        "insert into ledger from ledger where ledger_seq = 2",
        "The ledger has 12 rows, but 11 numbers up to 11.",
    ),
    "what a grant consumed changed": (
        "update grants set consumed_amount = 49 where amount = 50",
        f"Pool {POOL}: grant GRANT has 49.000000 consumed and 1.000000 left, but its ledger rows "
        "say 15.000000 and 35.000000.",
    ),
    "more consumed than a grant holds": (
        "update grants set consumed_amount = 51 where amount = 50",
        f"Pool {POOL}: grant GRANT of 50.000000 has 51.000000 consumed.",
    ),
    "half a transfer": (
        "delete from ledger where event_type like '%TRANSFER_TARGET'",
        f"Pool {POOL}: granted − consumed − expired − voided is 35.000000, but its ledger sums "
        "to 50.000000; 15.000000 left overdrafts and 0.000000 reached grants.",
    ),
    "the credits of an event changed": (
        "update usage_events set credits = 26 where credits = 25 and event_id = EVENT",
        f"Pool {POOL}: event EVENT took 26.000000 credits, but its ledger rows sum to 25.000000.",
    ),
    "an event lost": (
        "delete from usage_events where event_id = EVENT",
        f"Pool {POOL}: event EVENT took 0.000000 credits, but its ledger rows sum to 25.000000.",
    ),
    "an event twice": (
        "insert into usage_events from usage_events where event_id = EVENT",
        f"Pool {POOL}: event EVENT is there 2 times.",
    ),
    "an event settled and still queued": (
        "update queue set event_id = EVENT where credits = 1",
        f"Pool {POOL}: event EVENT is there 2 times.",
    ),
    "an event queued twice": (
        "update queue set event_id = 'same'",
        "Pool customer-demo-01: event same is there 2 times.",
    ),
    "a number of the queue twice": (
        "update queue set queue_seq = 7",
        "The queue has 2 rows, but 1 numbers up to 2.",
    ),
    "a key accepted twice": (
        "insert into seen_keys select 'k'::blob, unnest([timestamp '2026-05-01', '2026-05-07'])",
        "Key 6B was accepted at 2026-05-01 00:00:00 and again at 2026-05-07 00:00:00.",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_told_with_the_pool_and_both_figures(
    store: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    sql, sentence = DAMAGES[damage]
    with duckdb.connect(str(store / FILE_NAME)) as database:
        (grant,) = one(database, "select grant_id from grants where amount = 50")
        (usage,) = one(database, "select min(event_id) from usage_events where credits = 25")
        database.execute(sql.replace("EVENT", f"'{usage}'") if "= EVENT" in sql else sql)
    assert main(["metering", "--verify", str(store)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert sentence.replace("GRANT", grant).replace("EVENT", usage) in told.err.splitlines()


def test_every_rule_has_a_damage_that_breaks_it() -> None:
    """Each sentence begins and goes on in a way of its own."""
    told = [sentence for _, sentence in DAMAGES.values()]
    for rule in RULES.values():
        marks = [part.split("}")[-1] for part in rule.split("{")]
        assert any(all(mark in sentence for mark in marks) for sentence in told), rule


def test_a_great_damage_is_cut_to_20_sentences_a_rule(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(store / FILE_NAME)) as database:
        database.execute(
            "insert into seen_keys select range::varchar::blob, '2026-05-01' from range(25)"
        )
        database.execute(
            "insert into seen_keys select range::varchar::blob, '2026-05-02' from range(25)"
        )
    assert main(["metering", "--verify", str(store)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "… and 5 more of these."


def test_a_store_that_is_not_there_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    assert main(["metering", "--verify", str(nowhere)]) == 1
    assert capsys.readouterr().err == f"There is no store in {nowhere}.\n"
    assert not nowhere.exists()


@pytest.mark.xdist_group("metering over http")
def test_a_store_that_is_served_is_not_verified(
    served: MeteringProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metering", "--verify", str(served.store)]) == 1
    assert "is in use by another process" in capsys.readouterr().err


def one(database: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    row = database.execute(sql).fetchone()
    assert row is not None
    return row
