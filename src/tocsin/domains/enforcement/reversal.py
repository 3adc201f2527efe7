"""Undoing a decision: everything it caused is undone, and everybody it touched is told."""

from __future__ import annotations

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.domains.cases import timeline
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.actions import reopen_within, touch
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.actions import label, reopen, revoke_label
from tocsin.domains.detection.models import Alert
from tocsin.domains.enforcement import doing, notices
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Action, Decision, Effect, Strike


def reverse(actor: Actor, decision_id: str, reason: str) -> Decision:
    """Undo a decision outside an appeal, because it was a mistake. Not by the person who made it alone.

    Raises:
        Conflict: it is not in force, or the actor made it.
    """
    if len(reason.strip()) < 10:
        raise InvalidInput("Say why in at least 10 characters.", "", fields={"reason": "Say why."})
    with act(actor, "decision.reverse") as work:
        decision = work.lock(Decision, decision_id)
        case = work.lock(Case, decision.case_id)
        require(actor, "decisions.reverse", scope_of(actor, case, "P3"))
        if decision.decider_id == actor.id:
            raise Conflict(
                "You made this decision.", "Ask another supervisor to undo it.", code="same_person"
            )
        undo_all(work, case, decision, reason)
    return decision


def undo_all(
    work: Work, case: Case, decision: Decision, reasons: str, *, state: str = Decision.State.REVERSED
) -> None:
    """Undo every effect of a decision in force, tell the person, and open the case again.

    Raises:
        Conflict: the decision is not in force.
    """
    if decision.state != Decision.State.IN_FORCE:
        raise Conflict("This decision is not in force.", "There is nothing to undo.", code="not_in_force")
    undone = [
        _undo(work, effect, reasons) for effect in decision.effects.filter(undone_at=None).order_by("id")
    ]
    work.watch(decision)
    decision.state = Decision.State(state)
    decision.reversed_at = timezone.now()
    work.save(decision, f"decision.{state}")
    if decision.subject is not None and decision.finding == Decision.Finding.SUBSTANTIATED:
        words = ", ".join(filter(None, undone)) or "-"
        notices.to_account(
            work, "reversal", decision.subject, case, {"undone": words, "reasons": reasons}, decision=decision
        )
    timeline.add(
        work, case, "reversal", f"Decision reversed; {len(undone)} effects undone", body=reasons,
        refs={"decision": decision.pk},
    )  # fmt: skip
    if case.state == Case.State.CLOSED:
        reopen_within(work, case, "the decision was reversed")
    else:
        touch(work, case, "case.reversed")
    work.emit("decision.reversed", {"decision_id": decision.pk, "case": case.pk}, key=decision.pk)


def _undo(work: Work, effect: Effect, reasons: str) -> str:
    """Undo one effect; returns words for the notice, empty when the person never saw it."""
    words = _UNDO[effect.kind](work, effect)
    work.watch(effect)
    effect.undone_at = timezone.now()
    effect.undo_note = reasons[:200]
    work.save(effect, "decision.undo_effect")
    return words


def _undo_action(work: Work, effect: Effect) -> str:
    action = work.lock(Action, effect.object_id)
    doing.undo(work, action, "the decision was reversed")
    return STEPS[action.type].label.lower()


def _undo_strike(work: Work, effect: Effect) -> str:
    strike = work.lock(Strike, effect.object_id)
    strike.revoked_at = timezone.now()
    work.save(strike, "strike.revoke")
    return ""


def _undo_label(work: Work, effect: Effect) -> str:
    old = revoke_label(work, effect.object_id)
    label(
        work, old.object_kind, old.object_id, f"not:{old.label}"[:40], source="appeal", confidence=1.0,
        decision_id=effect.decision_id,
    )  # fmt: skip
    return ""


def _undo_alert(work: Work, effect: Effect) -> str:
    reopen(work, work.lock(Alert, effect.object_id))
    return ""


def _undo_outcome(work: Work, effect: Effect) -> str:
    # the reporters keep what they were told; the case is opened again by undo_all, and they hear when it ends
    return ""


_UNDO = {
    "action": _undo_action,
    "strike": _undo_strike,
    "label": _undo_label,
    "alert": _undo_alert,
    "outcome": _undo_outcome,
}
