"""The history of usage: units so far, from reset to reset, as series by dimension keys."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from local_metering import CUSTOMER, NOON, SEATS, Answer, LocalApi, at, event, wire

from data.metering.errors import BadInput, MeteringError

HISTORY = """query ($input: UsageHistoryV2Input!) { usageHistoryV2(input: $input) {
    markers { timestamp type } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    series { tags { key value } points { timestamp value isResetPoint } } } }"""
FIRST_VERSION = """query ($input: UsageHistoryInput!) { usageHistory(usageHistoryInput: $input) {
    startDate endDate usageMeasurements { date value isResetPoint } } }"""
GRANT = """mutation ($input: GrantPromotionalEntitlementsInput!) {
    grantPromotionalEntitlements(input: $input) { id } }"""
LOOSE = "customer-loose"
IMAGES = "feature-image-generation"


def history(api: LocalApi, start: str, **given: Any) -> Answer:
    asked = {"customerId": CUSTOMER, "featureId": SEATS, "startDate": start} | given
    return api.ask(HISTORY, input=asked)["usageHistoryV2"]


def points(series: Answer) -> list[tuple[str, Any, bool]]:
    return [(p["timestamp"][5:16], p["value"], p["isResetPoint"]) for p in series["points"]]


def only(answer: Answer) -> list[tuple[str, Any, bool]]:
    (series,) = answer["series"]
    return points(series)


def used(api: LocalApi, value: object, when: str, **given: Any) -> None:
    api.report(value, createdAt=f"2026-{when}:00Z", **given)


def reset_each(api: LocalApi, period: str, to: str = LOOSE, **given: Any) -> None:
    """A limit on seats that counts anew each period."""
    promotion = {"featureId": SEATS, "period": "LIFETIME", "usageLimit": 9, "resetPeriod": period}
    asked = {"customerId": to, "promotionalEntitlements": [promotion | given]}
    api.tell(GRANT, input=asked)


@pytest.fixture
def loose(api: LocalApi) -> LocalApi:
    """With a customer whose seats only a promotion grants, anew each day from 18 May on."""
    api.clock.now = datetime(2026, 5, 18, 6)
    api.provision(LOOSE, plan=None)
    reset_each(api, "DAY")
    api.clock.now = NOON
    return api


def test_points_are_units_so_far_at_each_bucket_with_usage(api: LocalApi) -> None:
    used(api, 2, "05-01T08:00")
    used(api, 3, "05-18T08:00")
    used(api, 4, "05-18T22:00")
    used(api, -1, "05-19T01:00")
    used(api, 7, "05-20T11:00")
    api.settle()
    answer = history(api, "2026-05-15T00:00:00Z", endDate="2026-05-20T11:00:00Z")
    assert only(answer) == [
        ("05-15T00:00", 2, False),
        ("05-18T00:00", 9, False),
        ("05-19T00:00", 8, False),
    ]
    assert (answer["markers"], answer["pageInfo"]) == ([], None)


def test_the_first_bucket_begins_no_earlier_than_the_window(api: LocalApi) -> None:
    used(api, 2, "05-18T08:00")
    used(api, 3, "05-18T20:00")
    api.settle()
    assert only(history(api, "2026-05-18T12:00:00Z", endDate="2026-05-21T12:00:00Z")) == [
        ("05-18T12:00", 5, False)
    ]


def test_buckets_are_hours_in_a_short_window(api: LocalApi) -> None:
    used(api, 1, "05-20T08:10")
    used(api, 1, "05-20T08:50")
    used(api, 1, "05-20T11:59")
    api.settle()
    assert only(history(api, "2026-05-20T00:00:00Z"))[1:] == [
        ("05-20T08:00", 2, False),
        ("05-20T11:00", 3, False),
    ]


def test_the_last_point_is_the_current_usage(api: LocalApi) -> None:
    for value in (3, Decimal("1.5"), -2):
        api.report(value, createdAt=at(days=1))
    api.settle()
    current = api.report(0)["currentUsage"]
    assert only(history(api, at(days=10), endDate=at(days=-1)))[-1][1] == current


def test_usage_counts_from_0_at_each_reset(loose: LocalApi) -> None:
    used(loose, 1, "05-17T10:00", customerId=LOOSE)
    used(loose, 2, "05-18T05:00", customerId=LOOSE)
    used(loose, 3, "05-18T07:00", customerId=LOOSE)
    used(loose, 4, "05-20T09:00", customerId=LOOSE)
    loose.settle()
    answer = history(loose, "2026-05-16T00:00:00Z", customerId=LOOSE)
    assert only(answer) == [
        ("05-16T00:00", 0, False),
        ("05-17T00:00", 1, False),
        ("05-18T00:00", 3, False),
        ("05-18T06:00", 3, True),
        ("05-19T00:00", 0, True),
        ("05-20T00:00", 4, True),
    ]
    assert [marker["timestamp"][5:16] for marker in answer["markers"]] == [
        "05-18T06:00", "05-19T00:00", "05-20T00:00",
    ]  # fmt: skip
    assert answer["markers"][1]["type"] == "PERIODIC_RESET"
    assert loose.report(0, customerId=LOOSE)["currentUsage"] == 4


def test_a_window_opens_with_what_its_period_has_used(loose: LocalApi) -> None:
    used(loose, 2, "05-18T23:00", customerId=LOOSE)
    used(loose, 3, "05-19T07:00", customerId=LOOSE)
    used(loose, 4, "05-19T10:00", customerId=LOOSE)
    loose.settle()
    window = {"endDate": "2026-05-19T12:00:00Z", "customerId": LOOSE}
    assert only(history(loose, "2026-05-19T09:00:00Z", **window)) == [
        ("05-19T09:00", 3, False),
        ("05-19T10:00", 7, False),
    ]


def test_a_subscription_that_starts_resets_and_is_marked(api: LocalApi) -> None:
    api.provision(LOOSE, plan=None)
    reset_each(api, "MONTH")
    api.clock.forward(days=40)
    api.provision(LOOSE, plan="plan-llm-traces")
    used(api, 5, "06-29T10:00", customerId=LOOSE)
    used(api, 6, "06-29T15:00", customerId=LOOSE)
    api.clock.forward(days=40)
    api.settle()
    answer = history(api, "2026-06-25T00:00:00Z", customerId=LOOSE)
    assert answer["markers"] == [
        {"timestamp": "2026-06-29T12:00:00.000Z", "type": "SUBSCRIPTION_CHANGE_RESET"},
        {"timestamp": "2026-07-29T12:00:00.000Z", "type": "PERIODIC_RESET"},
    ]
    assert only(answer) == [
        ("06-25T00:00", 0, False),
        ("06-29T00:00", 5, False),
        ("06-29T12:00", 6, True),
        ("07-29T12:00", 0, True),
    ]


def test_ended_subscriptions_reset_only_when_they_are_included(api: LocalApi) -> None:
    api.provision(LOOSE, plan="plan-llm-traces")
    api.clock.forward(days=10)
    api.provision(LOOSE, plan="plan-llm-traces")
    with api.service.store.transaction() as writer:
        writer.rows(
            "insert into subscriptions by name "
            "select 'gone' as subscription_id, customer_id, plan_id, 'CANCELED' as status, "
            "started_at + interval 5 days as started_at from subscriptions "
            "where customer_id = 'customer-loose'"
        )
    api.restart()
    reset_each(api, "YEAR")
    for included, times in [(False, ["05-20"]), (True, ["05-20", "05-25"])]:
        answer = history(api, "2026-05-01", customerId=LOOSE, includeInactiveSubscriptions=included)
        assert [marker["timestamp"][5:10] for marker in answer["markers"]] == times
        assert {marker["type"] for marker in answer["markers"]} == {"SUBSCRIPTION_CHANGE_RESET"}


def test_series_are_by_the_values_of_the_keys(api: LocalApi) -> None:
    for value, dimensions in [
        (1, {"team": "red", "site": "x"}),
        (2, {"team": "blue"}),
        (4, {"team": "red", "site": "y"}),
        (8, {}),
    ]:
        used(api, value, "05-19T10:00", dimensions=dimensions)
    api.settle()

    def totals(*keys: str) -> dict[tuple[str, ...], Any]:
        answer = history(api, "2026-05-19T00:00:00Z", groupBy=list(keys))
        return {
            tuple(tag["value"] for tag in one["tags"]): points(one)[-1][1]
            for one in answer["series"]
        }

    assert totals("team") == {("",): 8, ("blue",): 2, ("red",): 5}
    assert list(totals("team")) == [("",), ("blue",), ("red",)]
    assert totals("team", "site") == {
        ("", ""): 8, ("blue", ""): 2, ("red", "x"): 1, ("red", "y"): 4,
    }  # fmt: skip
    (series, *_) = history(api, "2026-05-19", groupBy=["team"])["series"]
    assert series["tags"] == [{"key": "team", "value": ""}]


def test_paging_runs_over_the_series_and_holds_while_they_are_added(api: LocalApi) -> None:
    def use(user: str) -> None:
        used(api, 1, "05-19T10:00", dimensions={"user": user})
        api.settle()

    for user in ("b", "d", "f", "h"):
        use(user)
    seen, after = list[str](), None
    while True:
        paging = {"first": 1} | ({"after": after} if after else {})
        page = history(api, "2026-05-19", groupBy=["user"], paging=paging)
        seen += [one["tags"][0]["value"] for one in page["series"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        use("a" if len(seen) == 1 else "a" * len(seen))
    assert seen == ["b", "d", "f", "h"]
    assert len(history(api, "2026-05-19", groupBy=["user"])["series"]) == 7


def test_history_is_of_one_scope_and_feature(api: LocalApi) -> None:
    used(api, 1, "05-19T10:00")
    used(api, 2, "05-19T10:00", resourceId="desk")
    used(api, 4, "05-19T10:00", featureId=IMAGES)
    api.settle()
    assert only(history(api, "2026-05-19"))[-1][1] == 1
    assert only(history(api, "2026-05-19", resourceId="desk"))[-1][1] == 2
    assert only(history(api, "2026-05-19", featureId=IMAGES))[-1][1] == 4
    assert history(api, "2026-05-19", featureId="feature-api-calls")["series"] == []


def test_raw_events_are_in_the_history_once_they_have_settled(api: LocalApi) -> None:
    api.report_events(event("a", timestamp=at(hours=1)), event("b", timestamp=at(hours=2)))
    assert history(api, at(hours=5), featureId="feature-api-calls")["series"] == []
    api.settle()
    assert only(history(api, at(hours=5), featureId="feature-api-calls"))[-1][1] == 2


def test_the_first_version_has_one_series_and_its_own_names(loose: LocalApi) -> None:
    used(loose, 3, "05-19T10:00", customerId=LOOSE)
    loose.settle()
    asked = {"customerRefId": LOOSE, "featureRefId": SEATS, "startDate": "2026-05-19T12:00:00Z"}
    answer = loose.ask(FIRST_VERSION, input=asked)["usageHistory"]
    assert answer == {
        "startDate": "2026-05-19T12:00:00.000Z",
        "endDate": wire(NOON),
        "usageMeasurements": [
            {"date": "2026-05-19T12:00:00.000Z", "value": 3, "isResetPoint": False},
            {"date": "2026-05-20T00:00:00.000Z", "value": 0, "isResetPoint": True},
        ],
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"customerId": "nobody"}, "CustomerNotFound"),
        ({"resourceId": "loft"}, "CustomerResourceNotFound"),
        ({"featureId": "magic"}, "FeatureNotFound"),
        ({"groupBy": ["a", "b", "c", "d"]}, "BadUserInput"),
        ({"groupBy": ["a b"]}, "BadUserInput"),
        ({"endDate": "2026-01-01"}, "BadUserInput"),
        ({"paging": {"first": 101}}, "BadUserInput"),
        ({"paging": {"after": "MQ=="}}, "BadUserInput"),
    ],
)
def test_a_history_that_cannot_be_is_refused(shared: LocalApi, given: Answer, code: str) -> None:
    with pytest.raises(MeteringError) as refused:
        history(shared, "2026-05-19", **given)
    assert refused.value.code == code


def test_more_resets_than_can_be_drawn_are_refused(api: LocalApi) -> None:
    api.provision(LOOSE, plan=None)
    reset_each(api, "HOUR")
    api.clock.forward(days=41)
    assert len(history(api, at(), customerId=LOOSE)["markers"]) == 984
    api.clock.forward(days=1)
    with pytest.raises(BadInput, match="more than 1000 resets; ask for a shorter time"):
        history(api, at(), customerId=LOOSE)


@pytest.mark.parametrize("window", [("0001-01-01", "9999-12-31"), ("9999-12-30", "9999-12-31")])
def test_the_longest_windows_are_answered(loose: LocalApi, window: tuple[str, str]) -> None:
    start, end = window
    answer = history(loose, start, endDate=end, customerId=LOOSE)
    assert len(answer["markers"]) == (3 if start < "2026" else 0)
