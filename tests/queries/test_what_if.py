"""What-if: events priced anew exactly, burned again exactly, and the baseline is the ledger."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from told import Told

from data.credits.amounts import to_credits
from data.credits.orders import ORDERS, Order
from data.credits.pool import EntryType
from data.credits.rates import Rate
from data.credits.replay import replay
from data.credits.revenue import revenue
from data.demo.company import build
from data.extract.build import write
from data.extract.duckdb import Extract
from data.extract.folder import STAGING
from data.extract.publish import publish
from data.tables import SCHEMAS, Tables
from queries.answer import answer
from queries.question import CannotAnswer, Extracted, QuestionError
from queries.time import Span
from queries.whatif import BASELINE, REPLAYED, Change, Replayed, Repriced, Scenario, TodaysRates
from queries.whatif.cases import MOST_CASES
from queries.whatif.compared import compared, effect
from queries.whatif.events import events
from queries.whatif.prices import Price, read_price
from queries.whatif.tariff import Line, Tariff, tariff_of

NOW = datetime(2026, 5, 22, 14, 35, 20)
QUARTER = Span(datetime(2026, 1, 1), datetime(2026, 4, 1))
ALL = Span(datetime(2026, 1, 1), NOW)
CURRENCIES = ["ai-tokens", "api-credits"]
CHAT = "feature-chat-completions"
DOUBLE = Scenario("Double", (Change(CHAT, "x2", "gemini"),), "model")


@pytest.fixture(scope="module")
def tables() -> Tables:
    return build(NOW)


@pytest.fixture(scope="module")
def demo(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extracted]:
    staged = tmp_path_factory.mktemp("demo") / STAGING
    write(tables, staged, source="demo", cut_off=NOW, loaded_at=NOW)
    publish(staged.parent)
    with Extract(staged.parent) as extract:
        yield Extracted(extract)


def pool_key(frame: pl.DataFrame) -> pl.DataFrame:
    key = pl.concat_str("customer_id", pl.lit("/"), pl.col("resource_id").fill_null(""))
    return frame.with_columns(pool=key)


def in_ledger_order(tables: Tables, currency: str) -> pl.DataFrame:
    """The events of the ledger with what they burned, in the order in which it has them."""
    ledger = pool_key(tables["ledger"].filter(currency_id=currency)).sort("pool", "ledger_seq")
    return (
        ledger.with_columns(known_at=pl.col("occurred_at").cum_max().over("pool"))
        .filter(event_type=EntryType.CONSUMED.value)
        .group_by("pool", "event_id", "feature_id", maintain_order=True)
        .agg(
            pl.col("occurred_at", "known_at").first(),
            credits=-pl.col("amount").sum().cast(pl.Decimal(18, 6)),
        )
    )


# The baseline


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_baseline_is_the_ledger_of_every_demo_customer(
    demo: Extracted, tables: Tables, currency: str
) -> None:
    found = answer(Replayed(currency, QUARTER), demo).frame
    ledger = tables["ledger"].filter(currency_id=currency)
    assert found["rows"].sum() == ledger.height > 10_000
    assert found["difference"].sum() == 0
    balances = pool_key(ledger).group_by("pool").agg(pl.col("amount").sum())
    assert dict(pool_key(found).select("pool", "balance").iter_rows()) == dict(balances.iter_rows())


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_replay_writes_the_demos_ledger_row_by_row(tables: Tables, currency: str) -> None:
    grants = pool_key(tables["grants"].filter(currency_id=currency)).with_columns(
        pl.col("priority").fill_null(50)
    )
    result = replay(grants, in_ledger_order(tables, currency), until=NOW)
    names = result.grants.select(
        name=pl.when(grant_type="OVERDRAFT").then(pl.lit("overdraft")).otherwise("grant_id")
    )["name"]
    mine = result.ledger.select(
        "pool",
        pl.col("entry_type").cast(pl.String),
        names.gather(result.ledger["grant"]).alias("grant_id"),
        "amount",
        "occurred_at",
    ).sort("pool", maintain_order=True)
    kinds = dict(grants.select("grant_id", "grant_type").iter_rows())
    ledger = pool_key(tables["ledger"].filter(currency_id=currency)).sort("pool", "ledger_seq")
    theirs = [
        (pool, entry, "overdraft" if kinds[grant] == "OVERDRAFT" else grant, amount, at)
        for pool, entry, grant, amount, at in ledger.select(
            "pool", "event_type", "grant_id", "amount", "occurred_at"
        ).iter_rows()
    ]
    assert mine.rows() == theirs


@pytest.mark.parametrize("currency", CURRENCIES)
def test_todays_rates_charge_every_event_of_the_demo_what_it_was_charged(
    demo: Extracted, tables: Tables, currency: str
) -> None:
    found = answer(TodaysRates(currency), demo).frame
    assert found["differing"].sum() == 0
    assert found["events"].sum() == tables["usage_events"].filter(currency_id=currency).height
    assert found["charged"].to_list() == found["rated"].to_list()


def test_the_baseline_is_the_ledger_of_random_histories(told: Told) -> None:
    """But for pools with a grant whose terms were changed, since nothing says what they were."""
    span = Span(datetime(2020, 1, 1), datetime(2030, 1, 1))
    found = answer(Replayed("ai-tokens", span), told.extracted).frame
    wrong = found.filter(pl.col("difference") > 0)
    assert found.height >= 400
    updated = told.tables["ledger"].filter(event_type=EntryType.UPDATED.value)
    assert set(wrong["customer_id"]) <= set(updated["customer_id"])
    assert len(set(found["customer_id"]) - set(updated["customer_id"])) > 100


def test_a_ledger_that_grants_and_events_do_not_explain_is_told(
    tables: Tables, tmp_path: Path
) -> None:
    """One event of the ledger is missing from the events."""
    event = tables["usage_events"].filter(currency_id="ai-tokens").row(0, named=True)
    short = tables["usage_events"].filter(pl.col("event_id") != event["event_id"])
    write(
        dict(tables) | {"usage_events": short},
        tmp_path / STAGING, source="demo", cut_off=NOW, loaded_at=NOW,
    )  # fmt: skip
    publish(tmp_path)
    with Extract(tmp_path) as extract:
        found = answer(Replayed("ai-tokens", QUARTER), Extracted(extract)).frame
    assert found.filter(pl.col("difference") > 0)["customer_id"].to_list() == [event["customer_id"]]


# Scenarios


def double(row: dict[str, Any]) -> Decimal:
    dimensions = {pair["key"]: pair["value"] for pair in row["dimensions"]}
    is_changed = (
        row["feature_id"] == CHAT
        and dimensions.get("model") == "gemini"
        and QUARTER.start <= row["occurred_at"] < QUARTER.end
    )
    return to_credits(2 * row["credits"]) if is_changed else row["credits"]


@pytest.fixture(scope="module")
def doubled(tables: Tables) -> pl.DataFrame:
    """pool, event_id, feature_id, credits: each event charged by hand."""
    rows = pool_key(tables["usage_events"].filter(currency_id="ai-tokens"))
    charges = [double(row) for row in rows.iter_rows(named=True)]
    return rows.select("pool", "event_id", "feature_id", was="credits").with_columns(
        credits=pl.Series(charges, dtype=pl.Decimal(18, 6))
    )


def test_totals_are_those_of_events_charged_one_by_one(
    demo: Extracted, doubled: pl.DataFrame
) -> None:
    found = answer(Repriced("ai-tokens", QUARTER, DOUBLE), demo).frame
    more = doubled.select((pl.col("credits") - pl.col("was")).cast(pl.Decimal(38, 6)).sum()).item()
    assert found.select((pl.col("repriced") - pl.col("charged")).sum()).item() == more > 0
    assert found["changed"].sum() == doubled.filter(pl.col("credits") != pl.col("was")).height


@pytest.mark.parametrize("order", Order)
def test_a_scenario_burns_events_charged_one_by_one_through_the_same_grants(
    demo: Extracted, tables: Tables, doubled: pl.DataFrame, order: Order
) -> None:
    """Of pools without auto-recharge, since theirs are the same grants in both."""
    scenario = Scenario("Double", DOUBLE.changes, "model", order)
    found = pool_key(answer(Replayed("ai-tokens", QUARTER, scenario), demo).frame)
    plain = found.filter(~pl.col("is_recharging"))
    priced = (
        in_ledger_order(tables, "ai-tokens")
        .drop("credits")
        .join(doubled, on=["pool", "event_id", "feature_id"], maintain_order="left")
    )
    grants = pool_key(tables["grants"].filter(currency_id="ai-tokens")).with_columns(
        pl.col("priority").fill_null(50)
    )
    result = replay(grants, priced, order=ORDERS[order], until=NOW)
    balances = dict(result.balances.select("pool", "balance").iter_rows())
    assert plain.height > 200
    assert dict(plain.select("pool", "balance").iter_rows()) == {
        pool: balances[pool] for pool in plain["pool"]
    }


def test_recharges_that_the_rule_explains_are_bought_anew(demo: Extracted) -> None:
    before = answer(Replayed("ai-tokens", QUARTER), demo).frame
    same = answer(
        Replayed("ai-tokens", QUARTER, Scenario("Same", (Change(CHAT, "x1"),))), demo
    ).frame
    more = answer(
        Replayed("ai-tokens", QUARTER, Scenario("More", (Change(CHAT, "x3"),))), demo
    ).frame
    follows = pl.col("is_recharging")
    assert before.filter(follows).height > 10
    assert same["recharge_cost"].to_list() == before["recharge_cost"].to_list()
    assert more["recharge_cost"].sum() > before["recharge_cost"].sum() > 0
    assert (
        more.filter(~follows)["recharges"].to_list()
        == before.filter(~follows)["recharges"].to_list()
    )


def test_what_a_period_earned_is_what_the_ledgers_revenue_says(
    demo: Extracted, tables: Tables
) -> None:
    found = answer(Replayed("ai-tokens", QUARTER), demo).frame
    grants = tables["grants"].filter(currency_id="ai-tokens")
    ledger = tables["ledger"].filter(currency_id="ai-tokens").sort("ledger_seq")
    rows = revenue(grants, ledger.rename({"event_type": "entry_type"})).filter(
        pl.col("occurred_at") >= QUARTER.start, pl.col("occurred_at") < QUARTER.end
    )
    money = found["money"].drop_nulls().explode().struct.unnest()
    assert set(money["currency"]) == {"USD"}
    assert money["recognised"].sum() == rows["recognised"].sum() > 0
    assert money["breakage"].sum() == rows["breakage"].sum()


def test_some_customers_are_the_same_alone_as_among_all(demo: Extracted) -> None:
    some = ("customer-demo-01", "customer-alder-systems")
    among = answer(Replayed("ai-tokens", QUARTER, DOUBLE), demo).frame
    alone = answer(Replayed("ai-tokens", QUARTER, DOUBLE, some), demo).frame
    assert alone.equals(among.filter(pl.col("customer_id").is_in(some)))


@pytest.mark.parametrize("most", [1, 500])
def test_all_customers_are_the_same_some_at_once(
    demo: Extracted, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    whom = tuple(answer(Replayed("ai-tokens", QUARTER), demo).frame["customer_id"].unique())[:40]
    at_once = answer(Replayed("ai-tokens", QUARTER, DOUBLE, whom), demo).frame
    monkeypatch.setattr("queries.whatif.batches.MOST_EVENTS", most)
    assert answer(Replayed("ai-tokens", QUARTER, DOUBLE, whom), demo).frame.equals(at_once)


# Prices


TEXTS = [
    None, "", "0", "1", "-1", "17", "0.5", "-0.25", "12345678901", "1e3", "1E-7", "NaN", "inf",
    " 5", "5 ", "+5", "05", "5.", ".5", "1_000", "0x10", "five", "true", "0.1234567891",
    "-0", "0.000000001", "12.50",
]  # fmt: skip
LONG = "99999999999999999"
FORMULAS = [
    "0.0000001*e + a",
    "a", "-a", "2*a + 3*b", "(a - b)*0.5", "a/1000", "a/3", "a*b/1000000000000",
    "a/b/1000000000000", "1.5", "0.25*(a + b/4) + 1",
    "a + b + c + d", "a + b + c + d + missing", "0.0000000001*a", "a - a", "a*0", "(1 + 2)*a/8",
]  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extract]:
    """Events of one pool with every text in every two of their dimensions."""
    rows = [
        (f"e{n:04}", "c", None, "f", "t", NOW - timedelta(days=1), NOW, Decimal("2.5"),
         Decimal("1.000001"), [{"key": k, "value": v} for k, v in pairs if v is not None])
        for n, pairs in enumerate(
            (("a", a), ("b", b), ("c", "3"), ("d", "0.125"), ("e", LONG), ("model", "m"))
            for a in TEXTS for b in TEXTS
        )
    ]  # fmt: skip
    made: dict[str, list[tuple[Any, ...]]] = {
        "customers": [("c", "C", None, NOW)],
        "currencies": [("t", "T", None, None, None, "ACTIVE")],
        "features": [("f", "F", "NUMBER", "Incremental", None, None, NOW)],
        "usage_events": rows,
    }
    frames = {
        name: pl.DataFrame(given, SCHEMAS[name], orient="row") for name, given in made.items()
    }
    staged = tmp_path_factory.mktemp("odd") / STAGING
    write(frames, staged, source="odd", cut_off=NOW, loaded_at=NOW)
    publish(staged.parent)
    with Extract(staged.parent) as extract:
        yield extract


def charged(extract: Extract, price: Price) -> list[Decimal]:
    found = events(extract, "t", None, Tariff([Line("f", None, price)]))
    return sorted(found["repriced"].to_list())


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_charges_what_it_would_have_charged_at_the_time(
    odd: Extract, formula: str
) -> None:
    rate = Rate("f", "t", cost_formula=formula)
    rest = {"c": "3", "d": "0.125", "e": LONG}
    expected = [
        rate.charge(Decimal("2.5"), rest | pair("a", a) | pair("b", b))
        for a in TEXTS
        for b in TEXTS
    ]
    assert charged(odd, Price(formula=formula)) == sorted(expected)


@pytest.mark.parametrize(
    "formula",
    [*FORMULAS[:-8], *FORMULAS[-7:], "0.1*model + a", "a*b*c*d*e*0 + 2", "a*b/1000000000000/7 + 9"],
)
@pytest.mark.parametrize("most", [MOST_CASES, 0], ids=["in cases", "as sums"])
def test_the_total_of_a_formula_is_that_of_its_charges(
    odd: Extract, formula: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queries.whatif.cases.MOST_CASES", most)
    rate = Rate("f", "t", cost_formula=formula)
    rest = {"c": "3", "d": "0.125", "e": LONG, "model": "m"}
    charges = [
        rate.charge(Decimal("2.5"), rest | pair("a", a) | pair("b", b))
        for a in TEXTS
        for b in TEXTS
    ]
    question = Repriced("t", ALL, Scenario("S", (Change("f", formula),)))
    if min(charges) < 0:
        with pytest.raises(QuestionError, match=r"an event of f -.* A price is 0 or more"):
            answer(question, Extracted(odd))
        return
    changed = sum(charge != Decimal("1.000001") for charge in charges)
    found = answer(question, Extracted(odd)).frame.select("events", "changed", "repriced")
    assert found.rows() == [(len(charges), changed, sum(charges))]


def pair(key: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {key: value}


@pytest.mark.parametrize(
    ("text", "charge"),
    [
        ("x2", "2.000002"),
        ("1.5 x", "1.500002"),
        ("×0", "0"),
        ("+20 %", "1.200001"),
        ("-50%", "0.500001"),
        ("−100 %", "0"),
        ("0.4", "1"),
        (".000001", "0.000003"),
        ("0", "0"),
    ],
)
def test_a_price_is_times_the_charge_or_credits_a_unit(
    odd: Extract, text: str, charge: str
) -> None:
    """2.5 units that were charged 1.000001, rounded half away from zero."""
    assert set(charged(odd, read_price(text))) == {Decimal(charge)}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Say what it costs."),
        ("-120 %", "less than nothing"),
        ("x1000", "below 1,000"),
        ("x0.0000001", "up to 6 decimals"),
        ("1000000", "below 1,000,000"),
        ("2 tokens", "cannot be read at 'tokens'"),
        ("a +", "its end"),
        ("a; drop", "unknown character"),
    ],
)
def test_what_is_no_price_says_what_would_be(text: str, sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        read_price(text)


@pytest.mark.parametrize(
    ("key", "value", "count"),
    [
        ("model", "m", len(TEXTS) ** 2),
        ("model", "n", 0),
        ("customerId", "c", len(TEXTS) ** 2),
        ("none", "", len(TEXTS) ** 2),
    ],
)
def test_a_value_is_one_of_the_scenarios_key(
    odd: Extract, key: str, value: str, count: int
) -> None:
    found = events(odd, "t", None, Tariff([Line("f", value, read_price("x2"))], key))
    assert found.filter(pl.col("repriced") != pl.col("credits")).height == count


@pytest.mark.parametrize("key", ["a", "b", "model"])
def test_a_total_is_by_values_of_any_key(odd: Extract, key: str) -> None:
    """By two values and none, each with a price of its own: as each event is charged."""
    changes = (
        Change("f", "x2"), Change("f", "x3", ""), Change("f", "2*c", "17"), Change("f", "9", "m"),
    )  # fmt: skip
    scenario = Scenario("S", changes, key)
    found = answer(Repriced("t", ALL, scenario), Extracted(odd)).frame.row(0, named=True)
    each = events(odd, "t", None, tariff_of(scenario, ["f"]))
    assert found["repriced"] == each["repriced"].sum()
    assert found["changed"] == each.filter(pl.col("credits") != pl.col("repriced")).height


def test_a_value_of_its_own_wins_over_all_others(odd: Extract) -> None:
    lines = [Line("f", None, read_price("x2")), Line("f", "m", read_price("x3"))]
    found = events(odd, "t", None, Tariff(lines, "model"))
    assert set(found["repriced"]) == {Decimal("3.000003")}


def test_a_price_is_untouched_by_dimensions_that_only_another_price_reads(odd: Extract) -> None:
    lines = [Line("f", None, read_price("2*a")), Line("f", "m", read_price("x2"))]
    found = events(odd, "t", None, Tariff(lines, "model"))
    assert set(found["repriced"]) == {Decimal("2.000002")}


def test_a_price_for_every_feature_is_that_of_those_with_none_of_their_own() -> None:
    changes = (
        Change(None, "x2"), Change("f", "x3"), Change(None, "x4", "m"), Change("f", "x5", "m"),
    )  # fmt: skip
    tariff = tariff_of(Scenario("S", changes, "model"), ["f", "g"])
    assert {(line.feature_id, line.value): line.price.per_credit for line in tariff.lines} == {
        ("f", None): 3, ("g", None): 2, ("f", "m"): 5, ("g", "m"): 4,
    }  # fmt: skip


@pytest.mark.parametrize("kind", [Repriced, Replayed])
def test_a_charge_below_nothing_is_refused(demo: Extracted, kind: Any) -> None:
    scenario = Scenario("Less", (Change(CHAT, "0.001*input_tokens - 100"),))
    with pytest.raises(QuestionError, match=f"an event of {CHAT} -.* A price is 0 or more"):
        answer(kind("ai-tokens", QUARTER, scenario), demo)


def test_what_was_earned_as_charged_is_the_same_beside_every_scenario(demo: Extracted) -> None:
    baseline = answer(Replayed("ai-tokens", QUARTER), demo).frame
    free = Scenario("Free", (Change(None, "x0"),))
    oldest = Scenario("Oldest", order=Order.OLDEST_FIRST)
    made = [
        effect(compared(baseline, answer(Replayed("ai-tokens", QUARTER, each), demo).frame))
        for each in (DOUBLE, free, oldest)
    ]
    true = baseline["money"].drop_nulls().explode().struct.field("recognised").sum()
    assert [each.recognised["USD"][0] for each in made] == [true] * 3
    assert made[1].recognised["USD"][1] == 0 == made[1].credits[1]


def test_the_sides_are_ranked_by_nearest_rank() -> None:
    """20 customers who pay 1 to 20 more from 100 each, one who pays 5 less, one the same."""
    rows = [(f"c{n}", Decimal(100), Decimal(100 + n)) for n in range(1, 21)]
    rows += [("less", Decimal(100), Decimal(95)), ("same", Decimal(7), Decimal(7))]
    was, now = (
        pl.DataFrame(
            [{"customer_id": row[0], "credits": row[side], "balance": 0} for row in rows],
            schema_overrides=dict(REPLAYED),
        )
        .with_columns(
            pl.lit(None, kind).alias(name)
            for name, kind in REPLAYED.items()
            if name not in ("customer_id", "credits", "balance")
        )
        .select(REPLAYED.names())
        for side in (1, 2)
    )
    made = effect(compared(was, now))
    assert (made.more.customers, made.less.customers, made.same) == (20, 1, 1)
    assert (made.more.p50, made.more.p95, made.less.p50) == (10, 19, -5)
    assert made.more.p95_ratio == pytest.approx(0.19)


def test_a_charge_that_no_ledger_can_hold_is_refused(odd: Extract) -> None:
    with pytest.raises(QuestionError, match="too many"):
        charged(odd, read_price("999999*1000000*a*a"))


# Questions


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"changes": (Change("f", "x2", "m"),)}, "Choose the key"),
        ({"changes": (Change("f", "x2"), Change("f", "x3"))}, "has two prices"),
        ({"changes": tuple(Change(f"f{n}", "x2") for n in range(21))}, "up to 20 changes"),
        ({"name": ""}, "has a name"),
        ({"name": "n" * 61}, "has a name"),
        ({"key": "a b"}, "cannot be a group-by key"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence):
        Scenario(**{"name": "S", **given})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("a b", "x2"), "cannot be a feature"),
        (("f", "twice"), None),
        (("f", "x2", "v" * 256), "up to 255"),
        (("f", ""), "Say what it costs"),
    ],
)
def test_a_change_that_cannot_be_is_refused(given: tuple[str, ...], sentence: str | None) -> None:
    if sentence is None:
        assert Change(*given).terms.formula == "twice"
        return
    with pytest.raises(QuestionError, match=sentence):
        Change(*given)


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(QuestionError, match="ends"):
        Repriced("ai-tokens", Span(NOW, NOW), BASELINE)


@pytest.mark.parametrize(
    "question", [Repriced("t", QUARTER), Replayed("t", QUARTER), TodaysRates("t")]
)
def test_a_metering_api_says_that_an_extract_can(question: Any, told: Told) -> None:
    with pytest.raises(CannotAnswer, match="Choose an extract"):
        answer(question, told.live)
