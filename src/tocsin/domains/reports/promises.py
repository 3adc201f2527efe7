"""The clocks of a report: when a person answers, when the reporter hears from us next.

Who owns the work and what protects people at once are clocks of the case (see the cases domain); these two
stand with the report, because they are promised to the person who told us.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import on_breach
from tocsin.core.packs.today import rules_for
from tocsin.domains.reports.models import Report

SUBJECT = "report"
#: A person looks at the report for the first time.
ANSWER = "answer"
#: The reporter hears from us.
UPDATE = "update"
#: A report without a code gets one.
RECODE = "recode"
#: Customer support has it.
ROUTE = "route"

OVER = (Report.Status.CLOSED, Report.Status.OUTCOME_TOLD)


def start(work: Work, report: Report, *, unclassified: bool) -> dt.datetime | None:
    """Start what the pack of the place promises for this severity. Returns when the next update is due."""
    answer = "answer_phone" if report.channel == "phone" and report.severity == "S0" else "answer"
    _start(work, report, f"response.{report.severity}.{answer}", ANSWER)
    if unclassified:
        _start(work, report, "reporting.recode", RECODE)
    if _start(work, report, f"response.{report.severity}.route", ROUTE) and report.status in (
        Report.Status.ROUTED_SUPPORT, Report.Status.ROUTED_PRIVACY,
    ):  # fmt: skip
        clocks.meet(work, SUBJECT, report.pk, ROUTE)
    return promise_update(work, report)


def promise_update(work: Work, report: Report) -> dt.datetime | None:
    """Start the clock of the next update afresh. Returns when it is due, or None where none is promised."""
    clocks.cancel(work, SUBJECT, report.pk, UPDATE, because="a new date was given")
    clock = _start(work, report, f"response.{report.severity}.update", UPDATE)
    return clock.due_at if clock else None


def answered(work: Work, report_id: str) -> None:
    """A person has taken the report up."""
    clocks.meet(work, SUBJECT, report_id, ANSWER)


def recoded(work: Work, report: Report) -> None:
    """The report has its code now."""
    clocks.meet(work, SUBJECT, report.pk, RECODE)


def told(work: Work, report: Report) -> None:
    """The reporter heard from us: the promise is kept, and the next one begins. Does not save the report."""
    clocks.meet(work, SUBJECT, report.pk, UPDATE)
    report.next_update_by = None if report.status in OVER else promise_update(work, report)


def end(work: Work, report: Report, because: str) -> None:
    """Nothing more is promised. Does not save the report."""
    clocks.cancel(work, SUBJECT, report.pk, because=because)
    report.next_update_by = None


def restart(work: Work, report: Report) -> None:
    """A new severity has its own objectives, counted from now. Does not save the report."""
    waiting = {clock.name for clock in clocks.running(SUBJECT, report.pk)}
    if ANSWER in waiting:
        clocks.cancel(work, SUBJECT, report.pk, ANSWER, because="the severity changed")
        _start(work, report, f"response.{report.severity}.answer", ANSWER, at=timezone.now())
    report.next_update_by = promise_update(work, report)


def begin_again(work: Work, report: Report) -> None:
    """It is an emergency now, even if it was over before. Does not save the report."""
    _from_now(work, report, Report.Status.EMERGENCY_ACTIVE, "it became an emergency")


def reopen(work: Work, report: Report) -> None:
    """It goes on although it was over: a person answers again, and the reporter hears from us. Does not save
    the report."""
    _from_now(work, report, Report.Status.REOPENED, "it was reopened")
    clocks.meet(work, SUBJECT, report.pk, ROUTE)  # whoever has reopened it has it


def _from_now(work: Work, report: Report, status: Report.Status, because: str) -> None:
    report.status = status
    report.closed_at = None
    clocks.cancel(work, SUBJECT, report.pk, because=because)
    report.next_update_by = start(work, report, unclassified=False)


def _start(work: Work, report: Report, path: str, name: str, at: dt.datetime | None = None) -> Clock | None:
    spec = rules_for(report.region).clock(path)
    if spec is None:
        return None
    return clocks.start(
        work,
        spec,
        subject_type=SUBJECT,
        subject_id=report.pk,
        zone=report.zone,
        region=report.region,
        name=name,
        data={"severity": report.severity, "channel": report.channel},
        start_at=at,
    )


@on_breach("escalate", subject_type=SUBJECT)
@on_breach("page_supervisor", subject_type=SUBJECT)
def missed(clock: Clock, work: Work) -> None:
    """An objective was missed: whoever must know is told, and a promise to the reporter is renewed."""
    report = work.lock(Report, clock.subject_id)
    if report.status in OVER:
        return
    _say(work, report, clock)
    if clock.name == UPDATE:
        _renew(work, report)


@on_breach("tell_reporter", subject_type=SUBJECT)
def tell_reporter(clock: Clock, work: Work) -> None:
    """We said we would write by now and did not: say so, give a new date, and call a supervisor."""
    from tocsin.domains.reports import messages

    report = work.lock(Report, clock.subject_id)
    if report.status in OVER:
        return
    _say(work, report, clock)
    _renew(work, report)
    messages.say_late(work, report)


def _say(work: Work, report: Report, clock: Clock) -> None:
    work.emit(
        "report.clock_missed",
        {
            "report": report.pk, "number": report.number, "clock": clock.name, "clock_id": clock.pk,
            "asks": clock.on_breach,
        },
        key=clock.pk,
    )  # fmt: skip


def _renew(work: Work, report: Report) -> None:
    report.next_update_by = promise_update(work, report)
    work.save(report, "report.promise_renewed")
