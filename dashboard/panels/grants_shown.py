"""What the Grants page has at hand to draw, and how it is asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from dashboard.asking import ask
from dashboard.controls.grants import STATUSES, TYPES
from dashboard.controls.scope import Scope
from dashboard.formats import moment
from dashboard.header import Header, read_header
from queries.grants import Grants
from queries.grants.terms import with_terms
from queries.question import Answer


@dataclass(frozen=True, slots=True)
class ShownGrants:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    question: Grants
    answer: Answer
    grants: pl.DataFrame
    """As `with_terms` tells them, every one of the pool."""
    status: str | None
    grant_type: str | None
    header: Header

    @property
    def listed(self) -> pl.DataFrame:
        """Those that pass the filters."""
        wanted = {"status": self.status, "grant_type": self.grant_type}
        return self.grants.filter(**{name: value for name, value in wanted.items() if value})

    @property
    def unit(self) -> str:
        return self.scope.currency.unit

    @property
    def zone(self) -> str:
        return self.scope.zone

    @property
    def is_extract(self) -> bool:
        return self.scope.source.name == "extract"

    @property
    def as_of(self) -> datetime:
        return self.answer.as_of

    @property
    def title(self) -> str:
        return f"grants of {self.header.whose}, as of {moment(self.as_of, self.zone)}"

    def named(self, grant_id: str) -> dict[str, Any] | None:
        """The grant's row, whatever the filters."""
        rows = self.grants.filter(grant_id=grant_id).to_dicts()
        return rows[0] if rows else None

    def about(self) -> dict[str, str]:
        """What an export says of itself."""
        asked = self.question
        return {
            "question": "grants",
            "customer": asked.customer_id,
            "pool": asked.resource_id or "customer-level pool",
            "currency": asked.currency_id,
            "status": STATUSES.get(self.status or "", "all"),
            "type": TYPES.get(self.grant_type or "", "all"),
            "times": "UTC",
            "source": self.answer.source,
            "time of the data": moment(self.as_of, "UTC"),
        }


def collect(
    scope: Scope, customer_id: str, status: str | None, grant_type: str | None
) -> ShownGrants:
    """Everything the page draws; raises where a question or a source fails."""
    question = Grants(customer_id, scope.currency.currency_id, scope.resource_id)
    answer = ask(question, scope.source)
    header = read_header(scope, answer)
    grants = with_terms(answer.frame)
    return ShownGrants(scope, question, answer, grants, status, grant_type, header)
