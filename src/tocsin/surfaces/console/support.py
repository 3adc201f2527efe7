"""Decision support: the clause that fits, the step it proposes today, and how similar cases ended."""

from __future__ import annotations

from typing import Any

from tocsin.core.access.check import allows
from tocsin.core.actor import Actor
from tocsin.core.errors import DomainError
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.enforcement import similar
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.proposal import propose
from tocsin.domains.people.models import Account
from tocsin.domains.policies.models import Clause
from tocsin.surfaces.console import casepage


def build(actor: Actor, case: Case) -> dict[str, Any]:
    """For each clause about the case's codes, at most three: what it proposes for the subject."""
    subject = next(
        (party.account for party in cases.parties(case) if party.part == CaseParty.Part.SUBJECT), None
    )
    if subject is None or not allows(actor, "cases.work", scope_of(actor, case)):
        return {"case": case, "subject": subject, "proposals": []}
    near, _others = casepage.clauses(case, {subject.role})
    return {
        "case": case,
        "subject": subject,
        "proposals": [one for clause in near[:3] if (one := _proposal(actor, case, subject, clause))],
    }


def _proposal(actor: Actor, case: Case, subject: Account, clause: Clause) -> dict[str, Any] | None:
    try:
        plan = propose(case, subject, clause.clause_id)
    except DomainError:  # it does not bind this person here: there is nothing to propose
        return None
    step = STEPS.get(plan.step)
    ended = similar.under(actor, plan.violation_code)
    return {"plan": plan, "step": step, "ended": ended}
