"""Credit usage as series: which buckets, which groups, and that nothing falls between them."""

from decimal import Decimal
from typing import Any

import pytest
from local_metering import CURRENCY, CUSTOMER, LocalApi, at, event, nodes

from data.metering.errors import BadInput


def spend(api: LocalApi, key: str, amount: object = 1, **given: Any) -> None:
    """A direct consumption of 1 at noon with dimensions, unless given otherwise."""
    api.consume(amount, key, **given)


def points(api: LocalApi, **asked: Any) -> list[tuple[str, Any]]:
    """(time, value) of the one series there is."""
    (series,) = api.usage(**asked)["series"]
    return [(point["timestamp"], point["value"]) for point in series["points"]]


def tagged(api: LocalApi, *keys: str, **asked: Any) -> list[tuple[list[str], Any]]:
    """(tag values, total) of each series, in the answer's order."""
    asked = {"startDate": at(days=40), "endDate": at(days=-1)} | asked
    series = api.usage(groupBy=list(keys), **asked)["series"]
    assert all([tag["key"] for tag in one["tags"]] == list(keys) for one in series)
    return [([tag["value"] for tag in one["tags"]], one["totalCredits"]) for one in series]


# Windows and buckets


def test_a_preset_has_its_length_and_its_buckets(api: LocalApi) -> None:
    """Hours of a day, days of 7 or 30 days, months of a year; LAST_MONTH unless told."""
    spent = [
        (1, at(hours=23)),
        (2, at(hours=1)),
        (4, at(days=6, hours=23)),
        (8, at(days=29)),
        (16, at(days=364)),
        (32, at(days=90)),
        (64, at(days=366)),
    ]
    for amount, when in spent:
        spend(api, str(amount), amount, createdAt=when)
    api.settle()
    week = {"2026-05-13": 4, "2026-05-19": 1, "2026-05-20": 2}
    for preset, expected in [
        ("LAST_DAY", {"2026-05-19T13": 1, "2026-05-20T11": 2}),
        ("LAST_WEEK", week),
        ("LAST_MONTH", {"2026-04-21": 8} | week),
        (None, {"2026-04-21": 8} | week),
        ("LAST_YEAR", {"2025-05": 16, "2026-02": 32, "2026-04": 8, "2026-05": 7}),
    ]:
        starts = [start + "0000-01-01T00:00:00.000Z"[len(start) :] for start in expected]
        found = points(api, timeRange=preset)
        assert found == list(zip(starts, expected.values(), strict=True))


def test_exact_dates_are_cut_into_hours_days_or_months(api: LocalApi) -> None:
    """Hours up to 48 of them, days up to 92."""
    spend(api, "a", createdAt="2026-05-19T10:59:59.999Z")
    api.settle()
    for start, bucket in [
        ("2026-05-18T12:00:00Z", "2026-05-19T10:00:00.000Z"),
        ("2026-05-18T11:59:59.999Z", "2026-05-19T00:00:00.000Z"),
        ("2026-02-17T12:00:00Z", "2026-05-19T00:00:00.000Z"),
        ("2026-02-17T11:59:59.999Z", "2026-05-01T00:00:00.000Z"),
    ]:
        assert points(api, startDate=start, endDate="2026-05-20T12:00:00Z") == [(bucket, 1)]


def test_a_window_holds_its_start_and_not_its_end(api: LocalApi) -> None:
    spend(api, "start", 1, createdAt="2026-05-01T00:00:00Z")
    spend(api, "last", 2, createdAt="2026-05-02T23:59:59.999999Z")
    spend(api, "end", 4, createdAt="2026-05-03T00:00:00Z")
    api.settle()
    asked = {"startDate": "2026-05-01", "endDate": "2026-05-03"}
    assert sum(value for _, value in points(api, **asked)) == 3
    asked = {"startDate": "2026-05-03", "endDate": "2026-05-03"}
    assert api.usage(**asked)["series"] == []


def test_exact_dates_beat_the_preset_and_end_now_unless_told(api: LocalApi) -> None:
    spend(api, "a", 1, createdAt=at(days=20))
    spend(api, "b", 2, createdAt=at(hours=1))
    api.settle()
    assert sum(v for _, v in points(api, startDate=at(days=30), timeRange="LAST_DAY")) == 3
    ended = points(api, startDate=at(days=30), endDate=at(days=10), timeRange="LAST_DAY")
    assert ended == [("2026-04-30T00:00:00.000Z", 1)]


def test_times_with_an_offset_are_cut_in_utc(api: LocalApi) -> None:
    spend(api, "a", createdAt="2026-05-02T01:30:00+02:00")
    api.settle()
    asked = {"startDate": "2026-05-02T00:00:00+02:00", "endDate": "2026-05-02T02:00:00+02:00"}
    assert points(api, **asked) == [("2026-05-01T23:00:00.000Z", 1)]


def test_an_end_before_its_start_is_refused(shared: LocalApi) -> None:
    with pytest.raises(BadInput, match="endDate must not be before startDate"):
        shared.usage(startDate="2026-05-02", endDate="2026-05-01")


def test_points_ascend_and_empty_buckets_are_left_out(api: LocalApi) -> None:
    for day in (9, 2, 5):
        spend(api, str(day), day, createdAt=f"2026-05-0{day}T12:00:00Z")
    api.settle()
    assert points(api, startDate="2026-05-01", endDate="2026-05-10") == [
        ("2026-05-02T00:00:00.000Z", 2),
        ("2026-05-05T00:00:00.000Z", 5),
        ("2026-05-09T00:00:00.000Z", 9),
    ]


# Groups


def test_without_group_by_there_is_a_series_for_each_feature(api: LocalApi) -> None:
    api.report(1)
    api.report(1, featureId="feature-image-generation")
    spend(api, "direct", 5)
    api.settle()
    api.clock.forward(minutes=1)
    series = api.usage(timeRange="LAST_DAY")["series"]
    assert [(one["featureId"], one["featureName"], one["totalCredits"]) for one in series] == [
        ("feature-seats", "Seats", 25),
        ("feature-image-generation", "Image generation", 12),
        (None, None, 5),
    ]
    assert [one["tags"] for one in series] == [None, None, None]


def test_group_by_a_dimension_has_tags_instead_of_features(api: LocalApi) -> None:
    spend(api, "a", 10, dimensions={"model": "gemini"})
    spend(api, "b", 5, dimensions={"model": "gpt"})
    spend(api, "c", 7, dimensions={"model": "gemini"}, createdAt=at(days=1))
    api.settle()
    series = api.usage(groupBy=["model"], startDate=at(days=30), endDate=at(days=-1))["series"]
    assert series[0] == {
        "featureId": None,
        "featureName": None,
        "totalCredits": 17,
        "eventCount": 2,
        "tags": [{"key": "model", "value": "gemini"}],
        "points": [
            {"timestamp": "2026-05-19T00:00:00.000Z", "value": 7, "eventCount": 1},
            {"timestamp": "2026-05-20T00:00:00.000Z", "value": 10, "eventCount": 1},
        ],
    }


def test_series_are_largest_first_then_by_key(api: LocalApi) -> None:
    for number, (model, amount) in enumerate([("b", 3), ("a", 3), ("c", 9), ("d", 1)]):
        spend(api, str(number), amount, dimensions={"model": model})
    api.settle()
    assert tagged(api, "model") == [(["c"], 9), (["a"], 3), (["b"], 3), (["d"], 1)]


def test_events_that_lack_a_key_are_under_the_empty_text(api: LocalApi) -> None:
    spend(api, "a", 8, dimensions={"team": "ops"})
    spend(api, "b", 4, dimensions={"model": "gpt"})
    spend(api, "c", 2, dimensions={"model": ""})
    spend(api, "d", 1)
    api.settle()
    assert tagged(api, "model") == [([""], 11), (["gpt"], 4)]
    assert tagged(api, "never_seen") == [([""], 15)]
    assert tagged(api, "model", "team") == [(["", "ops"], 8), (["gpt", ""], 4), (["", ""], 3)]


def test_three_keys_beside_the_feature_are_the_most(api: LocalApi) -> None:
    api.report(1, dimensions={"a": 1, "b": 2, "c": 3})
    api.settle()
    assert tagged(api, "a", "b", "c") == [(["1", "2", "3"], 25)]
    keys = ["a", "featureId", "b", "c"]
    (series,) = api.usage(groupBy=keys, startDate=at(days=1), endDate=at(days=-1))["series"]
    assert (series["featureId"], series["featureName"]) == ("feature-seats", "Seats")
    assert [tag["key"] for tag in series["tags"]] == ["a", "b", "c"]
    for too_many in (["a", "b", "c", "d"], ["a", "b", "c", "d", "featureId"]):
        with pytest.raises(BadInput, match="up to 3 keys beside featureId, not 4"):
            api.usage(groupBy=too_many)


def test_group_by_feature_alone_or_by_nothing_is_by_feature(api: LocalApi) -> None:
    api.report(1)
    api.settle()
    for keys in (["featureId"], []):
        (series,) = api.usage(groupBy=keys, startDate=at(days=1), endDate=at(days=-1))["series"]
        assert (series["featureId"], series["tags"]) == ("feature-seats", None)


@pytest.mark.parametrize(
    "key", ["", "a b", "a.b", "model\n", "modèle", "x'; drop table ledger; --"]
)
def test_a_key_of_other_characters_is_refused(shared: LocalApi, key: str) -> None:
    with pytest.raises(BadInput) as refused:
        shared.usage(groupBy=[key])
    assert refused.value.sentence == (
        f"{key!r} cannot be a groupBy key: letters, digits, _, $ and - can."
    )


def test_a_key_of_any_allowed_characters_can_be_grouped_by(api: LocalApi) -> None:
    spend(api, "a", dimensions={"a$b_C-9": "x"})
    api.settle()
    assert tagged(api, "a$b_C-9") == [(["x"], 1)]


def test_values_are_grouped_by_their_one_text(api: LocalApi) -> None:
    for number, value in enumerate([1, "1", Decimal("1.0"), True, "true"]):
        spend(api, str(number), dimensions={"value": value})
    api.settle()
    assert tagged(api, "value") == [(["1"], 3), (["true"], 2)]


def test_an_event_that_feeds_buckets_of_two_grants_is_one_event(api: LocalApi) -> None:
    api.grant(3, priority=1)
    api.grant(3, priority=2)
    spend(api, "a", 5)
    api.settle()
    assert len(api.ledger(eventType=["CREDITS_CONSUMED"])) == 2
    (series,) = api.usage(startDate=at(days=1), endDate=at(days=-1))["series"]
    assert (series["totalCredits"], series["eventCount"]) == (5, 1)
    assert [point["eventCount"] for point in series["points"]] == [1]


def test_whatever_the_grouping_the_credits_are_the_same(api: LocalApi) -> None:
    for number in range(24):
        dimensions = {"model": f"m{number % 5}", "team": f"t{number % 3}"}
        spend(api, f"{number}", number, dimensions=dimensions, createdAt=at(days=number))
    api.settle()
    total = sum(range(24))
    for keys in ([], ["model"], ["team"], ["model", "team"], ["featureId", "model"]):
        asked = {"startDate": at(days=40), "endDate": at(days=-1), "paging": {"first": 100}}
        series = api.usage(groupBy=keys, **asked)["series"]
        assert sum(one["totalCredits"] for one in series) == total
        for one in series:
            assert one["totalCredits"] == sum(point["value"] for point in one["points"])


def test_paging_runs_over_the_series(api: LocalApi) -> None:
    for number in range(25):
        spend(api, str(number), number + 1, dimensions={"user": f"u{number:02}"})
    api.settle()
    asked = {"groupBy": ["user"], "startDate": at(days=1), "endDate": at(days=-1)}
    assert len(api.usage(**asked)["series"]) == 20
    pages, after = [], None
    while True:
        page = api.usage(**asked, paging={"first": 10} | ({"after": after} if after else {}))
        pages.append([series["totalCredits"] for series in page["series"]])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [total for page in pages for total in page] == list(range(25, 0, -1))


def test_usage_is_of_one_pool_and_one_currency(api: LocalApi) -> None:
    api.provision("customer-other")
    spend(api, "a", 1)
    spend(api, "b", 2, resourceId="desk")
    spend(api, "c", 4, currencyId="api-credits")
    spend(api, "d", 8, customerId="customer-other")
    api.settle()
    asked = {"startDate": at(days=1), "endDate": at(days=-1)}
    assert [value for _, value in points(api, **asked)] == [1]
    assert [value for _, value in points(api, **asked, resourceId="desk")] == [2]
    assert [value for _, value in points(api, **asked, currencyId="api-credits")] == [4]


def test_the_currency_left_out_is_the_first_active_one_of_the_customers_pools(
    api: LocalApi,
) -> None:
    usage = api.usage(currencyId=None)
    assert usage["currency"]["currencyId"] == CURRENCY
    spend(api, "a", currencyId="api-credits")
    assert api.usage(currencyId=None)["currency"]["currencyId"] == "api-credits"
    spend(api, "b")
    assert api.usage(currencyId=None)["currency"]["currencyId"] == CURRENCY


# Keys


def test_fields_are_the_keys_of_one_pool_sorted(api: LocalApi) -> None:
    spend(api, "a", dimensions={"team": "ops", "model": "gpt"})
    spend(api, "b", dimensions={"model_version": "5"})
    spend(api, "c", dimensions={"elsewhere": 1}, resourceId="desk")
    spend(api, "d", dimensions={"other_currency": 1}, currencyId="api-credits")
    api.settle()
    assert api.fields() == ["model", "model_version", "team"]
    assert api.fields(resourceId="desk") == ["elsewhere"]
    assert api.fields(currencyId="api-credits") == ["other_currency"]


def test_search_is_a_part_of_the_key_whatever_its_case(api: LocalApi) -> None:
    dimensions = dict.fromkeys(["team", "model", "model_version", "BaseModel"], "x")
    spend(api, "a", dimensions=dimensions)
    api.settle()
    for search, found in [
        ("model", ["BaseModel", "model", "model_version"]),
        ("MODEL", ["BaseModel", "model", "model_version"]),
        ("_ver", ["model_version"]),
        ("", ["BaseModel", "model", "model_version", "team"]),
        ("%", []),
        ("nothing", []),
    ]:
        assert api.fields(search=search) == found


def test_keys_of_raw_events_appear_once_they_have_settled(api: LocalApi) -> None:
    api.report_events(event("1", dimensions={"region": "eu-west"}))
    assert api.fields(currencyId="api-credits") == []
    api.settle()
    assert api.fields(currencyId="api-credits") == ["region"]


def test_a_resource_exists_once_something_names_it(api: LocalApi) -> None:
    spend(api, "a", resourceId="desk")
    document = """query ($filter: CustomerResourceFilter) { customerResources(filter: $filter) {
        edges { node { resourceId } } } }"""
    given = {"customer": {"customerId": {"eq": CUSTOMER}}}
    assert nodes(api.ask(document, filter=given)["customerResources"]) == [{"resourceId": "desk"}]
