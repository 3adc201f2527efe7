"""What specialists do with a case, one function a verb."""

from __future__ import annotations

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.outbox.notify import tick
from tocsin.domains.cases import timeline
from tocsin.domains.cases.access import may_see, scope_of
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.cases.opening import raise_to
from tocsin.domains.reports import messages as report_messages
from tocsin.domains.staff.models import Staff

OVER = frozenset({Case.State.CLOSED, Case.State.MERGED, Case.State.ROUTED_OUT})
#: How a case can end, with the sentence a person reads.
OUTCOMES = {
    "action_taken": "A breach was found and acted on",
    "no_breach": "No breach was found",
    "inconclusive": "It could not be settled",
    "false_report": "The report was knowingly false",
    "no_action_needed": "Nothing needed to be done",
}


def lock_open(work: Work, case_id: str, revision: int | None = None) -> Case:
    """Lock a case that is not over.

    Raises:
        Conflict: it is over, or somebody changed it since ``revision`` was shown.
    """
    case = work.lock(Case, case_id)
    if case.state in OVER:
        raise Conflict(f"Case {case.reference} is {case.get_state_display().lower()}.", "Reopen it first.")
    if revision is not None and case.revision != revision:
        raise Conflict(
            f"Somebody changed case {case.reference} while you were reading it.",
            "Reload to see what is new, then decide again. What you typed is still in your browser.",
            code="stale",
        )
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
    """Give a case to somebody, or take it (``staff_id`` one's own). Taking what one has already changes nothing.

    Raises:
        AccessDenied: the actor may not assign, or the other person may not work this case.
        Conflict: somebody else took it meanwhile.
    """
    with act(actor, "case.assign") as work:
        case = lock_open(work, case_id, revision)
        scope = may_see(actor, case, "cases.assign")
        person = Staff.objects.filter(pk=staff_id, is_active=True).first()
        if person is None:
            raise InvalidInput("There is no such member of staff.", "Choose somebody from the list.")
        if case.assignee_id == person.pk:
            return case
        taking = actor.id == person.pk
        if taking and case.assignee_id is not None and not _leads(actor):
            raise Conflict(
                f"Case {case.reference} was taken by {case.assignee}.", "Ask them, or your supervisor."
            )
        theirs = scope_of(person.actor(), case)
        if person.pk in scope.walled_off or not _could_work(person, case):
            raise AccessDenied(
                f"{person.name} may not work this case." if not taking else "You may not work this case.",
                "Choose somebody whose role, region and distance to the people involved allow it.",
                permission="cases.work",
                reason="walled_off" if person.pk in theirs.walled_off else "role",
            )
        case.assignee = person
        if case.state in (Case.State.OPEN, Case.State.REOPENED, Case.State.TRIAGED):
            case.state = Case.State.INVESTIGATING
        clocks.meet(work, "case", case.pk, "owner")
        touch(work, case, "case.assign", to=person.pk)
        timeline.add(work, case, "assigned", f"Assigned to {person.name}")
        work.emit("case.assigned", {"case": case.pk, "staff": person.pk})
    return case


def _leads(actor: Actor) -> bool:
    return bool(actor.roles & {"supervisor", "incident_commander"})


def _could_work(person: Staff, case: Case) -> bool:
    """Whether the person could work the case once it is theirs."""
    from dataclasses import replace

    from tocsin.core.access.check import allows

    scope = replace(scope_of(person.actor(), case, "P3"), assigned=True)
    return allows(person.actor(), "cases.work", scope)


def add_note(actor: Actor, case_id: str, text: str) -> Case:
    """Write a note into the timeline. Only staff ever read it."""
    body = text.strip()
    if not body:
        raise InvalidInput("The note is empty.", "Write something first.", fields={"text": "Write a note."})
    if len(body) > 20_000:
        raise InvalidInput("The note is longer than 20,000 characters.", "Add the rest as a second note.")
    with act(actor, "case.note") as work:
        case = lock_open(work, case_id)
        may_see(actor, case, "cases.work", "P3")
        timeline.add(work, case, "note", "Note", body=body)
        touch(work, case, "case.note")
    return case


def raise_severity(actor: Actor, case_id: str, severity: str, reason: str) -> Case:
    """Raise a severity: anybody who sees the case may."""
    _need_reason(reason)
    with act(actor, "case.severity_raise") as work:
        case = lock_open(work, case_id)
        may_see(actor, case, "cases.severity_raise")
        if severity >= case.severity:
            raise InvalidInput(
                f"{severity} is not above {case.severity}.", "Lowering needs a supervisor, with a reason."
            )
        raise_to(work, case, severity, reason)
        touch(work, case, "case.severity_raise", to=severity)
        work.emit("case.severity_raised", {"case": case.pk, "severity": severity})
    return case


def lower_severity(actor: Actor, case_id: str, severity: str, reason: str) -> Case:
    """Lower a severity: only a supervisor, with a reason (handbook §1.2)."""
    _need_reason(reason)
    with act(actor, "case.severity_lower") as work:
        case = lock_open(work, case_id)
        may_see(actor, case, "cases.severity_lower")
        if severity <= case.severity:
            raise InvalidInput(f"{severity} is not below {case.severity}.", "Use raise instead.")
        before, case.severity = case.severity, severity
        touch(work, case, "case.severity_lower", to=severity)
        timeline.add(work, case, "severity", f"Severity lowered from {before} to {severity}", body=reason)
    return case


def message_reporter(
    actor: Actor, case_id: str, report_id: str, text: str, *, question: bool = False
) -> Case:
    """Write to a reporter. A question pauses the internal clocks until it is answered, never the legal ones."""
    with act(actor, "case.message") as work:
        case = lock_open(work, case_id)
        may_see(actor, case, "cases.message", "P3")
        link = CaseReport.objects.select_related("report").filter(case=case, report_id=report_id).first()
        if link is None:
            raise InvalidInput("That report is not part of this case.", "Choose one of the case's reports.")
        report_messages.to_reporter(work, link.report, text, kind="question" if question else "message")
        if question:
            case.state = Case.State.AWAITING_INFO
            clocks.pause(work, "case", case.pk, "waiting for the reporter's answer")
        clocks.meet(work, "case", case.pk, "update")
        timeline.add(
            work, case, "question" if question else "message", f"Wrote to the reporter of {link.report.number}",
            body=text, refs={"report": report_id},
        )  # fmt: skip
        touch(work, case, "case.message")
    return case


def reporter_answered(work: Work, case: Case, report_number: str) -> None:
    """The reporter wrote: show it, and let the paused clocks run again."""
    if case.state == Case.State.AWAITING_INFO:
        case.state = Case.State.INVESTIGATING
    clocks.resume(work, "case", case.pk)
    timeline.add(work, case, "reporter", f"The reporter of {report_number} wrote")
    touch(work, case, "case.reporter_wrote")


def close(actor: Actor, case_id: str, outcome: str, reason: str, *, revision: int | None = None) -> Case:
    """Close a case and tell its reporters the outcome, without anything about other people.

    Raises:
        Conflict: S0 to S2 may not be closed without a decision or an outcome of the investigation.
    """
    _need_reason(reason)
    if outcome not in OUTCOMES:
        raise InvalidInput("Choose how the case ended.", f"One of: {', '.join(OUTCOMES)}.")
    with act(actor, "case.close") as work:
        case = lock_open(work, case_id, revision)
        may_see(actor, case, "cases.close", "P3")
        close_within(work, case, outcome, reason)
    return case


def close_within(work: Work, case: Case, outcome: str, reason: str) -> None:
    """Close inside a larger act."""
    case.state = Case.State.CLOSED
    case.outcome = outcome
    case.closed_at = timezone.now()
    clocks.cancel(work, "case", case.pk, because="the case was closed")
    timeline.add(work, case, "closed", f"Closed: {OUTCOMES[outcome]}", body=reason)
    touch(work, case, "case.close", outcome=outcome)
    work.emit("case.closed", {"case": case.pk, "outcome": outcome}, key=f"{case.pk}:{case.revision}")


def reopen(actor: Actor, case_id: str, reason: str) -> Case:
    """Open a closed case again."""
    _need_reason(reason)
    with act(actor, "case.reopen") as work:
        case = work.lock(Case, case_id)
        may_see(actor, case, "cases.work")
        if case.state != Case.State.CLOSED:
            raise Conflict(f"Case {case.reference} is not closed.", "There is nothing to reopen.")
        reopen_within(work, case, reason)
    return case


def reopen_within(work: Work, case: Case, reason: str) -> None:
    """Reopen inside a larger act, such as a reversal."""
    case.state = Case.State.REOPENED
    case.closed_at = None
    case.outcome = ""
    timeline.add(work, case, "reopened", "Reopened", body=reason)
    touch(work, case, "case.reopen")


def _need_reason(reason: str) -> None:
    if len(reason.strip()) < 3:
        raise InvalidInput("A reason is needed.", "Say why in a sentence.", fields={"reason": "Say why."})


def may_work(actor: Actor, case: Case) -> bool:
    """Whether the actor may work this case now; for showing or greying out, never for guarding."""
    try:
        require(actor, "cases.work", scope_of(actor, case, "P3"))
    except AccessDenied:
        return False
    return True
