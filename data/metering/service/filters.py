"""Filters of the pickers: `{field: {eq, in, iLike, …}}`, joined by `and` and `or`."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from data.metering.service.store import Row

Compare = Callable[[Any, Any], bool]
Columns = Mapping[str, str | Callable[[Row, Any], bool]]
"""A filter's field → the row's column, or the test of a filter within the filter."""


def _like(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """SQL's % and _ as a pattern over the whole text."""
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), flags | re.DOTALL)


COMPARISONS: dict[str, Compare] = {
    "eq": lambda value, wanted: bool(value == wanted),
    "neq": lambda value, wanted: bool(value != wanted),
    "in": lambda value, wanted: value in wanted,
    "notIn": lambda value, wanted: value not in wanted,
    "like": lambda value, wanted: bool(_like(wanted).fullmatch(value or "")),
    "notLike": lambda value, wanted: not _like(wanted).fullmatch(value or ""),
    "iLike": lambda value, wanted: bool(_like(wanted, re.I).fullmatch(value or "")),
    "notILike": lambda value, wanted: not _like(wanted, re.I).fullmatch(value or ""),
    "gt": lambda value, wanted: (value or "") > wanted,
    "gte": lambda value, wanted: (value or "") >= wanted,
    "lt": lambda value, wanted: (value or "") < wanted,
    "lte": lambda value, wanted: (value or "") <= wanted,
    "is": lambda value, wanted: (value is not None) == wanted,
    "isNot": lambda value, wanted: (value is None) == wanted,
}


def matches(row: Row, given: Mapping[str, Any] | None, columns: Columns) -> bool:
    """Whether a row passes. Nulls ask nothing."""
    for field, wanted in (given or {}).items():
        if wanted is None:
            continue
        if field == "and":
            passes = all(matches(row, part, columns) for part in wanted)
        elif field == "or":
            passes = any(matches(row, part, columns) for part in wanted)
        else:
            passes = _passes(row, wanted, columns[field])
        if not passes:
            return False
    return True


def _passes(row: Row, wanted: Any, column: str | Callable[[Row, Any], bool]) -> bool:
    if not isinstance(column, str):
        return column(row, wanted)
    value = row.get(column)
    asked = {name: to for name, to in wanted.items() if to is not None}
    return all(COMPARISONS[name](value, to) for name, to in asked.items())
