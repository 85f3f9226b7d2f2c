"""How the pools of the customers with a story are paid for."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np

from data.demo.funding import DAY, Funding, PoolUsage, commitment, included, ordinary, round_lot
from data.demo.planned import paid, promotion
from data.demo.refills import AutoRecharge


def fund(pool: PoolUsage, rng: np.random.Generator) -> Funding:
    """The funding that a customer's story asks for, else that of an ordinary customer."""
    story = STORIES.get(pool.customer.customer_id)
    return story(pool) if story else ordinary(pool, rng)


def _showcase(pool: PoolUsage) -> Funding:
    """Two large purchases that leave weeks of use, and the settings of the vendor's sample."""
    if pool.currency_id != "ai-tokens" and not pool.resource_id:
        return Funding([*included(pool)])
    first, second = (0.75, 0.5) if pool.resource_id else (0.45, 0.3)
    grants = [
        *included(pool),
        commitment(pool, float(round_lot(first * pool.total))),
        commitment(pool, float(round_lot(second * pool.total)), "Expansion", days_ago=130),
    ]
    if pool.currency_id != "ai-tokens":
        return Funding(grants)
    if pool.resource_id:
        at = pool.now - 40 * DAY
        bonus = promotion("Onboarding bonus", Decimal(1000), at, 90 * DAY, "Welcome promotion")
        return Funding([*grants, bonus])
    return Funding(grants, _recharge(pool, days_ago=120, threshold=500, target=5000, cap=100))


def _test_customer(pool: PoolUsage) -> Funding:
    return Funding([*included(pool), commitment(pool, 1.2 * pool.total + 500)])


def _in_overdraft(pool: PoolUsage) -> Funding:
    return Funding([commitment(pool, pool.total - pool.burned(6))])


def _only_overdraft(_: PoolUsage) -> Funding:
    return Funding()


def _nearly_out(pool: PoolUsage) -> Funding:
    half = float(round_lot(0.5 * pool.total))
    rest = pool.total - half + pool.days_worth(3)
    return Funding([commitment(pool, half), commitment(pool, rest, "Top-up", days_ago=200)])


def _promo_expiring(pool: PoolUsage) -> Funding:
    amount = round_lot(3 * pool.burned(42) + 3 * pool.days_worth(18))
    at = pool.now - 42 * DAY
    offer = promotion("Seasonal promotion", amount, at, 60 * DAY, "Offered by the account team")
    return Funding([commitment(pool, pool.total), offer])


def _usage_spike(pool: PoolUsage) -> Funding:
    return Funding([commitment(pool, 1.1 * pool.total)])


def _recharge_stopped(pool: PoolUsage) -> Funding:
    rule = _recharge(pool, days_ago=365, threshold=500, target=3000, cap=160)
    return Funding([commitment(pool, 3000)], rule)


def _recharge(
    pool: PoolUsage, *, days_ago: float, threshold: int, target: int, cap: int
) -> AutoRecharge:
    return AutoRecharge(
        pool.customer.customer_id,
        pool.currency_id,
        Decimal(threshold),
        Decimal(target),
        Decimal(cap),
        created_at=pool.now - days_ago * DAY,
    )


def _voided_grant(pool: PoolUsage) -> Funding:
    """Burned first because of its priority, it has lost a third when it is voided."""
    amount = round_lot(3 * pool.burned(45, 33))
    twice = replace(
        paid("Top-up (booked twice)", amount, pool.currency_id, pool.now - 45 * DAY),
        priority=40,
        voided_at=pool.now - 33 * DAY,
        comment="Booked twice; voided when the customer asked",
    )
    return Funding([commitment(pool, 1.3 * pool.total), twice])


def _scheduled_grant(pool: PoolUsage) -> Funding:
    renewal = replace(
        paid("Renewal", round_lot(pool.total), pool.currency_id, pool.now - 5 * DAY, 375 * DAY),
        effective_at=pool.now + 10 * DAY,
    )
    return Funding([commitment(pool, pool.total + pool.days_worth(25)), renewal])


def _payment_pending(pool: PoolUsage) -> Funding:
    lot = paid("Top-up on invoice", round_lot(pool.total / 2), pool.currency_id, pool.now - 9 * DAY)
    unpaid = replace(lot, payment_collection="PROCESSING")
    return Funding([commitment(pool, pool.total + pool.days_worth(12)), unpaid])


def _late_events(pool: PoolUsage) -> Funding:
    return Funding([commitment(pool, 1.25 * pool.total)])


def _brand_new(pool: PoolUsage) -> Funding:
    welcome = promotion("Welcome credits", Decimal(500), pool.start, 90 * DAY, "Welcome promotion")
    return Funding([*included(pool), welcome])


STORIES: dict[str, Callable[[PoolUsage], Funding]] = {
    "customer-demo-01": _showcase,
    "customer-test-id": _test_customer,
    "customer-in-overdraft": _in_overdraft,
    "customer-only-overdraft": _only_overdraft,
    "customer-nearly-out": _nearly_out,
    "customer-promo-expiring": _promo_expiring,
    "customer-usage-spike": _usage_spike,
    "customer-recharge-stopped": _recharge_stopped,
    "customer-voided-grant": _voided_grant,
    "customer-scheduled-grant": _scheduled_grant,
    "customer-payment-pending": _payment_pending,
    "customer-late-events": _late_events,
    "customer-brand-new": _brand_new,
}
