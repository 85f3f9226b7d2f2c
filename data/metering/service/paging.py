"""Relay connections: pages forward and backward, by cursors that name the row they stand at.

A cursor is the sort values of its row, so that it holds while rows come and go around it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import simplejson

from data.metering.service.faults import Fault, bad_input
from data.metering.service.store import Row

LARGEST_PAGE = 100

Place = list[Any]
"""A row's sort values as JSON has them."""


class By(NamedTuple):
    """One column to sort by; nulls are the lowest unless told. An order ends in a unique one."""

    column: str
    descending: bool = False
    nulls_last: bool | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    """A page asked for: `count` rows after or before a place, from the end when `backward`."""

    order: Sequence[By]
    count: int
    after: Place | None
    before: Place | None
    backward: bool


def paging(given: Mapping[str, Any] | None, order: Sequence[By], *, default: int) -> Paging:
    """Read a CursorPaging; raises BadUserInput for sizes out of 1 to 100 and foreign cursors."""
    given = given or {}
    backward = given.get("last") is not None
    if backward and given.get("first") is not None:
        raise bad_input("Give either first or last, not both.")
    count = given["last"] if backward else given.get("first")
    count = default if count is None else count
    if not 1 <= count <= LARGEST_PAGE:
        raise bad_input(f"A page of {count} was asked for; 1 to {LARGEST_PAGE} are allowed.")
    after, before = (_place(given.get(side), order) for side in ("after", "before"))
    return Paging(order, count, after, before, backward)


def cursor(row: Row, order: Sequence[By]) -> str:
    place = simplejson.dumps([_value(row[by.column]) for by in order], use_decimal=True)
    return urlsafe_b64encode(place.encode()).decode()


def page_of(rows: Iterable[Row], page: Paging) -> tuple[list[Row], bool, bool]:
    """(rows, has next, has previous) of a list that is at hand whole, in any order."""
    ordered = list(rows)
    for by in reversed(page.order):
        ordered.sort(key=lambda row, by=by: _rank(row[by.column], by), reverse=by.descending)  # type: ignore[misc]  # mypy cannot infer a lambda that has a default
    start, end = 0, len(ordered)
    if page.after is not None:
        start = bisect_right(ordered, 0, key=_distance(page.after, page.order))
    if page.before is not None:
        end = bisect_left(ordered, 0, key=_distance(page.before, page.order))
    if page.backward:
        start = max(start, end - page.count)
    else:
        end = min(end, start + page.count)
    return ordered[start:end], end < len(ordered), start > 0


def connection(rows: Sequence[Row], page: Paging, node: Callable[[Row], Row]) -> Row:
    """A connection over a list that is at hand whole."""
    chosen, has_next, has_previous = page_of(rows, page)
    return {
        "edges": [{"cursor": cursor(row, page.order), "node": node(row)} for row in chosen],
        "pageInfo": page_info(chosen, page, has_next, has_previous),
        "totalCount": len(rows),
    }


def page_info(rows: Sequence[Row], page: Paging, has_next: bool, has_previous: bool) -> Row:
    return {
        "startCursor": cursor(rows[0], page.order) if rows else None,
        "endCursor": cursor(rows[-1], page.order) if rows else None,
        "hasNextPage": has_next,
        "hasPreviousPage": has_previous,
    }


def foreign(given: object) -> Fault:
    return bad_input(f"{given!r} is not a cursor of this list.")


def _place(given: object, order: Sequence[By]) -> Place | None:
    if not given:
        return None
    try:
        place = simplejson.loads(urlsafe_b64decode(str(given)), use_decimal=True)
    except (ValueError, RecursionError):
        raise foreign(given) from None
    if not isinstance(place, list) or len(place) != len(order):
        raise foreign(given)
    return place


def _distance(place: Place, order: Sequence[By]) -> Callable[[Row], int]:
    """Below 0 for rows before the place, 0 for the row at it, above 0 for rows after it."""

    def distance(row: Row) -> int:
        for by, there in zip(order, place, strict=True):
            here, goal = _rank(row[by.column], by), _rank(there, by)
            try:
                if here != goal:
                    return 1 if (here > goal) != by.descending else -1
            except TypeError:
                raise foreign(place) from None
        return 0

    return distance


def _rank(value: object, by: By) -> tuple[bool, Any]:
    nulls_last = by.descending if by.nulls_last is None else by.nulls_last
    return (value is None) == (nulls_last != by.descending), _value(value)


def _value(value: object) -> object:
    """Times as text that sorts as they do."""
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value
