"""Searching while the reader types."""

from dashboard.controls.key_picker import Found, Search
from dashboard.failures import EXPECTED


def while_typing(search: Search) -> Search:
    """The same search, except that a source which fails on typed text finds nothing.

    The list of a picker is no place for a failure; the page says it at its next run, when the
    beginning of the list is asked for.
    """

    def searched(text: str) -> Found:
        try:
            return search(text)
        except EXPECTED:
            if not text:
                raise
            return Found((), is_complete=False)

    return searched
