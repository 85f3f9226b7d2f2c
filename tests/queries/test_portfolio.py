"""All customers at once: both sources tell it alike, and it is what their single pools sum to."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
import sums
from histories import NOW, START
from told import Told

from queries.answer import Question, answer
from queries.outlook import use_span
from queries.portfolio import (
    GRANTS,
    RECHARGES,
    USE,
    AllGrants,
    AllMoves,
    AllRecharges,
    AllUse,
)
from queries.portfolio.standing import (
    Facts,
    Portfolio,
    course,
    expiring,
    outstanding,
    portfolio,
    trends,
)
from queries.question import CannotAnswer, QuestionError
from queries.time import Grain, Span

END = NOW + timedelta(hours=1)
MIDDLE = datetime(2026, 4, 9)
SOME = tuple(f"customer-{number:04d}" for number in (*range(60), 499))
EVERYTHING = Span(START - timedelta(days=3), END)  # the first events came late
Ask = Callable[[str], Question]


@pytest.mark.parametrize("currency_id", ["ai-tokens", "legacy"])
@pytest.mark.parametrize(
    "asked",
    [
        lambda currency: AllGrants(currency, SOME),
        lambda currency: AllRecharges(currency, SOME),
        lambda currency: AllUse(currency, Span(MIDDLE, END), Grain.WEEK, "Asia/Kolkata", SOME),
        lambda currency: AllMoves(currency, Span(MIDDLE, END), Grain.DAY, "UTC", SOME),
    ],
    ids=["grants", "recharges", "use", "moves"],
)
def test_both_sources_tell_it_alike(told: Told, asked: Ask, currency_id: str) -> None:
    question = asked(currency_id)
    extracted, live = (answer(question, source).frame for source in (told.extracted, told.live))
    assert extracted.equals(live)


def test_without_names_everybody_is_asked_of_the_extract(told: Told) -> None:
    grants = answer(AllGrants("ai-tokens"), told.extracted).frame
    expected = told.tables["grants"].filter(currency_id="ai-tokens")
    assert grants.height == expected.height
    assert grants["customer_id"].n_unique() == expected["customer_id"].n_unique()


def test_what_moved_since_the_start_is_what_is_held(told: Told) -> None:
    """The sum of every pool's balance, from the ledger, the moves and the grants."""
    balances = sums.running(told.tables)
    for currency_id in ("ai-tokens", "legacy"):
        moved = answer(AllMoves(currency_id, EVERYTHING, Grain.WHOLE), told.extracted).frame
        grants = answer(AllGrants(currency_id), told.extracted).frame.filter(status="ACTIVE")
        held = sum((b for pool, b in balances.items() if pool[1] == currency_id), Decimal(0))
        assert moved["amount"].sum() == held
        assert (grants["amount"] - grants["consumed_amount"]).sum() == held


def test_use_is_what_was_consumed(told: Told) -> None:
    span = Span(MIDDLE, END)
    used = answer(AllUse("ai-tokens", span, Grain.WHOLE), told.extracted).frame
    moved = answer(AllMoves("ai-tokens", span, Grain.WHOLE), told.extracted).frame
    assert used["credits"].sum() == -moved.filter(move="consumed")["amount"].sum()


def test_only_what_was_granted_says_of_which_type(told: Told) -> None:
    moved = answer(AllMoves("ai-tokens", EVERYTHING, Grain.MONTH), told.extracted).frame
    is_granted = pl.col("move") == "granted"
    assert moved.filter(is_granted)["grant_type"].null_count() == 0
    assert moved.filter(~is_granted)["grant_type"].is_null().all()


def test_a_metering_api_is_asked_by_name(told: Told) -> None:
    with pytest.raises(CannotAnswer, match="one customer at a time"):
        answer(AllGrants("ai-tokens"), told.live)


def test_a_customer_that_cannot_be_is_a_sentence() -> None:
    with pytest.raises(QuestionError, match="cannot be a customer id"):
        AllGrants("ai-tokens", ("a b",))


@pytest.fixture(scope="module")
def standing(told: Told) -> Portfolio:
    span = Span(MIDDLE, END)
    asked = (
        AllGrants("ai-tokens"),
        AllRecharges("ai-tokens"),
        AllUse("ai-tokens", use_span(NOW)),
        AllUse("ai-tokens", span, Grain.WEEK),
        AllUse("ai-tokens", Span(START, MIDDLE), Grain.WHOLE),
    )
    return portfolio(Facts(NOW, *(answer(one, told.extracted).frame for one in asked)))


def test_every_pool_is_ranked_once_and_its_balance_is_that_of_its_ledger(
    standing: Portfolio, told: Told
) -> None:
    balances = sums.running(told.tables)
    own = {
        (customer_id, resource_id): balance
        for (customer_id, currency_id, resource_id), balance in balances.items()
        if currency_id == "ai-tokens"
    }
    keys = standing.ranked.select("customer_id", "resource_id")
    assert keys.is_unique().all()
    ranked = dict(zip(keys.iter_rows(), standing.ranked["balance"], strict=True))
    assert {key: balance for key, balance in ranked.items() if balance or key in own} == own


def test_ranks_shares_and_trends_add_up_to_what_was_used(standing: Portfolio) -> None:
    used, ranked = standing.facts.used, standing.ranked
    assert ranked["credits"].sum() == used["credits"].sum()
    assert ranked["previous"].sum() == standing.facts.before["credits"].sum()
    assert ranked["share"].sum() == pytest.approx(1)
    cuts = AllUse("ai-tokens", Span(MIDDLE, END), Grain.WEEK).cuts
    trend = trends(ranked, used, cuts)
    assert trend.list.len().unique().to_list() == [len(cuts)]
    for dots, credits in zip(trend, ranked["credits"], strict=True):
        assert sum(dots) == pytest.approx(float(credits), abs=1e-6)


def test_debts_and_holdings_add_up_to_what_is_outstanding(standing: Portfolio) -> None:
    held = dict(outstanding(standing.facts.grants).iter_rows())
    assert held["OVERDRAFT"] == -standing.overdrawn["owed"].sum()
    assert sum(held.values()) == standing.outlook["balance"].sum()


def test_the_course_of_all_balances_is_that_of_the_ledger(told: Told) -> None:
    asked = AllMoves("ai-tokens", Span(MIDDLE, END), Grain.WEEK)
    rows = told.tables["ledger"].filter(currency_id="ai-tokens")
    held = Decimal(rows["amount"].sum())
    found = course(held, answer(asked, told.extracted).frame, asked.cuts)
    edges = [*asked.cuts, END]
    assert found == [rows.filter(pl.col("occurred_at") < at)["amount"].sum() for at in edges]


def test_flags_say_on_which_lists_a_pool_is(standing: Portfolio) -> None:
    def flagged(flag: str) -> int:
        return standing.ranked.filter(pl.col("flags").list.contains(flag)).height

    assert flagged("in overdraft") == standing.overdrawn.height > 0
    assert flagged("out of credits") + flagged("runs out soon") == standing.runs_out.height > 0
    assert flagged("lapses unused") == standing.lapsing.height


def recharge(**changes: object) -> pl.DataFrame:
    row = {
        "customer_id": "acme", "is_enabled": True, "threshold_type": "CreditAmount",
        "threshold_value": Decimal(20), "target_balance": Decimal(100),
        "max_spend_limit": Decimal(50), "grant_expiration_period": "OneYear",
        "current_monthly_spend": Decimal(0), "created_at": START, "updated_at": START,
    }  # fmt: skip
    return pl.DataFrame([row | changes], RECHARGES)


def held(left: int, **changes: object) -> pl.DataFrame:
    """A grant of 100 credits for 40 US dollars with so much left."""
    row = {
        "customer_id": "acme", "grant_id": "grant-1", "grant_type": "PAID", "status": "ACTIVE",
        "amount": Decimal(100), "consumed_amount": Decimal(100 - left), "cost_amount": Decimal(40),
        "cost_currency": "USD", "priority": 50, "effective_at": START, "created_at": START,
        "is_recharge": False,
    }  # fmt: skip
    return pl.DataFrame([row | changes], GRANTS)


@pytest.mark.parametrize(
    ("left", "settings", "state"),
    [
        (50, {}, None),
        (50, {"current_monthly_spend": Decimal("39.99")}, None),
        (50, {"current_monthly_spend": Decimal(40)}, "near its cap"),
        (50, {"current_monthly_spend": Decimal(50)}, "stopped at its cap"),
        (50, {"current_monthly_spend": Decimal(99), "max_spend_limit": None}, None),
        (50, {"is_enabled": False, "current_monthly_spend": Decimal(50)}, None),
        (10, {}, None),
        (10, {"current_monthly_spend": Decimal(15)}, "stopped at its cap"),
        (10, {"is_enabled": False, "current_monthly_spend": Decimal(15)}, "stopped at its cap"),
        (10, {"is_enabled": False}, "off, below its threshold"),
        (10, {"is_enabled": False, "max_spend_limit": None}, "off, below its threshold"),
        (10, {"is_enabled": False, "threshold_type": "DollarAmount", "threshold_value": Decimal(4)},
         None),
        (9, {"is_enabled": False, "threshold_type": "DollarAmount", "threshold_value": Decimal(4)},
         "off, below its threshold"),
    ],
)  # fmt: skip
def test_a_recharge_is_looked_after_when_it_stopped_or_is_about_to(
    left: int, settings: dict[str, object], state: str | None
) -> None:
    facts = Facts(NOW, held(left), recharge(**settings), USE.to_frame(), USE.to_frame(), None)
    assert portfolio(facts).recharges["state"].to_list() == ([] if state is None else [state])


def test_what_ends_within_30_days_is_expiring() -> None:
    grants = pl.concat(
        held(left, expire_at=NOW + timedelta(days=days), grant_id=f"grant-{days}")
        for left, days in ((30, 1), (20, 30), (10, 31))
    )
    assert expiring(grants, NOW) == 50


def test_an_empty_portfolio_has_nothing_to_say() -> None:
    empty = (GRANTS.to_frame(), RECHARGES.to_frame(), USE.to_frame(), USE.to_frame())
    nothing = portfolio(Facts(NOW, *empty, None))
    frames = (nothing.ranked, nothing.runs_out, nothing.lapsing, nothing.overdrawn)
    assert [frame.height for frame in frames] == [0, 0, 0, 0]
    assert nothing.worth == {}
