"""What cases do when something happens below: a report came in, an alert was raised, a reporter wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import on_breach
from tocsin.core.outbox.registry import on
from tocsin.core.packs.today import rules_for
from tocsin.domains.cases import opening, timeline
from tocsin.domains.cases.actions import OVER, reporter_answered, touch
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.detection.models import Alert
from tocsin.domains.people.models import Account, Order
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.taxonomy import current as taxonomy

_ME = system("cases")


def start_clocks(work: Work, case: Case) -> None:
    """Start the clocks of a case's severity, as the pack of its place says."""
    rules = rules_for(case.region)
    for name in ("owner", "protect", "update"):
        spec = rules.clock(f"response.{case.severity}.{name}")
        if spec is not None:
            clocks.start(
                work, spec, subject_type="case", subject_id=case.pk, zone=case.zone, region=case.region,
                start_at=case.opened_at, name=name,
            )  # fmt: skip


@on("report.received", "cases.open_for_report")
def open_for_report(data: Mapping[str, Any]) -> None:
    """Every report becomes work, but S4, which goes to customer support with its context and stays for trends."""
    report = Report.objects.select_related("order__customer", "order__shopper").get(pk=data["report"])
    if report.status == Report.Status.ROUTED_SUPPORT:
        return
    with act(_ME, "case.open_for_report") as work:
        case = opening.from_report(work, report)
        start_clocks(work, case)
        _into_case(work, report)
        work.watch(case)
        touch(work, case, "case.clocks")


def _into_case(work: Work, report: Report) -> None:
    locked = work.lock(Report, report.pk)
    if locked.status in (Report.Status.RECEIVED, Report.Status.ACKNOWLEDGED, Report.Status.TRIAGED):
        locked.status = Report.Status.IN_CASE
        work.save(locked, "report.in_case")


@on("alert.raised", "cases.open_for_alert")
@on("alert.grew", "cases.alert_grew")
def open_for_alert(data: Mapping[str, Any]) -> None:
    """Every alert becomes work for a person; more of the same is shown in the case it is in."""
    alert = Alert.objects.get(pk=data["alert"])
    with act(_ME, "case.open_for_alert") as work:
        work.watch(alert)
        accounts = _accounts(alert)
        order = Order.objects.filter(external_id=alert.order_ref).first() if alert.order_ref else None
        case = opening.from_alert(work, alert, accounts, order, _title(alert))
        seq = data.get("seq", alert.first_seq)
        if seq != alert.first_seq and case.state not in OVER:
            timeline.add(
                work,
                case,
                "alert",
                f"Rule {alert.code} {alert.rule} fired again",
                refs={"alert": alert.pk, "seq": seq},
            )
        if case.state not in OVER:
            start_clocks(work, case)
        work.watch(case)
        touch(work, case, "case.clocks")
        work.emit("alert.in_case", {"alert": alert.pk, "case": case.pk, "seq": seq}, key=f"{alert.pk}:{seq}")


def _accounts(alert: Alert) -> dict[str, Account]:
    found: dict[str, Account] = {}
    for part, kind, external in (
        ("subject", alert.subject_kind, alert.subject_id),
        ("affected", alert.counterpart_kind, alert.counterpart_id),
    ):
        if kind in ("customer", "shopper"):
            account = Account.objects.filter(role=kind, external_id=external).first()
            if account is not None:
                found[part] = account
    return found


def _title(alert: Alert) -> str:
    entry = taxonomy().find(alert.violation_code)
    what = entry.title["en"] if entry is not None else alert.rule.replace("_", " ")
    return f"{what}: {alert.subject_kind} flagged by rule {alert.code}"


@on("report.message_received", "cases.reporter_wrote")
def reporter_wrote(data: Mapping[str, Any]) -> None:
    """Show the specialist that the reporter wrote, and let paused clocks run again."""
    link = CaseReport.objects.select_related("report").filter(report_id=data["report"]).first()
    if link is None:
        return
    with act(_ME, "case.reporter_wrote") as work:
        case = work.lock(Case, link.case_id)
        if case.state not in OVER:
            reporter_answered(work, case, link.report.number)


@on_breach("escalate", subject_type="case")
@on_breach("page_supervisor", subject_type="case")
@on_breach("tell_reporter", subject_type="case")
def missed(clock: Clock, work: Work) -> None:
    """A promise or objective was missed: it shows in the case, jumps the queue, and is told to who must know."""
    case = work.lock(Case, clock.subject_id)
    if case.state in OVER:
        return
    timeline.add(
        work,
        case,
        "clock",
        f"Missed: {clock.name.replace('_', ' ').replace('.', ', ')}",
        refs={"clock": clock.pk},
    )
    touch(work, case, "case.clock_missed", clock=clock.name)
    work.emit(
        "case.clock_missed", {"case": case.pk, "clock": clock.name, "asks": clock.on_breach}, key=clock.pk
    )
