"""The evidence of a case: what came with its reports, and what specialists added."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

from django.db.models import Q

from tocsin.core.access.check import Scope, allows, more_sensitive, require
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.core.evidence import service
from tocsin.core.evidence.custody import lines
from tocsin.core.evidence.models import Custody, Evidence
from tocsin.core.evidence.reading import display_names
from tocsin.domains.cases import timeline
from tocsin.domains.cases.access import may_see, scope_of
from tocsin.domains.cases.actions import open_for, touch
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.reports import queries as reports
from tocsin.domains.reports.models import Report


@dataclass(frozen=True, slots=True)
class Item:
    """One item. ``name`` is empty when it was erased or may not be read; ``report`` is the number it came
    with, empty when a specialist added it. ``may_open`` says whether this actor may look at it."""

    evidence: Evidence
    name: str
    report: str
    may_open: bool


def items(actor: Actor, case: Case) -> list[Item]:
    """Everything there is, oldest first, with the names of what the actor may look at.

    Raises:
        AccessDenied: without sight of the case.
    """
    require(actor, "cases.view", scope_of(actor, case))
    reports_of = CaseReport.objects.filter(case=case)
    # an item never changes, so what was added to a case that was merged into this one still names that one
    ours = Case.objects.filter(Q(pk=case.pk) | Q(merged_into=case)).values("pk")
    found = Evidence.objects.filter(
        Q(subject_type="case", subject_id__in=ours)
        | Q(subject_type="report", subject_id__in=reports_of.values("report_id"))
    )
    rows = list(found.order_by("received_at", "id"))
    if not rows:
        return []
    numbers = dict(reports_of.values_list("report_id", "report__number"))
    open_to = [_may_open(actor, case, row) for row in rows]
    readable = [row for row, may in zip(rows, open_to, strict=True) if may]
    names = dict(zip((row.pk for row in readable), display_names(readable), strict=True))
    return [
        Item(row, names.get(row.pk, ""), numbers.get(row.subject_id, ""), may)
        for row, may in zip(rows, open_to, strict=True)
    ]


def _may_open(actor: Actor, case: Case, row: Evidence) -> bool:
    return allows(actor, "evidence.view", scope_of(actor, case, more_sensitive("P3", row.sensitivity)))


@dataclass(frozen=True, slots=True)
class Found:
    """One item with the case it is in (None: only in a report) and the scope for looking at it."""

    evidence: Evidence
    case: Case | None
    scope: Scope


def find(actor: Actor, evidence_id: str) -> Found:
    """One item, when the actor may look at it.

    Raises:
        NotFound: there is none, or it is kept from the actor. AccessDenied: not theirs to see.
    """
    row = Evidence.objects.filter(pk=evidence_id).first()
    if row is None:
        raise NotFound("There is no such item of evidence.", "Check the link you followed.")
    case = _case_of(row)
    if case is not None:
        may_see(actor, case)
        scope = scope_of(actor, case, more_sensitive("P3", row.sensitivity))
    else:
        report = Report.objects.select_related("reporter_account", "subject_account").get(pk=row.subject_id)
        if not reports.may_know(actor, report):
            raise NotFound("There is no such item of evidence.", "Check the link you followed.")
        scope = replace(
            reports.scope_of(report), data_class=more_sensitive(report.data_class, row.sensitivity)
        )
    require(actor, "evidence.view", scope)
    return Found(row, case, scope)


def chain(actor: Actor, evidence_id: str) -> tuple[Found, str, list[Custody]]:
    """An item, its name, and every hand it went through, oldest first. Raises as ``find``."""
    found = find(actor, evidence_id)
    return found, display_names([found.evidence])[0], list(lines(found.evidence))


def _case_of(row: Evidence) -> Case | None:
    if row.subject_type == "report":
        return Case.objects.filter(report_links__report=row.subject_id).first()
    case = Case.objects.select_related("merged_into").filter(pk=row.subject_id).first()
    return case.merged_into or case if case else None


def add(
    actor: Actor, case_id: str, *, content: BinaryIO | bytes, filename: str, declared_type: str
) -> Evidence:
    """A specialist adds a file to a case. The same bytes twice are one item.

    Raises:
        AccessDenied: not theirs to work on. Conflict: the case is over.
        TooLarge, InvalidInput: this file cannot be taken; nothing else changed.
    """
    with act(actor, "case.add_evidence") as work:
        case = open_for(work, actor, case_id, "cases.work", "P3")
        require(actor, "evidence.add", scope_of(actor, case, "P3"))
        item = service.receive(
            work,
            content=content,
            filename=filename,
            declared_type=declared_type,
            subject_type="case",
            subject_id=case.pk,
            key_scope=case.key_scope,
            source=actor.ref,
            channel="console",
            sensitivity=more_sensitive("P3", case.data_class),
        )
        timeline.add(
            work, case, "evidence", f"Evidence added: {item.kind}, {item.size:,} bytes, sealed",
            refs={"evidence": item.pk},
        )  # fmt: skip
        touch(work, case, "case.evidence_added", evidence=item.pk)
    return item
