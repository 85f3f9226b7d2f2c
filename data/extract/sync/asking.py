"""Asking a metering API for a sync: within its rate limits, and through its times of refusal."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from threading import Event, Lock
from typing import Any, TypeVar

from data.metering.client import Answer, MeteringClient, walk_pages
from data.metering.errors import BrokenAnswer, MeteringError, RateLimited

T = TypeVar("T")

LIMITS = {"subscriptions": 1500}
"""Calls a minute, of the operations that are asked here and have a documented limit."""
UNDOCUMENTED = 250
"""Calls a minute of every other operation: the lowest limit that is documented for any."""
MINUTE = 60.0
MOST_REFUSALS = 10
"""So many times in a row a call may be refused as one too many, before that is given up."""


class Bucket:
    """Lets calls begin, never more than `limit` in any minute, whichever thread makes them.

    A tenth of them may begin at once; the others flow in evenly.
    """

    def __init__(
        self, limit: int, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._size = max(1.0, limit / 10)
        self._per_second = (limit - self._size) / MINUTE
        self._held = self._size
        self._clock = clock
        self._sleep = sleep
        self._at = clock()
        self._taking = Lock()

    def take(self) -> None:
        """Wait until a call may begin, behind those that wait already."""
        with self._taking:
            now = self._clock()
            self._held = min(self._size, self._held + (now - self._at) * self._per_second)
            self._at = now
            if self._held < 1:
                self._sleep((1 - self._held) / self._per_second)
                self._held, self._at = 1, self._clock()
            self._held -= 1


class Asker:
    """Asks one metering API, each operation by the name of its root, and counts the `calls`.

    `limits` are calls a minute by operation; None asks as fast as it is answered. `clock` and
    `sleep` are in seconds; without a `sleep` of its own it wakes when it is stopped. Safe to share
    between threads.
    """

    def __init__(
        self,
        client: MeteringClient,
        limits: Mapping[str, int] | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.clock = clock
        self._client = client
        self._limits = limits
        self._stopped = Event()
        self._sleep = sleep or self._stopped.wait
        self._buckets: dict[str, Bucket] = {}
        self._counting = Lock()

    def stop(self) -> None:
        """Let no more calls begin, in any thread: each raises MeteringError."""
        self._stopped.set()

    def ask(self, root: str, variables: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        """What `read` makes of the answer under `root`; raises MeteringError."""
        answer = self._ask(root, variables)
        with _understood(root):
            return read(answer[root])

    def nodes(
        self, root: str, variables: Mapping[str, Any], read: Callable[[Answer], T]
    ) -> list[T]:
        """What `read` makes of each node of a connection; raises MeteringError."""
        pages = self.pages(root, variables, lambda page: [read(e["node"]) for e in page["edges"]])
        return [row for rows in pages for row in rows]

    def pages(
        self, root: str, variables: Mapping[str, Any], read: Callable[[Answer], T]
    ) -> Iterator[T]:
        """What `read` makes of each page of a list, the next asked for when one was taken."""
        with _understood(root):
            for page in walk_pages(partial(self._ask, root), variables, root):
                yield read(page)

    def _ask(self, root: str, variables: Mapping[str, Any]) -> Answer:
        for refused in range(MOST_REFUSALS):
            self._wait(root)
            if self._stopped.is_set():
                raise MeteringError("The sync was stopped.")
            with self._counting:
                self.calls[root] += 1
            try:
                return self._client.ask(_document(root), variables)
            except RateLimited as error:
                if refused + 1 == MOST_REFUSALS:
                    raise
                self._sleep(MINUTE if error.wait is None else error.wait)
        raise AssertionError("unreachable: the last refusal is raised")

    def _wait(self, root: str) -> None:
        if self._limits is None:
            return
        with self._counting:
            if root not in self._buckets:
                limit = self._limits.get(root, UNDOCUMENTED)
                self._buckets[root] = Bucket(limit, self.clock, self._sleep)
        self._buckets[root].take()


@contextmanager
def _understood(root: str) -> Iterator[None]:
    """Turn what is missing in an answer, or not what it must be, into a sentence."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise BrokenAnswer(
            f"The metering API's answer to {root} is not what it is documented to be "
            f"({type(error).__name__}: {error})."
        ) from None


@cache
def _document(root: str) -> str:
    return (Path(__file__).parent / f"{root}.graphql").read_text()
