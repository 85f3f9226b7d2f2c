"""What a customer may use: by its plans, by promotions beside them, and all in all."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from data.tables import TIME, UNITS, ColumnTypes
from queries.question import check_customer, check_id


class FeatureType(StrEnum):
    BOOLEAN = "BOOLEAN"
    ENUM = "ENUM"
    NUMBER = "NUMBER"


class Status(StrEnum):
    ACTIVE = "Active"
    EXPIRED = "Expired"
    PAUSED = "Paused"


FEATURE_COLUMNS: ColumnTypes = {
    "feature_id": pl.String,
    "feature_name": pl.String,
    "feature_type": pl.String,
    "meter_type": pl.String,
    "unit": pl.String,
    "units": pl.String,
}
FEATURE_SCHEMA = pl.Schema(FEATURE_COLUMNS)

ALLOWANCE: ColumnTypes = FEATURE_COLUMNS | {
    "usage_limit": UNITS,
    "has_unlimited_usage": pl.Boolean,
    "has_soft_limit": pl.Boolean,
    "enum_values": pl.List(pl.String),
    "reset_period": pl.String,
    "reset_according_to": pl.String,
}
"""How much of a feature: NUMBER has a limit or none, ENUM values, BOOLEAN access alone."""

PROMOTION_COLUMNS: ColumnTypes = ALLOWANCE | {
    "promotion_id": pl.String,
    "status": pl.String,
    "period": pl.String,
    "is_visible": pl.Boolean,
    "started_at": TIME,
    "ends_at": TIME,
    "updated_at": TIME,
}
PROMOTION_SCHEMA = pl.Schema(PROMOTION_COLUMNS)

IN_FORCE_COLUMNS: ColumnTypes = ALLOWANCE | {
    "current_usage": UNITS,
    "is_granted": pl.Boolean,
    "denied_reason": pl.String,
    "valid_until": TIME,
}
IN_FORCE_SCHEMA = pl.Schema(IN_FORCE_COLUMNS)

PLANNED_COLUMNS: ColumnTypes = ALLOWANCE | {"plan_name": pl.String}
PLANNED_SCHEMA = pl.Schema(PLANNED_COLUMNS)


@dataclass(frozen=True, slots=True)
class Promotions:
    """What a customer was granted beside its plans, ended ones too; `PROMOTION_SCHEMA`.

    One row per feature, sorted by feature; `ends_at` null never ends.
    """

    customer_id: str

    def __post_init__(self) -> None:
        check_customer(self.customer_id)


@dataclass(frozen=True, slots=True)
class InForce:
    """All features that the customer, or its resource, may use now; `IN_FORCE_SCHEMA`.

    The most generous of plans, add-ons and promotions; sorted by feature. `denied_reason` is why
    it may not be used all the same, such as a limit that is used up.
    """

    customer_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("resource", self.resource_id)


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plans that the customer, or its resource, subscribes to entitle to.

    Columns as in `PLANNED_SCHEMA`, one row per plan and feature. A feature that a plan only has a
    rate for can be used without limit, for credits. What add-ons give is not told by the API.
    """

    customer_id: str
    resource_id: str | None = None

    def __post_init__(self) -> None:
        check_customer(self.customer_id)
        check_id("resource", self.resource_id)


@dataclass(frozen=True, slots=True)
class Entitleable:
    """Every feature with what can be granted of it; `FEATURE_SCHEMA`, sorted by id."""
