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
from queries.portfolio import AllGrants, AllMoves, AllRecharges, AllUse
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
