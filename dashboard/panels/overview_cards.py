"""The cards of the Overview: what is held, used, worth and bought, and who needs a look."""

from decimal import Decimal

import polars as pl
import streamlit as st

from dashboard.formats import compact, money
from dashboard.markdown import plain
from dashboard.panels.cards import NO_PREVIOUS, card, change_of
from dashboard.panels.overview_shown import ShownPortfolio
from queries.portfolio.standing import course, expiring, outstanding
from queries.time import to_local, zone_of


def cards(shown: ShownPortfolio) -> None:
    """What finance reads first, then what customer success does."""
    with st.container(horizontal=True):
        _outstanding(shown)
        _used(shown)
        _worth(shown)
        _recharged(shown)
    with st.container(horizontal=True):
        _run_out(shown)
        _overdrawn(shown)
        _expiring(shown)


def _outstanding(shown: ShownPortfolio) -> None:
    """With its course over the period, where that reaches up to now."""
    held = outstanding(shown.portfolio.facts.grants)
    parts = [f"{kind.lower()} {_signed(credits)}" for kind, credits in held.iter_rows()]
    total = Decimal(held["credits"].sum() or 0)
    change, trend = None, None
    if shown.wanted.chosen.period.span.end > shown.now and shown.moves.height:
        ends = course(total, shown.moves, shown.wanted.moves().cuts)
        change, trend = change_of(total, ends[0]), [float(end) for end in ends]
    note = plain(" · ".join(parts)) or "No grant is active."
    card(f"Outstanding ({shown.unit})", plain(_signed(total)), change, trend, note)


def _used(shown: ShownPortfolio) -> None:
    facts = shown.portfolio.facts
    now = Decimal(facts.used["credits"].sum() or 0)
    before = None if facts.before is None else Decimal(facts.before["credits"].sum() or 0)
    sums = dict(facts.used.group_by("bucket").agg(pl.col("credits").sum()).iter_rows())
    cuts = shown.wanted.moves().cuts
    trend = [float(sums.get(cut, 0)) for cut in cuts] if now and len(cuts) > 1 else None
    change = change_of(now, before) or NO_PREVIOUS
    card(f"Used ({shown.unit})", plain(_signed(now)), change, trend)


def _worth(shown: ShownPortfolio) -> None:
    """Deferred revenue: what remains of paid grants at what it cost."""
    worth = shown.portfolio.worth or {"USD": Decimal(0)}
    (currency, amount), *others = worth.items()
    more = ", ".join(money(amount, currency) for currency, amount in others)
    note = "Deferred: what remains × what it cost." + (f" Also {more}." if more else "")
    label = f"Paid credits outstanding ({currency})"
    card(
        label, plain(money(amount, currency).removesuffix(f" {currency}")), None, None, plain(note)
    )


def _recharged(shown: ShownPortfolio) -> None:
    rules = shown.portfolio.facts.recharges
    spent = Decimal(rules["current_monthly_spend"].sum() or 0)
    capped = rules.filter(pl.col("max_spend_limit").is_not_null())
    within = Decimal(capped["current_monthly_spend"].sum() or 0)
    caps = Decimal(capped["max_spend_limit"].sum() or 0)
    note = f"{money(within, 'USD')} of it under caps of {money(caps, 'USD')}"
    if not rules.height:
        note = "Nobody has auto-recharge."
    elif not capped.height:
        note = "None of it under a cap"
    label = "Recharged this month (USD)"
    card(label, plain(f"{spent:,.2f}"), None, None, plain(note))


def _run_out(shown: ShownPortfolio) -> None:
    found = shown.portfolio
    note = "Nobody, as far as use can be foreseen."
    if found.runs_out.height:
        first = found.runs_out.row(0, named=True)
        name = shown.pool_name(first["customer_id"], first["resource_id"])
        at = first["expected"]
        when = f"{to_local(at, zone_of(shown.scope.zone)):%-d %b}" if at else "out already"
        note = f"First: {name}, {when}"
    card("Run out within 30 days", f"{found.runs_out.height:,}", None, None, plain(note))


def _overdrawn(shown: ShownPortfolio) -> None:
    rows = shown.portfolio.overdrawn
    owed = Decimal(rows["owed"].sum() or 0)
    note = f"They owe {compact(owed)} {shown.unit}" if rows.height else "Nobody owes credits."
    card("In overdraft", f"{rows.height:,}", None, None, plain(note))


def _expiring(shown: ShownPortfolio) -> None:
    facts = shown.portfolio.facts
    lapse = Decimal(shown.portfolio.lapsing["lapse"].sum() or 0)
    note = f"{compact(lapse)} are expected to lapse unused within 90 days"
    amount = compact(expiring(facts.grants, facts.now))
    card(f"Expire within 30 days ({shown.unit})", plain(amount), None, None, plain(note))


def _signed(amount: Decimal) -> str:
    return compact(amount).replace("-", "−")
