"""Walks through lists that grow and shrink meanwhile: nothing skipped, nothing twice."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from local_metering import CUSTOMER, GRANTS, Answer, LocalApi

from data.metering.errors import BadInput

PAGE = "pageInfo { startCursor endCursor hasNextPage hasPreviousPage }"
CUSTOMERS = f"""query ($paging: CursorPaging, $sorting: [CustomerSort!]) {{
    customers(paging: $paging, sorting: $sorting) {{
    totalCount {PAGE} edges {{ cursor node {{ customerId }} }} }} }}"""
RESOURCES = f"""query ($paging: CursorPaging) {{ customerResources(paging: $paging) {{
    {PAGE} edges {{ node {{ resourceId }} }} }} }}"""
SUBSCRIPTIONS = f"""query ($paging: CursorPaging) {{ subscriptions(paging: $paging) {{
    {PAGE} edges {{ node {{ customer {{ customerId }} }} }} }} }}"""

Turn = Callable[[Answer], Answer]


def customers(api: LocalApi, paging: Answer, **asked: Any) -> Answer:
    return api.ask(CUSTOMERS, paging=paging, **asked)["customers"]


def subscriptions(api: LocalApi, paging: Answer) -> Answer:
    return api.ask(SUBSCRIPTIONS, paging=paging)["subscriptions"]


def resources(api: LocalApi, paging: Answer) -> Answer:
    return api.ask(RESOURCES, paging=paging)["customerResources"]


def grants(api: LocalApi, paging: Answer) -> Answer:
    return api.ask(GRANTS, input={"customerId": CUSTOMER, "paging": paging})["creditGrants"]


LISTS: list[tuple[Callable[..., Answer], Callable[[LocalApi, str], object], Callable[..., str]]] = [
    (customers, lambda api, name: api.provision(name, plan=None), lambda node: node["customerId"]),
    (subscriptions, lambda api, name: api.provision(name), lambda n: n["customer"]["customerId"]),
    (resources, lambda api, name: api.grant(1, resourceId=name), lambda node: node["resourceId"]),
    (grants, lambda api, name: api.grant(1, displayName=name), lambda node: node["displayName"]),
]


@pytest.mark.parametrize("is_backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize(("ask", "make", "name"), LISTS, ids=[one[0].__name__ for one in LISTS])
def test_a_walk_sees_each_row_once_while_rows_are_added_before_it_and_beside_it(
    api: LocalApi,
    ask: Callable[..., Answer],
    make: Callable[[LocalApi, str], object],
    name: Callable[..., str],
    is_backward: bool,
) -> None:
    """Every second row has the time of the one before it: the id decides between them."""
    for number in range(9):
        make(api, f"row-{number}")
        api.clock.forward(seconds=number % 2)
    size, cursor, side = ("last", "startCursor", "before") if is_backward else (
        "first", "endCursor", "after")  # fmt: skip
    seen, at, more = list[str](), None, count()
    while True:
        page = ask(api, {size: 2} | ({side: at} if at else {}))
        seen += [name(edge["node"]) for edge in page["edges"]]
        at = page["pageInfo"][cursor]
        if not page["pageInfo"]["hasPreviousPage" if is_backward else "hasNextPage"]:
            break
        if len(seen) < 9:
            make(api, f"new-{next(more)}")
    was_there = [one for one in seen if one.startswith("row-")]
    assert sorted(was_there) == [f"row-{number}" for number in range(9)]
    assert len(seen) == len(set(seen))


def test_a_cursor_holds_when_its_row_is_gone(api: LocalApi) -> None:
    for number in range(4):
        api.grant(number + 1, displayName=f"grant-{number}")
        api.clock.forward(seconds=1)
    first = grants(api, {"first": 2})
    with api.service.store.transaction() as writer:
        writer.rows("delete from grants where display_name = 'grant-2'")
    rest = grants(api, {"first": 9, "after": first["pageInfo"]["endCursor"]})
    assert [edge["node"]["displayName"] for edge in rest["edges"]] == ["grant-1", "grant-0"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ({"direction": "ASC"}, ["c", "d", "a", "b"]),
        ({"direction": "DESC"}, ["b", "a", "c", "d"]),
        ({"direction": "ASC", "nulls": "NULLS_LAST"}, ["a", "b", "c", "d"]),
        ({"direction": "DESC", "nulls": "NULLS_FIRST"}, ["c", "d", "b", "a"]),
    ],
)
def test_nulls_are_walked_where_they_were_asked_to_be(
    api: LocalApi, sort: Answer, found: list[str]
) -> None:
    document = """mutation ($input: ProvisionCustomerInput!) {
        provisionCustomer(input: $input) { customer { customerId } } }"""
    for customer_id, name in [("a", "1"), ("b", "2"), ("c", None), ("d", None)]:
        api.tell(document, input={"customerId": customer_id, "name": name})
    seen, paging = list[str](), {"first": 1}
    while True:
        page = customers(api, paging, sorting=[sort | {"field": "name"}])
        seen += [edge["node"]["customerId"] for edge in page["edges"]]
        paging = {"first": 1, "after": page["pageInfo"]["endCursor"]}
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert [one for one in seen if one != CUSTOMER] == found
    assert len(seen) == 5


@pytest.mark.parametrize("place", ["[]", '["2026"]', "[1, 2]", '[["x"], "y"]', "{}", "[" * 20_000])
def test_a_place_that_no_row_could_have_is_refused(shared: LocalApi, place: str) -> None:
    after = urlsafe_b64encode(place.encode()).decode()
    with pytest.raises(BadInput, match="is not a cursor of this list"):
        customers(shared, {"after": after})


@pytest.mark.parametrize("place", ["[-1]", '["1"]', "[1.5]", "[9223372036854775808]", "[1, 2]"])
def test_the_ledger_takes_no_cursor_of_another_list(shared: LocalApi, place: str) -> None:
    with pytest.raises(BadInput, match="is not a cursor of this list"):
        shared.ledger_page(paging={"after": urlsafe_b64encode(place.encode()).decode()})
