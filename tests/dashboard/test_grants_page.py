"""The Grants page: what a pool holds, and every way in which granting and voiding can go."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import histories
import httpx
import pytest
from faulty_wire import Wire, answer_lost, cut_off_after, dropped, no_connection
from grants_page import GrantsPage
from local_metering import CURRENCY, LocalApi
from signed_in import sign_in
from usage_world import NOW, Api, Clock, Demo

from dashboard import asking
from dashboard.activity.store import ActivityFile, Wanted
from dashboard.sources import Sources, use
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from queries.activity import Outcome
from queries.command import Actor, Role
from queries.grants.bulk import COLUMNS, TEMPLATE
from queries.grants.commands import VoidGrant, new_key
from queries.perform import LATEST_ARRIVAL, perform
from queries.question import Extracted, Live

CREATE, VOID, LIST = "CreateCreditGrant", "VoidCreditGrant", "ChangedCreditGrants"
BOTH_SOURCES = pytest.mark.parametrize("source", ["extract", "live"])
HEADER = ",".join(COLUMNS)
Visit = Callable[..., GrantsPage]
numbers = count(1)


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return GrantsPage


@pytest.fixture
def customer(local: LocalApi) -> str:
    """One without grants."""
    customer_id = f"customer-{next(numbers)}"
    local.provision(customer_id, plan=None)
    return customer_id


@pytest.fixture
def page(wire: Wire, customer: str) -> GrantsPage:  # noqa: ARG001  # the page asks it
    return GrantsPage(customer=customer)


def held(local: LocalApi, customer: str) -> list[tuple[Decimal, str]]:
    """The grants there really are: (amount, status)."""
    return [(Decimal(g["amount"]), g["status"]) for g in local.grants(customerId=customer)]


def owe(local: LocalApi, customer: str, amount: int) -> None:
    local.consume(amount, f"use-{next(numbers)}", customerId=customer)
    local.settle()


def outcomes(activity: ActivityFile) -> list[tuple[str, Outcome]]:
    """(who, what came of it) of every change, the newest first."""
    changes = activity.page(Wanted(), 100).changes
    return [(one.recorded.change.actor, one.recorded.fact.outcome) for one in changes]


# What a pool holds


@BOTH_SOURCES
def test_the_table_lists_every_grant_newest_first_and_what_is_left_is_the_balance(
    visit: Visit, demo: Demo, source: str
) -> None:
    page = visit(customer="customer-voided-grant", source=source)
    assert page.names == ["Top-up (booked twice)", "Annual commitment"]
    assert list(page.table["status"]) == ["Voided", "Active"]
    assert sum(page.table["remaining"]) == demo.balance("customer-voided-grant")
    assert "tokens left over 1 active grant, which is the balance" in page.text
    assert page.alt.startswith("Timeline of 2 grants: 1 paid, voided, 1 paid.")
    assert len(page.at.get("download_button")) == 4


def test_filters_are_in_the_address_and_narrow_table_and_timeline(visit: Visit) -> None:
    page = visit(customer="customer-demo-01").choose("type", "PAID")
    assert page.names == ["Expansion", "Annual commitment"]
    assert page.address["type"] == "PAID"
    assert page.alt.startswith("Timeline of 2 grants: 2 paid.")
    assert "2 of 15 grants" in page.text
    page.choose("status", "VOIDED")
    assert "No grant passes these filters." in page.text


def test_a_credit_costs_the_grants_cost_over_its_amount(visit: Visit) -> None:
    page = visit(customer="customer-payment-pending").choose("status", "PAYMENT_PENDING")
    [row] = page.table.to_dict("records")
    assert row["cost_per_credit"] * row["amount"] == row["cost_amount"]
    assert (row["status"], row["share_left"]) == ("Payment pending", 1.0)


def test_an_opened_grant_tells_its_terms_and_leads_to_its_ledger(visit: Visit) -> None:
    page = visit(customer="customer-promo-expiring", source="live")
    page.choose("grant", page.at.session_state["grants on the page"][0])
    assert "**Priority:** " in page.text
    assert "**Left:** " in page.text
    [link] = [link.proto for link in page.at.get("page_link") if "ledger" in link.proto.page]
    assert page.address["grant"] in link.query_string
    page.press("Close")
    assert "grant" not in page.address


@pytest.mark.parametrize(
    ("customer", "sentence"),
    [
        ("customer-only-overdraft", "An overdraft cannot be voided: the next grant settles it."),
        ("customer-voided-grant", "This grant is voided already."),
        ("customer-demo-01", "This grant has expired"),
    ],
)
def test_what_cannot_be_voided_says_why_in_the_place_of_a_button(
    visit: Visit, customer: str, sentence: str
) -> None:
    page = visit(customer=customer, source="live")
    if customer == "customer-demo-01":
        page.choose("status", "EXPIRED")
    page.choose("grant", page.at.session_state["grants on the page"][0])
    assert sentence in page.text
    assert "Void …" not in page.buttons


def test_a_pool_of_a_resource_lists_its_own_grants(visit: Visit) -> None:
    page = visit(customer="customer-demo-01", pool="workspace-example-com")
    assert set(page.table["resource"]) == {"workspace-example-com"}


def test_a_pool_without_grants_says_what_would_be_here(visit: Visit) -> None:
    page = visit(customer="customer-nearly-out", currency="api-credits")
    assert "This pool has no grants yet." in page.text
    assert "Grant credits" in page.buttons


def test_a_thousand_grants_of_a_currency_that_is_no_longer_sold(tmp_path: Path) -> None:
    """The histories' last customer: the timeline draws 30 of them, the table lists all."""
    staged = tmp_path / STAGING
    write(histories.company(5, seed=4), staged, source="five", cut_off=NOW, loaded_at=NOW)
    publish(tmp_path)
    with Extract(tmp_path) as extract:
        use(Sources(None, Extracted(extract)))
        page = GrantsPage(customer="customer-0004", currency="legacy")
        assert re.search("30 of 1,0.. grants are drawn", page.text)
        assert page.table.shape[0] == 1000
        assert "Timeline of 1,0" in page.alt
        page = GrantsPage(customer="customer-0001")
        assert page.alt.startswith("Timeline of ")
        use(None)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"status": "LOST"}, "'LOST' is no status of a grant"),
        ({"type": "GIFT"}, "'GIFT' is no type of a grant"),
        ({"grant": "nothing"}, "This pool has no such grant."),
    ],
)
def test_what_cannot_be_asked_for_is_a_sentence(
    visit: Visit, address: dict[str, str], sentence: str
) -> None:
    page = visit(customer="customer-demo-01", **address)
    assert sentence in page.text
    assert not page.has_crashed


def test_when_the_source_fails_the_grants_stay_and_are_called_old(visit: Visit, api: Api) -> None:
    page = visit(customer="customer-nearly-out", source="live")
    before = page.names
    api.fault = lambda _: httpx.Response(503)
    asking.forget()
    page.go(status="ACTIVE")
    assert page.failures
    assert "no longer current: grants of Osprey Travel" in page.text
    assert page.names == before


def test_without_a_customer_the_page_says_what_to_choose_and_takes_a_file(visit: Visit) -> None:
    page = visit()
    assert "Choose a customer above: this page lists one pool's grants." in page.text
    assert len(page.at.file_uploader) == 1


# Granting


def test_granted_credits_are_in_the_table_and_in_the_balance(
    page: GrantsPage, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    page.grant(amount="500", name="Welcome", comment="A start")
    assert "Granted: 500 promotional tokens as “Welcome” (cred-grant-" in page.text
    assert page.names == ["Welcome"]
    assert "balance :green[**500 tokens**]" in page.text
    assert "new" not in page.address
    assert held(local, customer) == [(500, "ACTIVE")]
    assert outcomes(activity) == [("local user", Outcome.DONE)]


def test_before_anything_is_sent_the_form_says_what_it_would_do(
    page: GrantsPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    owe(local, customer, 15)
    page.press("Grant credits").fill(amount="50")
    assert "−15 → **35** tokens" in page.text
    page.fill(name="Top-up")
    assert "15 owed: settled first; 35 will be left of this grant." in page.text
    page.fill(amount="10")
    assert "this grant settles 10 of it. 5 stay owed, and nothing will be left" in page.text
    page.fill(effective=datetime(2026, 6, 1))
    assert "−15 → **−15** tokens" in page.text
    assert "Scheduled: it takes effect on 1 Jun 2026 00:00 UTC" in page.text
    page.fill(effective=datetime(2026, 5, 1), expires=datetime(2026, 5, 2))
    assert "It would have expired already, on 2 May 2026 00:00 UTC" in page.text
    assert wire.count(CREATE) == 0


def test_a_form_with_something_wrong_says_what_and_sends_nothing(
    page: GrantsPage, wire: Wire
) -> None:
    page.press("Grant credits").press("Grant")
    assert "A name is missing. An amount is missing." in page.text
    page.fill(name="Pack", amount="1,000")
    assert "'1,000' is not a plain number" in page.text
    page.fill(amount="1000", expires=datetime(2026, 5, 1), effective=datetime(2026, 6, 1))
    assert "Choose a later expiry." in page.text
    page.press("Grant")
    assert wire.count(CREATE) == 0


def test_paid_credits_have_a_cost_in_a_money(
    page: GrantsPage, local: LocalApi, customer: str
) -> None:
    page.grant(type="PAID", amount="1000", name="Pack", cost="20.50", money="EUR")
    [grant] = local.grants(customerId=customer)
    assert grant["cost"] == {"amount": Decimal("20.5"), "currency": "EUR"}
    [row] = page.table.to_dict("records")
    assert (row["cost_per_credit"], row["cost_currency"]) == (Decimal("0.0205"), "EUR")


def test_dates_are_those_of_the_display_zone(
    page: GrantsPage, local: LocalApi, customer: str
) -> None:
    page.go(tz="Asia/Tokyo")
    page.grant(amount="5", name="Later", effective=datetime(2026, 6, 1, 9), priority=10)
    [grant] = local.grants(customerId=customer)
    assert grant["effectiveAt"].startswith("2026-06-01T00:00:00")
    assert (grant["status"], grant["priority"]) == ("SCHEDULED", 10)
    assert "It takes effect on 1 Jun 2026 09:00 Asia/Tokyo." in page.text


def test_a_grant_to_another_pool_is_shown_there(
    page: GrantsPage, local: LocalApi, customer: str
) -> None:
    local.grant(1, customerId=customer, resourceId="workspace")
    asking.forget()
    page.go().grant(pool="workspace", amount="7", name="Gift")
    assert page.address["pool"] == "workspace"
    assert sorted(page.names) == ["Credits", "Gift"]
    assert "balance :green[**8 tokens**]" in page.text


def test_from_the_extract_the_page_goes_over_to_the_source_that_has_the_grant(
    wire: Wire, demo: Demo, local: LocalApi
) -> None:
    local.provision("customer-brand-new", plan=None)
    use(Sources(Live(wire.client), Extracted(demo.extract)))
    page = GrantsPage(customer="customer-brand-new")
    assert "this extract will hold them once it is made anew" in page.text
    page.grant(amount="3", name="Thanks")
    assert page.address["source"] == "live"
    assert page.names == ["Thanks"]
    assert "The extract does not hold it yet, so the page now shows the live source." in page.text


def test_two_forms_are_two_grants(page: GrantsPage, local: LocalApi, customer: str) -> None:
    for _ in range(2):
        page.grant(amount="500", name="Welcome")
    assert held(local, customer) == [(500, "ACTIVE")] * 2


# Once, whatever happens


def test_a_form_that_is_opened_again_under_its_key_says_that_it_was_used(
    page: GrantsPage, local: LocalApi, customer: str
) -> None:
    page.press("Grant credits")
    key = page.address["new"]
    page.fill(amount="500", name="Welcome").press("Grant").go(new=key)
    assert "This form was used already, to grant 500 promotional" in page.text
    assert "Grant" not in page.buttons
    page.press("Open a new form")
    assert page.address["new"] != key
    page.press("Grant")
    assert held(local, customer) == [(500, "ACTIVE")]


@pytest.mark.parametrize("fault", [answer_lost, cut_off_after])
def test_a_grant_whose_answer_was_lost_is_found_and_shown(
    page: GrantsPage, wire: Wire, activity: ActivityFile, fault: Any
) -> None:
    wire.fail(CREATE, fault)
    page.grant(amount="500", name="Welcome")
    assert page.names == ["Welcome"]
    assert "Granted: 500" in page.text
    assert outcomes(activity) == [("local user", Outcome.DONE)]


def test_a_reload_in_the_middle_keeps_the_form_and_makes_one_grant(
    page: GrantsPage, wire: Wire, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    """The answer is lost, the reader reloads, and presses again."""
    wire.fail(CREATE, answer_lost)
    wire.fail(LIST, dropped)
    page.grant(amount="500", name="Welcome", comment="A start")
    assert "It could not be read back" in "\n".join(page.failures)
    assert page.names == ["Welcome"]
    assert outcomes(activity) == [("local user", Outcome.UNKNOWN)]
    reloaded = GrantsPage(customer=customer, new=page.address["new"])
    assert "whether that was done is not known" in reloaded.text
    assert reloaded.at.get_by_key("new grant: amount").value == "500"
    reloaded.press("Grant")
    assert "Granted: 500" in reloaded.text
    assert held(local, customer) == [(500, "ACTIVE")]
    assert wire.count(CREATE) == 1
    assert outcomes(activity) == [("local user", Outcome.DONE)]


def test_a_grant_that_got_lost_may_still_arrive_and_is_not_sent_anew_before(
    page: GrantsPage, wire: Wire, local: LocalApi, customer: str, clock: Clock
) -> None:
    wire.fail(CREATE, dropped)
    page.grant(amount="500", name="Welcome")
    assert "may still arrive. Settle it in Activity after" in "\n".join(page.failures)
    assert any("activity" in link.proto.page for link in page.at.get("page_link"))
    assert page.names == []
    page.press("Grant")
    assert wire.count(CREATE) == 1
    clock.advance(LATEST_ARRIVAL)
    page.press("Grant")
    assert held(local, customer) == [(500, "ACTIVE")]


def test_when_nobody_answers_any_more_the_form_still_says_what_is_not_known(
    page: GrantsPage, wire: Wire, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    def gone(request: httpx.Request, answered: Callable[[], httpx.Response]) -> httpx.Response:
        """It is made, and from then on nothing comes through."""
        answered()
        for operation in (LIST, "CreditGrants", "CustomerResources", "CreditBalance"):
            wire.fail(operation, *[dropped] * 20)
        raise httpx.ReadTimeout("timed out", request=request)

    wire.fail(CREATE, gone)
    page.grant(amount="500", name="Welcome")
    assert "It could not be read back" in "\n".join(page.failures)
    assert "no longer current" in page.text
    assert held(local, customer) == [(500, "ACTIVE")]
    assert outcomes(activity) == [("local user", Outcome.UNKNOWN)]


def test_another_amount_after_a_refusal_is_another_change(
    page: GrantsPage, wire: Wire, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    page.press("Grant credits")
    key = page.address["new"]
    wire.fail(CREATE, no_connection)
    page.fill(amount="500", name="Welcome").press("Grant")
    assert "cannot be reached" in "\n".join(page.failures)
    assert page.address["new"] != key
    page.fill(amount="400").press("Grant")
    assert held(local, customer) == [(400, "ACTIVE")]
    assert [outcome for _, outcome in outcomes(activity)] == [Outcome.DONE, Outcome.NOT_DONE]


# Who may


def test_a_viewer_is_told_which_role_it_takes(
    page: GrantsPage, monkeypatch: pytest.MonkeyPatch, local: LocalApi, customer: str
) -> None:
    grant_id = local.grant(5, customerId=customer)["grantId"]
    asking.forget()
    sign_in(monkeypatch, "eve", "viewer")
    page.go(grant=grant_id)
    assert page.is_disabled("Grant credits")
    assert "Granting credits takes the role support, and yours is viewer." in page.text
    assert "Voiding a grant takes the role billing, and yours is viewer." in page.text
    assert "Grant" not in page.go(new="forged").buttons
    assert "Void the grant" not in page.go(new=None, void="forged").buttons


def test_a_session_that_lost_its_role_is_refused_at_the_door_and_recorded(
    page: GrantsPage, wire: Wire, monkeypatch: pytest.MonkeyPatch, activity: ActivityFile
) -> None:
    sign_in(monkeypatch, "eve", "support")
    page.go().press("Grant credits").fill(amount="500", name="Welcome")
    sign_in(monkeypatch, "eve", "viewer")
    page.press("Grant")
    assert "eve may not grant 500 promotional" in "\n".join(page.failures)
    assert wire.count(CREATE) == 0
    assert outcomes(activity) == [("eve", Outcome.REFUSED)]


def test_support_grants_promotional_credits_only(
    page: GrantsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, "sue", "support")
    page.go().press("Grant credits").fill(amount="500", name="Pack", type="PAID", cost="5")
    assert page.is_disabled("Grant")
    assert "Granting paid credits takes the role billing, and yours is support." in page.text
    page.fill(type="PROMOTIONAL").press("Grant")
    assert page.names == ["Pack"]


def test_without_a_metering_api_the_grants_can_be_read(demo: Demo) -> None:
    use(Sources(None, Extracted(demo.extract)))
    page = GrantsPage(customer="customer-demo-01", new="key")
    assert "there is none here: these grants can be read" in page.text
    assert "Grant credits" not in page.buttons
    use(None)


# Voiding


@pytest.fixture
def paid(wire: Wire, local: LocalApi, customer: str) -> GrantsPage:  # noqa: ARG001  # it asks it
    """A page with a paid grant of 100 credits open, of which 30 are used."""
    local.grant(100, customerId=customer, displayName="Pack")
    owe(local, customer, 30)
    [grant] = local.grants(customerId=customer)
    return GrantsPage(customer=customer, grant=grant["grantId"])


def test_a_void_says_what_leaves_and_takes_a_reason_and_the_name_of_what_is_paid(
    paid: GrantsPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    paid.press("Void …")
    assert "**70** tokens leave the balance at once" in paid.text
    assert "Balance: 70 → **0** tokens" in paid.text
    paid.void(reason="", typed="Pack")
    assert "A reason is missing." in paid.text
    paid.void(reason="refunded", typed="Peck")
    assert "only with the grant's name typed back: Pack" in paid.text
    assert wire.count(VOID) == 0
    paid.void(reason="refunded", typed="Pack")
    assert "Voided: “Pack”" in paid.text
    assert list(paid.table["status"]) == ["Voided"]
    assert held(local, customer) == [(100, "VOIDED")]
    assert "void" not in paid.address


def test_promotional_credits_are_voided_without_typing(
    wire: Wire, local: LocalApi, customer: str
) -> None:
    given = local.grant(100, customerId=customer, displayName="Gift", grantType="PROMOTIONAL")
    page = GrantsPage(customer=customer, grant=given["grantId"]).void()
    assert "Voided: “Gift”" in page.text
    assert wire.count(VOID) == 1


def test_of_two_who_void_at_once_the_second_reads_whose_it_was(
    paid: GrantsPage, wire: Wire, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    paid.press("Void …")
    [grant] = local.grants(customerId=customer)
    asked = (grant["grantId"], customer, CURRENCY, None, "Pack", True, "refunded", new_key())
    perform(VoidGrant(*asked), Actor("bob", Role.BILLING), wire.client, activity)
    paid.void(typed="Pack")
    assert "The grant “Pack” is voided already, by bob, 22 May 2026 14:35 UTC." in paid.text
    assert list(paid.table["status"]) == ["Voided"]
    assert outcomes(activity) == [("local user", Outcome.REFUSED), ("bob", Outcome.DONE)]


def test_a_void_whose_answer_was_lost_is_found(
    paid: GrantsPage, wire: Wire, activity: ActivityFile
) -> None:
    wire.fail(VOID, answer_lost)
    paid.void(typed="Pack")
    assert "Voided: “Pack”" in paid.text
    assert outcomes(activity) == [("local user", Outcome.DONE)]


def test_a_void_that_cannot_be_settled_says_so_and_shows_the_truth(
    paid: GrantsPage, wire: Wire, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    def lost(request: httpx.Request, answered: Callable[[], httpx.Response]) -> httpx.Response:
        """Done, and from then on the way to read it back is broken, once."""
        wire.fail(LIST, dropped)
        return answer_lost(request, answered)

    wire.fail(VOID, lost)
    paid.void(typed="Pack")
    assert "It could not be read back" in "\n".join(paid.failures)
    assert list(paid.table["status"]) == ["Voided"]
    assert held(local, customer) == [(100, "VOIDED")]
    assert outcomes(activity) == [("local user", Outcome.UNKNOWN)]


def test_a_void_by_a_session_that_lost_its_role_is_refused_and_recorded(
    paid: GrantsPage, wire: Wire, monkeypatch: pytest.MonkeyPatch, activity: ActivityFile
) -> None:
    paid.press("Void …").write(reason="refunded", typed="Pack")
    sign_in(monkeypatch, "sue", "support")
    paid.press("Void the grant")
    assert "sue may not void the grant “Pack”" in "\n".join(paid.failures)
    assert wire.count(VOID) == 0
    assert outcomes(activity) == [("sue", Outcome.REFUSED)]


# Many from a file


def file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def gift(customer: str, amount: object = 5) -> str:
    return f"{customer},{CURRENCY},,PROMOTIONAL,Gift,{amount},,,,,,"


def came(page: GrantsPage) -> list[str]:
    return list(page.frame("Outcomes of the file")["outcome"])


def test_a_file_is_shown_whole_and_then_made_once_however_often_it_is_run(
    page: GrantsPage, local: LocalApi, customer: str
) -> None:
    rows = file(gift(customer), gift(customer), gift(customer, "2.5"))
    page.upload(rows)
    [total] = page.frame("Totals of the 3 grants").to_dict("records")
    assert (total["grants"], total["credits"]) == (3, Decimal("12.5"))
    assert held(local, customer) == []
    page.press("Make 3 grants")
    assert came(page) == ["Done"] * 3
    assert "balance :green[**12.5 tokens**]" in page.text
    page.press("Make 3 grants again")
    assert came(page) == ["Was done already"] * 3
    again = GrantsPage(customer=customer).upload(rows).press("Make 3 grants")
    assert "3 rows: 3 was done already." in again.text
    assert len(held(local, customer)) == 3


def test_nothing_is_sent_while_a_row_is_wrong(page: GrantsPage, wire: Wire, customer: str) -> None:
    bad = gift("nobody").replace("Gift", "")
    page.upload(file(gift(customer), bad, gift("nobody"), gift(customer, "1e3")))
    wrong = page.frame("What is wrong with 3 rows")
    assert list(wrong["Line"]) == [3, 4, 5]
    assert "There is no customer 'nobody'." in list(wrong["What is wrong"])
    assert not any(button.startswith("Make") for button in page.buttons)
    page.upload("Grüße".encode("latin-1"))
    assert "not UTF-8" in "\n".join(page.failures)
    assert wire.count(CREATE) == 0


def test_each_row_has_its_own_outcome_and_the_next_run_takes_up_the_rest(
    page: GrantsPage, wire: Wire, local: LocalApi, customer: str, clock: Clock
) -> None:
    wire.fail(CREATE, answer_lost, dropped, lambda _, __: httpx.Response(429))
    page.upload(file(*[gift(customer, n) for n in range(1, 5)])).press("Make 4 grants")
    assert came(page) == ["Done", "Unknown", "Not done", "Done"]
    clock.advance(LATEST_ARRIVAL + timedelta(seconds=1))
    page.press("Make 4 grants again")
    assert came(page) == ["Was done already", "Done", "Done", "Was done already"]
    assert sorted(amount for amount, _ in held(local, customer)) == [1, 2, 3, 4]


def test_where_nobody_answers_the_run_ends_and_the_rest_is_not_tried(
    page: GrantsPage, wire: Wire, customer: str
) -> None:
    wire.fail(CREATE, no_connection)
    page.upload(file(gift(customer, 1), gift(customer, 2), gift(customer, 3)))
    page.press("Make 3 grants")
    assert came(page) == ["Not done", "Not tried", "Not tried"]
    assert wire.count(CREATE) == 1


def test_a_file_takes_the_role_of_its_most_demanding_row(
    page: GrantsPage, monkeypatch: pytest.MonkeyPatch, customer: str
) -> None:
    sign_in(monkeypatch, "sue", "support")
    page.go().upload(file(gift(customer), gift(customer).replace("PROMOTIONAL", "PAID")))
    assert page.is_disabled("Make 2 grants")
    assert "This file takes the role billing, and yours is support." in page.text


def test_the_template_names_what_is_not_there_as_such(page: GrantsPage) -> None:
    page.upload(TEMPLATE.encode())
    assert "There is no customer 'acme'." in list(page.frame("What is wrong")["What is wrong"])
