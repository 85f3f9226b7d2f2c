"""The two layouts of warehouse exports (contract, "Data export"), known by their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from data.credits.grants import GrantStatus, GrantType
from data.extract.errors import EventsError, MappingError


class Kind(StrEnum):
    """What a column holds, and so how its cells are read."""

    TEXT = "text"
    CREDITS = "credits"
    TIME = "time"
    WHOLE = "whole number"


@dataclass(frozen=True, slots=True)
class Column:
    """A column by the name it has here; `others` are further names that exports give it.

    `choices` are the only words it may hold, in capitals, and what each stands for.
    """

    name: str
    kind: Kind = Kind.TEXT
    is_required: bool = False
    others: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout; a file whose columns include the `marks` is of it."""

    name: str
    table: str
    marks: frozenset[str]
    columns: tuple[Column, ...]


TYPES = {
    **{kind.value: kind.value for kind in GrantType},
    "PROMO": GrantType.PROMOTIONAL.value,
    "PURCHASE": GrantType.PAID.value,
}
STATUSES = {status.value: status.value for status in GrantStatus}
CURRENCY = Column("credit_currency_id", is_required=True, others=("currency_id",))
CONSUMPTION = Layout(
    "credit consumption",
    "consumptions",
    frozenset({"partial_cost", "total_cost", "credit_grant_id"}),
    (
        Column("environment_id"),
        Column("customer_id", is_required=True),
        Column("resource_id"),
        Column("event_id", is_required=True),
        Column("feature_id"),
        Column("partial_cost", Kind.CREDITS, is_required=True),
        Column("total_cost", Kind.CREDITS, is_required=True),
        Column("credit_grant_id", is_required=True),
        CURRENCY,
        Column("consumption_timestamp", Kind.TIME, is_required=True),
        Column("event_timestamp", Kind.TIME, is_required=True),
        Column("created_at", Kind.TIME),
    ),
)
GRANTS = Layout(
    "credit grants",
    "granted",
    frozenset({"id", "consumed_amount", "grant_type"}),
    (
        Column("environment_id"),
        Column("id", is_required=True),
        Column("customer_id", is_required=True),
        Column("resource_id"),
        CURRENCY,
        Column("display_name"),
        Column("grant_type", is_required=True, choices=TYPES),
        Column("status", choices=STATUSES),
        Column("amount", Kind.CREDITS, is_required=True),
        Column("consumed_amount", Kind.CREDITS, is_required=True),
        Column("cost_amount", Kind.CREDITS, others=("cost",)),
        Column("cost_currency"),
        Column("priority", Kind.WHOLE),
        Column("payment_collection"),
        Column("effective_at", Kind.TIME),
        Column("expire_at", Kind.TIME, others=("expires_at",)),
        Column("voided_at", Kind.TIME),
        Column("created_at", Kind.TIME, is_required=True),
        Column("updated_at", Kind.TIME, is_required=True),
        Column("comment"),
        Column("additional_metadata", others=("additional_meta_data", "metadata")),
        Column("automatic_recharge_configuration_id"),
    ),
)
LAYOUTS = (CONSUMPTION, GRANTS)


def layout_of(path: Path, header: Sequence[str]) -> Layout:
    """The layout whose marks are among the columns, in whatever case; MappingError if none is."""
    names = {name.lower() for name in header}
    for layout in LAYOUTS:
        if layout.marks <= names:
            return layout
    marks = [f"{each.name} has {', '.join(sorted(each.marks))}" for each in LAYOUTS]
    raise MappingError(
        f"{path.name} is no warehouse export: {' and '.join(marks)}, but the file has "
        f"{', '.join(header) or 'no columns'}. Other files of events need a mapping (--mapping)."
    )


def columns_of(
    path: Path, layout: Layout, header: Sequence[str], *, is_open: bool = False
) -> Mapping[str, str]:
    """The layout's columns that the file has → their names in it.

    `is_open` are files whose rows may each have other columns than the header: they are taken to
    have all. Raises MappingError if a column that must be there is not, EventsError if one is
    there twice.
    """
    found = {}
    for column in layout.columns:
        names = [column.name, *column.others]
        fits = [each for name in names for each in header if each.lower() == name]
        if len(fits) > 1:
            raise EventsError(
                f"{path.name} has the column {column.name!r} more than once: {', '.join(fits)}."
            )
        if fits:
            found[column.name] = fits[0]
        elif is_open:
            found[column.name] = _as_the_others(column.name, header)
        elif column.is_required:
            raise MappingError(
                f"{path.name} has no column {column.name!r}, which an export of {layout.name} "
                f"must have; it has {', '.join(header)}."
            )
    return found


def _as_the_others(name: str, header: Sequence[str]) -> str:
    return name.upper() if all(each.isupper() for each in header) else name
