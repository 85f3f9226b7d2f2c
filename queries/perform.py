"""The one door for writing: permission, the intent recorded, the call, the outcome recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from data.metering.client import MeteringClient
from data.metering.errors import MeteringError, TimedOut, Unreachable


class Role(IntEnum):
    """Who may do what; a higher role may do all that a lower one may."""

    VIEWER = 0
    SUPPORT = 1
    BILLING = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Actor:
    name: str
    role: Role


class Outcome(StrEnum):
    INTENDED = "intended"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record of changes."""

    actor: str
    summary: str
    outcome: Outcome
    detail: str = ""


class Command(Protocol):
    """A change to make; frozen, validated when it is made."""

    @property
    def needs(self) -> Role: ...
    @property
    def document(self) -> str: ...
    @property
    def variables(self) -> Mapping[str, Any]: ...
    @property
    def is_keyed(self) -> bool:
        """Whether it carries an idempotency key, so that sending it twice does it once."""
        ...

    @property
    def summary(self) -> str:
        """The change in words: "report 1000 events"."""
        ...


class NotPermitted(PermissionError):
    """The actor's role may not make this change; the message is the sentence to show."""


Record = Callable[[Entry], None]


def perform(command: Command, actor: Actor, client: MeteringClient, record: Record) -> Any:
    """Make the change; the API's answer.

    Raises NotPermitted before anything is sent, MeteringError when the API refuses or fails. A
    change of which no answer came is recorded as unknown and is never sent again unless keyed.
    """

    def note(outcome: Outcome, detail: str = "") -> None:
        record(Entry(actor.name, command.summary, outcome, detail))

    if actor.role < command.needs:
        sentence = (
            f"{actor.name} may not {command.summary}: it takes the role "
            f"{command.needs.name.lower()}, and yours is {actor.role.name.lower()}."
        )
        note(Outcome.REFUSED, sentence)
        raise NotPermitted(sentence)
    note(Outcome.INTENDED)
    try:
        answer = client.tell(command.document, command.variables, is_keyed=command.is_keyed)
    except MeteringError as error:
        is_unknown = isinstance(error, TimedOut | Unreachable)
        note(Outcome.UNKNOWN if is_unknown else Outcome.REFUSED, error.sentence)
        raise
    note(Outcome.DONE)
    return answer
