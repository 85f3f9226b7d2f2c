"""Promotional entitlements, and what a customer may use: the most generous of what it was given."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import simplejson
from local_metering import (
    CURRENCY,
    CUSTOMER,
    SEATS,
    Answer,
    LocalApi,
    at,
    event,
    nodes,
    sold_with,
    wire,
)

from data.demo.sold import CATALOGUE
from data.metering.catalogue import Catalogue
from data.metering.errors import BadInput, MeteringError, NotFound

LINKS, TIER, TEMPLATES = "feature-share-links", "feature-support-tier", "feature-01-templates"
LOOSE = "customer-loose"
RESET = """resetPeriod resetPeriodConfiguration { __typename
    ... on MonthlyResetPeriodConfig { monthlyAccordingTo }
    ... on WeeklyResetPeriodConfig { weeklyAccordingTo }
    ... on YearlyResetPeriodConfig { yearlyAccordingTo } }"""
PROMOTION = f"""id status period startDate endDate createdAt updatedAt usageLimit unlimited
    hasUnlimitedUsage hasSoftLimit isVisible enumValues {RESET}
    customer {{ customerId }} feature {{ refId }}"""
GRANT = f"""mutation ($input: GrantPromotionalEntitlementsInput!) {{
    grantPromotionalEntitlements(input: $input) {{ {PROMOTION} }} }}"""
REVOKE = f"""mutation ($input: RevokePromotionalEntitlementInput!) {{
    revokePromotionalEntitlement(input: $input) {{ {PROMOTION} }} }}"""
LIST = f"""query ($filter: PromotionalEntitlementFilter, $sorting: [PromotionalEntitlementSort!]) {{
    promotionalEntitlements(filter: $filter, sorting: $sorting) {{
    totalCount edges {{ node {{ {PROMOTION} }} }} }} }}"""
FEATURE = f"""isGranted accessDeniedReason usageLimit currentUsage hasUnlimitedUsage hasSoftLimit
    enumValues usagePeriodStart usagePeriodEnd usagePeriodAnchor validUntil {RESET}
    feature {{ refId }} creditRate {{ amount costFormula currencyId }}"""
STATE = f"""query ($query: FetchEntitlementsQuery!) {{ entitlementsState(query: $query) {{
    accessDeniedReason entitlements {{ {FEATURE} }} entitlementsV2 {{ __typename
    ... on FeatureEntitlement {{ {FEATURE} }} ... on CreditEntitlement {{
    isGranted accessDeniedReason usageLimit currentUsage currency {{ currencyId unitPlural }} }} }}
    }} }}"""
ONE = f"""query ($query: FetchEntitlementQuery!) {{
    entitlementV2(query: $query) {{ ... on FeatureEntitlement {{ {FEATURE} }} }} }}"""


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The demo's, with a feature of each further type."""
    features = simplejson.loads(CATALOGUE.read_text())["features"]
    for name, kind in [(LINKS, "BOOLEAN"), (TIER, "ENUM")]:
        features.append({"feature_id": name, "feature_type": kind})
    return sold_with(tmp_path_factory.mktemp("catalogue"), features=features)


@pytest.fixture
def api(begun: Path, tmp_path: Path, catalogue: Catalogue) -> Iterator[LocalApi]:
    """The begun store with a customer without a plan."""
    api = LocalApi(copytree(begun, tmp_path / "store"), catalogue)
    api.provision(LOOSE, plan=None)
    yield api
    api.close()


def give(api: LocalApi, feature_id: str = SEATS, to: str = LOOSE, **given: Any) -> Answer:
    (promotion,) = give_all(api, {"featureId": feature_id, "period": "LIFETIME"} | given, to=to)
    return promotion


def give_all(api: LocalApi, *given: Answer, to: str = LOOSE) -> list[Answer]:
    asked = {"customerId": to, "promotionalEntitlements": given}
    return api.tell(GRANT, input=asked)["grantPromotionalEntitlements"]


def revoke(api: LocalApi, feature_id: str, of: str = LOOSE) -> Answer:
    given = {"customerId": of, "featureId": feature_id}
    return api.tell(REVOKE, input=given)["revokePromotionalEntitlement"]


def listed(api: LocalApi, filter: Answer | None = None, **asked: Any) -> list[Answer]:
    return nodes(api.ask(LIST, filter=filter, **asked)["promotionalEntitlements"])


def state(api: LocalApi, of: str = LOOSE, **given: Any) -> Answer:
    return api.ask(STATE, query={"customerId": of} | given)["entitlementsState"]


def one(api: LocalApi, feature_id: str = SEATS, of: str = LOOSE, **given: Any) -> Answer:
    query = {"customerId": of, "featureId": feature_id} | given
    return api.ask(ONE, query=query)["entitlementV2"]


def access(entitlement: Answer) -> tuple[bool, str | None]:
    return entitlement["isGranted"], entitlement["accessDeniedReason"]


# Granting


def test_a_promotion_is_answered_whole(api: LocalApi) -> None:
    assert give(api, usageLimit=10.5, isVisible=False) == {
        "id": listed(api)[0]["id"],
        "status": "Active",
        "period": "LIFETIME",
        "startDate": wire(api.clock()),
        "endDate": None,
        "createdAt": wire(api.clock()),
        "updatedAt": wire(api.clock()),
        "usageLimit": 10.5,
        "unlimited": False,
        "hasUnlimitedUsage": False,
        "hasSoftLimit": False,
        "isVisible": False,
        "enumValues": None,
        "resetPeriod": None,
        "resetPeriodConfiguration": None,
        "customer": {"customerId": LOOSE},
        "feature": {"refId": SEATS},
    }


@pytest.mark.parametrize(
    ("period", "end"),
    [
        ("ONE_WEEK", "2026-05-27T12:00:00.000Z"),
        ("ONE_MONTH", "2026-06-20T12:00:00.000Z"),
        ("SIX_MONTH", "2026-11-20T12:00:00.000Z"),
        ("ONE_YEAR", "2027-05-20T12:00:00.000Z"),
        ("LIFETIME", None),
    ],
)
def test_a_period_ends_on_the_calendar(api: LocalApi, period: str, end: str | None) -> None:
    assert give(api, usageLimit=1, period=period)["endDate"] == end


def test_a_custom_period_ends_when_told(api: LocalApi) -> None:
    end = give(api, usageLimit=1, period="CUSTOM", customEndDate=at(days=-3))["endDate"]
    assert end == at(days=-3)


@pytest.mark.parametrize(
    ("spelling", "period"),
    [("1 month", "ONE_MONTH"), ("6 month", "SIX_MONTH"), ("lifetime", "LIFETIME")],
)
def test_periods_are_read_in_other_spellings_and_printed_in_ours(
    api: LocalApi, spelling: str, period: str
) -> None:
    assert give(api, usageLimit=1, period=spelling)["period"] == period


def test_other_spellings_are_read_in_the_document_too(api: LocalApi) -> None:
    document = f"""mutation {{ grantPromotionalEntitlements(input: {{ customerId: "{LOOSE}",
        promotionalEntitlements: [{{featureId: "{SEATS}", usageLimit: 1, period: lifetime}}]
        }}) {{ period }} }}"""
    assert api.tell(document)["grantPromotionalEntitlements"] == [{"period": "LIFETIME"}]


@pytest.mark.parametrize("period", ["MONTHLY", "", 3, ["LIFETIME", "CUSTOM"], {}])
def test_a_period_of_no_surface_is_refused(api: LocalApi, period: object) -> None:
    with pytest.raises(BadInput, match="PromotionalEntitlementPeriod"):
        give(api, usageLimit=1, period=period)
    assert listed(api) == []


def test_granting_again_replaces_the_earlier_one(api: LocalApi) -> None:
    first = give(api, usageLimit=10)
    api.clock.forward(days=1)
    give(api, LINKS)
    again = give(api, usageLimit=2, hasSoftLimit=True)
    assert first["id"] != again["id"]
    api.restart()
    found = {row["feature"]["refId"]: row for row in listed(api)}
    assert found.keys() == {SEATS, LINKS}
    assert found[SEATS] == again


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"featureId": LINKS, "usageLimit": 0}, "UnsupportedFeatureType", "takes no usageLimit"),
        ({"featureId": LINKS, "hasUnlimitedUsage": True}, "UnsupportedFeatureType", "is BOOLEAN"),
        ({"featureId": LINKS, "enumValues": ["a"]}, "UnsupportedFeatureType", "no enumValues"),
        ({"featureId": LINKS, "resetPeriod": "DAY"}, "UnsupportedFeatureType", "no resetPeriod"),
        ({"featureId": TIER, "enumValues": ["a"], "hasSoftLimit": True},
         "UnsupportedFeatureType", "'feature-support-tier' is ENUM: it takes no hasSoftLimit"),
        ({"featureId": TIER}, "BadUserInput", "give enumValues"),
        ({"featureId": TIER, "enumValues": []}, "BadUserInput", "give enumValues"),
        ({"enumValues": ["a"], "usageLimit": 1}, "UnsupportedFeatureType", "is NUMBER"),
        ({}, "BadUserInput", "give either a usageLimit or hasUnlimitedUsage"),
        ({"usageLimit": 1, "hasUnlimitedUsage": True}, "BadUserInput", "either a usageLimit"),
        ({"usageLimit": -1}, "BadUserInput", "must not be below 0"),
        ({"usageLimit": 2**53}, "BadUserInput", "out of range"),
        ({"usageLimit": 1, "period": "CUSTOM"}, "BadUserInput", "CUSTOM needs a customEndDate"),
        ({"usageLimit": 1, "customEndDate": at(days=-1)}, "BadUserInput", "no other period"),
        ({"usageLimit": 1, "period": "CUSTOM", "customEndDate": at()},
         "BadUserInput", "must be in the future"),
        ({"featureId": TEMPLATES, "usageLimit": 1, "resetPeriod": "DAY"},
         "InvalidEntitlementResetPeriod", "is not metered"),
        ({"usageLimit": 1, "resetPeriod": "MONTH",
          "weeklyResetPeriodConfiguration": {"accordingTo": "EveryMonday"}},
         "InvalidEntitlementResetPeriod", "weeklyResetPeriodConfiguration does not go with"),
        ({"usageLimit": 1, "resetPeriod": "DAY",
          "yearlyResetPeriodConfiguration": {"accordingTo": "SubscriptionStart"}},
         "InvalidEntitlementResetPeriod", "the resetPeriod DAY"),
        ({"usageLimit": 1, "monthlyResetPeriodConfiguration": {"accordingTo": "StartOfTheMonth"}},
         "InvalidEntitlementResetPeriod", "the resetPeriod null"),
        ({"featureId": "magic", "usageLimit": 1}, "FeatureNotFound", "no feature 'magic'"),
    ],
)  # fmt: skip
def test_what_cannot_be_granted_is_refused_and_grants_nothing(
    api: LocalApi, given: Answer, code: str, sentence: str
) -> None:
    kept = give(api, usageLimit=4)
    good = {"featureId": "feature-api-calls", "period": "LIFETIME", "usageLimit": 1}
    with pytest.raises(MeteringError) as refused:
        give_all(api, good, {"featureId": SEATS, "period": "LIFETIME"} | given)
    assert (refused.value.code, sentence in refused.value.sentence) == (code, True)
    assert listed(api) == [kept]


def test_each_feature_is_granted_once_in_a_call_of_at_least_one(api: LocalApi) -> None:
    seats = {"featureId": SEATS, "period": "LIFETIME", "usageLimit": 1}
    for given in ([], [seats, seats]):
        with pytest.raises(BadInput, match="at least one promotional entitlement, and each"):
            give_all(api, *given)
    assert listed(api) == []


# Listing and revoking


def test_an_ended_promotion_stays_listed_as_expired(api: LocalApi) -> None:
    give(api, usageLimit=1, period="ONE_WEEK")
    api.clock.forward(days=7, seconds=-1)
    assert [row["status"] for row in listed(api)] == ["Active"]
    api.clock.forward(seconds=1)
    assert [row["status"] for row in listed(api)] == ["Expired"]
    assert one(api)["accessDeniedReason"] == "NoActiveSubscription"
    assert revoke(api, SEATS)["status"] == "Expired"


def test_promotions_are_newest_first_and_filtered(api: LocalApi) -> None:
    give(api, LINKS, period="ONE_WEEK")
    api.clock.forward(days=8)
    give(api, usageLimit=1)
    give(api, LINKS, to=CUSTOMER)

    def found(filter: Answer | None = None, **asked: Any) -> list[tuple[str, str]]:
        rows = listed(api, filter, **asked)
        return [(row["customer"]["customerId"], row["feature"]["refId"]) for row in rows]

    assert found()[-1] == (LOOSE, LINKS)
    assert len(found()) == 3
    assert found({"status": {"eq": "Expired"}}) == [(LOOSE, LINKS)]
    assert found({"customerId": {"eq": CUSTOMER}}) == [(CUSTOMER, LINKS)]
    of_seats = {"or": [{"featureId": {"eq": SEATS}}, {"customerId": {"eq": CUSTOMER}}]}
    assert set(found(of_seats)) == {(LOOSE, SEATS), (CUSTOMER, LINKS)}
    by_feature = [{"field": "featureId", "direction": "DESC"}]
    assert [feature for _, feature in found(sorting=by_feature)] == [LINKS, LINKS, SEATS]


def test_what_is_revoked_is_gone(api: LocalApi) -> None:
    given = give(api, usageLimit=3)
    assert revoke(api, SEATS) == given
    assert listed(api) == []
    with pytest.raises(NotFound) as refused:
        revoke(api, SEATS)
    assert refused.value.code == "PromotionalEntitlementNotFoundError"
    api.restart()
    assert listed(api) == []


@pytest.mark.parametrize(
    ("customer", "feature", "code"),
    [("nobody", SEATS, "CustomerNotFound"), (LOOSE, "magic", "FeatureNotFound")],
)
def test_nothing_is_revoked_of_what_is_unknown(
    api: LocalApi, customer: str, feature: str, code: str
) -> None:
    with pytest.raises(NotFound) as refused:
        revoke(api, feature, of=customer)
    assert refused.value.code == code


# What a customer may use


def test_a_plan_grants_what_it_and_those_it_is_based_on_offer_and_rate(api: LocalApi) -> None:
    """Growth limits templates, takes the limit of API calls from Free, and rates documents."""
    api.grant(100)
    found = {row["feature"]["refId"]: row for row in state(api, CUSTOMER)["entitlements"]}
    limits = {name: row["usageLimit"] for name, row in found.items() if row["usageLimit"]}
    assert limits == {
        TEMPLATES: 100, "feature-api-calls": 10000, "feature-image-generation": 2000,
    }  # fmt: skip
    assert found["feature-document-parsing"]["hasUnlimitedUsage"]
    assert found[TEMPLATES]["hasSoftLimit"]
    assert found["feature-api-calls"]["resetPeriod"] == "MONTH"
    assert access(found[SEATS]) == (True, None)
    assert found[SEATS]["hasUnlimitedUsage"]
    assert found[SEATS]["creditRate"] == {
        "amount": 25, "costFormula": None, "currencyId": CURRENCY,
    }  # fmt: skip


def test_credit_items_carry_the_wallet_as_if_all_had_settled(api: LocalApi) -> None:
    api.grant(100)
    api.report(3)
    for _ in range(2):
        wallets = {
            row["currency"]["currencyId"]: row
            for row in state(api, CUSTOMER)["entitlementsV2"]
            if row["__typename"] == "CreditEntitlement"
        }
        assert wallets[CURRENCY] == {
            "__typename": "CreditEntitlement",
            "isGranted": True,
            "accessDeniedReason": None,
            "usageLimit": 100,
            "currentUsage": 75,
            "currency": {"currencyId": CURRENCY, "unitPlural": "tokens"},
        }
        assert access(wallets["api-credits"]) == (False, "InsufficientCredits")
        api.settle()


def test_an_empty_wallet_denies_what_it_pays_for_unless_the_limit_is_soft(api: LocalApi) -> None:
    api.grant(25)
    assert access(one(api, of=CUSTOMER)) == (True, None)
    api.report(1)
    assert access(one(api, of=CUSTOMER)) == (False, "InsufficientCredits")
    give(api, to=CUSTOMER, hasUnlimitedUsage=True, hasSoftLimit=True)
    assert access(one(api, of=CUSTOMER)) == (True, None)


def test_a_resource_has_its_own_wallet_and_usage(api: LocalApi) -> None:
    api.grant(100, resourceId="desk")
    api.report(2, resourceId="desk")
    found = one(api, of=CUSTOMER, resourceId="desk")
    assert (access(found), found["currentUsage"]) == ((True, None), 2)
    assert access(one(api, of=CUSTOMER)) == (False, "InsufficientCredits")


@pytest.mark.parametrize(("limit", "soft", "granted"), [(3, False, False), (3, True, True)])
def test_a_hard_limit_denies_once_it_is_used_up_and_a_soft_one_does_not(
    api: LocalApi, limit: int, soft: bool, granted: bool
) -> None:
    give(api, usageLimit=limit, hasSoftLimit=soft)
    api.report(2, customerId=LOOSE)
    assert access(one(api)) == (True, None)
    api.report(1, customerId=LOOSE)
    found = one(api)
    assert found["isGranted"] is granted
    assert found["accessDeniedReason"] == (None if granted else "RequestedUsageExceedingLimit")
    assert (found["usageLimit"], found["currentUsage"]) == (3, 3)


@pytest.mark.parametrize(("requested", "granted"), [(0, True), (2, True), (3, False)])
def test_a_request_is_held_against_what_is_left(
    api: LocalApi, requested: int, granted: bool
) -> None:
    give(api, usageLimit=5)
    api.report(3, customerId=LOOSE)
    found = one(api, options={"requestedUsage": requested})
    assert found["isGranted"] is granted


@pytest.mark.parametrize(("values", "granted"), [(["gold"], True), (["gold", "tin"], False)])
def test_values_requested_must_be_among_those_given(
    api: LocalApi, values: list[str], granted: bool
) -> None:
    give(api, TIER, enumValues=["silver", "gold"])
    found = one(api, TIER, options={"requestedValues": values})
    assert found["enumValues"] == ["gold", "silver"]
    assert access(found) == (granted, None if granted else "RequestedValuesMismatch")


def test_the_most_generous_of_plan_and_promotion_counts(api: LocalApi) -> None:
    api.grant(100)
    give(api, to=CUSTOMER, usageLimit=5, period="ONE_WEEK")
    found = one(api, of=CUSTOMER)
    assert (found["hasUnlimitedUsage"], found["usageLimit"], found["validUntil"]) == (
        True, None, None,
    )  # fmt: skip


def test_a_promotion_more_generous_than_the_plan_decides(api: LocalApi) -> None:
    give(api, TEMPLATES, to=CUSTOMER, usageLimit=500, period="ONE_WEEK")
    found = one(api, TEMPLATES, of=CUSTOMER)
    assert (access(found), found["usageLimit"]) == ((True, None), 500)
    assert found["validUntil"] == "2026-05-27T12:00:00.000Z"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"of": "nobody"}, "CustomerNotFound"),
        ({"of": CUSTOMER, "resourceId": "loft"}, "CustomerResourceNotFound"),
        ({"of": LOOSE}, "NoActiveSubscription"),
    ],
)
def test_the_state_says_why_nothing_is_granted(
    api: LocalApi, query: dict[str, str], reason: str
) -> None:
    assert state(api, **query) == {
        "accessDeniedReason": reason, "entitlements": [], "entitlementsV2": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"of": "nobody"}, "CustomerNotFound"),
        ({"of": CUSTOMER, "resourceId": "loft"}, "CustomerResourceNotFound"),
        ({"feature_id": "magic"}, "FeatureNotFound"),
        ({}, "NoActiveSubscription"),
        ({"of": CUSTOMER, "feature_id": LINKS}, "NoFeatureEntitlementInSubscription"),
    ],
)
def test_a_denied_feature_says_why(api: LocalApi, query: dict[str, str], reason: str) -> None:
    assert access(one(api, **query)) == (False, reason)


# Reset periods


def test_usage_counts_within_its_reset_period(api: LocalApi) -> None:
    month = {"monthlyResetPeriodConfiguration": {"accordingTo": "StartOfTheMonth"}}
    give(api, usageLimit=10, resetPeriod="MONTH", **month)
    api.clock.forward(days=-30)
    api.report(4, customerId=LOOSE, createdAt=wire(api.clock()))
    api.clock.forward(days=30)
    api.settle()
    period = ("2026-05-20T12:00:00.000Z", "2026-06-01T00:00:00.000Z")
    measured = api.report(3, customerId=LOOSE)
    assert measured["currentUsage"] == 3
    assert (measured["usagePeriodStart"], measured["usagePeriodEnd"]) == period
    assert measured["nextResetDate"] == period[1]
    found = one(api)
    assert (found["currentUsage"], found["validUntil"]) == (3, period[1])
    assert (found["usagePeriodStart"], found["usagePeriodEnd"]) == period
    assert found["resetPeriodConfiguration"] == {
        "__typename": "MonthlyResetPeriodConfig", "monthlyAccordingTo": "StartOfTheMonth",
    }  # fmt: skip
    api.clock.forward(days=20)
    assert one(api)["currentUsage"] == 0
    assert api.report(2, customerId=LOOSE)["currentUsage"] == 2


def test_usage_of_an_earlier_period_does_not_count_in_this_one(api: LocalApi) -> None:
    give(api, usageLimit=10, resetPeriod="DAY")
    api.clock.forward(days=1)
    api.report(2, customerId=LOOSE)
    late = api.report(5, customerId=LOOSE, createdAt=at())
    assert (late["value"], late["currentUsage"]) == (5, 2)
    assert one(api)["currentUsage"] == 2


def test_set_makes_it_the_usage_of_the_period(api: LocalApi) -> None:
    give(api, usageLimit=10, resetPeriod="DAY")
    api.report(8, customerId=LOOSE)
    api.clock.forward(days=1)
    measured = api.report(5, customerId=LOOSE, updateBehavior="SET")
    assert (measured["value"], measured["currentUsage"]) == (5, 5)


def test_without_a_reset_period_there_is_no_period(api: LocalApi) -> None:
    give(api, usageLimit=10)
    measured = api.report(1, customerId=LOOSE)
    assert measured["nextResetDate"] is None
    assert measured["usagePeriodStart"] is measured["usagePeriodEnd"] is None


@pytest.mark.parametrize(
    ("given", "configuration"),
    [
        ({"resetPeriod": "DAY"}, None),
        ({"resetPeriod": "WEEK"},
         {"__typename": "WeeklyResetPeriodConfig", "weeklyAccordingTo": "SubscriptionStart"}),
        ({"resetPeriod": "WEEK", "weeklyResetPeriodConfiguration": {"accordingTo": "EveryFriday"}},
         {"__typename": "WeeklyResetPeriodConfig", "weeklyAccordingTo": "EveryFriday"}),
        ({"resetPeriod": "YEAR",
          "yearlyResetPeriodConfiguration": {"accordingTo": "SubscriptionStart"}},
         {"__typename": "YearlyResetPeriodConfig", "yearlyAccordingTo": "SubscriptionStart"}),
    ],
)  # fmt: skip
def test_a_reset_period_is_answered_with_its_configuration(
    api: LocalApi, given: Answer, configuration: Answer | None
) -> None:
    promotion = give(api, usageLimit=1, **given)
    assert promotion["resetPeriod"] == given["resetPeriod"]
    assert promotion["resetPeriodConfiguration"] == configuration


def test_raw_events_count_towards_the_limit_once_they_have_settled(api: LocalApi) -> None:
    give(api, "feature-api-calls", usageLimit=2, resetPeriod="DAY")
    api.report_events(event("a", customerId=LOOSE), event("b", customerId=LOOSE))
    assert one(api, "feature-api-calls")["currentUsage"] == 0
    api.settle()
    found = one(api, "feature-api-calls")
    assert (found["currentUsage"], found["isGranted"]) == (2, False)
