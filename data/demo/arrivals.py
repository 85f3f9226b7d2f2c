"""When usage happens: the rhythm of each customer's days, weeks and year, up to now."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from data.demo.customers import Customer
from data.demo.situations import LATE_EVENTS, Burst

DAYS = 365
HOURS = DAYS * 24
HOUR = 3_600_000
"""Milliseconds."""
DELAY = 5_000
"""Most milliseconds between an event and its arrival, but for late ones."""
OFFSETS = (-8, -6, -5, 0, 1, 2, 5, 9)
"""Hours from UTC at which customers work."""

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]


def arrivals(
    now: datetime, customers: Sequence[Customer], rushes: Sequence[Burst], rng: np.random.Generator
) -> pl.DataFrame:
    """One row per event: customer (its place), occurred_at, received_at, is_burst, model if fixed.

    What has not arrived by `now` is left out: it is not known yet.
    """
    place = {customer.customer_id: n for n, customer in enumerate(customers)}
    usual = [
        _events(place[customer.customer_id], when)
        for customer, when in zip(customers, _rhythms(now, customers, rng), strict=True)
    ]
    extra = [
        _events(place[rush.customer_id], _evenly(rush, rng), True, rush.model) for rush in rushes
    ]
    events = pl.concat(usual + extra)
    late = np.array([customer.customer_id == LATE_EVENTS for customer in customers])
    received = _received(events["occurred_at"].to_numpy(), late[events["customer"].to_numpy()], rng)
    return events.with_columns(received_at=pl.Series(received)).filter(pl.col("received_at") <= now)


def _events(
    customer: int, when: Times, is_burst: bool = False, model: str | None = None
) -> pl.DataFrame:
    return pl.DataFrame({"occurred_at": pl.Series(when, dtype=pl.Datetime("us"))}).with_columns(
        customer=pl.lit(customer, pl.Int64),
        is_burst=pl.lit(is_burst),
        fixed_model=pl.lit(model, pl.String),
    )


def _rhythms(now: datetime, customers: Sequence[Customer], rng: np.random.Generator) -> list[Times]:
    """For each customer the times of its events; hours are counted back from `now`."""
    end = np.datetime64(now, "ms")
    middles = end - (np.arange(HOURS) * HOUR + HOUR // 2).astype("timedelta64[ms]")
    times = []
    for customer in customers:
        weights = np.cumsum(_weights(customer, middles, rng))
        draws = rng.random(customer.events) * weights[-1]
        hours = np.searchsorted(weights, draws, side="right") + rng.random(customer.events)
        times.append(end - (hours * HOUR).astype("timedelta64[ms]"))
    return times


def _weights(customer: Customer, middles: Times, rng: np.random.Generator) -> Floats:
    """How much of a customer's usage falls into each hour: growth, week, day and chance."""
    local = middles + np.timedelta64(int(rng.choice(OFFSETS)), "h")
    hour = (local - local.astype("datetime64[D]")) / np.timedelta64(1, "h")
    # Day 0 of the epoch was a Thursday.
    weekday = (local.astype("datetime64[D]").astype(np.int64) + 3) % 7
    by_hour = 0.12 + np.exp(-(((hour - 13.5) / 4) ** 2))
    by_weekday = np.where(weekday >= 5, rng.uniform(0.25, 0.6), 1.0)
    by_chance = np.repeat(rng.lognormal(0, 0.22, DAYS), 24)
    age = np.arange(HOURS) / HOURS
    weights = by_hour * by_weekday * by_chance * np.exp(-customer.growth * age)
    return np.where(np.arange(HOURS) < customer.joined * 24, weights, 0.0)


def _evenly(rush: Burst, rng: np.random.Generator) -> Times:
    lasts = (rush.until - rush.since) / timedelta(milliseconds=1)
    offsets = np.sort(rng.random(rush.events)) * lasts
    return np.datetime64(rush.since, "ms") + offsets.astype("timedelta64[ms]")


def _received(
    occurred: Times, may_be_late: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Times:
    """Seconds later; for the customer with late events, the 4th for a month's last two days."""
    received: Times = occurred + (rng.random(len(occurred)) * DELAY).astype("timedelta64[ms]")
    next_month = (occurred.astype("datetime64[M]") + 1).astype("datetime64[us]")
    is_late = may_be_late & (next_month - occurred < np.timedelta64(2, "D"))
    wait = ((3 * 24 + 9 + rng.random(len(occurred))) * HOUR).astype("timedelta64[ms]")
    received[is_late] = (next_month + wait)[is_late]
    return received
