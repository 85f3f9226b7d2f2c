"""How long a query may take, and whether anybody still waits for its answer."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import duckdb

from data.extract.errors import ExtractError

LOOK_SECONDS = 0.1
UNWANTED = "Nobody waits for this answer any more, so it was not worked out."

_is_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("is_wanted", default=None)


@contextmanager
def while_wanted(is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Give up the queries made within, in this thread, soon after `is_wanted` says no.

    It is called from another thread, ten times a second.
    """
    token = _is_wanted.set(is_wanted)
    try:
        yield
    finally:
        _is_wanted.reset(token)


@contextmanager
def watched(connection: duckdb.DuckDBPyConnection, most_seconds: float) -> Iterator[None]:
    """Run one query within; raises ExtractError if it takes too long or is not wanted any more."""
    is_wanted = _is_wanted.get()
    deadline = time.monotonic() + most_seconds
    ended = threading.Event()
    reasons: list[str] = []

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            if is_wanted is not None and not is_wanted():
                reasons.append(UNWANTED)
            elif time.monotonic() >= deadline:
                reasons.append(_too_long(most_seconds))
            if reasons:
                connection.interrupt()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except duckdb.InterruptException:
        raise ExtractError(*reasons) from None
    finally:
        ended.set()
        watcher.join()


def _too_long(most_seconds: float) -> str:
    return (
        f"The extract did not answer within {most_seconds:g} seconds. Ask for a shorter period, "
        "one customer or fewer keys."
    )
