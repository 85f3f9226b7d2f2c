"""Entitlements as people write them: the texts of a form, read into the command."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from queries.entitlements import FeatureType
from queries.entitlements.commands import ACCORDING_TO, Entitlement, GrantEntitlements, Period
from queries.question import QuestionError
from queries.written import Cells, Problem, plain_number, utc_time

UNLIMITED = "no limit"
"""The `limit` that stands for none; any other is a number."""


def read_entitlements(
    customer_id: str,
    terms: Cells,
    features: Mapping[str, Mapping[str, Any]],
    amounts: Mapping[str, Cells],
    replaces: Mapping[str, datetime | None],
    key: str,
) -> tuple[GrantEntitlements | None, tuple[Problem, ...]]:
    """(the command of that key, or None; everything that is wrong, by feature or by term).

    `terms` are those that all have: `period`, `ends_at`, `is_visible`; `amounts` those of each
    feature: `limit`, `is_soft`, `values`, `reset`, `according_to`. Raises QuestionError for a
    customer that cannot be.
    """
    ends_at, problems = _ends_at(terms)
    # An end that is wrong is said once, and not at each feature again.
    period = Period.LIFETIME if problems else terms["period"]
    if not amounts:
        problems.append(Problem("features", "Choose a feature.", is_missing=True))
    read: list[Entitlement] = []
    for feature_id, cells in amounts.items():
        common = {
            "period": period,
            "ends_at": ends_at,
            "is_visible": terms["is_visible"] == "yes",
            "replaces": replaces.get(feature_id),
        }
        one = _read_one(feature_id, features.get(feature_id), cells, common)
        if isinstance(one, Problem):
            problems.append(one)
        else:
            read.append(one)
    if problems:
        return None, tuple(problems)
    return GrantEntitlements(customer_id, tuple(read), key=key), ()


def _read_one(
    feature_id: str,
    feature: Mapping[str, Any] | None,
    cells: Cells,
    common: Mapping[str, Any],
) -> Entitlement | Problem:
    if feature is None:
        return Problem(feature_id, f"There is no feature {feature_id!r} here.")
    try:
        amount, missing = _amount(feature, cells)
        if missing:
            return Problem(feature_id, missing, is_missing=True)
        return Entitlement(feature_id, feature["feature_type"], **common, **amount)
    except QuestionError as error:
        return Problem(feature_id, str(error))


def _ends_at(terms: Cells) -> tuple[datetime | None, list[Problem]]:
    if terms["period"] != Period.CUSTOM:
        return None, []
    text = terms.get("ends_at", "")
    if not text:
        return None, [Problem("ends_at", "An end date is missing.", is_missing=True)]
    try:
        return utc_time(text), []
    except QuestionError as error:
        return None, [Problem("ends_at", str(error))]


def _amount(feature: Mapping[str, Any], cells: Cells) -> tuple[dict[str, Any], str]:
    """(what its type takes, what is missing)."""
    name = feature["feature_name"]
    if feature["feature_type"] == FeatureType.ENUM:
        values = tuple(
            text for part in cells.get("values", "").split(",") if (text := part.strip())
        )
        return {"enum_values": values}, "" if values else f"{name}: the values are missing."
    if feature["feature_type"] == FeatureType.BOOLEAN:
        return {}, ""
    limit = cells.get("limit", "").strip()
    if not limit:
        return {}, f"{name}: the limit is missing."
    if limit == UNLIMITED:
        return {"is_unlimited": True}, ""
    reset = cells.get("reset") or None
    according_to = cells.get("according_to") or None
    return {
        "usage_limit": plain_number(limit),
        "has_soft_limit": cells.get("is_soft") == "yes",
        "reset_period": reset,
        "according_to": according_to if reset in ACCORDING_TO else None,
    }, ""
