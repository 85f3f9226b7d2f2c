"""The Report usage page in a browser, by support and a viewer; clicks are counted."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from accessibility import STREAMLITS_FILE_DROP, STREAMLITS_OWN, violations
from clicks import Clicks

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

CUSTOMER = "customer-scheduled-grant"
SLOW = 30_000
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
ROWS = 120

SignedIn = Callable[..., "Page"]


def open_page(page: "Page", app: str, query: str) -> None:
    page.goto(f"{app}/report-usage?{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SLOW)


def choose_file(page: "Page", name: str, content: str) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": content.encode()}
    )


def batch(customer: str) -> str:
    rows = [
        f'{{"customerId": "{customer}", "eventName": "api_call", "idempotencyKey": "k-{n}", '
        f'"timestamp": "2026-05-01T00:00:{n % 60:02}Z"}}'
        for n in range(ROWS)
    ]
    return "\n".join(rows)


def test_a_batch_is_reported_in_three_clicks_and_a_second_time_already_counted(
    signed_app: str, signed_in: SignedIn
) -> None:
    page, clicks = signed_in("sue", "support"), Clicks()
    open_page(page, signed_app, f"customer={CUSTOMER}")
    clicks(page.get_by_text("Many events", exact=True))
    choose_file(page, "events.jsonl", batch(CUSTOMER))
    send = page.get_by_role("button", name=f"Report {ROWS} events")
    expect(send).to_be_enabled(timeout=SLOW)
    clicks(send)
    expect(page.get_by_text(f"{ROWS} rows: {ROWS} reported.")).to_be_visible(timeout=SLOW)
    settled = page.get_by_text(re.compile("^Settled: −120 credits since just before"))
    expect(settled).to_be_visible(timeout=SLOW)
    clicks(page.get_by_role("button", name=f"Report {ROWS} events again"))
    expect(page.get_by_text(f"{ROWS} rows: {ROWS} already counted.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("the balance is as it was.")).to_be_visible()
    assert clicks.count == 3


def test_a_measurement_settles_before_ones_eyes_and_its_key_counts_once(
    signed_app: str, signed_in: SignedIn
) -> None:
    page, clicks = signed_in("sue", "support"), Clicks()
    open_page(page, signed_app, f"customer={CUSTOMER}&feature=feature-seats")
    page.get_by_label("Value").fill("2")
    send = page.get_by_role("button", name="Report", exact=True)
    clicks(send)
    expect(page.get_by_text(re.compile("Reported: 2 of feature-seats"))).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("^Settled: −"))).to_be_visible(timeout=SLOW)
    clicks(send)
    again = page.get_by_text("Already counted: this key was reported before, by sue")
    expect(again).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("Settled: the balance is as it was before.")).to_be_visible(
        timeout=SLOW
    )
    expect(page).to_have_url(re.compile("key="))
    assert clicks.count == 2


def test_a_viewer_can_report_nothing(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("eve", "viewer")
    open_page(page, signed_app, f"customer={CUSTOMER}&feature=feature-seats&value=2")
    expect(page.get_by_role("button", name="Report", exact=True)).to_be_disabled(timeout=SLOW)
    expect(page.get_by_text("takes the role support, and yours is viewer")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_the_forms_and_with_a_file(
    signed_app: str, signed_in: SignedIn, scheme: str
) -> None:
    page = signed_in("ann", "admin", color_scheme=scheme, viewport={"width": 1280, "height": 1400})
    open_page(page, signed_app, f"customer={CUSTOMER}&feature=feature-seats&value=1&at=never")
    expect(page.get_by_text("'never' is not a date")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    page.get_by_label("Time", exact=True).fill("")
    page.get_by_role("button", name="Report", exact=True).click()
    expect(page.get_by_text(re.compile("^Settled: −"))).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN == set()
    page.get_by_text("Many measurements", exact=True).click()
    choose_file(page, "bad.csv", "customer_id,feature_id,value\nnobody,feature-seats,x\n")
    expect(page.get_by_text("Nothing was sent: 1 row is wrong.")).to_be_visible(timeout=SLOW)
    assert violations(page) - STREAMLITS_OWN - STREAMLITS_FILE_DROP == set()


def test_at_phone_width_nothing_runs_off_the_side(signed_app: str, signed_in: SignedIn) -> None:
    page = signed_in("ann", "admin", viewport={"width": 390, "height": 844})
    for what in ("usage", "events"):
        open_page(page, signed_app, f"customer={CUSTOMER}&what={what}")
        expect(page.get_by_text("Reports go to the metering API")).to_be_visible(timeout=SLOW)
        assert page.evaluate(WIDE) <= 0


def test_a_file_of_many_chunks_that_is_cancelled_keeps_what_it_sent_and_can_go_on(
    signed_app: str, signed_in: SignedIn
) -> None:
    page = signed_in("sue", "support")
    open_page(page, signed_app, "what=usages&source=live")
    rows = ["customer-nearly-out,feature-api-calls,0.0001"] * 10_000
    choose_file(page, "usage.csv", "\n".join(["customer_id,feature_id,value", *rows]))
    page.get_by_role("button", name="Report 10,000 measurements").click(timeout=SLOW)
    some = page.get_by_text(re.compile(r"^[1-9][\d,]* of 10,000 rows"))
    expect(some).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Cancel").click(timeout=SLOW)
    part = page.get_by_text(re.compile(r"^10,000 rows: [\d,]+ reported, [\d,]+ not tried\.$"))
    expect(part).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Report 10,000 measurements").click()
    whole = page.get_by_text(
        re.compile(r"^10,000 rows: [\d,]+ reported, [\d,]+ already counted\.$")
    )
    expect(whole).to_be_visible(timeout=2 * SLOW)
