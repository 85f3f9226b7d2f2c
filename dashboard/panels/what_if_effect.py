"""What a scenario changes: the proof of its baseline, cards, scenarios side by side, customers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard.charts import what_if as chart
from dashboard.charts.palette import palette
from dashboard.controls.choices import words
from dashboard.formats import compact, day_span, exact, money, percent
from dashboard.markdown import plain
from dashboard.panels.cards import card, change_of
from dashboard.panels.export import export_buttons
from dashboard.panels.overview_table import IN_WORDS, open_selected
from dashboard.panels.what_if_shown import Result, ShownWhatIf, described
from dashboard.tables import MOST_DRAWN, drawn, exact_format
from data.tables import CREDITS_SUM
from queries.outlook import Status
from queries.time import to_local, zone_of
from queries.whatif.compared import Effect, Side

HEIGHT, ROWS_IN_SIGHT = 460, 12
WHAT, AS_CHARGED = "What", "As charged"
Measure = tuple[str, Callable[[Effect], tuple[Decimal, Decimal]], Callable[[Decimal], str]]


def proof(shown: ShownWhatIf) -> None:
    """Whether the baseline is the ledger, and today's rates charge what was charged."""
    rows, pools = int(shown.baseline["rows"].sum() or 0), shown.baseline.height
    wrong = shown.baseline.filter(pl.col("difference") > 0)
    if not rows:
        st.info(
            "This extract holds events but no ledger, so there is nothing to check the baseline "
            "against: every event is burned into an overdraft.",
            icon=":material/info:",
        )
        return
    events, differing = (shown.rated[name].sum() or 0 for name in ("events", "differing"))
    if not wrong.height and not differing:
        st.success(
            f"Proven: the same events at today's rates, burned through the same grants, give "
            f"today's ledger exactly: {events:,} events and {rows:,} ledger rows of {pools:,} "
            "pools, none differs.",
            icon=":material/verified:",
        )
        return
    if wrong.height:
        _tell_wrong(shown, wrong, rows)
    if differing:
        charged, rated = (Decimal(shown.rated[name].sum()) for name in ("charged", "rated"))
        st.warning(
            f"{differing:,} of {events:,} events were charged at other rates than today's "
            f"({exact(charged)} {plain(shown.unit)}; today's rates give {exact(rated)}). The "
            "baseline is what was charged.",
            icon=":material/price_change:",
        )


def _tell_wrong(shown: ShownWhatIf, wrong: pl.DataFrame, rows: int) -> None:
    names = [
        shown.pool_name(*pool) for pool in wrong.select("customer_id", "resource_id").iter_rows()
    ]
    some = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
    st.warning(
        f"The baseline is not the ledger in {wrong['difference'].sum():,} of {rows:,} rows, of "
        f"{plain(some)}. That happens where a grant's terms were changed after it had begun: "
        "what they were before is not known. All other pools are proven.",
        icon=":material/rule:",
    )


def reach(shown: ShownWhatIf) -> str:
    """What of the past a scenario changes."""
    days = day_span(shown.span.start, shown.span.end, shown.scope.zone)
    return (
        f"New prices are for the events of {days}; another burn order is for all the past. All "
        "other events stay as charged, up to the end of the data."
    )


def cards(shown: ShownWhatIf, result: Result) -> None:
    """At most five numbers, each with how it was."""
    made = result.effect
    was, now = made.credits
    with st.container(horizontal=True):
        card(
            f"{shown.unit.capitalize()} used",
            plain(_signed(now)),
            change_of(now, was) if now != was else None,
            None,
            plain(f"As charged {_signed(was)}"),
        )
        _money_card(made)
        _side_card("Pay more", made.more, shown.unit, made.same)
        _side_card("Pay less", made.less, shown.unit, made.same)
        note = f"{made.overdrawn[0]:,} → {made.overdrawn[1]:,} pools in overdraft"
        sooner = f"{made.sooner:,} run out sooner"
        card("New overdrafts", f"{made.newly_overdrawn:,}", None, None, plain(f"{note} · {sooner}"))


def _money_card(made: Effect) -> None:
    """Revenue recognised, and what the change is worth at what customers paid for a credit."""
    worth = f"The change is worth {money(made.worth, 'USD')} at what each last paid for a credit."
    if not made.recognised:
        card("Recognised", "–", None, None, plain(worth))
        return
    (currency, (was, now)), *others = made.recognised.items()
    more = "".join(f" Also {money(after, code)}." for code, (_, after) in others)
    card(
        f"Recognised ({currency})",
        plain(f"{now:,.2f}"),
        change_of(now, was) if now != was else None,
        None,
        plain(f"As charged {was:,.2f}. {worth}{more}"),
    )


def _side_card(label: str, side: Side, unit: str, same: int) -> None:
    note = f"{same:,} pay the same"
    if side.customers:
        half = _change(side.p50, side.p50_ratio, unit)
        note = f"p50 {half} · p95 {_change(side.p95, side.p95_ratio, unit)}"
    card(label, f"{side.customers:,}", None, None, plain(note))


def _change(credits: Decimal, ratio: float | None, unit: str) -> str:
    share = "" if ratio is None else f" ({percent(ratio)})"
    sign = "+" if credits > 0 else "−"
    return f"{sign}{compact(abs(credits))} {unit}{share}"


def side_by_side(shown: ShownWhatIf) -> None:
    """Every scenario beside what was charged, a row for each number."""
    numbers = _numbers(shown)
    writes = [write for _, _, write in _measures(shown)]
    st.dataframe(
        numbers.with_columns(
            pl.Series(
                name, [write(number) for write, number in zip(writes, numbers[name], strict=True)]
            )
            for name in numbers.columns[1:]
        ),
        hide_index=True,
        height="content",
        column_config={
            WHAT: st.column_config.TextColumn(WHAT, pinned=True, width=300),
            **{
                name: st.column_config.TextColumn(name, alignment="right")
                for name in numbers.columns[1:]
            },
        },
        alt=f"The scenarios beside what was charged: {shown.title}",
    )
    export_buttons(numbers, shown.about("scenarios beside what was charged"), "what-if-scenarios")


def _numbers(shown: ShownWhatIf) -> pl.DataFrame:
    """A row for each measure: as charged, and in each scenario."""
    taken = Counter([WHAT, AS_CHARGED, *(r.scenario.name for r in shown.results.values())])
    pairs = {
        r.scenario.name if taken[r.scenario.name] == 1 else f"{r.scenario.name} ({n})": [
            of(r.effect) for _, of, _ in _measures(shown)
        ]
        for n, r in shown.results.items()
    }
    first = next(iter(pairs.values()))
    columns = {AS_CHARGED: [was for was, _ in first]}
    columns |= {name: [now for _, now in pair] for name, pair in pairs.items()}
    return pl.DataFrame(
        {WHAT: [name for name, _, _ in _measures(shown)]}
        | {name: pl.Series(numbers, dtype=CREDITS_SUM) for name, numbers in columns.items()}
    )


def _measures(shown: ShownWhatIf) -> list[Measure]:
    """Name, (as charged, in the scenario), and how it is written."""
    unit = shown.unit
    effects = [result.effect for result in shown.results.values()]
    return [
        (f"Used in the period ({unit})", lambda made: made.credits, _exact),
        (f"Expired in the period ({unit})", lambda made: made.expired, _exact),
        *_money_measures("Recognised", [made.recognised for made in effects], "recognised"),
        *_money_measures("Breakage", [made.breakage for made in effects], "breakage"),
        ("Recharge spend (USD)", lambda made: made.recharge_cost, _cents),
        (f"Balance at the end of the data ({unit})", lambda made: made.balance, _exact),
        ("Pools in overdraft", lambda made: _decimals(made.overdrawn), _exact),
        ("Pools out or running out within 90 days", lambda made: _decimals(made.runs_out), _exact),
    ]


def _money_measures(
    label: str, sums: Sequence[Mapping[str, tuple[Decimal, Decimal]]], name: str
) -> list[Measure]:
    """One for each currency that any scenario earns in, or that was earned in as charged."""
    was = {code: pair[0] for each in sums for code, pair in each.items()}

    def of(made: Effect, code: str) -> tuple[Decimal, Decimal]:
        pairs: Mapping[str, tuple[Decimal, Decimal]] = getattr(made, name)
        return pairs.get(code, (was[code], Decimal(0)))

    return [(f"{label} ({code})", partial(of, code=code), _cents) for code in sorted(was)]


def _decimals(pair: tuple[int, int]) -> tuple[Decimal, Decimal]:
    return Decimal(pair[0]), Decimal(pair[1])


def _exact(amount: Decimal) -> str:
    return _signed(amount, exact)


def _cents(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace("-", "−")


def who_changes(shown: ShownWhatIf, result: Result) -> None:
    """The customers that change most, as bars."""
    rows = [
        chart.Changed(shown.pool_name(customer, resource), was, change)
        for customer, resource, was, change in result.by_pool.select(
            "customer_id", "resource_id", "was_credits", "change"
        ).iter_rows()
    ]
    most = chart.most_changed(rows)
    if not most:
        st.info(
            "Nobody's use changes in this scenario: no event of the period is charged otherwise.",
            icon=":material/drag_handle:",
        )
        return
    st.plotly_chart(
        chart.figure(most, palette(st.context.theme.type), shown.unit),
        key=f"who changes {result.scenario.name}",
        alt=chart.sentence(most, result.scenario.name, shown.unit),
        config={"displayModeBar": False},
    )


def customers(shown: ShownWhatIf, result: Result) -> None:
    """Every pool, those that pay most more first; a click opens it."""
    with st.container(width=260):
        wanted = words("Find", key="find", placeholder="A name or an id")
    rows = _found(_named(shown, result.by_pool), wanted)
    if not rows.height:
        st.info("No customer is called so.", icon=":material/search_off:")
        return
    more = f" · the first {MOST_DRAWN:,} are drawn" if rows.height > MOST_DRAWN else ""
    change = Decimal(rows["change"].sum() or 0)
    pools = "pool" if rows.height == 1 else "pools"
    st.markdown(
        f"**{rows.height:,}** {pools} · change **{plain(_signed(change, exact))}** "
        f"{plain(shown.unit)}{more}"
    )
    few = drawn(rows)
    zone = shown.scope.zone
    table = few.with_columns(
        was_range=pl.Series([_runs_out(row, zone, "was_") for row in few.to_dicts()]),
        range=pl.Series([_runs_out(row, zone) for row in few.to_dicts()]),
    )
    event = st.dataframe(
        table.select(
            "name", "was_credits", "credits", "change", "change_ratio", "worth", "was_balance",
            "balance", "was_range", "range", "is_newly_overdrawn", "was_expired", "expired",
            "was_recharge_cost", "recharge_cost",
        ),
        height=HEIGHT if table.height > ROWS_IN_SIGHT else "auto",
        hide_index=True,
        column_config=_columns(table, shown.unit),
        key=f"what-if customers {result.scenario.name} {wanted}",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"Customers by how much more they use in {result.scenario.name}: {shown.title}",
        placeholder="–",
    )  # fmt: skip
    about = shown.about(described(result.scenario)) | {"name or id contains": wanted or "anything"}
    export_buttons(_exported(rows), about, "what-if-customers")
    open_selected(few, event.selection.rows)


def _exported(rows: pl.DataFrame) -> pl.DataFrame:
    """One line for each pool: its money as text, since it may be of several currencies."""
    return rows.drop("rows", "difference").with_columns(
        pl.Series(name, [_in_words(money) for money in rows[name]], pl.String)
        for name in ("money", "was_money")
    )


def _in_words(money: pl.Series | None) -> str:
    earned = [] if money is None else money.to_list()
    return "; ".join(
        f"{each['currency']} recognised {each['recognised']:.2f}, breakage {each['breakage']:.2f}"
        for each in earned
    )


def _named(shown: ShownWhatIf, by_pool: pl.DataFrame) -> pl.DataFrame:
    keys = by_pool.select("customer_id", "resource_id").iter_rows()
    return by_pool.with_columns(
        name=pl.Series([shown.pool_name(*key) for key in keys], dtype=pl.String)
    )


def _found(rows: pl.DataFrame, wanted: str) -> pl.DataFrame:
    text = pl.concat_str("name", "customer_id", separator=" ").str.to_lowercase()
    return rows.filter(text.str.contains(wanted.lower(), literal=True)) if wanted else rows


def _runs_out(row: Mapping[str, Any], zone: str, prefix: str = "") -> str:
    status, at = row[f"{prefix}status"], row[f"{prefix}runs_out"]
    if status != Status.WITHIN or at is None:
        return IN_WORDS.get(status, "later") if status else "no forecast"
    return f"{to_local(at, zone_of(zone)):%-d %b}"


def _signed(amount: Decimal, write: Any = compact) -> str:
    text: str = write(amount)
    return text.replace("-", "−")


def _columns(table: pl.DataFrame, unit: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    amounts = {
        "was_credits": f"Was ({unit})",
        "credits": f"Would be ({unit})",
        "change": f"Change ({unit})",
        "was_balance": "Balance is",
        "balance": "Balance would be",
        "was_expired": "Expired",
        "expired": "Would expire",
    }
    return {
        "name": st.column_config.TextColumn("Customer", pinned=True, width="medium"),
        **{
            name: number(label, format=exact_format(table, name)) for name, label in amounts.items()
        },
        "change_ratio": number("Change", format="percent", width=95),
        "worth": number("Worth (USD)", format="%,.2f"),
        "was_range": "Runs out",
        "range": "Would run out",
        "is_newly_overdrawn": st.column_config.CheckboxColumn("New overdraft"),
        "was_recharge_cost": number("Recharged (USD)", format="%,.2f"),
        "recharge_cost": number("Would recharge (USD)", format="%,.2f"),
    }
