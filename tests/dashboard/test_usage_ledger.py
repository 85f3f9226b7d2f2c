"""The Usage page opens the ledger of a bucket."""

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
import pytest
from usage_page import UsagePage
from usage_world import NOW, Demo

Visit = Callable[..., UsagePage]

KESTREL = "customer-demo-01"
BOTH_SOURCES = pytest.mark.parametrize("source", ["extract", "live"])


def ledger(
    demo: Demo, start: datetime, end: datetime, resource_id: str | None = None
) -> pl.DataFrame:
    """The rows of a pool, newest first."""
    rows = demo.tables["ledger"].filter(
        pl.col("occurred_at") >= start,
        pl.col("occurred_at") < end,
        pl.col("resource_id").eq_missing(pl.lit(resource_id)),
        customer_id=KESTREL,
        currency_id="ai-tokens",
    )
    return rows.sort("ledger_seq", descending=True)


@BOTH_SOURCES
@pytest.mark.parametrize(
    ("address", "start", "end"),
    [
        ({"bucket": "2026-05-20T00:00"}, datetime(2026, 5, 20), datetime(2026, 5, 21)),
        (
            {"bucket": "2026-05-19T22:00", "tz": "Europe/Berlin"},
            datetime(2026, 5, 19, 22), datetime(2026, 5, 20, 22),
        ),
        (
            {"bucket": "2026-05-22T00:00", "pool": "workspace-example-com"},
            datetime(2026, 5, 22), NOW,
        ),
        (
            {"bucket": "2026-05-21T16:00", "period": "24h"},
            datetime(2026, 5, 21, 16), datetime(2026, 5, 21, 17),
        ),
    ],
    ids=["a day", "a day in Berlin", "the running day of a resource", "an hour"],
)  # fmt: skip
def test_the_bucket_of_the_address_opens_its_ledger_rows(
    visit: Visit, demo: Demo, source: str, address: dict[str, str],
    start: datetime, end: datetime,
) -> None:  # fmt: skip
    page = visit(customer=KESTREL, source=source, **address)
    expected = ledger(demo, start, end, address.get("pool"))
    rows = page.frame("Ledger rows of")
    zone = address.get("tz", "UTC")
    clock = expected["occurred_at"].dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    assert list(rows["occurred_at"]) == clock.dt.strftime("%Y-%m-%d %H:%M:%S").to_list()
    assert list(rows["amount"]) == expected["amount"].to_list()
    assert list(rows["grant_id"]) == expected["grant_id"].to_list()
    assert f"{expected.height:,} ledger rows, newest first, times in {zone}." in page.text


def test_choosing_a_bucket_writes_it_to_the_address(visit: Visit, demo: Demo) -> None:
    page = visit(customer=KESTREL)
    page.choose("bucket", "2026-05-20T00:00")
    assert page.address["bucket"] == "2026-05-20T00:00"
    expected = ledger(demo, datetime(2026, 5, 20), datetime(2026, 5, 21))
    assert len(page.frame("Ledger rows of Wed 20 May 2026 00:00 UTC")) == expected.height


def test_what_the_bucket_used_is_what_its_ledger_rows_consumed(visit: Visit, demo: Demo) -> None:
    page = visit(customer=KESTREL, bucket="2026-05-20T00:00")
    rows = page.frame("Ledger rows of")
    consumed = rows[rows["event_type"] == "Consumed"]
    used = demo.used(KESTREL, datetime(2026, 5, 20), datetime(2026, 5, 21))
    assert -sum(consumed["amount"]) == used[()][0]


@BOTH_SOURCES
def test_a_bucket_without_rows_says_so(visit: Visit, source: str) -> None:
    page = visit(customer="customer-only-overdraft", source=source, period="7d", grain="hour")
    amounts = page.chart.series[0].y
    place = len(amounts) - 1 - amounts[::-1].index(0)
    hour = datetime(2026, 5, 16) + timedelta(hours=place)
    page.go(bucket=f"{hour:%Y-%m-%dT%H:%M}")
    assert "The ledger has no rows in this bucket." in page.text
    assert page.failures == []


def test_a_bucket_that_the_chart_does_not_have_is_said_not_to_be_there(visit: Visit) -> None:
    page = visit(customer=KESTREL, bucket="2026-01-01T00:00")
    assert "No bucket of this chart starts then; choose one from the list." in page.text


def test_the_ledger_is_that_of_one_customer(visit: Visit) -> None:
    page = visit(bucket="2026-05-20T00:00")
    assert "Choose one customer to open the ledger of a bucket." in page.text
    assert not page.has_frame("Ledger rows of")
