"""Auto-recharge: below the threshold it buys up to the target, and never past the month's cap."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from data.credits.grants import Grant, GrantType
from data.credits.pool import Pool
from data.credits.recharge import Expiration, RechargeRule, ThresholdType, unit_price

MAY = datetime(2026, 5, 1)


def rule(**changes: Any) -> RechargeRule:
    given = {"threshold": Decimal(5), "target": Decimal(20), "unit_price": Decimal("0.5")}
    return RechargeRule(**(given | changes))


def pool_with(balance: object, given: RechargeRule | None = None) -> Pool:
    pool = Pool("pool", rule=given)
    amount = Decimal(str(balance))
    pool.add(Grant("first", GrantType.PAID, amount, effective_at=MAY, created_at=MAY), MAY)
    return pool


def burn(pool: Pool, amount: object, days: float = 0) -> None:
    at = MAY + timedelta(days=days)
    pool.advance(at)
    pool.burn(Decimal(str(amount)), at)


def bought(pool: Pool) -> list[tuple[Decimal, Decimal]]:
    """(credits, US dollars) of each recharge."""
    return [(grant.amount, grant.cost) for grant in pool.grants.values() if grant.is_recharge]


@pytest.mark.parametrize(
    ("left", "expected"), [("5", []), ("4.999999", [(Decimal("15.000001"), Decimal("7.50"))])]
)
def test_it_buys_up_to_the_target_strictly_below_the_threshold(
    left: str, expected: list[tuple[Decimal, Decimal]]
) -> None:
    pool = pool_with(100, rule())
    burn(pool, 100 - Decimal(left))
    assert bought(pool) == expected
    assert pool.balance == (20 if expected else 5)


def test_a_debt_is_settled_by_the_recharge_that_covers_it() -> None:
    pool = pool_with(10, rule())
    burn(pool, 25)
    assert bought(pool) == [(Decimal(35), Decimal("17.50"))]
    assert (pool.balance, pool.owed) == (20, 0)


@pytest.mark.parametrize(("left", "is_bought"), [("6", False), ("5.999999", True)])
def test_a_threshold_in_dollars_is_what_the_remaining_credits_are_worth(
    left: str, is_bought: bool
) -> None:
    pool = pool_with(100, rule(threshold=Decimal(3), threshold_type=ThresholdType.DOLLARS))
    burn(pool, 100 - Decimal(left))
    assert bool(bought(pool)) is is_bought


def test_a_threshold_in_dollars_that_no_decimal_of_credits_meets_is_rounded_up() -> None:
    """1 $ at 0.3 $ a credit is 3.333… credits: 3.333333 are worth less, 3.333334 more."""
    given = rule(
        threshold=Decimal(1), threshold_type=ThresholdType.DOLLARS, unit_price=Decimal("0.3")
    )
    assert given.floor() == Decimal("3.333334")


def test_a_purchase_is_raised_to_the_least_amount() -> None:
    pool = pool_with(100, rule(least_amount=Decimal(50)))
    burn(pool, 96)
    assert bought(pool) == [(Decimal(50), Decimal("25.00"))]
    assert pool.balance == 54


@pytest.mark.parametrize(
    ("expiration", "ends"),
    [(Expiration.MONTH, datetime(2026, 6, 1)), (Expiration.YEAR, datetime(2027, 5, 1))],
)
def test_what_was_bought_expires_after_a_month_or_a_year(
    expiration: Expiration, ends: datetime
) -> None:
    pool = pool_with(0, rule(expiration=expiration))
    assert [g.expire_at for g in pool.grants.values() if g.is_recharge] == [ends]


def test_a_purchase_past_the_cap_is_not_made_and_the_next_month_makes_it() -> None:
    pool = pool_with(20, rule(monthly_cap=Decimal("9.99")))
    burn(pool, 19.999999, days=1)
    assert (bought(pool), pool.balance) == ([], Decimal("0.000001"))
    pool.advance(datetime(2026, 5, 31, 23, 59))
    assert bought(pool) == []
    assert pool.next_change() == datetime(2026, 6, 1)
    # It still costs 10 $, a cent more than the cap: June does not buy it either.
    pool.advance(datetime(2026, 6, 1))
    assert (bought(pool), pool.next_change()) == ([], datetime(2026, 7, 1))


def test_the_cap_counts_what_the_calendar_month_has_spent() -> None:
    pool = pool_with(20, rule(monthly_cap=Decimal(15)))
    burn(pool, 20, days=1)
    burn(pool, 20, days=2)
    assert bought(pool) == [(Decimal(20), Decimal("10.00"))]
    assert pool.spent(MAY) == 10
    pool.advance(datetime(2026, 6, 1))
    assert bought(pool) == [(Decimal(20), Decimal("10.00"))] * 2
    assert (pool.spent(MAY), pool.spent(datetime(2026, 6, 3))) == (10, 10)


def test_a_purchase_that_reaches_the_cap_exactly_is_made() -> None:
    pool = pool_with(20, rule(monthly_cap=Decimal(10)))
    burn(pool, 20)
    assert bought(pool) == [(Decimal(20), Decimal("10.00"))]


def test_saving_a_rule_while_already_below_buys_at_once() -> None:
    pool = pool_with(3)
    pool.set_rule(rule(), MAY)
    assert (bought(pool), pool.balance) == ([(Decimal(17), Decimal("8.50"))], 20)
    pool.set_rule(None, MAY)
    burn(pool, 20)
    assert pool.balance == 0


def test_an_expiry_and_a_void_that_leave_too_little_recharge_too() -> None:
    pool = Pool("pool", rule=rule())
    for name, ends in (("ends", MAY + timedelta(days=1)), ("void", None)):
        block = Grant(
            name, GrantType.PAID, Decimal(20), effective_at=MAY, created_at=MAY, expire_at=ends
        )
        pool.add(block, MAY)
    burn(pool, 36)
    assert bought(pool) == [(Decimal(16), Decimal("8.00"))]
    pool.void("void", MAY + timedelta(hours=1))
    assert pool.balance == 16
    burn(pool, 10)
    pool.advance(MAY + timedelta(days=400))
    assert pool.balance == 20


def test_a_grant_that_starts_as_another_ends_leaves_nothing_to_buy_between_them() -> None:
    ends = MAY + timedelta(days=1)
    pool = Pool(
        "pool",
        [
            Grant("a", GrantType.PAID, Decimal(9), MAY, MAY, expire_at=ends),
            Grant("b", GrantType.PAID, Decimal(9), ends, MAY),
        ],
        rule=rule(),
    )
    pool.advance(ends)
    assert (bought(pool), pool.balance) == ([], 9)


def test_a_pool_read_back_goes_on_counting_what_the_month_has_spent() -> None:
    pool = pool_with(20, rule(monthly_cap=Decimal(15)))
    burn(pool, 20)
    again = Pool("pool", pool.grants.values(), rule=pool.rule)
    burn(again, 20)
    assert (again.spent(MAY), again.balance) == (10, 0)


def test_a_debt_too_large_for_one_grant_is_settled_by_as_large_a_one_as_can_be() -> None:
    most = Decimal("999999999999.999999")
    pool = pool_with(0, rule(target=Decimal(100), unit_price=Decimal("0.01")))
    burn(pool, most)
    assert max(amount for amount, _ in bought(pool)) == most


@pytest.mark.parametrize(
    ("cost", "amount", "price"),
    [
        ("38.08", "1904.103280", "0.02"),
        ("33.10", "1654.941800", "0.02"),
        ("5", "1000", "0.005"),
        ("0.01", "3", "0.003"),
        ("100", "3", "33.333"),
        ("10", "10", "1"),
        ("0.333333", "1", "0.333333000000"),
    ],
)
def test_the_price_of_a_credit_is_the_shortest_that_gives_the_cost(
    cost: str, amount: str, price: str
) -> None:
    assert str(unit_price(Decimal(cost), Decimal(amount))) == price
