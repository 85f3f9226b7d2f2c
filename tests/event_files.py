"""Random event files of every format, and the events that should come of them, by a seed."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from reference import Event

START, END = datetime(2023, 12, 20), datetime(2025, 2, 10)
ZONES = (
    "UTC", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns", "Africa/Cairo", "America/Havana",
    "Pacific/Chatham",
)  # fmt: skip
TICK = timedelta(microseconds=1)
TURNS = (
    datetime(2024, 3, 10, 5, 30), datetime(2024, 3, 31, 1), datetime(2024, 4, 25, 22),
    datetime(2024, 10, 27, 1), datetime(2024, 11, 3, 4, 30), datetime(2024, 11, 3, 5),
    datetime(2024, 2, 29), datetime(2024, 12, 31, 23, 59, 59, 999_999),
)  # fmt: skip
"""Where clocks are changed, a leap day, the last microsecond of a year."""
PLAN = "standard"
FLAT = {
    "calls": ("ai-tokens", Decimal("0.25")),
    "images": ("legacy", Decimal("3.000001")),
    "search": ("ai-tokens", Decimal("0.000335")),
}
FORMULA = "0.0025*input + output/3"
CATALOGUE: dict[str, Any] = {
    "currencies": [{"currency_id": "ai-tokens"}, {"currency_id": "legacy"}],
    "features": [{"feature_id": each} for each in (*FLAT, "chat", "never_used")],
    "plans": [
        {
            "plan_id": PLAN,
            "rates": [
                *(
                    {"feature_id": feature, "currency_id": currency, "amount": float(amount)}
                    for feature, (currency, amount) in FLAT.items()
                ),
                {"feature_id": "chat", "currency_id": "ai-tokens", "cost_formula": FORMULA},
            ],
        },
        {
            "plan_id": "dearer",
            "rates": [{"feature_id": "calls", "currency_id": "ai-tokens", "amount": 0.3}],
        },
    ],
}
MAPPING = {
    "event_id": {"column": "id"},
    "customer": {"column": "who"},
    "resource": {"column": "pool"},
    "time": {"column": "at"},
    "feature": {"column": "what"},
    "value": {"column": "much"},
    "plan": {"constant": PLAN},
    "dimensions": {"*": {"column": "dimensions"}},
}
COLUMNS = ("id", "who", "pool", "at", "what", "much", "dimensions")

COMMON = {
    "model": 5, "team": 4, "region": 3, "endpoint": 7, "user": 90, "tier": 2, "env": 3,
    "status": 3, "app": 4, "build": 12, "shard": 2,
}  # fmt: skip
"""Key → how many values it has."""
RARE = tuple(f"rare_{number}" for number in range(20))
ODD: tuple[tuple[object, str], ...] = (
    *((text, text) for text in ("", " ", "a,b", "O'Hara", '"', "ü", "日本", "007", "1e3", "-0")),
    *((text, text) for text in ("null", "key=value", "%", "\\", "\n", "x" * 300, "NaN", "12.50")),
    (3.0, "3"), (0.5, "0.5"), (True, "true"), (12, "12"),
)  # fmt: skip
"""A value as JSON holds it, and its text."""
KEYS = (*COMMON, *RARE, "size", "input", "output", "absent")

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """Files, how many rows they have, how many of those are no events, and what the others are."""

    paths: list[Path]
    read: int
    rejected: int
    events: list[Event]


def write_files(
    folder: Path, dice: Random, count: int, number: int, customers: Sequence[str], now: datetime
) -> Given:
    """The files of the `number`-th load: a CSV, a Parquet and a JSON lines file of `count` rows.

    A load is mostly of its own months, with events that come late, and with ids told before: the
    first that is read counts. The keys that most events have change from load to load.
    """
    rows = [_row(dice, number, place, customers) for place in range(3 * count)]
    for place in dice.sample(range(len(rows)), len(rows) // 20):
        rows[place]["id"] = f"e-{dice.randint(0, number)}-{dice.randrange(3 * count)}"
    paths = [folder / f"load-{number}.{kind}" for kind in ("csv", "parquet", "jsonl")]
    for path, write, part in zip(
        paths, (_csv, _parquet, _json_lines), (rows[0::3], rows[1::3], rows[2::3]), strict=True
    ):
        write(path, part, dice)
    in_order = rows[0::3] + rows[1::3] + rows[2::3]
    good = [row for row in in_order if row["what"] != "unknown"]
    return Given(paths, len(rows), len(rows) - len(good), [_event(row, now) for row in good])


def a_time(dice: Random, start: datetime = START, end: datetime = END) -> datetime:
    """A time of that range, or where something turns: a midnight somewhere, a changed clock."""
    at = start + dice.randrange((end - start) // TICK) * TICK
    match dice.randrange(8):
        case 0:
            midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
            midnight = midnight.replace(tzinfo=ZoneInfo(dice.choice(ZONES)))
            return midnight.astimezone(UTC).replace(tzinfo=None)
        case 1:
            return dice.choice(TURNS) + dice.choice([-1, 0, 0, 1]) * TICK
        case 2:
            return at.replace(minute=0, second=0, microsecond=0)
    return at


def _row(dice: Random, number: int, place: int, customers: Sequence[str]) -> Raw:
    customer = customers[min(int(dice.paretovariate(0.7)) - 1, len(customers) - 1)]
    part = (END - START) / 4
    is_late = dice.random() < 0.15
    start, end = (START, END) if is_late else (START + number * part, START + (number + 1) * part)
    feature = dice.choice((*FLAT, "chat", "calls", "calls"))
    return {
        "id": f"e-{number}-{place}",
        "who": customer,
        "pool": dice.choice([None, None, None, "app-1", "app-2"]),
        "at": a_time(dice, start, end),
        "what": "unknown" if dice.random() < 0.01 else feature,
        "much": _units(dice, feature),
        "dimensions": _dimensions(dice, number),
    }


def _units(dice: Random, feature: str) -> Decimal:
    if feature != "chat" and dice.random() < 0.03:
        return Decimal(-dice.randint(1, 9))
    return dice.choice(
        [Decimal(1), Decimal(dice.randint(0, 4000)), Decimal(dice.randint(1, 99999)) / 100_000]
    )


def _dimensions(dice: Random, number: int) -> dict[str, tuple[object, str]]:
    held: dict[str, tuple[object, str]] = {}
    for place, (key, values) in enumerate(COMMON.items()):
        if dice.random() < (0.95 if (place + number) % 4 else 0.4 - 0.03 * place):
            value = f"{key}-{min(int(dice.paretovariate(1)), values)}"
            held[key] = (value, value)
    if dice.random() < 0.2:
        held[dice.choice(RARE)] = dice.choice(ODD)
    if dice.random() < 0.3:
        held["size"] = dice.choice(ODD)
    if dice.random() < 0.05:
        held["model"] = dice.choice(ODD)
    for key in ("input", "output"):
        if dice.random() < 0.6:
            tokens = dice.randint(0, 9000)
            held[key] = (tokens, str(tokens))
    return held


def _event(row: Raw, now: datetime) -> Event:
    dimensions = {key: text for key, (_, text) in row["dimensions"].items()}
    if row["what"] == "chat":
        given, made = (Decimal(dimensions.get(key, 0)) for key in ("input", "output"))
        currency, charge = "ai-tokens", Decimal("0.0025") * given + made / 3
    else:
        currency, amount = FLAT[row["what"]]
        charge = row["much"] * amount
    return Event(
        event_id=row["id"],
        customer_id=row["who"],
        resource_id=row["pool"],
        feature_id=row["what"],
        currency_id=currency,
        occurred_at=row["at"],
        loaded_at=now,
        units=row["much"],
        credits=charge.quantize(Decimal("0.000001"), ROUND_HALF_UP),
        dimensions=dimensions,
    )


def _csv(path: Path, rows: list[Raw], dice: Random) -> None:
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow(_written(row, dice) | {"dimensions": json.dumps(_raw(row))})


def _json_lines(path: Path, rows: list[Raw], dice: Random) -> None:
    lines = [json.dumps(_written(row, dice) | {"dimensions": _raw(row)}) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _parquet(path: Path, rows: list[Raw], dice: Random) -> None:
    del dice
    texts = [[(key, text) for key, (_, text) in row["dimensions"].items()] for row in rows]
    columns = {name: pa.array([row[name] for row in rows]) for name in COLUMNS[:3]}
    columns |= {
        "at": pa.array([row["at"] for row in rows], pa.timestamp("us")),
        "what": pa.array([row["what"] for row in rows]),
        "much": pa.array([row["much"] for row in rows], pa.decimal128(18, 5)),
        "dimensions": pa.array(texts, pa.map_(pa.string(), pa.string())),
    }
    pq.write_table(pa.table(columns), path)


def _written(row: Raw, dice: Random) -> Raw:
    """The row as texts, its time in one of the ways in which a time may be written."""
    at = row["at"].replace(tzinfo=UTC)
    zone = timezone(timedelta(minutes=dice.choice([0, 330, -210])))
    told = [f"{row['at'].isoformat()}Z", row["at"].isoformat(), at.astimezone(zone).isoformat()]
    return row | {"at": dice.choice(told), "much": str(row["much"])}


def _raw(row: Raw) -> dict[str, object]:
    return {key: raw for key, (raw, _) in row["dimensions"].items()}
