"""Syncs: what is asked for, what a kill leaves behind, what goes wrong and what is said then."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import polars as pl
import pytest
from local_metering import NOON, LocalApi, at, catalogue
from metered import (
    CUSTOMERS,
    SOURCE,
    Killed,
    asker,
    founded,
    killing,
    newest_first,
    synced,
    used,
)
from polars.testing import assert_frame_equal

from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from data.extract.folder import current, only_writer
from data.extract.ingest import ingest
from data.extract.mapping import parse_mapping
from data.extract.publish import publish
from data.extract.sync.asking import LIMITS, MOST_REFUSALS, UNDOCUMENTED, Asker, Bucket
from data.extract.sync.run import sync
from data.extract.sync.store import STORE
from data.extract.sync.usage import REREAD
from data.metering.client import MeteringClient
from data.metering.errors import MeteringError
from data.metering.service import readings
from data.metering.service.app import respond

BY = ("model", "region", "team")
POOL = ("customer_key", "currency_key", "resource_key")
TABLES = (
    "customers", "resources", "currencies", "features", "plans", "rates", "subscriptions",
    "grants", "ledger", "recharge_settings", "promotional_entitlements", "addons", "coupons",
    "usage_events",
)  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's store, and the folder of its sync, to be copied."""
    folder = tmp_path_factory.mktemp("metered")
    api = founded(folder / "store")
    synced(api, folder / "extract", by=BY)
    api.close()
    return folder


@pytest.fixture
def api(kept: Path, tmp_path: Path) -> Iterator[LocalApi]:
    api = LocalApi(copytree(kept / "store", tmp_path / "store"))
    yield api
    api.close()


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """Of an extract that was synced already."""
    return copytree(kept / "extract", tmp_path / "extract")


def content(folder: Path) -> dict[str, pl.DataFrame]:
    """All that the extract of a folder holds, but for the numbers that rows got."""
    numbers = pl.selectors.by_name("loaded_at", "ledger_seq", require_all=False)
    with Extract(folder) as extract:
        tables = {name: extract.read(f"from {name}", {}) for name in TABLES}
    tables["ledger"] = tables["ledger"].sort(*POOL, "ledger_seq", nulls_last=True)
    tables["usage_events"] = tables["usage_events"].sort("event_id")
    return {name: table.drop(numbers) for name, table in tables.items()}


def assert_same(folder: Path, other: Path) -> None:
    found, expected = content(folder), content(other)
    for name in TABLES:
        assert_frame_equal(found[name], expected[name])


def test_a_second_sync_asks_only_for_what_came_after(api: LocalApi, folder: Path) -> None:
    """One page of each ledger, two windows of each usage, and everything that changes in place."""
    done = synced(api, folder, by=BY)
    assert done.calls == Counter(
        customers=1, customerResources=1, customCurrencies=1, features=1, plans=1, addons=1,
        coupons=1, subscriptions=1, promotionalEntitlements=1,
        getAutoRechargeSettings=10, creditBalanceSummary=14, creditGrants=7, creditsLedger=14,
        creditUsage=done.calls["creditUsage"],
    )  # fmt: skip
    assert done.calls["creditUsage"] <= 3 * 14


def test_a_second_sync_adds_what_came_after_and_doubles_nothing(
    api: LocalApi, folder: Path, tmp_path: Path
) -> None:
    api.clock.forward(hours=5)
    api.report_events(used("alpha", 900, timestamp=at(hours=-1)), used("echo", 901))
    api.grant(Decimal("7.25"), customerId="echo")
    api.settle()
    done = synced(api, folder, by=BY)
    assert done.calls["creditsLedger"] == 14
    assert done.warning is None
    synced(api, tmp_path / "anew", by=BY)
    assert_same(folder, tmp_path / "anew")


def test_an_event_that_came_late_is_found_within_the_window_that_is_read_again(
    api: LocalApi, folder: Path, tmp_path: Path
) -> None:
    api.report_events(used("bravo", 902, timestamp=at(hours=REREAD / timedelta(hours=1) - 1)))
    api.settle()
    synced(api, folder, by=BY)
    synced(api, tmp_path / "anew", by=BY)
    assert_same(folder, tmp_path / "anew")


@pytest.mark.parametrize("calls", [0, 9, 13, 17, 22, 31, 60])
def test_after_a_kill_at_any_call_the_next_sync_makes_the_same_extract(
    api: LocalApi, kept: Path, tmp_path: Path, calls: int
) -> None:
    with pytest.raises(Killed):
        synced(api, tmp_path / "extract", killing(api, calls), by=BY)
    assert current(tmp_path / "extract") is None
    synced(api, tmp_path / "extract", by=BY)
    assert_same(tmp_path / "extract", kept / "extract")


def test_a_sync_that_is_killed_again_and_again_gets_there(
    api: LocalApi, kept: Path, tmp_path: Path
) -> None:
    """Each run asks for the lists anew, and goes on in ledgers and usage where the last stopped."""
    for calls in (40, 60):
        with pytest.raises(Killed):
            synced(api, tmp_path / "extract", killing(api, calls), by=BY)
    done = synced(api, tmp_path / "extract", by=BY)
    assert_same(tmp_path / "extract", kept / "extract")
    fresh = synced(api, tmp_path / "anew", by=BY)
    assert done.added < fresh.added


def test_a_ledger_that_runs_from_the_newest_row_makes_the_same_extract(
    api: LocalApi, kept: Path, tmp_path: Path
) -> None:
    turned = newest_first(api)
    synced(api, tmp_path / "extract", turned, by=BY)
    assert_same(tmp_path / "extract", kept / "extract")
    done = synced(api, tmp_path / "extract", turned, by=BY)
    assert done.calls["creditsLedger"] == 14
    assert_same(tmp_path / "extract", kept / "extract")


@pytest.mark.parametrize(("hours", "days"), [(0, 92), (0, 0)])
def test_buckets_of_any_width_sum_to_the_same(
    api: LocalApi, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    hours: int, days: int,
) -> None:  # fmt: skip
    """How finely the hosted API tells usage of given dates is documented nowhere."""
    monkeypatch.setattr(readings, "HOURLY_UP_TO", timedelta(hours=hours))
    monkeypatch.setattr(readings, "DAILY_UP_TO", timedelta(days=days))
    synced(api, tmp_path / "coarse", by=BY)
    synced(api, tmp_path / "coarse", by=BY)
    sums = (
        "select customer_key, resource_key, currency_key, feature_key, dim_1, "
        "sum(credits), sum(events) from usage_events group by all order by all"
    )
    with Extract(folder) as fine, Extract(tmp_path / "coarse") as coarse:
        assert_frame_equal(coarse.read(sums, {}), fine.read(sums, {}))


def test_other_keys_read_all_usage_anew(api: LocalApi, folder: Path, tmp_path: Path) -> None:
    synced(api, folder, by=("user",))
    synced(api, tmp_path / "anew", by=("user",))
    assert_same(folder, tmp_path / "anew")
    with Extract(folder) as extract:
        assert extract.promoted_keys == ("user",)


def test_without_keys_usage_is_read_by_the_first_three_and_stays_so(
    api: LocalApi, tmp_path: Path
) -> None:
    synced(api, tmp_path / "extract")
    with Extract(tmp_path / "extract") as extract:
        assert set(extract.promoted_keys) == {"input_tokens", "model", "output_tokens"}
    done = synced(api, tmp_path / "extract")
    assert done.calls["creditEventsFields"] <= 4


def test_a_cell_has_the_same_id_in_every_sync(api: LocalApi, folder: Path, tmp_path: Path) -> None:
    synced(api, tmp_path / "anew", by=BY)
    ids = "select event_id from usage_events order by event_id"
    with Extract(folder) as before, Extract(tmp_path / "anew") as anew:
        found = before.read(ids, {})
        assert_frame_equal(found, anew.read(ids, {}))
    assert found["event_id"].n_unique() == found.height > 250


def test_what_does_not_add_up_is_said_in_one_sentence(api: LocalApi, tmp_path: Path) -> None:
    done = synced(api, tmp_path / "extract", _telling_more(api), by=BY)
    assert done.warning is not None
    assert done.warning.startswith(
        "The metering API says that the balance of alpha / ai-tokens is 1,000,000, but its ledger"
    )
    assert "13 other pools do not add up either." in done.warning


def _telling_more(api: LocalApi) -> Any:
    """The API, but every balance is a million."""

    def carry(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        status, answer = respond(api.service, headers, body)
        if b"creditBalanceSummary" not in body:
            return status, answer
        before, *rest = answer.split(b'"currentBalance": ')
        ends = [each[each.index(b"}") :] for each in rest]
        return status, before + b"".join(b'"currentBalance": 1000000' + end for end in ends)

    return carry


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((401, b""), "refused the key"),
        ((200, b'{"data": {"coupons": {"edges": ['), "is not GraphQL"),
        ((200, b'{"data": {"coupons": {"edges": [{}], "pageInfo": null}}}'), "answer to coupons"),
        ((200, b'{"data": {"coupons": null}}'), "answer to coupons"),
    ],
)
def test_an_answer_that_is_none_is_said_and_what_was_published_stays(
    api: LocalApi, folder: Path, answer: tuple[int, bytes], sentence: str
) -> None:
    published = current(folder)
    with pytest.raises(ExtractError, match=f"{sentence}.*run the sync again to go on"):
        synced(api, folder, lambda *_: answer, by=BY)
    assert current(folder) == published


def test_a_ledger_that_has_more_and_gives_no_way_on_is_said(api: LocalApi, folder: Path) -> None:
    page = b'{"edges": [], "pageInfo": {"hasNextPage": true, "hasPreviousPage": true}}'

    def carry(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if b"creditsLedger" in body:
            return 200, b'{"data": {"creditsLedger": %s}}' % page
        return respond(api.service, headers, body)

    with pytest.raises(ExtractError, match="no way on to the next page of creditsLedger"):
        synced(api, folder, carry, by=BY)


def test_an_api_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    client = MeteringClient("http://127.0.0.1:9/graphql", "server-key", attempts=1)
    with pytest.raises(ExtractError, match=r"cannot be reached.*run the sync again"):
        sync(Asker(client, None), tmp_path, source=SOURCE, now=NOON)


def test_two_syncs_at_a_time_are_one_too_many(api: LocalApi, folder: Path) -> None:
    with only_writer(folder), pytest.raises(ExtractError, match="a sync, is at work"):
        synced(api, folder, by=BY)


def test_a_folder_belongs_to_one_api(api: LocalApi, folder: Path) -> None:
    with pytest.raises(ExtractError, match=f"was read from {SOURCE}, not from another"):
        synced(api, folder, source="another")


def test_a_damaged_store_is_named(api: LocalApi, folder: Path) -> None:
    (folder / STORE).write_bytes(b"no database" * 1000)
    with pytest.raises(ExtractError, match=r"sync\.duckdb.*delete it"):
        synced(api, folder, by=BY)


def test_event_files_are_not_added_to_what_the_next_sync_replaces(folder: Path) -> None:
    mapping = parse_mapping(
        {
            "customer": {"column": "c"},
            "time": {"column": "t"},
            "event_name": {"constant": "api_call"},
        }
    )
    with pytest.raises(ExtractError, match="kept by a sync"):
        ingest([], mapping, catalogue(), folder, NOON)


def test_ingested_events_are_not_replaced_by_a_sync(api: LocalApi, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("c,t\nalpha,2026-05-01\n")
    mapping = parse_mapping(
        {
            "customer": {"column": "c"},
            "time": {"column": "t"},
            "event_name": {"constant": "api_call"},
        }
    )
    ingest([tmp_path / "events.csv"], mapping, catalogue(), tmp_path / "extract", NOON)
    publish(tmp_path / "extract")
    with pytest.raises(ExtractError, match="made from event files"):
        synced(api, tmp_path / "extract", by=BY)


@pytest.mark.parametrize(
    ("by", "sentence"),
    [
        (("a", "b", "c", "d"), "up to 3 different keys"),
        (("a", "a"), "up to 3 different keys"),
        (("a b",), "cannot be a key"),
    ],
)
def test_keys_that_cannot_be_asked_by_are_said_before_anything_is_asked(
    api: LocalApi, tmp_path: Path, by: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(ExtractError, match=sentence):
        synced(api, tmp_path / "extract", killing(api, 0), by=by)


def test_progress_is_told(api: LocalApi, folder: Path) -> None:
    lines: list[str] = []
    synced(api, folder, by=BY, tell=lines.append)
    assert lines[-2].startswith(f"{len(CUSTOMERS)} of {len(CUSTOMERS)} customers, ")
    assert lines[-1] == "Building the extract."


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize("limit", [2, 30, 250])
def test_no_minute_has_more_calls_than_its_limit(limit: int) -> None:
    time = Time()
    bucket = Bucket(limit, time.clock, time.sleep)
    began = []
    for number in range(4 * limit):
        if number == 2 * limit:
            time.now += 1000  # an idle time, after which as many may begin at once as at first
        bucket.take()
        began.append(time.now)
    for first in began:
        assert sum(first <= at < first + 60 for at in began) <= limit
    assert began[-1] < 1000 + 60 * 7


def test_each_operation_has_a_limit_of_its_own(api: LocalApi) -> None:
    time = Time()
    paced = asker(api, limits=LIMITS, clock=time.clock, sleep=time.sleep)
    for _ in range(UNDOCUMENTED // 10):
        paced.nodes("customers", {}, dict)
        paced.nodes("subscriptions", {}, dict)
    assert time.slept == []
    paced.nodes("subscriptions", {}, dict)
    assert time.slept == []
    paced.nodes("customers", {}, dict)
    assert len(time.slept) == 1


def test_who_waits_for_a_turn_wakes_when_the_sync_is_stopped(api: LocalApi) -> None:
    stopped = asker(api, limits={"customers": 2})
    stopped.nodes("customers", {}, dict)
    stopped.stop()
    with pytest.raises(MeteringError, match="was stopped"):
        stopped.nodes("customers", {}, dict)
    assert stopped.calls.total() == 1


def test_what_goes_wrong_with_one_customer_ends_the_sync_of_all(
    api: LocalApi, tmp_path: Path
) -> None:
    def carry(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        if b"creditGrants" in body and b"charlie" in body:
            return 401, b""
        return respond(api.service, headers, body)

    with pytest.raises(ExtractError, match="refused the key"):
        synced(api, tmp_path / "extract", carry, by=BY)
    assert current(tmp_path / "extract") is None
    assert synced(api, tmp_path / "extract", by=BY).warning is None


def test_a_sync_within_the_limits_is_the_same(api: LocalApi, folder: Path, kept: Path) -> None:
    time = Time()
    paced = asker(api, limits={}, clock=time.clock, sleep=time.sleep)
    sync(paced, folder, source=SOURCE, now=api.clock.now, by=BY)
    assert_same(folder, kept / "extract")
    assert sum(time.slept) > 0


def test_one_call_too_many_waits_and_goes_on(api: LocalApi) -> None:
    time, refused = Time(), MOST_REFUSALS - 1

    def carry(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        nonlocal refused
        refused -= 1
        if refused >= 0:
            return 200, b'{"errors": [{"extensions": {"code": "RateLimitExceeded"}}]}'
        return respond(api.service, headers, body)

    patient = asker(api, carry, clock=time.clock, sleep=time.sleep)
    assert len(patient.nodes("customers", {}, dict)) == len(CUSTOMERS)


def test_a_call_that_is_always_one_too_many_is_given_up(api: LocalApi, tmp_path: Path) -> None:
    time = Time()
    refusal = b'{"errors": [{"extensions": {"code": "RateLimitExceeded"}}]}'
    patient = asker(api, lambda *_: (200, refusal), clock=time.clock, sleep=time.sleep)
    with pytest.raises(ExtractError, match=r"too many requests.*run the sync again"):
        sync(patient, tmp_path, source=SOURCE, now=api.clock.now)
    assert time.slept == [60.0] * (MOST_REFUSALS - 1)
