"""The demo company: exact to the last credit, and every story is really in its rows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl
import pytest

from data.demo.company import build
from data.demo.situations import SITUATIONS, month_of
from data.demo.sold import CATALOGUE
from data.metering.catalogue import read_catalogue
from data.tables import SCHEMAS, Tables

AUTUMN = datetime(2026, 11, 22, 20, 18, 9)
NEW_YEAR = datetime(2027, 1, 1)
POOL = ["customer_id", "currency_id", "resource_id"]
EVERYDAY = {"model", "model_version", "region", "team", "environment", "user_id"}
Company = tuple[Tables, datetime]


@cache
def built(now: datetime) -> Tables:
    return build(now)


@pytest.fixture(params=[AUTUMN, NEW_YEAR], ids=["autumn", "new year"])
def company(request: pytest.FixtureRequest) -> Company:
    """The tables and their `now`, once within a month and once at a month's first moment."""
    return built(request.param), request.param


def of_customer(tables: Tables, table: str, customer_id: str) -> pl.DataFrame:
    return tables[table].filter(customer_id=customer_id)


def balance(tables: Tables, customer_id: str) -> Decimal:
    """Of the customer-level pool of AI tokens."""
    ledger = of_customer(tables, "ledger", customer_id).filter(
        pl.col("currency_id") == "ai-tokens", pl.col("resource_id").is_null()
    )
    return Decimal(ledger["amount"].sum())


def burned(events: pl.DataFrame, since: datetime, until: datetime) -> Decimal:
    return Decimal(events.filter(pl.col("occurred_at").is_between(since, until))["credits"].sum())


def key_values(events: pl.DataFrame) -> pl.DataFrame:
    """One row per dimension of each event: event_id, occurred_at, credits, key, value."""
    return (
        events.select("event_id", "occurred_at", "credits", "dimensions")
        .explode("dimensions")
        .unnest("dimensions")
        .drop_nulls("key")
    )


def one_grant(tables: Tables, customer_id: str, **wanted: str) -> dict[str, Any]:
    return of_customer(tables, "grants", customer_id).filter(**wanted).row(0, named=True)


def test_the_same_moment_gives_the_same_rows() -> None:
    once, again = built(AUTUMN), build(AUTUMN)
    assert all(once[name].equals(again[name]) for name in SCHEMAS)


def test_every_table_has_its_schema(company: Company) -> None:
    tables, _ = company
    assert {name: frame.schema for name, frame in tables.items()} == SCHEMAS


def test_the_company_has_the_size_it_promises(company: Company) -> None:
    tables, _ = company
    features = tables["features"]["feature_id"]
    assert tables["customers"]["customer_id"].n_unique() == 200
    assert tables["currencies"]["currency_id"].to_list() == ["ai-tokens", "api-credits"]
    assert len(features.filter(~features.str.starts_with("llm-"))) == 8
    assert 120_000 <= len(tables["usage_events"]) <= 160_000
    assert tables["usage_events"]["currency_id"].n_unique() == 2


@pytest.mark.parametrize(
    ("table", "column", "ids"),
    [
        ("customers", "customer_id", {"customer-demo-01", "customer-test-id"}),
        ("resources", "resource_id", {"workspace-example-com", "resource-01"}),
        ("currencies", "currency_id", {"ai-tokens"}),
        ("features", "feature_id", {"feature-seats", "feature-01-templates"}),
        ("plans", "plan_id", {"plan-revvenu-growth", "plan-llm-traces"}),
        ("addons", "addon_id", {"addon-10-campaigns"}),
        ("coupons", "promotion_code", {"STIGG50"}),
        ("subscriptions", "subscription_id", {"subscription-plan-revvenu-growth-da6324"}),
    ],
)
def test_the_identifiers_of_the_vendors_samples_exist(
    company: Company, table: str, column: str, ids: set[str]
) -> None:
    assert ids <= set(company[0][table][column])


def test_the_sample_event_and_the_half_price_coupon_are_in_the_catalogue() -> None:
    catalogue = read_catalogue(CATALOGUE)
    half = catalogue.tables["coupons"].filter(promotion_code="STIGG50")
    assert "user_login" in {meter.event_name for meter in catalogue.meters}
    assert half["percent_off"].to_list() == [Decimal(50)]


def written(*names: str) -> pl.Expr:
    """The sum of the ledger rows of these types."""
    event_types = [f"CREDITS_{name}" for name in names]
    return pl.col("amount").filter(pl.col("event_type").is_in(event_types)).sum()


def test_every_pool_adds_up(company: Company) -> None:
    """Granted − consumed − expired − voided = balance = what remains = the ledger's sum."""
    pools = (
        company[0]["ledger"]
        .group_by(POOL)
        .agg(
            balance=pl.col("amount").sum(),
            explained=written("GRANTED", "CONSUMED", "EXPIRED", "VOIDED"),
            moved=written("CONSUMPTION_TRANSFER_SOURCE", "CONSUMPTION_TRANSFER_TARGET"),
        )
    )
    remaining = (
        company[0]["grants"]
        .filter(status="ACTIVE")
        .group_by(POOL)
        .agg(remaining=(pl.col("amount") - pl.col("consumed_amount")).sum())
    )
    both = pools.join(remaining, on=POOL, how="full", nulls_equal=True, coalesce=True)
    both = both.with_columns(pl.col("balance", "explained", "moved", "remaining").fill_null(0))
    assert len(both) > 250
    assert both.filter(
        (pl.col("balance") != pl.col("explained"))
        | (pl.col("balance") != pl.col("remaining"))
        | (pl.col("moved") != 0)
    ).is_empty()


def test_every_grant_has_consumed_what_its_ledger_rows_say(company: Company) -> None:
    tables, _ = company
    taken = (
        tables["ledger"]
        .filter(pl.col("event_type").str.starts_with("CREDITS_CONSUM"))
        .group_by("grant_id")
        .agg(taken=-pl.col("amount").sum())
    )
    grants = tables["grants"].join(taken, on="grant_id", how="left")
    assert grants["grant_id"].is_unique().all()
    assert grants.filter(pl.col("consumed_amount") != pl.col("taken").fill_null(0)).is_empty()


def test_the_ledger_charges_every_event_in_full(company: Company) -> None:
    tables, _ = company
    charged = (
        tables["ledger"]
        .drop_nulls("event_id")
        .group_by("event_id")
        .agg(charged=-pl.col("amount").sum())
    )
    events = tables["usage_events"].join(charged, on="event_id", how="left")
    assert events["event_id"].is_unique().all()
    assert events.filter(pl.col("credits").ne_missing(pl.col("charged"))).is_empty()


def test_every_event_costs_what_the_plan_of_an_active_subscription_says(company: Company) -> None:
    tables, _ = company
    rates = read_catalogue(CATALOGUE).rates
    plans = tables["subscriptions"].filter(status="ACTIVE")
    plan_of = {(row[1], row[2]): row[3] for row in plans.iter_rows()}
    for event in tables["usage_events"].gather_every(53).iter_rows(named=True):
        plan = plan_of[event["customer_id"], event["resource_id"]]
        dimensions = {pair["key"]: pair["value"] for pair in event["dimensions"]}
        rate = rates[plan, event["feature_id"]]
        assert rate.charge(event["units"], dimensions) == event["credits"]
        assert rate.currency_id == event["currency_id"]
    assert set(tables["customers"]["customer_id"]) == set(plans["customer_id"])


def test_the_ledger_is_in_the_order_in_which_events_arrived(company: Company) -> None:
    tables, _ = company
    ledger = tables["ledger"]
    arrived = ledger.drop_nulls("event_id").join(
        tables["usage_events"].select("event_id", "received_at"),
        on="event_id",
        maintain_order="left",
    )
    assert ledger["ledger_seq"].to_list() == list(range(1, len(ledger) + 1))
    assert arrived["received_at"].is_sorted()


def test_the_year_is_full_up_to_now(company: Company) -> None:
    tables, now = company
    events = tables["usage_events"]
    hours = events.filter(pl.col("occurred_at") > now - timedelta(days=2))
    first, last, arrived = events.select(
        first=pl.col("occurred_at").min(),
        last=pl.col("occurred_at").max(),
        arrived=pl.col("received_at").max(),
    ).row(0)
    assert first < now - timedelta(days=364)
    assert now - timedelta(hours=1) < last <= arrived <= now
    assert hours["occurred_at"].dt.truncate("1h").n_unique() >= 48


def showcase(tables: Tables, now: datetime) -> None:
    events = of_customer(tables, "usage_events", "customer-demo-01")
    pairs = key_values(events)
    may = datetime(now.year if now.month > 5 else now.year - 1, 5, 1)
    in_may = pairs.filter(pl.col("occurred_at").is_between(may, may + timedelta(days=30)))
    weeks = burned(events, now - timedelta(days=28), now)
    assert set(pairs["key"]) >= EVERYDAY
    assert "gemini" in set(in_may.filter(key="model")["value"])
    assert set(events["resource_id"]) == {None, "workspace-example-com"}
    assert set(events["currency_id"]) == {"ai-tokens", "api-credits"}
    assert events["occurred_at"].dt.truncate("1mo").n_unique() >= 12
    assert balance(tables, "customer-demo-01") > weeks
    assert len(of_customer(tables, "recharge_settings", "customer-demo-01")) == 1


def seats_given_back(tables: Tables, _: datetime) -> None:
    events = of_customer(tables, "usage_events", "customer-test-id")
    seats = events.filter(feature_id="feature-seats", resource_id="resource-01")
    assert seats["units"].to_list() == [10, 4, 6, -2, 3]
    assert seats["credits"].to_list() == [250, 100, 150, -50, 75]


def in_overdraft(tables: Tables, _: datetime) -> None:
    overdraft = one_grant(tables, "customer-in-overdraft", grant_type="OVERDRAFT", status="ACTIVE")
    assert balance(tables, "customer-in-overdraft") == -overdraft["consumed_amount"] < 0


def only_overdraft(tables: Tables, _: datetime) -> None:
    grants = of_customer(tables, "grants", "customer-only-overdraft")
    assert grants["grant_type"].to_list() == ["OVERDRAFT"]
    assert balance(tables, "customer-only-overdraft") < 0


def nearly_out(tables: Tables, now: datetime) -> None:
    events = of_customer(tables, "usage_events", "customer-nearly-out")
    daily = burned(events, now - timedelta(days=14), now) / 14
    assert daily * 2 < balance(tables, "customer-nearly-out") < daily * 5


def promotion_expiring(tables: Tables, now: datetime) -> None:
    grant = one_grant(tables, "customer-promo-expiring", grant_type="PROMOTIONAL", status="ACTIVE")
    assert now < grant["expire_at"] < now + timedelta(days=30)
    assert grant["consumed_amount"] < grant["amount"] / 2


def usage_spike(tables: Tables, now: datetime) -> None:
    events = of_customer(tables, "usage_events", "customer-usage-spike")
    week = timedelta(days=7)
    models = key_values(events).filter(key="model")
    gpt, others = models.filter(value="gpt"), models.filter(pl.col("value") != "gpt")
    assert burned(gpt, now - week, now) > 4 * burned(gpt, now - 2 * week, now - week)
    assert burned(others, now - week, now) < 2 * burned(others, now - 2 * week, now - week)


def recharge_stopped(tables: Tables, now: datetime) -> None:
    rule = of_customer(tables, "recharge_settings", "customer-recharge-stopped").row(0, named=True)
    recharges = of_customer(tables, "grants", "customer-recharge-stopped").filter(
        display_name="Auto-recharge", grant_type="PAID"
    )
    in_its_month = recharges.filter(pl.col("created_at") >= month_of(rule["updated_at"]))
    costs = in_its_month["cost_amount"].to_list()
    spend = sum(costs)
    assert not rule["is_enabled"]
    assert now - timedelta(days=7) < rule["updated_at"] < now
    assert spend < rule["max_spend_limit"] < spend + max(costs)
    assert rule["current_monthly_spend"] == (spend if now.day > 1 else 0)
    assert len(recharges) > len(in_its_month) > 0
    assert balance(tables, "customer-recharge-stopped") < rule["threshold_value"]


def voided_grant(tables: Tables, now: datetime) -> None:
    grant = one_grant(tables, "customer-voided-grant", status="VOIDED")
    rows = tables["ledger"].filter(grant_id=grant["grant_id"], event_type="CREDITS_VOIDED")
    assert 0 < grant["consumed_amount"] < grant["amount"]
    assert rows["amount"].to_list() == [grant["consumed_amount"] - grant["amount"]]
    assert grant["voided_at"] < now


def scheduled_grant(tables: Tables, now: datetime) -> None:
    grant = one_grant(tables, "customer-scheduled-grant", status="SCHEDULED")
    assert grant["created_at"] < now < grant["effective_at"] < grant["expire_at"]
    assert tables["ledger"].filter(grant_id=grant["grant_id"]).is_empty()


def payment_pending(tables: Tables, _: datetime) -> None:
    grant = one_grant(tables, "customer-payment-pending", status="PAYMENT_PENDING")
    assert grant["payment_collection"] == "PROCESSING"
    assert tables["ledger"].filter(grant_id=grant["grant_id"]).is_empty()


def late_events(tables: Tables, _: datetime) -> None:
    events = of_customer(tables, "usage_events", "customer-late-events")
    late = events.filter(pl.col("received_at") - pl.col("occurred_at") > timedelta(days=3))
    months = late.select(pl.col("occurred_at", "received_at").dt.truncate("1mo"))
    assert len(late) > 20
    assert (months["received_at"] > months["occurred_at"]).all()


def long_tail(tables: Tables, _: datetime) -> None:
    events = of_customer(tables, "usage_events", "customer-long-tail")
    assert key_values(events)["key"].n_unique() >= 3000


def many_users(tables: Tables, _: datetime) -> None:
    events = of_customer(tables, "usage_events", "customer-many-users")
    assert key_values(events).filter(key="user_id")["value"].n_unique() >= 3000


def brand_new(tables: Tables, now: datetime) -> None:
    customer = of_customer(tables, "customers", "customer-brand-new").row(0, named=True)
    assert customer["created_at"] > now - timedelta(days=3)
    assert of_customer(tables, "usage_events", "customer-brand-new").is_empty()
    assert balance(tables, "customer-brand-new") > 0


CHECKS: dict[str, Callable[[Tables, datetime], None]] = {
    "customer-demo-01": showcase,
    "customer-test-id": seats_given_back,
    "customer-in-overdraft": in_overdraft,
    "customer-only-overdraft": only_overdraft,
    "customer-nearly-out": nearly_out,
    "customer-promo-expiring": promotion_expiring,
    "customer-usage-spike": usage_spike,
    "customer-recharge-stopped": recharge_stopped,
    "customer-voided-grant": voided_grant,
    "customer-scheduled-grant": scheduled_grant,
    "customer-payment-pending": payment_pending,
    "customer-late-events": late_events,
    "customer-long-tail": long_tail,
    "customer-many-users": many_users,
    "customer-brand-new": brand_new,
}


@pytest.mark.parametrize("customer_id", SITUATIONS)
def test_each_situation_is_what_it_says(company: Company, customer_id: str) -> None:
    CHECKS[customer_id](*company)
