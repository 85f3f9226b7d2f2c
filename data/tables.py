"""The tables of a company's credits: what the demo makes, the local store keeps, an extract holds.

Times are naive UTC microseconds, credits `Decimal(18, 6)`, units `Decimal(24, 5)`. Ids are the
company's own texts. `resource_id` null is the customer-level (global) pool; `feature_id` null is a
consumption that names no feature. A subscription's `billable_features` and `addons` are JSON
objects, id → quantity; an extract leaves out what it was sold with.
"""

import polars as pl

TIME = pl.Datetime("us")
CREDITS = pl.Decimal(18, 6)
CREDITS_SUM = pl.Decimal(38, 6)
UNITS = pl.Decimal(24, 5)
DIMENSIONS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))

Tables = dict[str, pl.DataFrame]

ColumnTypes = dict[str, pl.DataType | type[pl.DataType]]

COLUMNS: dict[str, ColumnTypes] = {
    "customers": {
        "customer_id": pl.String,
        "name": pl.String,
        "email": pl.String,
        "created_at": TIME,
    },
    "resources": {"customer_id": pl.String, "resource_id": pl.String, "created_at": TIME},
    "currencies": {
        "currency_id": pl.String,
        "display_name": pl.String,
        "symbol": pl.String,
        "unit_singular": pl.String,
        "unit_plural": pl.String,
        "status": pl.String,
    },
    "features": {
        "feature_id": pl.String,
        "display_name": pl.String,
        "feature_type": pl.String,
        "meter_type": pl.String,
        "unit_singular": pl.String,
        "unit_plural": pl.String,
        "created_at": TIME,
    },
    "plans": {"plan_id": pl.String, "display_name": pl.String, "product_id": pl.String},
    "rates": {
        "plan_id": pl.String,
        "feature_id": pl.String,
        "currency_id": pl.String,
        "amount": CREDITS,
        "cost_formula": pl.String,
    },
    "subscriptions": {
        "subscription_id": pl.String,
        "customer_id": pl.String,
        "resource_id": pl.String,
        "plan_id": pl.String,
        "status": pl.String,
        "started_at": TIME,
        "billing_period": pl.String,
        "billable_features": pl.String,
        "addons": pl.String,
        "billing_country": pl.String,
        "promotion_code": pl.String,
    },
    "grants": {
        "grant_id": pl.String,
        "customer_id": pl.String,
        "currency_id": pl.String,
        "resource_id": pl.String,
        "display_name": pl.String,
        "grant_type": pl.String,
        "status": pl.String,
        "amount": CREDITS,
        "consumed_amount": CREDITS,
        "cost_amount": pl.Decimal(18, 6),
        "cost_currency": pl.String,
        "priority": pl.Int32,
        "payment_collection": pl.String,
        "effective_at": TIME,
        "expire_at": TIME,
        "voided_at": TIME,
        "created_at": TIME,
        "updated_at": TIME,
        "comment": pl.String,
        "additional_metadata": pl.String,
        "is_recharge": pl.Boolean,
    },
    "ledger": {
        "ledger_seq": pl.Int64,
        "customer_id": pl.String,
        "currency_id": pl.String,
        "resource_id": pl.String,
        "event_type": pl.String,
        "amount": CREDITS,
        "grant_id": pl.String,
        "event_id": pl.String,
        "feature_id": pl.String,
        "occurred_at": TIME,
    },
    "usage_events": {
        "event_id": pl.String,
        "customer_id": pl.String,
        "resource_id": pl.String,
        "feature_id": pl.String,
        "currency_id": pl.String,
        "occurred_at": TIME,
        "received_at": TIME,
        "units": UNITS,
        "credits": CREDITS,
        "dimensions": DIMENSIONS,
    },
    "recharge_settings": {
        "customer_id": pl.String,
        "currency_id": pl.String,
        "is_enabled": pl.Boolean,
        "threshold_type": pl.String,
        "threshold_value": CREDITS,
        "target_balance": CREDITS,
        "max_spend_limit": CREDITS,
        "grant_expiration_period": pl.String,
        "current_monthly_spend": CREDITS,
        "created_at": TIME,
        "updated_at": TIME,
    },
    "promotional_entitlements": {
        "promotional_entitlement_id": pl.String,
        "customer_id": pl.String,
        "feature_id": pl.String,
        "status": pl.String,
        "usage_limit": UNITS,
        "has_unlimited_usage": pl.Boolean,
        "has_soft_limit": pl.Boolean,
        "is_visible": pl.Boolean,
        "enum_values": pl.List(pl.String),
        "period": pl.String,
        "reset_period": pl.String,
        "reset_according_to": pl.String,
        "description": pl.String,
        "started_at": TIME,
        "ends_at": TIME,
        "created_at": TIME,
        "updated_at": TIME,
    },
    "addons": {"addon_id": pl.String, "display_name": pl.String},
    "coupons": {
        "coupon_id": pl.String,
        "display_name": pl.String,
        "promotion_code": pl.String,
        "percent_off": pl.Decimal(9, 4),
        "duration_in_months": pl.Int32,
        "status": pl.String,
    },
}


SCHEMAS = {name: pl.Schema(columns) for name, columns in COLUMNS.items()}


def empty(table: str) -> pl.DataFrame:
    """The table with no rows."""
    return pl.DataFrame(schema=SCHEMAS[table])
