"""The local metering API as a process: one owner of a store, and nothing acknowledged is lost."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_metering import (
    CURRENCY,
    ROOT,
    LocalApi,
    MeteringProcess,
    environment,
    event,
    free_port,
    measurement,
    metering_command,
)

KILLS = 3

pytestmark = pytest.mark.xdist_group("metering over http")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def process(store: Path) -> Iterator[MeteringProcess]:
    process = MeteringProcess(store, "--empty")
    yield process
    process.stop()


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_process_on_a_store_says_so_and_ends(process: MeteringProcess) -> None:
    """The first one goes on, and says on its own where it listens and with which key."""
    ended = run(*metering_command(process.store, free_port()))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"The store in {process.store} is in use by another process. Stop that one, or reach it "
        "over HTTP by setting METERING_API_URL and METERING_API_KEY.\n"
    )
    assert process.provision()["customer"]["customerId"] == "customer-demo-01"
    assert process.log.read_text() == (
        f"The local metering API: {process.url}\nIts key: X-API-KEY: server-local\n"
    )


def test_a_killed_process_loses_nothing_it_has_acknowledged(store: Path) -> None:
    """Grants, usage, events and keys written just before each SIGKILL are there afterwards."""
    api = MeteringProcess(store, "--empty")
    api.provision()
    for turn in range(1, KILLS + 1):
        api.grant(1000, displayName=f"Before kill {turn}")
        api.report_bulk([measurement(1, idempotencyKey=f"{turn}-{n}") for n in range(3)])
        api.report_events(
            *(event(f"{turn}-{n}", timestamp="2026-05-01T00:00:00Z") for n in range(5))
        )
        api.consume(1, f"last-{turn}")
        api.kill()
        if turn < KILLS:
            api = MeteringProcess(store, "--empty")
    again = LocalApi(store)
    try:
        again.clock.now = again.service.store.rows("select max(seen_at) as at from seen_keys")[0][
            "at"
        ]
        repeated = again.report_bulk(
            [measurement(1, idempotencyKey=f"{turn}-0") for turn in range(1, KILLS + 1)]
        )
        assert [answer["credit"]["consumed"] for answer in repeated] == [0] * KILLS
        again.report_events(event("1-0", timestamp="2026-05-01T00:00:00Z"))
        again.settle()
        assert {grant["displayName"] for grant in again.grants()} == {
            f"Before kill {turn}" for turn in range(1, KILLS + 1)
        }
        balance = again.balance()
        assert balance["totalGranted"] == 1000 * KILLS
        assert balance["totalConsumed"] == KILLS * (3 * 25 + 1)
        assert again.balance(currencyId="api-credits")["currentBalance"] == -5 * KILLS
        assert sum(row["amount"] for row in again.ledger()) == balance["currentBalance"]
    finally:
        again.close()


def test_a_stopped_process_ends_cleanly_and_can_be_started_again(store: Path) -> None:
    process = MeteringProcess(store, "--empty")
    process.provision()
    process.grant(5)
    process.stop()
    assert process.process.returncode in (0, -15)
    assert "Traceback" not in process.log.read_text()
    again = LocalApi(store)
    assert [grant["amount"] for grant in again.grants(currencyId=CURRENCY)] == [5]
    again.close()
