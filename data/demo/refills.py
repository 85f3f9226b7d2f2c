"""Rules that buy credits when a pool runs low: by hand, or by auto-recharge."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from data.credits.grants import NONE
from data.demo.planned import PlannedGrant, cost_of, paid
from data.demo.situations import month_of

YEAR = timedelta(days=365)
RECHARGE = "Auto-recharge"


class Refill(Protocol):
    """A rule that may buy a grant once the balance is below its threshold."""

    @property
    def threshold(self) -> Decimal: ...

    def buy(self, balance: Decimal, at: datetime, /) -> PlannedGrant | None: ...


@dataclass(frozen=True, slots=True)
class TopUp:
    """The same amount bought again by hand, until the customer stops."""

    currency_id: str
    threshold: Decimal
    amount: Decimal
    lasts: timedelta | None = None
    until: datetime | None = None

    def buy(self, _: Decimal, at: datetime, /) -> PlannedGrant | None:
        """The next lot, however far below the threshold the balance is."""
        return self.lot(at) if self.until is None or at < self.until else None

    def lot(self, at: datetime) -> PlannedGrant:
        """One purchase."""
        return paid("Top-up", self.amount, self.currency_id, at, self.lasts)


@dataclass(slots=True)
class AutoRecharge:
    """Buys up to `target` at once; a recharge that would pass the monthly `cap` switches it off."""

    customer_id: str
    currency_id: str
    threshold: Decimal
    target: Decimal
    cap: Decimal | None
    created_at: datetime
    month: datetime | None = None
    spend: Decimal = NONE
    is_enabled: bool = True
    stopped_at: datetime | None = None

    def buy(self, balance: Decimal, at: datetime, /) -> PlannedGrant | None:
        """The recharge, or None where it is switched off or would pass the cap."""
        self.turn_month(at)
        amount = self.target - balance
        cost = cost_of(amount, self.currency_id)
        if self.is_enabled and self.cap is not None and self.spend + cost > self.cap:
            self.is_enabled, self.stopped_at = False, at
        if not self.is_enabled:
            return None
        self.spend += cost
        return paid(RECHARGE, amount, self.currency_id, at, YEAR)

    def turn_month(self, at: datetime) -> None:
        """A new month starts with no spend; what the cap has stopped stays switched off."""
        if self.month is None or month_of(at) > self.month:
            self.month, self.spend = month_of(at), NONE

    def settings(self, now: datetime) -> dict[str, object]:
        """The rule as a row of `recharge_settings`."""
        self.turn_month(now)
        return {
            "customer_id": self.customer_id,
            "currency_id": self.currency_id,
            "is_enabled": self.is_enabled,
            "threshold_type": "CreditAmount",
            "threshold_value": self.threshold,
            "target_balance": self.target,
            "max_spend_limit": self.cap,
            "grant_expiration_period": "OneYear",
            "current_monthly_spend": self.spend,
            "created_at": self.created_at,
            "updated_at": self.stopped_at or self.created_at,
        }
