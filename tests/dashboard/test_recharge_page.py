"""The Auto-recharge page: what is set, what setting it does, and what it would have done."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from faulty_wire import Wire, answer_lost, cut_off_after, dropped, no_connection
from local_metering import CURRENCY, LocalApi
from polars.testing import assert_frame_equal
from recharge_page import RechargePage
from signed_in import sign_in
from usage_world import Api, Clock, Demo

from dashboard import asking
from dashboard.activity.store import ActivityFile, Wanted
from dashboard.sources import Sources, use
from data.credits.recharge import RechargeRule
from queries.activity import Outcome, read
from queries.answer import answer
from queries.command import Actor, Role, new_key
from queries.perform import LATEST_ARRIVAL, perform
from queries.question import Extracted, Live
from queries.recharge import RechargeLimits
from queries.recharge.commands import SaveRecharge
from queries.recharge.past import PAGE_LIVE, gather
from queries.recharge.rehearse import rehearsal_of
from queries.recharge.terms import Terms

SAVE, READ = "SaveAutoRechargeSettings", "AutoRechargeSettings"
BOTH_SOURCES = pytest.mark.parametrize("source", ["extract", "live"])
STOPPED, NEW = "customer-recharge-stopped", "customer-brand-new"
ON = {"on": True, "below": "500", "target": "5000", "capped": True, "cap": "100"}
ASKED = {"on": "on", "below": "500", "upto": "5000", "capped": "on", "cap": "100"}
"""The same as an address."""
Visit = Callable[..., RechargePage]
numbers = count(1)


@pytest.fixture
def visit(sources: Sources) -> Visit:  # noqa: ARG001  # the page asks them
    return RechargePage


@pytest.fixture
def customer(local: LocalApi) -> str:
    """One with 1,000 credits on a plan that sells them at 2 cents."""
    customer_id = f"customer-{next(numbers)}"
    local.provision(customer_id)
    local.grant(1000, customerId=customer_id)
    return customer_id


@pytest.fixture
def page(wire: Wire, customer: str) -> RechargePage:  # noqa: ARG001  # the page asks it
    return RechargePage(customer=customer)


def settings(local: LocalApi, customer: str) -> dict[str, Any]:
    """What there really is."""
    found = local.recharge(customerId=customer)
    names = ("isEnabled", "thresholdType", "thresholdValue", "targetBalance", "maxSpendLimit",
             "grantExpirationPeriod", "currentMonthlySpend")  # fmt: skip
    return {name: found[name] for name in names}


def outcomes(activity: ActivityFile) -> list[tuple[str, Outcome]]:
    changes = activity.page(Wanted(), 100).changes
    return [(one.recorded.change.actor, one.recorded.fact.outcome) for one in changes]


# What is set


@BOTH_SOURCES
def test_the_form_is_filled_with_what_is_saved_and_says_how_it_stands(
    visit: Visit, source: str
) -> None:
    page = visit(customer=STOPPED, source=source)
    assert (page.value("on"), page.value("below"), page.value("target")) == (False, "500", "3000")
    assert (page.value("capped"), page.value("cap"), page.value("lasts")) == (
        True, "160", "OneYear"
    )  # fmt: skip
    assert "Its numbers are kept: below 500 tokens" in page.text
    assert page.alt("Spent by auto-recharge in May 2026:").endswith("is reached.")
    made = page.frame("Table of the recharges made")
    assert list(made["created_at"]) == sorted(made["created_at"], reverse=True)
    assert not page.has_crashed


def test_where_nothing_was_saved_the_form_is_empty_and_says_so(page: RechargePage) -> None:
    assert "Nothing was ever saved here" in page.text
    assert (page.value("on"), page.value("below"), page.value("target")) == (False, "", "")
    assert "None so far: what auto-recharge buys" in page.text
    page.fill(on=True).press("Save …")
    assert "A threshold is missing" in page.text
    assert "A target is missing" in page.text
    assert "save" not in page.address


def test_the_live_source_answers_where_nobody_has_chosen_one(visit: Visit) -> None:
    assert visit(customer=STOPPED).link["source"] == ["live"]


def test_an_extract_says_of_when_it_is_and_which_later_change_this_app_knows_of(
    wire: Wire, local: LocalApi, demo: Demo, clock: Clock
) -> None:
    local.provision(NEW)
    use(Sources(Live(wire.client), Extracted(demo.extract)))
    page = RechargePage(customer=NEW, source="extract")
    assert "As of the extract of 22 May 2026 14:35 UTC, nothing was ever saved here" in page.text
    assert "has been changed" not in page.text
    clock.advance(timedelta(minutes=5))
    page.go(source="live").save(**ON).go(source="extract")
    assert "It has been changed since, from this app on 22 May 2026 14:40 UTC" in page.text
    assert "to set the auto-recharge of customer-brand-new" in page.text
    page = RechargePage(customer=STOPPED, source="extract")
    assert "As of the extract of 22 May 2026 14:35 UTC: off" in page.text


def test_a_resource_has_no_auto_recharge_of_its_own(visit: Visit) -> None:
    page = visit(customer="customer-two-workspaces", pool="workspace-eu", source="live")
    assert any("Choose the customer-level pool" in said for said in page.failures)


def test_without_a_customer_one_has_to_be_chosen(visit: Visit) -> None:
    assert "Choose a customer above" in visit().text


def test_the_link_carries_every_number(page: RechargePage) -> None:
    link = page.fill(**ON).link
    assert {name: link[name] for name in ASKED} == {n: [value] for n, value in ASKED.items()}


@pytest.mark.parametrize(
    "address", [{"below": "<b>", "by": "Euro", "on": "maybe", "lasts": "OneDay"}, {"upto": "1e9"}]
)
def test_an_address_that_is_none_becomes_a_sentence(page: RechargePage, address: Any) -> None:
    page.go(**address)
    assert not page.has_crashed
    assert "is not a plain number" in page.text
    assert page.value("lasts") == "OneYear"


# What is refused before anything is sent


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"below": "1,000"}, "'1,000' is not a plain number"),
        ({"below": "a lot"}, "'a lot' is not a plain number"),
        ({"below": "-5"}, "The threshold is not below 0; it cannot be -5."),
        ({"below": "0.0000001"}, "The threshold has at most 6 decimals; 0.0000001 has more."),
        ({"target": "1000000000000"}, "The target: "),
        ({"cap": "100.001"}, "The monthly cap is in USD, with 2 decimals; 100.001 has more."),
        ({"target": "500"}, "The target, 500, is not above the threshold, 500"),
        ({"target": "2000000", "cap": "999999"}, "The target is at most 1,000,000 in this plan"),
        ({"below": "600000", "target": "700000"}, "The threshold is at most 500,000 in this plan"),
        ({"cap": "89.99"}, "below the cost of one recharge: 4,500 credits cost 90 USD"),
        ({"by": "DollarAmount", "below": "100"}, "is worth 100 USD, which is not above"),
    ],
)
def test_wrong_settings_are_told_at_their_field_and_nothing_is_sent(
    page: RechargePage, wire: Wire, fields: dict[str, Any], sentence: str
) -> None:
    page.fill(**(ON | fields)).press("Save …")
    assert sentence in page.text
    assert "save" not in page.address
    page.go(save=new_key())
    assert "Save" not in page.buttons
    assert any("mend the form first" in said for said in page.failures)
    assert wire.count(SAVE) == 0


def test_a_small_step_is_told_to_be_raised_to_what_the_plan_sells(page: RechargePage) -> None:
    assert "sells at least 100 tokens at a time" in page.fill(**ON | {"target": "550"}).text


# Saving


def test_what_is_saved_is_what_there_is_and_the_form_shows_it(
    page: RechargePage, local: LocalApi, customer: str, activity: ActivityFile
) -> None:
    page.save(**ON, lasts="OneMonth")
    assert settings(local, customer) == {
        "isEnabled": True, "thresholdType": "CreditAmount", "thresholdValue": 500,
        "targetBalance": 5000, "maxSpendLimit": 100, "grantExpirationPeriod": "OneMonth",
        "currentMonthlySpend": 0,
    }  # fmt: skip
    assert "Saved: below 500 tokens it buys up to 5,000 tokens." in page.text
    assert not set(ASKED) & set(page.address)
    assert (page.value("on"), page.value("below"), page.value("lasts")) == (True, "500", "OneMonth")
    assert "These are the settings that are saved." in page.text
    [change] = activity.page(Wanted(), 10).changes
    fact = change.recorded.fact
    assert (fact.outcome, read(fact.before)["isEnabled"]) == (Outcome.DONE, False)
    assert read(fact.after)["saveAutoRechargeSettings"]["thresholdValue"] == 500
    table = page.frame("Table of the changes of the settings")
    assert list(table["Who"]) == ["local user"]
    assert "5,000 credits below 500 credits, at most 100 USD a month" in table["What"][0]


def test_switching_off_keeps_the_numbers_and_sends_nothing_else(
    page: RechargePage, local: LocalApi, wire: Wire, customer: str
) -> None:
    page.save(**ON)
    before = settings(local, customer)
    page.save(on=False, below="700")
    assert settings(local, customer) == before | {"isEnabled": False}
    assert "Switched off. Its numbers are kept." in page.text
    assert wire.count(SAVE) == 2
    assert page.value("below") == "500"


def test_a_cap_can_be_taken_away(page: RechargePage, local: LocalApi, customer: str) -> None:
    page.save(**ON).save(capped=False)
    assert settings(local, customer)["maxSpendLimit"] is None


def test_before_saving_it_says_what_would_be_charged_at_once_and_then_that_is_charged(
    page: RechargePage, local: LocalApi, customer: str
) -> None:
    page.fill(**ON | {"below": "1500", "cap": "200"})
    warned = "saving this buys 4,000 tokens for 80.00 USD at once"
    assert any(warned in said for said in page.failures)
    page.press("Save …")
    assert sum(warned in said for said in page.failures) == 2
    page.press("Save")
    assert settings(local, customer)["currentMonthlySpend"] == 80
    assert "1 made: 4,000 tokens for 80.00 USD" in page.text
    assert "80.00 USD of 200.00 USD" in page.text


@pytest.mark.parametrize(("cap", "mark"), [("100", "80 %"), ("85", "90 %"), ("80", "reached")])
def test_the_marks_of_the_cap_are_told(page: RechargePage, cap: str, mark: str) -> None:
    page.save(**ON | {"below": "1500", "cap": cap})
    assert any(mark in said for said in page.failures)


def test_a_charge_that_the_cap_forbids_is_told_as_such(
    page: RechargePage, local: LocalApi, customer: str
) -> None:
    local.consume(2000, f"use-{next(numbers)}", customerId=customer)
    local.settle()
    asking.forget()
    page.fill(**ON)
    assert any("would pass the month's cap" in said for said in page.failures)
    page.press("Save …").press("Save")
    assert settings(local, customer)["currentMonthlySpend"] == 0


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_who_may_not_change_it_is_told_beforehand_and_refused_all_the_same(
    page: RechargePage, wire: Wire, monkeypatch: pytest.MonkeyPatch, activity: ActivityFile,
    role: str,
) -> None:  # fmt: skip
    sign_in(monkeypatch, "eve", "billing")
    page.fill(**ON).press("Save …")
    sign_in(monkeypatch, "eve", role)
    page.press("Save")
    assert any("eve may not set the auto-recharge" in said for said in page.failures)
    assert "Save" not in page.buttons
    assert page.is_disabled("Save …")
    assert f"takes the role billing, and yours is {role}." in page.text
    assert outcomes(activity) == [("eve", Outcome.REFUSED)]
    assert wire.count(SAVE) == 0


def test_a_press_right_after_typing_asks_the_last_question_about_what_was_typed(
    page: RechargePage, local: LocalApi, customer: str
) -> None:
    """The browser sends both at once, and with the address of before the typing."""
    page.fill(on=True, below="500")
    page.at.get_by_key("upto").set_value("5000")
    page.press("Save …").press("Save")
    assert "Saved: below 500 tokens it buys up to 5,000" in page.text
    page.at.get_by_key("upto").set_value("6000")
    page.press("Save …").press("Save")
    assert settings(local, customer)["targetBalance"] == 6000


def test_a_press_right_after_typing_nonsense_says_what_is_wrong(page: RechargePage) -> None:
    page.fill(**ON)
    page.at.get_by_key("upto").set_value("a lot")
    page.press("Save …")
    assert "'a lot' is not a plain number" in page.text
    assert "save" not in page.address


def test_pressing_save_without_a_change_says_that_there_is_nothing_to_save(
    page: RechargePage, wire: Wire
) -> None:
    page.press("Save …")
    assert "It is off: switch it on to save other numbers." in page.text
    page.save(**ON).press("Save …")
    assert "These are the settings that are saved." in page.text
    assert "save" not in page.address
    assert wire.count(SAVE) == 1


def test_as_saved_also_takes_back_what_was_typed_just_before(page: RechargePage) -> None:
    page.save(**ON)
    page.at.get_by_key("below").set_value("700")
    page.press("As saved")
    assert page.value("below") == "500"
    assert not set(ASKED) & set(page.address)
    page.go()
    assert page.value("below") == "500"


def test_what_somebody_else_saved_meanwhile_is_not_written_over_unseen(
    page: RechargePage, local: LocalApi, wire: Wire, customer: str, clock: Clock,
    activity: ActivityFile, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    other = RechargePage(customer=customer)
    other.fill(**ON | {"below": "700"})
    clock.advance(timedelta(minutes=1))
    monkeypatch.setattr(local.clock, "now", clock.at)
    sign_in(monkeypatch, "bob", "billing")
    page.save(**ON)
    sign_in(monkeypatch, "ann", "admin")
    other.press("Save …").press("Save")
    assert "The settings were changed since, on 22 May 2026 14:36 UTC" in other.text
    assert "by bob" in other.text
    assert "look at them first" in other.text
    assert settings(local, customer)["thresholdValue"] == 500
    assert wire.count(SAVE) == 1
    assert outcomes(activity) == [("ann", Outcome.REFUSED), ("bob", Outcome.DONE)]
    shown = other.frame("The settings now and after saving").set_index("Setting")
    assert tuple(shown.loc["Buy below"]) == ("500 tokens", "700 tokens")
    other.press("Save")
    assert settings(local, customer)["thresholdValue"] == 700


def test_the_last_question_is_not_asked_of_a_role_that_may_not_save(
    page: RechargePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, "eve", "support")
    page.go(save="abc1", **ASKED)
    assert "Save" not in page.buttons
    assert not page.has_frame("The settings now and after saving")
    assert "takes the role billing, and yours is support." in page.text


@pytest.mark.parametrize("fault", [answer_lost, cut_off_after])
def test_a_lost_answer_after_it_was_done_is_read_back(
    page: RechargePage, local: LocalApi, wire: Wire, customer: str, activity: ActivityFile,
    fault: Any,
) -> None:  # fmt: skip
    wire.fail(SAVE, fault)
    page.save(**ON)
    assert "Saved: below 500 tokens" in page.text
    assert settings(local, customer)["thresholdValue"] == 500
    assert (wire.count(SAVE), outcomes(activity)) == (1, [("local user", Outcome.DONE)])


def test_what_was_never_sent_changes_nothing_and_can_be_sent_again(
    page: RechargePage, local: LocalApi, wire: Wire, customer: str
) -> None:
    wire.fail(SAVE, no_connection)
    page.save(**ON)
    assert any("cannot be reached" in said for said in page.failures)
    assert settings(local, customer)["thresholdValue"] == 0
    page.press("Save")
    assert settings(local, customer)["thresholdValue"] == 500


def test_what_may_still_arrive_is_sent_again_only_when_it_cannot_arrive_any_more(
    page: RechargePage, wire: Wire, activity: ActivityFile, clock: Clock
) -> None:
    wire.fail(SAVE, dropped)
    page.save(**ON)
    assert any("may still arrive" in said for said in page.failures)
    assert outcomes(activity) == [("local user", Outcome.UNKNOWN)]
    page.press("Save")
    assert wire.count(SAVE) == 1
    clock.advance(LATEST_ARRIVAL)
    page.press("Save")
    assert (wire.count(SAVE), outcomes(activity)) == (2, [("local user", Outcome.DONE)])


def test_a_used_form_says_what_became_of_it(page: RechargePage, wire: Wire) -> None:
    page.fill(**ON).press("Save …")
    key = page.address["save"]
    page.press("Save").go(save=key)
    assert "This form was used already" in page.text
    assert wire.count(SAVE) == 1


# The rehearsal


@BOTH_SOURCES
def test_the_rehearsal_shows_what_the_rule_would_have_done_beside_what_was(
    visit: Visit, demo: Demo, sources: Sources, source: str
) -> None:
    page = visit(customer=STOPPED, source=source, rehearse="on", **ASKED)
    asked = Extracted(demo.extract) if source == "extract" else sources.live
    assert asked is not None
    past = gather(STOPPED, CURRENCY, asked, lambda *_: None)
    assert past is not None
    price = Decimal("0.02") if source == "live" else None
    limits = answer(RechargeLimits(STOPPED, CURRENCY), asked).frame
    assert (limits["unit_price"].item() if limits.height else None) == price
    shown = page.cards
    assert set(shown) == {
        "Recharges", "Money", "Hours at or below zero", "Days stopped by the cap"
    }  # fmt: skip
    if price is not None:
        rule = RechargeRule(Decimal(500), Decimal(5000), price, monthly_cap=Decimal(100),
                            least_amount=Decimal(100))  # fmt: skip
        told = rehearsal_of(past, rule)
        assert shown["Recharges"] == f"{len(told.rehearsed.bought)}"
        assert shown["Money"] == f"{told.rehearsed.money:,.2f} USD"
        assert told.really.closing == demo.balance(STOPPED)
        assert "Reckoned at 0.02 USD a credit: the plan's price of a credit." in page.text
    else:
        assert "USD a credit: what the recharge of" in page.text
    assert page.alt("Balance in tokens, 21 Feb – 22 May 2026. Rehearsed it ends at")
    table = page.frame("Table of the balance by day")
    assert table["really"].iloc[0] == demo.balance(STOPPED)
    assert not page.has_crashed


def test_both_sources_tell_the_same_past(demo: Demo, sources: Sources) -> None:
    assert sources.live is not None
    pasts = [
        gather("customer-demo-01", CURRENCY, source, lambda *_: None)
        for source in (sources.live, Extracted(demo.extract))
    ]
    live, extracted = (past for past in pasts if past is not None)
    assert live.rows.height > PAGE_LIVE
    assert_frame_equal(live.rows.drop("place"), extracted.rows.drop("place"))
    assert_frame_equal(live.grants, extracted.grants)
    assert (live.since, live.until) == (extracted.since, extracted.until)


def test_a_long_ledger_tells_how_far_it_has_been_read(sources: Sources) -> None:
    told: list[tuple[int, float]] = []
    assert sources.live is not None
    gather("customer-demo-01", CURRENCY, sources.live, lambda *how_far: told.append(how_far))
    counts, shares = zip(*told, strict=True)
    assert counts[0] == PAGE_LIVE
    assert (counts, shares) == (tuple(sorted(counts)), tuple(sorted(shares)))
    assert 0 < shares[0] < 1


def test_other_numbers_are_rehearsed_without_reading_the_ledger_again(
    visit: Visit, api: Api
) -> None:
    page = visit(customer=STOPPED, source="live", rehearse="on", **ASKED)
    before, asked = api.count, page.cards
    page.fill(target="2000")
    assert page.cards != asked
    assert api.count == before


def test_a_pool_without_credits_has_nothing_to_rehearse(local: LocalApi, wire: Wire) -> None:  # noqa: ARG001  # the page asks it
    customer = f"customer-{next(numbers)}"
    local.provision(customer)
    page = RechargePage(customer=customer, rehearse="on", **ASKED)
    assert "No credits were ever granted to this pool" in page.text


def test_without_a_price_a_rehearsal_says_what_it_lacks(local: LocalApi, wire: Wire) -> None:  # noqa: ARG001  # the page asks it
    customer = f"customer-{next(numbers)}"
    local.provision(customer, plan=None)
    local.grant(10, customerId=customer)
    page = RechargePage(customer=customer, rehearse="on", **ASKED)
    assert "What a credit costs is not known here" in page.text


def test_an_extract_is_rehearsed_on_and_edits_are_offered_at_the_live_source(visit: Visit) -> None:
    page = visit(customer=STOPPED, source="extract", **ASKED)
    assert "Save …" not in page.buttons
    page.press("Use the live source")
    assert (page.address["source"], page.value("target")) == ("live", "5000")
    assert "Save …" in page.buttons


# Failures


def test_a_failing_source_leaves_the_last_good_answer(page: RechargePage, wire: Wire) -> None:
    page.save(**ON)
    asking.forget()
    wire.fail(READ, *[no_connection] * 8)
    page.go()
    assert any("cannot be reached" in said for said in page.failures)
    assert "Still shown below, and no longer current" in page.text
    assert page.value("below") == "500"


def test_a_ledger_that_cannot_be_read_fails_in_its_own_place(
    page: RechargePage, wire: Wire
) -> None:
    wire.fail("CreditsLedger", *[no_connection] * 8)
    page.go(rehearse="on", **ASKED)
    assert any("cannot be reached" in said for said in page.failures)
    assert "Recharges made" in "\n".join(header.value for header in page.at.header)
    assert not page.has_crashed


def test_a_command_behind_the_page_is_refused_by_itself_and_by_the_door(
    wire: Wire, customer: str, activity: ActivityFile
) -> None:
    terms = Terms("CreditAmount", Decimal(500), Decimal(5000), None, "OneYear")
    command = SaveRecharge(customer, CURRENCY, terms, key=new_key())
    with pytest.raises(Exception, match="eve may not set the auto-recharge"):
        perform(command, Actor("eve", Role.SUPPORT), wire.client, activity)
    assert wire.count(SAVE) == 0


def test_an_old_rehearsal_of_a_live_source_is_gathered_anew(
    wire: Wire, customer: str, clock: Clock
) -> None:
    page = RechargePage(customer=customer, rehearse="on", **ASKED)
    before = wire.count("CreditsLedger")
    clock.advance(timedelta(minutes=11))
    page.go()
    assert wire.count("CreditsLedger") > before
