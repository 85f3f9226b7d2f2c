"""What is reported to the local metering API: counted once, charged exactly, and all or nothing."""

from decimal import Decimal
from typing import Any

import pytest
from local_metering import (
    CURRENCY,
    CUSTOMER,
    SEAT_CREDITS,
    Answer,
    LocalApi,
    at,
    available,
    event,
    measurement,
)

from data.metering.errors import BadInput, MeteringError, Refused

CALLS = {"currencyId": "api-credits"}
CHAT = {"featureId": "feature-chat-completions"}


def used(api: LocalApi, **given: Any) -> Any:
    """Credits that the usage series show for all time."""
    usage = api.usage(startDate="2000-01-01", endDate="2100-01-01", **given)
    return sum(series["totalCredits"] for series in usage["series"])


def everything(api: LocalApi) -> list[list[Answer]]:
    """All that a write could have changed."""
    tables = ("customers", "resources", "grants", "ledger", "usage_events", "queue", "seen_keys")
    return [api.service.store.rows(f"from {table} order by all") for table in tables]


# What it costs


def test_units_cost_what_the_rate_of_the_active_subscription_says(api: LocalApi) -> None:
    credit = api.report(4)["credit"]
    assert (credit["consumed"], credit["currencyId"]) == (4 * SEAT_CREDITS, CURRENCY)


def test_a_formula_is_computed_from_the_dimensions(api: LocalApi) -> None:
    dimensions = {"input_tokens": 1200, "output_tokens": "50", "model": "gemini"}
    credit = api.report(1, **CHAT, dimensions=dimensions)["credit"]
    assert credit["consumed"] == Decimal("0.002") * 1200 + Decimal("0.006") * 50


def test_usage_without_a_rate_counts_units_and_costs_nothing(api: LocalApi) -> None:
    api.provision("customer-without-plan", plan=None)
    measured = api.report(4, customerId="customer-without-plan")
    assert (measured["credit"], measured["currentUsage"]) == (None, 4)
    api.settle()
    assert api.report(1, customerId="customer-without-plan")["currentUsage"] == 5


def test_a_cancelled_subscription_gives_no_rate_and_can_be_taken_again(api: LocalApi) -> None:
    with api.service.store.transaction() as writer:
        writer.rows("update subscriptions set status = 'CANCELED'")
    api.restart()
    assert api.report(1)["credit"] is None
    assert api.provision()["subscription"]["status"] == "ACTIVE"
    assert api.report(1)["credit"]["consumed"] == SEAT_CREDITS


def test_a_resource_burns_its_own_pool_at_the_customers_rate(api: LocalApi) -> None:
    api.grant(1000)
    credit = api.report(2, resourceId="desk")["credit"]
    assert (credit["consumed"], credit["usageLimit"]) == (2 * SEAT_CREDITS, 0)
    api.settle()
    assert api.balance()["currentBalance"] == 1000
    assert api.balance(resourceId="desk")["currentBalance"] == -2 * SEAT_CREDITS


def test_an_empty_resource_is_the_customers_own_pool(api: LocalApi) -> None:
    api.grant(100, resourceId="")
    api.report(1, resourceId="")
    api.settle()
    assert api.balance()["currentBalance"] == 100 - SEAT_CREDITS
    assert api.balance(resourceId="")["currentBalance"] == 100 - SEAT_CREDITS


# Delta and set


def test_delta_adds_and_set_makes_it_the_total(api: LocalApi) -> None:
    api.grant(1000)
    values: list[tuple[int, dict[str, str], int, int]] = [
        (10, {}, 10, 250),
        (5, {"updateBehavior": "DELTA"}, 15, 125),
        (-3, {"updateBehavior": "DELTA"}, 12, -75),
        (20, {"updateBehavior": "SET"}, 20, 200),
        (20, {"updateBehavior": "SET"}, 20, 0),
        (8, {"updateBehavior": "SET"}, 8, -300),
    ]
    for value, behaviour, total, consumed in values:
        measured = api.report(value, **behaviour)
        assert (measured["currentUsage"], measured["credit"]["consumed"]) == (total, consumed)
    api.settle()
    assert api.balance()["totalConsumed"] == 8 * SEAT_CREDITS
    api.restart()
    assert api.report(1)["currentUsage"] == 9


def test_totals_are_those_of_one_customer_resource_and_feature(api: LocalApi) -> None:
    api.provision("customer-other")
    api.report(10)
    assert api.report(1, updateBehavior="SET", resourceId="desk")["currentUsage"] == 1
    assert api.report(2, updateBehavior="SET", customerId="customer-other")["currentUsage"] == 2
    assert api.report(3, featureId="feature-image-generation")["currentUsage"] == 3
    assert api.report(1)["currentUsage"] == 11


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Decimal("0.000005"), "0.00001"),
        (Decimal("-1.234565"), "-1.23457"),
        (Decimal("34359738367.5"), "34359738367.5"),
        (0, "0"),
    ],
)
def test_a_value_is_kept_to_5_decimals(api: LocalApi, value: Decimal | int, kept: str) -> None:
    assert api.report(value)["value"] == Decimal(kept)


@pytest.mark.parametrize("value", [2**53, -(2**53), Decimal(2**35) + Decimal("0.5"), 10**400])
def test_a_value_out_of_range_is_refused(shared: LocalApi, value: Decimal | int) -> None:
    before = everything(shared)
    with pytest.raises(Refused, match="is out of range") as refused:
        shared.report(value)
    assert refused.value.code == "UsageMeasurementDiffOutOfRangeError"
    assert everything(shared) == before


@pytest.mark.parametrize(
    "given",
    [
        measurement(2**53 - 1),
        measurement(1, **CHAT, dimensions={"input_tokens": 10**15}),
        measurement(1, **CHAT, dimensions={"input_tokens": "1e999999"}),
    ],
)
def test_a_cost_that_no_amount_can_hold_is_refused(api: LocalApi, given: Answer) -> None:
    before = everything(api)
    with pytest.raises(BadInput):
        api.report(**given)
    assert everything(api) == before
    assert api.report(1)["credit"]["currentUsage"] == SEAT_CREDITS


@pytest.mark.parametrize("amount", [Decimal("999999999999.9999995"), 10**12, Decimal("1e9999")])
def test_too_large_a_consumption_is_refused_and_leaves_the_balance(
    api: LocalApi, amount: Decimal
) -> None:
    with pytest.raises(BadInput, match=r"an amount stays below 10\^12"):
        api.consume(amount, "large")
    assert api.consume(1, "small")["credit"]["currentUsage"] == 1


def test_a_debt_that_no_number_can_hold_is_refused_at_the_door(api: LocalApi) -> None:
    most = Decimal(900_000_000_000)
    api.consume(most, "a")
    with pytest.raises(BadInput, match=r"would bring the pool to owe 10\^12 or more"):
        api.consume(most, "b")
    api.settle()
    with pytest.raises(BadInput):
        api.consume(most, "c")
    assert api.balance()["currentBalance"] == -most


# Once and only once


@pytest.mark.parametrize("kind", ["usage", "consumption"])
def test_a_repeated_key_is_answered_with_nothing_consumed(api: LocalApi, kind: str) -> None:
    def say(amount: int) -> Answer:
        if kind == "usage":
            return api.report(amount, idempotencyKey="once", createdAt=at(hours=1))
        return api.consume(amount, "once", createdAt=at(hours=1))

    first = say(2)
    second = say(2)
    assert second.get("id") == first.get("id")
    assert second["credit"]["currentUsage"] == first["credit"]["currentUsage"] > 0
    if kind == "usage":
        assert (first["credit"]["consumed"], second["credit"]["consumed"]) == (50, 0)
        assert second["currentUsage"] == 2
    api.settle()
    say(3)
    api.settle()
    assert used(api) == first["credit"]["currentUsage"]


def test_a_key_counts_again_after_7_days_and_not_before(api: LocalApi) -> None:
    for _ in range(2):
        assert api.report(1, idempotencyKey="weekly")["credit"]["consumed"] == SEAT_CREDITS
        api.clock.forward(days=7, microseconds=-1)
        assert api.report(1, idempotencyKey="weekly")["credit"]["consumed"] == 0
        api.settle()
        api.restart()
        assert api.report(1, idempotencyKey="weekly")["credit"]["consumed"] == 0
        api.clock.forward(microseconds=1)
    api.settle()
    assert used(api) == 2 * SEAT_CREDITS


def test_usage_without_a_key_counts_each_time(api: LocalApi) -> None:
    ids = {api.report(1)["id"] for _ in range(3)}
    assert len(ids) == 3
    api.settle()
    assert used(api) == 3 * SEAT_CREDITS


def test_the_same_key_elsewhere_is_another(api: LocalApi) -> None:
    api.provision("customer-other")
    elsewhere: list[Answer] = [
        {},
        {"customerId": "customer-other"},
        {"resourceId": "desk"},
        {"featureId": "feature-image-generation"},
    ]
    for given in elsewhere:
        assert api.report(1, idempotencyKey="same", **given)["credit"]["consumed"] > 0
    assert api.consume(1, "same")["credit"]["currentUsage"] == SEAT_CREDITS + 12 + 1
    assert api.consume(1, "same", **CALLS)["credit"]["currentUsage"] == 1


def test_an_event_is_the_same_when_its_time_customer_resource_name_and_key_are(
    api: LocalApi,
) -> None:
    api.provision("customer-other")
    first = event("1", timestamp=at(hours=1))
    others = [
        {"timestamp": at(hours=2)},
        {"customerId": "customer-other"},
        {"resourceId": "desk"},
        {"eventName": "user_login"},
        {"idempotencyKey": "2"},
    ]
    api.report_events(first, *(first | other for other in others))
    api.report_events(first | {"dimensions": {"differs": "and is dropped"}})
    api.settle()
    assert used(api, **CALLS) == 4
    assert used(api, **CALLS, customerId="customer-other") == 1
    assert used(api, **CALLS, resourceId="desk") == 1


def test_parts_of_an_events_key_are_not_mistaken_for_each_other(api: LocalApi) -> None:
    """`|` may be in an id."""
    api.provision("a")
    api.provision("a|b")
    api.report_events(
        event("1", customerId="a", resourceId="b|c"), event("1", customerId="a|b", resourceId="c")
    )
    api.settle()
    assert used(api, **CALLS, customerId="a", resourceId="b|c") == 1
    assert used(api, **CALLS, customerId="a|b", resourceId="c") == 1


def test_an_event_repeated_within_7_days_or_within_its_batch_counts_once(api: LocalApi) -> None:
    api.report_events(event("1"), event("1"), event("2"))
    api.clock.forward(days=7, microseconds=-1)
    api.report_events(event("1"), event("2"))
    api.settle()
    assert used(api, **CALLS) == 2
    api.clock.forward(microseconds=1)
    api.report_events(event("1"))
    api.settle()
    assert used(api, **CALLS) == 3


# Bulk and batch


def test_100_measurements_are_one_call_and_101_are_refused(api: LocalApi) -> None:
    before = everything(api)
    usages = [measurement(1) for _ in range(101)]
    with pytest.raises(BadInput, match="101 measurements in one call; at most 100"):
        api.report_bulk(usages)
    assert everything(api) == before
    answers = api.report_bulk(usages[:100])
    assert [answer["currentUsage"] for answer in answers] == list(range(1, 101))


def test_1000_events_are_one_batch_and_1001_are_refused(api: LocalApi) -> None:
    before = everything(api)
    events = [event(str(number)) for number in range(1001)]
    with pytest.raises(BadInput, match="1001 events in one call; 1 to 1000 are allowed"):
        api.report_events(*events)
    with pytest.raises(BadInput, match="0 events in one call"):
        api.report_events()
    assert everything(api) == before
    api.report_events(*events[:1000])
    api.settle()
    assert used(api, **CALLS) == 1000


def test_a_bulk_with_one_bad_measurement_changes_nothing(api: LocalApi) -> None:
    api.report(7)
    before = everything(api)
    with pytest.raises(MeteringError, match="There is no feature 'feature-nowhere'"):
        api.report_bulk(
            [
                measurement(1, resourceId="new", idempotencyKey="kept"),
                measurement(2),
                measurement(3, featureId="feature-nowhere"),
            ]
        )
    assert everything(api) == before
    assert api.report(1)["currentUsage"] == 8
    assert api.report(1, resourceId="new", idempotencyKey="kept")["credit"]["consumed"] > 0


def test_a_key_twice_in_one_bulk_counts_once(api: LocalApi) -> None:
    twice = [measurement(4, idempotencyKey="same") for _ in range(2)]
    assert [answer["credit"]["consumed"] for answer in api.report_bulk(twice)] == [100, 0]


# The optimistic balance


def test_the_balance_in_the_answer_is_the_settled_one_to_come(api: LocalApi) -> None:
    api.grant(1000)
    api.grant(50, grantType="PROMOTIONAL", expireAt=at(days=-3))
    told = available(api.report(2)["credit"])
    assert (told, api.balance()["currentBalance"]) == (1000, 1050)
    told = available(api.consume(Decimal("999.999999"), "most")["credit"])
    assert told == Decimal("0.000001")
    told = available(api.report(4)["credit"])
    assert told == Decimal("-99.999999")
    api.settle()
    balance = api.balance()
    assert balance["currentBalance"] == told
    assert balance["totalGranted"] - balance["totalConsumed"] == told
    assert available(api.consume(0, "ask")["credit"]) == told


def test_pools_and_currencies_have_balances_of_their_own(api: LocalApi) -> None:
    api.consume(1, "a")
    api.consume(2, "b", resourceId="desk")
    api.consume(4, "c", **CALLS)
    current = [
        api.consume(0, f"ask-{number}", **pool)["credit"]["currentUsage"]
        for number, pool in enumerate([{}, {"resourceId": "desk"}, CALLS])
    ]
    assert current == [1, 2, 4]


def test_the_optimistic_balance_survives_a_restart_before_it_settles(api: LocalApi) -> None:
    api.grant(100)
    api.report(3, idempotencyKey="kept")
    api.restart()
    credit = api.consume(1, "more")["credit"]
    assert (credit["currentUsage"], credit["usageLimit"]) == (76, 100)
    assert api.report(3, idempotencyKey="kept")["credit"]["consumed"] == 0
    api.settle()
    assert api.balance()["currentBalance"] == 24


# Raw events


def test_events_wait_in_the_queue_until_they_settle(api: LocalApi) -> None:
    api.grant(10, **CALLS)
    api.report_events(event("1"), event("2"))
    assert api.balance(**CALLS)["currentBalance"] == 10
    api.restart()
    api.settle()
    assert api.balance(**CALLS)["currentBalance"] == 8


def test_a_meter_counts_events_or_sums_a_dimension(api: LocalApi) -> None:
    tokens = {"eventName": "embedding_request"}
    api.report_events(
        event("1", **tokens, dimensions={"input_tokens": 100_000}),
        event("2", **tokens, dimensions={"input_tokens": "50000"}),
        event("3", **tokens, dimensions={"input_tokens": "many"}),
        event("4", **tokens),
        event("5", eventName="image_generated", dimensions={"input_tokens": 7}),
    )
    api.settle()
    api.clock.forward(minutes=1)
    series = api.usage(timeRange="LAST_DAY")["series"]
    assert {one["featureId"]: one["totalCredits"] for one in series} == {
        "feature-embeddings": 15,
        "feature-image-generation": 12,
    }
    assert {one["featureId"]: one["eventCount"] for one in series} == {
        "feature-embeddings": 4,
        "feature-image-generation": 1,
    }


def test_events_of_strangers_are_taken_and_kept_aside(api: LocalApi) -> None:
    api.report_events(event("1", customerId="nobody"), event("2", eventName="door_opened"))
    api.settle()
    aside = api.service.store.rows("from unmatched_events order by event_name")
    assert [(row["customer_id"], row["reason"]) for row in aside] == [
        ("nobody", "unknown customer"),
        (CUSTOMER, "no meter counts this event"),
    ]
    assert used(api, **CALLS) == 0


@pytest.mark.parametrize(
    "dimensions",
    [
        {"input_tokens": 10**16},
        {"input_tokens": "1e9999999"},
        {"input_tokens": "1e999999", "output_tokens": "-1e999999"},
    ],
    ids=["too dear", "out of range", "one out of range against the other"],
)
def test_an_event_that_cannot_be_charged_holds_up_no_other(
    api: LocalApi, dimensions: Answer
) -> None:
    api.report_events(event("bad", eventName="llm_request", dimensions=dimensions), event("good"))
    api.settle()
    assert used(api, **CALLS) == 1
    (aside,) = api.service.store.rows("from unmatched_events")
    assert (aside["event_name"], aside["reason"][-1]) == ("llm_request", ".")


def test_events_that_would_owe_more_than_a_number_holds_are_kept_aside(api: LocalApi) -> None:
    dear = {"eventName": "llm_request", "dimensions": {"input_tokens": 450 * 10**12}}
    api.report_events(*(event(str(number), **dear) for number in range(3)))
    api.consume(5, "later", createdAt=at(days=-1))
    api.settle()
    assert api.balance()["currentBalance"] == -900_000_000_005
    assert len(api.service.store.rows("from unmatched_events")) == 2


def test_events_settle_in_the_order_of_their_time(api: LocalApi) -> None:
    """The earlier event finds the grant that has ended since."""
    api.grant(1, **CALLS, effectiveAt=at(hours=9), expireAt=at(hours=-2))
    api.clock.forward(hours=3)
    api.report_events(event("after", timestamp=at(hours=-2)))
    api.report_events(event("before", timestamp=at(hours=1)))
    api.settle()
    burned = [row for row in api.ledger(**CALLS) if row["eventType"] == "CREDITS_CONSUMED"]
    assert [(row["timestamp"], row["grant"]["displayName"]) for row in burned] == [
        (at(hours=1), "Credits"),
        (at(hours=-2), "Overdraft"),
    ]


# Dimensions


def test_dimension_values_are_texts_however_they_were_written(api: LocalApi) -> None:
    dimensions = {
        "text": "3.0",
        "whole": 3,
        "float": Decimal("3.0"),
        "half": Decimal("0.50"),
        "yes": True,
        "none": None,
        "empty": "",
        "sign": "日本 🙂",
    }
    api.report(1, dimensions=dimensions)
    api.settle()
    (row,) = api.service.store.rows("select dimensions from usage_events")
    assert row["dimensions"] == {
        "text": "3.0",
        "whole": "3",
        "float": "3",
        "half": "0.5",
        "yes": "true",
        "empty": "",
        "sign": "日本 🙂",
    }
    assert api.fields() == sorted(set(dimensions) - {"none"})


@pytest.mark.parametrize(
    ("dimensions", "sentence"),
    [
        ([1], "dimensions must be an object of key and value."),
        ("text", "dimensions must be an object of key and value."),
        ({"a b": 1}, "The dimension key 'a b' is not allowed: letters, digits, _, $ and - are."),
        ({"a\n": 1}, r"The dimension key 'a\n' is not allowed: letters, digits, _, $ and - are."),
        ({"": 1}, "The dimension key '' is not allowed: letters, digits, _, $ and - are."),
        ({"a": [1]}, "The dimension 'a' must be a text, a number or a boolean."),
        ({"a": {"b": 1}}, "The dimension 'a' must be a text, a number or a boolean."),
        ({"a": Decimal("1e999999999")}, "The dimension 'a' must be a finite number of up to"),
    ],
)
def test_dimensions_of_another_shape_are_refused(
    shared: LocalApi, dimensions: Any, sentence: str
) -> None:
    before = everything(shared)
    for report in (
        lambda: shared.report(1, dimensions=dimensions),
        lambda: shared.consume(1, "key", dimensions=dimensions),
        lambda: shared.report_events(event("1"), event("2", dimensions=dimensions)),
    ):
        with pytest.raises(BadInput) as refused:
            report()
        assert refused.value.sentence.startswith(sentence)
    assert everything(shared) == before


@pytest.mark.parametrize("name", ["customerId", "eventName", "resourceId"])
def test_ids_have_1_to_255_characters(shared: LocalApi, name: str) -> None:
    with pytest.raises(BadInput, match=f"{name} must have 1 to 255 characters"):
        shared.report_events(event("1", **{name: "x" * 256}))
    shared.report_events(event("1", **{name: "x" * 255}))


def test_a_feature_that_is_not_metered_takes_no_usage(shared: LocalApi) -> None:
    with pytest.raises(Refused, match="Feature 'feature-01-templates' is not metered") as refused:
        shared.report(1, featureId="feature-01-templates")
    assert refused.value.code == "MeteringNotAvailableForFeatureType"
