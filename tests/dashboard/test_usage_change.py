"""The Usage page on why usage changed: the split adds up, on the page, to the last credit."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from usage_page import PARTS, UsagePage
from usage_world import Amounts, Demo

from dashboard.formats import percent, signed

Visit = Callable[..., UsagePage]

KESTREL = "customer-demo-01"
START, END = datetime(2026, 4, 23), datetime(2026, 5, 22, 15)
BEFORE, BEFORE_END = datetime(2026, 3, 24), datetime(2026, 4, 22, 15)
SUM = re.compile(r"last credit: (\S+) ([+−]) (\S+) ([+−]) (\S+) = (\S+) tokens")


def credits(amounts: Amounts) -> Decimal:
    return sum((credits for credits, _ in amounts.values()), Decimal(0))


def number(text: str) -> Decimal:
    return Decimal(text.replace("−", "-").replace(",", ""))


@pytest.mark.parametrize("source", ["extract", "live"])
@pytest.mark.parametrize("by", [[], ["model"], ["model", "team", "user_id"]])
def test_volume_mix_and_rate_add_up_to_the_change(
    visit: Visit, demo: Demo, source: str, by: list[str]
) -> None:
    difference = credits(demo.used(KESTREL, START)) - credits(
        demo.used(KESTREL, BEFORE, BEFORE_END)
    )
    page = visit(customer=KESTREL, source=source, by=by)
    said = SUM.search(page.text)
    assert said, page.text
    volume, mix, rate = number(said[1]), number(said[2] + said[3]), number(said[4] + said[5])
    assert volume + mix + rate == number(said[6]) == difference
    split = dict(zip(PARTS, (difference, volume, mix, rate), strict=True))
    assert page.parts_of_change == {part: signed(amount) for part, amount in split.items()}


def test_the_split_adds_up_for_each_group_and_the_groups_to_the_whole(
    visit: Visit, demo: Demo
) -> None:
    now = demo.used(KESTREL, START, by=["model"])
    before = demo.used(KESTREL, BEFORE, BEFORE_END, by=["model"])
    page = visit(customer=KESTREL, by="model")
    table = page.frame("Why usage changed, by group")
    nothing = (Decimal(0), 0)
    for row in table.itertuples():
        group = (row.group.replace("(not set)", ""),)
        assert row.before == before.get(group, nothing)[0]
        assert row.now == now.get(group, nothing)[0]
        assert row.volume + row.mix + row.rate == row.change == row.now - row.before
    assert len(table) == len({*now, *before})
    said = SUM.search(page.text)
    assert said
    assert sum(table["change"]) == number(said[6])


def test_cards_and_table_show_the_change_against_the_period_before(
    visit: Visit, demo: Demo
) -> None:
    now, before = demo.used(KESTREL, START), demo.used(KESTREL, BEFORE, BEFORE_END)
    page = visit(customer=KESTREL)
    ratio = float(credits(now) / credits(before) - 1)
    assert page.cards["Tokens used"][1] == percent(ratio)
    [row] = page.table.to_dict("records")
    assert row["previous"] == credits(before)
    assert row["change"] == credits(now) - credits(before)
    assert row["change_ratio"] == pytest.approx(ratio)


def test_filters_narrow_both_periods(visit: Visit, demo: Demo) -> None:
    before = demo.used(KESTREL, BEFORE, BEFORE_END, only={"model": "claude"})
    page = visit(customer=KESTREL, by="model", only="model:claude")
    assert list(page.table["previous"]) == [credits(before)]


def test_without_a_period_before_there_is_not_enough_data(visit: Visit) -> None:
    page = visit(customer="customer-only-overdraft", period="90d", by="model")
    assert {change for _, change in list(page.cards.values())[:3]} == {"not enough data"}
    assert page.table["change"].isna().all()
    assert "There is not enough data to explain a change" in page.text
    assert page.parts_of_change == {}


def test_a_group_that_was_not_there_before_has_no_change_in_percent(
    visit: Visit, demo: Demo
) -> None:
    now = demo.used("customer-many-users", datetime(2026, 5, 22), by=["user_id"])
    before = demo.used(
        "customer-many-users", datetime(2026, 5, 21), datetime(2026, 5, 21, 15), by=["user_id"]
    )
    assert set(now) - set(before)
    page = visit(customer="customer-many-users", period="today", by="user_id")
    table = page.table.set_index("user_id")
    for user in (user for (user,) in set(now) - set(before)):
        assert table.loc[user, "change"] == now[user,][0]
        assert table["change_ratio"].isna()[user]


def test_what_is_no_longer_used_stays_in_the_table_with_its_loss(visit: Visit, demo: Demo) -> None:
    by = ["user_id"]
    now = demo.used(KESTREL, START, by=by)
    before = demo.used(KESTREL, BEFORE, BEFORE_END, by=by)
    page = visit(customer=KESTREL, by="user_id")
    table = page.table.set_index("user_id")
    gone = [user for (user,) in set(before) - set(now)]
    assert len(table) == len({*now, *before})
    for user in gone:
        assert table.loc[user, "credits"] == 0
        assert table.loc[user, "change"] == -before[user,][0]


def test_comparison_can_be_switched_off(visit: Visit) -> None:
    page = visit(customer=KESTREL, by="model")
    page.choose("compare", False)
    assert page.address["compare"] == "off"
    assert "Comparison is off. Switch it on above to see why usage changed." in page.text
    assert page.parts_of_change == {}
    assert page.table["previous"].isna().all()
    changes = {name: change for name, (_, change) in page.cards.items() if name != "Largest"}
    assert set(changes.values()) == {""}
    page.choose("compare", True)
    assert "compare" not in page.address
    assert page.parts_of_change
