"""A grant as people write it: the texts of a form, or of a row of a file, read into a command."""

import re
from decimal import Decimal

from data.credits.grants import DEFAULT_PRIORITY
from queries.grants.commands import CreateGrant
from queries.question import QuestionError
from queries.written import Cells, Problem, Readers, plain_number, read_cells, utc_time

REQUIRED = {
    "customer_id": "A customer id",
    "currency_id": "A currency id",
    "grant_type": "A type",
    "display_name": "A name",
    "amount": "An amount",
}
"""column → what is missing where its text is empty"""
WHOLE = re.compile(r"[+-]?\d+")


def read_grant(cells: Cells, key: str) -> tuple[CreateGrant | None, tuple[Problem, ...]]:
    """(the command of that key, or None; everything that is wrong with the texts)."""
    read, problems = read_cells(cells, REQUIRED, READERS, DEFAULTS)
    if problems:
        return None, problems
    try:
        return CreateGrant(**read, key=key), ()
    except QuestionError as error:
        return None, (Problem("", str(error)),)


def _priority(text: str) -> int:
    if not WHOLE.fullmatch(text) or not text.isascii():
        raise QuestionError(
            f"{text!r} is no priority: it is a whole number from 0 to 100, lower burns first."
        )
    return int(text)


READERS: Readers = {
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
