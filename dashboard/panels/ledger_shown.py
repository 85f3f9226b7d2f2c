"""What the Ledger page has at hand to draw."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dashboard.controls.ledger import TYPES
from dashboard.controls.scope import Scope
from dashboard.formats import moment
from dashboard.header import Header
from queries.ledger import LedgerPage
from queries.question import Answer


@dataclass(frozen=True, slots=True)
class ShownLedger:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    question: LedgerPage
    answer: Answer
    grants: pl.DataFrame
    names: Mapping[str, str]
    """feature_id → display name"""
    header: Header
    can_extract: bool
    """Whether the extract could be asked too."""

    @property
    def unit(self) -> str:
        return self.scope.currency.unit

    @property
    def zone(self) -> str:
        return self.scope.zone

    @property
    def title(self) -> str:
        return f"ledger of {self.header.whose}, as of {moment(self.answer.as_of, self.zone)}"

    @property
    def grant_names(self) -> dict[str, str]:
        rows = self.grants.select("grant_id", "display_name").iter_rows()
        return {grant_id: f"{name} ({grant_id})" for grant_id, name in rows}

    def about(self) -> dict[str, str]:
        """What an export says of itself."""
        asked, span = self.question, self.question.span
        return {
            "question": "ledger",
            "customer": asked.customer_id,
            "pool": asked.resource_id or "customer-level pool",
            "currency": asked.currency_id,
            "type": ", ".join(TYPES[kind] for kind in asked.types) or "all",
            "grant": asked.grant_id or "all",
            "feature": asked.feature_id or "all",
            "event": asked.event_id or "all",
            "from": moment(span.start, self.zone) if span else "the first row",
            "to (exclusive)": moment(span.end, self.zone) if span else "the last row",
            "times": "UTC",
            "source": self.answer.source,
            "time of the data": moment(self.answer.as_of, "UTC"),
        }
