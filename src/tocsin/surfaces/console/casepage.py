"""Everything the case page shows, gathered for one actor. Holds no rule: each part comes from a query that
checks access. Whatever the number of people, alerts and reports, the number of queries stays small."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from tocsin.core.access import break_glass
from tocsin.core.access.check import actor_permissions, allows
from tocsin.core.access.permissions import PERMISSIONS
from tocsin.core.actor import Actor
from tocsin.core.audit.pulse import anchored_at
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.crypto.data_keys import looked_up
from tocsin.core.evidence.serving import way_out
from tocsin.domains.cases import case_evidence
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import assigned_to, own_scope, scope_of
from tocsin.domains.cases.actions import OVER
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.cases.outcomes import OUTCOMES
from tocsin.domains.detection import activity
from tocsin.domains.detection.harm import harms
from tocsin.domains.detection.models import Alert
from tocsin.domains.enforcement import queries as enforcement
from tocsin.domains.enforcement.ladder_steps import STEPS, said_of
from tocsin.domains.enforcement.models import Action, Decision
from tocsin.domains.enforcement.proposal import happened_at
from tocsin.domains.enforcement.standing import standings
from tocsin.domains.people import queries as people
from tocsin.domains.policies import queries as policies
from tocsin.domains.policies.models import Clause
from tocsin.surfaces.console import told, verifying, words

_ICONS = {
    "report": ("message-square", "blu"), "alert": ("zap", "red"), "protection": ("shield", "blu"),
    "assigned": ("user", ""), "note": ("pencil", ""), "message": ("send", ""),
    "question": ("circle-help", ""),
    "reporter": ("message-square", "blu"), "decision": ("gavel", "red"), "closed": ("circle-check", "grn"),
    "reopened": ("rotate-ccw", ""), "reversal": ("undo-2", "blu"), "appeal": ("scale", "blu"),
    "severity": ("triangle-alert", "red"), "clock": ("timer", "red"), "action": ("check", ""),
    "evidence": ("file-text", ""), "merged": ("merge", ""),
}  # fmt: skip
_DEPTHS = sorted(name for name in PERMISSIONS if name.startswith("cases.decide_"))


def build(actor: Actor, case: Case) -> dict[str, Any]:
    """The context of the page."""
    parties = cases.parties(case)
    links = told.report_links(case)
    scopes = {party.account.party.key_scope for party in parties} | {link.report.key_scope for link in links}
    with looked_up({case.key_scope, *scopes}):
        return _build(actor, case, parties, links)


def _build(actor: Actor, case: Case, parties: list[CaseParty], links: Sequence[Any]) -> dict[str, Any]:
    sides = _sides(actor, case, parties)
    alerts = told.alerts(actor, case)
    reports = told.reports(actor, case, links)
    voices = told.voices(sides, reports, alerts)
    may = _may(actor, case)
    due = _clocks(case)
    evidence = case_evidence.items(actor, case)
    return {
        "case": case,
        "zone": case.zone,
        "zone_name": timezone.now().astimezone(ZoneInfo(case.zone)).tzname(),
        "over": case.state in OVER,
        "outcome": OUTCOMES.get(case.outcome, ""),
        "mine": assigned_to(actor, case),
        "may": may,
        "may_read": allows(actor, "cases.view", scope_of(actor, case, "P3")),
        "glass_until": None if assigned_to(actor, case) else break_glass.open_until(actor, "case", case.pk),
        "others_here": cases.present(case, but=actor.id),
        "clocks": due,
        "urgent": _urgent(case, due),
        "sides": sides,
        "voices": voices,
        "days": _days(actor, case),
        "intact_at": anchored_at(),
        "reports": reports,
        "alerts": alerts,
        "evidence": [{"item": item, "way": way_out(item.evidence)} for item in evidence],
        "covered_evidence": sum(not item.may_open for item in evidence),
        "prior": cases.prior_cases(actor, case),
        "actions": [_action(row) for row in enforcement.actions_in(actor, case)],
        "decisions": [_decision(actor, view) for view in enforcement.decisions_in(actor, case)],
        "notices": [
            {"row": row, "label": words.NOTICES.get(row.kind, words.plain(row.kind))}
            for row in enforcement.notices_in(actor, case)
        ],
        "verifications": verifying.of_order(actor, case.order.external_id) if case.order else [],
        "stats": _stats(actor, case, sides, len(reports), [one["row"] for one in alerts]),
        "graph_url": reverse("console:case_graph", args=[case.reference]),
    }


def _sides(actor: Actor, case: Case, parties: list[CaseParty]) -> list[dict[str, Any]]:
    """The people of the case: masked card, standing, what holds on them now, labels."""
    accounts = list({party.account_id: party.account for party in parties}.values())
    cards = people.account_cards(actor, accounts, scope_of(actor, case))
    standing = standings(accounts)
    labels = activity.labels_of((account.role, account.external_id) for account in accounts)
    shown: dict[str, dict[str, Any]] = {}
    for party in parties:
        account = party.account
        if (
            account.pk in shown
        ):  # somebody can be both, such as the subject of one report and reporter of another
            shown[account.pk]["parts"].append(party.get_part_display())
            continue
        shown[account.pk] = {
            "part": party.part,
            "parts": [party.get_part_display()],
            "account": account,
            "kind": words.kind(account.role),
            "card": cards[account.pk],
            "standing": standing[account.pk],
            "running": [_action(row) for row in standing[account.pk].running],
            "labels": labels[account.role, account.external_id],
        }
    return list(shown.values())


def _action(row: Action) -> dict[str, Any]:
    return {"row": row, "label": STEPS[row.type].said(row.feature), "kind": words.kind(row.target_kind)}


def _decision(actor: Actor, view: enforcement.DecisionView) -> dict[str, Any]:
    decision = view.decision
    own = decision.decider_id == actor.id
    return {
        "view": view,
        "row": decision,
        "label": said_of(decision.chosen_step) or words.plain("no_action"),
        "days": decision.chosen_step.get("days"),
        "own": own,
        "waits": decision.state == Decision.State.AWAITING_SECOND_READER,
        "undoable": decision.state == Decision.State.IN_FORCE and not own,
    }


def _days(actor: Actor, case: Case) -> list[tuple[dt.date, list[dict[str, Any]]]]:
    """The timeline by the days of the place it happened in."""
    here = ZoneInfo(case.zone)
    lines = [_line(line) for line in cases.timeline(actor, case)]
    return [
        (day, list(group))
        for day, group in groupby(lines, key=lambda line: line["entry"].at.astimezone(here).date())
    ]


def _line(line: cases.Line) -> dict[str, Any]:
    icon, tone = _ICONS.get(line.entry.kind, ("circle", ""))
    by_us = line.entry.actor.startswith("system:")
    return {
        "line": line, "entry": line.entry, "summary": words.spelled(line.entry.summary), "icon": icon,
        "tone": tone, "by": "" if by_us else line.entry.actor_label,
    }  # fmt: skip


def _clocks(case: Case) -> list[dict[str, Any]]:
    """The promises of the case: what runs, and of what ended the last of each kind."""
    rows = clocks.every("case", case.pk)
    running = {row.name for row in rows if row.state in clocks.ALIVE}
    ended = {row.name: row for row in rows if row.state not in clocks.ALIVE and row.name not in running}
    kept = [*ended.values(), *(row for row in rows if row.state in clocks.ALIVE)]
    return [_clock(row) for row in kept]


def _clock(row: Clock) -> dict[str, Any]:
    late = row.state == Clock.State.BREACHED or (
        row.state == Clock.State.MET and row.ended_at is not None and row.ended_at > row.due_at
    )
    total = max(int((row.due_at - row.started_at).total_seconds()), 1)
    used = min(max(int((timezone.now() - row.started_at).total_seconds()), 0), total)
    alive = row.state in clocks.ALIVE
    return {
        "row": row,
        "label": words.CLOCKS.get(row.name, words.plain(row.name)),
        "done": not alive,
        "late": late,
        "look": "late" if late else "now" if alive else "done",
        "total": total,
        "used": used,
    }


def _urgent(case: Case, due: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The clock that belongs across the page: the first to run out, where life, harm or loss is at stake."""
    waiting = [one for one in due if one["row"].state == Clock.State.RUNNING]
    soon = timezone.now() + dt.timedelta(hours=1)
    first = min(waiting, key=lambda one: one["row"].due_at, default=None)
    return first if first and (case.severity <= "S1" or first["row"].due_at < soon) else None


def _stats(
    actor: Actor, case: Case, sides: list[dict[str, Any]], reports: int, alerts: list[Alert]
) -> dict[str, Any]:
    subject = next((side for side in sides if side["part"] == CaseParty.Part.SUBJECT), None)
    figures: dict[str, Any] = {
        "harm": _most_harm(alerts),
        "reports": reports,
        "alerts": len(alerts),
        "subject": subject,
    }
    if subject is None or "entities.view" not in actor_permissions(actor):
        return figures
    account = subject["account"]
    days = activity.days_of(actor, account.role, account.external_id, zone=case.zone)
    return figures | {
        "activity": [day.events for day in days],
        "events": sum(day.events for day in days),
        "flagged": sum(day.flagged for day in days),
        "most": max(day.events for day in days),
    }


def _most_harm(alerts: list[Alert]) -> dict[str, Any] | None:
    """The most that one of the alerts is expected to cost: several may be about the same money. Currencies
    are compared as the queue compares them (``harm.ranked``)."""
    harm = harms(alerts)
    known = [(found, alert.currency) for alert in alerts if (found := harm[alert.pk].minor) is not None]
    return dict(zip(("minor", "currency"), max(known), strict=True)) if known else None


def _may(actor: Actor, case: Case) -> dict[str, bool]:
    """What to offer. Guards are in the actions; this only keeps the page honest about what will work."""
    scope, deep = scope_of(actor, case), scope_of(actor, case, "P3")
    open_ = case.state not in OVER
    work = allows(actor, "cases.work", deep)
    return {
        "assign": open_ and allows(actor, "cases.assign", own_scope(actor, case)),
        "work": open_ and work,
        "decide": open_ and work and any(allows(actor, name, deep) for name in _DEPTHS),
        "close": open_ and allows(actor, "cases.close", deep),
        "reopen": case.state == Case.State.CLOSED and allows(actor, "cases.work", scope),
        "protect": open_ and allows(actor, "cases.protect", scope) and allows(actor, "cases.work", scope),
        "lift": work and allows(actor, "cases.protect", deep),
        "severity": open_ and any(
            allows(actor, f"cases.severity_{way}", scope) for way in ("lower", "raise")
        ),
        "message": open_ and allows(actor, "cases.message", deep),
        "reveal": allows(actor, "people.reveal", scope),
        "look_up": allows(actor, "entities.view", scope),
        "second_read": allows(actor, "cases.second_read", deep),
        "reverse": allows(actor, "decisions.reverse", deep),
        "dispose": allows(actor, "alerts.disposition", scope),
        "glass": allows(actor, "access.break_glass", scope) and not allows(actor, "cases.view", deep),
        "evidence": open_ and work and allows(actor, "evidence.add", deep),
    }  # fmt: skip


def clauses(case: Case, roles: set[str]) -> tuple[list[Clause], list[Clause]]:
    """The clauses in force that bind these kinds of people: those about the case's codes, and all others."""
    found = [
        clause
        for clause in policies.clauses_for(case.codes, region=case.region, at=happened_at(case))
        if roles & set(clause.body["applies_to"])
    ]
    wanted = set(case.codes)
    near = [clause for clause in found if clause.violation_code in wanted]
    return near, [clause for clause in found if clause.violation_code not in wanted]
