"""Relay connections: opaque cursors, pages forward and backward."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.metering.service.faults import bad_input
from data.metering.service.store import Row

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Paging:
    """A page asked for: `count` items after or before a position, from the end when `backward`."""

    count: int
    after: int | None
    before: int | None
    backward: bool


def paging(given: Mapping[str, Any] | None, *, default: int) -> Paging:
    """Read a CursorPaging; raises BadUserInput for sizes out of 1 to 100 and foreign cursors."""
    given = given or {}
    backward = given.get("last") is not None
    if backward and given.get("first") is not None:
        raise bad_input("Give either first or last, not both.")
    count = given["last"] if backward else given.get("first")
    count = default if count is None else count
    if not 1 <= count <= LARGEST_PAGE:
        raise bad_input(f"A page of {count} was asked for; 1 to {LARGEST_PAGE} are allowed.")
    return Paging(count, _position(given.get("after")), _position(given.get("before")), backward)


def cursor(position: int) -> str:
    return urlsafe_b64encode(str(position).encode()).decode()


def page_of(items: Sequence[Row], page: Paging) -> tuple[list[Row], list[int], bool, bool]:
    """(items, positions, has next, has previous) of a list that is at hand whole."""
    start = 0 if page.after is None else page.after + 1
    end = len(items) if page.before is None else min(page.before, len(items))
    if page.backward:
        start = max(start, end - page.count)
    else:
        end = min(end, start + page.count)
    chosen = range(start, max(start, end))
    return [items[i] for i in chosen], list(chosen), end < len(items), start > 0


def connection(items: Sequence[Row], page: Paging, node: Callable[[Row], Row] | None = None) -> Row:
    """A connection over a list that is at hand whole."""
    chosen, positions, has_next, has_previous = page_of(items, page)
    return {
        "edges": [
            {"cursor": cursor(position), "node": node(item) if node else item}
            for item, position in zip(chosen, positions, strict=True)
        ],
        "pageInfo": page_info(positions, has_next, has_previous),
        "totalCount": len(items),
    }


def page_info(positions: Sequence[int], has_next: bool, has_previous: bool) -> Row:
    return {
        "startCursor": cursor(positions[0]) if positions else None,
        "endCursor": cursor(positions[-1]) if positions else None,
        "hasNextPage": has_next,
        "hasPreviousPage": has_previous,
    }


def _position(given: object) -> int | None:
    if not given:
        return None
    try:
        position = int(urlsafe_b64decode(str(given)))
    except (ValueError, Base64Error):
        position = -1
    if not 0 <= position < 2**63:
        raise bad_input(f"{given!r} is not a cursor of this list.")
    return position
