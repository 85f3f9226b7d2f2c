"""Auto-recharge: when a pool buys credits by itself, how many, and what it may spend."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Context, Decimal
from enum import StrEnum

from data.credits.amounts import CREDIT_STEP, CREDITS_LIMIT, PRECISION
from data.credits.grants import NONE
from data.credits.months import add_months

CENT = Decimal("0.01")
MOST = CREDITS_LIMIT - CREDIT_STEP
"""The largest amount that a grant can have."""
UPWARD = Context(prec=PRECISION.prec, rounding=ROUND_CEILING)


class ThresholdType(StrEnum):
    """What the threshold counts; values as the metering API spells them."""

    CREDITS = "CreditAmount"
    DOLLARS = "DollarAmount"


class Expiration(StrEnum):
    """How long bought credits last; values as the metering API spells them."""

    MONTH = "OneMonth"
    YEAR = "OneYear"


def unit_price(cost: Decimal, amount: Decimal) -> Decimal:
    """The shortest price of a credit at which that many cost just that, to the cent.

    A cost is rounded to cents, so cost ÷ amount is seldom the price that was asked. Up to 12
    decimals.
    """
    exact = PRECISION.divide(cost, amount)
    for decimals in range(13):
        price = exact.quantize(Decimal(1).scaleb(-decimals), context=PRECISION)
        if PRECISION.multiply(price, amount).quantize(CENT, context=PRECISION) == cost:
            break
    return price


@dataclass(frozen=True, slots=True)
class RechargeRule:
    """An enabled rule (contract, section 3): below the threshold, buy up to the target.

    Credits in credits, `unit_price` in US dollars a credit, `monthly_cap` in US dollars a
    calendar month of UTC. A purchase that would pass the cap is not made.
    """

    threshold: Decimal
    target: Decimal
    unit_price: Decimal
    threshold_type: ThresholdType = ThresholdType.CREDITS
    monthly_cap: Decimal | None = None
    expiration: Expiration = Expiration.YEAR
    least_amount: Decimal = NONE

    def floor(self) -> Decimal:
        """The least balance, to 6 decimals, at which nothing is bought."""
        if self.threshold_type is ThresholdType.CREDITS:
            return min(self.threshold, self.target)
        if self.unit_price * self.target <= self.threshold:
            return self.target
        worth = UPWARD.divide(self.threshold, self.unit_price)
        return worth.quantize(CREDIT_STEP, context=UPWARD)

    def amount(self, balance: Decimal) -> Decimal:
        """Credits to buy at a balance below the floor: at least `least_amount`, at most MOST."""
        return min(max(self.target - balance, self.least_amount), MOST)

    def cost(self, amount: Decimal) -> Decimal:
        """US dollars for so many credits, rounded half away from zero to cents."""
        return PRECISION.multiply(amount, self.unit_price).quantize(CENT, context=PRECISION)

    def fits(self, cost: Decimal, spent: Decimal) -> bool:
        """Whether a purchase stays within the month's cap, and its cost within what can be kept."""
        return cost <= MOST and (self.monthly_cap is None or spent + cost <= self.monthly_cap)

    def expires(self, bought_at: datetime) -> datetime:
        return add_months(bought_at, 1 if self.expiration is Expiration.MONTH else 12)
