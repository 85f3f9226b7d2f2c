"""Reading a published extract: any thread, any number of readers, always one whole version."""

import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import polars as pl

from data.extract.errors import ExtractError
from data.extract.folder import current, number
from data.extract.ledger_file import LedgerFile, attach_ledger, read_ledger_file
from data.extract.metadata import Metadata, read_metadata
from data.extract.parts import (
    NO_EVENTS,
    Part,
    attach,
    attach_new,
    first_moment,
    number_of,
    quoted,
    read_parts,
    views,
)
from data.extract.patience import watched
from data.extract.statements import statement
from data.tables import SCHEMAS

COLUMNS = [f"dim_{place}" for place in range(1, 9)]
ELSEWHERE = ("usage_events", "ledger")
"""The tables that are not in the main file."""
TABLES = ("metadata", "dimension_values", *(name for name in SCHEMAS if name not in ELSEWHERE))
ATTEMPTS = 5
MOST_SECONDS = 60.0
MOST_LOOKED_UP = 10_000
TABLE_BITS = 17
"""Groups that are numbers of so few bits are counted in a table, not by their hashes.

A larger table takes longer to be read by the one thread that does so than hashing takes by all.
"""


class Extract:
    """The current version of the extract in a folder; it follows the pointer by itself.

    Each version has a database of its own in memory, with the file attached read-only, a view of
    each table and the macros of README.md. A new version becomes the one that reads take by one
    assignment; the old one is closed when its last read has ended. So a read sees one version
    from its first row to its last, and nothing is ever switched underneath it.
    """

    def __init__(
        self, folder: Path, *, check_seconds: float = 1.0, most_seconds: float = MOST_SECONDS
    ) -> None:
        """Look at the pointer at most every `check_seconds`; give up a query after `most_seconds`.

        Raises ExtractError.
        """
        self.folder = folder
        self._most_seconds = most_seconds
        self.warning: str | None = None
        self._check_seconds = check_seconds
        self._lock = threading.Lock()
        self._switching = threading.Lock()
        self._held = _Held()
        self._checked = time.monotonic()
        self._version = _open_current(folder)

    def read(
        self,
        sql: str,
        parameters: Mapping[str, object],
        *,
        slots: tuple[int, int] | None = None,
    ) -> pl.DataFrame:
        """The answer to one query; `parameters` are its $names, no more and no fewer.

        `slots` says that it asks for no events before the first slot, nor from the second on: then
        parts without any are left out, which each take half a millisecond to be planned. Raises
        ExtractError if the file is damaged, or the answer is given up (`patience.py`).
        """
        version = self._borrow()
        try:
            with version.connection.cursor() as cursor:
                if slots is not None:
                    cursor.execute(f"set search_path = '{version.schema_of(slots)},main'")
                with watched(cursor, self._most_seconds):
                    answer: pl.DataFrame = cursor.sql(sql, params=dict(parameters)).pl()
                return answer
        except duckdb.IOException as error:
            raise _damaged(version.path, error) from None
        finally:
            self._give_back(version)

    @contextmanager
    def held(self) -> Iterator[None]:
        """All that this thread reads meanwhile is of one version: an answer made of several."""
        before, version = self._held.version, self._borrow()
        self._held.version = version
        try:
            yield
        finally:
            self._held.version = before
            self._give_back(version)

    def look_up(self, sql: str, parameters: Mapping[str, str | None]) -> dict[str, object]:
        """The one row that answers a query, remembered as long as its version is read.

        For what is asked for before every question: planning it takes longer than a small answer.
        """
        version = self._current()
        key = (sql, *parameters.items())
        if key not in version.looked_up:
            if len(version.looked_up) >= MOST_LOOKED_UP:
                version.looked_up.clear()
            version.looked_up[key] = self.read(sql, parameters).row(0, named=True)
        return dict(version.looked_up[key])

    @property
    def version(self) -> int:
        """The number of the version that is read now."""
        return number(self._current().path)

    @property
    def cut_off(self) -> datetime:
        """The time up to which the extract holds events, naive UTC."""
        return self._current().metadata.cut_off

    @property
    def loaded_at(self) -> datetime:
        """When the extract was made, naive UTC."""
        return self._current().metadata.loaded_at

    @property
    def source(self) -> str:
        """Where its rows came from, as whoever made it named that."""
        return self._current().metadata.source

    @property
    def promoted_keys(self) -> tuple[str, ...]:
        """The dimension keys with a place of their own, place 1 first."""
        return self._current().metadata.promoted_keys

    def event_numbers(self, event_id: str) -> list[int]:
        """The numbers that the id may be kept as, by the forms of ids that the parts have."""
        numbers = {number_of(part, event_id) for part in self._current().parts}
        return sorted(number for number in numbers if number is not None)

    def ledger_number(self, event_id: str) -> int | None:
        """The number that the ledger keeps the id as; None if that is the id itself."""
        return number_of(self._current().ledger, event_id)

    @property
    def is_of_one_form(self) -> bool:
        """Whether the ledger and all events keep any id in the same way."""
        version = self._current()
        return all(part.has_ids_of(version.ledger) for part in version.parts)

    @property
    def key_sizes(self) -> Mapping[str, int]:
        """The keys whose values have codes, and a number that is larger than each of its codes."""
        return self._current().key_sizes

    def values(self, key: str) -> pl.DataFrame:
        """`code` and `value` of a key: what the codes in an answer stand for; empty without any."""
        return self._current().values(key)

    @property
    def rolled_keys(self) -> frozenset[str]:
        """The keys by which key_slots holds all events."""
        version = self._current()
        rolled = [set(part.rolled_places) for part in version.parts]
        places = set.intersection(*rolled) if rolled else set()
        keys = version.metadata.promoted_keys
        return frozenset(keys[place - 1] for place in places if place)

    @property
    def events_span(self) -> tuple[datetime, datetime] | None:
        """From when on there are events, and when the last one occurred; None without any."""
        parts = self._current().parts
        if not parts:
            return None
        return first_moment(parts[0]), max(part.last_at for part in parts)

    def close(self) -> None:
        """Let go of the file as soon as the reads under way have ended."""
        with self._lock:
            self._version.retire()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _borrow(self) -> "_Version":
        self._current()
        with self._lock:
            version = self._held.version or self._version
            version.readers += 1
            return version

    def _give_back(self, version: "_Version") -> None:
        with self._lock:
            version.readers -= 1
            version.close_if_drained()

    def _current(self) -> "_Version":
        """The version to read, after a look at the pointer if it is time for one.

        One thread looks and opens; the others read the version that is open meanwhile. A thread
        that holds a version reads no other.
        """
        if self._held.version:
            return self._held.version
        is_due = time.monotonic() - self._checked >= self._check_seconds
        if is_due and self._switching.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._checked = time.monotonic()
                self._switching.release()
        return self._version

    def _follow(self) -> None:
        """Switch if the pointer names another version; one that cannot be read is a warning."""
        try:
            if current(self.folder) != self._version.path:
                fresh = _open_current(self.folder)
                with self._lock:
                    old, self._version = self._version, fresh
                    old.retire()
            self.warning = None
        except ExtractError as error:
            self.warning = f"Version {number(self._version.path)} is still shown: {error}"


class _Held(threading.local):
    """The version that a thread holds, if it holds one."""

    version: "_Version | None" = None


class _Version:
    """One version, opened; `readers` and `is_retired` are guarded by the lock of the Extract."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readers = 0
        self.is_retired = False
        self.looked_up: dict[tuple[object, ...], dict[str, object]] = {}
        self._values: dict[str, pl.DataFrame] = {}
        self._made: set[str] = set()
        self._making = threading.Lock()
        # Two databases must not share a folder for what does not fit into memory.
        spill = Path(tempfile.gettempdir()) / f"extract-{uuid.uuid4()}"
        self.connection = duckdb.connect(config={"temp_directory": str(spill)})
        try:
            self.metadata, self.parts, self.ledger = _attach(self.connection, path)
            self.key_sizes = _key_sizes(self.connection)
        except BaseException:
            self.connection.close()
            raise

    def schema_of(self, slots: tuple[int, int]) -> str:
        """The schema whose views are of the parts that overlap the slots, made at its first use."""
        first, until = slots
        held = {
            f"part_{number}": part
            for number, part in enumerate(self.parts, start=1)
            if part.first_slot < until and first < part.until_slot
        }
        if len(held) in (0, len(self.parts)):
            return "main"
        first_name, *_, last_name = [*held, *held]
        name = f"{first_name}_to_{last_name}"
        with self._making:
            if name not in self._made:
                with self.connection.cursor() as cursor:
                    cursor.execute(f"create schema {name}")
                    cursor.execute(views(held, schema=name))
                self._made.add(name)
        return name

    def values(self, key: str) -> pl.DataFrame:
        """They are many for some keys, asked for again and again, and never change."""
        if key not in self._values:
            with self.connection.cursor() as cursor:
                found = cursor.sql(statement("values"), params={"key": key}).pl()
            self._values[key] = found
        return self._values[key]

    def retire(self) -> None:
        self.is_retired = True
        self.close_if_drained()

    def close_if_drained(self) -> None:
        if self.is_retired and not self.readers:
            self.connection.close()


def check(path: Path) -> None:
    """Raise ExtractError unless the file is an extract that this program can read."""
    _Version(path).connection.close()


def _open_current(folder: Path) -> _Version:
    """The version that the pointer names; again if it was removed while we went there."""
    path = None
    for _ in range(ATTEMPTS):
        path = current(folder)
        if path is None:
            raise ExtractError(f"No extract is published in {folder} yet.")
        if path.exists():
            try:
                return _Version(path)
            except ExtractError:
                if path.exists():
                    raise
    raise ExtractError(f"The extract {path} is missing, though the pointer names it.")


def _attach(
    connection: duckdb.DuckDBPyConnection, path: Path
) -> tuple[Metadata, list[Part], LedgerFile]:
    """Attach the files, and give their tables and macros their names for all cursors."""
    try:
        connection.execute(
            f"set global timezone = 'UTC'; set global perfect_ht_threshold = {TABLE_BITS}; "
            f"attach {quoted(str(path))} as published (read_only)"
        )
        metadata = read_metadata(connection, "published.metadata")
        parts = read_parts(connection, "published.parts")
        named = attach(connection, path.parent, parts)
        if not named:
            attach_new(connection, ":memory:")
            named = {"part": NO_EVENTS}
        tables = [f"create view {table} as from published.{table};" for table in TABLES]
        connection.execute("\n".join([*tables, views(named), f"{statement('pools')};"]))
        connection.execute(_macros(metadata.promoted_keys))
        ledger = read_ledger_file(connection, "published.ledger_files")
        attach_ledger(connection, path.parent, ledger)
    except duckdb.Error as error:
        raise _damaged(path, error) from None
    return metadata, parts, ledger


def _key_sizes(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = connection.execute(
        "select key, max(code) + 1 from key_values group by key order by key"
    )
    return dict(found.fetchall())


def _macros(promoted: Sequence[str]) -> str:
    """The macros of README.md: what differs between extracts, behind names that do not."""
    held = list(zip(map(quoted, promoted), COLUMNS, strict=False))
    codes = ", ".join(COLUMNS)
    row = f"{codes}, rest"
    of_codes = " ".join(f"when {key} then {column}" for key, column in held)
    places = " ".join(f"when {key} then {n}" for n, (key, _) in enumerate(held, start=1))
    no_texts = " ".join(f"when {key} then null" for key, _ in held)
    entries = ", ".join(
        f"{{ key: {key}, value: value_of({n}, {column}) }}"
        for n, (key, column) in enumerate(held, start=1)
    )
    present = (
        f"list_filter([{entries}]::struct(key varchar, value varchar)[],"
        " lambda entry: entry.value is not null)"
    )
    return f"""
        create macro place_of(key) as case key {places or "when null then null"} end;
        create macro value_of(its_place, its_code) as (
            select held.value from dimension_values as held
            where held.place = its_place and held.code = its_code
        );
        create macro dimension_code(key, {codes}) as
        case key {of_codes or "when null then null"} end::integer;
        create macro dimension_text(key, rest) as
        case key {no_texts} when 'customerId' then null when 'featureId' then null
        else rest[key] end;
        create macro key_code(key, customer_key, feature_key, {codes}) as
        case key
            when 'customerId' then customer_key
            when 'featureId' then feature_key
            else dimension_code(key, {codes})
        end;
        create view key_values as
        select case place {
        " ".join(f"when {n} then {key}" for n, (key, _) in enumerate(held, 1))
        or "when null then null"
    } end as key, code, value from dimension_values
        union all select 'customerId', customer_key, customer_id from customers
        union all select 'featureId', feature_key, feature_id from features;
        create macro passes(wanted, codes, is_without, code, text) as
        wanted is null
        or case
            when codes is null then list_contains(wanted, coalesce(text, ''))
            else get_bit(cast(codes as bit), coalesce(code, 0)) = 1
        end != is_without;
        create macro dimension(key, {row}) as
        coalesce(
            dimension_text(key, rest), value_of(place_of(key), dimension_code(key, {codes}))
        );
        create macro dimensions({row}) as
        map_from_entries(list_concat({present}, map_entries(rest)));
        create macro dimensions_text({row}) as
        array_to_string(
            list_transform(
                map_entries(dimensions({row})), lambda entry: entry.key || '=' || entry.value
            ),
            ', '
        );
        create macro plain_number(text) as
        case
            when text is null then 0
            when
                length(text) <= 12
                and cast(try_cast(text as bigint) as varchar) = text
                then cast(try_cast(text as bigint) as decimal(21, 9))
            when regexp_full_match(text, '-?[0-9]{{1,12}}([.][0-9]{{1,9}})?')
                then cast(text as decimal(21, 9))
        end;
    """


def _damaged(path: Path, error: duckdb.Error) -> ExtractError:
    return ExtractError(f"The extract {path} is damaged, or is none: {error}")
