"""The idempotency key that the app makes for a report: it goes with the report's contents."""

import re
from dataclasses import replace

from queries.activity import written
from queries.command import new_key
from queries.files import key_of
from queries.reports.bulk import Report

MADE = re.compile(r"app-[0-9a-f]{12}-(?P<mark>[0-9a-f]{12})")
NONE_YET = "to be made"
"""Stands in a report whose key is still to be made."""


def keyed(report: Report) -> Report:
    """The report under its own key, or under one made anew where it has none for its contents.

    A key that the app made for other contents would have these taken for a repeat. One of the
    reader's own stays, and so does one made for the same contents: then it is a repeat.
    """
    mark = _mark(report)
    made = MADE.fullmatch(report.idempotency_key)
    if report.idempotency_key != NONE_YET and (made is None or made["mark"] == mark):
        return report
    return replace(report, idempotency_key=f"app-{new_key()[:12]}-{mark}")


def is_made(key: str) -> bool:
    """Whether the app made it, so that it stands for the contents that it came with."""
    return MADE.fullmatch(key) is not None


def _mark(report: Report) -> str:
    contents = report.wire()
    del contents["idempotencyKey"]
    return key_of(written(contents))[:12]
