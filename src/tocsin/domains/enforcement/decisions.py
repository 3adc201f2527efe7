"""Deciding a case under a written clause, and making the decision take effect."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.arithmetic import due_at
from tocsin.core.crypto.seal import open_text, seal
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.core.packs.today import required
from tocsin.domains.cases import timeline
from tocsin.domains.cases.access import may_see, scope_of
from tocsin.domains.cases.actions import close_within, lock_open, touch
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.detection.actions import settle
from tocsin.domains.enforcement import doing, notices, statement
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Action, Decision, Effect, Strike
from tocsin.domains.enforcement.proposal import Proposal, propose
from tocsin.domains.people.models import Account
from tocsin.domains.reports import messages as report_messages

SUBSTANTIATED = Decision.Finding.SUBSTANTIATED
#: How sure one must at least be for each level (handbook §5): L1–4 suspicion, L5–6 belief, L7–9 preponderance.
_PROOF_ORDER = ("reasonable_suspicion", "reasonable_belief", "preponderance")
_OUTCOME = {
    "substantiated": "action_taken",
    "not_substantiated": "no_breach",
    "inconclusive": "inconclusive",
    "false_report": "false_report",
}


@dataclass(frozen=True)
class DecisionInput:
    """What a specialist files. ``step`` is the type of the chosen step; empty takes the proposed one."""

    subject_id: str
    finding: str
    clause_id: str
    standard_of_proof: str
    facts_internal: str
    facts_disclosable: str
    step: str = ""
    days: int | None = None
    deviation_reason: str = ""
    unmatch: bool = False
    revision: int | None = None


def proof_needed(level: int) -> str:
    """The lowest standard of proof that carries a step of this level."""
    return _PROOF_ORDER[0 if level <= 4 else 1 if level <= 6 else 2]


def decide(actor: Actor, case_id: str, given: DecisionInput) -> Decision:
    """File a decision. Levels 8 and 9 wait for a second reader; everything else takes effect at once.

    Raises:
        AccessDenied: the actor may not decide at this level, or is not assigned.
        Conflict: the case changed since it was read, is over, or somebody has decided on this person meanwhile.
        InvalidInput: with a message for every field that is missing or does not fit.
    """
    with act(actor, "decision.make") as work:
        case = lock_open(work, case_id, given.revision)
        may_see(actor, case, "cases.work", "P3")
        subject = _subject(case, given)
        _check_fields(given)
        _not_decided_yet(case, subject)
        plan = (
            propose(case, subject, given.clause_id, given.finding) if given.finding == SUBSTANTIATED else None
        )
        decision = _draft(actor, case, subject, given, plan)
        step = STEPS[decision.chosen_step["type"]] if decision.chosen_step else None
        require(actor, step.permission if step else "cases.decide_1_2", scope_of(actor, case, "P3"))
        if step and _PROOF_ORDER.index(given.standard_of_proof) < _PROOF_ORDER.index(
            proof_needed(step.level)
        ):
            needed = Decision.Proof(proof_needed(step.level)).label.lower()
            raise InvalidInput(
                f"{step.label} needs a higher standard of proof: {needed}.",
                "Choose a lower step, or a standard that the facts carry.",
                fields={"standard_of_proof": f"At least: {needed}."},
            )
        if step and step.second_reader:
            decision.state = Decision.State.AWAITING_SECOND_READER
            case.state = Case.State.DECISION_PENDING
            work.save(decision, "decision.propose")
            timeline.add(
                work,
                case,
                "decision",
                f"{step.label} proposed, waiting for a second reader",
                refs={"decision": decision.pk},
            )
            touch(work, case, "case.decision_pending")
            return decision
        work.save(decision, "decision.make", clause=decision.clause_id, finding=decision.finding)
        _take_effect(work, case, decision, subject, unmatch=given.unmatch)
    return decision


def second_read(actor: Actor, decision_id: str, agree: bool, note: str = "") -> Decision:
    """Confirm or refuse a proposed termination. Never by the person who proposed it: a constraint says so too."""
    with act(actor, "decision.second_read") as work:
        decision = work.lock(Decision, decision_id)
        case = lock_open(work, decision.case_id)
        require(actor, "cases.second_read", scope_of(actor, case, "P3"))
        if decision.state != Decision.State.AWAITING_SECOND_READER:
            raise Conflict("This decision does not wait for a second reader.", "Reload the case.")
        if decision.decider_id == actor.id:
            raise Conflict(
                "You proposed this decision, so somebody else must read it.", "Ask another supervisor.",
                code="same_person",
            )  # fmt: skip
        decision.second_reader_id = actor.id
        if not agree:
            decision.state = Decision.State.REJECTED
            case.state = Case.State.INVESTIGATING
            work.save(decision, "decision.refuse")
            timeline.add(work, case, "decision", "The second reader did not agree", body=note)
            touch(work, case, "case.decision_refused")
            return decision
        work.save(decision, "decision.confirm")
        _take_effect(work, case, decision, decision.subject)
    return decision


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
    wrong: dict[str, str] = {}
    if given.finding not in Decision.Finding.values:
        wrong["finding"] = "Choose what was found."
    if given.standard_of_proof not in Decision.Proof.values:
        wrong["standard_of_proof"] = "Choose how sure you are."
    if len(given.facts_internal.strip()) < 10:
        wrong["facts_internal"] = "Write down the facts you rely on (at least 10 characters)."
    if given.finding == SUBSTANTIATED and len(given.facts_disclosable.strip()) < 10:
        wrong["facts_disclosable"] = (
            "Write the facts as the person may read them, without naming who reported."
        )
    if given.finding == SUBSTANTIATED and not given.clause_id:
        wrong["clause"] = "Choose the clause that was broken."
    if given.step and given.step not in STEPS:
        wrong["step"] = f"There is no step {given.step!r}."
    if given.days is not None and not 1 <= given.days <= 30:
        wrong["days"] = "A fixed suspension lasts 3 to 30 days."
    for name in ("facts_internal", "facts_disclosable", "deviation_reason"):
        if len(getattr(given, name)) > 5000:
            wrong[name] = "At most 5,000 characters."
    if wrong:
        raise InvalidInput("The decision is not complete yet.", "Fill in what is marked.", fields=wrong)


def _not_decided_yet(case: Case, subject: Account) -> None:
    standing = Decision.objects.filter(
        case=case, subject=subject,
        state__in=[Decision.State.IN_FORCE, Decision.State.AWAITING_SECOND_READER],
    ).first()  # fmt: skip
    if standing is not None:
        raise Conflict(
            "A decision about this person in this case stands already.",
            "Reload to read it. To change it, reverse it or let it be appealed.",
            code="already_decided",
        )


def _draft(
    actor: Actor, case: Case, subject: Account, given: DecisionInput, plan: Proposal | None
) -> Decision:
    now = timezone.now()
    chosen: dict[str, object] = {}
    if plan is not None:
        chosen = {
            "type": given.step or plan.step,
            "days": given.days or (plan.days if given.step in ("", plan.step) else None),
        }
        if chosen["type"] != plan.step and len(given.deviation_reason.strip()) < 10:
            raise InvalidInput(
                f"The policy proposes: {STEPS[plan.step].label}. Another step needs a written reason.",
                "Say why this case is different, or take the proposed step.",
                fields={"deviation_reason": "Say why you choose another step (at least 10 characters)."},
            )
    decision_id = new_id("dec")
    return Decision(
        id=decision_id, case=case, subject=subject, finding=given.finding,
        policy_version_id=plan.policy_version_id if plan else None, clause_id=plan.clause_id if plan else "",
        violation_code=plan.violation_code if plan else "", standard_of_proof=given.standard_of_proof,
        facts_internal_sealed=seal(case.key_scope, f"decision:{decision_id}:internal", given.facts_internal),
        facts_disclosable_sealed=seal(case.key_scope, f"decision:{decision_id}:disclosable", given.facts_disclosable),
        proposed_step=plan.as_data() if plan else {}, chosen_step=chosen, deviation_reason=given.deviation_reason,
        automated="partly" if case.source == "rule" else "not", decider_id=actor.id if actor.kind == "staff" else None,
        state=Decision.State.IN_FORCE, decided_at=now,
    )  # fmt: skip


def appeal_deadline(subject: Account) -> dt.datetime:
    """Until when a decision can be appealed: the longest of the packs of the person's place."""
    spec = required("appeals.window", subject.region)
    return due_at(timezone.now(), spec, subject.zone)


def cause(work: Work, decision: Decision, kind: str, object_id: str) -> None:
    """Remember something the decision caused, so that a reversal undoes it."""
    effect, made = Effect.objects.get_or_create(
        decision=decision, kind=kind, object_id=object_id, defaults={"at": timezone.now()}
    )
    if made:
        work.note(effect, "decision.effect")


def _take_effect(
    work: Work, case: Case, decision: Decision, subject: Account | None, *, unmatch: bool = False
) -> None:
    assert subject is not None  # noqa: S101 - a decision is always about somebody
    work.watch(decision)
    decision.state = Decision.State.IN_FORCE
    decision.in_force_at = timezone.now()
    found = decision.finding == SUBSTANTIATED
    actions: list[Action] = []
    if found:
        decision.appeal_until = appeal_deadline(subject)
    work.save(decision, "decision.in_force")
    if found:
        actions = _enact(work, case, decision, subject, unmatch=unmatch)
    _lift_protection(work, case, subject, keep=[action.pk for action in actions])
    _label_alerts(work, case, decision, confirmed=found)
    _tell_subject(work, case, decision, subject, actions)
    clocks.meet(work, "case", case.pk, "protect")
    case.state = Case.State.ACTIONED if found else Case.State.DECIDED
    label = STEPS[str(decision.chosen_step["type"])].label if decision.chosen_step else "no action"
    timeline.add(
        work, case, "decision", f"Decided: {decision.get_finding_display().lower()}, {label.lower()}",
        body=open_text(case.key_scope, f"decision:{decision.pk}:internal", decision.facts_internal_sealed),
        refs={"decision": decision.pk, "clause": decision.clause_id, "policy": decision.policy_version_id},
    )  # fmt: skip
    work.emit(
        "decision.issued",
        {"decision_id": decision.pk, "case": case.pk, "finding": decision.finding, "clause": decision.clause_id,
         "account": {"kind": subject.role, "id": subject.external_id}},
        key=decision.pk,
    )  # fmt: skip
    outcome = _OUTCOME[decision.finding]
    _tell_reporters(work, case, outcome)
    touch(work, case, "case.decided")
    close_within(work, case, outcome, "decided")
    cause(work, decision, "outcome", case.pk)


def _enact(work: Work, case: Case, decision: Decision, subject: Account, *, unmatch: bool) -> list[Action]:
    kind = str(decision.chosen_step["type"])
    days = decision.chosen_step.get("days")
    action = doing.take(
        work, type=kind, key=f"{decision.pk}:{kind}", basis=f"{decision.clause_id} in {decision.policy_version_id}",
        reason_code=decision.violation_code, protective=False, case=case, decision=decision, account=subject,
        days=int(days) if days else None,
    )  # fmt: skip
    cause(work, decision, "action", action.pk)
    actions = [action]
    if STEPS[kind].strike:
        cause(work, decision, "strike", _strike(work, decision, subject).pk)
    if unmatch:
        pair = _pair(case)
        if pair is not None:
            block = doing.unmatch(
                work, case=case, customer=pair[0], shopper=pair[1], basis=action.basis, protective=False,
                decision=decision,
            )  # fmt: skip
            cause(work, decision, "action", block.pk)
            actions.append(block)
    return actions


def _strike(work: Work, decision: Decision, subject: Account) -> Strike:
    life = required("enforcement.strike_life", subject.region)
    now = timezone.now()
    strike = Strike(
        id=new_id("str"), account=subject, decision=decision, clause_id=decision.clause_id,
        violation_code=decision.violation_code, at=now, expires_at=due_at(now, life, subject.zone),
    )  # fmt: skip
    work.save(strike, "strike.give")
    return strike


def _pair(case: Case) -> tuple[Account, Account] | None:
    accounts = {row.account.role: row.account for row in case.parties.select_related("account")}
    if "customer" in accounts and "shopper" in accounts:
        return accounts["customer"], accounts["shopper"]
    return None


def _lift_protection(work: Work, case: Case, subject: Account, keep: list[str]) -> None:
    """The person's protective measures end with the decision: what follows now is the decision itself."""
    running = Action.objects.select_for_update().filter(
        case=case, account=subject, protective=True, status__in=doing.RUNNING
    )
    for action in running.exclude(pk__in=keep):
        doing.undo(work, action, "a decision was made")


def _label_alerts(work: Work, case: Case, decision: Decision, *, confirmed: bool) -> None:
    if decision.finding == Decision.Finding.INCONCLUSIVE:
        return
    for link in case.alert_links.select_related("alert"):
        if link.alert.state in ("open", "in_case"):
            work.watch(link.alert)
            made = settle(work, link.alert, "confirmed" if confirmed else "cleared", decision_id=decision.pk)
            cause(work, decision, "label", made.pk)
            cause(work, decision, "alert", link.alert.pk)


def _tell_subject(
    work: Work, case: Case, decision: Decision, subject: Account, actions: list[Action]
) -> None:
    if decision.finding != SUBSTANTIATED:
        if Action.objects.filter(case=case, account=subject, protective=True).exists():
            notices.to_account(work, "no_breach", subject, case, {}, decision=decision)
        return
    plan = Proposal.from_data(decision.proposed_step)
    language = notices.language_of(subject)
    facts = open_text(
        case.key_scope, f"decision:{decision.pk}:disclosable", decision.facts_disclosable_sealed
    )
    main = actions[0]
    values = {
        "step": STEPS[main.type].label,
        "starts": _date(main.starts_at),
        "ends": _date(main.ends_at)
        if main.ends_at
        else {"en": "further notice", "es": "nuevo aviso"}[language],
        "facts": facts,
        "clause_id": decision.clause_id,
        "clause_title": plan.title[language],
        "clause_text": plan.text[language],
        "policy_version": str(decision.policy_version_id),
        "proof": str(Decision.Proof(decision.standard_of_proof).label).lower(),
        "automation": _AUTOMATION[language][decision.automated],
        "appeal_until": _date(decision.appeal_until) if decision.appeal_until else "",
    }
    source = "own_initiative" if case.source == "rule" else "notice"
    built = statement.build(decision, actions, facts, plan.text["en"], source=source, region=subject.region)
    notices.to_account(
        work, "statement_of_reasons", subject, case, values, decision=decision, structured=built
    )


_AUTOMATION = {
    "en": {
        "not": "A person made this decision.",
        "partly": "A rule drew our attention to it; a person made this decision.",
    },
    "es": {
        "not": "Una persona tomó esta decisión.",
        "partly": "Una regla nos avisó; una persona tomó esta decisión.",
    },
}


def _date(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _tell_reporters(work: Work, case: Case, outcome: str) -> None:
    for link in case.report_links.select_related("report"):
        _, text = notices.outcome_text(outcome, link.report.language)
        report_messages.tell_outcome(work, link.report, text)
