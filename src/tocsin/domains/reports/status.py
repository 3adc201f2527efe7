"""What the reporter may know of their own report: where it stands, what comes next, and by when.

Nothing in here speaks about anybody else: not who was found to have done what, nor what became of them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tocsin.core.evidence.models import Evidence
from tocsin.domains.reports import messages
from tocsin.domains.reports.completeness import Gap
from tocsin.domains.reports.messages import Line
from tocsin.domains.reports.models import Report, ReportMessage
from tocsin.domains.reports.scoring import gaps
from tocsin.domains.reports.taxonomy import UNCLASSIFIED, Entry
from tocsin.domains.reports.taxonomy import current as taxonomy

#: The way of a report, as shown to the reporter; support and privacy take their own second step.
STAGES = ("received", "checking", "working", "told")
_STAGE_OF = {
    Report.Status.RECEIVED: "received",
    Report.Status.ACKNOWLEDGED: "received",
    Report.Status.TRIAGED: "checking",
    Report.Status.EMERGENCY_ACTIVE: "emergency",
    Report.Status.ROUTED_SUPPORT: "with_support",
    Report.Status.ROUTED_PRIVACY: "with_privacy",
    Report.Status.IN_CASE: "working",
    Report.Status.REOPENED: "working",
    Report.Status.OUTCOME_TOLD: "told",
    Report.Status.CLOSED: "closed",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: done, now, or still to come."""

    code: str
    state: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Something the reporter handed in."""

    id: str
    at: dt.datetime
    size: int
    media_type: str
    scan: str


@dataclass(frozen=True, slots=True)
class PublicStatus:
    """A report as its reporter sees it. Sentences come in the language that was asked for."""

    number: str
    received_at: dt.datetime
    zone: str
    titles: tuple[str, ...]
    stage: str
    steps: tuple[Step, ...]
    next_update_by: dt.datetime | None
    waiting_for_you: bool
    withdrawn: bool
    now: tuple[str, ...]
    we: tuple[str, ...]
    outcomes: tuple[str, ...]
    messages: tuple[Line, ...]
    evidence: tuple[Piece, ...]
    completeness: int
    gaps: tuple[Gap, ...]


def public_status(report: Report, language: str) -> PublicStatus:
    """The status of a report for the person who filed it. Callers have verified the PIN or a contact."""
    tongue = language.split("-")[0].lower()
    entries = [entry for code in report.alleged_codes if (entry := taxonomy().find(code))]
    entries = entries or [taxonomy().entries[UNCLASSIFIED]]
    worst = min(entries, key=lambda entry: entry.severity)
    lines = messages.history(report)
    return PublicStatus(
        number=report.number,
        received_at=report.received_at,
        zone=report.zone,
        titles=tuple(entry.title.get(tongue, entry.title["en"]) for entry in entries),
        stage=_STAGE_OF[Report.Status(report.status)],
        steps=_steps(report),
        next_update_by=report.next_update_by,
        waiting_for_you=_waiting(lines),
        withdrawn=report.withdrawn_at is not None,
        now=_said(worst, "now", tongue),
        we=_said(worst, "we", tongue),
        outcomes=_said(worst, "outcomes", tongue),
        messages=tuple(lines),
        evidence=_evidence(report),
        completeness=report.completeness,
        gaps=gaps(report),
    )


def _said(entry: Entry, part: str, tongue: str) -> tuple[str, ...]:
    sentences: dict[str, tuple[str, ...]] = getattr(entry.steps, part)
    return sentences.get(tongue) or sentences["en"]


def _steps(report: Report) -> tuple[Step, ...]:
    stage = _STAGE_OF[Report.Status(report.status)]
    second = stage if stage in ("with_support", "with_privacy", "emergency") else "checking"
    way = (
        ["received", second, "told"]
        if second.startswith("with_")
        else ["received", second, "working", "told"]
    )
    here = len(way) - 1 if stage in ("told", "closed") else way.index(stage)
    states = ["done" if at < here or stage in ("told", "closed") else "now" if at == here else "next"
              for at in range(len(way))]  # fmt: skip
    return tuple(Step(code, state) for code, state in zip(way, states, strict=True))


def _waiting(lines: list[Line]) -> bool:
    """Whether our last word to the reporter was a question."""
    spoken = [line for line in lines if line.kind != "delay"]
    last = spoken[-1] if spoken else None
    return (
        last is not None and last.kind == "question" and last.direction == ReportMessage.Direction.TO_REPORTER
    )


def _evidence(report: Report) -> tuple[Piece, ...]:
    rows = Evidence.objects.filter(subject_type="report", subject_id=report.pk, redacted_copy_of=None)
    return tuple(
        Piece(row.pk, row.received_at, row.size, row.media_type, row.scan)
        for row in rows.order_by("received_at")
    )
