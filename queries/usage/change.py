"""Why usage changed: the difference between two periods, split exactly.

For a group k with credits c, events e and rate r = c / e, before (0) and now (1), with E all
events: volume is what the group's credits would have grown by had everything grown alike,
c0·(E1 − E0)/E0; rate is what the same events cost more, e1·(r1 − r0); mix is the rest, events
that moved between cheap and dear groups, r0·(e1 − e0·E1/E0). A group that was not there before
has no rate before: all of it is mix. The three add up to c1 − c0 for each group, and in total.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from data.credits.amounts import CREDIT_STEP, PRECISION

Group = tuple[str, ...]
Amounts = dict[Group, tuple[Decimal, int]]
"""group → (credits, events)"""


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Credits before and now, and the exact parts of the difference, to 6 decimals."""

    group: Group
    before: Decimal
    now: Decimal
    volume: Decimal
    mix: Decimal
    rate: Decimal

    @property
    def change(self) -> Decimal:
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Change:
    """The split by group, largest change first; empty where there is nothing to compare with."""

    groups: tuple[GroupChange, ...]

    @property
    def volume(self) -> Decimal:
        return sum((g.volume for g in self.groups), Decimal(0))

    @property
    def mix(self) -> Decimal:
        return sum((g.mix for g in self.groups), Decimal(0))

    @property
    def rate(self) -> Decimal:
        return sum((g.rate for g in self.groups), Decimal(0))

    @property
    def total(self) -> Decimal:
        return sum((g.change for g in self.groups), Decimal(0))


def split(before: Amounts, now: Amounts) -> Change:
    """Split the change; no groups when one of the periods has no events."""
    events_before = sum(events for _, events in before.values())
    events_now = sum(events for _, events in now.values())
    if not events_before or not events_now:
        return Change(())
    growth = Fraction(events_now - events_before, events_before)
    nothing = (Decimal(0), 0)
    groups = [
        _split_group(group, before.get(group, nothing), now.get(group, nothing), growth)
        for group in {**before, **now}
    ]
    groups.sort(key=lambda g: (-abs(g.change), g.group))
    return Change(tuple(groups))


def _split_group(
    group: Group, before: tuple[Decimal, int], now: tuple[Decimal, int], growth: Fraction
) -> GroupChange:
    (credits_before, events_before), (credits_now, events_now) = before, now
    volume = _round(Fraction(credits_before) * growth)
    rate = Decimal(0)
    if events_before:
        at_old_rate = Fraction(credits_before) * events_now / events_before
        rate = _round(Fraction(credits_now) - at_old_rate)
    mix = credits_now - credits_before - volume - rate
    return GroupChange(group, credits_before, credits_now, volume, mix, rate)


def _round(value: Fraction) -> Decimal:
    """To 6 decimals; mix takes what rounding leaves, so that the parts still add up."""
    exact = PRECISION.divide(Decimal(value.numerator), Decimal(value.denominator))
    return exact.quantize(CREDIT_STEP, context=PRECISION)
