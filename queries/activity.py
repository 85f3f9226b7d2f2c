"""What is recorded of changes: each change, and the facts about it in the order they came."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import simplejson

from data.metering.client import Answer


class Outcome(StrEnum):
    """What is known of a change; only DONE is final."""

    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_DONE = "not done"


OPEN = (Outcome.INTENDED, Outcome.UNKNOWN)
"""It may have been made, and may not."""


@dataclass(frozen=True, slots=True)
class Change:
    """One intent, told apart by its key. `given` is JSON; `api` is where it was sent."""

    key: str
    command: str
    actor: str
    role: str
    customer_id: str | None
    subject: str | None
    summary: str
    given: str
    api: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What was found out about a change, by whose doing; `before` and `after` are JSON.

    `is_settled` marks what was found out by reading back, not from the answer.
    """

    outcome: Outcome
    actor: str
    at: datetime
    request_id: str = ""
    detail: str = ""
    before: str | None = None
    after: str | None = None
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change with the latest fact about it, which is the record's fact number `number`.

    `fact.before` is the state before the change whichever fact recorded it.
    """

    change: Change
    fact: Fact
    number: int


class Overtaken(Exception):
    """Somebody else has recorded a fact about this change in the meantime."""


class Activity(Protocol):
    """The append-only record; each method raises NotRecorded where it cannot be used."""

    def last(self, key: str) -> Recorded | None:
        """The change of this key as it stands."""
        ...

    def add(self, change: Change, fact: Fact, seen: int | None = None) -> int:
        """Add the fact, and the change with its first; the fact's number, once it is on disk.

        With `seen`, only if that is still the change's latest fact (0: it has none), or raises
        Overtaken. About a change that is DONE nothing is added: its last fact's number.
        """
        ...

    def other(self, change: Change) -> Recorded | None:
        """Another change of this kind on the same subject that was made, or may have been."""
        ...


def written(value: object) -> str:
    """JSON in which equal values are equal texts; decimals exactly, times as ISO 8601."""
    return simplejson.dumps(
        value, use_decimal=True, sort_keys=True, ensure_ascii=False, default=_iso
    )


def read(text: str) -> Any:
    """What was `written`, with exact decimals."""
    return simplejson.loads(text, use_decimal=True)


def answer_of(fact: Fact) -> Answer:
    """What the API answered, or what was read back in its place."""
    answer: Answer = read(fact.after or "{}")
    return answer


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be recorded")
