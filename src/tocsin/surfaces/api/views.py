"""Turning rows into the shapes of the API."""

from __future__ import annotations

from typing import Any

from tocsin.domains.cases.case_reports import Told
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.cases.queries import Line
from tocsin.domains.detection.models import Alert
from tocsin.domains.enforcement.models import Action, Appeal, Decision
from tocsin.domains.enforcement.notices import link
from tocsin.domains.enforcement.proposal import Proposal, Weights
from tocsin.domains.enforcement.queries import PublicNotice
from tocsin.domains.policies.models import Clause
from tocsin.domains.reports.messages import Line as ReportLine
from tocsin.domains.verification.models import Verification


def iso(moment: Any) -> str | None:
    """RFC 3339, or None."""
    return moment.isoformat() if moment else None


def case_brief(case: Case) -> dict[str, Any]:
    """A case as a list shows it."""
    return {
        "id": case.pk,
        "reference": case.reference,
        "title": case.title,
        "desk": case.desk,
        "state": case.state,
        "severity": case.severity,
        "codes": case.codes,
        "region": case.region,
        "source": case.source,
        "opened_at": iso(case.opened_at),
        "next_due_at": iso(case.next_due_at),
        "assignee": case.assignee_id,
        "outcome": case.outcome,
        "revision": case.revision,
    }


def party(row: CaseParty) -> dict[str, Any]:
    """Somebody's part in a case."""
    return {
        "part": row.part,
        "kind": row.account.role,
        "id": row.account.external_id,
        "status": row.account.status,
        "account_id": row.account_id,
    }


def alert(row: Alert) -> dict[str, Any]:
    """An alert at a glance."""
    return {"id": row.pk, "rule": row.rule, "code": row.code, "state": row.state, "hits": row.hits}


def line(one: Line) -> dict[str, Any]:
    """A line of the story."""
    entry = one.entry
    return {
        "at": iso(entry.at),
        "kind": entry.kind,
        "by": entry.actor_label,
        "summary": entry.summary,
        "body": one.body,
        "covered": one.covered,
    }


def told(one: Told) -> dict[str, Any]:
    """A report of a case, as it was told."""
    report, opened = one.report, one.opened
    return {
        "number": report.number,
        "received_at": iso(report.received_at),
        "codes": report.alleged_codes,
        "found_codes": report.found_codes,
        "covered": opened is None,
        "narrative": opened.details.get("narrative", "") if opened else None,
        "messages": [message(line) for line in opened.messages] if opened else [],
    }


def message(line: ReportLine) -> dict[str, Any]:
    """A line between a reporter and us; empty when it was erased."""
    return {"direction": line.direction, "kind": line.kind, "at": iso(line.at), "text": line.text or ""}


def action(row: Action) -> dict[str, Any]:
    """An action as the marketplace knows it."""
    return {
        "id": row.pk,
        "type": row.type,
        "target": {"kind": row.target_kind, "id": row.target_id},
        "detail": row.detail,
        "protective": row.protective,
        "interim": row.interim,
        "status": row.status,
        "reason_code": row.reason_code,
        "starts_at": iso(row.starts_at),
        "ends_at": iso(row.ends_at),
        "reversed_at": iso(row.reversed_at),
    }


def verification(row: Verification) -> dict[str, Any]:
    """A verification of an order, with its results."""
    return {
        "id": row.pk,
        "order": row.order_ref,
        "kind": row.kind,
        "state": row.state,
        "reason_code": row.reason_code,
        "demanded_at": iso(row.demanded_at),
        "settled_at": iso(row.settled_at),
        "attempts": row.attempts,
        "results": [
            {
                "external_id": one.external_id,
                "outcome": one.outcome,
                "method": one.method,
                "attempts": one.attempts,
                "at": iso(one.at),
                "evidence_sha256": one.evidence_sha256,
            }
            for one in sorted(row.results.all(), key=lambda one: (one.told_at, one.pk))
        ],
    }


def decision(row: Decision) -> dict[str, Any]:
    """A decision without its facts: those are in the notice, and for staff in the console."""
    return {
        "id": row.pk,
        "case": row.case_id,
        "finding": row.finding,
        "clause": row.clause_id,
        "policy_version": row.policy_version_id,
        "standard_of_proof": row.standard_of_proof,
        "state": row.state,
        "decided_at": iso(row.decided_at),
        "appeal_until": iso(row.appeal_until),
        "account": {"kind": row.subject.role, "id": row.subject.external_id} if row.subject else None,
        "proposed_step": row.proposed_step.get("step"),
        "chosen_step": row.chosen_step.get("type"),
        "automated": row.automated,
    }


def proposal(plan: Proposal, weighed: Weights) -> dict[str, Any]:
    """What the policy proposes, and what else the clause weighs."""

    def words(side: dict[str, dict[str, str]]) -> list[dict[str, str]]:
        return [{"name": name, "words": texts["en"]} for name, texts in side.items()]

    return {
        "clause": plan.clause_id,
        "title": plan.title["en"],
        "text": plan.text["en"],
        "policy_version": plan.policy_version_id,
        "step": plan.step,
        "days": plan.days,
        "feature": plan.feature,
        "level": plan.level,
        "second_reader": plan.second_reader,
        "proof": plan.proof,
        "prior": plan.prior,
        "reasons": plan.reasons,
        "aggravators": words(weighed.aggravators),
        "mitigators": words(weighed.mitigators),
    }


def clause(row: Clause) -> dict[str, Any]:
    """A clause, in English."""
    return {
        "clause": row.clause_id,
        "title": row.title["en"],
        "violation_code": row.violation_code,
        "policy_version": row.version_id,
        "applies_to": row.body["applies_to"],
    }


def appeal(row: Appeal) -> dict[str, Any]:
    """An appeal without its text."""
    return {
        "id": row.pk,
        "decision": row.decision_id,
        "state": row.state,
        "outcome": row.outcome,
        "reviewer": row.reviewer_id,
        "lodged_at": iso(row.lodged_at),
        "decided_at": iso(row.decided_at),
    }


def notice(seen: PublicNotice, *, with_link: bool) -> dict[str, Any]:
    """A notice for the marketplace to show to its reader."""
    row = seen.notice
    return {
        "id": row.pk,
        "kind": row.kind,
        "issued_at": iso(row.issued_at),
        "language": row.language,
        "subject": seen.subject,
        "body": seen.body,
        "statement": seen.statement,
        "decision": row.decision_id,
        "can_appeal": seen.can_appeal,
        "link": link(row.pk) if with_link else "",
    }
