"""The demo's stories show in the outlook, and the range holds what came later."""

from datetime import datetime, timedelta

import backtest
import polars as pl
import pytest

from data.credits.forecast import CLAIM
from data.demo.company import build
from data.tables import Tables
from queries.outlook import Status, fleet_outlook, unusual
from queries.outlook.fleet import run_outs

NOW = datetime(2026, 5, 22, 14, 35, 20)
CURRENCY = "ai-tokens"


@pytest.fixture(scope="module")
def demo() -> Tables:
    tables = build(NOW)
    return {
        name: tables[name].filter(currency_id=CURRENCY)
        for name in ("usage_events", "grants", "recharge_settings")
    }


@pytest.fixture(scope="module")
def outlook(demo: Tables) -> pl.DataFrame:
    use = backtest.daily_use(demo["usage_events"])
    found = fleet_outlook(use, demo["grants"], demo["recharge_settings"], now=NOW)
    return found.filter(pl.col("resource_id").is_null())


def test_run_outs_alone_are_those_of_the_whole_outlook(demo: Tables, outlook: pl.DataFrame) -> None:
    use = backtest.daily_use(demo["usage_events"])
    alone = run_outs(use, demo["grants"], demo["recharge_settings"], now=NOW)
    both = outlook.join(alone, on=["customer_id", "resource_id"], nulls_equal=True, suffix="_alone")
    assert both.height == outlook.height > 100
    assert both["expected_alone"].to_list() == both["expected"].to_list()


def of(outlook: pl.DataFrame, customer: str) -> dict[str, object]:
    [row] = outlook.filter(customer_id=f"customer-{customer}").to_dicts()
    return row


def test_the_range_holds_the_later_truth_as_often_as_it_claims_within_5_points(
    demo: Tables,
) -> None:
    shares = backtest.held(demo["usage_events"], NOW)
    assert min(shares.values()) >= CLAIM - 0.05, shares


def test_the_customer_that_is_nearly_out_runs_out_in_about_three_days(
    outlook: pl.DataFrame,
) -> None:
    row = of(outlook, "nearly-out")
    assert timedelta(days=1.5) < row["expected"] - NOW < timedelta(days=5)
    assert row["earliest"] < row["expected"] < row["latest"]


@pytest.mark.parametrize("customer", ["in-overdraft", "only-overdraft", "recharge-stopped"])
def test_those_in_overdraft_say_so(outlook: pl.DataFrame, customer: str) -> None:
    assert of(outlook, customer)["status"] == Status.OVERDRAFT


def test_the_brand_new_customer_has_no_forecast(outlook: pl.DataFrame) -> None:
    row = of(outlook, "brand-new")
    assert (row["status"], row["lapse"]) == (Status.UNKNOWN, None)


def test_the_scheduled_grant_carries_its_customer_on(outlook: pl.DataFrame) -> None:
    assert of(outlook, "scheduled-grant")["status"] == Status.BEYOND


def test_the_grant_that_awaits_payment_does_not_carry_its_customer_on(
    outlook: pl.DataFrame,
) -> None:
    row = of(outlook, "payment-pending")
    assert timedelta(days=6) < row["expected"] - NOW < timedelta(days=24)


def test_the_expiring_promotion_is_at_risk(outlook: pl.DataFrame) -> None:
    row = of(outlook, "promo-expiring")
    assert 0 < row["lapse_low"] < row["lapse"] < row["lapse_high"]


def test_the_spike_is_unusual_and_the_showcase_is_not(demo: Tables) -> None:
    found = unusual(backtest.daily_use(demo["usage_events"]), now=NOW)
    assert "customer-usage-spike" in found["customer_id"].head(5)
    assert "customer-demo-01" not in found["customer_id"]
    assert found.height < 20
