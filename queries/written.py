"""What people write: the texts of a form, or of a row of a file, read into values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from queries.question import QuestionError
from queries.time import EARLIEST, LATEST

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")

Cells = Mapping[str, str]
"""column → text; a column that may be left out may be missing."""
Readers = Mapping[str, Callable[[str], object]]
"""column → what reads its text; raises QuestionError"""


@dataclass(frozen=True, slots=True)
class Problem:
    """`column` is empty where the columns contradict each other."""

    column: str
    sentence: str
    is_missing: bool = False


def read_cells(
    cells: Cells, required: Mapping[str, str], readers: Readers, defaults: Mapping[str, object]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """(each column's value; everything that is wrong with the texts).

    `required` names what is missing where its text is empty; any other empty text is its default,
    or None.
    """
    texts = {column: cells.get(column, "").strip() for column in readers}
    problems = [
        Problem(column, f"{what} is missing.", is_missing=True)
        for column, what in required.items()
        if not texts[column]
    ]
    read: dict[str, Any] = {}
    for column, text in texts.items():
        try:
            read[column] = readers[column](text) if text else defaults.get(column)
        except QuestionError as error:
            problems.append(Problem(column, str(error)))
    return read, tuple(problems)


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
