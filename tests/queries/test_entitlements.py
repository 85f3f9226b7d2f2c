"""Entitlements: asked for at both kinds of source, granted and revoked, whatever the wire does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import simplejson
import stamina
from faulty_wire import Fault, Wire, answer_lost, bad_gateway, cut_off_after, dropped, garbled
from local_metering import CUSTOMER, SEATS, LocalApi, ServedApi, sold_with

from dashboard.activity.store import ActivityFile
from data.demo.sold import CATALOGUE
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.metering.catalogue import Catalogue
from data.metering.errors import MeteringError
from data.tables import COLUMNS as TABLES
from queries.activity import Outcome
from queries.answer import answer
from queries.command import Actor, AlreadySo, ChangeError, NotPermitted, Role, Unsettled, new_key
from queries.entitlements import Entitleable, InForce, Planned, Promotions
from queries.entitlements.commands import Entitlement, GrantEntitlements, Period, RevokeEntitlement
from queries.entitlements.effect import in_force_with, in_force_without, most_generous
from queries.entitlements.written import UNLIMITED, read_entitlements
from queries.perform import LATEST_ARRIVAL, perform
from queries.question import CannotAnswer, Extracted, Live, QuestionError
from queries.settling import can_settle, settle

LINKS, TIER, TEMPLATES = "feature-share-links", "feature-support-tier", "feature-01-templates"
CALLS = "feature-api-calls"
NOW = datetime(2026, 5, 20, 12)
GRANT, REVOKE = "GrantPromotionalEntitlements", "RevokePromotionalEntitlement"
LIST = "PromotionalEntitlements"
SUE, EVE = Actor("sue", Role.SUPPORT), Actor("eve", Role.VIEWER)
MADE_ALL_THE_SAME = [answer_lost, bad_gateway, garbled, cut_off_after]
numbers = count(1)


class Clock:
    """The clock of this product and of the API at once."""

    def __init__(self, api: LocalApi) -> None:
        self.api = api
        self.set(NOW)

    def set(self, at: datetime) -> None:
        self.api.clock.now = at

    def forward(self, **much: float) -> None:
        self.api.clock.now += timedelta(**much)

    def now(self, zone: Any) -> datetime:
        return self.api.clock.now.replace(tzinfo=zone)


@pytest.fixture(scope="session")
def sold_here(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The demo's catalogue, with a feature of each further type."""
    features = simplejson.loads(CATALOGUE.read_text())["features"]
    for name, kind in [(LINKS, "BOOLEAN"), (TIER, "ENUM")]:
        features.append({"feature_id": name, "feature_type": kind, "meter_type": "None"})
    return sold_with(tmp_path_factory.mktemp("catalogue"), features=features)


@pytest.fixture(scope="module", params=[LocalApi, ServedApi], ids=["in process", "over HTTP"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sold_here: Catalogue
) -> Iterator[LocalApi]:
    api = request.param(tmp_path_factory.mktemp("told") / "store", sold_here)
    api.provision()
    yield api
    api.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, sold_here: Catalogue) -> Iterator[LocalApi]:
    api = LocalApi(tmp_path_factory.mktemp("entitled") / "store", sold_here)
    yield api
    api.close()


@pytest.fixture
def clock(api: LocalApi, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(api)
    monkeypatch.setattr("data.clock.datetime", clock)
    return clock


@pytest.fixture(autouse=True)
def _no_waiting_between_attempts() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def wire(api: LocalApi, clock: Clock) -> Iterator[Wire]:  # noqa: ARG001  # its clock runs
    wire = Wire(api)
    yield wire
    wire.client.close()


@pytest.fixture
def activity(tmp_path: Path) -> ActivityFile:
    return ActivityFile(tmp_path / "activity.sqlite")


@pytest.fixture
def customer(api: LocalApi, clock: Clock) -> str:
    """On the plan Growth, with nothing granted."""
    clock.set(NOW)
    customer_id = f"customer-{next(numbers)}"
    api.provision(customer_id)
    return customer_id


def seats(limit: object = 10, **given: Any) -> Entitlement:
    asked = {"usage_limit": Decimal(str(limit))} | given
    return Entitlement(SEATS, "NUMBER", Period.ONE_MONTH, **asked)


def grant(customer: str, *entitlements: Entitlement, key: str = "") -> GrantEntitlements:
    return GrantEntitlements(customer, entitlements or (seats(),), key=key or new_key())


def held(api: LocalApi, customer: str) -> dict[str, dict[str, Any]]:
    frame = answer(Promotions(customer), Live(api.client)).frame
    return {row["feature_id"]: row for row in frame.to_dicts()}


def revocation(api: LocalApi, customer: str, feature: str = SEATS) -> RevokeEntitlement:
    row = held(api, customer)[feature]
    return RevokeEntitlement(customer, feature, "Seats", row["promotion_id"], new_key())


def outcomes(activity: ActivityFile, key: str) -> list[tuple[Outcome, bool]]:
    return [(fact.outcome, fact.is_settled) for fact in activity.facts(key)]


# What is asked


def test_promotions_are_told_whole_in_process_and_over_http(told: LocalApi) -> None:
    ends = datetime.now().replace(microsecond=0) + timedelta(days=40)
    # the served API reads this machine's own clock
    told.clock.now = datetime.now().replace(microsecond=0)
    command = grant(
        CUSTOMER,
        seats(5, has_soft_limit=True, reset_period="WEEK", according_to="EveryMonday"),
        Entitlement(LINKS, "BOOLEAN", Period.CUSTOM, ends, is_visible=False),
        Entitlement(TIER, "ENUM", Period.LIFETIME, enum_values=("gold", "silver")),
    )
    told.client.tell(command.document, command.variables, is_keyed=False)
    rows = held(told, CUSTOMER)
    assert list(rows) == [SEATS, LINKS, TIER]
    weekly = rows[SEATS]
    assert (weekly["usage_limit"], weekly["has_soft_limit"], weekly["reset_period"]) == (
        5, True, "WEEK",
    )  # fmt: skip
    assert (weekly["reset_according_to"], weekly["status"]) == ("EveryMonday", "Active")
    assert (rows[LINKS]["ends_at"], rows[LINKS]["is_visible"]) == (ends, False)
    assert (rows[TIER]["enum_values"], rows[TIER]["ends_at"]) == (["gold", "silver"], None)


def test_what_is_in_force_is_at_least_what_plans_and_promotions_give(told: LocalApi) -> None:
    live = Live(told.client)
    in_force = answer(InForce(CUSTOMER), live).frame
    planned = answer(Planned(CUSTOMER), live).frame
    assert set(planned["feature_id"]) <= set(in_force["feature_id"])
    for row in planned.to_dicts():
        [now] = in_force.filter(feature_id=row["feature_id"]).to_dicts()
        assert in_force_with(now, row)["usage_limit"] == now["usage_limit"]
    calls = planned.filter(feature_id=CALLS).to_dicts()
    assert [(row["plan_name"], row["usage_limit"], row["reset_period"]) for row in calls] == [
        ("Growth", 10000, "MONTH")
    ]
    rated = planned.filter(feature_id="feature-document-parsing")
    assert rated["has_unlimited_usage"].to_list() == [True]


def test_a_plan_of_a_resource_holds_for_it_alone_and_the_customers_for_all(
    api: LocalApi, customer: str
) -> None:
    params = {"planId": "plan-revvenu-scale", "resourceId": "desk"}
    provision = "mutation ($input: ProvisionCustomerInput!) { provisionCustomer(input: $input) { "
    provision += "customer { customerId } } }"
    api.tell(provision, input={"customerId": customer, "subscriptionParams": params})
    live = Live(api.client)
    own = answer(Planned(customer), live).frame
    desk = answer(Planned(customer, "desk"), live).frame
    assert set(own["plan_name"]) == {"Growth"}
    assert set(desk["plan_name"]) == {"Growth", "Scale"}


def test_every_feature_tells_what_can_be_granted_of_it(told: LocalApi) -> None:
    frame = answer(Entitleable(), Live(told.client)).frame
    kinds = dict(frame.select("feature_id", "feature_type").iter_rows())
    assert (kinds[LINKS], kinds[TIER], kinds[SEATS]) == ("BOOLEAN", "ENUM", "NUMBER")


def test_an_extract_tells_the_same_promotions_and_says_what_it_does_not_hold(
    api: LocalApi, customer: str, tmp_path: Path, clock: Clock
) -> None:
    given = (seats(), Entitlement(TIER, "ENUM", Period.LIFETIME, enum_values=("gold",)))
    command = grant(customer, *given, Entitlement(LINKS, "BOOLEAN", Period.ONE_WEEK))
    api.client.tell(command.document, command.variables, is_keyed=False)
    clock.forward(days=8)
    now = api.clock.now
    rows = api.service.store.rows("select * from promotional_entitlements")
    tables = {name: frame for name, frame in api.sold.tables.items() if name in TABLES}
    tables["promotional_entitlements"] = pl.DataFrame(
        rows, pl.Schema(TABLES["promotional_entitlements"])
    )
    people = api.service.store.rows("select customer_id, name, email, created_at from customers")
    tables["customers"] = pl.DataFrame(people, pl.Schema(TABLES["customers"]))
    write(tables, tmp_path / STAGING, source="it", cut_off=now, loaded_at=now)
    publish(tmp_path)
    with Extract(tmp_path) as extract:
        source = Extracted(extract)
        asked = Promotions(customer)
        extracted = answer(asked, source).frame
        assert extracted.equals(answer(asked, Live(api.client)).frame)
        assert extracted["status"].to_list() == ["Active", "Expired", "Active"]
        assert answer(Entitleable(), source).frame.equals(
            answer(Entitleable(), Live(api.client)).frame
        )
        for question in (InForce(customer), Planned(customer)):
            with pytest.raises(CannotAnswer, match="the live source tells"):
                answer(question, source)


@pytest.mark.parametrize("question", [Promotions, InForce, Planned])
def test_a_customer_id_that_cannot_be_is_a_sentence(question: Any) -> None:
    with pytest.raises(QuestionError, match="cannot be a customer id"):
        question("no customer")


# What a promotion adds


def test_without_its_promotion_a_customer_has_what_the_plan_gives(
    api: LocalApi, customer: str
) -> None:
    live = Live(api.client)
    command = grant(customer, Entitlement(CALLS, "NUMBER", Period.ONE_YEAR, is_unlimited=True))
    api.client.tell(command.document, command.variables, is_keyed=False)

    def without() -> Any:
        frames = (answer(q(customer), live).frame for q in (Promotions, Planned, InForce))
        return in_force_without(CALLS, *frames)

    told = without()
    assert (told["usage_limit"], told["has_unlimited_usage"]) == (10000, False)
    gone = revocation(api, customer, CALLS)
    api.client.tell(gone.document, gone.variables, is_keyed=False)
    [now] = answer(InForce(customer), live).frame.filter(feature_id=CALLS).to_dicts()
    assert now["usage_limit"] == told["usage_limit"]


def test_a_promotion_below_the_plan_adds_nothing(api: LocalApi, customer: str) -> None:
    live = Live(api.client)
    low = Entitlement(CALLS, "NUMBER", Period.ONE_YEAR, usage_limit=Decimal(5))
    command = grant(customer, low)
    api.client.tell(command.document, command.variables, is_keyed=False)
    frames = [answer(q(customer), live).frame for q in (Promotions, Planned, InForce)]
    left = in_force_without(CALLS, *frames)
    assert left is not None
    assert left["usage_limit"] == 10000
    promotion = frames[0].to_dicts()[0]
    assert in_force_with(left, promotion)["usage_limit"] == 10000
    assert in_force_with(None, promotion)["usage_limit"] == 5


def test_values_of_a_choice_add_up_and_nothing_is_the_best_of_nothing() -> None:
    common = {"usage_limit": None, "has_unlimited_usage": False, "has_soft_limit": False}
    best = most_generous([common | {"enum_values": ["b"]}, common | {"enum_values": ["a"]}])
    assert best is not None
    assert best["enum_values"] == ["a", "b"]
    assert most_generous([]) is None


# What cannot be granted says why


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"feature_id": "no/pe"}, "cannot be a feature id"),
        ({"feature_type": "TEXT"}, "'TEXT' is no type of a feature: BOOLEAN, ENUM, NUMBER are"),
        ({"usage_limit": None}, "give either a limit, or no limit"),
        ({"is_unlimited": True}, "give either a limit, or no limit"),
        ({"usage_limit": Decimal(-1)}, "not below 0; it cannot be -1"),
        ({"usage_limit": Decimal("0.000001")}, "at most 5 decimals"),
        ({"usage_limit": Decimal(2) ** 60}, "out of range"),
        ({"usage_limit": Decimal("NaN")}, "NaN"),
        ({"usage_limit": None, "is_unlimited": True, "has_soft_limit": True}, "needs a limit"),
        ({"feature_type": "BOOLEAN"}, "is BOOLEAN: it takes no limit"),
        ({"enum_values": ("gold",)}, "is NUMBER: give it no values"),
        ({"feature_type": "ENUM", "usage_limit": None}, "give at least one value"),
        ({"feature_type": "ENUM", "usage_limit": None, "enum_values": (" ",)}, "a value is a text"),
        ({"feature_type": "ENUM", "usage_limit": None, "enum_values": ("a", "a")}, "there twice"),
        ({"feature_type": "ENUM", "usage_limit": None,
          "enum_values": tuple(map(str, range(101)))}, "at most 100 values; 101"),
        ({"period": "FORTNIGHT"}, "'FORTNIGHT' is no period: ONE_WEEK, ONE_MONTH"),
        ({"period": "CUSTOM"}, "An end date goes with the period CUSTOM"),
        ({"ends_at": datetime(2099, 1, 1)}, "no other takes one; ONE_MONTH was chosen"),
        ({"period": "CUSTOM", "ends_at": datetime(2020, 1, 1)}, "1 Jan 2020 00:00 UTC has passed"),
        ({"reset_period": "DECADE"}, "'DECADE' is no reset period: HOUR, DAY, WEEK"),
        ({"according_to": "EveryMonday"}, "needs a reset period"),
        ({"reset_period": "MONTH", "according_to": "EveryMonday"},
         "SubscriptionStart or StartOfTheMonth is accepted"),
        ({"reset_period": "DAY", "according_to": "EveryMonday"}, "none is accepted"),
        ({"reset_period": "WEEK"}, "does not go with a reset by the week"),
        ({"usage_limit": None, "is_unlimited": True, "reset_period": "DAY"}, "no limit that a"),
    ],
)  # fmt: skip
def test_an_entitlement_that_cannot_be_granted_says_why(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(QuestionError, match=sentence):
        replace(seats(), **changes)


@pytest.mark.parametrize(
    ("customer", "entitlements", "sentence"),
    [
        ("no customer", (seats(),), "cannot be a customer id"),
        ("acme", (), "Choose at least one feature"),
        ("acme", (seats(), seats(5)), "there twice: grant each feature once"),
    ],
)
def test_a_grant_that_cannot_be_made_says_why(
    customer: str, entitlements: tuple[Entitlement, ...], sentence: str
) -> None:
    with pytest.raises(QuestionError, match=sentence):
        GrantEntitlements(customer, entitlements, key="key")


@pytest.mark.parametrize("field", ["customer_id", "feature_id", "promotion_id"])
def test_a_revocation_that_cannot_be_made_says_why(field: str) -> None:
    with pytest.raises(QuestionError, match="cannot be"):
        replace(RevokeEntitlement("acme", SEATS, "Seats", "id-1", "key"), **{field: "no/pe"})


def test_changes_are_told_in_words() -> None:
    tier = Entitlement(TIER, "ENUM", Period.LIFETIME, enum_values=("gold", "silver"))
    assert grant("acme", seats(), tier).summary == (
        f"grant 10 {SEATS}, {TIER} (gold, silver) to acme"
    )
    gone = RevokeEntitlement("acme", SEATS, "Seats", "id-1", "key")
    assert gone.summary == f"revoke Seats ({SEATS}) from acme"


# From texts


FEATURES = {
    SEATS: {"feature_name": "Seats", "feature_type": "NUMBER"},
    TIER: {"feature_name": "Support tier", "feature_type": "ENUM"},
    LINKS: {"feature_name": "Share links", "feature_type": "BOOLEAN"},
}
TERMS = {"period": "ONE_MONTH", "ends_at": "", "is_visible": "yes"}


def read(terms: dict[str, str] | None = None, **amounts: dict[str, str]) -> Any:
    named = {"seats": SEATS, "tier": TIER, "links": LINKS}
    given = {named.get(name, name): cells for name, cells in amounts.items()}
    return read_entitlements("acme", TERMS | (terms or {}), FEATURES, given, {}, "key")


def test_texts_become_the_command() -> None:
    command, problems = read(
        seats={"limit": "12.5", "is_soft": "yes", "reset": "MONTH",
               "according_to": "StartOfTheMonth"},
        tier={"values": "gold, silver ,"}, links={},
    )  # fmt: skip
    assert problems == ()
    limited, chosen, allowed = command.entitlements
    assert (limited.usage_limit, limited.has_soft_limit) == (Decimal("12.5"), True)
    assert (limited.reset_period, limited.according_to) == ("MONTH", "StartOfTheMonth")
    assert chosen.enum_values == ("gold", "silver")
    assert (allowed.feature_type, allowed.usage_limit) == ("BOOLEAN", None)
    [unlimited] = read(seats={"limit": UNLIMITED})[0].entitlements
    assert unlimited.is_unlimited


@pytest.mark.parametrize(
    ("terms", "amounts", "column", "sentence"),
    [
        ({}, {}, "features", "Choose a feature."),
        ({}, {"seats": {"limit": ""}}, SEATS, "Seats: the limit is missing."),
        ({}, {"seats": {"limit": "1,000"}}, SEATS, "'1,000' is not a plain number"),
        ({}, {"seats": {"limit": "-3"}}, SEATS, "not below 0"),
        ({}, {"tier": {"values": " , "}}, TIER, "the values are missing"),
        ({}, {"other": {}}, "other", "There is no feature 'other' here."),
        ({"period": "CUSTOM"}, {"links": {}}, "ends_at", "An end date is missing."),
        ({"period": "CUSTOM", "ends_at": "soon"}, {"links": {}}, "ends_at", "'soon' is not a date"),
        ({"period": "WEEKLY"}, {"links": {}}, LINKS, "'WEEKLY' is no period"),
    ],
)
def test_texts_that_cannot_be_read_are_told_where_they_stand(
    terms: dict[str, str], amounts: dict[str, Any], column: str, sentence: str
) -> None:
    command, [problem, *_] = read(terms, **amounts)
    assert command is None
    assert problem.column == column
    assert sentence in problem.sentence


# Through the door


@pytest.mark.parametrize("period", [each for each in Period if each is not Period.CUSTOM])
def test_every_period_can_be_granted(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile, period: Period
) -> None:
    perform(grant(customer, replace(seats(), period=period)), SUE, wire.client, activity)
    assert held(api, customer)[SEATS]["period"] == period


@pytest.mark.parametrize(
    ("reset", "according_to"),
    [
        ("HOUR", None), ("DAY", None), ("WEEK", "EveryFriday"), ("WEEK", "SubscriptionStart"),
        ("MONTH", "StartOfTheMonth"), ("YEAR", "SubscriptionStart"),
    ],
)  # fmt: skip
def test_every_reset_can_be_granted(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile, reset: str,
    according_to: str | None,
) -> None:  # fmt: skip
    asked = seats(reset_period=reset, according_to=according_to)
    perform(grant(customer, asked), SUE, wire.client, activity)
    row = held(api, customer)[SEATS]
    assert row["reset_period"] == reset
    assert row["reset_according_to"] == according_to


def test_granting_again_replaces_and_the_record_has_both(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile, clock: Clock
) -> None:
    perform(grant(customer, seats(10)), SUE, wire.client, activity)
    first = held(api, customer)[SEATS]
    clock.forward(minutes=1)
    second = grant(customer, seats(20, replaces=first["updated_at"]))
    perform(second, SUE, wire.client, activity)
    assert held(api, customer)[SEATS]["usage_limit"] == 20
    fact = activity.facts(second.key)[-1]
    assert fact.outcome is Outcome.DONE
    recorded = activity.last(second.key)
    assert recorded is not None
    assert '"usageLimit": 10' in (recorded.fact.before or "")
    assert '"usageLimit": 20' in (recorded.fact.after or "")


def test_a_viewer_may_do_neither_and_nothing_is_sent(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    with pytest.raises(NotPermitted, match="takes the role support, and yours is viewer"):
        perform(grant(customer), EVE, wire.client, activity)
    perform(grant(customer), SUE, wire.client, activity)
    with pytest.raises(NotPermitted):
        perform(revocation(api, customer), EVE, wire.client, activity)
    assert (wire.count(GRANT), wire.count(REVOKE)) == (1, 0)


@pytest.mark.parametrize("fault", MADE_ALL_THE_SAME)
def test_a_grant_whose_answer_was_lost_is_read_back(
    wire: Wire, customer: str, activity: ActivityFile, fault: Fault
) -> None:
    command = grant(customer, seats(), Entitlement(LINKS, "BOOLEAN", Period.ONE_WEEK))
    wire.fail(GRANT, fault)
    made = perform(command, SUE, wire.client, activity)
    assert len(made["grantPromotionalEntitlements"]) == 2
    assert wire.count(GRANT) == 1
    assert outcomes(activity, command.key)[-1] == (Outcome.DONE, True)


def test_what_was_there_before_is_not_taken_for_what_was_asked(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile, clock: Clock
) -> None:
    """The same entitlement once more, to begin its month anew, lost on the way."""
    perform(grant(customer), SUE, wire.client, activity)
    clock.forward(days=20)
    again = grant(customer, seats(replaces=held(api, customer)[SEATS]["updated_at"]))
    wire.fail(GRANT, dropped)
    with pytest.raises(Unsettled, match="may still arrive"):
        perform(again, SUE, wire.client, activity)
    clock.forward(seconds=LATEST_ARRIVAL.total_seconds() + 1)
    perform(again, SUE, wire.client, activity)
    assert held(api, customer)[SEATS]["started_at"] == api.clock.now
    assert wire.count(GRANT) == 3


def test_a_grant_without_an_outcome_is_settled_from_the_record(
    wire: Wire, customer: str, activity: ActivityFile
) -> None:
    ends = datetime(2026, 8, 1)
    asked = Entitlement(TIER, "ENUM", Period.CUSTOM, ends, enum_values=("gold",))
    command = grant(customer, asked)
    wire.fail(GRANT, answer_lost)
    wire.fail(LIST, lambda _, answered: answered(), dropped, dropped)
    with pytest.raises(Unsettled, match="could not be read back"):
        perform(command, SUE, wire.client, activity)
    recorded = activity.last(command.key)
    assert recorded is not None
    assert can_settle(recorded)
    assert settle(recorded, SUE, wire.client, activity) is Outcome.DONE


@pytest.mark.parametrize("fault", MADE_ALL_THE_SAME)
def test_a_revocation_whose_answer_was_lost_is_read_back(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile, fault: Fault
) -> None:
    perform(grant(customer), SUE, wire.client, activity)
    command = revocation(api, customer)
    wire.fail(REVOKE, fault)
    perform(command, SUE, wire.client, activity)
    assert held(api, customer) == {}
    assert outcomes(activity, command.key)[-1] == (Outcome.DONE, True)


def test_a_revocation_that_never_arrived_is_settled_as_not_done(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile, clock: Clock
) -> None:
    perform(grant(customer), SUE, wire.client, activity)
    command = revocation(api, customer)
    wire.fail(REVOKE, dropped)
    with pytest.raises(Unsettled):
        perform(command, SUE, wire.client, activity)
    clock.forward(seconds=61)
    recorded = activity.last(command.key)
    assert recorded is not None
    assert settle(recorded, SUE, wire.client, activity) is Outcome.NOT_DONE
    assert SEATS in held(api, customer)


def test_what_somebody_else_has_revoked_is_said_to_be_so_already(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    perform(grant(customer), SUE, wire.client, activity)
    first, second = revocation(api, customer), revocation(api, customer)
    perform(first, SUE, wire.client, activity)
    with pytest.raises(AlreadySo, match="Seats is revoked already, by sue"):
        perform(second, SUE, wire.client, activity)


def test_one_form_is_one_grant_and_another_amount_another_form(
    wire: Wire, customer: str, activity: ActivityFile
) -> None:
    command = grant(customer, key="one-key")
    for _ in range(2):
        perform(command, SUE, wire.client, activity)
    assert wire.count(GRANT) == 1
    with pytest.raises(ChangeError, match="This form was used already"):
        perform(grant(customer, seats(99), key="one-key"), SUE, wire.client, activity)


def test_a_feature_that_the_api_does_not_know_is_refused_whole(
    wire: Wire, api: LocalApi, customer: str, activity: ActivityFile
) -> None:
    stranger = replace(seats(), feature_id="feature-nowhere")
    with pytest.raises(MeteringError, match="feature-nowhere"):
        perform(grant(customer, seats(), stranger), SUE, wire.client, activity)
    assert held(api, customer) == {}
