"""Changes without an outcome, settled from the record alone: whoever asked may be long gone."""

from collections.abc import Callable, Mapping
from typing import Any

from data.metering.client import Answer, MeteringClient
from queries import perform
from queries.activity import OPEN, Activity, Outcome, Recorded, read
from queries.command import Actor, ChangeError
from queries.entitlements.commands import GrantEntitlements, RevokeEntitlement, entitled, revoked
from queries.grants.commands import CreateGrant, VoidGrant, created, voided
from queries.recharge.commands import SaveRecharge, saved

READERS: dict[str, Callable[[Mapping[str, Any], str, MeteringClient], Answer | None]] = {
    CreateGrant.name: created,
    VoidGrant.name: voided,
    SaveRecharge.name: saved,
    GrantEntitlements.name: entitled,
    RevokeEntitlement.name: revoked,
}
"""command → (what was asked for, key, client) → its answer, or None where it is not there"""


def can_settle(recorded: Recorded) -> bool:
    return recorded.fact.outcome in OPEN and recorded.change.command in READERS


def settle(recorded: Recorded, actor: Actor, client: MeteringClient, activity: Activity) -> Outcome:
    """Read back what became of the change and record it; raises ChangeError."""
    change = recorded.change
    if not can_settle(recorded):
        raise ChangeError(
            f"To {change.summary} cannot be settled: its outcome is {recorded.fact.outcome.value}."
        )
    if client.url != change.api:
        raise ChangeError(
            f"This change was sent to {change.api}, and the app now asks {client.url}: "
            "it cannot be settled there."
        )
    read_back = READERS[change.command]
    return perform.settle(
        recorded, actor, activity, lambda: read_back(read(change.given), change.key, client)
    )
