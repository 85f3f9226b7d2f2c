"""Reading a published extract: any thread, any number of readers, always one whole version."""

import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import polars as pl

from data.extract.errors import ExtractError
from data.extract.folder import current, number
from data.extract.metadata import Metadata, read_metadata
from data.extract.statements import statement
from data.tables import SCHEMAS

COLUMNS = [f"dim_{place}" for place in range(1, 9)]
TABLES = ("metadata", *SCHEMAS)
ATTEMPTS = 5


class Extract:
    """The current version of the extract in a folder; it follows the pointer by itself.

    Each version has a database of its own in memory, with the file attached read-only, a view of
    each table and the macros of README.md. A new version becomes the one that reads take by one
    assignment; the old one is closed when its last read has ended. So a read sees one version
    from its first row to its last, and nothing is ever switched underneath it.
    """

    def __init__(self, folder: Path, *, check_seconds: float = 1.0) -> None:
        """Look at the pointer at most every `check_seconds`. Raises ExtractError."""
        self.folder = folder
        self.warning: str | None = None
        self._check_seconds = check_seconds
        self._lock = threading.Lock()
        self._switching = threading.Lock()
        self._checked = time.monotonic()
        self._version = _open_current(folder)

    def read(self, sql: str, parameters: Mapping[str, object]) -> pl.DataFrame:
        """The answer to one query; `parameters` are its $names, no more and no fewer."""
        version = self._borrow()
        try:
            with version.connection.cursor() as cursor:
                answer: pl.DataFrame = cursor.sql(sql, params=dict(parameters)).pl()
                return answer
        except duckdb.IOException as error:
            raise _damaged(version.path, error) from None
        finally:
            self._give_back(version)

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
            self._version.readers += 1
            return self._version

    def _give_back(self, version: "_Version") -> None:
        with self._lock:
            version.readers -= 1
            version.close_if_drained()

    def _current(self) -> "_Version":
        """The version to read, after a look at the pointer if it is time for one.

        One thread looks and opens; the others read the version that is open meanwhile.
        """
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


class _Version:
    """One version, opened; `readers` and `is_retired` are guarded by the lock of the Extract."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readers = 0
        self.is_retired = False
        # Two databases must not share a folder for what does not fit into memory.
        spill = Path(tempfile.gettempdir()) / f"extract-{uuid.uuid4()}"
        self.connection = duckdb.connect(config={"temp_directory": str(spill)})
        try:
            self.metadata = _attach(self.connection, path)
        except BaseException:
            self.connection.close()
            raise

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


def _attach(connection: duckdb.DuckDBPyConnection, path: Path) -> Metadata:
    """Attach the file, and give its tables and macros their names for all cursors."""
    views = [f"create view {table} as from published.{table};" for table in TABLES]
    try:
        connection.execute(
            f"set global timezone = 'UTC'; attach {_quoted(str(path))} as published (read_only)"
        )
        metadata = read_metadata(connection, "published.metadata")
        named = [*views, f"{statement('pools')};", _macros(metadata.promoted_keys)]
        connection.execute("\n".join(named))
    except duckdb.Error as error:
        raise _damaged(path, error) from None
    return metadata


def _macros(promoted: Sequence[str]) -> str:
    """The macros of README.md: what differs between extracts, behind names that do not."""
    held = list(zip(map(_quoted, promoted), COLUMNS, strict=False))
    row = ", ".join([*COLUMNS, "rest"])
    whens = " ".join(f"when {key} then {column}" for key, column in held)
    entries = ", ".join(f"{{ key: {key}, value: {column} }}" for key, column in held)
    present = (
        f"list_filter([{entries}]::struct(key varchar, value varchar)[],"
        " lambda entry: entry.value is not null)"
    )
    return f"""
        create macro dimension(key, {row}) as
        case key {whens or "when null then null"} else rest[key] end;
        create macro dimensions({row}) as
        map_from_entries(list_concat({present}, map_entries(rest)));
        create macro dimensions_text({row}) as
        array_to_string(
            list_transform(
                map_entries(dimensions({row})), lambda entry: entry.key || '=' || entry.value
            ),
            ', '
        );
        create macro key_value(key, customer_id, feature_id, {row}) as
        case key
            when 'customerId' then customer_id
            when 'featureId' then feature_id
            else coalesce(dimension(key, {row}), '')
        end;

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

        create macro dimension_keys({row}) as
        list_concat(list_transform({present}, lambda entry: entry.key), map_keys(rest));
    """


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _damaged(path: Path, error: duckdb.Error) -> ExtractError:
    return ExtractError(f"The extract {path} is damaged, or is none: {error}")
