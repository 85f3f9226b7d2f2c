"""Pages and filters of lists: cursors that hold, in both directions, and what can be picked."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from local_metering import CUSTOMER, SEATS, Answer, LocalApi, at, nodes, sold_with

from data.metering.errors import BadInput, NotFound

PAGE = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage }"
CUSTOMERS = f"""query ($filter: CustomerFilter, $paging: CursorPaging, $sorting: [CustomerSort!]) {{
    customers(filter: $filter, paging: $paging, sorting: $sorting) {{
    totalCount {PAGE} edges {{ cursor node {{ customerId name email }} }} }} }}"""
RESOURCES = """query ($filter: CustomerResourceFilter, $paging: CursorPaging) {
    customerResources(filter: $filter, paging: $paging) {
    totalCount edges { node { resourceId customer { customerId } } } } }"""
FEATURES = """query ($filter: FeatureFilter, $paging: CursorPaging) {
    features(filter: $filter, paging: $paging) { totalCount edges { node { refId } } } }"""


def spent(api: LocalApi, count: int, start: int = 0) -> None:
    """Consumptions of start, start + 1 … credits, settled in that order."""
    for number in range(start, start + count):
        api.consume(number + 1, f"spent-{number}")
        api.clock.forward(seconds=1)
    api.settle()


def amounts(page: Answer) -> list[Any]:
    return [-node["amount"] for node in nodes(page)]


def sides(page: Answer) -> tuple[bool, bool]:
    """(has previous, has next)"""
    return page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]


# The ledger


def test_the_ledger_is_walked_forward_from_the_oldest(api: LocalApi) -> None:
    spent(api, 7)
    first = api.ledger_page(paging={"first": 3})
    assert (amounts(first), sides(first), first["totalCount"]) == ([1, 2, 3], (False, True), 7)
    second = api.ledger_page(paging={"first": 3, "after": first["pageInfo"]["endCursor"]})
    assert (amounts(second), sides(second)) == ([4, 5, 6], (True, True))
    third = api.ledger_page(paging={"first": 3, "after": second["pageInfo"]["endCursor"]})
    assert (amounts(third), sides(third)) == ([7], (True, False))
    end = api.ledger_page(paging={"first": 3, "after": third["pageInfo"]["endCursor"]})
    assert (amounts(end), sides(end)) == ([], (True, False))
    assert end["pageInfo"]["startCursor"] is end["pageInfo"]["endCursor"] is None


def test_the_ledger_is_walked_backward_from_the_newest(api: LocalApi) -> None:
    spent(api, 7)
    newest = api.ledger_page(paging={"last": 3})
    assert (amounts(newest), sides(newest)) == ([5, 6, 7], (True, False))
    before = api.ledger_page(paging={"last": 3, "before": newest["pageInfo"]["startCursor"]})
    assert (amounts(before), sides(before)) == ([2, 3, 4], (True, True))
    oldest = api.ledger_page(paging={"last": 3, "before": before["pageInfo"]["startCursor"]})
    assert (amounts(oldest), sides(oldest)) == ([1], (False, True))


def test_a_page_can_lie_between_two_cursors(api: LocalApi) -> None:
    spent(api, 7)
    cursors = [edge["cursor"] for edge in api.ledger_page()["edges"]]
    between = {"after": cursors[1], "before": cursors[5]}
    assert amounts(api.ledger_page(paging=between | {"first": 10})) == [3, 4, 5]
    assert amounts(api.ledger_page(paging=between | {"first": 2})) == [3, 4]
    assert amounts(api.ledger_page(paging=between | {"last": 2})) == [4, 5]


def test_cursors_hold_while_rows_are_added(api: LocalApi) -> None:
    spent(api, 4)
    forward = api.ledger_page(paging={"first": 2})["pageInfo"]["endCursor"]
    backward = api.ledger_page(paging={"last": 2})["pageInfo"]["startCursor"]
    spent(api, 2, start=4)
    api.consume(99, "late", createdAt=at(days=3))
    api.consume(98, "of another pool", resourceId="desk")
    api.settle()
    api.restart()
    assert amounts(api.ledger_page(paging={"after": forward})) == [3, 4, 5, 6, 99]
    assert amounts(api.ledger_page(paging={"last": 9, "before": backward})) == [1, 2]


def test_the_ledger_can_be_narrowed_to_types(api: LocalApi) -> None:
    api.consume(5, "a")
    api.settle()
    api.grant(3)
    api.grant(3, expireAt=at(hours=-1))
    api.clock.forward(hours=1)
    api.settle()
    for types, count in [
        (["CREDITS_GRANTED"], 2),
        (["CREDITS_CONSUMED"], 1),
        (["CREDITS_CONSUMPTION_TRANSFER_SOURCE", "CREDITS_CONSUMPTION_TRANSFER_TARGET"], 4),
        (["CREDITS_EXPIRED"], 1),
        (["CREDITS_VOIDED", "CREDITS_UPDATED"], 0),
        ([], 8),
    ]:
        page = api.ledger_page(eventType=types)
        assert (page["totalCount"], len(page["edges"])) == (count, count)


def test_a_row_of_usage_names_its_event_and_feature(api: LocalApi) -> None:
    api.report(1, resourceId="desk")
    api.settle()
    (row,) = api.ledger(resourceId="desk")
    assert (row["featureId"], row["feature"], row["resourceId"]) == (
        SEATS,
        {"displayName": "Seats"},
        "desk",
    )
    assert row["eventId"]
    assert api.ledger() == []


@pytest.mark.parametrize("size", [0, -1, 101])
def test_pages_have_1_to_100_items(shared: LocalApi, size: int) -> None:
    for way in ("first", "last"):
        for ask in (shared.ledger_page, shared.grants, shared.usage):
            with pytest.raises(BadInput, match=f"A page of {size} was asked for; 1 to 100 are"):
                ask(paging={way: size})


def test_first_and_last_exclude_each_other(shared: LocalApi) -> None:
    with pytest.raises(BadInput, match="Give either first or last, not both"):
        shared.ledger_page(paging={"first": 1, "last": 1})


@pytest.mark.parametrize("cursor", ["x", "MQ", "LTE=", "日本", "OTk5" * 20, "🙂"])
def test_a_cursor_of_elsewhere_is_refused(shared: LocalApi, cursor: str) -> None:
    for ask in (shared.ledger_page, shared.grants, shared.usage):
        with pytest.raises(BadInput) as refused:
            ask(paging={"after": cursor})
        assert refused.value.sentence == f"{cursor!r} is not a cursor of this list."


# Grants


def test_grants_are_newest_first_in_pages_of_20(api: LocalApi) -> None:
    for number in range(23):
        api.grant(number + 1)
        api.clock.forward(seconds=1)
    page = api.ask(
        f"""query ($input: GetCreditGrantsInput!) {{ creditGrants(input: $input) {{
        totalCount {PAGE} edges {{ node {{ amount }} }} }} }}""",
        input={"customerId": CUSTOMER},
    )["creditGrants"]
    assert [node["amount"] for node in nodes(page)] == list(range(23, 3, -1))
    assert (page["totalCount"], sides(page)) == (23, (False, True))
    rest = api.grants(paging={"first": 20, "after": page["pageInfo"]["endCursor"]})
    assert [node["amount"] for node in rest] == [3, 2, 1]
    assert [node["amount"] for node in api.grants(paging={"last": 2})] == [2, 1]


def test_grants_are_those_of_a_pool_or_of_all_currencies(api: LocalApi) -> None:
    api.grant(1)
    api.grant(2, currencyId="api-credits")
    api.grant(4, resourceId="desk")
    assert [grant["amount"] for grant in api.grants()] == [1]
    assert {grant["amount"] for grant in api.grants(currencyId=None)} == {1, 2}
    assert [grant["amount"] for grant in api.grants(resourceId="desk")] == [4]


# Pickers


@pytest.fixture(scope="module")
def people(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    """Three customers, made a day apart, and before them one without a name or an email."""
    api = LocalApi(copytree(begun, tmp_path_factory.mktemp("people") / "store"))
    document = """mutation ($input: ProvisionCustomerInput!) {
        provisionCustomer(input: $input) { customer { customerId } } }"""
    for customer_id, name in [("c-ada", "Ada & Co"), ("c-bob", "Bob_1"), ("c-cy", "Cy 100%")]:
        api.clock.forward(days=1)
        given = {"customerId": customer_id, "name": name, "email": f"{customer_id}@example.com"}
        api.tell(document, input=given)
    yield api
    api.close()


def picked(api: LocalApi, filter: Answer | None = None, **asked: Any) -> list[str]:
    found = api.ask(CUSTOMERS, filter=filter, **asked)["customers"]
    return [node["customerId"] for node in nodes(found)]


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (None, ["c-ada", "c-bob", "c-cy", CUSTOMER]),
        ({}, ["c-ada", "c-bob", "c-cy", CUSTOMER]),
        ({"customerId": {"eq": "c-ada"}}, ["c-ada"]),
        ({"customerId": {"neq": "c-ada"}}, ["c-bob", "c-cy", CUSTOMER]),
        ({"customerId": {"in": ["c-ada", "c-cy", "x"]}}, ["c-ada", "c-cy"]),
        ({"customerId": {"notIn": ["c-ada", "c-cy"]}}, ["c-bob", CUSTOMER]),
        ({"customerId": {"in": []}}, []),
        ({"name": {"like": "Ada%"}}, ["c-ada"]),
        ({"name": {"like": "ada%"}}, []),
        ({"name": {"iLike": "ada%"}}, ["c-ada"]),
        ({"name": {"iLike": "%o"}}, ["c-ada"]),
        ({"name": {"like": "Bo_%1"}}, ["c-bob"]),
        ({"name": {"like": "."}}, []),
        ({"name": {"notLike": "%o%"}}, ["c-cy", CUSTOMER]),
        ({"name": {"notILike": "B%"}}, ["c-ada", "c-cy", CUSTOMER]),
        ({"email": {"is": True}}, ["c-ada", "c-bob", "c-cy"]),
        ({"email": {"is": False}}, [CUSTOMER]),
        ({"email": {"isNot": True}}, [CUSTOMER]),
        ({"customerId": {"gt": "c-ada", "lte": "c-cy"}}, ["c-bob", "c-cy"]),
        ({"customerId": {"gte": "c-cy"}}, ["c-cy", CUSTOMER]),
        ({"customerId": {"lt": "c-bob"}}, ["c-ada"]),
        ({"searchQuery": {"iLike": "%EXAMPLE.com%"}}, ["c-ada", "c-bob", "c-cy"]),
        ({"searchQuery": {"iLike": "%ada%"}}, ["c-ada"]),
        ({"or": [{"name": {"eq": "Bob_1"}}, {"customerId": {"eq": "c-cy"}}]}, ["c-bob", "c-cy"]),
        ({"and": [{"name": {"like": "%o%"}}, {"name": {"like": "%1"}}]}, ["c-bob"]),
        ({"name": {"eq": "Bob_1"}, "customerId": {"eq": "c-ada"}}, []),
        ({"name": None}, ["c-ada", "c-bob", "c-cy", CUSTOMER]),
        ({"name": {"eq": None}, "and": None}, ["c-ada", "c-bob", "c-cy", CUSTOMER]),
        ({"searchQuery": {"iLike": None}}, ["c-ada", "c-bob", "c-cy", CUSTOMER]),
    ],
)
def test_customers_are_filtered(people: LocalApi, filter: Answer | None, found: list[str]) -> None:
    by_id = [{"field": "customerId", "direction": "ASC"}]
    assert picked(people, filter, sorting=by_id) == found


@pytest.mark.parametrize(
    ("sorting", "found"),
    [
        (None, ["c-cy", "c-bob", "c-ada", CUSTOMER]),
        ([{"field": "createdAt", "direction": "ASC"}], [CUSTOMER, "c-ada", "c-bob", "c-cy"]),
        ([{"field": "customerId", "direction": "DESC"}], [CUSTOMER, "c-cy", "c-bob", "c-ada"]),
        ([{"field": "name", "direction": "ASC"}], [CUSTOMER, "c-ada", "c-bob", "c-cy"]),
    ],
)
def test_customers_are_newest_first_unless_sorted(
    people: LocalApi, sorting: list[Answer] | None, found: list[str]
) -> None:
    assert picked(people, sorting=sorting) == found


def test_customers_come_in_pages_of_10_unless_told(api: LocalApi) -> None:
    for number in range(12):
        api.provision(f"customer-{number:02}", plan=None)
    assert len(picked(api)) == 10
    assert len(picked(api, paging={"first": 100})) == 13
    assert len(picked(api, paging={"last": 1})) == 1


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (None, [("c-ada", "desk"), ("c-ada", "shop"), ("c-bob", "desk")]),
        ({"resourceId": {"eq": "desk"}}, [("c-ada", "desk"), ("c-bob", "desk")]),
        ({"customer": {"customerId": {"eq": "c-ada"}}}, [("c-ada", "desk"), ("c-ada", "shop")]),
        ({"customer": {"email": {"eq": "c-bob@example.com"}}}, [("c-bob", "desk")]),
        ({"customer": {"searchQuery": {"iLike": "%bob%"}}}, [("c-bob", "desk")]),
        ({"customer": {"name": {"like": "Ada%"}}, "resourceId": {"in": ["shop"]}},
         [("c-ada", "shop")]),
        ({"customer": None}, [("c-ada", "desk"), ("c-ada", "shop"), ("c-bob", "desk")]),
    ],
)  # fmt: skip
def test_resources_are_filtered_by_themselves_and_their_customer(
    people: LocalApi, filter: Answer | None, found: list[tuple[str, str]]
) -> None:
    for customer_id, resource_id in [("c-bob", "desk"), ("c-ada", "shop"), ("c-ada", "desk")]:
        people.grant(1, customerId=customer_id, resourceId=resource_id)
    rows = nodes(people.ask(RESOURCES, filter=filter)["customerResources"])
    assert [(row["customer"]["customerId"], row["resourceId"]) for row in rows] == found


def test_features_are_newest_first_and_filtered(shared: LocalApi) -> None:
    found = nodes(shared.ask(FEATURES, paging={"first": 100})["features"])
    assert [feature["refId"] for feature in found] == [
        "feature-document-parsing",
        "feature-image-generation",
        "llm-code",
        "llm-conversation",
        "feature-code-assistant",
        "feature-embeddings",
        "feature-chat-completions",
        "feature-api-calls",
        "feature-01-templates",
        "feature-seats",
    ]
    filter = {"displayName": {"iLike": "%seat%"}}
    assert nodes(shared.ask(FEATURES, filter=filter)["features"]) == [{"refId": SEATS}]


def test_archived_currencies_are_listed_only_when_asked_for(api: LocalApi, tmp_path: Path) -> None:
    document = """query ($input: CustomCurrenciesInput) {
        customCurrencies(input: $input) { currencyId } }"""

    def listed(given: Answer | None) -> list[str]:
        return [one["currencyId"] for one in api.ask(document, input=given)["customCurrencies"]]

    archived = {"currency_id": "api-credits", "status": "ARCHIVED"}
    api.restart(sold_with(tmp_path, currencies=[{"currency_id": "ai-tokens"}, archived]))
    assert listed(None) == listed({}) == ["ai-tokens"]
    assert listed({"status": ["ARCHIVED"]}) == ["api-credits"]
    assert listed({"status": ["ACTIVE", "ARCHIVED"]}) == ["ai-tokens", "api-credits"]


def test_active_subscriptions_are_the_customers_or_a_resources(api: LocalApi) -> None:
    document = """query ($input: GetActiveSubscriptionsInput!) {
        getActiveSubscriptions(input: $input) { subscriptionId resource { resourceId } } }"""
    plan = {"planId": "plan-revvenu-scale", "resourceId": "desk"}
    api.tell(
        "mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) { customer "
        "{ customerId } } }",
        input={"customerId": CUSTOMER, "subscriptionParams": plan},
    )

    def held(**given: str) -> list[Any]:
        asked = {"customerId": CUSTOMER} | given
        found = api.ask(document, input=asked)["getActiveSubscriptions"]
        return [one["resource"] and one["resource"]["resourceId"] for one in found]

    assert held() == held(resourceId="") == [None, "desk"]
    assert held(resourceId="desk") == ["desk"]
    assert held(resourceId="elsewhere") == []
    assert api.report(1, resourceId="desk")["credit"]["consumed"] == 20
    assert api.report(1)["credit"]["consumed"] == 25


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (None, ["plan-revvenu-scale", "plan-llm-traces", "plan-revvenu-growth"]),
        ({"resourceId": {"eq": "desk"}}, ["plan-revvenu-scale"]),
        ({"customerId": {"eq": "customer-other"}}, ["plan-llm-traces"]),
        ({"productId": {"eq": "product-revvenu"}}, ["plan-revvenu-scale", "plan-revvenu-growth"]),
        ({"status": {"in": ["CANCELED", "EXPIRED"]}}, ["plan-llm-traces"]),
        ({"status": {"eq": "ACTIVE"}, "resourceId": {"is": False}}, ["plan-revvenu-growth"]),
        ({"or": [{"resourceId": {"eq": "desk"}}, {"status": {"neq": "ACTIVE"}}]},
         ["plan-revvenu-scale", "plan-llm-traces"]),
    ],
)  # fmt: skip
def test_subscriptions_are_newest_first_and_filtered(
    api: LocalApi, filter: Answer | None, found: list[str]
) -> None:
    api.clock.forward(days=1)
    api.provision("customer-other", plan="plan-llm-traces")
    api.clock.forward(days=1)
    api.tell(
        "mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) "
        "{ subscription { customer { customerId } } } }",
        input={
            "customerId": CUSTOMER,
            "subscriptionParams": {"planId": "plan-revvenu-scale", "resourceId": "desk"},
        },
    )
    with api.service.store.transaction() as writer:
        writer.rows("update subscriptions set status = 'CANCELED' where plan_id like '%traces'")
    api.restart()
    document = """query ($filter: SubscriptionQueryFilter) { subscriptions(filter: $filter) {
        totalCount edges { node { plan { refId } } } } }"""
    page = api.ask(document, filter=filter)["subscriptions"]
    assert [node["plan"]["refId"] for node in nodes(page)] == found
    assert page["totalCount"] == len(found)


def test_one_customer_is_found_by_its_id(people: LocalApi) -> None:
    document = """query ($input: GetCustomerByRefIdInput!) {
        getCustomerByRefId(input: $input) { customerId name email } }"""
    assert people.ask(document, input={"customerId": "c-bob"})["getCustomerByRefId"] == {
        "customerId": "c-bob",
        "name": "Bob_1",
        "email": "c-bob@example.com",
    }
    with pytest.raises(NotFound) as refused:
        people.ask(document, input={"customerId": "nobody"})
    assert refused.value.code == "CustomerNotFound"


def test_features_and_resources_can_be_sorted(api: LocalApi) -> None:
    for resource_id in ("shop", "desk"):
        api.grant(1, resourceId=resource_id)
    resources = """query ($sorting: [CustomerResourceSort!]) {
        customerResources(sorting: $sorting) { edges { node { resourceId } } } }"""
    down = [{"field": "resourceId", "direction": "DESC"}]
    found = nodes(api.ask(resources, sorting=down)["customerResources"])
    assert [node["resourceId"] for node in found] == ["shop", "desk"]
    features = """query ($sorting: [FeatureSort!]) {
        features(sorting: $sorting, paging: {first: 2}) { edges { node { displayName } } } }"""
    by_name = [{"field": "displayName", "direction": "ASC"}]
    found = nodes(api.ask(features, sorting=by_name)["features"])
    assert [node["displayName"] for node in found] == ["API calls", "Chat completions"]
