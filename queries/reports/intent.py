"""The key under which a report is sent: the same while its outcome is not known, then another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from queries.activity import OPEN, Activity, Outcome, Recorded, written
from queries.command import Command
from queries.files import key_of


@dataclass(frozen=True, slots=True)
class Intent:
    """`done` is how it was first reported, which is what the API has counted.

    `is_open`: how it ended when it was last reported is not known yet.
    """

    key: str
    done: Recorded | None
    is_open: bool

    def has_other_contents(self, command: Command) -> bool:
        """Whether the same was first reported with other contents than the command's."""
        return self.done is not None and self.done.change.given != written(command.given)


def intent_of(identity: Sequence[object], api: str, activity: Activity) -> Intent:
    """What the API tells apart by `identity` is sent there once more under a key of its own.

    A report whose answer was lost goes under the same key as before, so that the record knows what
    came of it. After any other outcome it is another change: one that was done is sent again for
    the API to say that it was counted already. Raises NotRecorded.
    """
    done = None
    for turn in count():
        key = key_of(repr((*identity, api, turn)))
        last = activity.last(key)
        if last is None or last.fact.outcome in OPEN:
            return Intent(key, done, is_open=last is not None)
        if last.fact.outcome is Outcome.DONE:
            done = done or last
    raise AssertionError("unreachable: a record ends")
