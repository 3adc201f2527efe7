"""Deciding a case under a written clause: who may, on what proof, and whether somebody reads it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks.arithmetic import due_at
from tocsin.core.crypto.seal import seal
from tocsin.core.errors import Conflict, InvalidInput, NotFound
from tocsin.core.ids import new_id
from tocsin.core.packs.today import required
from tocsin.domains.cases import timeline
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.actions import open_for, touch
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.enforcement import disclosure, effects, ending, proposal
from tocsin.domains.enforcement.ladder_steps import STEPS, Step, said_of
from tocsin.domains.enforcement.models import Appeal, Decision
from tocsin.domains.enforcement.proposal import Proposal
from tocsin.domains.people.models import Account
from tocsin.domains.policies.forms import STANDARDS

SUBSTANTIATED = Decision.Finding.SUBSTANTIATED
_FEATURE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_LONGEST_TEXT = 5000
_SHORTEST_TEXT = 10


@dataclass(frozen=True)
class DecisionInput:
    """What a specialist files.

    ``step`` is the type of the chosen step; empty takes the proposed one. ``days`` and ``feature`` belong to
    steps that have them, and are those of the proposal when left out. ``aggravators`` and ``mitigators`` are
    what was found of those the clause weighs. ``revision`` is that of the case as it was read.
    """

    subject_id: str
    finding: str
    clause_id: str
    standard_of_proof: str
    facts_internal: str
    facts_disclosable: str
    step: str = ""
    days: int | None = None
    feature: str = ""
    aggravators: tuple[str, ...] = ()
    mitigators: tuple[str, ...] = ()
    deviation_reason: str = ""
    unmatch: bool = False
    revision: int | None = None


def decide(actor: Actor, case_id: str, given: DecisionInput) -> Decision:
    """File a decision. Levels 8 and 9 wait for a second reader; everything else takes effect at once.

    Raises:
        AccessDenied: the actor may not decide at this level, or is not assigned.
        Conflict: the case changed since it was read, is over, or somebody has decided on this person
        meanwhile. InvalidInput: with a message for every field that is missing or does not fit.
    """
    with act(actor, "decision.make") as work:
        case = open_for(work, actor, case_id, "cases.work", "P3", given.revision)
        subject = _subject(case, given)
        _check_fields(given)
        disclosure.check(case, subject, "facts_disclosable", given.facts_disclosable)
        _not_decided_yet(case, subject, given.clause_id)
        _not_sent_back_to(actor, case, subject)
        plan = _plan(case, subject, given)
        chosen = _chosen(case, subject, given, plan) if plan else {}
        step = STEPS[chosen["type"]] if chosen else None
        require(actor, step.permission if step else "cases.decide_1_2", scope_of(actor, case, "P3"))
        decision = _draft(actor, case, subject, given, plan, chosen)
        if step is not None and step.second_reader:
            _propose(work, case, decision, step)
        else:
            work.save(decision, "decision.make", clause=decision.clause_id, finding=decision.finding)
            effects.take_effect(work, case, decision, subject)
    return decision


def second_read(actor: Actor, decision_id: str, agree: bool, note: str = "") -> Decision:
    """Confirm or refuse a proposed termination. Never by the person who proposed it: a constraint says
    so too.

    Raises:
        NotFound: no such decision the actor may know of. AccessDenied: not theirs to read.
        Conflict: they proposed it, or it does not wait for a second reader (any more).
    """
    with act(actor, "decision.second_read") as work:
        case = open_for(work, actor, case_of(decision_id), "cases.second_read", "P3")
        decision = work.lock(Decision, decision_id)
        if decision.state != Decision.State.AWAITING_SECOND_READER:
            raise Conflict("This decision does not wait for a second reader.", "Reload the case.")
        if decision.decider_id == actor.id:
            raise Conflict(
                "You proposed this decision, so somebody else must read it.", "Ask another supervisor.",
                code="same_person",
            )  # fmt: skip
        decision.second_reader_id = actor.id
        if not agree:
            _refuse(work, case, decision, note)
            return decision
        work.save(decision, "decision.confirm")
        assert decision.subject is not None  # noqa: S101 - a proposed step is always about somebody
        effects.take_effect(work, case, decision, decision.subject)
    return decision


def case_of(decision_id: str) -> str:
    """The case a decision belongs to; its lock comes before the decision's.

    Raises:
        NotFound: there is no such decision.
    """
    found = Decision.objects.filter(pk=decision_id).values_list("case_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such decision.", "Check the identifier.")
    return found


def _propose(work: Work, case: Case, decision: Decision, step: Step) -> None:
    decision.state = Decision.State.AWAITING_SECOND_READER
    case.state = Case.State.DECISION_PENDING
    work.save(decision, "decision.propose", clause=decision.clause_id, step=step.type)
    proposed = said_of(decision.chosen_step).lower()
    timeline.add(
        work, case, "decision", f"Proposed, waiting for a second reader: {proposed}",
        refs={"decision": decision.pk},
    )  # fmt: skip
    touch(work, case, "case.decision_pending")


def _refuse(work: Work, case: Case, decision: Decision, note: str) -> None:
    decision.state = Decision.State.REJECTED
    work.save(decision, "decision.refuse")
    timeline.add(
        work, case, "decision", "The second reader did not agree", body=note, refs={"decision": decision.pk}
    )
    ending.after_refusal(work, case)


def _subject(case: Case, given: DecisionInput) -> Account:
    party = (
        CaseParty.objects.select_related("account__party")
        .filter(case=case, account_id=given.subject_id)
        .first()
    )
    if party is None:
        raise InvalidInput(
            "That person is not part of this case.", "Choose one of the people in the case.",
            fields={"subject": "Choose one of the people in the case."},
        )  # fmt: skip
    return party.account


def _check_fields(given: DecisionInput) -> None:
    found = given.finding == SUBSTANTIATED
    wrong: dict[str, str] = {}
    if given.finding not in Decision.Finding.values:
        wrong["finding"] = "Choose what was found."
    if given.standard_of_proof not in Decision.Proof.values:
        wrong["standard_of_proof"] = "Choose how sure you are."
    if len(given.facts_internal.strip()) < _SHORTEST_TEXT:
        wrong["facts_internal"] = "Write down the facts you rely on (at least 10 characters)."
    if found and len(given.facts_disclosable.strip()) < _SHORTEST_TEXT:
        wrong["facts_disclosable"] = (
            "Write the facts as the person may read them, without naming who reported."
        )
    if found and not given.clause_id:
        wrong["clause"] = "Choose the clause that was broken."
    if given.step and (given.step not in STEPS or not STEPS[given.step].decidable):
        known = ", ".join(step.type for step in STEPS.values() if step.decidable)
        wrong["step"] = f"A decision can choose: {known}."
    if not found and (given.step or given.unmatch):
        wrong["step" if given.step else "unmatch"] = "Only a substantiated finding leads to a step."
    for name in ("facts_internal", "facts_disclosable", "deviation_reason"):
        if len(getattr(given, name)) > _LONGEST_TEXT:
            wrong[name] = "At most 5,000 characters."
    if wrong:
        raise InvalidInput("The decision is not complete yet.", "Fill in what is marked.", fields=wrong)


def _not_decided_yet(case: Case, subject: Account, clause_id: str) -> None:
    """One decision about a person stands in a case; of what was merged into it, one under each clause."""
    same = Q(case=case) | Q(case__merged_into=case, clause_id=clause_id)
    standing = Decision.objects.filter(
        same, subject=subject, state__in=[Decision.State.IN_FORCE, Decision.State.AWAITING_SECOND_READER]
    )
    if standing.exists():
        raise Conflict(
            "A decision about this person in this case stands already.",
            "Reload to read it. To change it, reverse it or let it be appealed.",
            code="already_decided",
        )


def _not_sent_back_to(actor: Actor, case: Case, subject: Account) -> None:
    """What an appeal sent back is decided anew by somebody who had no part in what was decided."""
    part = Q(decider=actor.id) | Q(second_reader=actor.id)
    here = Q(case=case) | Q(case__merged_into=case)
    sent_back = Decision.objects.filter(part, here, subject=subject, appeals__outcome=Appeal.Outcome.REMAND)
    if actor.kind == "staff" and sent_back.exists():
        raise Conflict(
            "An appeal sent your decision back, so somebody else decides it anew.",
            "Give the case to a colleague.", code="same_person",
        )  # fmt: skip


def _plan(case: Case, subject: Account, given: DecisionInput) -> Proposal | None:
    """What the clause proposes for what was found; None without a finding."""
    if given.finding != SUBSTANTIATED:
        return None
    return proposal.propose(
        case,
        subject,
        given.clause_id,
        aggravators=given.aggravators,
        mitigators=given.mitigators,
        proof_met=given.standard_of_proof,
    )


def _chosen(case: Case, subject: Account, given: DecisionInput, plan: Proposal) -> dict[str, Any]:
    """The step that is taken, checked against the clause, its proof and its length."""
    kind = given.step or plan.step
    if kind not in STEPS:
        raise InvalidInput(
            "No step of this clause is carried by this standard of proof.",
            "Choose a higher standard if the facts carry it, another finding, or another step with a reason.",
            fields={"standard_of_proof": f"The mildest step needs: {_proof_words(plan.proof)}."},
        )
    proposed_kind = kind == plan.step
    as_proposed = proposed_kind and given.days in (None, plan.days) and given.feature in ("", plan.feature)
    if not as_proposed and len(given.deviation_reason.strip()) < _SHORTEST_TEXT:
        proposed = STEPS[plan.step].label if plan.step in STEPS else "no step"
        raise InvalidInput(
            f"The policy proposes: {proposed}. Another step needs a written reason.",
            "Say why this case is different, or take the proposed step.",
            fields={"deviation_reason": "Say why you choose another step (at least 10 characters)."},
        )
    needed = proposal.proof_needed(case, subject, given.clause_id, kind)
    if STANDARDS.index(given.standard_of_proof) < STANDARDS.index(needed):
        raise InvalidInput(
            f"This step needs a higher standard of proof: {_proof_words(needed)}.",
            "Choose a lower step, or a standard that the facts carry.",
            fields={"standard_of_proof": f"At least: {_proof_words(needed)}."},
        )
    return {
        "type": kind,
        "days": _days(STEPS[kind], given.days or (plan.days if proposed_kind else None), subject),
        "feature": _feature(kind, given.feature or (plan.feature if proposed_kind else "")),
        "unmatch": given.unmatch,
    }


def _proof_words(standard: str) -> str:
    return str(Decision.Proof(standard).label).lower()


def _days(step: Step, days: int | None, subject: Account) -> int | None:
    """The length of the step in days.

    Raises:
        InvalidInput: it is too short or too long, missing, or the step has none.
    """
    if step.kind.min_days is not None and step.kind.max_days is not None:
        shortest, longest = step.kind.min_days, step.kind.max_days
    elif step.type == "restrict_feature":
        # without a length of its own it stands until the review, and never longer than that without one
        shortest, longest = 0 if days is None else 1, _review_days(step, subject)
    elif days is not None:
        raise InvalidInput(
            "This step has no length of its own.", "Leave the days out.",
            fields={"days": "This step has no length of its own."},
        )  # fmt: skip
    else:
        return None
    if not shortest <= (days or 0) <= longest:
        said = f"From {max(shortest, 1)} to {longest} days."
        raise InvalidInput(f"How long? {said}", "Give the number of days.", fields={"days": said})
    return days


def _review_days(step: Step, subject: Account) -> int:
    now = timezone.now()
    return (due_at(now, required(step.kind.review, subject.region), subject.zone) - now).days


def _feature(kind: str, feature: str) -> str:
    """The feature that is limited; empty for every other step."""
    if kind != "restrict_feature":
        if feature:
            raise InvalidInput(
                "Only a limited feature has a name.", "Leave the feature out.",
                fields={"feature": "Only for the step restrict_feature."},
            )  # fmt: skip
        return ""
    if not _FEATURE.fullmatch(feature):
        raise InvalidInput(
            "Which feature is limited?",
            "Name it as the marketplace does, such as alcohol or instant_refunds.",
            fields={"feature": "Small letters, digits and underscores."},
        )
    return feature


def _draft(
    actor: Actor,
    case: Case,
    subject: Account,
    given: DecisionInput,
    plan: Proposal | None,
    chosen: dict[str, Any],
) -> Decision:
    decision_id = new_id("dec")

    def sealed(name: str, text: str) -> bytes:
        return seal(case.key_scope, f"decision:{decision_id}:{name}", text)

    made = Decision(
        id=decision_id, case=case, subject=subject, finding=given.finding,
        policy_version_id=plan.policy_version_id if plan else None, clause_id=plan.clause_id if plan else "",
        violation_code=plan.violation_code if plan else "", standard_of_proof=given.standard_of_proof,
        facts_internal_sealed=sealed("internal", given.facts_internal),
        facts_disclosable_sealed=sealed("disclosable", given.facts_disclosable),
        proposed_step=plan.as_data() if plan else {}, chosen_step=chosen,
        automated="partly" if case.source == "rule" else "not",
        decider_id=actor.id if actor.kind == "staff" else None,
        state=Decision.State.IN_FORCE, decided_at=timezone.now(),
    )  # fmt: skip
    made.deviation_reason = given.deviation_reason.strip()
    return made
