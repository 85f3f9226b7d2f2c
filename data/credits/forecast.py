"""Forecast: what a pool will have used by the end of each coming day, with a band of its own.

With w the mean use of a weekday over the last four weeks, E is the sum of the coming days' w, and
h = E ÷ the mean of all days: how many usual days lie ahead. The band is E ± z √(a·h + b·h²·g),
with a the variance of single days around w and b that of the level, which a wrong level adds up
day by day. b is what the means of four weeks leave open, a/28, or more where this pool's past
shows more: on each past day the same method is asked for the next 7, 14 and 28 days, and a mean
squared error of q takes b = (q − a·h) / h²; the largest of the three counts. Beyond 28 days, where
the past is not asked, a level that wanders is off with time: from the middle of the four weeks to
the middle of the days ahead it is g = (h + 28) / 56 of what it is at 28 days; before, g is 1.
z is the normal quantile of the claim.

Computed in floats, for many pools at once; what comes out are whole millionths of a credit.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

WEEK = 7
LEVEL = 28
"""Days whose mean is the level: four of each weekday."""
HISTORY = 112
"""Days that are looked at: sixteen weeks."""
LEAST = LEVEL
"""Days of history without which nothing is said."""
ASKED = (7, 14, 28)
"""Whole weeks ahead for which the past is asked how far off the method was."""
CLAIM = 0.8
LARGEST = 2.0**62
"""In millionths; the replay counts no further either."""

METHOD = (
    "Each coming day is expected to use what the same weekday used on average over the last four "
    "weeks. The range is meant to hold the truth 8 times of 10. It is as wide as this method's "
    "own errors on the pool's last sixteen weeks: how far single days were from their weekday's "
    "average, and how far its totals for the next 7, 14 and 28 days turned out wrong. Days are "
    "those of UTC; history begins with the first day of use and takes 28 days at least. Use burns "
    "through the grants as they stand: those that end lapse, scheduled ones start, recurring ones "
    "come again unchanged, auto-recharge buys within its cap, and what awaits payment never counts."
)

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """One row a pool, one column a coming day; millionths used from now to the day's end.

    Invariants: 0 ≤ low ≤ expected ≤ high, and no row ever falls. `days` is each pool's history,
    from its first day of use; where that is below LEAST the row says nothing.
    """

    days: Whole
    low: Whole
    expected: Whole
    high: Whole


def forecasts(use: Floats, coming: int, *, rest: float = 1.0, claim: float = CLAIM) -> Forecasts:
    """What pools will use over the coming days.

    use: credits of each pool (row) on each past day (column), the last column yesterday; only the
    last HISTORY of them count. rest: the part of the first coming day that is still to come.
    """
    use = _padded(use[:, -HISTORY:])
    begun = _first_use(use)
    recent = use[:, -LEVEL:].reshape(len(use), LEVEL // WEEK, WEEK)
    usual = recent.mean(axis=1)
    by_day = np.tile(np.maximum(usual, 0), -(-coming // WEEK))[:, :coming]
    by_day[:, 0] *= rest
    expected = by_day.cumsum(axis=1)
    # One mean for each weekday is taken from the days that the variance is measured on.
    noise = ((recent - usual[:, None]) ** 2).sum(axis=(1, 2)) / (LEVEL - WEEK)
    ahead = _usual_days(expected, usual.mean(axis=1), rest)
    drift = _drift(use, begun, noise)
    later = np.maximum((ahead + LEVEL) / (2 * LEVEL), 1)
    spread = np.sqrt(noise[:, None] * ahead + drift[:, None] * ahead**2 * later)
    spread *= NormalDist().inv_cdf((1 + claim) / 2)
    low = np.maximum.accumulate(np.maximum(expected - spread, 0), axis=1)
    high = expected + spread
    return Forecasts(use.shape[1] - begun, *map(_millionths, (low, expected, high)))


def _padded(use: Floats) -> Floats:
    """At least LEVEL days, those before the first with no use."""
    return np.pad(use, ((0, 0), (max(LEVEL - use.shape[1], 0), 0)))


def _first_use(use: Floats) -> Whole:
    """The column in which each pool's use begins; past the last where it never did."""
    is_used = use != 0
    first: Whole = np.where(is_used.any(axis=1), is_used.argmax(axis=1), use.shape[1])
    return first


def _usual_days(expected: Floats, level: Floats, rest: float) -> Floats:
    """How many days' use lies ahead; days of the calendar for a pool that uses nothing."""
    days = np.broadcast_to(np.arange(expected.shape[1]) + rest, expected.shape)
    is_used = (level > 0)[:, None]
    return np.where(is_used, expected / np.where(is_used, level[:, None], 1), days)


def _drift(use: Floats, begun: Whole, noise: Floats) -> Floats:
    """b, the variance of the level, from what the past shows and never below a/28.

    Over whole weeks the weekdays cancel out: the method says so many days times the level.
    """
    drift = noise / LEVEL
    sums = np.pad(use.cumsum(axis=1), ((0, 0), (1, 0)))
    for ahead in ASKED:
        asked = np.arange(LEVEL, use.shape[1] - ahead + 1)
        said = (sums[:, asked] - sums[:, asked - LEVEL]) * (ahead / LEVEL)
        error = sums[:, asked + ahead] - sums[:, asked] - said
        counts = asked - LEVEL >= begun[:, None]
        asked_times = counts.sum(axis=1)
        squared = (error**2 * counts).sum(axis=1) / np.maximum(asked_times, 1)
        shown = (squared - noise * ahead) / ahead**2
        drift = np.where(asked_times >= ahead, np.maximum(drift, shown), drift)
    return drift


def _millionths(credits: Floats) -> Whole:
    whole: Whole = np.rint(np.minimum(credits * 1e6, LARGEST)).astype(np.int64)
    return whole
