"""How cases come to be: from a report, from an alert, or by a specialist.

A report or alert about somebody who already has an open case on the same desk joins that case, so that
one person's trouble is one piece of work. Joining never deletes or hides anything.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from tocsin.core.access.check import more_sensitive
from tocsin.core.act import Work
from tocsin.core.ids import new_id
from tocsin.core.locks import lock
from tocsin.core.outbox.notify import tick
from tocsin.domains.cases import case_clocks, timeline, walls
from tocsin.domains.cases.models import Case, CaseAlert, CaseParty, CaseReport
from tocsin.domains.detection.models import Alert
from tocsin.domains.people.models import Account, Order
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.taxonomy import current as taxonomy

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_OVER = (Case.State.CLOSED, Case.State.MERGED, Case.State.ROUTED_OUT)


def new_reference() -> str:
    """A short name for a case, speakable: ``C-7QK4M2``. 30 random bits; re-drawn when taken."""
    while True:
        reference = "C-" + "".join(secrets.choice(_ALPHABET) for _ in range(6))
        if not Case.objects.filter(reference=reference).exists():
            return reference


def desk_of(codes: Iterable[str]) -> str:
    """The desk that works a set of codes: that of the first code the taxonomy knows."""
    for code in codes:
        entry = taxonomy().find(code)
        if entry is not None:
            return str(entry.desk)
    return "conduct"


def joinable(subject: Account | None, desk: str) -> QuerySet[Case]:
    """Open cases about the same person on the same desk, newest first."""
    if subject is None:
        return Case.objects.none()
    return (
        Case.objects.filter(desk=desk, parties__account=subject, parties__part=CaseParty.Part.SUBJECT)
        .exclude(state__in=[*_OVER, Case.State.DECIDED, Case.State.ACTIONED])
        .order_by("-opened_at")
    )


def create(
    work: Work,
    *,
    title: str,
    desk: str,
    severity: str,
    codes: list[str],
    source: str,
    region: str,
    zone: str,
    channel: str = "",
    data_class: str = "P3",
    order: Order | None = None,
) -> Case:
    """Make a case and say so to the queue."""
    now = timezone.now()
    case = Case(
        id=new_id("case"),
        reference=new_reference(),
        title=title[:200],
        desk=desk,
        severity=severity,
        codes=codes,
        source=source,
        channel=channel,
        region=region,
        zone=zone,
        data_class=data_class,
        order=order,
        opened_at=now,
        updated_at=now,
    )
    work.save(case, "case.open")
    work.emit("case.opened", {"case": case.pk, "severity": severity, "codes": codes}, key=case.pk)
    tick("queue")
    return case


def add_party(work: Work, case: Case, account: Account | None, part: str) -> None:
    """Write an account into a case once, and keep people close to it away."""
    if account is None:
        return
    party, made = CaseParty.objects.get_or_create(case=case, account=account, part=part)
    if not made:
        return
    work.note(party, "case.add_party")
    walls.draw(work, case, [account])


def got_worse(work: Work, case: Case, severity: str, because: str, *, body: str = "") -> None:
    """Raise a case's severity, with the clocks of the new one; never lowers it. ``because`` is our own words,
    ``body`` a person's."""
    if severity >= case.severity:
        return
    work.watch(case)
    before, case.severity = case.severity, severity
    case.updated_at = timezone.now()
    case.revision += 1
    work.save(case, "case.severity_raise")
    case_clocks.severity_changed(work, case)
    said = f"Severity raised from {before} to {severity}"
    timeline.add(work, case, "severity", f"{said}: {because}" if because else said, body=body)
    work.emit(
        "case.severity_raised", {"case": case.pk, "severity": severity}, key=f"{case.pk}:{case.revision}"
    )


def for_report(work: Work, report_id: str) -> Case:
    """The case of a report, locked; one is opened, or the open one about the same person joined, when it has
    none. Safe to run twice."""
    lock("case_of", report_id)
    present = CaseReport.objects.filter(report=report_id).first()
    if present is not None:
        return work.lock(Case, present.case_id)
    report = Report.objects.select_related("order__customer", "order__shopper").get(pk=report_id)
    case = _from_report(work, report)
    _into_case(work, report)
    return case


def _into_case(work: Work, report: Report) -> None:
    locked = work.lock(Report, report.pk)
    if locked.status in (
        Report.Status.RECEIVED,
        Report.Status.ACKNOWLEDGED,
        Report.Status.TRIAGED,
        Report.Status.ROUTED_SUPPORT,
    ):
        locked.status = Report.Status.IN_CASE
        work.save(locked, "report.in_case")


def _from_report(work: Work, report: Report) -> Case:
    code = report.alleged_codes[0]
    entry = taxonomy().find(code)
    title = entry.title["en"] if entry is not None else "Report to be classified"
    case = _open_one(report.subject_account, desk_of(report.alleged_codes))
    joins = case is not None
    if case is None:
        case = create(
            work, title=title, desk=desk_of(report.alleged_codes), severity=report.severity,
            codes=list(report.alleged_codes), source="report", channel=report.channel, region=report.region,
            zone=report.zone, data_class=report.data_class, order=report.order,
        )  # fmt: skip
    else:
        got_worse(work, case, report.severity, "a further report came in")
        widen(work, case, report.alleged_codes, report.data_class)
    link = CaseReport(case=case, report=report, added_at=timezone.now())
    work.save(link, "case.add_report")
    timeline.add(
        work, case, "report", f"Report {report.number} by {report.channel}: {title}",
        refs={"report": report.pk}, at=report.received_at,
    )  # fmt: skip
    _add_sides(work, case, report)
    _waiting(work, case, joins=joins)
    return case


def _open_one(subject: Account | None, desk: str) -> Case | None:
    """The open case about somebody on a desk, locked; None when there is none and one may be made now.

    The lock by name keeps two workers from opening two cases about the same person at once.
    """
    if subject is None:
        return None
    lock("case_about", subject.pk, desk)
    return joinable(subject, desk).select_for_update(of=("self",)).first()


def _waiting(work: Work, case: Case, *, joins: bool) -> None:
    """Start the clocks, and let a case that something joined be looked at again by whoever protects."""
    if joins:
        case_clocks.joined(work, case)
        work.emit("case.joined", {"case": case.pk}, key=f"{case.pk}:{case.revision}")
    else:
        case_clocks.opened(work, case)


def _add_sides(work: Work, case: Case, report: Report) -> None:
    add_party(work, case, report.subject_account, CaseParty.Part.SUBJECT)
    add_party(work, case, report.reporter_account, CaseParty.Part.REPORTER)
    if report.order is not None:
        known = {report.subject_account_id, report.reporter_account_id}
        for account in (report.order.customer, report.order.shopper):
            if account is not None and account.pk not in known:
                add_party(work, case, account, CaseParty.Part.AFFECTED)


def widen(work: Work, case: Case, codes: Iterable[str], data_class: str) -> None:
    """Add codes to a case, and keep it as sensitive as the most sensitive thing in it."""
    work.watch(case)
    case.codes = list(dict.fromkeys([*case.codes, *codes]))
    case.data_class = more_sensitive(case.data_class, data_class)
    case.updated_at = timezone.now()
    case.revision += 1
    work.save(case, "case.widen")


def from_alert(
    work: Work, alert: Alert, accounts: dict[str, Account], order: Order | None, title: str
) -> Case:
    """Open a case for an alert, or join the open one about the same person. Safe to run twice.

    ``accounts`` are those known for the alert, by part (``subject``, ``affected``).
    """
    present = CaseAlert.objects.filter(alert=alert).first()
    if present is not None:
        return work.lock(Case, present.case_id)
    subject = accounts.get("subject")
    desk = desk_of([alert.violation_code])
    case = _open_one(subject, desk)
    joins = case is not None
    if case is None:
        case = create(
            work,
            title=title,
            desk=desk,
            severity=alert.severity,
            codes=[alert.violation_code],
            source="rule",
            region=alert.region or (subject.region if subject else ""),
            zone=subject.zone if subject else "UTC",
            order=order,
        )
    else:
        got_worse(work, case, alert.severity, f"rule {alert.rule} fired as well")
        widen(work, case, [alert.violation_code], case.data_class)
    link = CaseAlert(case=case, alert=alert, added_at=timezone.now())
    work.save(link, "case.add_alert")
    locked = work.lock(Alert, alert.pk)  # it may have grown since it was read
    locked.state = Alert.State.IN_CASE
    work.save(locked, "alert.in_case")
    for part, account in accounts.items():
        add_party(work, case, account, part)
    timeline.add(
        work, case, "alert", f"Rule {alert.code} {alert.rule} fired: {alert.verdict}",
        refs={"alert": alert.pk, "seq": alert.first_seq}, at=alert.opened_at,
    )  # fmt: skip
    _waiting(work, case, joins=joins)
    return case
