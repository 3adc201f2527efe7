"""When a case ends with its decisions, and with what outcome: only once nothing in it waits."""

from __future__ import annotations

from django.db.models import Q

from tocsin.core.act import Work
from tocsin.domains.cases.actions import close_within, touch
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement import doing
from tocsin.domains.enforcement.models import Action, Decision

_SAYS = {
    Decision.Finding.SUBSTANTIATED: "action_taken",
    Decision.Finding.NOT_SUBSTANTIATED: "no_breach",
    Decision.Finding.INCONCLUSIVE: "inconclusive",
    Decision.Finding.FALSE_REPORT: "false_report",
}


def outcome_of(case: Case) -> str:
    """What the decisions in force say together, with those of cases that were merged into this one: that we
    acted, when one of them found a breach, otherwise what the latest found. Empty when none stands."""
    made = Decision.objects.filter(Q(case=case) | Q(case__merged_into=case))
    findings = made.filter(state=Decision.State.IN_FORCE).order_by("-in_force_at", "-id")
    said = [_SAYS[Decision.Finding(one)] for one in findings.values_list("finding", flat=True)]
    return "action_taken" if "action_taken" in said else next(iter(said), "")


def waits_for_reader(case: Case) -> bool:
    """Whether a proposed decision in the case waits for its second reader."""
    return case.decisions.filter(state=Decision.State.AWAITING_SECOND_READER).exists()


def _protects_still(case: Case) -> bool:
    """Whether somebody in the case is under a measure that was taken until it is known what happened.
    Keeping two people apart waits for nothing."""
    running = Action.objects.filter(case=case, protective=True, status__in=doing.RUNNING)
    return running.exclude(type="unmatch").exists()


def after_decision(work: Work, case: Case) -> None:
    """Close the case, when nothing in it waits; otherwise keep it open, with the outcome so far."""
    reader = waits_for_reader(case)
    if not reader and not _protects_still(case):
        close_within(work, case, outcome_of(case), "decided")
        return
    case.outcome = outcome_of(case)
    case.state = Case.State.DECISION_PENDING if reader else Case.State.ACTIONED
    touch(work, case, "case.decided_in_part")


def after_refusal(work: Work, case: Case) -> None:
    """A second reader refused: the case is looked into again, unless another decision still waits."""
    case.state = Case.State.DECISION_PENDING if waits_for_reader(case) else Case.State.INVESTIGATING
    touch(work, case, "case.decision_refused")
