"""The catalogue as pages need it: currencies with their units, features with their names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Currencies:
    """Active ones: `currency_id`, `display_name`, `symbol`, `unit_singular`, `unit_plural`."""


@dataclass(frozen=True, slots=True)
class Features:
    """All features: `feature_id`, `display_name`, sorted by id."""
