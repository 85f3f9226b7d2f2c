"""What an event costs: the features it uses, each with its units and credits by the catalogue."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from data.credits.amounts import AmountError, to_units
from data.credits.rates import Rate
from data.extract.errors import MappingError
from data.extract.events import Event, RowError
from data.extract.mapping import NOTHING, EventMapping
from data.metering.catalogue import Catalogue
from data.metering.offers import Meter

AGGREGATIONS = ("COUNT", "SUM")

Subscriptions = Mapping[str, Sequence[tuple[str | None, str]]]
"""customer_id → (resource_id, plan_id) of its active subscriptions, the latest first."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a row of usage_events will hold, by natural ids."""

    event_id: str
    customer_id: str
    resource_id: str | None
    feature_id: str
    currency_id: str
    occurred_at: datetime
    units: Decimal
    credits: Decimal
    dimensions: Mapping[str, str]


class Rater:
    """The rules of a catalogue, for customers with these subscriptions."""

    def __init__(self, catalogue: Catalogue, subscriptions: Subscriptions) -> None:
        self.features: set[str] = set(catalogue.features)
        self.plans: list[str] = list(catalogue.plans)
        self.rates = catalogue.rates
        self.subscriptions = subscriptions
        self.meters: dict[str, list[Meter]] = {}
        for meter in catalogue.meters:
            self.meters.setdefault(meter.event_name, []).append(meter)
        self._found: dict[tuple[str, str | None, str, str | None], Rate] = {}

    def check(self, mapping: EventMapping) -> None:
        """Raise MappingError if the mapping asks for what the catalogue does not have."""
        kinds = {
            "feature": (mapping.feature, self.features),
            "event_name": (mapping.event_name, self.meters),
            "plan": (mapping.plan, self.plans),
        }
        for name, (field, known) in kinds.items():
            if field.constant is not None and field.constant not in known:
                raise MappingError(
                    f"The mapping's {name} {field.constant!r} is not in the catalogue, which has "
                    f"{', '.join(sorted(known)) or 'none'}."
                )
        if mapping.event_name is not NOTHING:
            for meters in self.meters.values():
                _check_aggregations(meters)

    def usages(self, event: Event) -> list[Usage]:
        """One usage of each feature that the event uses; RowError if it cannot be rated whole."""
        usages = []
        try:
            for feature_id, units in self._measures(event):
                rate = self.rate(event.customer_id, event.resource_id, feature_id, event.plan_id)
                charge = rate.charge(units, event.dimensions)
                usages.append(_usage(event, rate, units, charge))
        except AmountError as error:
            raise RowError(str(error)) from None
        return usages

    def _measures(self, event: Event) -> Iterator[tuple[str, Decimal]]:
        """The features that the event uses, each with its units."""
        if event.event_name is not None:
            yield from self._metered(event.event_name, event.dimensions)
            return
        if event.feature_id is None or event.feature_id not in self.features:
            raise RowError(f"the feature {event.feature_id!r} is not in the catalogue")
        value = event.value
        if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
            raise RowError(f"the value is {value!r}, not a number")
        yield event.feature_id, to_units(value)

    def _metered(
        self, event_name: str, dimensions: Mapping[str, str]
    ) -> Iterator[tuple[str, Decimal]]:
        """By the meters; to a SUM an event that lacks the dimension adds 0 units."""
        meters = self.meters.get(event_name, [])
        fed = [meter for meter in meters if _feeds(meter, dimensions)]
        if not meters:
            raise RowError(f"no meter of the catalogue counts the event {event_name!r}")
        if not fed:
            raise RowError(f"the filters of all meters of the event {event_name!r} leave it out")
        if len({meter.feature_id for meter in fed}) < len(fed):
            raise RowError(f"two meters count the event {event_name!r} for the same feature")
        for meter in fed:
            is_sum = meter.aggregation == "SUM"
            value = dimensions.get(meter.dimension or "", "0") if is_sum else 1
            yield meter.feature_id, to_units(value)

    def rate(
        self, customer_id: str, resource_id: str | None, feature_id: str, plan_id: str | None
    ) -> Rate:
        """The rate of a customer's usage; RowError if there is none."""
        key = customer_id, resource_id, feature_id, plan_id
        if key not in self._found:
            plan = plan_id or self._plan(customer_id, resource_id, feature_id)
            if (plan, feature_id) not in self.rates:
                raise RowError(f"the plan {plan!r} has no rate for the feature {feature_id!r}")
            self._found[key] = self.rates[plan, feature_id]
        return self._found[key]

    def _plan(self, customer_id: str, resource_id: str | None, feature_id: str) -> str:
        """The plan that rates it: of the resource's subscription, the customer's, or the only."""
        subscribed = self.subscriptions.get(customer_id, ())
        own = [plan for resource, plan in subscribed if resource == resource_id]
        common = [plan for resource, plan in subscribed if resource is None]
        for plan in own + common:
            if (plan, feature_id) in self.rates:
                return plan
        if own + common:
            raise RowError(
                f"the plan {(own + common)[0]!r} of the customer {customer_id!r} has no "
                f"rate for the feature {feature_id!r}"
            )
        return self._only_plan(feature_id)

    def _only_plan(self, feature_id: str) -> str:
        carrying = [plan for plan in self.plans if (plan, feature_id) in self.rates]
        if len(carrying) != 1:
            raise RowError(
                f"the customer has no subscription, and {', '.join(carrying) or 'no plan'} of the "
                f"catalogue has a rate for the feature {feature_id!r}: the mapping can name a plan"
            )
        return carrying[0]


def _usage(event: Event, rate: Rate, units: Decimal, charge: Decimal) -> Usage:
    return Usage(
        event_id=event.event_id,
        customer_id=event.customer_id,
        resource_id=event.resource_id,
        feature_id=rate.feature_id,
        currency_id=rate.currency_id,
        occurred_at=event.occurred_at,
        units=units,
        credits=charge,
        dimensions=event.dimensions,
    )


def _feeds(meter: Meter, dimensions: Mapping[str, str]) -> bool:
    return all(dimensions.get(key) == value for key, value in meter.filters.items())


def _check_aggregations(meters: Sequence[Meter]) -> None:
    for meter in meters:
        if meter.aggregation not in AGGREGATIONS:
            raise MappingError(
                f"The meter of the event {meter.event_name!r} is a {meter.aggregation}; an "
                f"extract rates by {' and '.join(AGGREGATIONS)}."
            )
