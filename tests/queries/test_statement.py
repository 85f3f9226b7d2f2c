"""What a pool consumed, by keys and events: it sums to the statement, whoever is asked."""

from datetime import datetime, timedelta

import pytest
import sums
from histories import NOW, START
from told import Told

from queries.answer import answer
from queries.question import CannotAnswer, QuestionError
from queries.statement import Spent, SpentEvents, Statement
from queries.statement.explain import burn_down, explain, spent_by
from queries.time import Grain, Span

END = NOW + timedelta(hours=1)
MIDDLE = datetime(2026, 4, 9)


def test_consumption_by_a_key_sums_to_the_statement_of_the_pool_and_of_each_grant(
    told: Told,
) -> None:
    some = sums.pools(told.tables)[:25]
    wrong = [
        difference
        for pool in some
        for key in ("model", "featureId")
        for difference in sums.spent_differences(
            pool, told.extracted, sums.statement(pool, MIDDLE, END), key
        )
    ]
    assert wrong == []


def test_both_sources_tell_consumption_by_a_key_alike(told: Told) -> None:
    for customer_id, currency_id, resource_id in sums.pools(told.tables)[:25]:
        scope = (customer_id, currency_id, Span(MIDDLE, END), "user", resource_id)
        for only in ((), (("model", ""),), (("featureId", "chat"), ("model", "gpt"))):
            asked = Spent(*scope, only=only)
            extracted, live = (answer(asked, s).frame for s in (told.extracted, told.live))
            used = extracted.filter(extracted["credits"] != 0)
            assert used.equals(live.filter(live["credits"] != 0)), (customer_id, only)


def test_single_events_sum_to_what_was_consumed(told: Told) -> None:
    pool = busy_pool(told)
    question = sums.statement(pool, START, END)
    frame = answer(question, told.extracted).frame
    asked = SpentEvents(pool[0], pool[1], question.span, pool[2])
    events = answer(asked, told.extracted)
    assert not events.is_cut
    assert events.frame["credits"].sum() == -explain(frame, question).consumed
    narrowed = SpentEvents(pool[0], pool[1], question.span, pool[2], only=(("model", "gpt"),))
    found = answer(narrowed, told.extracted).frame
    assert 0 < found.height < events.frame.height
    assert found["dimensions"].str.contains("model=gpt").all()


def test_by_feature_the_statement_and_the_events_say_the_same(told: Told) -> None:
    pool = busy_pool(told)
    question = sums.statement(pool, MIDDLE, END)
    frame = answer(question, told.extracted).frame
    asked = Spent(pool[0], pool[1], question.span, "featureId", pool[2])
    by_events = answer(asked, told.extracted).frame
    assert spent_by(frame, question, "feature_id").equals(by_events)


def test_the_api_does_not_say_which_grant_paid_for_a_value_of_a_key(told: Told) -> None:
    asked = Spent("customer-0002", "ai-tokens", Span(START, END), "user", grant_id="grant-1")
    with pytest.raises(CannotAnswer, match="Choose the extract"):
        answer(asked, told.live)


def test_single_events_are_only_in_the_extract(told: Told) -> None:
    with pytest.raises(CannotAnswer, match="in the extract"):
        answer(SpentEvents("customer-0002", "ai-tokens", Span(START, END)), told.live)


def test_consumption_is_narrowed_by_three_keys_at_most() -> None:
    only = tuple((f"key{n}", "value") for n in range(4))
    with pytest.raises(QuestionError, match="narrowed by 3 keys"):
        Spent("acme", "ai-tokens", Span(START, END), "user", only=only)


def test_a_grant_is_exhausted_when_its_last_credit_was_consumed(told: Told) -> None:
    """Against the ledger, row by row: the running balance of the grant reaches zero there."""
    found = 0
    for pool in sums.pools(told.tables)[:100]:
        question = Statement(pool[0], pool[1], Span(START, END), Grain.DAY, resource_id=pool[2])
        for segment in burn_down(answer(question, told.extracted).frame, question):
            rows = told.tables["ledger"].filter(grant_id=segment.grant_id)
            if segment.exhausted_at is not None:
                found += 1
                assert segment.exhausted_at in rows["occurred_at"].to_list()
                assert rows["amount"].sum() == 0
    assert found > 20


def busy_pool(told: Told) -> sums.Pool:
    """The pool with the most events, the thousand-grant customer aside."""
    names = ("customer_id", "currency_id", "resource_id")
    counted = told.tables["usage_events"].group_by(names).len().sort("len", "customer_id")
    customer_id, currency_id, resource_id, _ = counted.row(-1)
    return customer_id, currency_id, resource_id
