"""What the Auto-recharge page has at hand to draw, and how it is asked for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from dashboard.asking import ask
from dashboard.controls.scope import Scope
from dashboard.formats import moment
from dashboard.header import Header, read_header
from queries.grants import Grants
from queries.question import Answer, QuestionError
from queries.recharge import Recharge, RechargeLimits
from queries.recharge.terms import Limits, Price, Terms, limits_of, price_of, terms_of


@dataclass(frozen=True, slots=True)
class ShownRecharge:
    """All that the page draws, at hand: it stays on the screen when the next answer fails."""

    scope: Scope
    customer_id: str
    answer: Answer
    """The settings, as `Recharge` answers."""
    limits: Limits
    grants: pl.DataFrame
    """As `Grants` answers."""
    header: Header

    @property
    def terms(self) -> Terms | None:
        return terms_of(self.answer.frame)

    @property
    def is_on(self) -> bool:
        return bool(self.answer.frame["is_enabled"].any())

    @property
    def spent(self) -> Decimal:
        """This month's, in US dollars."""
        return Decimal(self.answer.frame["current_monthly_spend"].sum())

    @property
    def changed_at(self) -> datetime | None:
        """When the settings were last changed, wherever that was."""
        changed: datetime | None = self.answer.frame["updated_at"].max()  # type: ignore[assignment]  # a column of times
        return changed

    @property
    def price(self) -> Price | None:
        return price_of(self.limits, self.grants)

    @property
    def balance(self) -> Decimal:
        return self.header.balance or Decimal(0)

    @property
    def currency_id(self) -> str:
        return self.scope.currency.currency_id

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
    def title(self) -> str:
        at = moment(self.answer.as_of, self.zone)
        return f"the auto-recharge of {self.header.whose}, as of {at}"

    def about(self, question: str) -> dict[str, str]:
        """What an export says of itself."""
        return {
            "question": question,
            "customer": self.customer_id,
            "pool": "customer-level pool",
            "currency": self.currency_id,
            "times": "UTC",
            "source": self.answer.source,
            "time of the data": moment(self.answer.as_of, "UTC"),
        }


def collect(scope: Scope, customer_id: str) -> ShownRecharge:
    """Everything but the rehearsal; raises where a question or a source fails."""
    if scope.resource_id is not None:
        raise QuestionError(
            f"Auto-recharge is set for the customer-level pool; that of {scope.resource_id!r} has "
            "none in the metering API. Choose the customer-level pool above."
        )
    currency_id = scope.currency.currency_id
    answer = ask(Recharge(customer_id, currency_id), scope.source)
    limits = limits_of(ask(RechargeLimits(customer_id, currency_id), scope.source).frame)
    grants = ask(Grants(customer_id, currency_id), scope.source).frame
    return ShownRecharge(scope, customer_id, answer, limits, grants, read_header(scope, answer))
