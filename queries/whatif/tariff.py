"""A tariff: what a scenario charges for a feature and the values of one key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from queries.whatif import Scenario
from queries.whatif.prices import Price


@dataclass(frozen=True, slots=True)
class Line:
    """A feature's price: for one value of the tariff's key, or (None) for all others."""

    feature_id: str
    value: str | None
    price: Price


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices by feature and by the values of `key`: a dimension, or customerId."""

    lines: Sequence[Line] = ()
    key: str | None = None


def tariff_of(scenario: Scenario, features: Iterable[str]) -> Tariff:
    """The scenario's prices; one for every feature is that of each that has none of its own."""
    own = {(change.feature_id, change.value): change.terms for change in scenario.changes}
    lines = {
        (feature, value): price
        for (named, value), price in own.items()
        for feature in ([named] if named else features)
        if named or (feature, value) not in own
    }
    return Tariff([Line(*key, price) for key, price in lines.items()], scenario.key)
