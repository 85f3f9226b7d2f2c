"""The record of changes: facts are added and never changed, whoever writes at the same time."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from dashboard.activity.store import ActivityFile, Wanted
from queries.activity import Change, Fact, Outcome, Overtaken, read, written
from queries.command import NotRecorded
from queries.time import Span

NOON = datetime(2026, 5, 20, 12)
CHANGE = Change("key-0", "grant credits", "sue", "support", "acme", None, "grant 5", "{}", "api")
INTENDED = Fact(Outcome.INTENDED, "sue", NOON, before='{"status": "ACTIVE"}')
DONE = Fact(Outcome.DONE, "sue", NOON, after='{"amount": 5}')


@pytest.fixture
def many(activity: ActivityFile) -> ActivityFile:
    """Changes 1 to 9, an hour apart: by sue and bob in turns, of three customers."""
    for number in range(1, 10):
        change = replace(
            CHANGE,
            key=f"key-{number}",
            actor="bob" if number % 2 else "sue",
            customer_id=f"customer-{number % 3}",
            command="void a grant" if number < 4 else "grant credits",
        )
        at = NOON + timedelta(hours=number)
        activity.add(change, replace(INTENDED, at=at))
        if number != 5:
            activity.add(change, replace(DONE, at=at + timedelta(seconds=1)))
    return activity


def numbers(activity: ActivityFile, **wanted: object) -> list[int]:
    return [one.number for one in activity.page(Wanted(**wanted), 100).changes]


def test_a_change_stands_as_its_latest_fact_says(activity: ActivityFile) -> None:
    activity.add(CHANGE, INTENDED)
    number = activity.add(CHANGE, DONE)
    last = activity.last(CHANGE.key)
    assert last is not None
    assert (last.change, last.number) == (CHANGE, number)
    assert last.fact == replace(DONE, before=INTENDED.before)
    assert activity.facts(CHANGE.key) == [INTENDED, DONE]


def test_a_record_outlives_the_process_that_wrote_it(activity: ActivityFile) -> None:
    activity.add(CHANGE, INTENDED)
    assert ActivityFile(activity.path).facts(CHANGE.key) == [INTENDED]


@pytest.mark.parametrize(
    "statement",
    [
        "update facts set outcome = 'done'",
        "update changes set actor = 'eve'",
        "delete from facts",
        "delete from changes",
        "insert or replace into facts select * from facts",
        "insert or replace into changes select * from changes",
        "replace into changes (key, command, actor, role, summary, given, api, begun_at) "
        "values ('key-0', '', '', '', '', '', '', '')",
        "insert into facts (change_number, outcome, actor, at, request_id, detail, is_settled) "
        "values (1, 'refused', 'eve', '', '', '', 0)",
        "insert into facts (change_number, outcome, actor, at, request_id, detail, is_settled) "
        "values (2, 'refused', 'eve', '', '', '', 0)",
    ],
)
def test_nothing_written_is_ever_changed(activity: ActivityFile, statement: str) -> None:
    activity.add(CHANGE, INTENDED)
    activity.add(CHANGE, DONE)
    with closing(sqlite3.connect(activity.path)) as file:
        file.execute("pragma foreign_keys = on")
        with pytest.raises(sqlite3.IntegrityError):
            file.execute(statement)
    assert activity.facts(CHANGE.key) == [INTENDED, DONE]
    assert numbers(activity) == [1]


def test_about_what_is_done_nothing_more_is_added(activity: ActivityFile) -> None:
    done = activity.add(CHANGE, DONE)
    assert activity.add(CHANGE, replace(DONE, outcome=Outcome.UNKNOWN)) == done
    assert activity.facts(CHANGE.key) == [DONE]


def test_a_fact_that_builds_on_an_older_one_is_overtaken(activity: ActivityFile) -> None:
    number = activity.add(CHANGE, INTENDED, seen=0)
    with pytest.raises(Overtaken):
        activity.add(CHANGE, INTENDED, seen=0)
    activity.add(CHANGE, INTENDED, seen=number)
    assert len(activity.facts(CHANGE.key)) == 2


def test_pages_by_their_end_hold_every_change_once(many: ActivityFile) -> None:
    found, below = [], None
    while True:
        page = many.page(Wanted(), 4, below)
        found.append([one.number for one in page.changes])
        below = page.below
        if below is None:
            break
        many.add(replace(CHANGE, key=f"new-{below}"), INTENDED)
    assert found == [[9, 8, 7, 6], [5, 4, 3, 2], [1]]


def test_a_page_that_ends_with_the_last_change_is_the_last(many: ActivityFile) -> None:
    assert many.page(Wanted(), 9).below is None
    assert many.page(Wanted(), 8).below == 2


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"customer_id": "customer-0"}, [9, 6, 3]),
        ({"actor": "sue"}, [8, 6, 4, 2]),
        ({"command": "void a grant"}, [3, 2, 1]),
        ({"outcome": Outcome.INTENDED}, [5]),
        ({"outcome": Outcome.DONE, "actor": "bob"}, [9, 7, 3, 1]),
        ({"span": Span(NOON + timedelta(hours=4), NOON + timedelta(hours=6))}, [5, 4]),
        ({"customer_id": "nobody"}, []),
    ],
)
def test_filters_narrow_the_list(
    many: ActivityFile, wanted: dict[str, object], expected: list[int]
) -> None:
    assert numbers(many, **wanted) == expected


def test_what_there_is_to_filter_by_is_of_those_changes_that_one_may_see(
    many: ActivityFile,
) -> None:
    many.add(replace(CHANGE, key="other", actor="eve", customer_id="secret"), INTENDED)
    assert "secret" in many.named(None)["customer_id"]
    assert many.named("sue") == {
        "customer_id": ["customer-0", "customer-1", "customer-2"],
        "actor": ["sue"],
        "command": ["grant credits", "void a grant"],
    }


def test_writers_at_once_lose_nothing_and_lay_the_file_out_once(activity: ActivityFile) -> None:
    barrier = Barrier(8)

    def write(writer: int) -> None:
        barrier.wait()
        for number in range(10):
            change = replace(CHANGE, key=f"{writer}-{number}")
            ActivityFile(activity.path).add(change, INTENDED, seen=0)
            ActivityFile(activity.path).add(change, DONE)

    at_once(8, write)
    found = activity.page(Wanted(outcome=Outcome.DONE), 1000).changes
    assert {one.recorded.change.key for one in found} == {
        f"{writer}-{number}" for writer in range(8) for number in range(10)
    }


def test_of_writers_with_one_key_one_is_first(activity: ActivityFile) -> None:
    overtaken: list[int] = []
    barrier = Barrier(8)

    def write(writer: int) -> None:
        barrier.wait()
        try:
            activity.add(CHANGE, INTENDED, seen=0)
        except Overtaken:
            overtaken.append(writer)

    at_once(8, write)
    assert len(overtaken) == 7
    assert activity.facts(CHANGE.key) == [INTENDED]


@pytest.mark.parametrize("content", [b"this is no database, however long it may be", b"\0" * 4096])
def test_a_file_that_is_no_record_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(NotRecorded, match=r"notes\.txt, cannot be used: .* ACTIVITY says where"):
        ActivityFile(path).add(CHANGE, INTENDED)
    assert path.read_bytes() == content


def test_a_record_of_a_later_version_is_left_alone(activity: ActivityFile) -> None:
    activity.add(CHANGE, INTENDED)
    with closing(sqlite3.connect(activity.path)) as file:
        file.execute("pragma user_version = 2")
    with pytest.raises(NotRecorded, match="it is of version 2, and this app reads 1"):
        activity.facts(CHANGE.key)


def test_json_of_the_record_keeps_decimals_exactly() -> None:
    text = '{"amount": 0.1000000000000000000001, "at": "2026-05-20T12:00:00"}'
    assert written(read(text)) == text


def at_once(count: int, write: Callable[[int], None]) -> None:
    threads = [Thread(target=write, args=(one,)) for one in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
