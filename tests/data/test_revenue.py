"""Revenue: to the last cent, cost = deferred + recognised + breakage + voided, row by row."""

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.credits.pool import EntryType
from data.credits.revenue import deferred, revenue

GRANTS = {"grant_id": pl.String, "amount": pl.Decimal(18, 6), "cost_amount": pl.Decimal(18, 6)}
LEDGER = {"grant_id": pl.String, "entry_type": pl.String, "amount": pl.Decimal(18, 6)}
NONE = Decimal(0)


def earned(
    amount: object, cost: object, *rows: tuple[EntryType, object], decimals: int = 2
) -> list[tuple[Decimal, ...]]:
    """(deferred, recognised, breakage, voided) after each row of a grant that was given whole."""
    grants = pl.DataFrame([("a", Decimal(str(amount)), Decimal(str(cost)))], GRANTS, orient="row")
    given = [(EntryType.GRANTED, amount), *rows]
    ledger = pl.DataFrame(
        [("a", entry.value, Decimal(str(moved))) for entry, moved in given], LEDGER, orient="row"
    )
    told = revenue(grants, ledger, decimals=decimals)
    return told.select("deferred", "recognised", "breakage", "voided").rows()


def test_consumption_recognises_expiry_is_breakage_and_a_void_returns() -> None:
    assert earned(100, 50, (EntryType.CONSUMED, -40), (EntryType.EXPIRED, -60)) == [
        (50, 0, 0, 0),
        (30, 20, 0, 0),
        (0, 0, 30, 0),
    ]
    assert earned(100, 50, (EntryType.VOIDED, -100))[-1] == (0, 0, 0, 50)


def test_what_a_grant_takes_over_from_an_overdraft_is_recognised_when_it_does() -> None:
    assert earned(50, 25, (EntryType.TRANSFER_TARGET, -15))[-1] == (Decimal("17.5"), 7.5, 0, 0)


def test_credits_given_back_are_deferred_again() -> None:
    rows = earned(3, 10, (EntryType.CONSUMED, -1), (EntryType.CONSUMED, "0.5"))
    assert [row[:2] for row in rows] == [
        (10, 0),
        (Decimal("6.67"), Decimal("3.33")),
        (Decimal("8.33"), Decimal("-1.66")),
    ]


def test_credits_that_cost_nothing_earn_nothing() -> None:
    assert earned(100, 0, (EntryType.CONSUMED, -40)) == []


def test_a_currency_without_cents_is_split_into_whole_units() -> None:
    rows = earned(3, 10, *[(EntryType.CONSUMED, -1)] * 3, decimals=0)
    assert [row[1] for row in rows] == [0, 3, 4, 3]


@pytest.mark.parametrize("cost", ["0.01", "999999999999.99"])
def test_the_largest_and_the_smallest_cost_are_exact(cost: str) -> None:
    most = Decimal("999999999999.999999")
    rows = earned(most, cost, (EntryType.CONSUMED, -1), (EntryType.EXPIRED, 1 - most))
    assert sum(sum(row[1:]) for row in rows) == Decimal(cost)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([EntryType.CONSUMED, EntryType.TRANSFER_TARGET, EntryType.EXPIRED]),
        st.decimals(0, 50, places=6),
    ),
    max_size=12,
)


def taken(
    amount: Decimal, steps: list[tuple[EntryType, Decimal]]
) -> tuple[Decimal, list[tuple[EntryType, Decimal]]]:
    """(what the steps leave of an amount, each step with what it could take)."""
    left, moved = amount, []
    for entry, wanted in steps:
        part = min(wanted, left)
        left -= part
        moved.append((entry, -part))
    return left, moved


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.decimals(1, 100, places=6), st.decimals(0, 999, places=2), STEPS)
def test_the_parts_add_up_to_the_cost_and_deferred_is_what_remains_at_cost(
    amount: Decimal, cost: Decimal, steps: list[tuple[EntryType, Decimal]]
) -> None:
    left, moved = taken(amount, steps)
    rows = earned(amount, cost, *moved)
    if not cost:
        assert rows == []
        return
    deferred, released = rows[-1][0], sum((sum(row[1:], NONE) for row in rows), NONE)
    assert deferred == (cost * left / amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert deferred + released == cost


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.decimals(1, 100, places=6), st.decimals(0, 999, places=2), STEPS)
def test_what_is_deferred_now_is_what_the_ledger_comes_to(
    amount: Decimal, cost: Decimal, steps: list[tuple[EntryType, Decimal]]
) -> None:
    left, moved = taken(amount, steps)
    held = {
        "status": "ACTIVE", "amount": amount, "consumed_amount": amount - left,
        "cost_amount": cost, "cost_currency": "USD",
    }  # fmt: skip
    rows = earned(amount, cost, *moved)
    assert deferred(pl.DataFrame([held])).rows() == ([("USD", rows[-1][0])] if cost else [])


def test_currencies_are_told_apart_and_have_their_own_smallest_units() -> None:
    held = [
        {"status": status, "amount": Decimal(3), "consumed_amount": Decimal(1),
         "cost_amount": Decimal(10), "cost_currency": currency}
        for status, currency in (("ACTIVE", "JPY"), ("ACTIVE", "USD"), ("EXPIRED", "USD"),
                                 ("ACTIVE", "KWD"))
    ]  # fmt: skip
    assert deferred(pl.DataFrame(held)).rows() == [
        ("JPY", 7),
        ("KWD", Decimal("6.667")),
        ("USD", Decimal("6.67")),
    ]
