"""The event files of a fleet's year, made to any size by a seed, and the rules that price them."""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

YEAR = 2025
BATCH = 2_000_000
PROCESSES = 2
CUSTOMERS, RESOURCES, USERS = 10_000, 3, 100_000
ON_A_RESOURCE, HAS_A_RARE_KEY, RARE_KEYS, RARE_VALUES = 0.1, 0.2, 200, 50
MOST_UNITS = 4000
RATES = {
    "chat": ("ai-tokens", "0.002"),
    "embedding": ("ai-tokens", "0.0001"),
    "agent": ("ai-tokens", "0.025"),
    "image": ("api-credits", "1.5"),
    "search": ("api-credits", "0.01"),
}
"""Feature → its currency, and the credits that a unit costs."""
KEYS = {
    "model": (12, 1.2, 1.0),
    "team": (40, 1.0, 0.95),
    "region": (5, 1.0, 1.0),
    "environment": (3, 1.5, 0.97),
    "endpoint": (30, 1.1, 0.96),
    "status": (4, 2.5, 0.98),
    "user": (USERS, 0.7, 0.95),
    "tier": (6, 1.0, 0.95),
}
"""Key → its values, the exponent of their Zipf law, the share of events that have it."""
CATALOGUE: dict[str, Any] = {
    "currencies": [{"currency_id": each} for each in ("ai-tokens", "api-credits")],
    "features": [{"feature_id": each} for each in RATES],
    "plans": [
        {
            "plan_id": "fleet",
            "rates": [
                {"feature_id": feature, "currency_id": currency, "amount": float(amount)}
                for feature, (currency, amount) in RATES.items()
            ],
        }
    ],
}
MAPPING: dict[str, Any] = {
    "event_id": {"column": "id"},
    "customer": {"column": "customer"},
    "resource": {"column": "resource"},
    "time": {"column": "time"},
    "feature": {"column": "feature"},
    "value": {"column": "units"},
    "plan": {"constant": "fleet"},
    "dimensions": {"*": {"column": "rest"}} | {key: {"column": key} for key in KEYS},
}
SIZES = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000, "100m": 100_000_000}

Part = tuple[Path, int, int, "np.datetime64", "np.datetime64", int]
"""The file, its first event's number, how many it has, from when, until when, its seed."""


def generate(count: int, folder: Path) -> list[Path]:
    """The year's files, in bounded memory; those that are there already are kept.

    Beside them `late.parquet`, a day of June as much again, with ids of its own, `mapping.json`
    and `catalogue.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mapping.json").write_text(json.dumps(MAPPING, indent=2))
    (folder / "catalogue.json").write_text(json.dumps(CATALOGUE, indent=2))
    parts = _parts(count, folder)
    missing = [part for part in [*parts, _late(count, folder)] if not part[0].exists()]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        list(pool.map(_write, missing))
    return [part[0] for part in parts]


def _parts(count: int, folder: Path) -> list[Part]:
    """At most BATCH events of a month to a file, each with its own stretch of that month."""
    parts: list[Part] = []
    first, written = np.datetime64(date(YEAR, 1, 1)), 0
    year = int((np.datetime64(date(YEAR + 1, 1, 1)) - first).astype(int))
    for month in range(1, 13):
        start = np.datetime64(date(YEAR, month, 1), "us")
        end = np.datetime64(date(YEAR + month // 12, month % 12 + 1, 1), "us")
        until = round(count * int((end.astype("M8[D]") - first).astype(int)) / year)
        pieces = -(-(until - written) // BATCH)
        edges = np.linspace(written, until, pieces + 1).astype(int)
        times = start + ((end - start).astype(int) * np.arange(pieces + 1) // pieces)
        for piece in range(pieces):
            path = folder / f"events-{YEAR}-{month:02}-{piece:02}.parquet"
            numbered = int(edges[piece]), int(edges[piece + 1] - edges[piece])
            parts.append((path, *numbered, times[piece], times[piece + 1], len(parts)))
        written = until
    return parts


def _late(count: int, folder: Path) -> Part:
    day = np.datetime64(date(YEAR, 6, 15), "us")
    end = day + np.timedelta64(1, "D")
    return folder / "late.parquet", count, count // 365, day, end, 10_000


def _write(part: Part) -> None:
    path, first, count, start, end, seed = part
    rng = np.random.default_rng([YEAR, seed])
    unfinished = path.with_suffix(".part")
    with pq.ParquetWriter(unfinished, _schema(), store_schema=False) as writer:
        writer.write_table(_events(rng, first, count, start, end), row_group_size=250_000)
    unfinished.rename(path)


def _events(
    rng: np.random.Generator, first: int, count: int, start: np.datetime64, end: np.datetime64
) -> pa.Table:
    """So many events, in the order of their times."""
    width = int((end - start).astype("timedelta64[us]").astype(int))
    times = start + np.sort(rng.integers(0, width, count)).astype("timedelta64[us]")
    received = times + rng.integers(100_000, 3_000_000, count).astype("timedelta64[us]")
    columns = [
        pl.select(
            pl.format("evt-{}", pl.int_range(first, first + count).cast(pl.String).str.zfill(12))
        )
        .to_series()
        .to_arrow(compat_level=pl.CompatLevel.oldest())
        .cast(pa.string()),
        _chosen(rng, count, "customer", CUSTOMERS, 1.0, 1.0),
        _chosen(rng, count, "app", RESOURCES, 0.5, ON_A_RESOURCE),
        pa.array(times),
        pa.array(received),
        _named(_zipf(rng, count, len(RATES), 1.3), tuple(RATES), None),
        pa.array(rng.integers(1, MOST_UNITS + 1, count)),
        *(_chosen(rng, count, key, *law) for key, law in KEYS.items()),
        _rest(rng, count),
    ]
    return pa.table(columns, schema=_schema())


def _schema() -> pa.Schema:
    word = pa.dictionary(pa.int32(), pa.string())
    fields = {"id": pa.string(), "customer": word, "resource": word, "time": pa.timestamp("us")}
    fields |= {"received": pa.timestamp("us"), "feature": word, "units": pa.int64()}
    fields |= dict.fromkeys(KEYS, word) | {"rest": pa.map_(pa.string(), pa.string())}
    return pa.schema(list(fields.items()))


def _chosen(
    rng: np.random.Generator, count: int, name: str, values: int, exponent: float, share: float
) -> pa.Array:
    """`name-1`, the most frequent, to `name-<values>`; null for all but that share."""
    codes = _zipf(rng, count, values, exponent)
    absent = None if share == 1.0 else rng.random(count) >= share
    return _named(codes, _names(name, values), absent)


@cache
def _names(name: str, values: int) -> tuple[str, ...]:
    width = len(str(values)) if name in ("customer", "rare") else 0
    return tuple(f"{name}-{number:0{width}}" for number in range(1, values + 1))


def _named(
    codes: npt.NDArray[np.int32], names: tuple[str, ...], absent: npt.NDArray[np.bool_] | None
) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=absent), pa.array(names))


def _zipf(
    rng: np.random.Generator, count: int, values: int, exponent: float
) -> npt.NDArray[np.int32]:
    """Numbers from 0, each as frequent as its place to the power of −exponent."""
    weights = np.arange(1, values + 1) ** -exponent
    steps = np.cumsum(weights / weights.sum())
    return np.searchsorted(steps[:-1], rng.random(count)).astype(np.int32)


def _rest(rng: np.random.Generator, count: int) -> pa.Array:
    """A map of one rare key for some of the events, empty for the others."""
    has = rng.random(count) < HAS_A_RARE_KEY
    offsets = np.concatenate([[0], np.cumsum(has)]).astype(np.int32)
    held = int(offsets[-1])
    keys = _named(_zipf(rng, held, RARE_KEYS, 1.0), _names("rare", RARE_KEYS), None)
    values = _named(_zipf(rng, held, RARE_VALUES, 0.5), _names("v", RARE_VALUES), None)
    return pa.MapArray.from_arrays(offsets, keys.dictionary_decode(), values.dictionary_decode())


if __name__ == "__main__":
    generate(SIZES[sys.argv[1]], Path(sys.argv[2]))
