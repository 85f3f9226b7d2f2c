"""The one door for writing: permission, the intent recorded, the call, the outcome recorded.

What holds, whatever fails and whenever: nothing is sent before its intent is on disk; under one
key a change is made at most once; what is recorded as done was done.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from data.clock import utc_now
from data.metering.client import Answer, MeteringClient
from data.metering.errors import MeteringError, NotSent, RateLimited, Refused
from queries.activity import (
    OPEN,
    Activity,
    Change,
    Fact,
    Outcome,
    Overtaken,
    Recorded,
    answer_of,
    written,
)
from queries.command import (
    Actor,
    AlreadySo,
    ChangedSince,
    ChangeError,
    Command,
    NotPermitted,
    NotRecorded,
    Unsettled,
    new_key,
)

LATEST_ARRIVAL = timedelta(minutes=1)
"""For so long after it was sent a request may still take effect: until then, a change that is not
there may yet come, and is not sent again."""

ReadBack = Callable[[], Answer | None]


@dataclass(frozen=True, slots=True)
class _Notes:
    """Writes down what one actor finds out about one change."""

    change: Change
    actor: Actor
    activity: Activity
    request_id: str = ""

    def add(
        self,
        outcome: Outcome,
        detail: str = "",
        *,
        before: Answer | None = None,
        after: Answer | None = None,
        is_settled: bool = False,
        seen: int | None = None,
    ) -> int:
        """The fact's number; raises Unsettled where somebody else is at the same change."""
        fact = Fact(
            outcome,
            self.actor.name,
            utc_now(),
            self.request_id,
            detail,
            None if before is None else written(before),
            None if after is None else written(after),
            is_settled,
        )
        try:
            return self.activity.add(self.change, fact, seen)
        except Overtaken:
            raise Unsettled(
                f"Somebody else has just begun to {self.change.summary}, with the same form. "
                "Activity shows what comes of it."
            ) from None


def perform(command: Command, actor: Actor, client: MeteringClient, activity: Activity) -> Answer:
    """Make the change, once for its key; the API's answer, also where it was made before.

    Raises NotPermitted before anything is sent; MeteringError when the API refuses or cannot be
    reached, so that nothing has changed; AlreadySo when someone else was first; ChangedSince when
    what it was based on has been changed; Unsettled while
    it is not known whether it was made; NotRecorded when there is no record to keep it in.
    """
    notes = _Notes(_change(command, actor, client), actor, activity, uuid4().hex)
    _check_role(command, notes)
    last = activity.last(command.key)
    if last is None:
        return _send(command, client, notes, seen=0)
    _check_same(notes.change, last.change)
    if last.fact.outcome is Outcome.DONE:
        return answer_of(last.fact)
    if last.fact.outcome not in OPEN or command.is_keyed:
        return _send(command, client, notes, seen=last.number)
    found, seen = _settled(last, notes, lambda: command.read_back(client))
    return _send(command, client, notes, seen) if found is None else found


def settle(last: Recorded, actor: Actor, activity: Activity, read_back: ReadBack) -> Outcome:
    """Find out what became of a change that has no outcome yet, and record it.

    Raises Unsettled while that cannot be known, AlreadySo when someone else made it.
    """
    notes = _Notes(last.change, actor, activity, last.fact.request_id)
    found, _ = _settled(last, notes, read_back)
    return Outcome.NOT_DONE if found is None else Outcome.DONE


def _send(command: Command, client: MeteringClient, notes: _Notes, seen: int) -> Answer:
    try:
        before = command.before(client)
    except MeteringError as error:
        notes.add(Outcome.NOT_DONE, f"Nothing was sent. {error.sentence}", seen=seen)
        raise
    except ChangedSince as error:
        notes.add(Outcome.REFUSED, str(error), seen=seen)
        raise
    notes.add(Outcome.INTENDED, before=before, seen=seen)
    try:
        answer = client.tell(
            command.document,
            command.variables,
            is_keyed=command.is_keyed,
            request_id=notes.request_id,
        )
    except MeteringError as error:
        return _failed(command, client, notes, error)
    _add_done(notes, answer)
    return answer


def _failed(
    command: Command, client: MeteringClient, notes: _Notes, error: MeteringError
) -> Answer:
    """What comes of a change whose answer is an error: it may have been made all the same."""
    detail = f"{error.sentence} (trace {error.trace_id})" if error.trace_id else error.sentence
    if isinstance(error, Refused):
        _check_already(command.already(error), notes)
        notes.add(Outcome.REFUSED, detail)
        raise error
    if isinstance(error, NotSent | RateLimited) and not command.is_keyed:
        notes.add(Outcome.NOT_DONE, detail)
        raise error
    number = notes.add(Outcome.UNKNOWN, detail)
    if command.is_keyed:
        raise Unsettled(
            f"{error.sentence} Whether it was made is not known; it is safe to do it again."
        ) from error
    fact = Fact(Outcome.UNKNOWN, notes.actor.name, utc_now(), detail=error.sentence)
    found, _ = _settled(
        Recorded(notes.change, fact, number), notes, lambda: command.read_back(client)
    )
    if found is None:
        raise error
    return found


def _settled(last: Recorded, notes: _Notes, read_back: ReadBack) -> tuple[Answer | None, int]:
    """(the answer if the change was made, or None if it was not and cannot be any more; number).

    Raises Unsettled where that is not known yet.
    """
    try:
        found = read_back()
    except MeteringError as error:
        raise Unsettled(
            f"{_began(last)} It could not be read back: {error.sentence} Settle it in Activity."
        ) from error
    if found is not None:
        _check_other(notes, last.number)
        return found, _add_done(notes, found, is_settled=True)
    arrived = last.fact.at + LATEST_ARRIVAL
    if utc_now() < arrived:
        raise Unsettled(
            f"{_began(last)} It is not there so far, but may still arrive. "
            f"Settle it in Activity after {arrived:%H:%M:%S} UTC; do not do it anew until then."
        )
    detail = "Read back: it is not there."
    return None, notes.add(Outcome.NOT_DONE, detail, is_settled=True, seen=last.number)


def _began(last: Recorded) -> str:
    change = last.change
    why = f" {last.fact.detail}" if last.fact.outcome is Outcome.UNKNOWN else ""
    return f"{change.actor} asked to {change.summary}, and no answer has come.{why}"


def _add_done(notes: _Notes, answer: Answer, *, is_settled: bool = False) -> int:
    try:
        return notes.add(Outcome.DONE, after=answer, is_settled=is_settled)
    except NotRecorded as error:
        raise NotRecorded(
            f"The change was made ({notes.change.summary}), but that could not be recorded. {error}"
        ) from error


def _check_role(command: Command, notes: _Notes) -> None:
    """A refusal is a change of its own: it adds nothing to that of the key, which may be done."""
    actor = notes.actor
    if actor.role >= command.needs:
        return
    sentence = (
        f"{actor.name} may not {command.summary}: it takes the role "
        f"{command.needs.name.lower()}, and yours is {actor.role.name.lower()}."
    )
    change = replace(notes.change, key=new_key())
    replace(notes, change=change).add(Outcome.REFUSED, sentence)
    raise NotPermitted(sentence)


def _check_same(change: Change, before: Change) -> None:
    if (change.command, change.given, change.api) != (before.command, before.given, before.api):
        raise ChangeError(
            f"This form was used already, to {before.summary}. Open it anew for another change."
        )


def _check_already(so: str, notes: _Notes) -> None:
    """Where the API says that it is so already, say by whose doing."""
    if not so:
        return
    other = notes.activity.other(notes.change)
    sentence = f"{so}, and not by this app." if other is None else f"{so}, {_by(other)}."
    notes.add(Outcome.REFUSED, sentence)
    raise AlreadySo(sentence)


def _check_other(notes: _Notes, seen: int) -> None:
    """What is read back as made may have been made under another key."""
    other = notes.activity.other(notes.change)
    if other is None or other.fact.outcome is not Outcome.DONE:
        return
    sentence = f"This did not {notes.change.summary}: it was so already, {_by(other)}."
    notes.add(Outcome.NOT_DONE, sentence, is_settled=True, seen=seen)
    raise AlreadySo(sentence)


def _by(other: Recorded) -> str:
    if other.fact.outcome is Outcome.DONE:
        return f"by {other.change.actor}, {other.fact.at:%-d %b %Y %H:%M} UTC"
    return f"perhaps by {other.change.actor}, whose change has no outcome yet"


def _change(command: Command, actor: Actor, client: MeteringClient) -> Change:
    return Change(
        command.key,
        command.name,
        actor.name,
        actor.role.name.lower(),
        command.customer,
        command.subject,
        command.summary,
        written(command.given),
        client.url,
    )
