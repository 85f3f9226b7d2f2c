"""What is shown before a grant is made or voided is what the metering API then does."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import polars as pl
import pytest
from local_metering import CURRENCY, NOON, LocalApi
from told import Told

from data.credits.grants import GrantStatus
from data.credits.pool import VoidError
from queries.answer import answer
from queries.grants import Grants
from queries.grants.commands import CreateGrant
from queries.grants.preview import preview_grant, preview_void, why_not_void
from queries.grants.terms import in_force, with_terms
from queries.question import Live

DAY = timedelta(days=1)
numbers = count(1)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    api = LocalApi(tmp_path_factory.mktemp("api") / "store")
    yield api
    api.close()


@pytest.fixture
def customer(api: LocalApi) -> str:
    """One without grants, at noon."""
    api.clock.now = NOON
    customer_id = f"previewed-{next(numbers)}"
    api.provision(customer_id, plan=None)
    return customer_id


def held(api: LocalApi, customer: str) -> pl.DataFrame:
    return answer(Grants(customer, CURRENCY), Live(api.client)).frame


def balance(api: LocalApi, customer: str) -> Decimal:
    frame = held(api, customer)
    return Decimal((in_force(frame)["amount"] - in_force(frame)["consumed_amount"]).sum())


def owe(api: LocalApi, customer: str, amount: object) -> None:
    api.consume(amount, f"use-{next(numbers)}", customerId=customer)
    api.settle()


def gift(customer: str, amount: object, **given: Any) -> CreateGrant:
    return CreateGrant(
        customer, CURRENCY, None, "PROMOTIONAL", "Gift", Decimal(str(amount)), key="key", **given
    )


def make(api: LocalApi, command: CreateGrant) -> dict[str, Any]:
    made: dict[str, Any] = api.tell(command.document, **command.variables)["createCreditGrant"]
    return made


@pytest.mark.parametrize(
    ("owed", "amount", "settled", "left"),
    [(0, 50, 0, 50), (15, 50, 15, 35), (50, 50, 50, 0), (80, 50, 50, 0)],
)
def test_an_overdraft_is_settled_first(
    api: LocalApi, customer: str, owed: int, amount: int, settled: int, left: int
) -> None:
    if owed:
        owe(api, customer, owed)
    command = gift(customer, amount)
    shown = preview_grant(held(api, customer), command, NOON)
    assert (shown.owed, shown.settled, shown.left) == (owed, settled, left)
    assert (shown.before, shown.after) == (-owed, amount - owed)
    assert shown.still_owed == owed - settled
    made = make(api, command)
    assert (made["consumedAmount"], made["amount"] - made["consumedAmount"]) == (settled, left)
    assert balance(api, customer) == shown.after


def test_a_scheduled_grant_changes_nothing_until_it_takes_effect(
    api: LocalApi, customer: str
) -> None:
    owe(api, customer, 15)
    command = gift(customer, 50, effective_at=NOON + DAY)
    shown = preview_grant(held(api, customer), command, NOON)
    assert shown.status is GrantStatus.SCHEDULED
    assert (shown.before, shown.after, shown.settled, shown.left) == (-15, -15, 15, 35)
    assert make(api, command)["status"] == "SCHEDULED"
    assert balance(api, customer) == -15
    api.clock.now = NOON + DAY
    api.settle()
    assert balance(api, customer) == 35


def test_a_grant_that_had_its_time_already_leaves_nothing(api: LocalApi, customer: str) -> None:
    command = gift(customer, 50, effective_at=NOON - 2 * DAY, expire_at=NOON - DAY)
    shown = preview_grant(held(api, customer), command, NOON)
    assert (shown.status, shown.left, shown.after) == (GrantStatus.EXPIRED, 0, 0)
    assert make(api, command)["status"] == "EXPIRED"


@pytest.mark.parametrize("seed", range(25))
def test_the_preview_is_what_the_api_then_does(api: LocalApi, customer: str, seed: int) -> None:
    dice = Random(seed)
    for _ in range(dice.randint(0, 4)):
        make(api, random_grant(customer, dice))
        if dice.random() < 0.6:
            owe(api, customer, dice.randint(1, 150) / 4)
    command = random_grant(customer, dice)
    shown = preview_grant(held(api, customer), command, NOON)
    assert balance(api, customer) == shown.before
    made = make(api, command)
    assert made["status"] == shown.status
    assert balance(api, customer) == shown.after
    if shown.status is not GrantStatus.SCHEDULED:
        assert made["consumedAmount"] == shown.settled
        return
    api.clock.now = shown.starts_at
    api.settle()
    [begun] = held(api, customer).filter(grant_id=made["grantId"]).to_dicts()
    assert (begun["status"], begun["consumed_amount"]) == ("ACTIVE", shown.settled)
    assert begun["amount"] - begun["consumed_amount"] == shown.left


def random_grant(customer: str, dice: Random) -> CreateGrant:
    starts = dice.choice([None, None, NOON - 3 * DAY, NOON + 2 * DAY])
    ends = dice.choice([None, (starts or NOON) + dice.randint(1, 5) * DAY])
    amount = Decimal(dice.randint(1, 9_999_999)) / 100_000
    priority = dice.choice([10, 50, 50])
    return gift(customer, amount, effective_at=starts, expire_at=ends, priority=priority)


@pytest.mark.parametrize("seed", range(8))
def test_what_leaves_the_balance_is_what_was_said_before_the_void(
    api: LocalApi, customer: str, seed: int
) -> None:
    dice = Random(seed)
    ids = [make(api, random_grant(customer, dice))["grantId"] for _ in range(4)]
    owe(api, customer, dice.randint(1, 400) / 4)
    for row in held(api, customer).to_dicts():
        if why_not_void(row, NOON):
            with pytest.raises(VoidError):
                preview_void(held(api, customer), row["grant_id"], NOON)
        else:
            assert row["grant_id"] in ids
            shown = preview_void(held(api, customer), row["grant_id"], NOON)
            assert shown.before == balance(api, customer)
            assert api.void(row["grant_id"])["status"] == "VOIDED"
            assert shown.after == balance(api, customer)
    states = [why_not_void(row, NOON) for row in held(api, customer).to_dicts()]
    assert all(states)


def test_what_remains_of_the_active_grants_is_the_balance(told: Told) -> None:
    for number in (1, 3, 4, 10, 499):
        currency = ("ai-tokens", "legacy")[number % 5 == 4]
        resource = "workspace" if number % 7 == 3 else None
        question = Grants(f"customer-{number:04d}", currency, resource)
        for source in (told.live, told.extracted):
            frame = with_terms(answer(question, source).frame)
            sums = in_force(frame)["amount"].sum() - in_force(frame)["consumed_amount"].sum()
            assert Decimal(in_force(frame)["remaining"].sum()) == Decimal(sums)
            assert frame.filter(pl.col("status").is_in(["VOIDED", "EXPIRED"]))[
                "remaining"
            ].sum() == Decimal(0)


def test_a_credit_costs_the_cost_of_the_grant_over_its_amount() -> None:
    grants = pl.DataFrame(
        {
            "status": ["ACTIVE", "EXPIRED", "ACTIVE"],
            "amount": [Decimal(3), Decimal(8), Decimal(0)],
            "consumed_amount": [Decimal(1), Decimal(2), Decimal(7)],
            "cost_amount": [Decimal(1), Decimal(0), Decimal(0)],
        },
        schema_overrides=dict.fromkeys(
            ("amount", "consumed_amount", "cost_amount"), pl.Decimal(18, 6)
        ),
    )
    told = with_terms(grants)
    assert told["cost_per_credit"].to_list() == [Decimal("0.333333333333"), 0, None]
    assert told["remaining"].to_list() == [2, 0, -7]
    assert told["share_left"].round(3).to_list() == [0.667, 0.0, 0.0]
