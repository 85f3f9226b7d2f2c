"""The forecast: weekdays as they were, and a range that holds the truth as often as it claims."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from data.credits.forecast import CLAIM, HISTORY, LEAST, METHOD, Forecasts, forecasts

MILLION = 10**6
WEEK = (9.0, 8.0, 8.5, 10.0, 7.0, 1.0, 0.0)


def row(days: list[float], coming: int = 90, **given: float) -> Forecasts:
    return forecasts(np.array([days]), coming, **given)


def is_exactly(said: Forecasts, credits: list[float]) -> bool:
    expected = [round(amount * MILLION) for amount in credits]
    return all(each[0].tolist() == expected for each in (said.low, said.expected, said.high))


def test_use_that_never_varies_is_forecast_exactly() -> None:
    assert is_exactly(row([12.5] * 60), [12.5 * day for day in range(1, 91)])


def test_a_week_that_repeats_is_forecast_exactly() -> None:
    said = row([*WEEK] * 16, coming=21)
    assert is_exactly(said, np.cumsum(WEEK * 3).tolist())


def test_the_rest_of_today_is_its_part_of_the_day() -> None:
    assert is_exactly(row([24.0] * 40, coming=3, rest=0.25), [6.0, 30.0, 54.0])


def test_nothing_is_said_of_less_than_28_days_of_use() -> None:
    days = [row([0.0] * 50 + [3.0] * count).days[0] for count in (1, 27, 28)]
    assert [count >= LEAST for count in days] == [False, False, True]
    assert days == [1, 27, 28]


def test_history_begins_with_the_first_use() -> None:
    late, alone = row([0.0] * 80 + [3.0, 5.0] * 16), row([3.0, 5.0] * 16)
    assert late.days[0] == alone.days[0] == 32
    assert late.high.tolist() == alone.high.tolist()


def test_no_use_stays_no_use() -> None:
    said = row([0.0] * HISTORY)
    assert said.days[0] == 0
    assert is_exactly(said, [0.0] * 90)


def test_credits_given_back_do_not_make_use_run_backwards() -> None:
    said = row([1.0, -30.0, 2.0, 0.0, 1.0, 1.0, 1.0] * 10)
    assert (np.diff(said.expected[0]) >= 0).all()


def test_only_the_last_sixteen_weeks_count() -> None:
    rng = np.random.default_rng(5)
    recent = rng.gamma(2, 10, HISTORY).tolist()
    assert row([900.0] * 30 + recent).high.tolist() == row(recent).high.tolist()


USES = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 150)),
    elements=st.one_of(st.just(0.0), st.floats(-100, 1e6)),
)


@given(USES, st.integers(1, 100), st.floats(0.01, 1))
def test_the_range_is_around_what_is_expected_and_never_falls(
    use: np.ndarray, coming: int, rest: float
) -> None:
    said = forecasts(use, coming, rest=rest)
    assert (said.low[:, 0] >= 0).all()
    for each in (said.low, said.expected, said.high):
        assert each.shape == (len(use), coming)
        assert (np.diff(each) >= 0).all()
    assert (said.low <= said.expected).all()
    assert (said.expected <= said.high).all()


@given(USES)
def test_a_pool_is_forecast_alike_alone_and_among_others(use: np.ndarray) -> None:
    together = forecasts(use, 30)
    for number, each in enumerate(use):
        alone = forecasts(each[None], 30)
        assert np.abs(alone.high[0] - together.high[number]).max() <= 1
        assert alone.days[0] == together.days[number]


@given(USES)
def test_a_surer_range_is_no_narrower(use: np.ndarray) -> None:
    usual, surer = forecasts(use, 30), forecasts(use, 30, claim=0.99)
    assert (surer.high >= usual.high).all()
    assert (surer.low <= usual.low).all()
    assert (surer.expected == usual.expected).all()


def steady(rng: np.random.Generator, days: int) -> np.ndarray:
    return rng.gamma(4, 25, days) * np.tile([1.0, 1, 1, 1, 1, 0.3, 0.2], days // 7 + 1)[:days]


def growing(rng: np.random.Generator, days: int) -> np.ndarray:
    return steady(rng, days) * np.exp(rng.normal(0.8, 0.7) * np.arange(days) / 365)


def wandering(rng: np.random.Generator, days: int) -> np.ndarray:
    return steady(rng, days) * np.exp(rng.normal(0, 0.03, days).cumsum())


def rare(rng: np.random.Generator, days: int) -> np.ndarray:
    return rng.poisson(0.4, days) * rng.lognormal(2, 0.7, days)


@pytest.mark.parametrize("kind", [steady, growing, wandering, rare])
@pytest.mark.parametrize("ahead", [7, 30, 60])
def test_the_range_holds_the_truth_as_often_as_it_claims_within_5_points(
    kind: Callable[[np.random.Generator, int], np.ndarray], ahead: int
) -> None:
    rng = np.random.default_rng(ahead)
    years = np.array([kind(rng, HISTORY + ahead) for _ in range(1500)])
    said = forecasts(years[:, :HISTORY], ahead)
    truth = years[:, HISTORY:].sum(axis=1) * MILLION
    has_held = (said.low[:, -1] <= truth + 1) & (truth - 1 <= said.high[:, -1])
    assert has_held[said.days >= LEAST].mean() >= CLAIM - 0.05


def test_the_method_is_told_with_the_numbers_that_it_uses() -> None:
    for number in (f"{CLAIM * 10:g} times of 10", f"{LEAST} days", "7, 14 and 28 days"):
        assert number in METHOD
