"""What a customer may use: the most generous of its plans and promotions, feature by feature."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from data.credits.resets import Reset, ResetPeriod
from data.metering.catalogue import Catalogue
from data.metering.offers import Entitlement
from data.metering.service.state import Owner, State
from data.metering.service.store import Row, Store, Writer, sql

Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Entitled:
    """What one source grants of a feature; without a limit, and not unlimited, access alone."""

    feature_id: str
    anchor: datetime
    """From where its reset periods are counted: where the subscription started."""
    usage_limit: Decimal | None = None
    is_unlimited: bool = False
    is_soft: bool = False
    enum_values: frozenset[str] = frozenset()
    reset: Reset | None = None
    ends_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def generosity(self) -> tuple[bool, Decimal, bool, datetime]:
        limit = Decimal(-1) if self.usage_limit is None else self.usage_limit
        return self.is_unlimited, limit, self.is_soft, self.ends_at or datetime(9999, 12, 31)


def entitled(
    state: State, customer_id: str, resource_id: str | None, now: datetime
) -> dict[str, Entitled]:
    """feature_id → what the customer, or its resource, may use of it now."""
    best: dict[str, Entitled] = {}
    sources = (
        *_planned(state, customer_id, resource_id),
        *_promised(state, customer_id, resource_id, now),
    )
    for one in sources:
        other = best.get(one.feature_id, one)
        values = one.enum_values | other.enum_values
        best[one.feature_id] = replace(
            max(other, one, key=lambda each: each.generosity), enum_values=values
        )
    return best


def _planned(state: State, customer_id: str, resource_id: str | None) -> Iterator[Entitled]:
    """What active subscriptions grant by their plans and add-ons.

    A feature that the plan only has a rate for can be used without limit, for credits.
    """
    for subscription in state.active(customer_id, resource_id):
        anchor = subscription["started_at"]
        named = list(_offered(state.catalogue, subscription))
        for offer in named:
            yield Entitled(
                offer.feature_id,
                anchor,
                usage_limit=offer.usage_limit,
                is_unlimited=offer.usage_limit is None,
                is_soft=offer.has_soft_limit,
                reset=Reset(offer.reset_period) if offer.reset_period else None,
            )
        rated = {feature for plan, feature in state.rates if plan == subscription["plan_id"]}
        for feature_id in sorted(rated - {offer.feature_id for offer in named}):
            yield Entitled(feature_id, anchor, is_unlimited=True)


def _offered(catalogue: Catalogue, subscription: Row) -> Iterator[Entitlement]:
    """The entitlements of its plan, of the plans that one is based on, and of its add-ons."""
    plan, own = catalogue.plans.get(subscription["plan_id"]), set()
    while plan is not None:
        yield from (offer for offer in plan.entitlements if offer.feature_id not in own)
        own |= {offer.feature_id for offer in plan.entitlements}
        plan = catalogue.plans.get(plan.base_plan_id or "")
    for addon_id in json.loads(subscription["addons"] or "{}"):
        if addon_id in catalogue.addons:
            yield from catalogue.addons[addon_id].entitlements


def _promised(
    state: State, customer_id: str, resource_id: str | None, now: datetime
) -> Iterator[Entitled]:
    """The promotions that have not ended; they name no resource and hold for all of them."""
    for row in state.promotions.get(customer_id, {}).values():
        if has_ended(row, now):
            continue
        started = [s["started_at"] for s in state.active(customer_id, resource_id)]
        yield Entitled(
            row["feature_id"],
            max((start for start in started if start <= now), default=row["started_at"]),
            usage_limit=row["usage_limit"],
            is_unlimited=bool(row["has_unlimited_usage"]),
            is_soft=bool(row["has_soft_limit"]),
            enum_values=frozenset(row["enum_values"] or ()),
            reset=reset_of(row),
            ends_at=row["ends_at"],
            updated_at=row["updated_at"],
        )


def has_ended(promotion: Row, now: datetime) -> bool:
    return promotion["ends_at"] is not None and promotion["ends_at"] <= now


def reset_of(promotion: Row) -> Reset | None:
    if promotion["reset_period"] is None:
        return None
    return Reset(ResetPeriod(promotion["reset_period"]), promotion["reset_according_to"])


def period_of(one: Entitled | None, now: datetime) -> Period | None:
    """[start, end) in which the feature's usage counts now; None: it counts for ever."""
    return one.reset.around(now, one.anchor) if one and one.reset else None


def usage_period(state: State, owner: Owner, now: datetime) -> Period | None:
    customer_id, resource_id, feature_id = owner
    return period_of(entitled(state, customer_id, resource_id, now).get(feature_id), now)


def used(state: State, stored: Store | Writer, owner: Owner, period: Period | None) -> Decimal:
    """Units reported since the period's start; raw events count once they have settled."""
    total = state.totals.get(owner, Decimal(0))
    if period is None:
        return total
    names = ("customer_id", "resource_id", "feature_id")
    parameters = dict(zip(names, owner, strict=True)) | {"until": period[0]}
    before: Decimal = stored.rows(sql("units_before"), parameters)[0]["units"]
    return total - before


def used_now(state: State, stored: Store | Writer, now: datetime, owner: Owner) -> Decimal:
    return used(state, stored, owner, usage_period(state, owner, now))
