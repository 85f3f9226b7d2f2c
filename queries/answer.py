"""The one door for reading: a question and a source in, a frame out."""

from collections.abc import Callable
from typing import Any

import polars as pl

from data.clock import utc_now
from queries import (
    balance,
    catalogue,
    customers,
    entitlements,
    estimates,
    grants,
    keys,
    ledger,
    plans,
    portfolio,
    recharge,
    statement,
    usage,
    whatif,
)
from queries.balance import extracted as balance_extracted
from queries.balance import live as balance_live
from queries.catalogue import extracted as catalogue_extracted
from queries.catalogue import live as catalogue_live
from queries.customers import extracted as customers_extracted
from queries.customers import live as customers_live
from queries.entitlements import extracted as entitlements_extracted
from queries.entitlements import live as entitlements_live
from queries.estimates import extracted as estimates_extracted
from queries.estimates import live as estimates_live
from queries.grants import extracted as grants_extracted
from queries.grants import live as grants_live
from queries.keys import extracted as keys_extracted
from queries.keys import live as keys_live
from queries.ledger import extracted as ledger_extracted
from queries.ledger import live as ledger_live
from queries.plans import extracted as plans_extracted
from queries.plans import live as plans_live
from queries.portfolio import extracted as portfolio_extracted
from queries.portfolio import live as portfolio_live
from queries.question import Answer, Live, Source
from queries.recharge import extracted as recharge_extracted
from queries.recharge import live as recharge_live
from queries.statement import extracted as statement_extracted
from queries.statement import live as statement_live
from queries.usage import extracted as usage_extracted
from queries.usage import live as usage_live
from queries.whatif import extracted as whatif_extracted
from queries.whatif import live as whatif_live

Found = pl.DataFrame | tuple[pl.DataFrame, bool] | tuple[pl.DataFrame, bool, str | None]
Readers = tuple[Callable[[Any, Any], Found], Callable[[Any, Any], Found]]

Question = (
    usage.Usage
    | usage.TopUsage
    | keys.Keys
    | balance.Balance
    | balance.Optimistic
    | balance.Standings
    | grants.Grants
    | ledger.LedgerPage
    | ledger.LedgerEvent
    | ledger.EventRows
    | ledger.LeftThen
    | ledger.WrittenSince
    | statement.Statement
    | statement.Spent
    | statement.SpentEvents
    | recharge.Recharge
    | recharge.RechargeLimits
    | portfolio.AllCustomers
    | portfolio.AllGrants
    | portfolio.AllRecharges
    | portfolio.AllUse
    | portfolio.AllMoves
    | whatif.Repriced
    | whatif.Replayed
    | whatif.TodaysRates
    | customers.Customers
    | customers.Resources
    | customers.Subscriptions
    | catalogue.Currencies
    | catalogue.Features
    | estimates.EstimateNew
    | estimates.EstimateChange
    | estimates.UsageCost
    | estimates.EventCost
    | plans.Paywall
    | plans.Countries
    | plans.Rates
    | plans.Coupons
    | entitlements.Promotions
    | entitlements.InForce
    | entitlements.Planned
    | entitlements.Entitleable
)

READERS: dict[type, Readers] = {
    usage.Usage: (usage_live.read, usage_extracted.read),
    usage.TopUsage: (usage_live.top, usage_extracted.top),
    keys.Keys: (keys_live.read, keys_extracted.read),
    balance.Balance: (balance_live.read, balance_extracted.read),
    balance.Optimistic: (balance_live.optimistic, balance_extracted.optimistic),
    balance.Standings: (balance_live.standings, balance_extracted.optimistic),
    grants.Grants: (grants_live.read, grants_extracted.read),
    ledger.LedgerPage: (ledger_live.read, ledger_extracted.read),
    ledger.LedgerEvent: (ledger_live.event, ledger_extracted.event),
    ledger.EventRows: (ledger_live.rows_of_event, ledger_extracted.rows_of_event),
    ledger.LeftThen: (ledger_live.left, ledger_extracted.left),
    ledger.WrittenSince: (ledger_live.written_since, ledger_extracted.written_since),
    statement.Statement: (statement_live.statement, statement_extracted.statement),
    statement.Spent: (statement_live.spent, statement_extracted.spent),
    statement.SpentEvents: (statement_live.events, statement_extracted.events),
    recharge.Recharge: (recharge_live.read, recharge_extracted.read),
    recharge.RechargeLimits: (recharge_live.limits, recharge_extracted.limits),
    portfolio.AllCustomers: (portfolio_live.listed, portfolio_extracted.customers),
    portfolio.AllGrants: (portfolio_live.grants, portfolio_extracted.grants),
    portfolio.AllRecharges: (portfolio_live.recharges, portfolio_extracted.recharges),
    portfolio.AllUse: (portfolio_live.use, portfolio_extracted.use),
    portfolio.AllMoves: (portfolio_live.moves, portfolio_extracted.moves),
    whatif.Repriced: (whatif_live.read, whatif_extracted.repriced),
    whatif.Replayed: (whatif_live.read, whatif_extracted.replayed),
    whatif.TodaysRates: (whatif_live.read, whatif_extracted.todays_rates),
    customers.Customers: (customers_live.customers, customers_extracted.customers),
    customers.Resources: (customers_live.resources, customers_extracted.resources),
    customers.Subscriptions: (customers_live.subscriptions, customers_extracted.subscriptions),
    catalogue.Currencies: (catalogue_live.currencies, catalogue_extracted.currencies),
    catalogue.Features: (catalogue_live.features, catalogue_extracted.features),
    estimates.EstimateNew: (estimates_live.new, estimates_extracted.estimate),
    estimates.EstimateChange: (estimates_live.change, estimates_extracted.estimate),
    estimates.UsageCost: (estimates_live.usage, estimates_extracted.estimate),
    estimates.EventCost: (estimates_live.event, estimates_extracted.estimate),
    plans.Paywall: (plans_live.paywall, plans_extracted.paywall),
    plans.Countries: (plans_live.countries, plans_extracted.countries),
    plans.Rates: (plans_live.rates, plans_extracted.rates),
    plans.Coupons: (plans_live.coupons, plans_extracted.coupons),
    entitlements.Promotions: (entitlements_live.promotions, entitlements_extracted.promotions),
    entitlements.InForce: (entitlements_live.in_force, entitlements_extracted.in_force),
    entitlements.Planned: (entitlements_live.planned, entitlements_extracted.planned),
    entitlements.Entitleable: (entitlements_live.features, entitlements_extracted.features),
}
"""question → (how a metering API answers it, how an extract does)"""


def answer(question: Question, source: Source) -> Answer:
    """Ask the source; the same question to both kinds of source gives the same frame.

    Raises CannotAnswer where this kind of source has no answer, MeteringError where a metering
    API fails, ExtractError where an extract does: each with a sentence for the reader.
    """
    live, extracted = READERS[type(question)]
    if isinstance(source, Live):
        as_of = utc_now()
        found = live(question, source.client)
    else:
        with source.extract.held():
            as_of = source.extract.cut_off
            found = extracted(question, source.extract)
    if isinstance(found, pl.DataFrame):
        return Answer(found, source.name, as_of)
    frame, is_cut, *rest = found
    return Answer(frame, source.name, as_of, is_cut, next(iter(rest), None))
