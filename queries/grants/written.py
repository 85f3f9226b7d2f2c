"""A grant as people write it: the texts of a form, or of a row of a file, read into a command."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from data.credits.grants import DEFAULT_PRIORITY
from queries.grants.commands import CreateGrant
from queries.question import QuestionError
from queries.time import EARLIEST, LATEST

REQUIRED = {
    "customer_id": "A customer id",
    "currency_id": "A currency id",
    "grant_type": "A type",
    "display_name": "A name",
    "amount": "An amount",
}
"""column → what is missing where its text is empty"""
OPTIONAL = (
    "resource_id", "cost", "cost_currency", "priority", "effective_at", "expire_at", "comment",
)  # fmt: skip
NUMBER, WHOLE = re.compile(r"[+-]?\d+(\.\d+)?"), re.compile(r"[+-]?\d+")

Cells = Mapping[str, str]
"""column → text; a column that may be left out may be missing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`column` is empty where the columns contradict each other."""

    column: str
    sentence: str
    is_missing: bool = False


def read_grant(cells: Cells, key: str) -> tuple[CreateGrant | None, tuple[Problem, ...]]:
    """(the command of that key, or None; everything that is wrong with the texts)."""
    texts = {column: cells.get(column, "").strip() for column in (*REQUIRED, *OPTIONAL)}
    problems = [
        Problem(column, f"{what} is missing.", is_missing=True)
        for column, what in REQUIRED.items()
        if not texts[column]
    ]
    read: dict[str, Any] = {}
    for column, text in texts.items():
        try:
            read[column] = READERS[column](text) if text else DEFAULTS.get(column)
        except QuestionError as error:
            problems.append(Problem(column, str(error)))
    if problems:
        return None, tuple(problems)
    try:
        return CreateGrant(**read, key=key), ()
    except QuestionError as error:
        return None, (Problem("", str(error)),)


def plain_number(text: str) -> Decimal:
    """Digits with a decimal point; raises QuestionError for anything that could be misread."""
    if not NUMBER.fullmatch(text) or not text.isascii():
        raise QuestionError(
            f"{text!r} is not a plain number such as 1234.5, without thousands separators."
        )
    return Decimal(text)


def utc_time(text: str) -> datetime:
    """Naive UTC of an ISO 8601 date or time; one without a zone is UTC, a day its beginning."""
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        raise QuestionError(
            f"{text!r} is not a date such as 2026-05-31 or 2026-05-31T14:30+02:00; without a zone "
            "it is UTC."
        ) from None
    if not EARLIEST <= at < LATEST:
        raise QuestionError(
            f"{text!r} is out of range: from {EARLIEST.year} to {LATEST.year - 1} is possible."
        )
    return at


def _priority(text: str) -> int:
    if not WHOLE.fullmatch(text) or not text.isascii():
        raise QuestionError(
            f"{text!r} is no priority: it is a whole number from 0 to 100, lower burns first."
        )
    return int(text)


READERS: dict[str, Callable[[str], object]] = {
    "customer_id": str,
    "currency_id": str,
    "grant_type": str.upper,
    "display_name": str,
    "amount": plain_number,
    "resource_id": str,
    "cost": plain_number,
    "cost_currency": str.upper,
    "priority": _priority,
    "effective_at": utc_time,
    "expire_at": utc_time,
    "comment": str,
}
DEFAULTS: dict[str, object] = {
    "cost": Decimal(0), "cost_currency": "USD", "priority": DEFAULT_PRIORITY,
}  # fmt: skip
