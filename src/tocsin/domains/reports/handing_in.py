"""Photos, recordings and papers that come with a report."""

from __future__ import annotations

from typing import BinaryIO

from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.evidence import service as evidence
from tocsin.core.evidence.models import Evidence
from tocsin.core.outbox.notify import tick
from tocsin.domains.reports.access import must_be_theirs
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.scoring import rescore


def add_evidence(
    actor: Actor,
    report_id: str,
    *,
    content: BinaryIO | bytes,
    filename: str,
    declared_type: str,
    channel: str = "web",
) -> Evidence:
    """Take one file in for a report. The same bytes twice are one item.

    Raises:
        TooLarge, InvalidInput: this file cannot be taken; the report and its other files are untouched.
    """
    must_be_theirs(actor, report_id)
    with act(actor, "report.add_evidence") as work:
        report = work.lock(Report, report_id)
        item = evidence.receive(
            work,
            content=content,
            filename=filename,
            declared_type=declared_type,
            subject_type="report",
            subject_id=report.pk,
            key_scope=report.key_scope,
            source=actor.ref,
            channel=channel,
            sensitivity=max(report.data_class, "P3"),
        )
        rescore(report)
        work.save(report, "report.evidence_added", evidence=item.pk)
        work.emit("report.evidence_received", {"report": report.pk, "evidence": item.pk}, key=item.pk)
        tick("queue")
    return item
