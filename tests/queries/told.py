"""A company of random histories, and the two sources that tell it."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from data.credits.grants import Grant
from data.credits.pool import Pool, Posting
from data.tables import Tables
from queries.question import Extracted, Live

Turn = tuple[str, str | None]
"""The grant that paid, and the one that would have paid in its place."""


class WatchedPool(Pool):
    """A pool that notes at each payment whose turn it was, and whose it would have been."""

    turns: ClassVar[dict[str, list[Turn]]] = defaultdict(list)
    """pool name → its payments, in the order in which they were written"""

    def _consume(self, grant: Grant, part: Decimal, at: datetime) -> Posting:
        others = (g for g in self._open if g.covers(at) and g.remaining and g is not grant)
        self.turns[self.name].append((grant.grant_id, next((g.grant_id for g in others), None)))
        return super()._consume(grant, part, at)


@dataclass(frozen=True)
class Told:
    tables: Tables
    live: Live
    extracted: Extracted
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    """`WatchedPool.turns`"""
