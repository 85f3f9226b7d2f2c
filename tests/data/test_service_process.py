"""The local metering API as a process: one owner of a store, and nothing acknowledged is lost."""

import subprocess
from pathlib import Path

import pytest
from local_metering import (
    ROOT,
    LocalApi,
    MeteringProcess,
    at,
    environment,
    event,
    free_port,
    measurement,
    metering_command,
)

from data.clock import utc_now

pytestmark = pytest.mark.xdist_group("metering over http")

ENDS = (MeteringProcess.kill, MeteringProcess.kill, MeteringProcess.stop)


def test_a_second_process_on_a_store_says_so_and_ends(served: MeteringProcess) -> None:
    """The first one goes on, and has said where it listens and with which key."""
    second = subprocess.run(
        metering_command(served.store, free_port()),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"The store in {served.store} is in use by another process. Stop that one, or reach it "
        "over HTTP by setting METERING_API_URL and METERING_API_KEY.\n"
    )
    assert served.provision()["customer"]["customerId"] == "customer-demo-01"
    assert served.log.read_text() == (
        f"The local metering API: {served.url}\nIts key: X-API-KEY: server-local\n"
    )


def test_a_process_that_is_killed_or_stopped_loses_nothing_it_has_acknowledged(
    tmp_path: Path,
) -> None:
    """Grants, usage, events and keys are there after two SIGKILLs right behind, and a SIGTERM."""
    turns = len(ENDS)
    for turn, end in enumerate(ENDS):
        api = MeteringProcess(tmp_path / "store", "--empty")
        api.provision()
        api.grant(1000, displayName=f"Turn {turn}")
        api.report_bulk([measurement(1, idempotencyKey=f"{turn}-{n}") for n in range(3)])
        api.report_events(*(event(f"{turn}-{n}", timestamp=at()) for n in range(5)))
        api.consume(1, f"last-{turn}")
        end(api)
        assert "Traceback" not in api.log.read_text()
    kept = LocalApi(tmp_path / "store")
    kept.clock.now = utc_now()
    repeated = [measurement(1, idempotencyKey=f"{turn}-0") for turn in range(turns)]
    consumed = [answer["credit"]["consumed"] for answer in kept.report_bulk(repeated)]
    assert consumed == [0] * turns
    kept.report_events(*(event(f"{turn}-0", timestamp=at()) for turn in range(turns)))
    kept.settle()
    granted = {grant["displayName"]: grant["amount"] for grant in kept.grants()}
    assert granted == {f"Turn {turn}": 1000 for turn in range(turns)}
    balance = kept.balance()
    assert (balance["totalGranted"], balance["totalConsumed"]) == (1000 * turns, 76 * turns)
    assert kept.balance(currencyId="api-credits")["currentBalance"] == -5 * turns
    assert sum(row["amount"] for row in kept.ledger()) == balance["currentBalance"]
    kept.close()
