"""What is heard of a pool's optimistic balance, and how it stands to the settled one."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class News:
    """One word of a pool's optimistic balance, from an answer to a report or to a question."""

    at: datetime
    granted: Decimal
    consumed: Decimal

    @property
    def balance(self) -> Decimal:
        return self.granted - self.consumed


def newest(known: News | None, heard: News | None) -> News | None:
    """Last write wins on the credit timestamp; older news are ignored, however late they come."""
    if known is None or heard is None:
        return known or heard
    return known if heard.at < known.at else heard


@dataclass(frozen=True, slots=True)
class Standing:
    """The optimistic balance beside the settled one."""

    news: News
    settled: Decimal

    @property
    def waiting(self) -> Decimal:
        """Credits that settling is still to move; negative where it is to take them."""
        return self.news.balance - self.settled

    @property
    def is_settled(self) -> bool:
        return not self.waiting
