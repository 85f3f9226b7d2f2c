"""The Entitlements page: what is granted and in force, and every way in which a change can go."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
import simplejson
from app_page import AppPage
from entitlements_page import EntitlementsPage
from faulty_wire import Wire, answer_lost, dropped, no_connection
from local_metering import LocalApi, ServedApi, sold_with
from signed_in import sign_in
from streamlit.elements.lib import policies
from usage_world import NOW, Api, Clock, Demo

from dashboard import asking
from dashboard.activity.store import ActivityFile, Wanted
from dashboard.sources import Sources, use
from data.demo.sold import CATALOGUE
from queries.activity import Outcome
from queries.answer import answer
from queries.entitlements import Promotions
from queries.perform import LATEST_ARRIVAL
from queries.question import Extracted, Live

SEATS, CALLS, TEMPLATES = "feature-seats", "feature-api-calls", "feature-01-templates"
LINKS, TIER = "feature-share-links", "feature-support-tier"
GRANT, REVOKE = "GrantPromotionalEntitlements", "RevokePromotionalEntitlement"
SHOWCASE = "customer-demo-01"
Visit = Callable[..., EntitlementsPage]
numbers = count(1)


class ActivityPage(AppPage):
    view = "activity"


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return EntitlementsPage


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    """The demo's catalogue, with a feature of each further type."""
    features = simplejson.loads(CATALOGUE.read_text())["features"]
    for name, shown, kind in [(LINKS, "Share links", "BOOLEAN"), (TIER, "Support tier", "ENUM")]:
        features.append(
            {"feature_id": name, "display_name": shown, "feature_type": kind, "meter_type": "None"}
        )
    sold = sold_with(tmp_path_factory.mktemp("sold"), features=features)
    api = LocalApi(tmp_path_factory.mktemp("local") / "store", sold)
    api.clock.now = NOW
    yield api
    api.close()


@pytest.fixture
def customer(local: LocalApi) -> str:
    """On the plan Growth, with nothing granted."""
    local.clock.now = NOW
    customer_id = f"customer-{next(numbers)}"
    local.provision(customer_id)
    return customer_id


@pytest.fixture
def page(wire: Wire, customer: str) -> EntitlementsPage:  # noqa: ARG001  # the page asks it
    return EntitlementsPage(customer=customer)


def grant_calls(page: EntitlementsPage, limit: str = "50000") -> EntitlementsPage:
    page.press("Grant entitlements").fill(features=[CALLS])
    return page.amount(CALLS, limit=limit).press("Grant")


def held(local: LocalApi, customer: str) -> dict[str, dict[str, Any]]:
    frame = answer(Promotions(customer), Live(local.client)).frame
    return {row["feature_id"]: row for row in frame.to_dicts()}


def outcomes(activity: ActivityFile) -> list[tuple[str, Outcome]]:
    changes = activity.page(Wanted(), 100).changes
    return [(one.recorded.change.actor, one.recorded.fact.outcome) for one in changes]


# What is granted and in force


def test_what_is_granted_stands_beside_what_is_in_force_and_what_it_adds(visit: Visit) -> None:
    page = visit(customer=SHOWCASE)
    rows = {row["Feature"]: row for row in page.granted.to_dict("records")}
    templates = rows["Templates"]
    assert (templates["Status"], templates["Granted"]) == ("Active", "50 templates")
    assert (templates["Without it"], templates["In force"]) == (
        "100 templates, soft limit", "100 templates, soft limit",
    )  # fmt: skip
    assert rows["Seats"]["Status"] == "Expired"
    assert page.in_force["API calls"] == "10,000 calls a month"
    assert "live, " in page.text


def test_the_page_over_http_is_the_page_in_process(tmp_path: Any) -> None:
    api = ServedApi(tmp_path / "store")
    api.provision(SHOWCASE)
    use(Sources(Live(api.client), None))
    asking.forget()
    page = EntitlementsPage(customer=SHOWCASE)
    assert "Nothing was granted to this customer beside its plans." in page.text
    assert page.in_force["API calls"] == "10,000 calls a month"
    use(None)
    asking.forget()
    api.close()


def test_a_filter_is_in_the_address_and_narrows_the_list(visit: Visit) -> None:
    page = visit(customer=SHOWCASE).choose("status", "Expired")
    assert page.names == ["Seats"]
    assert page.address["status"] == "Expired"
    page.choose("status", "Paused")
    assert "No entitlement has this status." in page.text


def test_an_extract_lists_what_was_granted_and_offers_what_is_in_force(visit: Visit) -> None:
    page = visit(customer=SHOWCASE, source="extract")
    assert page.names == ["Templates", "Seats"]
    assert "In force" not in page.granted.columns
    assert "what is in force all in all, the live source tells" in page.text
    page.press("Use the live source")
    assert "API calls" in page.in_force


def test_a_customer_without_anything_says_what_would_be_here(wire: Wire, local: LocalApi) -> None:
    assert wire.sent == []
    local.provision("customer-bare", plan=None)
    page = EntitlementsPage(customer="customer-bare")
    assert "Nothing was granted to this customer beside its plans." in page.text
    assert "This customer may use nothing" in page.text


def test_without_a_customer_the_page_says_what_to_choose(visit: Visit) -> None:
    assert "Choose a customer above: this page lists what one customer may use." in visit().text


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"status": "LOST"}, "'LOST' is no status of an entitlement"),
        ({"feature": "nothing"}, "This customer has no such entitlement."),
        ({"feature": "nothing", "revoke": "forged"}, "no promotional entitlement of nothing here"),
        ({"customer": "stranger"}, "stranger"),
        ({"customer": "<b>"}, "cannot be a customer id"),
    ],
)
def test_an_address_that_cannot_be_shown_is_a_sentence(
    visit: Visit, address: dict[str, str], sentence: str
) -> None:
    page = visit(**{"customer": SHOWCASE, "source": "live"} | address)
    assert sentence in page.text
    assert not page.has_crashed


def test_when_the_source_fails_the_list_stays_and_is_called_old(visit: Visit, api: Api) -> None:
    page = visit(customer=SHOWCASE)
    before = page.names
    api.fault = lambda _: httpx.Response(503)
    asking.forget()
    page.go(tz="Europe/Berlin")
    assert page.failures
    assert "no longer current: entitlements of Kestrel Robotics" in page.text
    assert page.names == before


# Granting


def test_one_granted_feature_is_listed_and_in_force(
    page: EntitlementsPage, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    grant_calls(page)
    assert "Granted: API calls, 50,000 calls until 22 Jun 2026" in page.text
    assert page.names == ["API calls"]
    assert page.in_force["API calls"] == "50,000 calls"
    assert "new" not in page.address
    row = held(local, customer)[CALLS]
    assert (row["usage_limit"], row["period"], row["is_visible"]) == (50000, "ONE_MONTH", True)
    assert outcomes(activity) == [("local user", Outcome.DONE)]


def test_a_feature_of_each_type_has_its_own_fields_and_all_go_at_once(
    page: EntitlementsPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    page.press("Grant entitlements").fill(features=[CALLS, TIER, LINKS], period="LIFETIME")
    page.amount(CALLS, limit="7", soft=True, reset="WEEK", according_to_WEEK="EveryFriday")
    assert "Access to it: it has no limit." in page.text
    page.amount(TIER, values="gold, silver").fill(visible=False).press("Grant")
    rows = held(local, customer)
    assert wire.count(GRANT) == 1
    assert (rows[CALLS]["has_soft_limit"], rows[CALLS]["reset_according_to"]) == (
        True, "EveryFriday",
    )  # fmt: skip
    assert rows[TIER]["enum_values"] == ["gold", "silver"]
    assert not rows[LINKS]["is_visible"]
    assert page.in_force["Share links"] == "access"
    assert page.in_force["Support tier"] == "gold, silver"


def test_unlimited_needs_no_limit_and_an_end_is_on_the_clock_of_the_zone(
    page: EntitlementsPage, local: LocalApi, customer: str
) -> None:
    page.go(tz="Asia/Tokyo").press("Grant entitlements").fill(features=[CALLS], period="CUSTOM")
    page.amount(CALLS, unlimited=True).fill(ends=datetime(2027, 1, 1, 9)).press("Grant")
    row = held(local, customer)[CALLS]
    assert (row["has_unlimited_usage"], row["ends_at"]) == (True, datetime(2027, 1, 1))
    assert list(page.granted["Ends (Asia/Tokyo)"]) == ["1 Jan 2027 09:00"]


def test_before_anything_is_sent_the_form_says_what_changes(
    page: EntitlementsPage, wire: Wire, local: LocalApi
) -> None:
    page.press("Grant entitlements").fill(features=[CALLS]).amount(CALLS, limit="5")
    assert "In force: 10,000 calls a month → **10,000 calls a month**" in page.text
    assert "The plan gives more than this" in page.text
    page.amount(CALLS, limit="20000")
    assert "In force: 10,000 calls a month → **20,000 calls**" in page.text
    assert wire.count(GRANT) == 0
    page.press("Grant")
    local.clock.forward(minutes=1)
    page.press("Grant entitlements").fill(features=[CALLS]).amount(CALLS, limit="30000")
    assert "This replaces what was granted already: 20,000 calls, active" in page.text
    assert "In force: 20,000 calls → **30,000 calls**" in page.text


def test_every_amount_has_its_unit_and_what_is_replaced_is_named(
    page: EntitlementsPage, local: LocalApi
) -> None:
    page.press("Grant entitlements").fill(features=[TEMPLATES]).amount(
        TEMPLATES, limit="250"
    ).press("Grant")
    assert "Granted: Templates, 250 templates until 22 Jun 2026" in page.text
    assert "in place of" not in page.text
    local.clock.forward(minutes=1)
    page.press("Grant entitlements").fill(features=[TEMPLATES]).amount(TEMPLATES, limit="170")
    assert "In force: 250 templates → **170 templates**" in page.text
    page.press("Grant")
    assert "in place of 250 templates." in page.text
    assert list(page.granted["Granted"]) == ["170 templates"]


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("0", "A limit of 0 lets nothing be used."),
        ("1.5", "1.5 seats is not a whole number: are parts of one meant?"),
    ],
)
def test_an_odd_limit_is_warned_of_and_can_be_granted(
    page: EntitlementsPage, wire: Wire, limit: str, sentence: str
) -> None:
    page.press("Grant entitlements").fill(features=[SEATS]).amount(SEATS, limit=limit)
    assert sentence in page.failures
    page.press("Grant")
    assert wire.count(GRANT) == 1


def test_granting_again_replaces_what_was_granted(
    page: EntitlementsPage, local: LocalApi, customer: str
) -> None:
    grant_calls(page, "20000")
    local.clock.forward(minutes=1)
    grant_calls(page, "30000")
    assert held(local, customer)[CALLS]["usage_limit"] == 30000
    assert page.names == ["API calls"]


def test_what_is_wrong_is_said_at_its_place_and_nothing_is_sent(
    page: EntitlementsPage, wire: Wire
) -> None:
    page.press("Grant entitlements").press("Grant")
    assert "Choose a feature." in page.text
    page.fill(features=[CALLS, TIER]).press("Grant")
    assert "API calls: the limit is missing." in page.text
    assert "Support tier: the values are missing." in page.text
    page.amount(CALLS, limit="1,000")
    assert "'1,000' is not a plain number" in page.text
    page.amount(CALLS, limit="-5").amount(TIER, values="gold, gold")
    assert "a limit is not below 0; it cannot be -5" in page.text
    assert "a value is there twice" in page.text
    page.fill(period="CUSTOM").press("Grant")
    assert "An end date is missing." in page.text
    page.amount(CALLS, limit="5").amount(TIER, values="gold").fill(ends=datetime(2020, 1, 1))
    assert "1 Jan 2020 00:00 UTC has passed" in page.text
    assert wire.count(GRANT) == 0


def test_a_form_outlives_a_reload(
    page: EntitlementsPage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    page.press("Grant entitlements").fill(features=[CALLS]).amount(CALLS, limit="12")
    again = EntitlementsPage(**page.address)
    assert again.at.get_by_key(f"new entitlement: {CALLS} limit").value == "12"
    assert "created with a default value" not in caplog.text


def test_a_form_that_was_used_says_so(page: EntitlementsPage, wire: Wire) -> None:
    page.press("Grant entitlements")
    key = page.address["new"]
    page.fill(features=[CALLS]).amount(CALLS, limit="50").press("Grant").go(new=key)
    assert f"This form was used already, to grant 50 {CALLS}" in page.text
    page.press("Open a new form")
    assert page.address["new"] != key
    assert wire.count(GRANT) == 1


def test_from_the_extract_the_page_goes_over_to_the_live_source(
    wire: Wire, local: LocalApi, demo: Demo
) -> None:
    local.provision("customer-brand-new")
    use(Sources(Live(wire.client), Extracted(demo.extract)))
    page = EntitlementsPage(customer="customer-brand-new", source="extract")
    assert "this extract will hold them once it is made anew" in page.text
    grant_calls(page)
    assert page.address["source"] == "live"
    assert "the page now shows the live source" in page.text
    assert page.names == ["API calls"]


# Whatever the wire does


def test_a_grant_whose_answer_was_lost_is_read_back(
    page: EntitlementsPage, wire: Wire, activity: ActivityFile
) -> None:
    wire.fail(GRANT, answer_lost)
    grant_calls(page)
    assert "Granted: API calls, 50,000 calls until 22 Jun 2026" in page.text
    assert wire.count(GRANT) == 1
    assert outcomes(activity) == [("local user", Outcome.DONE)]


def test_a_grant_that_got_lost_goes_on_in_its_form_and_is_made_once(
    page: EntitlementsPage, wire: Wire, local: LocalApi, customer: str, clock: Clock
) -> None:
    wire.fail(GRANT, dropped)
    grant_calls(page)
    assert "may still arrive" in page.text
    assert held(local, customer) == {}
    clock.at += 2 * LATEST_ARRIVAL
    page.press("Grant")
    assert "Granted: API calls, 50,000 calls until 22 Jun 2026" in page.text
    assert list(held(local, customer)) == [CALLS]


def test_without_a_connection_nothing_is_made_and_the_form_keeps_what_was_filled_in(
    page: EntitlementsPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    wire.fail(GRANT, no_connection)
    grant_calls(page)
    assert "cannot be reached" in page.text
    assert held(local, customer) == {}
    page.press("Grant")
    assert held(local, customer)[CALLS]["usage_limit"] == 50000


# Revoking


def test_revoking_asks_once_and_says_what_the_customer_has_then(
    page: EntitlementsPage, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    grant_calls(page).choose("feature", CALLS).press("Revoke …")
    assert "In force: 50,000 calls → **10,000 calls a month**" in page.text
    assert CALLS in held(local, customer)
    page.press("Revoke")
    assert "Revoked: API calls. The customer now has of it: 10,000 calls a month." in page.text
    assert held(local, customer) == {}
    assert page.in_force["API calls"] == "10,000 calls a month"
    assert not {"revoke", "feature"} & page.address.keys()
    assert outcomes(activity) == [("local user", Outcome.DONE)] * 2


def test_a_revocation_whose_answer_was_lost_is_read_back(
    page: EntitlementsPage, wire: Wire, local: LocalApi, customer: str
) -> None:
    grant_calls(page).choose("feature", CALLS).press("Revoke …")
    wire.fail(REVOKE, answer_lost)
    page.press("Revoke")
    assert "Revoked: API calls." in page.text
    assert held(local, customer) == {}
    assert wire.count(REVOKE) == 1


def test_what_somebody_else_revoked_in_the_meantime_is_said(
    page: EntitlementsPage, local: LocalApi, customer: str
) -> None:
    grant_calls(page).choose("feature", CALLS).press("Revoke …")
    revoke = "mutation ($input: RevokePromotionalEntitlementInput!) { "
    revoke += "revokePromotionalEntitlement(input: $input) { id } }"
    local.tell(revoke, input={"customerId": customer, "featureId": CALLS})
    page.press("Revoke")
    assert "API calls is revoked already, and not by this app." in page.text
    assert not page.has_crashed


# Who may


def test_a_viewer_sees_beforehand_which_role_it_takes(
    wire: Wire, customer: str, local: LocalApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant_calls(EntitlementsPage(customer=customer))
    sign_in(monkeypatch, "eve", "viewer")
    page = EntitlementsPage(customer=customer, feature=CALLS)
    assert page.is_disabled("Grant entitlements")
    assert "Granting entitlements takes the role support, and yours is viewer." in page.text
    assert "Revoking an entitlement takes the role support" in page.text
    assert "Revoke …" not in page.buttons
    page.go(revoke="forged")
    assert "Revoke" not in page.buttons
    page.go(revoke=None, new="forged")
    assert "Grant" not in page.buttons
    assert wire.count(REVOKE) == 0
    assert CALLS in held(local, customer)


def test_who_has_lost_the_role_in_the_meantime_is_refused_at_the_door_and_recorded(
    wire: Wire, customer: str, activity: ActivityFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, "eve", "support")
    page = EntitlementsPage(customer=customer, new="forged")
    page.fill(features=[CALLS]).amount(CALLS, limit="5")
    sign_in(monkeypatch, "eve", "viewer")
    page.press("Grant")
    assert "eve may not grant" in page.text
    assert outcomes(activity) == [("eve", Outcome.REFUSED)]
    assert wire.count(GRANT) == 0


def test_activity_shows_both_with_before_and_after(
    page: EntitlementsPage, activity: ActivityFile
) -> None:
    grant_calls(page).choose("feature", CALLS).press("Revoke …").press("Revoke")
    revoked, granted = activity.page(Wanted(), 10).changes
    shown = ActivityPage(change=str(granted.number))
    after = shown.frame("Before and after change").set_index("Field")["After"]
    assert Decimal(after["1.usageLimit"]) == 50000
    [title] = ActivityPage(change=str(revoked.number)).at.header
    assert "revoke API calls" in title.value
