"""The catalogue: what a company sells and what usage costs, read from one JSON file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from data.credits.rates import Rate, formula
from data.tables import SCHEMAS


class CatalogueError(ValueError):
    """A catalogue file that cannot be used; the message names the place and what is expected."""


@dataclass(frozen=True, slots=True)
class Meter:
    """How events of a name become units of a feature: COUNT of them, or SUM of a dimension."""

    event_name: str
    feature_id: str
    aggregation: str = "COUNT"
    dimension: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Currencies, features, plans, add-ons and coupons as tables; meters and rates as rules."""

    tables: Mapping[str, pl.DataFrame]
    meters: tuple[Meter, ...]
    rates: Mapping[tuple[str, str], Rate]
    """(plan_id, feature_id) → its rate."""


def read_catalogue(path: Path) -> Catalogue:
    """The catalogue in a JSON file; raises CatalogueError with the place that is wrong."""
    try:
        document = json.loads(path.read_text(), parse_float=Decimal)
    except OSError as error:
        raise CatalogueError(f"The catalogue {path} cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise CatalogueError(f"{path}, line {error.lineno}: {error.msg}.") from None
    try:
        return _catalogue(document)
    except KeyError as error:
        raise CatalogueError(f"{path}: an entry lacks {error.args[0]!r}.") from None
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise CatalogueError(f"{path}: {error}") from None


def _catalogue(document: dict[str, list[dict[str, Any]]]) -> Catalogue:
    plans = document.get("plans", [])
    rates = [rate | {"plan_id": plan["plan_id"]} for plan in plans for rate in plan["rates"]]
    for rate in rates:
        if rate.get("cost_formula"):
            formula(rate["cost_formula"])
    rows = {
        name: document.get(name, [])
        for name in ("currencies", "features", "addons", "coupons", "plans")
    }
    return Catalogue(
        tables={name: _table(name, given) for name, given in {**rows, "rates": rates}.items()},
        meters=tuple(Meter(**meter) for meter in document.get("meters", [])),
        rates={
            (rate["plan_id"], rate["feature_id"]): Rate(
                rate["feature_id"],
                rate["currency_id"],
                Decimal(str(rate.get("amount", 1))),
                rate.get("cost_formula"),
            )
            for rate in rates
        },
    )


def _table(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = SCHEMAS[name]
    columns = {column: [row.get(column) for row in rows] for column in schema.names()}
    table = pl.DataFrame(columns, schema=schema, strict=False)
    for column, given in columns.items():
        if any(g is not None and t is None for g, t in zip(given, table[column], strict=True)):
            raise ValueError(f"{name}.{column} must be {schema[column]}, not {given!r}.")
    return table
