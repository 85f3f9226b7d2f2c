"""Who is who in the fleet, and how many events each question has to look at."""

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from queries.keys import Keys
from queries.portfolio import AllUse
from queries.usage import TopUsage, Usage
from queries.whatif import Repriced, TodaysRates
from tests.scale.fleet import RATES, YEAR
from tests.scale.questions import CURRENCY, Asked

MIDDLE = 100
"""The middle one is the median of the customers with more events than these."""
TIME, CREDITS, CODE, UNITS = 8, 8, 4, 8
"""Bytes that a value needs at least: a text is a code in a dictionary."""
FEATURES = [feature for feature, (currency, _) in RATES.items() if currency == CURRENCY]


def find(events: list[Path]) -> dict[str, Any]:
    """The largest, the middle and the smallest customer that uses the currency, with an event."""
    in_pool = pl.scan_parquet(events).filter(
        pl.col("feature").is_in(FEATURES), pl.col("resource").is_null()
    )
    counted = (
        in_pool.group_by("customer")
        .agg(count=pl.len())
        .sort("count", "customer", descending=[True, False])
        .collect(engine="streaming")
    )
    middling = counted.filter(pl.col("count") > MIDDLE)
    places = {"largest": 0, "middle": middling.height // 2, "small": counted.height - 1}
    people = {name: counted.row(place, named=True) for name, place in places.items()}
    return {
        name: {
            "customer_id": person["customer"],
            "events": person["count"],
            "event_id": in_pool.filter(customer=person["customer"])
            .select(pl.col("id").max())
            .collect(engine="streaming")
            .item(),
            "place": "0",
        }
        for name, person in people.items()
    } | {"days": _days(events, people)}


def places(ledger: list[Path], people: dict[str, Any]) -> None:
    """Add the place in the middle of each customer's ledger."""
    for name in ("largest", "middle", "small"):
        pool = pl.scan_parquet(ledger).filter(
            pl.col("resource_id").is_null(),
            customer_id=people[name]["customer_id"],
            currency_id=CURRENCY,
        )
        middle = pool.select(pl.col("ledger_seq").median().cast(pl.Int64)).collect().item()
        people[name]["place"] = str(middle)


def _days(events: list[Path], people: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Whose → the day of the year → events of the currency, in the pool or in all of them."""
    of_currency = pl.scan_parquet(events).filter(pl.col("feature").is_in(FEATURES))
    daily = {"all": of_currency}
    for name, person in people.items():
        daily[name] = of_currency.filter(pl.col("resource").is_null(), customer=person["customer"])
    return {
        name: {
            f"{day:%m-%d}": count
            for day, count in frame.group_by(day=pl.col("time").dt.date())
            .agg(pl.len())
            .collect(engine="streaming")
            .iter_rows()
        }
        for name, frame in daily.items()
    }


def floor_bytes(asked: Asked, people: dict[str, Any]) -> int | None:
    """Bytes that a scan of nothing but the needed columns of the needed rows must read."""
    read = 0
    for each in asked.questions:
        question = each.usage if isinstance(each, TopUsage) else each
        width = _width(question)
        if width is None:
            return None
        span = getattr(question, "span", None)
        read += width * _events_in(people["days"][asked.whose], span)
    return read


def _width(question: Any) -> int | None:
    match question:
        case Usage():
            keys = {*question.by, *(each.key for each in question.filters)}
            return TIME + CREDITS + CODE * len(keys)
        case AllUse():
            return TIME + CREDITS + CODE
        case Repriced():
            return TIME + CREDITS + UNITS + CODE * (1 + bool(question.scenario.key))
        case TodaysRates():
            return CREDITS + UNITS + CODE
        case Keys():
            return CODE
    return None


def _events_in(daily: dict[str, int], span: Any) -> int:
    if span is None:
        return sum(daily.values())
    return sum(
        count
        for day, count in daily.items()
        if span.start <= datetime.fromisoformat(f"{YEAR}-{day}") < span.end
    )
