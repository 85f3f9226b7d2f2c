"""What each event says about itself: its feature and its dimensions."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from data.demo.customers import Customer
from data.demo.situations import LONG_TAIL
from data.demo.vocabulary import (
    ENVIRONMENTS,
    LONG_TAIL_KEYS,
    MODELS,
    NUMERIC,
    RARE_KEYS,
    RARE_VALUES,
    REGIONS,
    TEAMS,
    USERS,
    VERSIONS,
)

CHAT, CODE, EMBEDDINGS, IMAGES, CALLS, DOCUMENTS = range(6)
FEATURES = (
    "feature-chat-completions",
    "feature-code-assistant",
    "feature-embeddings",
    "feature-image-generation",
    "feature-api-calls",
    "feature-document-parsing",
)
FEATURE_SHARES = np.array([0.5, 0.22, 0.18, 0.1, 0.7, 0.3])
"""Of the four that the first currency pays for, then of the two of the second."""

MODEL_TASTE = np.array([0.8, 0.9, 1.1, 0.0, -0.3])
MODEL_TREND = np.array([0.9, 0.6, -0.5, -0.2, 0.1])
"""How much more, or less, each is liked at the year's end than at its beginning."""
OFFERED = np.array(
    [[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 0, 1, 1, 1], [1, 0, 1, 0, 0], [0] * 5, [0] * 5]
)
"""Feature by model: which models do what."""
INPUT_TOKENS = {CHAT: (6000, 0.9), CODE: (15_000, 0.8), EMBEDDINGS: (50_000, 0.9)}
OUTPUT_TOKENS = {CHAT: (1500, 0.8), CODE: (700, 0.7)}
"""Median, and spread of the logarithm."""
MOST_TOKENS = 1_000_000
YEAR = np.timedelta64(365, "D")

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def describe(
    now: datetime, events: pl.DataFrame, customers: Sequence[Customer], rng: np.random.Generator
) -> pl.DataFrame:
    """The events with feature_id, resource_id, the everyday and numeric keys and two rare ones."""
    who = events["customer"].to_numpy()
    year = (events["occurred_at"].to_numpy() - np.datetime64(now, "us")) / YEAR + 1
    feature = _features(who, events["is_burst"].to_numpy(), customers, rng)
    model = _models(who, feature, events["fixed_model"], year, len(customers), rng)
    version = np.clip((3 * year + rng.normal(0, 0.35, len(year))).astype(int), 0, 2)
    every_version = [version for versions in VERSIONS for version in versions]
    return events.select("customer", "occurred_at", "received_at").with_columns(
        feature_id=_text(FEATURES, feature),
        resource_id=_resources(who, customers, rng),
        model=_text(MODELS, model),
        model_version=_text(every_version, np.where(model < 0, -1, model * 3 + version)),
        **_circumstances(who, customers, rng),
        **_tokens(who, feature, customers, rng),
        **_rare_keys(who, customers, rng),
    )


def _text(values: Sequence[str], places: Ints) -> pl.Series:
    """The value at each place; null where the place is negative."""
    chosen = pl.Series(places)
    known = chosen.set(chosen < 0, None).cast(pl.UInt32)
    return pl.Series(values, dtype=pl.String).gather(known)


def _features(
    who: Ints,
    is_burst: npt.NDArray[np.bool_],
    customers: Sequence[Customer],
    rng: np.random.Generator,
) -> Ints:
    calls = np.array([[customer.calls] for customer in customers])
    shares = np.concatenate([1 - calls, calls], axis=1).repeat([4, 2], axis=1) * FEATURE_SHARES
    shares *= np.where(calls > 0, 1.0, rng.lognormal(0, 0.4, shares.shape))
    limits = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    drawn = (rng.random((len(who), 1)) > limits[who]).sum(axis=1).clip(max=5)
    return np.where(is_burst, CHAT, drawn)


def _models(
    who: Ints,
    feature: Ints,
    fixed: pl.Series,
    year: Floats,
    customers: int,
    rng: np.random.Generator,
) -> Ints:
    """A model by each customer's taste and the year's trend; −1 where none is used."""
    taste = MODEL_TASTE + rng.normal(0, 0.8, (customers, len(MODELS)))
    liking = taste[who] + np.outer(year, MODEL_TREND) + rng.gumbel(size=(len(who), len(MODELS)))
    liking[OFFERED[feature] == 0] = -np.inf
    chosen = np.where(OFFERED[feature].any(axis=1), liking.argmax(axis=1), -1)
    for place, model in enumerate(MODELS):
        chosen[(fixed == model).fill_null(False).to_numpy()] = place
    return chosen


def _resources(who: Ints, customers: Sequence[Customer], rng: np.random.Generator) -> pl.Series:
    counts = np.array([len(customer.resources) for customer in customers])
    first = np.cumsum(counts) - counts
    share = np.array([customer.resource_share for customer in customers])
    within = (rng.random(len(who)) * counts[who]).astype(int)
    is_in_one = (counts[who] > 0) & (rng.random(len(who)) < share[who])
    every = [resource for customer in customers for resource in customer.resources]
    return _text(every, np.where(is_in_one, first[who] + within, -1))


def _circumstances(
    who: Ints, customers: Sequence[Customer], rng: np.random.Generator
) -> dict[str, pl.Series]:
    """Region, team, environment and user; some events lack some, some customers lack one."""
    home = rng.integers(0, len(REGIONS), len(customers))[who]
    region = np.where(rng.random(len(who)) < 0.75, home, rng.integers(0, len(REGIONS), len(who)))
    teams = rng.integers(2, len(TEAMS) + 1, len(customers))[who]
    team = (rng.random(len(who)) ** 1.6 * teams).astype(int)
    environment = np.searchsorted([0.8, 0.95], rng.random(len(who)))
    drawn = (
        ("region", REGIONS, region),
        ("team", TEAMS, team),
        ("environment", ENVIRONMENTS, environment),
        ("user_id", USERS, _users(who, customers, rng)),
    )
    return {
        key: _text(values, np.where(_is_sent(who, customers, rng), places, -1))
        for key, values, places in drawn
    }


def _users(who: Ints, customers: Sequence[Customer], rng: np.random.Generator) -> Ints:
    """A few users do most; where there are thousands, they take turns so that each is seen."""
    users = np.array([customer.users for customer in customers])[who]
    often = (rng.random(len(who)) ** 2.2 * users).astype(int)
    chosen: Ints = np.where(users >= 1000, _turn(who) % users, often)
    return chosen


def _turn(who: Ints) -> Ints:
    """Each event's place among its customer's events."""
    turns = pl.DataFrame({"who": who}).select(turn=pl.int_range(pl.len()).over("who"))
    places: Ints = turns["turn"].to_numpy()
    return places


def _is_sent(
    who: Ints, customers: Sequence[Customer], rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Whether an event carries one key: most customers forget now and then, some never send it."""
    often = rng.choice([1.0, 0.97, 0.9, 0.0], len(customers), p=[0.5, 0.25, 0.15, 0.1])
    tidy = np.array([customer.is_tidy for customer in customers])
    return rng.random(len(who)) < np.where(tidy, 0.985, often)[who]


def _tokens(
    who: Ints, feature: Ints, customers: Sequence[Customer], rng: np.random.Generator
) -> dict[str, pl.Series]:
    scale = np.array([customer.tokens for customer in customers])[who]
    tokens = {}
    for key, sizes in zip(NUMERIC, (INPUT_TOKENS, OUTPUT_TOKENS), strict=True):
        median, spread = (
            np.array([sizes.get(n, (0, 0))[part] for n in range(len(FEATURES))])[feature]
            for part in (0, 1)
        )
        drawn = median * scale * np.exp(spread * rng.standard_normal(len(who)))
        counted = pl.Series(drawn.astype(np.int64).clip(1, MOST_TOKENS))
        tokens[key] = counted.set(pl.Series(median == 0), None)
    return tokens


def _rare_keys(
    who: Ints, customers: Sequence[Customer], rng: np.random.Generator
) -> dict[str, pl.Series]:
    """Two key–value pairs: one of a few keys of the customer's own, or two of a very long tail."""
    owned = rng.integers(0, len(RARE_KEYS), (len(customers), 4))
    counts = rng.integers(0, 5, len(customers))[who]
    own = owned[who, (rng.random(len(who)) * counts).astype(int)]
    own = np.where((counts > 0) & (rng.random(len(who)) < 0.3), own, -1)
    has_long_tail = np.array([customer.customer_id == LONG_TAIL for customer in customers])[who]
    turn = 2 * _turn(who)
    long_tail = [(turn + n) % len(LONG_TAIL_KEYS) + len(RARE_KEYS) for n in (0, 1)]
    keys = (np.where(has_long_tail, long_tail[0], own), np.where(has_long_tail, long_tail[1], -1))
    every = RARE_KEYS + LONG_TAIL_KEYS
    pairs: dict[str, pl.Series] = {}
    for number, places in enumerate(keys, start=1):
        value = rng.integers(0, len(RARE_VALUES), len(who))
        pairs[f"rare_key_{number}"] = _text(every, places)
        pairs[f"rare_value_{number}"] = _text(RARE_VALUES, value)
    return pairs
