"""What a decision causes, in one transaction: actions, strikes, labels, letters, the end of protection. Each
effect that can be undone is remembered, so that a reversal undoes all of them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.clocks.arithmetic import due_at
from tocsin.core.crypto.seal import open_text
from tocsin.core.ids import new_id
from tocsin.core.packs.today import required
from tocsin.domains.cases import case_clocks, timeline
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.actions import settle
from tocsin.domains.detection.models import Alert
from tocsin.domains.enforcement import doing, ending, engine_asks, notices, statement
from tocsin.domains.enforcement.ladder_steps import STEPS, said_of
from tocsin.domains.enforcement.models import Action, Decision, Effect, Strike
from tocsin.domains.enforcement.pairs import pair_of
from tocsin.domains.enforcement.proposal import Proposal
from tocsin.domains.people.models import Account
from tocsin.domains.reports.models import Report

_FOUND = Decision.Finding.SUBSTANTIATED
#: What a finding says about the alerts on the person; nothing when it could not be settled.
_ALERTS = {
    Decision.Finding.SUBSTANTIATED: Alert.State.CONFIRMED,
    Decision.Finding.NOT_SUBSTANTIATED: Alert.State.CLEARED,
    Decision.Finding.FALSE_REPORT: Alert.State.CLEARED,
}
#: Steps that another one brings with it: who may not come back may not stay either.
_WITH = {"block_reregistration": ("terminate",)}


def take_effect(work: Work, case: Case, decision: Decision, subject: Account) -> None:
    """Put a decision in force. The case is locked, the decision is locked or new."""
    work.watch(decision)
    decision.state = Decision.State.IN_FORCE
    decision.in_force_at = timezone.now()
    found = decision.finding == _FOUND
    if found:
        decision.appeal_until = _appeal_deadline(subject)
    work.save(decision, "decision.in_force")
    actions = _enact(work, case, decision, subject) if found else []
    _lift_protection(work, case, subject)
    _settle_alerts(work, case, decision, subject)
    if found:
        _write_found_code(work, case, decision, subject)
    _tell_subject(work, case, decision, subject, actions)
    case_clocks.protected(work, case)
    _say(work, case, decision, subject)
    ending.after_decision(work, case)


def _say(work: Work, case: Case, decision: Decision, subject: Account) -> None:
    label = said_of(decision.chosen_step) or "No action"
    timeline.add(
        work, case, "decision", f"Decided: {decision.get_finding_display().lower()}. {label}",
        body=open_text(case.key_scope, f"decision:{decision.pk}:internal", decision.facts_internal_sealed),
        refs={"decision": decision.pk, "clause": decision.clause_id, "policy": decision.policy_version_id},
    )  # fmt: skip
    work.emit(
        "decision.issued",
        {
            "decision_id": decision.pk,
            "case": case.pk,
            "finding": decision.finding,
            "clause": decision.clause_id,
            "account": {"kind": subject.role, "id": subject.external_id},
        },
        key=decision.pk,
    )


def _appeal_deadline(subject: Account) -> dt.datetime:
    """Until when a decision can be appealed: the longest of the packs of the person's place."""
    return due_at(timezone.now(), required("appeals.window", subject.region), subject.zone)


def _cause(work: Work, decision: Decision, kind: str, object_id: str) -> None:
    """Remember something the decision caused, so that a reversal undoes it."""
    effect, made = Effect.objects.get_or_create(
        decision=decision, kind=kind, object_id=object_id, defaults={"at": timezone.now()}
    )
    if made:
        work.note(effect, "decision.effect")


def _enact(work: Work, case: Case, decision: Decision, subject: Account) -> list[Action]:
    """Take the chosen step, and what comes with it. The chosen one is the first."""
    kind = str(decision.chosen_step["type"])
    actions = [_take(work, case, decision, subject, one) for one in (kind, *_WITH.get(kind, ()))]
    if any(STEPS[action.type].strike for action in actions):
        _cause(work, decision, "strike", _strike(work, decision, subject).pk)
    pair = pair_of(case) if decision.chosen_step.get("unmatch") else None
    if pair is not None:
        actions.append(
            doing.unmatch(
                work,
                key=f"{decision.pk}:unmatch",
                case=case,
                customer=pair[0],
                shopper=pair[1],
                basis=actions[0].basis,
                protective=False,
                decision=decision,
            )
        )
    for action in actions:
        _cause(work, decision, "action", action.pk)
    return actions


def _take(work: Work, case: Case, decision: Decision, subject: Account, kind: str) -> Action:
    feature = decision.chosen_step.get("feature")
    # what blocks one transaction is about the order of the case, when there is one
    order = case.order if kind == "block_transaction" else None
    return doing.take(
        work,
        kind=kind,
        key=f"{decision.pk}:{kind}",
        basis=f"{decision.clause_id} in {decision.policy_version_id}",
        reason_code=decision.violation_code,
        protective=False,
        case=case,
        decision=decision,
        account=subject,
        target=("order", order.external_id) if order else None,
        days=decision.chosen_step.get("days"),
        detail={"feature": feature} if feature else None,
    )


def _strike(work: Work, decision: Decision, subject: Account) -> Strike:
    life = required("enforcement.strike_life", subject.region)
    now = timezone.now()
    strike = Strike(
        id=new_id("str"), account=subject, decision=decision, clause_id=decision.clause_id,
        violation_code=decision.violation_code, at=now, expires_at=due_at(now, life, subject.zone),
    )  # fmt: skip
    work.save(strike, "strike.give")
    return strike


def _lift_protection(work: Work, case: Case, subject: Account) -> None:
    """Protective measures on the person and on what is theirs end with the decision: what follows now is the
    decision itself. Keeping two people apart protects the other one, so it stays; so does what another open
    case asks for too."""
    running = Action.objects.select_for_update().filter(
        case=case, protective=True, status__in=doing.NOT_ENDED
    )
    elsewhere = dict(engine_asks.asked_elsewhere(case.pk))
    for action in running.exclude(type="unmatch").exclude(pk__in=elsewhere).order_by("id"):
        if action.account_id in (None, subject.pk):
            doing.undo(work, action, "a decision was made")


def _settle_alerts(work: Work, case: Case, decision: Decision, subject: Account) -> None:
    """Say of each alert about the person, or about a thing of nobody's, whether it was right."""
    state = _ALERTS.get(Decision.Finding(decision.finding))
    if state is None:
        return
    for link in case.alert_links.select_related("alert").order_by("added_at"):
        alert = link.alert
        about = f"{alert.subject_kind}:{alert.subject_id}"
        if alert.state == state or (alert.subject_kind in Account.Role.values and about != subject.ref):
            continue
        locked = work.lock(Alert, alert.pk)
        made = settle(work, locked, state, decision_id=decision.pk)
        _cause(work, decision, "label", made.pk)
        _cause(work, decision, "alert", alert.pk)


def _write_found_code(work: Work, case: Case, decision: Decision, subject: Account) -> None:
    """What was alleged stays; what was found is written beside it, on the reports about this person."""
    for link in case.report_links.filter(report__subject_account=subject).order_by("report_id"):
        report = work.lock(Report, link.report_id)
        if decision.violation_code not in report.found_codes:
            report.found_codes = [*report.found_codes, decision.violation_code]
            work.save(report, "report.found", code=decision.violation_code)
            _cause(work, decision, "found_code", report.pk)


def _tell_subject(
    work: Work, case: Case, decision: Decision, subject: Account, actions: list[Action]
) -> None:
    if not actions:
        # whoever never knew that we were looking is not told that we stopped
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
        "step": STEPS[main.type].words(language, main.feature),
        "starts": _date(main.starts_at, subject),
        "ends": _date(main.ends_at, subject) if main.ends_at else notices.words("no_end", language),
        "facts": facts,
        "clause_id": decision.clause_id,
        "clause_title": plan.title[language],
        "clause_text": plan.text[language],
        "policy_version": str(decision.policy_version_id),
        "proof": notices.words(f"proof_{decision.standard_of_proof}", language),
        "automation": notices.words(f"automated_{decision.automated}", language),
        "appeal_until": _date(decision.appeal_until, subject) if decision.appeal_until else "",
    }
    source = "own_initiative" if case.source == "rule" else "notice"
    built = statement.build(decision, actions, facts, plan.text["en"], source=source, region=subject.region)
    notices.to_account(
        work, "statement_of_reasons", subject, case, values, decision=decision, structured=built
    )


def _date(moment: dt.datetime, reader: Account) -> str:
    """A moment as its reader's clock shows it, with the zone."""
    return f"{moment.astimezone(ZoneInfo(reader.zone)):%Y-%m-%d %H:%M} ({reader.zone})"
