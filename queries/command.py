"""A change before it is made: who may make it, what is sent, and how it is found again."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar
from uuid import uuid4

from data.metering.client import Answer, MeteringClient
from data.metering.errors import Refused


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


class ChangeError(Exception):
    """A change that was not made, or of which that is not known; the message is the sentence."""


class NotPermitted(ChangeError):
    """The actor's role may not make this change. Nothing was sent."""


class AlreadySo(ChangeError):
    """What was asked for is so already, by someone else's doing; the message says whose."""


class ChangedSince(ChangeError):
    """What is to be changed is not as it was when the change was asked for. Nothing was sent."""


class Unsettled(ChangeError):
    """Whether the change was made is not known yet; the message says when it will be."""


class NotRecorded(ChangeError):
    """The record of changes cannot be read or written, and nothing is changed without it."""


def new_key() -> str:
    """The key of one intent: made when the reader is asked, kept until the change is over.

    However often a change is sent under its key, it is made once. After a refusal, or for
    another amount, it is another intent with another key.
    """
    return uuid4().hex


class Command(ABC):
    """A change to make. Its kinds are frozen dataclasses that validate themselves."""

    __slots__ = ()

    name: ClassVar[str]
    """What kind of change it is, the same for each of them: "grant credits"."""
    is_keyed: ClassVar[bool] = False
    """Whether the API itself holds on to a key, so that sending it twice does it once."""
    key: str

    @property
    @abstractmethod
    def needs(self) -> Role:
        """The lowest role that may make it."""

    @property
    @abstractmethod
    def document(self) -> str: ...

    @property
    @abstractmethod
    def variables(self) -> Mapping[str, Any]: ...

    @property
    @abstractmethod
    def summary(self) -> str:
        """The change in words, after "to": "report 1,000 events of llm_request"."""

    @property
    @abstractmethod
    def given(self) -> Mapping[str, Any]:
        """What was asked for, as the record keeps it."""

    @property
    def customer(self) -> str | None:
        """Whose credits it changes, where that is one customer."""
        return None

    @property
    def subject(self) -> str | None:
        """The id of what is there already and is changed: a grant."""
        return None

    def before(self, client: MeteringClient) -> Answer | None:
        """The subject as it is before the change; raises MeteringError.

        Raises ChangedSince where it is not what the change was based on: nothing is sent then.
        """
        del client
        return None

    def read_back(self, client: MeteringClient) -> Answer | None:
        """The answer that the change would have had, if it is there; raises MeteringError.

        Never asked of a keyed command: that is sent again.
        """
        raise NotImplementedError(f"{self.name} cannot be read back")

    def already(self, refused: Refused) -> str:
        """What to say when the API refuses since it is so already: "Grant X is voided already"."""
        del refused
        return ""
