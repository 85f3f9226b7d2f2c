"""Reporting one measurement or one event from a form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import streamlit as st

from dashboard.access import current_actor
from dashboard.changing import change, record
from dashboard.controls.grants import go_to
from dashboard.controls.reports import (
    NAMES,
    USAGE,
    Wrong,
    event_fields,
    keep_fields,
    text_of_field,
    usage_fields,
)
from dashboard.controls.scope import GLOBAL_POOL
from dashboard.failures import sentence_of
from dashboard.formats import exact, moment
from dashboard.markdown import plain
from dashboard.panels.grants_told import Said, failed, lacks, send_button, show_said
from dashboard.panels.many_file import known_customers
from dashboard.panels.report_settling import Followed, before, follow
from dashboard.panels.report_shown import ShownReport
from data.clock import utc_now
from data.metering.errors import MeteringError
from queries.command import Command, Role
from queries.question import Live
from queries.reports import Event, ReportEvents
from queries.reports.bulk import Report, Row, unknown
from queries.reports.checks import unlikely
from queries.reports.counted import Counted, Measured, measured
from queries.reports.followed import Before, Owner, Pool
from queries.reports.intent import Intent, intent_of
from queries.reports.keys import NONE_YET, is_made, keyed
from queries.reports.measurements import Measurement, ReportUsage
from queries.reports.written import EVENT, MEASUREMENT, read_event, read_measurement
from queries.written import Cells, Problem

SAID, TRIED, SEND = "what a report came to", "report tried", "report send"
KEY, TIME = NAMES["idempotency_key"], NAMES["timestamp"]
REPORTING = "Reporting usage"


@dataclass(frozen=True, slots=True)
class Sent:
    """A report on its way, and how its pool stood before."""

    shown: ShownReport
    report: Report
    intent: Intent
    followed: Followed


def report_form(shown: ShownReport, live: Live) -> None:
    """The fields, each with what is wrong with it, and the button that sends them."""
    cells, made = _cells(shown)
    report, problems = _read(shown, cells)
    if report is not None:
        report = _keyed(report, live)
        if report.idempotency_key != cells["idempotency_key"]:
            made[KEY] = report.idempotency_key
        problems = _unknown(shown, report, live)
    wrong = _wrong(problems)
    _fields(shown, wrong)
    if "" in wrong:
        st.warning(plain(wrong[""]), icon=":material/edit:")
    if isinstance(report, Measurement):
        _rounding(report)
    odd = unlikely(report.at, utc_now()) if report is not None else ""
    if odd:
        st.warning(f"{odd} It is reported as it is.", icon=":material/schedule:")
    if _is_pressed() and report is not None and not problems:
        if made:
            go_to(made)
        _send(shown, report, live)


def said_of_report(shown: ShownReport) -> None:
    """What the last report came to, while its customer is looked at; and the way to another."""
    said: Said | None = st.session_state.get(SAID)
    if said is None or said.customer_id != shown.customer_id or shown.is_many:
        return
    show_said(said)
    st.button("Another report", icon=":material/add:", on_click=_begin)


def _begin() -> None:
    """What is reported next is another report: it has a key and a time of its own."""
    for name in (SAID, TRIED):
        st.session_state.pop(name, None)
    follow(None)
    go_to({KEY: "", TIME: ""})


def _cells(shown: ShownReport) -> tuple[dict[str, str], dict[str, str]]:
    """(column → text; the time that is made where there is none, as a query parameter).

    What is made, the key too, goes into the address before anything is sent, so that neither a
    lost answer nor a reload makes another report of this one.
    """
    columns = MEASUREMENT if shown.what == USAGE else EVENT
    cells = {column: text_of_field(column) for column in columns if column != "customer_id"}
    made = {}
    if shown.what != USAGE and not cells["timestamp"]:
        made["timestamp"] = f"{utc_now().isoformat(timespec='milliseconds')}Z"
    cells |= made
    cells["idempotency_key"] = cells["idempotency_key"] or NONE_YET
    cells["resource_id"] = cells["resource_id"] or shown.scope.resource_id or ""
    cells["customer_id"] = shown.customer_id or ""
    return cells, {NAMES[column]: text for column, text in made.items()}


def _keyed(report: Report, live: Live) -> Report:
    """Under the key that goes with it; one whose outcome is not known takes no other contents."""
    found = keyed(report)
    if found is not report and report.idempotency_key != NONE_YET:
        is_open = intent_of(report.identity, live.client.url, record()).is_open
        return report if is_open else found
    return found


def _read(shown: ShownReport, cells: Cells) -> tuple[Report | None, Sequence[Problem]]:
    return read_measurement(cells) if shown.what == USAGE else read_event(cells)


def _unknown(shown: ShownReport, report: Report, live: Live) -> Sequence[Problem]:
    customers = known_customers({report.customer_id}, live)
    flaws = unknown([Row(1, report)], customers, shown.features)
    return [flaw.problem for flaw in flaws]


def _wrong(problems: Sequence[Problem]) -> Wrong:
    """What is only missing is said once somebody has tried to send it."""
    is_tried = st.session_state.get(TRIED, False)
    told = [problem for problem in problems if is_tried or not problem.is_missing]
    at_fields = {problem.column: problem.sentence for problem in told}
    if "customer_id" in at_fields:  # its field is above, in the scope
        at_fields[""] = at_fields["customer_id"]
    return at_fields


def _fields(shown: ShownReport, wrong: Wrong) -> None:
    pool = shown.scope.resource_id or f"none: the {GLOBAL_POOL.lower()}"
    if shown.what == USAGE:
        usage_fields(shown.features, wrong, pool)
    else:
        event_fields(wrong, pool)


def _rounding(report: Measurement) -> None:
    if report.units != report.value:
        st.caption(
            f"{_number(report.value)} is counted as {_number(report.units)}: to 5 decimals, half "
            "away from zero."
        )


def _is_pressed() -> bool:
    actor = current_actor()
    why = lacks(actor, Role.SUPPORT, REPORTING)
    return send_button("Report", why, key=SEND, on_click=_try)


def _try() -> None:
    keep_fields()
    st.session_state[TRIED] = True


def _send(shown: ShownReport, report: Report, live: Live) -> None:
    """Whatever comes of it, the whole page is asked anew."""
    owner = Owner(report.customer_id, report.resource_id)
    follow(None)
    try:
        with st.spinner("Reporting …", show_time=True):
            intent = intent_of(report.identity, live.client.url, record())
            followed = _before(owner, live)
            sent = Sent(shown, report, intent, followed)
            said = _measure(sent) if isinstance(report, Measurement) else _happen(sent)
    except Exception as error:
        st.session_state[SAID] = failed(error, report.customer_id)
    else:
        st.session_state[SAID] = said
    st.rerun()


def _before(owner: Owner, live: Live) -> Followed:
    try:
        return before([owner], live)
    except MeteringError as error:
        raise MeteringError(
            f"Nothing was sent: the balance before could not be read. {sentence_of(error)}"
        ) from error


def _measure(sent: Sent) -> Said:
    """Send it and follow its pool; what it came to."""
    report = sent.report
    assert isinstance(report, Measurement)
    command = ReportUsage(report, sent.intent.key)
    found = measured(report, change(command)["reportUsage"])
    is_other = found.counted is not Counted.TAKEN and sent.intent.has_other_contents(command)
    if found.currency_id is not None and found.news is not None:
        pool = Pool(sent.followed.owners[0], found.currency_id)
        sent.followed.hear(pool, found.news)
        follow(sent.followed)
        if not is_other:
            before_it = sent.followed.before.get(pool, Before())
            said = _well(sent, _measured(sent, report, found, before_it))
            return replace(said, kind="warning") if _is_unsure(sent, found) else said
    if is_other:
        return _not_counted(sent, command)
    return _well(
        sent,
        f"Reported: {_number(report.units)} of {report.feature_id}. Its usage is now "
        f"{_number(found.usage)}. The answer tells of no credits: this feature takes none here.",
    )


def _is_unsure(sent: Sent, found: Measured) -> bool:
    """Whether the API alone knows a key of the reader's own, and with which contents it came."""
    is_known_here = sent.intent.done is not None or sent.intent.is_open
    is_own = not is_made(sent.report.idempotency_key)
    return found.counted is Counted.BEFORE and is_own and not is_known_here


def _measured(sent: Sent, report: Measurement, found: Measured, pool: Before) -> str:
    unit, usage = sent.shown.unit(found.currency_id), f"Its usage is {_number(found.usage)}."
    if found.counted is Counted.TAKEN:
        what = f"{_number(report.units)} of {report.feature_id}"
        if report.is_set:
            what = f"{report.feature_id} is set to {_number(report.units)}"
        way = "came back" if found.taken < 0 else "were taken"
        return f"Reported: {what}. {exact(abs(found.taken))} {unit} {way} at once. {usage}"
    if found.counted is Counted.UNCHANGED:
        return f"Reported, and nothing changed: no {unit} were taken. {usage}"
    return f"{_repeated(sent, found, pool)} No {unit} were taken now. {usage}"


def _repeated(sent: Sent, found: Measured, pool: Before) -> str:
    if sent.intent.done is not None:
        return f"Already counted: this key was reported {_by(sent)}."
    if sent.intent.is_open:
        return "Counted once: it had been counted when its answer got lost."
    said = f"Already counted: the API knows the key {sent.report.idempotency_key}."
    if found.news is not None and found.news.balance != pool.optimistic:
        moved = _number(found.news.balance - pool.optimistic)
        return (
            f"{said} The balance has moved by {moved} since just before this was sent: either its "
            "first answer got lost and it was counted then, or others used credits meanwhile."
        )
    return f"{said} What costs nothing for these dimensions answers the same."


def _well(sent: Sent, sentence: str) -> Said:
    return Said(sentence, "success", sent.report.customer_id)


def _not_counted(sent: Sent, command: Command) -> Said:
    """Its key was reported with other contents before: of one key the API counts the first."""
    assert sent.intent.done is not None
    sentence = (
        f"Not counted: to {command.summary}. The key {sent.report.idempotency_key} was reported "
        f"{_by(sent)}, to {sent.intent.done.change.summary}, and one key is counted once. To "
        "report this too, clear the key or give another."
    )
    return Said(sentence, "warning", sent.report.customer_id)


def _happen(sent: Sent) -> Said:
    """Send it and follow its pools, since the answer to an event tells of no balance."""
    event, followed = sent.report, sent.followed
    assert isinstance(event, Event)
    command = ReportEvents((event,), sent.intent.key)
    change(command)
    followed.expected, followed.is_repeat = 1, sent.intent.done is not None
    followed.sent_at.add(event.timestamp)
    follow(followed)
    if sent.intent.has_other_contents(command):
        return _not_counted(sent, command)
    if sent.intent.done is not None:
        return _well(
            sent,
            f"Already counted: the same key and time were reported {_by(sent)}. It was sent again, "
            "and nothing more is taken: the balance below shows it.",
        )
    return _well(
        sent,
        f"Sent: an event {event.event_name}. Its answer tells of no balance; the balance below is "
        "followed until it has settled.",
    )


def _by(sent: Sent) -> str:
    done = sent.intent.done
    assert done is not None
    return f"before, by {done.change.actor} on {moment(done.fact.at, sent.shown.scope.zone)}"


def _number(amount: Decimal) -> str:
    return exact(amount).replace("-", "−")
