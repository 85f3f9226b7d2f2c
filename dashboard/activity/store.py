"""The record of changes in an SQLite file; every call opens it anew, so threads may share it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from queries.activity import Change, Fact, Outcome, Overtaken, Recorded
from queries.command import NotRecorded
from queries.time import Span

HERE = Path(__file__).parent
VERSION = 1
LONGEST_WAIT = 10.0
"""Seconds to wait for another writer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes to list; None is all. The span is of when they were begun."""

    customer_id: str | None = None
    actor: str | None = None
    outcome: Outcome | None = None
    command: str | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A change in a list: where it stands there, when it was begun, and how it stands."""

    number: int
    begun_at: datetime
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Listing:
    """Changes, newest first; `below` is what the next page is asked with, if there is one."""

    changes: tuple[Listed, ...]
    below: int | None


class ActivityFile:
    """Implements queries.activity.Activity. Every method raises NotRecorded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self, key: str) -> Recorded | None:
        with self._opened() as file:
            return _last(file, key)

    def add(self, change: Change, fact: Fact, seen: int | None = None) -> int:
        with self._opened() as file:
            file.execute("begin immediate")
            last = _last(file, change.key)
            number = 0 if last is None else last.number
            if seen is not None and seen != number:
                raise Overtaken
            if last is not None and last.fact.outcome is Outcome.DONE:
                return number
            if last is None:
                begun = {"begun_at": _text(fact.at)}
                file.execute(_statement("add_change"), asdict(change) | begun)
            number = _add_fact(file, change.key, fact)
            file.execute("commit")
            return number

    def numbered(self, number: int) -> Listed | None:
        """One change by its place in the list."""
        with self._opened() as file:
            row = file.execute(_statement("numbered"), {"number": number}).fetchone()
            return None if row is None else _listed(row)

    def other(self, change: Change) -> Recorded | None:
        with self._opened() as file:
            row = file.execute(_statement("other"), asdict(change)).fetchone()
            return None if row is None else _recorded(row)

    def page(self, wanted: Wanted, count: int, below: int | None = None) -> Listing:
        given = {
            "customer_id": wanted.customer_id,
            "actor": wanted.actor,
            "outcome": wanted.outcome,
            "command": wanted.command,
            "begins": None if wanted.span is None else _text(wanted.span.start),
            "ends": None if wanted.span is None else _text(wanted.span.end),
            "below": below,
            "count": count + 1,
        }
        with self._opened() as file:
            rows = file.execute(_statement("page"), given).fetchall()
        shown = tuple(_listed(row) for row in rows[:count])
        return Listing(shown, shown[-1].number if len(rows) > count else None)

    def facts(self, key: str) -> list[Fact]:
        """What is known of the change, in the order it came."""
        with self._opened() as file:
            rows = file.execute(_statement("facts"), {"key": key}).fetchall()
        return [_fact(row, row["actor"]) for row in rows]

    def named(self, actor: str | None) -> dict[str, list[str]]:
        """The customers, actors and commands there are, of all changes or of one actor's."""
        with self._opened() as file:
            rows = file.execute(_statement("named"), {"actor": actor}).fetchall()
        kinds = ("customer_id", "actor", "command")
        return {kind: [row["name"] for row in rows if row["kind"] == kind] for kind in kinds}

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A connection without a transaction; what is not committed at its end never was."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(
                sqlite3.connect(self.path, timeout=LONGEST_WAIT, isolation_level=None)
            ) as file:
                _prepare(file)
                yield file
        except (sqlite3.Error, OSError) as error:
            raise NotRecorded(
                f"The record of changes, {self.path}, cannot be used: {error}. "
                "No change is made without it. ACTIVITY says where it lies."
            ) from error


def _prepare(file: sqlite3.Connection) -> None:
    file.row_factory = sqlite3.Row
    file.execute("pragma synchronous = full")
    file.execute("pragma foreign_keys = on")
    (version,) = file.execute("pragma user_version").fetchone()
    if version == 0:
        _create(file)
    elif version != VERSION:
        raise sqlite3.DatabaseError(f"it is of version {version}, and this app reads {VERSION}")


def _create(file: sqlite3.Connection) -> None:
    """Lay out a new file, once however many open it at the same time."""
    file.execute("pragma journal_mode = wal")
    file.execute("begin exclusive")
    (version,) = file.execute("pragma user_version").fetchone()
    if version == 0:
        for statement in _statements(_statement("schema")):
            file.execute(statement)
        file.execute(f"pragma user_version = {VERSION}")
    file.execute("commit")


def _statements(script: str) -> Iterator[str]:
    """One by one: `executescript` would end the transaction."""
    lines: list[str] = []
    for line in script.splitlines():
        lines.append(line)
        if sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines = []


@cache
def _statement(name: str) -> str:
    return (HERE / f"{name}.sql").read_text()


def _last(file: sqlite3.Connection, key: str) -> Recorded | None:
    row = file.execute(_statement("last"), {"key": key}).fetchone()
    return None if row is None else _recorded(row)


def _add_fact(file: sqlite3.Connection, key: str, fact: Fact) -> int:
    given: Mapping[str, Any] = {
        "key": key,
        "outcome": fact.outcome.value,
        "actor": fact.actor,
        "at": _text(fact.at),
        "request_id": fact.request_id,
        "detail": fact.detail,
        "state_before": fact.before,
        "state_after": fact.after,
        "is_settled": int(fact.is_settled),
    }
    number = file.execute(_statement("add_fact"), given).lastrowid
    assert number is not None
    return number


def _listed(row: sqlite3.Row) -> Listed:
    return Listed(row["number"], _time(row["begun_at"]), _recorded(row))


def _recorded(row: sqlite3.Row) -> Recorded:
    change = Change(
        row["key"],
        row["command"],
        row["actor"],
        row["role"],
        row["customer_id"],
        row["subject"],
        row["summary"],
        row["given"],
        row["api"],
    )
    return Recorded(change, _fact(row, row["fact_actor"]), row["fact_number"])


def _fact(row: sqlite3.Row, actor: str) -> Fact:
    return Fact(
        Outcome(row["outcome"]),
        actor,
        _time(row["at"]),
        row["request_id"],
        row["detail"],
        row["state_before"],
        row["state_after"],
        bool(row["is_settled"]),
    )


def _text(at: datetime) -> str:
    """So that the order of texts is that of times."""
    return at.isoformat(sep=" ", timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
