"""Short stories of grants and usage, told over HTTP, and what each must come to.

A step is a verb and its words; times are hours after the story's beginning, `us` microseconds
added to them. `grant NAME AMOUNT [start= end= priority= promo pending]`, `burn AMOUNT [at= us=]`,
`use VALUE [set]` (a seat costs 25), `call [in= out=]` (an event rated by a formula), `to HOUR`,
`void NAME`, `priority NAME N`, `recharge THRESHOLD TARGET [cap=]`. Everything settles after each
step; steps joined by `&` settle together. The end names what each grant has consumed, with its
status where that is not ACTIVE, then `owed` and `balance`.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from local_metering import CURRENCY, Answer, ServedApi, event, wire

pytestmark = pytest.mark.xdist_group("metering over http")

CASES: dict[str, tuple[list[str], str]] = {
    # The contract's own
    "a cost is split over grants in burn order": (
        ["grant A 50 priority=1 end=500", "grant B 20 priority=1 end=500 promo",
         "grant C 100 priority=2 end=90 promo", "burn 60"],
        "A=40 B=20 C=0 balance=110"),
    "10 left and a cost of 25 leave an overdraft of 15": (
        ["grant A 10", "burn 25"], "A=10 owed=15 balance=-15"),
    "15 owed and a grant of 50 leave 35": (
        ["burn 15", "grant A 50"], "A=15 owed=0 balance=35"),
    # Order
    "a lower priority burns first": (
        ["grant A 10 priority=9", "grant B 10 priority=8", "burn 4"], "A=0 B=4 balance=16"),
    "priority 0 is the first": (
        ["grant A 10 priority=1", "grant B 10 priority=0", "burn 4"], "A=0 B=4 balance=16"),
    "without a priority a grant has 50": (
        ["grant A 10", "grant B 10 priority=49", "grant C 10 priority=51", "burn 15"],
        "A=5 B=10 C=0 balance=15"),
    "a sooner end burns first": (
        ["grant A 10 end=20", "grant B 10 end=19", "burn 4"], "A=0 B=4 balance=16"),
    "never burns after any end": (
        ["grant A 10", "grant B 10 end=90000", "burn 4"], "A=0 B=4 balance=16"),
    "priority beats a sooner end": (
        ["grant A 10 priority=1", "grant B 10 priority=2 end=5", "burn 4"], "A=4 B=0 balance=16"),
    "promotional burns before paid": (
        ["grant A 10", "grant B 10 promo", "burn 4"], "A=0 B=4 balance=16"),
    "a sooner end beats promotional": (
        ["grant A 10 end=5", "grant B 10 end=6 promo", "burn 4"], "A=4 B=0 balance=16"),
    "an earlier start burns first": (
        ["grant A 10 start=-1", "grant B 10 start=-2", "burn 4"], "A=0 B=4 balance=16"),
    "promotional beats an earlier start": (
        ["grant A 10 start=-2", "grant B 10 start=-1 promo", "burn 4"], "A=0 B=4 balance=16"),
    "of equal grants the older burns first": (
        ["grant A 10 start=-1", "to 1", "grant B 10 start=-1", "burn 4"], "A=4 B=0 balance=16"),
    "a cost uses up one grant exactly": (
        ["grant A 10 priority=1", "grant B 10", "burn 10"], "A=10 B=0 balance=10"),
    "a cost spills over three grants": (
        ["grant A 1 priority=1", "grant B 2 priority=2", "grant C 3 priority=3", "burn 5"],
        "A=1 B=2 C=2 balance=1"),
    "a changed priority counts from the next cost": (
        ["grant A 10 priority=1", "grant B 10 priority=2", "burn 3", "priority B 0", "burn 3"],
        "A=3 B=3 balance=14"),
    # Windows
    "usage at the very start is covered": (
        ["grant A 10 start=-5 end=5", "burn 4 at=-5"], "A=4 owed=0 balance=6"),
    "usage a microsecond before the start is not": (
        ["grant A 10 start=-5 end=5", "burn 4 at=-5 us=-1"], "A=0 owed=4 balance=6"),
    "usage a microsecond before the end is covered": (
        ["grant A 10 end=5", "to 4", "burn 4 at=5 us=-1"], "A=4 balance=6"),
    "usage at the very end is not": (
        ["grant A 10 end=5", "to 5", "burn 4 at=5"], "A=0!EXPIRED owed=4 balance=-4"),
    "a scheduled grant counts for nothing": (
        ["grant A 10 start=5"], "A=0!SCHEDULED balance=0"),
    "a scheduled grant counts from its start": (
        ["grant A 10 start=5", "to 5"], "A=0 balance=10"),
    "a scheduled grant does not cover usage of now": (
        ["grant A 10 start=5", "burn 4"], "A=0!SCHEDULED owed=4 balance=-4"),
    "an end takes what is left": (
        ["grant A 10 end=5", "burn 4", "to 5"], "A=4!EXPIRED balance=0"),
    "an end with nothing left changes nothing": (
        ["grant A 10 end=5", "burn 10", "to 6"], "A=10!EXPIRED balance=0"),
    "an end and a start at one instant": (
        ["grant A 10 end=5", "grant B 7 start=5", "to 5"], "A=0!EXPIRED B=0 balance=7"),
    "a grant may start and end before anybody looks": (
        ["grant A 10 start=2 end=3", "to 9"], "A=0!EXPIRED balance=0"),
    "a grant made after its end has ended": (
        ["grant A 10 start=-9 end=-1"], "A=0!EXPIRED balance=0"),
    "two ends at one instant": (
        ["grant A 1 end=5", "grant B 2 end=5", "grant C 4", "to 5"],
        "A=0!EXPIRED B=0!EXPIRED C=0 balance=4"),
    "an unpaid grant counts for nothing": (
        ["grant A 10 pending", "burn 4"], "A=0!PAYMENT_PENDING owed=4 balance=-4"),
    "an unpaid grant that ends has expired": (
        ["grant A 10 pending end=5", "to 5"], "A=0!EXPIRED balance=0"),
    # Void
    "a void takes all of an unused grant": (
        ["grant A 10", "void A"], "A=0!VOIDED balance=0"),
    "a void takes what is left and keeps what was consumed": (
        ["grant A 10", "burn 4", "void A"], "A=4!VOIDED balance=0"),
    "a void of a used-up grant takes nothing": (
        ["grant A 10", "burn 10", "void A"], "A=10!VOIDED balance=0"),
    "a void before the start": (
        ["grant A 10 start=5", "void A", "to 6"], "A=0!VOIDED balance=0"),
    "a void of an unpaid grant": (
        ["grant A 10 pending", "void A"], "A=0!VOIDED balance=0"),
    "after a void the next grant pays": (
        ["grant A 10 priority=1", "grant B 10", "void A", "burn 4"], "A=0!VOIDED B=4 balance=6"),
    "a void leaves a debt as it is": (
        ["burn 4", "grant A 10 start=5", "void A", "to 6"], "A=0!VOIDED owed=4 balance=-4"),
    "a voided grant does not expire": (
        ["grant A 10 end=5", "void A", "to 6"], "A=0!VOIDED balance=0"),
    # Late
    "late usage burns what was there at its time": (
        ["grant A 10 priority=2 start=-9", "grant B 10 priority=1 start=-1", "burn 4 at=-5"],
        "A=4 B=0 balance=16"),
    "late usage takes nothing from a grant that has ended since": (
        ["grant A 10 end=5", "to 6", "burn 4 at=4"], "A=0!EXPIRED owed=4 balance=-4"),
    "late usage before any grant is owed": (
        ["grant A 10", "burn 4 at=-1"], "A=0 owed=4 balance=6"),
    "late usage spills over into a debt, not into a later grant": (
        ["grant A 3 start=-9", "grant B 10", "burn 4 at=-5"], "A=3 B=0 owed=1 balance=9"),
    "late usage does not rewrite what was burned": (
        ["grant A 10 start=-9 priority=2", "burn 10", "grant B 10 start=-9 priority=1",
         "burn 4 at=-5"],
        "A=10 B=4 balance=6"),
    "usage known together burns in the order of its time": (
        ["grant A 5 start=-9 end=-3 priority=1", "grant B 9 start=-9",
         "burn 4 at=-1 & burn 4 at=-2"],
        "A=0!EXPIRED B=8 balance=1"),
    "a debt of late usage stays beside credits until a grant comes": (
        ["grant A 10", "burn 4 at=-1", "grant B 3"], "A=0 B=3 owed=1 balance=9"),
    # Debt
    "a debt grows": (["burn 4", "burn 3"], "owed=7 balance=-7"),
    "a grant smaller than the debt shrinks it": (
        ["burn 15", "grant A 10"], "A=10 owed=5 balance=-5"),
    "two grants settle a debt in turn": (
        ["burn 15", "grant A 10", "grant B 10"], "A=10 B=5 owed=0 balance=5"),
    "three grants settle a debt in turn": (
        ["burn 15", "grant A 5", "grant B 5", "grant C 6"], "A=5 B=5 C=5 owed=0 balance=1"),
    "a grant of exactly the debt": (
        ["burn 15", "grant A 15"], "A=15 owed=0 balance=0"),
    "a scheduled grant settles a debt when it starts": (
        ["burn 4", "grant A 10 start=5", "to 5"], "A=4 owed=0 balance=6"),
    "of two that start at one instant the older settles": (
        ["burn 4", "grant A 10 start=5", "to 1", "grant B 10 start=5", "to 5"],
        "A=4 B=0 owed=0 balance=16"),
    "an unpaid grant settles nothing": (
        ["burn 4", "grant A 10 pending"], "A=0!PAYMENT_PENDING owed=4 balance=-4"),
    "a debt does not expire": (["burn 4", "to 9000"], "owed=4 balance=-4"),
    "a second debt after the first was settled": (
        ["burn 4", "grant A 5", "burn 3"], "A=5 owed=2 balance=-2"),
    "credits given back pay the debt first": (
        ["grant A 10", "burn 15", "burn -7"], "A=8 owed=0 balance=2"),
    "credits given back refill what burned last": (
        ["grant A 10 priority=1", "grant B 10 priority=2", "burn 14", "burn -5"],
        "A=9 B=0 balance=11"),
    "no more is given back than was consumed": (
        ["grant A 10", "burn 4", "burn -9"], "A=0 balance=10"),
    # Usage and its rates
    "a seat costs 25": (["grant A 100", "use 3"], "A=75 balance=25"),
    "a total set higher costs the difference": (
        ["grant A 100", "use 3 set", "use 4 set"], "A=100 balance=0"),
    "a total set lower gives the difference back": (
        ["grant A 100", "use 3 set", "use 1 set"], "A=25 balance=75"),
    "a total set again costs nothing": (
        ["grant A 100", "use 2 set", "use 2 set"], "A=50 balance=50"),
    "units are rounded half away from zero at the fifth decimal": (
        ["grant A 100", "use 0.000005"], "A=0.00025 balance=99.99975"),
    "credits are rounded half away from zero at the sixth decimal": (
        ["grant A 1", "burn 0.0000005"], "A=0.000001 balance=0.999999"),
    "less than half a millionth is nothing": (
        ["grant A 1", "burn 0.0000004"], "A=0 balance=1"),
    "a formula is split over two grants": (
        ["grant A 1 priority=1", "grant B 5", "call in=1000 out=100"],
        "A=1 B=1.6 balance=3.4"),
    "a formula without its dimensions costs nothing": (
        ["grant A 1", "call"], "A=0 balance=1"),
    "a cost of nothing burns nothing": (["grant A 10", "burn 0"], "A=0 balance=10"),
    "the largest grant and the smallest cost": (
        ["grant A 999999999999.999999", "burn 0.000001"],
        "A=0.000001 balance=999999999999.999998"),
    # Auto-recharge
    "at the threshold nothing is bought": (
        ["grant A 1000", "recharge 500 2000", "burn 500"], "A=500 balance=500"),
    "below the threshold the target is bought": (
        ["grant A 1000", "recharge 500 2000", "burn 501"], "A=501 Auto-recharge=0 balance=2000"),
    "a recharge covers the debt as well": (
        ["grant A 1000", "recharge 500 2000", "burn 1100"],
        "A=1000 Auto-recharge=100 owed=0 balance=2000"),
    "a recharge past the cap is not bought": (
        ["grant A 1000", "recharge 500 2000 cap=29", "burn 501"], "A=501 balance=499"),
    "a recharge of exactly the cap is bought": (
        ["grant A 1000", "recharge 500 2000 cap=30.02", "burn 501"],
        "A=501 Auto-recharge=0 balance=2000"),
    "an end below the threshold buys": (
        ["grant A 1000", "grant B 100 end=5", "recharge 1050 2000", "to 5"],
        "A=0 B=0!EXPIRED Auto-recharge=0 balance=2000"),
}  # fmt: skip

numbers = count(1)


class Story:
    """One case: a customer of its own, on a day of its own."""

    def __init__(self, api: ServedApi) -> None:
        self.api = api
        self.customer = f"case-{next(numbers)}"
        self.start = api.clock.now = api.clock.now + timedelta(days=400)
        self.ids: dict[str, str] = {}
        api.provision(self.customer)

    def live(self, step: str) -> None:
        for part in step.split(" & "):
            verb, *words = part.split()
            given = dict(word.split("=") for word in words if "=" in word)
            plain = [word for word in words if "=" not in word]
            getattr(self, f"do_{verb}")(*plain, **given)
        self.api.settle()

    def do_grant(self, name: str, amount: str, *flags: str, **given: str) -> None:
        asked: Answer = {"displayName": name, "effectiveAt": self.time(given.get("start"))}
        if "end" in given:
            asked["expireAt"] = self.time(given["end"])
        if "priority" in given:
            asked["priority"] = int(given["priority"])
        if "promo" in flags:
            asked["grantType"] = "PROMOTIONAL"
        if "pending" in flags:
            asked["paymentCollectionMethod"] = "INVOICE"
        made = self.api.grant(Decimal(amount), customerId=self.customer, **asked)
        self.ids[name] = made["grantId"]

    def do_burn(self, amount: str, at: str | None = None, us: str = "0") -> None:
        self.api.consume(
            Decimal(amount),
            f"key-{next(numbers)}",
            customerId=self.customer,
            createdAt=self.time(at, int(us)),
        )

    def do_use(self, value: str, *behaviour: str) -> None:
        given = {"updateBehavior": "SET"} if behaviour else {}
        self.api.report(Decimal(value), customerId=self.customer, **given)

    def do_call(self, **tokens: str) -> None:
        names = {"in": "input_tokens", "out": "output_tokens"}
        dimensions = {names[name]: int(value) for name, value in tokens.items()}
        self.api.report_events(
            event(
                f"key-{next(numbers)}",
                customerId=self.customer,
                eventName="llm_request",
                dimensions=dimensions,
            )
        )

    def do_to(self, hour: str) -> None:
        self.api.clock.now = self.start + timedelta(hours=float(hour))

    def do_void(self, name: str) -> None:
        self.api.void(self.ids[name])

    def do_priority(self, name: str, priority: str) -> None:
        self.api.update(self.ids[name], priority=int(priority))

    def do_recharge(self, threshold: str, target: str, cap: str | None = None) -> None:
        self.api.save_recharge(
            customerId=self.customer,
            thresholdValue=int(threshold),
            targetBalance=int(target),
            maxSpendLimit=cap and Decimal(cap),
        )

    def time(self, hours: str | None, microseconds: int = 0) -> str:
        now: datetime = self.api.clock.now
        at = now if hours is None else self.start + timedelta(hours=float(hours))
        return (at + timedelta(microseconds=microseconds)).isoformat() + "Z"


@pytest.fixture(scope="module")
def served_api(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    api = ServedApi(copytree(begun, tmp_path_factory.mktemp("cases") / "store"))
    yield api
    api.close()


@pytest.mark.parametrize(("steps", "end"), CASES.values(), ids=CASES.keys())
def test_a_story_ends_as_the_rules_say(served_api: ServedApi, steps: list[str], end: str) -> None:
    story = Story(served_api)
    for step in steps:
        story.live(step)
    grants = served_api.grants(customerId=story.customer)
    balance = served_api.balance(customerId=story.customer)
    ledger = served_api.ledger(customerId=story.customer)
    for name, wanted in (word.split("=") for word in end.split()):
        assert found(name, grants, balance) == expected(name, wanted), (name, grants)
    check_sums(grants, balance, ledger)


def expected(name: str, wanted: str) -> object:
    consumed, _, status = wanted.partition("!")
    amount = Decimal(consumed)
    return amount if name in ("owed", "balance") else (amount, status or "ACTIVE")


def found(name: str, grants: list[Answer], balance: Answer) -> object:
    if name == "balance":
        return balance["currentBalance"]
    if name == "owed":
        debts = [g for g in grants if g["grantType"] == "OVERDRAFT" and g["status"] == "ACTIVE"]
        return sum(grant["consumedAmount"] for grant in debts)
    [(consumed, status)] = [
        (g["consumedAmount"], g["status"]) for g in grants if g["displayName"] == name
    ]
    return consumed, status


def check_sums(grants: list[Answer], balance: Answer, ledger: list[Answer]) -> None:
    """The identities of every pool, from what the API answers alone."""
    by_type: dict[str, Any] = defaultdict(int)
    by_grant: dict[str, Any] = defaultdict(int)
    for row in ledger:
        by_type[row["eventType"].removeprefix("CREDITS_")] += row["amount"]
        by_grant[row["creditGrantId"]] += row["amount"]
    remaining = {
        g["grantId"]: g["amount"] - g["consumedAmount"] if g["status"] == "ACTIVE" else 0
        for g in grants
    }
    total = balance["currentBalance"]
    assert total == balance["totalGranted"] - balance["totalConsumed"]
    assert total == sum(remaining.values()) == sum(by_grant.values())
    parts = ("GRANTED", "CONSUMED", "EXPIRED", "VOIDED")
    assert total == sum(by_type[part] for part in parts)
    assert {name: by_grant[name] for name in remaining} == remaining


def test_there_are_at_least_60_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("other", [{"resourceId": "room"}, {"currencyId": "api-credits"}])
def test_pools_never_borrow_from_each_other(served_api: ServedApi, other: Answer) -> None:
    """A debt in one is settled by no grant of another, be it another resource or currency."""
    story = Story(served_api)
    story.live("grant A 10")
    served_api.consume(4, "there", customerId=story.customer, **other)
    served_api.settle()
    assert served_api.balance(customerId=story.customer)["currentBalance"] == 10
    there = served_api.balance(customerId=story.customer, **other)
    assert there["currentBalance"] == -4
    served_api.grant(5, customerId=story.customer, **other)
    assert served_api.balance(customerId=story.customer, **other)["currentBalance"] == 1
    assert served_api.balance(customerId=story.customer)["currentBalance"] == 10


@pytest.mark.parametrize("what", ["consume", "report", "event"])
def test_what_is_repeated_with_its_key_counts_once(served_api: ServedApi, what: str) -> None:
    story = Story(served_api)
    story.live("grant A 100")
    for _ in range(3):
        if what == "consume":
            served_api.consume(25, "same", customerId=story.customer)
        elif what == "report":
            served_api.report(1, customerId=story.customer, idempotencyKey="same")
        else:
            tokens = {"input_tokens": 12500}
            served_api.report_events(
                event("same", customerId=story.customer, eventName="llm_request",
                      dimensions=tokens, timestamp=wire(story.start))
            )  # fmt: skip
        served_api.settle()
    assert served_api.balance(customerId=story.customer)["currentBalance"] == 75
    assert served_api.ledger(customerId=story.customer)[0]["creditCurrencyId"] == CURRENCY
