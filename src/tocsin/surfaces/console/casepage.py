"""Everything the case page shows, gathered for one actor. Holds no rule: each part comes from an access-checked query."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tocsin.core.access.check import actor_permissions, allows
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.actions import OVER
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.cases.outcomes import OUTCOMES
from tocsin.domains.detection import queries as detection
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Decision
from tocsin.domains.enforcement.protection import OFFERED
from tocsin.domains.people import queries as people
from tocsin.domains.policies import queries as policies
from tocsin.domains.reports import queries as reports
from tocsin.domains.reports.models import Report

_ICONS = {
    "report": ("message-square", "blu"), "alert": ("zap", "red"), "protection": ("shield", "blu"),
    "assigned": ("user", ""), "note": ("pencil", ""), "message": ("send", ""), "question": ("circle-help", ""),
    "reporter": ("message-square", "blu"), "decision": ("gavel", "red"), "closed": ("circle-check", ""),
    "reopened": ("rotate-ccw", ""), "reversal": ("undo-2", "blu"), "appeal": ("scale", "blu"),
    "severity": ("triangle-alert", "red"), "clock": ("timer", "red"), "action": ("check", ""),
    "evidence": ("file-text", ""),
}  # fmt: skip


def build(actor: Actor, case: Case) -> dict[str, Any]:
    """The context of the page."""
    sides = [_side(actor, case, party) for party in _people(case)]
    read = allows(actor, "cases.view", scope_of(actor, case, "P3"))
    return {
        "case": case,
        "zone": case.zone,
        "over": case.state in OVER,
        "may": _may(actor, case),
        "may_read": read,
        "others_here": cases.present(case, but=actor.id),
        "clocks": [_clock(clock) for clock in clocks.running("case", case.pk)],
        "sides": sides,
        "subjects": enforcement.subjects(case),
        "lines": [_line(line) for line in cases.timeline(actor, case)],
        "reports": [_report(actor, case, link.report) for link in _report_links(case)],
        "alerts": _alerts(actor, case),
        "prior": cases.prior_cases(actor, case),
        "actions": [{"row": row, "label": STEPS[row.type].label} for row in enforcement.actions_in(actor, case)],
        "decisions": [{"view": view, "label": _label(view.decision)} for view in enforcement.decisions_in(actor, case)],
        "notices": enforcement.notices_in(actor, case),
        "stats": _stats(case, sides),
        "protections": [STEPS[kind] for kind in OFFERED],
        "outcomes": OUTCOMES.items(),
        "graph_url": reverse("console:case_graph", args=[case.reference]),
    }


def _report_links(case: Case) -> Any:
    return case.report_links.select_related("report__reporter_account", "report__subject_account").order_by("added_at")


def _report(actor: Actor, case: Case, report: Report) -> dict[str, Any]:
    """A report with its words, or covered for those who may not read them yet."""
    scope = scope_of(actor, case, report.data_class)
    shown: dict[str, Any] = {
        "id": report.pk, "number": report.number, "severity": report.severity, "channel": report.channel,
        "codes": report.alleged_codes, "completeness": report.completeness, "narrative": None, "messages": [],
        "severity_reasons": [reason["text"] for reason in report.severity_reasons], "gaps": [],
    }  # fmt: skip
    if allows(actor, "reports.view", scope):
        opened = reports.opened(actor, report, scope)
        shown |= {"narrative": opened.details.get("narrative", ""), "messages": opened.messages, "gaps": opened.gaps}
    return shown


def _label(decision: Decision) -> str:
    kind = decision.chosen_step.get("type")
    return STEPS[str(kind)].label if kind else "No action"


def _people(case: Case) -> list[CaseParty]:
    return cases.parties(case)


def _side(actor: Actor, case: Case, party: CaseParty) -> dict[str, Any]:
    """One person of the case: the masked card, prior history, what holds on them now."""
    scope = scope_of(actor, case)
    return {
        "party": party,
        "account": party.account,
        "card": people.account_card(actor, party.account, scope),
        "history": enforcement.history(party.account),
        "running": [{"row": row, "label": STEPS[row.type].label} for row in enforcement.running_on(party.account)],
        "labels": detection.labels_of(party.account.role, party.account.external_id),
    }


def _line(line: cases.Line) -> dict[str, Any]:
    icon, tone = _ICONS.get(line.entry.kind, ("circle", ""))
    return {"line": line, "entry": line.entry, "icon": icon, "tone": tone}


def _clock(clock: Clock) -> dict[str, Any]:
    names = {"owner": "Owner assigned", "protect": "Protective action", "update": "Next update to the reporter"}
    return {"clock": clock, "label": names.get(clock.name, clock.name.replace(".", " ").replace("_", " "))}


def _alerts(actor: Actor, case: Case) -> list[dict[str, Any]]:
    """Why the case was flagged: each alert with its reasons and the values they were based on."""
    if "alerts.view" not in actor_permissions(actor):
        return []
    links = case.alert_links.select_related("alert").order_by("added_at")
    scope = scope_of(actor, case, "P3")
    read = allows(actor, "entities.view", scope)
    return [
        {
            "alert": link.alert,
            "reasons": link.alert.reasons,
            "said": detection.words_behind(actor, link.alert, scope) if read else [],
        }
        for link in links
    ]


def _stats(case: Case, sides: list[dict[str, Any]]) -> dict[str, Any]:
    subject = next((side for side in sides if side["party"].part == CaseParty.Part.SUBJECT), None)
    return {
        "score": case.score,
        "reports": case.report_links.count(),
        "alerts": case.alert_links.count(),
        "strikes": len(subject["history"].strikes) if subject else 0,
        "upheld": subject["history"].decisions if subject else 0,
        "reversed": subject["history"].reversed if subject else 0,
        "orders": subject["card"].orders_total if subject else 0,
    }


def _may(actor: Actor, case: Case) -> dict[str, bool]:
    """What to offer. Guards are in the actions; this only keeps the page honest about what will work."""
    scope, deep = scope_of(actor, case), scope_of(actor, case, "P3")
    return {
        "assign": allows(actor, "cases.assign", scope),
        "work": allows(actor, "cases.work", deep),
        "decide": any(
            allows(actor, f"cases.decide_{level}", deep) for level in ("1_2", "3_5", "6", "7", "8_9")
        ) and allows(actor, "cases.work", deep),
        "close": allows(actor, "cases.close", deep),
        "protect": allows(actor, "cases.protect", scope) and allows(actor, "cases.work", scope),
        "lower": allows(actor, "cases.severity_lower", scope),
        "raise": allows(actor, "cases.severity_raise", scope),
        "reveal": allows(actor, "people.reveal", scope),
        "second_read": allows(actor, "cases.second_read", deep),
        "reverse": allows(actor, "decisions.reverse", deep),
        "glass": allows(actor, "access.break_glass", scope) and not allows(actor, "cases.view", deep),
        "evidence": allows(actor, "evidence.view", deep),
    }


def clauses(case: Case) -> list[Any]:
    """The clauses in force for this case, those about its codes first."""
    return policies.clauses_for(case.codes, region=case.region, at=case.opened_at)
