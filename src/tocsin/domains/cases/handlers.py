"""What cases do when something happens below: a report came in or changed, an alert was raised, somebody is
to be kept away, a promise was missed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import on_breach
from tocsin.core.errors import InvalidInput
from tocsin.core.evidence.models import Evidence
from tocsin.core.outbox.registry import on
from tocsin.domains.cases import actions, case_reports, opening, timeline, walls
from tocsin.domains.cases.actions import OVER, touch
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.detection.models import Alert
from tocsin.domains.people.actions import upsert_entity
from tocsin.domains.people.models import Account, Order
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.taxonomy import current as taxonomy

_ME = system("cases")
#: What is handed in within this time belongs to the report itself: a form or an integration sends it after
#: the words [D].
WITH_THE_REPORT = dt.timedelta(minutes=15)


@on("report.received", "cases.open_for_report")
def open_for_report(data: Mapping[str, Any]) -> None:
    """Every report becomes work, but S4, which goes to customer support with its context and stays for
    trends."""
    report = Report.objects.get(pk=data["report"])
    if report.status == Report.Status.ROUTED_SUPPORT and report.severity == "S4":
        return
    with act(_ME, "case.open_for_report") as work:
        case = opening.for_report(work, report.pk)
        work.watch(case)
        touch(work, case, "case.clocks")


@on("report.severity_raised", "cases.report_got_worse")
def report_got_worse(data: Mapping[str, Any]) -> None:
    """A report is graver than it looked: its case is too, and a routine one becomes work."""
    with act(_ME, "case.report_got_worse") as work:
        case = opening.for_report(work, data["report"])
        if case.state == Case.State.CLOSED:
            actions.reopen_within(work, case, "Its report was found to be graver after it was closed.")
        if case.state not in OVER:
            opening.got_worse(work, case, data["to"], "its report was found to be graver")
            touch(work, case, "case.clocks")


@on("report.recoded", "cases.report_recoded")
def report_recoded(data: Mapping[str, Any]) -> None:
    """A report got other codes: the case knows them as well, and may need other protection."""
    link = CaseReport.objects.select_related("report").filter(report_id=data["report"]).first()
    if link is None:
        return
    with act(_ME, "case.report_recoded") as work:
        case = work.lock(Case, link.case_id)
        if case.state not in OVER:
            opening.widen(work, case, data["codes"], link.report.data_class)
            work.emit("case.joined", {"case": case.pk}, key=f"{case.pk}:{case.revision}")


@on("report.withdrawn", "cases.report_withdrawn")
def report_withdrawn(data: Mapping[str, Any]) -> None:
    """The reporter took it back. That is noted, and closes nothing (handbook §0)."""
    link = CaseReport.objects.filter(report_id=data["report"]).first()
    if link is None:
        return
    with act(_ME, "case.report_withdrawn") as work:
        case = work.lock(Case, link.case_id)
        timeline.add(work, case, "reporter", f"The reporter of {data['number']} withdrew it")
        if case.state not in OVER:
            touch(work, case, "case.report_withdrawn")


@on("alert.raised", "cases.open_for_alert")
@on("alert.grew", "cases.alert_grew")
def open_for_alert(data: Mapping[str, Any]) -> None:
    """Every alert becomes work for a person; more of the same is shown in the case it is in."""
    alert = Alert.objects.get(pk=data["alert"])
    with act(_ME, "case.open_for_alert") as work:
        accounts = _accounts(alert)
        order = Order.objects.filter(external_id=alert.order_ref).first() if alert.order_ref else None
        case = opening.from_alert(work, alert, accounts, order, _title(alert))
        seq = data.get("seq", alert.first_seq)
        if seq != alert.first_seq and case.state not in OVER:
            timeline.add(
                work, case, "alert", f"Rule {alert.code} {alert.rule} fired again",
                refs={"alert": alert.pk, "seq": seq},
            )  # fmt: skip
        work.watch(case)
        touch(work, case, "case.clocks")
        told = {"alert": alert.pk, "case": case.pk, "seq": seq}
        work.emit("alert.in_case", told, key=f"{alert.pk}:{seq}")


def _accounts(alert: Alert) -> dict[str, Account]:
    found: dict[str, Account] = {}
    for part, kind, external in (
        ("subject", alert.subject_kind, alert.subject_id),
        ("affected", alert.counterpart_kind, alert.counterpart_id),
    ):
        if kind in Account.Role.values:
            account = _known(kind, external)
            if account is not None:
                found[part] = account
    return found


def _known(kind: str, external: str) -> Account | None:
    """The account, made known when only events have named it so far: somebody must be able to decide on
    it."""
    found = Account.objects.filter(role=kind, external_id=external).first()
    if found is not None:
        return found  # not locked: a case is locked before its accounts
    try:
        upsert_entity(_ME, kind, external, {})
    except InvalidInput:
        # an event may name somebody in a form that no account can have
        return None
    return Account.objects.get(role=kind, external_id=external)


def _title(alert: Alert) -> str:
    entry = taxonomy().find(alert.violation_code)
    what = entry.title["en"] if entry is not None else alert.rule.replace("_", " ")
    return f"{what}: {alert.subject_kind} flagged by rule {alert.code}"


@on("report.message_received", "cases.reporter_wrote")
def reporter_wrote(data: Mapping[str, Any]) -> None:
    """Show the specialist that the reporter wrote, and let paused clocks run again. What is written to a
    routine report makes it work for a person, because support has only what was told at first; why it is
    taken back does not."""
    if data.get("taking_back") and not CaseReport.objects.filter(report_id=data["report"]).exists():
        return
    with act(_ME, "case.reporter_wrote") as work:
        case = opening.for_report(work, data["report"])
        if not data.get("taking_back"):
            case_reports.reporter_goes_on(work, data["report"])
        actions.reporter_wrote(work, case, data["number"])


@on("report.evidence_received", "cases.evidence_came_later")
def evidence_came_later(data: Mapping[str, Any]) -> None:
    """A routine report whose reporter hands something in afterwards becomes work as well. What comes with the
    report goes where it goes."""
    report, item = Report.objects.get(pk=data["report"]), Evidence.objects.get(pk=data["evidence"])
    if item.received_at - report.received_at <= WITH_THE_REPORT:
        return
    with act(_ME, "case.evidence_came_later") as work:
        case = opening.for_report(work, report.pk)
        case_reports.reporter_goes_on(work, report.pk)
        actions.reporter_wrote(work, case, report.number, "handed something in")


@on("staff.walled_off", "cases.keep_away")
def keep_away(data: Mapping[str, Any]) -> None:
    """Somebody's accounts, or their family's, were named: cases about those are kept from them."""
    with act(_ME, "case.wall_off") as work:
        walls.redraw(work, data["staff"])


@on_breach("escalate", subject_type="case")
@on_breach("page_supervisor", subject_type="case")
@on_breach("tell_reporter", subject_type="case")
def missed(clock: Clock, work: Work) -> None:
    """A promise or objective was missed: it shows in the case, which comes first in its part of the queue
    until somebody acts, and is told to who must know."""
    case = work.lock(Case, clock.subject_id)
    if case.state in OVER:
        return
    name = clock.name.replace("_", " ").replace(".", ", ")
    timeline.add(work, case, "clock", f"Missed: {name}", refs={"clock": clock.pk})
    touch(work, case, "case.clock_missed", clock=clock.name)
    told = {"case": case.pk, "clock": clock.name, "clock_id": clock.pk, "asks": clock.on_breach}
    work.emit("case.clock_missed", told, key=clock.pk)
