"""Taking reports in, and what people do to them afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from tocsin.core.access.check import Scope, require
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import InvalidInput
from tocsin.core.outbox.notify import tick
from tocsin.domains.reports import filing, messages, promises, raising, reasons, report_input
from tocsin.domains.reports.access import must_be_theirs
from tocsin.domains.reports.filing import Filed
from tocsin.domains.reports.models import Report, ReportMessage, Severity
from tocsin.domains.reports.report_input import ReportInput
from tocsin.domains.reports.scoring import rescore
from tocsin.domains.reports.taxonomy import current as taxonomy

#: The machine and the reporter's own withdrawal never close these (handbook §1.2).
NEVER_CLOSED_BY_ITSELF = ("S0", "S1", "S2")
#: Two clicks on "I am not safe now" within this time are one [D].
SAID_AGAIN = dt.timedelta(minutes=1)


def file_report(
    actor: Actor,
    *,
    channel: str,
    data: ReportInput | Mapping[str, Any],
    region: str = "",
    zone: str = "UTC",
) -> Filed:
    """Take a report in: number, severity, dates, clocks, and ``report.received`` for whoever works it.

    ``region`` and ``zone`` hold when neither the order nor the people say where it was. The same
    report under the same ``external_id`` again gives the first one back, without a PIN.

    Raises:
        InvalidInput: what cannot be taken, by path. AccessDenied: staff or a key without the right to file.
        Conflict: another report was filed under this ``external_id``.
    """
    if actor.kind in ("staff", "api_key"):
        require(actor, "reports.file")
    if channel not in report_input.CHANNELS:
        raise InvalidInput(
            f"There is no channel {channel!r}.", f"Known are {', '.join(report_input.CHANNELS)}."
        )
    told = data if isinstance(data, ReportInput) else report_input.read(data)
    report_input.check(told, now=timezone.now())
    return filing.file(actor, channel, told, region=region, zone=zone)


def add_message(actor: Actor, report_id: str, text: str, *, channel: str = "web") -> ReportMessage:
    """The reporter adds something.

    It reaches whoever works on it, and wakes clocks that waited for an answer.
    """
    must_be_theirs(actor, report_id)
    with act(actor, "report.message") as work:
        line = messages.from_reporter(work, work.lock(Report, report_id), text, channel=channel)
        tick("queue")
    return line


def write_to_reporter(actor: Actor, report_id: str, text: str, *, question: bool = False) -> ReportMessage:
    """Staff write to the reporter of a report that is in no case; in a case, write through the case."""
    with act(actor, "report.write") as work:
        report = work.lock(Report, report_id)
        _require(actor, "cases.message", report)
        return messages.to_reporter(work, report, text, kind="question" if question else "message")


def tell_outcome(actor: Actor, report_id: str, text: str) -> ReportMessage:
    """Tell the reporter how it ended: what we did, never what became of another person."""
    with act(actor, "report.tell_outcome") as work:
        report = work.lock(Report, report_id)
        _require(actor, "cases.message", report)
        return messages.tell_outcome(work, report, text)


def withdraw(actor: Actor, report_id: str, reason: str = "", *, channel: str = "web") -> Report:
    """The reporter takes a report back. That is noted, and closes it only when nobody was harmed (S3, S4).

    Doing it twice changes nothing.
    """
    must_be_theirs(actor, report_id)
    with act(actor, "report.withdraw") as work:
        report = work.lock(Report, report_id)
        if report.withdrawn_at is not None:
            return report
        if reason.strip():
            messages.from_reporter(work, report, reason, channel=channel, taking_back=True)
        report = work.lock(Report, report_id)
        report.withdrawn_at = timezone.now()
        closes = report.severity not in NEVER_CLOSED_BY_ITSELF and report.status not in promises.OVER
        if closes:
            report.status = Report.Status.CLOSED
            report.closed_at = report.withdrawn_at
            promises.end(work, report, "the reporter withdrew the report")
        work.save(report, closes=closes)
        work.emit(
            "report.withdrawn",
            {"report": report.pk, "number": report.number, "severity": report.severity, "closed": closes},
            key=report.pk,
        )
        tick("queue")
    return report


def not_safe(actor: Actor, report_id: str, words: str, *, channel: str = "web") -> Report:
    """The reporter says that they are not safe now: an emergency, whatever the report was before, also when
    it was over. Its promises begin again, and ``report.not_safe`` calls whoever can help.

    ``words`` is what the conversation shows. Saying it again within a minute changes nothing.
    """
    must_be_theirs(actor, report_id)
    with act(actor, "report.not_safe") as work:
        report = work.lock(Report, report_id)
        if messages.said_not_safe(report, since=timezone.now() - SAID_AGAIN):
            return report
        if report.severity != Severity.S0:
            reasons.add(report, reasons.BY_PERSON, Severity.S0, words, actor.ref)
            report.severity, report.severity_set_by = Severity.S0, actor.ref
        report.safe_now = "no"
        promises.begin_again(work, report)
        work.save(report)
        line = messages.say_not_safe(work, report, words, channel=channel)
        work.emit("report.not_safe", {"report": report.pk, "number": report.number}, key=line.pk)
        tick("queue")
    return report


def raise_severity(actor: Actor, report_id: str, severity: str, reason: str) -> Report:
    """Say that it is worse than it looked. Anybody who works on reports may, and the reporter too.

    Raises:
        InvalidInput: it is not worse than before, or no reason was given.
    """
    if actor.kind == "reporter":
        must_be_theirs(actor, report_id)
    else:
        require(actor, "cases.severity_raise")
    return _set_severity(actor, report_id, severity, reason, lower=False)


def lower_severity(actor: Actor, report_id: str, severity: str, reason: str) -> Report:
    """Say that it is less severe: only a supervisor, with a reason (handbook §1.2)."""
    require(actor, "cases.severity_lower")
    return _set_severity(actor, report_id, severity, reason, lower=True)


def recode(actor: Actor, report_id: str, codes: list[str], reason: str) -> Report:
    """Give a report other alleged codes. The severity stays; raise or lower it on its own."""
    _need_reason(reason)
    unknown = [code for code in codes if taxonomy().find(code) is None]
    if unknown or not codes:
        raise InvalidInput(
            "A report needs at least one code that exists.", "Choose from the list.",
            fields={"codes": f"Unknown: {', '.join(unknown)}." if unknown else "Choose at least one."},
        )  # fmt: skip
    with act(actor, "report.recode") as work:
        report = work.lock(Report, report_id)
        _require(actor, "cases.work", report)
        wanted = list(dict.fromkeys(codes))
        if wanted != report.alleged_codes:
            before, report.alleged_codes = report.alleged_codes, wanted
            entries = [entry for code in wanted if (entry := taxonomy().find(code))]
            report.data_class = max([report.data_class, *(entry.data_class for entry in entries)])
            report.taxonomy_version = taxonomy().version
            rescore(report)
            promises.recoded(work, report)
            reasons.add(report, reasons.RECODED, report.severity, reason, actor.ref)
            work.save(report, before=before, after=wanted)
            work.emit("report.recoded", {"report": report.pk, "codes": wanted})
    return report


def _set_severity(actor: Actor, report_id: str, severity: str, reason: str, *, lower: bool) -> Report:
    _need_reason(reason)
    if severity not in Severity.values:
        raise InvalidInput(f"There is no severity {severity!r}.", f"One of {', '.join(Severity.values)}.")
    with act(actor, "report.severity_lower" if lower else "report.severity_raise") as work:
        report = work.lock(Report, report_id)
        if actor.kind != "reporter":
            _require(actor, "cases.severity_lower" if lower else "cases.severity_raise", report)
        moves = severity > report.severity if lower else severity < report.severity
        if not moves:
            raise InvalidInput(
                f"{severity} is not {'below' if lower else 'above'} {report.severity}.",
                f"Choose one that is {'less' if lower else 'more'} severe.",
            )
        reasons.add(report, reasons.BY_PERSON, severity, reason, actor.ref)
        if lower:
            before, report.severity = report.severity, severity
            report.severity_set_by = actor.ref
            raising.follow(work, report)
            work.save(report, before=before, after=severity)
        else:
            raising.raise_to(work, report, severity, set_by=actor.ref)
        tick("queue")
    return report


def _require(actor: Actor, permission: str, report: Report) -> None:
    require(actor, permission, Scope(region=report.region))


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput("Please say why.", "A sentence is enough.", fields={"reason": "Please say why."})
