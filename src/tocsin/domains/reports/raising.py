"""Making a locked report graver: because somebody says so, or because of words they wrote later."""

from __future__ import annotations

from tocsin.core.act import Work
from tocsin.domains.reports import promises, reasons
from tocsin.domains.reports.danger_words import find_danger
from tocsin.domains.reports.models import Report, Severity


def raise_to(work: Work, report: Report, severity: str, *, set_by: str) -> None:
    """Give it the severity with the promises that go with it, save it, and say so to whoever works on it.

    The caller has made sure that it is graver than before.
    """
    before, report.severity = report.severity, severity
    report.severity_set_by = set_by
    follow(work, report)
    work.save(report, "report.severity_raise", before=before, after=severity)
    work.emit(
        "report.severity_raised",
        {
            "report": report.pk,
            "number": report.number,
            "from": before,
            "to": severity,
            "by": work.actor.kind,
        },
    )


def by_words(work: Work, report: Report, text: str) -> None:
    """Raise it when the words that were added may mean danger, graver than what is known. Never lowers it."""
    found = [one for one in find_danger(text) if one.to < report.severity]
    if not found:
        return
    for one in found:
        reasons.add_rule(report, f"words:{one.id}", one.to, one.because, one.phrases)
    raise_to(work, report, found[0].to, set_by="triage")


def follow(work: Work, report: Report) -> None:
    """Promise what its severity asks for. An emergency begins again, even when it was over. Does not save."""
    if report.severity == Severity.S0:
        promises.begin_again(work, report)
    elif report.status not in promises.OVER:
        promises.restart(work, report)
