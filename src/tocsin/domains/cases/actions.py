"""What specialists do with a case, one function a verb."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from tocsin.core.access.check import require, why_not
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.core.outbox.notify import tick
from tocsin.domains.cases import case_clocks, case_reports, outcomes, timeline
from tocsin.domains.cases.access import may_see, no_such_case, own_scope
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.cases.opening import got_worse
from tocsin.domains.cases.outcomes import OUTCOMES
from tocsin.domains.detection import actions as detection
from tocsin.domains.detection.models import Alert
from tocsin.domains.reports import messages as report_messages
from tocsin.domains.reports import promises as report_promises
from tocsin.domains.reports.models import Severity
from tocsin.domains.staff.models import Staff

OVER = frozenset({Case.State.CLOSED, Case.State.MERGED, Case.State.ROUTED_OUT})
#: In these states nothing was found yet, and a question to the reporter makes the case wait.
_LOOKING = frozenset(
    {Case.State.OPEN, Case.State.TRIAGED, Case.State.INVESTIGATING, Case.State.REOPENED, Case.State.ACTIONED}
)
#: What a case of this severity is not closed with: harm was told of, so somebody says what was found.
_NEEDS_A_FINDING = ("S0", "S1", "S2")


def open_for(
    work: Work,
    actor: Actor,
    case_id: str,
    permission: str,
    data_class: str = "P2",
    revision: int | None = None,
) -> Case:
    """Lock a case that is not over, for an actor who may do this to it.

    Raises:
        NotFound: none that the actor may know of. AccessDenied: not theirs to do.
        Conflict: it is over, or somebody changed it since ``revision`` was shown.
    """
    case = lock_for(work, actor, case_id, permission, data_class)
    if revision is not None and case.revision != revision:
        raise Conflict(
            f"Somebody changed case {case.reference} while you were reading it.",
            "Reload to see what is new, then decide again. What you typed is still in your browser.",
            code="stale",
        )
    if case.state in OVER:
        raise Conflict(f"Case {case.reference} is {case.get_state_display().lower()}.", "Reopen it first.")
    return case


def lock_for(work: Work, actor: Actor, case_id: str, permission: str, data_class: str = "P2") -> Case:
    """Lock a case, over or not, for an actor who may do this to it. Access is checked before anything is
    told.

    Raises:
        NotFound: none that the actor may know of. AccessDenied: not theirs to do.
    """
    try:
        case = work.lock(Case, case_id)
    except NotFound:
        raise no_such_case() from None
    may_see(actor, case, permission, data_class)
    return case


def touch(work: Work, case: Case, verb: str, **detail: object) -> None:
    """Save a changed case: new revision, new time, earliest clock."""
    case.revision += 1
    case.updated_at = timezone.now()
    case.next_due_at = clocks.next_due("case", case.pk)
    work.save(case, verb, **detail)
    tick("queue")
    tick(f"case:{case.pk}")


def assign(actor: Actor, case_id: str, staff_id: str, *, revision: int | None = None) -> Case:
    """Give a case to somebody, or take it (``staff_id`` one's own). Taking what one has already changes
    nothing.

    Raises:
        AccessDenied: the actor may not assign, or the other person may not work this case.
        Conflict: somebody else took it meanwhile. InvalidInput: there is no such member of staff.
    """
    with act(actor, "case.assign") as work:
        case = open_for(work, actor, case_id, "cases.assign", revision=revision)
        require(actor, "cases.assign", own_scope(actor, case))  # what is given outlives broken glass
        person = Staff.objects.filter(pk=staff_id, is_active=True).first()
        if person is None:
            raise InvalidInput(
                "There is no such member of staff.", "Choose somebody from the list.",
                fields={"staff": "There is no such member of staff."},
            )  # fmt: skip
        if case.assignee_id == person.pk:
            return case
        taking = actor.id == person.pk
        if case.assignee_id not in (None, actor.id) and not _leads(actor):
            raise Conflict(
                f"Case {case.reference} was taken by {case.assignee}.", "Ask them, or your supervisor."
            )
        _check_could_work(person, case, taking=taking)
        case.assignee = person
        if case.state in (Case.State.OPEN, Case.State.REOPENED, Case.State.TRIAGED):
            case.state = Case.State.INVESTIGATING
        case_clocks.owned(work, case)
        if taking:
            for report_id in case.report_links.values_list("report_id", flat=True):
                report_promises.answered(work, report_id)
        touch(work, case, "case.assign", to=person.pk)
        timeline.add(work, case, "assigned", f"Assigned to {person.name}")
        work.emit("case.assigned", {"case": case.pk, "staff": person.pk})
    return case


def _leads(actor: Actor) -> bool:
    return bool(actor.roles & {"supervisor", "incident_commander"})


def _check_could_work(person: Staff, case: Case, *, taking: bool) -> None:
    """Do nothing when the person could work the case once it is theirs.

    Raises:
        AccessDenied: their role, region or a wall.
    """
    them = person.actor()
    reason = why_not(them, "cases.work", replace(own_scope(them, case, "P3"), assigned=True))
    if reason is not None:
        raise AccessDenied(
            "You may not work this case." if taking else f"{person.name} may not work this case.",
            "Choose somebody whose role, region and distance to the people involved allow it.",
            permission="cases.work",
            reason=reason,
        )


def add_note(actor: Actor, case_id: str, text: str) -> Case:
    """Write a note into the timeline. Only staff ever read it."""
    body = text.strip()
    if not body:
        raise InvalidInput("The note is empty.", "Write something first.", fields={"text": "Write a note."})
    if len(body) > 20_000:
        raise InvalidInput("The note is longer than 20,000 characters.", "Add the rest as a second note.")
    with act(actor, "case.note") as work:
        case = open_for(work, actor, case_id, "cases.work", "P3")
        timeline.add(work, case, "note", "Note", body=body)
        touch(work, case, "case.note")
    return case


def raise_severity(actor: Actor, case_id: str, severity: str, reason: str) -> Case:
    """Raise a severity: anybody who sees the case may."""
    _need_reason(reason)
    _check_severity(severity)
    with act(actor, "case.severity_raise") as work:
        case = open_for(work, actor, case_id, "cases.severity_raise")
        if severity >= case.severity:
            raise InvalidInput(
                f"{severity} is not above {case.severity}.", "Lowering needs a supervisor, with a reason."
            )
        got_worse(work, case, severity, "", body=reason)
        touch(work, case, "case.severity_raise", to=severity)
    return case


def lower_severity(actor: Actor, case_id: str, severity: str, reason: str) -> Case:
    """Lower a severity: only a supervisor, with a reason (handbook §1.2)."""
    _need_reason(reason)
    _check_severity(severity)
    with act(actor, "case.severity_lower") as work:
        case = open_for(work, actor, case_id, "cases.severity_lower")
        if severity <= case.severity:
            raise InvalidInput(f"{severity} is not below {case.severity}.", "Use raise instead.")
        before, case.severity = case.severity, severity
        case_clocks.severity_changed(work, case)
        touch(work, case, "case.severity_lower", to=severity)
        timeline.add(work, case, "severity", f"Severity lowered from {before} to {severity}", body=reason)
    return case


def _check_severity(severity: str) -> None:
    if severity not in Severity.values:
        raise InvalidInput(
            f"There is no severity {severity!r}.", f"One of {', '.join(Severity.values)}.",
            fields={"severity": "Choose one of the list."},
        )  # fmt: skip


def message_reporter(
    actor: Actor, case_id: str, report_id: str, text: str, *, question: bool = False
) -> Case:
    """Write to a reporter. A question pauses the internal clocks until it is answered, never the legal
    ones."""
    with act(actor, "case.message") as work:
        case = open_for(work, actor, case_id, "cases.message", "P3")
        link = CaseReport.objects.select_related("report").filter(case=case, report_id=report_id).first()
        if link is None:
            raise InvalidInput("That report is not part of this case.", "Choose one of the case's reports.")
        report_messages.to_reporter(work, link.report, text, kind="question" if question else "message")
        case_clocks.told(work, case)
        if question:
            if case.state in _LOOKING:
                case.state = Case.State.AWAITING_INFO
            clocks.pause(work, "case", case.pk, "waiting for the reporter's answer")
        timeline.add(
            work,
            case,
            "question" if question else "message",
            f"Wrote to the reporter of {link.report.number}",
            body=text,
            refs={"report": report_id},
        )
        touch(work, case, "case.message")
    return case


def reporter_wrote(work: Work, case: Case, report_number: str, did: str = "wrote") -> None:
    """The reporter wrote, or ``did`` something like it: show it, and let the paused clocks run again. A
    closed case opens again, because what people tell us is read."""
    timeline.add(work, case, "reporter", f"The reporter of {report_number} {did}")
    if case.state == Case.State.CLOSED:
        reopen_within(work, case, f"The reporter of {report_number} {did} after it was closed.")
        return
    if case.state == Case.State.AWAITING_INFO:
        case.state = Case.State.INVESTIGATING
    clocks.resume(work, "case", case.pk)
    touch(work, case, "case.reporter_wrote")


def close(actor: Actor, case_id: str, outcome: str, reason: str, *, revision: int | None = None) -> Case:
    """Close a case without a decision about anybody, and tell its reporters the outcome, without anything
    about other people.

    Raises:
        InvalidInput: no such outcome, or no reason.
        Conflict: it says that we acted and no decision did, or somebody may have been harmed (S0 to S2) and
            it says nothing about what was found, or a decision waits for a second reader.
    """
    _need_reason(reason)
    if outcome not in OUTCOMES:
        raise InvalidInput(
            "Choose how the case ended.", f"One of: {', '.join(OUTCOMES)}.", fields={"outcome": "Choose one."}
        )
    with act(actor, "case.close") as work:
        case = open_for(work, actor, case_id, "cases.close", "P3", revision)
        _check_outcome(case, outcome)
        for link in case.alert_links.select_related("alert"):
            if link.alert.state in Alert.OPEN_STATES and outcome == "no_breach":
                detection.settle(work, work.lock(Alert, link.alert_id), Alert.State.CLEARED)
        close_within(work, case, outcome, reason)
    return case


def _check_outcome(case: Case, outcome: str) -> None:
    if case.state == Case.State.DECISION_PENDING:
        raise Conflict(
            f"A decision in case {case.reference} waits for a second reader.", "Let it be read first.",
            code="decision_pending",
        )  # fmt: skip
    # a case that was decided and opened again by hand keeps the outcome of its decision, and may end with it
    if outcome == "action_taken" and case.outcome != outcome:
        raise Conflict(
            "Nothing was decided in this case, so we did not act on anybody.",
            "File a decision, or choose another outcome.",
            code="no_decision",
        )
    if outcome == "no_action_needed" and case.severity in _NEEDS_A_FINDING and not case.outcome:
        raise Conflict(
            f"A case of severity {case.severity} ends with what was found.",
            "File a decision, or close it as no breach, inconclusive or false report.",
            code="needs_a_finding",
        )


def close_within(work: Work, case: Case, outcome: str, reason: str) -> None:
    """Close inside a larger act: clocks end, reporters are told, and alerts nobody settled stay unsettled, so
    that the next of their kind is seen."""
    for link in case.alert_links.select_related("alert"):
        if link.alert.state in Alert.OPEN_STATES:
            detection.leave_unsettled(work, work.lock(Alert, link.alert_id))
    case.state = Case.State.CLOSED
    case.outcome = outcome
    case.closed_at = timezone.now()
    clocks.cancel(work, "case", case.pk, because="the case was closed")
    outcomes.tell_reporters(work, case, outcome)
    timeline.add(work, case, "closed", f"Closed: {OUTCOMES[outcome]}", body=reason)
    touch(work, case, "case.close", outcome=outcome)
    work.emit("case.closed", {"case": case.pk, "outcome": outcome}, key=f"{case.pk}:{case.revision}")


def reopen(actor: Actor, case_id: str, reason: str) -> Case:
    """Open a closed case again."""
    _need_reason(reason)
    with act(actor, "case.reopen") as work:
        case = lock_for(work, actor, case_id, "cases.work")
        if case.state != Case.State.CLOSED:
            raise Conflict(f"Case {case.reference} is not closed.", "There is nothing to reopen.")
        reopen_within(work, case, reason)
    return case


def reopen_within(work: Work, case: Case, reason: str) -> None:
    """Reopen inside a larger act, with its reports. The outcome stays that of the decisions that stand."""
    case.state = Case.State.REOPENED
    case.closed_at = None
    case_reports.reopen_all(work, case)
    case_clocks.joined(work, case)
    timeline.add(work, case, "reopened", "Reopened", body=reason)
    touch(work, case, "case.reopen")


def _need_reason(reason: str) -> None:
    if len(reason.strip()) < 3:
        raise InvalidInput("A reason is needed.", "Say why in a sentence.", fields={"reason": "Say why."})
