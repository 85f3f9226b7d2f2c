"""Extract: threads read whole versions while others are published."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.errors import ExtractError
from data.extract.folder import POINTER, STAGING, versions
from data.extract.metadata import SCHEMA_VERSION
from data.extract.parts import PATTERN, parts_of
from data.extract.publish import publish
from data.tables import SCHEMAS, Tables

MAY = datetime(2026, 5, 1)
THREADS, SWAPS, EVENTS = 8, 20, 400
LIMIT_SECONDS = 120
PAUSE_SECONDS = 0.05
CODES = ", ".join(f"dim_{place}" for place in range(1, 9))
PLACES = f"{CODES}, rest"


def tables(mark: int, events: int = EVENTS) -> Tables:
    """Events of `mark` credits each, of one customer named by the mark; every other has `rare`."""
    common = [{"key": key, "value": f"{key}-{mark}"} for key in "abcdefgh"]
    rare = [[], [{"key": "rare", "value": "yes"}]]
    columns = {
        "event_id": [f"e-{number:04}" for number in range(events)],
        "customer_id": ["c"] * events,
        "resource_id": [None] * events,
        "feature_id": ["f"] * events,
        "currency_id": ["ai"] * events,
        "occurred_at": [MAY] * events,
        "received_at": [MAY] * events,
        "units": [Decimal(1)] * events,
        "credits": [Decimal(mark)] * events,
        "dimensions": [common + rare[number % 2] for number in range(events)],
    }
    customer = {"customer_id": ["c"], "name": [str(mark)], "email": [None], "created_at": [None]}
    return {
        "customers": pl.DataFrame(customer, schema=SCHEMAS["customers"]),
        "features": pl.DataFrame([{"feature_id": "f"}], schema=SCHEMAS["features"]),
        "currencies": pl.DataFrame([{"currency_id": "ai"}], schema=SCHEMAS["currencies"]),
        "usage_events": pl.DataFrame(columns, schema=SCHEMAS["usage_events"]),
    }


def stage(folder: Path, mark: int) -> None:
    given = tables(mark)
    write(given, folder / STAGING, source=f"test {mark}", cut_off=MAY, loaded_at=MAY)


@pytest.fixture
def extract(tmp_path: Path) -> Iterator[Extract]:
    stage(tmp_path, 1)
    publish(tmp_path)
    with Extract(tmp_path, check_seconds=0) as opened:
        yield opened


def test_it_says_what_it_reads(extract: Extract) -> None:
    assert extract.version == 1
    assert (extract.source, extract.cut_off, extract.loaded_at) == ("test 1", MAY, MAY)


def test_a_new_version_is_read_once_it_is_published(extract: Extract) -> None:
    stage(extract.folder, 2)
    assert extract.read("select max(credits) as top from usage_events", {})["top"][0] == 1
    publish(extract.folder)
    assert extract.read("select max(credits) as top from usage_events", {})["top"][0] == 2
    assert (extract.version, extract.source) == (2, "test 2")


def test_the_pointer_is_looked_at_once_in_a_while_only(tmp_path: Path) -> None:
    stage(tmp_path, 1)
    publish(tmp_path)
    with Extract(tmp_path, check_seconds=3600) as patient:
        stage(tmp_path, 2)
        publish(tmp_path)
        assert patient.version == 1


@pytest.mark.parametrize(
    ("key", "values"),
    [("a", ["a-1"]), ("h", ["h-1"]), ("rare", [None, "yes"]), ("unheard", [None])],
)
def test_dimension_finds_the_value_wherever_it_lies(
    extract: Extract, key: str, values: list[str | None]
) -> None:
    sql = f"select distinct dimension($key, {PLACES}) as v from usage_events order by v nulls first"
    assert extract.read(sql, {"key": key})["v"].to_list() == values


def test_a_dimension_s_code_folds_to_the_plain_column(extract: Extract) -> None:
    sql = (
        f"explain select dimension_code($key, {CODES}) as v, sum(credits) from usage_events "
        "group by v"
    )
    plan = extract.read(sql, {"key": "c"})["explain_value"][0]
    assert "dim_3" in plan
    assert all(other not in plan for other in ("CASE", "dim_1", "dim_2", "dim_4", "rest"))


def test_the_keys_and_the_dimensions_of_an_event_are_whole_again(extract: Extract) -> None:
    sql = (
        f"select distinct array_to_string(list_sort(map_keys(dimensions({PLACES}))), ' ') as keys, "
        f"dimensions({PLACES})['rare'] as rare, cardinality(dimensions({PLACES})) as size "
        "from usage_events order by keys"
    )
    assert extract.read(sql, {}).rows() == [
        ("a b c d e f g h", None, 8),
        ("a b c d e f g h rare", "yes", 9),
    ]


def test_an_extract_without_dimensions_has_none(tmp_path: Path) -> None:
    write({}, tmp_path / STAGING, source="test", cut_off=MAY, loaded_at=MAY)
    publish(tmp_path)
    sql = f"select dimension($key, {PLACES}) as v, dimensions({PLACES})"
    with Extract(tmp_path) as extract:
        assert extract.read(f"{sql} from usage_events", {"key": "a"}).height == 0


def look(extract: Extract) -> set[int]:
    """What the version read says its mark is: in its rows, their sum, another table, a macro."""
    sql = (
        "select min(credits), max(credits), sum(credits) / count(*), any_value(name), "
        f"min(dimension($key, {PLACES})[3:]), max(dimension($key, {PLACES})[3:]) "
        "from usage_events join customers using (customer_key)"
    )
    [row] = extract.read(sql, {"key": "a"}).rows()
    return {int(value) for value in row}


@pytest.fixture
def ready(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Extracts of the marks from 2 on, staged in folders of their own."""
    store = tmp_path_factory.mktemp("ready")
    for mark in range(2, SWAPS + 2):
        stage(store / str(mark), mark)
    return [store / str(mark) for mark in range(2, SWAPS + 2)]


def publish_made(ready: Path, folder: Path) -> None:
    """Publish what was staged elsewhere."""
    for path in ready.iterdir():
        path.rename(folder / path.name)
    publish(folder)


def test_eight_threads_see_every_swap_whole_and_never_an_older_version(
    extract: Extract, ready: list[Path]
) -> None:
    """`reached` is the version that the publisher has seen: no later read may see an older one."""
    reached, ended = [1], threading.Event()
    faults: list[object] = []
    reads = [0] * THREADS

    def watch(place: int) -> None:
        while not ended.wait(PAUSE_SECONDS) and not faults:
            floor = reached[0]
            try:
                marks = look(extract)
            except Exception as error:
                faults.append(error)
            else:
                reads[place] += 1
                if len(marks) > 1 or min(marks) < floor:
                    faults.append((floor, marks))

    threads = [threading.Thread(target=watch, args=(place,)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LIMIT_SECONDS
    for mark, made in enumerate(ready, start=2):
        publish_made(made, extract.folder)
        while reached[0] < mark and time.monotonic() < deadline and not faults:
            reached[0] = max(look(extract))
    ended.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert reached == [SWAPS + 1]
    assert min(reads) > 0
    assert extract.warning is None
    newest = extract.folder / f"extract-{SWAPS + 1}.duckdb"
    assert files_held(extract.folder) == {newest.name, *(each.file for each in parts_of(newest))}


def test_files_of_events_go_with_the_last_version_that_names_them(extract: Extract) -> None:
    for mark in range(2, 5):
        stage(extract.folder, mark)
        publish(extract.folder)
    kept = {each.file for path in versions(extract.folder) for each in parts_of(path)}
    assert {path.name for path in extract.folder.glob(PATTERN)} == kept
    assert len(kept) == 2


def test_no_file_of_events_goes_while_a_version_cannot_be_read(extract: Extract) -> None:
    before = set(extract.folder.glob(PATTERN))
    (extract.folder / "extract-1.duckdb").write_bytes(b"")
    stage(extract.folder, 2)
    publish(extract.folder)
    assert before < set(extract.folder.glob(PATTERN))


def files_held(folder: Path) -> set[str]:
    """The files in the folder, removed ones included, that this process has open."""
    held = [Path(os.path.realpath(link)) for link in Path("/proc/self/fd").iterdir()]
    return {path.name for path in held if path.parent == folder}


def test_a_read_that_is_under_way_ends_on_the_version_it_began_on(extract: Extract) -> None:
    started, published = threading.Event(), threading.Event()
    answers: list[pl.DataFrame] = []

    def slow() -> None:
        started.set()
        sql = "select count(*) as n, max(a.credits) as top from usage_events a, usage_events b, "
        answers.append(extract.read(sql + "range(300)", {}))
        published.wait(LIMIT_SECONDS)

    thread = threading.Thread(target=slow)
    thread.start()
    started.wait(LIMIT_SECONDS)
    for mark in (2, 3, 4):
        stage(extract.folder, mark)
        publish(extract.folder)
        assert extract.version == mark
    published.set()
    thread.join()
    assert answers[0]["n"][0] == EVENTS * EVENTS * 300
    assert answers[0]["top"].n_unique() == 1


def test_two_readers_in_one_process_share_a_version(extract: Extract) -> None:
    with Extract(extract.folder) as other:
        assert other.read("select count(*) as n from usage_events", {})["n"][0] == EVENTS
    assert extract.read("select count(*) as n from usage_events", {})["n"][0] == EVENTS


def test_without_a_published_extract_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"No extract is published in .* yet"):
        Extract(tmp_path)
    with pytest.raises(ExtractError, match="No extract is published"):
        Extract(tmp_path / "nowhere")
    with pytest.raises(ExtractError, match="There is nothing to publish"):
        publish(tmp_path)


def test_a_pointer_to_nowhere_is_a_sentence(extract: Extract) -> None:
    (extract.folder / POINTER).write_text("extract-7.duckdb\n")
    with pytest.raises(ExtractError, match="is missing, though the pointer names it"):
        Extract(extract.folder)
    (extract.folder / POINTER).write_text("../secret.duckdb")
    with pytest.raises(ExtractError, match="is no version of an extract"):
        Extract(extract.folder)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 400])
def test_a_damaged_file_is_a_sentence(extract: Extract, content: bytes) -> None:
    (extract.folder / "extract-2.duckdb").write_bytes(content)
    (extract.folder / POINTER).write_text("extract-2.duckdb")
    with pytest.raises(ExtractError, match=r"extract-2\.duckdb is damaged, or is none"):
        Extract(extract.folder)


def test_damage_inside_the_rows_is_a_sentence(tmp_path: Path) -> None:
    write(tables(1, 20_000), tmp_path / STAGING, source="test", cut_off=MAY, loaded_at=MAY)
    version = publish(tmp_path)
    healthy = version.read_bytes()
    middle = slice(3 * 4096, len(healthy))
    version.write_bytes(healthy[: middle.start] + bytes(b ^ 0x55 for b in healthy[middle]))
    with pytest.raises(ExtractError, match="is damaged, or is none"):
        Extract(tmp_path).read("select * from usage_events", {})


def test_a_newer_schema_asks_for_an_update(extract: Extract) -> None:
    stage(extract.folder, 2)
    with duckdb.connect(extract.folder / STAGING) as newer:
        newer.execute("update metadata set schema_version = $v", {"v": SCHEMA_VERSION + 1})
    with pytest.raises(ExtractError, match=r"newer version of this program .*update the program"):
        publish(extract.folder)
    (extract.folder / STAGING).rename(extract.folder / "extract-2.duckdb")
    (extract.folder / POINTER).write_text("extract-2.duckdb")
    with pytest.raises(ExtractError, match="update the program"):
        Extract(extract.folder)


def test_an_older_schema_asks_to_be_made_anew(extract: Extract) -> None:
    stage(extract.folder, 2)
    with duckdb.connect(extract.folder / STAGING) as older:
        older.execute("update metadata set schema_version = $v", {"v": SCHEMA_VERSION - 1})
    with pytest.raises(ExtractError, match=r"older version of this program .*make it anew"):
        publish(extract.folder)


def test_a_version_that_cannot_be_read_leaves_the_last_good_one_with_a_warning(
    extract: Extract,
) -> None:
    (extract.folder / "extract-2.duckdb").write_bytes(b"")
    (extract.folder / POINTER).write_text("extract-2.duckdb")
    assert extract.read("select count(*) as n from usage_events", {})["n"][0] == EVENTS
    assert extract.version == 1
    assert "Version 1 is still shown" in (extract.warning or "")
    (extract.folder / POINTER).write_text("extract-1.duckdb")
    assert extract.version == 1
    assert extract.warning is None


def test_a_mistake_in_a_query_is_not_called_damage(extract: Extract) -> None:
    with pytest.raises(duckdb.BinderException):
        extract.read("select no_such_column from usage_events", {})
