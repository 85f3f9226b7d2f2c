"""The outlook of pools: when they run out, what lapses, what was said before, what is unusual."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data.credits.grants import Grant, GrantType
from data.credits.pool import Pool
from queries.grants import SCHEMA as GRANTS
from queries.outlook import (
    PoolOutlook,
    RunOut,
    Status,
    daily_use,
    fleet_outlook,
    hindsight,
    pool_outlook,
    rewound,
    unusual,
    use_span,
)
from queries.outlook.results import DAYS, LAPSES, POOLS, RECHARGES, UNUSUAL
from queries.recharge import SCHEMA as SETTINGS

NOW = datetime(2026, 5, 22, 12)
TODAY = datetime(2026, 5, 22)
USE = {"bucket": pl.Datetime("us"), "credits": pl.Decimal(38, 6)}
STATEMENT = {
    "bucket": pl.Datetime("us"),
    "grant_id": pl.String,
    "event_type": pl.String,
    "amount": pl.Decimal(38, 6),
}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def ahead(days: float) -> datetime:
    return NOW + timedelta(days=days)


def used(credits: Iterable[int]) -> pl.DataFrame:
    """So much on each day up to yesterday."""
    days = [*credits]
    since = TODAY - timedelta(days=len(days))
    rows = [(since + timedelta(days=n), Decimal(each)) for n, each in enumerate(days)]
    return pl.DataFrame(rows, USE, orient="row")


def grants(*given: dict[str, Any]) -> pl.DataFrame:
    usual = {
        "grant_type": "PAID", "status": "ACTIVE", "amount": Decimal(100),
        "consumed_amount": Decimal(0), "cost_amount": Decimal(0), "cost_currency": "USD",
        "priority": 50, "payment_collection": "NOT_REQUIRED", "effective_at": ago(99),
        "created_at": ago(99), "is_recharge": False,
    }  # fmt: skip
    rows = [{"grant_id": f"grant-{n}"} | usual | each for n, each in enumerate(given)]
    return pl.DataFrame(rows, GRANTS)


def settings_of(**changes: Any) -> pl.DataFrame:
    row = {
        "is_enabled": True, "threshold_type": "CreditAmount", "threshold_value": Decimal(20),
        "target_balance": Decimal(100), "max_spend_limit": None,
        "grant_expiration_period": "OneYear", "current_monthly_spend": Decimal(0),
        "created_at": ago(60), "updated_at": ago(60),
    }  # fmt: skip
    return pl.DataFrame([row | changes], SETTINGS)


TEN_A_DAY = used([10] * 120)


def outlook(*given: dict[str, Any], use: pl.DataFrame = TEN_A_DAY, **more: Any) -> PoolOutlook:
    return pool_outlook(use, grants(*given), more.pop("recharge", None), now=NOW, **more)


def run_out(*given: dict[str, Any], **more: Any) -> RunOut:
    return outlook(*given, **more).run_out


def test_a_pool_runs_out_when_its_usual_use_has_eaten_it() -> None:
    found = outlook({})
    at = ahead(10)
    assert found.run_out == RunOut(Status.WITHIN, Decimal(100), at, at, at)
    assert found.days.schema == DAYS
    assert found.days.row(0) == (
        datetime(2026, 5, 23), *[Decimal(5)] * 3, *[Decimal(95)] * 3,
    )  # fmt: skip
    assert found.days["ends_at"].diff().drop_nulls().unique().to_list() == [timedelta(days=1)]
    assert found.days.height == 90


def test_use_that_varies_gives_a_range_of_days() -> None:
    found = run_out({"amount": Decimal(300)}, use=used([4, 16, 9, 22, 1, 0, 18, 10] * 14))
    moments = [at for at in (found.earliest, found.expected, found.latest) if at]
    assert len(set(moments)) == 3
    assert [NOW, *moments] == sorted([NOW, *moments])


def test_a_pool_that_lasts_longer_than_is_looked_ahead_is_said_to() -> None:
    assert run_out({"amount": Decimal(5000)}).status is Status.BEYOND
    assert run_out({"amount": Decimal(500)}, horizon=30).status is Status.BEYOND
    assert run_out({"amount": Decimal(500)}).expected == ahead(50)


def test_what_is_left_now_is_what_counts() -> None:
    assert run_out({"consumed_amount": Decimal(60)}).expected == ahead(4)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([{"consumed_amount": Decimal(100)}], RunOut(Status.OUT, Decimal(0))),
        (
            [{"grant_type": "OVERDRAFT", "amount": Decimal(0), "consumed_amount": Decimal(7)}],
            RunOut(Status.OVERDRAFT, Decimal(-7)),
        ),
    ],
)
def test_a_pool_that_is_out_already_says_so(given: list[dict[str, Any]], expected: RunOut) -> None:
    assert run_out(*given) == expected


def test_no_forecast_is_made_of_a_short_history() -> None:
    found = outlook({}, use=used([10] * 27))
    assert (found.run_out.status, found.has_forecast) == (Status.UNKNOWN, False)
    assert found.run_out.sentence == (
        "A forecast takes 28 days since the first use; so far there are 27."
    )
    frames = (found.days, found.lapses, found.recharges)
    assert [frame.schema for frame in frames] == [DAYS, LAPSES, RECHARGES]
    assert not any(frame.height for frame in frames)
    assert outlook({}, use=used([10] * 28)).has_forecast


def test_a_new_pool_without_use_has_no_forecast_and_an_old_one_no_use_to_expect() -> None:
    new = run_out({"effective_at": ago(2), "created_at": ago(2)}, use=used([]))
    assert (new.status, new.sentence[-5:]) == (Status.UNKNOWN, "none.")
    old = run_out({}, use=used([]))
    assert (old.status, old.sentence[:16]) == (Status.BEYOND, "Nothing was used")
    assert run_out({"expire_at": ahead(5)}, use=used([])).expected == ahead(5)


def test_a_pool_without_grants_says_that_nothing_can_run_out() -> None:
    for use in (TEN_A_DAY, used([])):
        found = run_out(use=use)
        assert (found.status, "no grants" in found.sentence) == (Status.UNKNOWN, True)


def test_a_grant_that_awaits_payment_never_counts() -> None:
    assert run_out({}, {"status": "PAYMENT_PENDING"}).expected == ahead(10)


def test_a_scheduled_grant_counts_from_its_start() -> None:
    coming = {"status": "SCHEDULED", "effective_at": ahead(9)}
    assert run_out({}, coming).expected == ahead(20)


def test_a_recurring_grant_is_expected_again_unless_another_follows_it() -> None:
    plan = {"grant_type": "RECURRING", "effective_at": ago(20), "expire_at": ahead(10)}
    renewed = outlook(plan | {"amount": Decimal(301)})
    assert renewed.run_out.status is Status.BEYOND
    assert "3 renewals are counted in" in renewed.renewal_note
    assert outlook({}).renewal_note == ""
    brief = plan | {"effective_at": ahead(9.9)}
    assert outlook(brief | {"status": "SCHEDULED"}).renewal_note == ""
    last = plan | {"status": "SCHEDULED", "effective_at": ahead(10), "expire_at": ahead(40)}
    smaller = last | {"amount": Decimal(40)}
    assert run_out(plan | {"amount": Decimal(301)}, smaller).expected == ahead(14)


def test_credits_at_risk_are_told_grant_by_grant() -> None:
    found = outlook(
        {"expire_at": ahead(3)},
        {"expire_at": ahead(10), "priority": 60, "consumed_amount": Decimal(40)},
        {"expire_at": ahead(200)},
        {"consumed_amount": Decimal(100), "expire_at": ahead(9)},
    ).lapses
    assert found.select("grant_id", "remaining", "lapse").rows() == [
        ("grant-0", Decimal(100), Decimal(70)),
        ("grant-1", Decimal(60), Decimal(60)),
    ]
    assert found.schema == LAPSES


@pytest.mark.parametrize(
    ("given", "price"),
    [
        ([{"cost_amount": Decimal(50)}], "0.5"),
        ([{"cost_amount": Decimal(50)}, {"cost_amount": Decimal(20), "created_at": ago(9)}], "0.2"),
        (
            [
                {"cost_amount": Decimal(30), "is_recharge": True},
                {"cost_amount": Decimal(20), "created_at": ago(9)},
            ],
            "0.3",
        ),
    ],
)
def test_a_recharge_costs_what_the_latest_did_or_the_latest_purchase(
    given: list[dict[str, Any]], price: str
) -> None:
    found = outlook(*given, recharge=settings_of())
    assert (found.run_out.status, found.recharge_note) == (Status.BEYOND, "")
    first = found.recharges.filter(use="expected").row(0, named=True)
    assert first["cost"] == (first["credits"] * Decimal(price)).quantize(Decimal("0.01"))


def test_a_recharge_without_a_price_is_left_out_and_said_so() -> None:
    for held in ({}, {"cost_amount": Decimal(50), "cost_currency": "EUR"}):
        found = outlook(held, recharge=settings_of())
        assert found.run_out.expected == ahead(10)
        assert found.recharge_note.startswith("Auto-recharge is left out")


def test_a_recharge_that_is_switched_off_buys_nothing() -> None:
    found = outlook({"cost_amount": Decimal(9)}, recharge=settings_of(is_enabled=False))
    assert (found.run_out.expected, found.recharge_note) == (ahead(10), "")


def test_a_cap_that_this_month_has_used_up_stops_recharges() -> None:
    bought = {
        "cost_amount": Decimal(60), "is_recharge": True, "created_at": ago(3),
        "consumed_amount": Decimal(100),
    }  # fmt: skip
    capped = settings_of(max_spend_limit=Decimal(100))
    found = outlook({"amount": Decimal(50)}, bought, recharge=capped)
    assert found.run_out.expected == ahead(5)
    assert found.recharges["bought_at"].min() == datetime(2026, 6, 1)


def test_the_method_would_have_said_the_same_of_use_that_never_varies() -> None:
    for said in hindsight(TEN_A_DAY, grants({}), None, now=NOW):
        assert said.actual == said.low == said.expected == said.high == 10 * said.days_ago
        assert (said.error, said.error_ratio, said.has_held) == (0, 0, True)
        assert (said.until, said.run_out) == (TODAY, None)


def test_a_jump_in_use_shows_as_an_error_of_what_was_said_before_it() -> None:
    jumped = used([10] * 110 + [30] * 10)
    week, fortnight, _ = hindsight(jumped, grants({}), None, now=NOW)
    assert fortnight.expected == 140
    assert (fortnight.error, fortnight.has_held) == (Decimal(-200), False)
    assert week.error is not None
    assert -150 < week.error < 0


def test_nothing_was_said_while_history_was_too_short() -> None:
    week, fortnight, _ = hindsight(used([10] * 40), grants({}), None, now=NOW)
    assert week.expected == 70
    assert (fortnight.error, fortnight.has_held) == (None, None)
    assert fortnight.sentence.endswith("26.")


def test_hindsight_tells_when_the_pool_was_to_run_out() -> None:
    movements = pl.DataFrame(
        [(TODAY - timedelta(days=n), "grant-0", "CREDITS_CONSUMED", Decimal(-10))
         for n in range(1, 9)],
        STATEMENT, orient="row",
    )  # fmt: skip
    now_left = {"consumed_amount": Decimal(80)}
    week, *_ = hindsight(TEN_A_DAY, grants(now_left), None, movements, now=NOW)
    assert week.run_out is not None
    assert (week.run_out.balance, week.run_out.expected) == (90, TODAY + timedelta(days=2))


def test_settings_that_have_changed_since_are_not_taken_for_those_of_then() -> None:
    held = grants({"cost_amount": Decimal(10)})
    none_moved = pl.DataFrame(schema=STATEMENT)
    for updated_at, status in ((ago(60), Status.BEYOND), (ago(3), Status.WITHIN)):
        rule = settings_of(updated_at=updated_at)
        week, *_ = hindsight(TEN_A_DAY, held, rule, none_moved, now=NOW)
        assert week.run_out is not None
        assert week.run_out.status is status


STEPS = st.lists(
    st.tuples(st.sampled_from(["burn", "add", "void", "give back"]), st.integers(1, 60)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_grants_rewound_hold_what_the_ledger_had_come_to(steps: list[tuple[str, int]]) -> None:
    pool, postings = Pool("pool"), []
    for number, (what, amount) in enumerate(steps):
        at = ago(len(steps) - number)
        postings += pool.advance(at)
        standing = [g for g in pool.grants.values() if g.status == "ACTIVE" and g.amount]
        if what == "add":
            lasts = at + timedelta(days=amount) if amount % 2 else None
            block = Grant(f"grant-{number}", GrantType.PAID, Decimal(amount), at, at, lasts)
            postings += pool.add(block, at)
        elif what == "void" and standing:
            postings += pool.void(standing[amount % len(standing)].grant_id, at)
        else:
            postings += pool.burn(Decimal(-amount if what == "give back" else amount), at)
    rows = [(p.at, p.grant_id, p.entry_type.value, p.amount) for p in postings]
    movements = pl.DataFrame(rows, STATEMENT, orient="row")
    held = _frame(pool.grants.values())
    for number in range(len(steps)):
        at = ago(len(steps) - number - 0.5)
        then = rewound(held, movements, at)
        left = then.filter(status="ACTIVE").select(pl.col("amount") - pl.col("consumed_amount"))
        had = movements.filter(pl.col("bucket") < at)["amount"].sum()
        assert left.to_series().sum() == had
        assert then.schema == held.schema


def _frame(held: Iterable[Grant]) -> pl.DataFrame:
    return grants(
        *(
            {
                "grant_id": each.grant_id, "grant_type": each.grant_type.value,
                "status": each.status.value, "amount": each.amount,
                "consumed_amount": each.consumed, "effective_at": each.effective_at,
                "expire_at": each.expire_at, "created_at": each.created_at,
                "voided_at": each.voided_at,
            }
            for each in held
        )
    )  # fmt: skip


FLEET = {
    ("quick", None): ([20] * 120, [{}]),
    ("slow", None): ([1] * 120, [{"expire_at": ahead(50)}, {"cost_amount": Decimal(5)}]),
    ("slow", "desk"): ([3, 0, 5, 9] * 20, [{"amount": Decimal(80)}]),
    ("new", None): ([2] * 5, [{}]),
    ("owing", None): (
        [4] * 60,
        [{"grant_type": "OVERDRAFT", "amount": Decimal(0), "consumed_amount": Decimal(7)}],
    ),
    ("bare", None): ([4] * 60, []),
    ("idle", None): ([], [{}]),
    ("refilled", None): ([8, 2, 30] * 30, [{"cost_amount": Decimal(10)}]),
}


def of_fleet(frames: dict[tuple[str, str | None], pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(
        frame.select(
            pl.lit(customer).alias("customer_id"),
            pl.lit(resource, pl.String).alias("resource_id"),
            pl.all(),
        )
        for (customer, resource), frame in frames.items()
    )


def fleet() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    rule = settings_of().select(pl.lit("refilled").alias("customer_id"), pl.all())
    return (
        of_fleet({key: used(days) for key, (days, _) in FLEET.items()}),
        of_fleet({key: grants(*given) for key, (_, given) in FLEET.items()}),
        rule,
    )


def test_all_pools_at_once_are_as_each_by_itself() -> None:
    found = fleet_outlook(*fleet(), now=NOW)
    assert found.schema == POOLS
    assert set(found.select("customer_id", "resource_id").rows()) == set(FLEET)
    for row in found.iter_rows(named=True):
        days, given = FLEET[row["customer_id"], row["resource_id"]]
        rule = settings_of() if row["customer_id"] == "refilled" else None
        alone = pool_outlook(used(days), grants(*given), rule, now=NOW)
        told = RunOut(
            Status(row["status"]), row["balance"], row["earliest"], row["expected"], row["latest"],
            row["sentence"],
        )  # fmt: skip
        assert told == alone.run_out
        lapses = alone.lapses["lapse"].sum() if alone.has_forecast else None
        assert row["lapse"] == lapses
        bought = alone.recharges.filter(use="expected")
        assert (row["recharges"], row["recharge_cost"]) == (bought.height, bought["cost"].sum())


def test_pools_come_in_the_order_in_which_they_run_out() -> None:
    found = fleet_outlook(*fleet(), now=NOW)
    assert found["customer_id"].to_list()[:3] == ["owing", "quick", "slow"]
    assert found["resource_id"].to_list()[2] == "desk"


def test_an_empty_fleet_has_an_empty_outlook() -> None:
    use, held, rules = (frame.clear() for frame in fleet())
    assert_frame_equal(fleet_outlook(use, held, rules, now=NOW), POOLS.to_frame())
    assert_frame_equal(unusual(use, now=NOW), UNUSUAL.to_frame())


def test_use_far_outside_of_its_own_range_is_unusual_either_way() -> None:
    noisy = [9, 11, 8, 12, 10, 13, 7] * 15
    use = of_fleet(
        {
            ("as ever", None): used(noisy),
            ("spiked", None): used([*noisy[:-7], *[40] * 7]),
            ("stopped", "desk"): used([*noisy[:-7], *[0] * 7]),
            ("new", None): used([1, 50, 900]),
        }
    )
    found = unusual(use, now=NOW)
    assert found.schema == UNUSUAL
    assert found.select("customer_id", "credits", "usual", "times").rows() == [
        ("spiked", Decimal(280), Decimal(70), 4.0),
        ("stopped", Decimal(0), Decimal(70), 0.0),
    ]
    assert found.row(0)[2:4] == (TODAY - timedelta(days=7), TODAY)


def test_one_pool_may_be_asked_for_a_single_unusual_day() -> None:
    found = unusual(used([10, 12, 9, 11, 10, 2, 1] * 10 + [60]), now=NOW, days=1)
    assert found["credits"].to_list() == [60]
    assert unusual(TEN_A_DAY, now=NOW, days=1).height == 0


def test_the_question_reaches_as_far_back_as_hindsight_looks() -> None:
    question = daily_use("acme", "credits", NOW, "desk")
    assert question.span == use_span(NOW)
    assert question.span.end == TODAY
    assert (TODAY - question.span.start).days == 112 + 30
    assert replace(question, zone="UTC") == question
