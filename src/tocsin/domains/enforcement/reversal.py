"""Undoing a decision: everything it caused is undone, and everybody it touched is told."""

from __future__ import annotations

from django.utils import timezone

from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.domains.cases import case_clocks, timeline
from tocsin.domains.cases.actions import lock_for, reopen_within, touch
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.actions import label, look_again, overturn, revoke_label
from tocsin.domains.detection.models import Alert
from tocsin.domains.enforcement import disclosure, doing, notices
from tocsin.domains.enforcement.decisions import case_of
from tocsin.domains.enforcement.ending import outcome_of
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Action, Appeal, Decision, Effect, Strike
from tocsin.domains.reports.models import Report


def reverse(actor: Actor, decision_id: str, reason: str) -> Decision:
    """Undo a decision outside an appeal, because it was a mistake. Not by the person who made it alone.

    Raises:
        NotFound: none the actor may know of. AccessDenied: not theirs to undo.
        Conflict: it is not in force, the actor made it, or an appeal against it is open.
    """
    if len(reason.strip()) < 10:
        raise InvalidInput("Say why in at least 10 characters.", "", fields={"reason": "Say why."})
    with act(actor, "decision.reverse") as work:
        case = lock_for(work, actor, case_of(decision_id), "decisions.reverse", "P3")
        decision = work.lock(Decision, decision_id)
        if decision.decider_id == actor.id:
            raise Conflict(
                "You made this decision.", "Ask another supervisor to undo it.", code="same_person"
            )
        if decision.appeals.filter(state__in=Appeal.OPEN_STATES).exists():
            raise Conflict(
                "An appeal against this decision is being heard.", "Let it be answered there.",
                code="appeal_open",
            )  # fmt: skip
        disclosure.check(case, decision.subject, "reason", reason)
        undo_all(work, case, decision, reason)
    return decision


def undo_all(
    work: Work,
    case: Case,
    decision: Decision,
    reasons: str,
    *,
    state: str = Decision.State.REVERSED,
    wrong: bool = True,
) -> None:
    """Undo every effect of a decision in force, tell the person, and open the case again.

    ``wrong``: the breach it found was none, and rules learn that. Otherwise what happened is open again, and
    nobody learns anything before it is decided anew.

    Raises:
        Conflict: the decision is not in force.
    """
    if decision.state != Decision.State.IN_FORCE:
        raise Conflict("This decision is not in force.", "There is nothing to undo.", code="not_in_force")
    wrong = wrong and decision.finding == Decision.Finding.SUBSTANTIATED
    undone = [
        _undo(work, effect, wrong=wrong) for effect in decision.effects.filter(undone_at=None).order_by("id")
    ]
    work.watch(decision)
    decision.state = Decision.State(state)
    decision.reversed_at = timezone.now()
    work.save(decision, f"decision.{state}")
    if decision.subject is not None and decision.finding == Decision.Finding.SUBSTANTIATED:
        language = notices.language_of(decision.subject)
        words = ", ".join(STEPS[kind].words(language).lower() for kind in undone if kind) or "-"
        notices.to_account(
            work, "reversal", decision.subject, case, {"undone": words, "reasons": reasons}, decision=decision
        )
    timeline.add(
        work, case, "reversal", f"Decision reversed; {len(undone)} effects undone", body=reasons,
        refs={"decision": decision.pk},
    )  # fmt: skip
    look_again_in(work, case, decision)
    work.emit("decision.reversed", {"decision_id": decision.pk, "case": case.pk}, key=decision.pk)


def look_again_in(work: Work, case: Case, decision: Decision) -> None:
    """What was reversed, somebody who had no part in it looks at anew; what was modified keeps its owner.
    What other decisions of the case found still stands. Work that went into another case is looked at again
    there, which ``handlers.follow_reversal`` sees to."""
    case.outcome = outcome_of(case)
    if decision.state == Decision.State.REVERSED:
        _let_go(work, case, decision)
    if case.state == Case.State.CLOSED:
        reopen_within(work, case, "the decision was reversed")
        return
    if case.state == Case.State.ACTIONED:
        case.state = Case.State.INVESTIGATING
    case_clocks.joined(work, case)
    touch(work, case, "case.reversed")


def _let_go(work: Work, case: Case, decision: Decision) -> None:
    owner = case.assignee_id
    if owner is not None and owner in (decision.decider_id, decision.second_reader_id):
        case.assignee = None
        timeline.add(work, case, "assigned", "Taken from its owner, who had a part in what was reversed")


def _undo(work: Work, effect: Effect, *, wrong: bool) -> str:
    """Undo one effect; returns the kind of action that was undone, empty for what the person never saw."""
    kind = _UNDO[effect.kind](work, effect, wrong)
    work.watch(effect)
    effect.undone_at = timezone.now()
    effect.undo_note = "the decision was reversed"
    work.save(effect, "decision.undo_effect")
    return kind


def _undo_action(work: Work, effect: Effect, wrong: bool) -> str:
    action = work.lock(Action, effect.object_id)
    doing.undo(work, action, "the decision was reversed")
    # who was kept apart from whom is never said to the one it was decided about
    return "" if action.type == "unmatch" else action.type


def _undo_strike(work: Work, effect: Effect, wrong: bool) -> str:
    strike = work.lock(Strike, effect.object_id)
    strike.revoked_at = timezone.now()
    work.save(strike, "strike.revoke")
    return ""


def _undo_label(work: Work, effect: Effect, wrong: bool) -> str:
    old = revoke_label(work, effect.object_id)
    if wrong:
        label(
            work, old.object_kind, old.object_id, old.denial(old.label), source="appeal", confidence=1.0,
            decision_id=effect.decision_id,
        )  # fmt: skip
    return ""


def _undo_alert(work: Work, effect: Effect, wrong: bool) -> str:
    alert = work.lock(Alert, effect.object_id)
    overturn(work, alert) if wrong else look_again(work, alert)
    return ""


def _undo_found_code(work: Work, effect: Effect, wrong: bool) -> str:
    report = work.lock(Report, effect.object_id)
    report.found_codes = [code for code in report.found_codes if code != effect.decision.violation_code]
    work.save(report, "report.found_undone", code=effect.decision.violation_code)
    return ""


_UNDO = {
    "action": _undo_action,
    "strike": _undo_strike,
    "label": _undo_label,
    "alert": _undo_alert,
    "found_code": _undo_found_code,
}
