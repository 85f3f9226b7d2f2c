"""The Activity page: the changes that one may see, one of them opened, and settled."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest
from app_page import AppPage
from faulty_wire import Wire, answer_lost, crash_after, dropped
from local_metering import CURRENCY, CUSTOMER, LocalApi
from signed_in import sign_in
from usage_world import Clock

from dashboard import asking
from dashboard.activity.store import ActivityFile, Wanted
from dashboard.changing import change
from dashboard.panels.activity_list import whole
from dashboard.sources import Sources, use
from queries.balance import Balance
from queries.command import Actor, ChangeError, NotPermitted, NotRecorded, Role, Unsettled, new_key
from queries.grants.commands import CreateGrant, VoidGrant
from queries.perform import LATEST_ARRIVAL, perform
from queries.question import Live

SUE, BOB = Actor("sue", Role.SUPPORT), Actor("bob", Role.BILLING)
LIST, FACTS = "List of", "Facts about change"


class ActivityPage(AppPage):
    view: ClassVar[str] = "activity"

    @property
    def listed(self) -> list[tuple[int, str, str]]:
        """(number, who, outcome), as in the list."""
        if not self.has_frame(LIST):
            return []
        rows = self.frame(LIST).to_dict("records")
        return [(row["Change"], row["Who"], row["Outcome"]) for row in rows]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    api = LocalApi(tmp_path_factory.mktemp("local") / "store")
    api.provision(plan=None)
    yield api
    api.close()


def gift(amount: int = 500) -> CreateGrant:
    return CreateGrant(
        CUSTOMER, CURRENCY, None, "PROMOTIONAL", "Welcome", Decimal(amount), key=new_key()
    )


@pytest.fixture
def three(wire: Wire, activity: ActivityFile) -> ActivityFile:
    """1: sue's, done. 2: bob's void, done. 3: sue's, of which the outcome was never recorded."""
    granted = perform(gift(), SUE, wire.client, activity)["createCreditGrant"]
    void = VoidGrant(
        granted["grantId"], CUSTOMER, CURRENCY, None, "Welcome", False, "by mistake", new_key()
    )
    perform(void, BOB, wire.client, activity)
    wire.fail("CreateCreditGrant", crash_after)
    with pytest.raises(SystemExit):
        perform(gift(7), SUE, wire.client, activity)
    return activity


# The page


@pytest.mark.usefixtures("wire")
def test_where_nothing_was_changed_the_page_says_what_would_be_here() -> None:
    page = ActivityPage()
    assert "No change has been made yet." in page.text
    assert page.failures == []


@pytest.mark.usefixtures("three")
def test_an_admin_sees_every_change_newest_first() -> None:
    page = ActivityPage()
    assert page.listed == [
        (3, "sue", "No outcome yet"), (2, "bob", "Done"), (1, "sue", "Done"),
    ]  # fmt: skip
    page.go(outcome="done", actor="sue")
    assert page.listed == [(1, "sue", "Done")]
    page.go(command="void a grant", actor=None)
    assert page.listed == [(2, "bob", "Done")]
    page.go(period="custom", from_="2026-01-01", to="2026-01-02")
    assert "No change passes these filters." in page.text
    page.go(outcome="perhaps")
    assert "'perhaps' is not an outcome; choose one from the list." in page.text


@pytest.mark.usefixtures("three")
def test_others_see_their_own_changes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(monkeypatch, "bob", "billing")
    page = ActivityPage(actor="sue")
    assert page.listed == [(2, "bob", "Done")]
    assert "Changes by bob" in page.text
    page.go(change="1")
    assert "There is no such change among those that you may see." in page.text
    assert not page.has_frame(FACTS)


@pytest.mark.usefixtures("three")
def test_an_opened_change_tells_its_facts_and_the_states_before_and_after() -> None:
    page = ActivityPage(change="2")
    assert page.frame(FACTS)["Fact"].tolist() == ["Intended", "Done"]
    assert page.frame(FACTS)["Request id"].map(len).tolist() == [32, 32]
    states = page.frame("Before and after change 2").set_index("Field")
    assert states.index[0] == "status"
    assert states.loc["status"].tolist() == ["ACTIVE", "VOIDED"]
    asked = page.frame("What change 2 asked for").set_index("What was asked")["Value"]
    assert (asked["reason"], asked["role"]) == ("by mistake", "billing")
    assert "Settle" not in page.buttons


def test_a_change_without_an_outcome_is_settled(
    three: ActivityFile, wire: Wire, local: LocalApi
) -> None:
    sent = wire.count("CreateCreditGrant")
    page = ActivityPage(change="3").press("Settle")
    assert page.frame(FACTS)["Fact"].tolist() == ["Intended", "Done (read back)"]
    assert page.listed[0] == (3, "sue", "Done")
    assert "Settle" not in page.buttons
    assert wire.count("CreateCreditGrant") == sent
    assert [g["amount"] for g in local.grants() if g["status"] == "ACTIVE"].count(7) >= 1
    settled = three.page(Wanted(), 1).changes[0].recorded
    assert settled.fact.actor == "local user"


def test_what_cannot_be_settled_yet_says_why(
    activity: ActivityFile, wire: Wire, clock: Clock
) -> None:
    wire.fail("CreateCreditGrant", dropped)
    with pytest.raises(Unsettled):
        perform(gift(), SUE, wire.client, activity)
    page = ActivityPage(change="1").press("Settle")
    assert "It is not there so far, but may still arrive." in "\n".join(page.failures)
    clock.advance(LATEST_ARRIVAL)
    page.press("Settle")
    assert page.listed == [(1, "sue", "Not done")]


@pytest.mark.usefixtures("three")
def test_a_number_that_no_change_has_is_no_crash() -> None:
    page = ActivityPage(change="9" * 23, below="9" * 23)
    assert "There is no such change" in page.text
    assert not page.failures
    assert not page.has_crashed


def test_pages_of_the_list_are_walked_and_begin_anew_with_another_list(
    activity: ActivityFile, wire: Wire
) -> None:
    for _ in range(51):
        with pytest.raises(NotPermitted):
            perform(gift(), Actor("eve", Role.VIEWER), wire.client, activity)
    page = ActivityPage()
    assert [row[0] for row in page.listed] == list(range(51, 1, -1))
    page.press("Older")
    assert page.listed == [(1, "eve", "Refused")]
    assert page.address["below"] == "2"
    page.press("Newest").press("Older").choose("outcome", "refused")
    assert len(page.listed) == 50


@pytest.mark.usefixtures("wire")
def test_a_record_that_cannot_be_opened_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("this is no database, however long it may be")
    monkeypatch.setenv("ACTIVITY", str(tmp_path / "notes"))
    page = ActivityPage()
    [failure] = page.failures
    assert "notes, cannot be used: file is not a database" in failure
    assert not page.has_crashed


def test_the_export_holds_the_whole_list_with_all_that_is_recorded(three: ActivityFile) -> None:
    frame = whole(Wanted(), three)
    assert frame["change"].to_list() == [3, 2, 1]
    assert "VOIDED" in frame["after"][1]
    assert "ACTIVE" in frame["before"][1]
    assert whole(Wanted(customer_id="nobody"), three).height == 0


# Changing


def test_after_a_change_every_page_asks_anew(wire: Wire) -> None:
    question, live = Balance(CUSTOMER, CURRENCY), Live(wire.client)
    before = asking.ask(question, live).frame["balance"].sum()
    change(gift(40))
    assert asking.ask(question, live).frame["balance"].sum() == before + 40


def test_after_a_change_without_an_answer_every_page_asks_anew(wire: Wire) -> None:
    question, live = Balance(CUSTOMER, CURRENCY), Live(wire.client)
    before = asking.ask(question, live).frame["balance"].sum()
    wire.fail("CreateCreditGrant", answer_lost)
    wire.fail("ChangedCreditGrants", dropped)
    with pytest.raises(Unsettled):
        change(gift(40))
    assert asking.ask(question, live).frame["balance"].sum() == before + 40


def test_a_session_changes_as_the_one_who_is_signed_in(
    wire: Wire, activity: ActivityFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, "eve", "viewer")
    with pytest.raises(NotPermitted, match="eve may not grant 500"):
        change(gift())
    assert wire.sent == []
    assert [one.recorded.change.actor for one in activity.page(Wanted(), 9).changes] == ["eve"]


def test_where_nothing_can_be_recorded_nothing_is_changed(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ACTIVITY", str(tmp_path))
    with pytest.raises(NotRecorded):
        change(gift())
    assert wire.sent == []


def test_without_a_metering_api_there_is_nothing_to_change() -> None:
    use(Sources(None, None, problem="Another process has it."))
    try:
        with pytest.raises(ChangeError, match=r"there is none here\. Another process has it\."):
            change(gift())
    finally:
        use(None)
