"""What the Entitlements page has at hand to draw, and how it is asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from dashboard.asking import ask
from dashboard.controls.scope import Scope
from dashboard.formats import moment
from dashboard.header import Header, read_header
from queries.entitlements import InForce, Planned, Promotions
from queries.entitlements.effect import in_force_without
from queries.question import CannotAnswer, Source


@dataclass(frozen=True, slots=True)
class Entitled:
    """All that a source tells of what one customer may use."""

    promotions: pl.DataFrame
    planned: pl.DataFrame
    in_force: pl.DataFrame

    def now(self, feature_id: str) -> dict[str, Any] | None:
        """What is in force of a feature; None is nothing."""
        return next(iter(self.in_force.filter(feature_id=feature_id).to_dicts()), None)

    def granted(self, feature_id: str) -> dict[str, Any] | None:
        """The promotion of a feature, ended or not."""
        return next(iter(self.promotions.filter(feature_id=feature_id).to_dicts()), None)

    def without(self, feature_id: str) -> Any:
        """What would be in force of a feature without its promotion; None is nothing."""
        return in_force_without(feature_id, self.promotions, self.planned, self.in_force)


@dataclass(frozen=True, slots=True)
class ShownEntitlements:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    customer_id: str
    promotions: pl.DataFrame
    entitled: Entitled | None
    """With what is in force, where the source tells it."""
    cannot: CannotAnswer | None
    status: str | None
    as_of: datetime
    header: Header

    @property
    def listed(self) -> pl.DataFrame:
        """Those that pass the filter."""
        return self.promotions.filter(status=self.status) if self.status else self.promotions

    @property
    def zone(self) -> str:
        return self.scope.zone

    @property
    def is_extract(self) -> bool:
        return self.scope.source.name == "extract"

    @property
    def title(self) -> str:
        when = moment(self.as_of, self.zone)
        return f"entitlements of {self.header.whose}, as of {when}"

    def about(self, question: str) -> dict[str, str]:
        """What an export says of itself."""
        return {
            "question": question,
            "customer": self.customer_id,
            "pool": self.scope.resource_id or "customer-level pool",
            "status": self.status or "all",
            "times": "UTC",
            "source": self.scope.source.name,
            "time of the data": moment(self.as_of, "UTC"),
        }


def collect(scope: Scope, customer_id: str, status: str | None) -> ShownEntitlements:
    """Everything the page draws; raises where a question or a source fails."""
    answer = ask(Promotions(customer_id), scope.source)
    entitled, cannot = None, None
    try:
        entitled = read_entitled(customer_id, scope.resource_id, scope.source)
    except CannotAnswer as error:
        cannot = error
    header = read_header(scope, answer)
    return ShownEntitlements(
        scope, customer_id, answer.frame, entitled, cannot, status, answer.as_of, header
    )


def read_entitled(
    customer_id: str, resource_id: str | None, source: Source, *, turn: int = 0
) -> Entitled:
    """Raises CannotAnswer where the source does not tell what is in force."""
    return Entitled(
        ask(Promotions(customer_id), source, turn=turn).frame,
        ask(Planned(customer_id, resource_id), source, turn=turn).frame,
        ask(InForce(customer_id, resource_id), source, turn=turn).frame,
    )
