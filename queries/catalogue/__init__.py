"""The catalogue as pages need it: currencies with their units, features with their names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Currencies:
    """The active ones, then those no longer sold, in which credits may still be held.

    `currency_id`, `display_name`, `symbol`, `unit_singular`, `unit_plural`, `status` (ACTIVE or
    ARCHIVED); by status and id.
    """


@dataclass(frozen=True, slots=True)
class Features:
    """All features: `feature_id`, `display_name`, sorted by id."""
