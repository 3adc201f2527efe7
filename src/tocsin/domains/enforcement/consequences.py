"""What a step would cause and what undoing a decision would undo, in words, before anybody presses the
button."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Action, Decision

_NO_INVERSE = frozenset({"educate"})


def of_step(case: Case, kind: str, feature: str = "") -> list[str]:
    """What a step will cause, one sentence an effect. ``feature`` is the one it limits."""
    step = STEPS[kind]
    words = [f"The marketplace is asked: {step.said(feature).lower()}."]
    if step.sets:
        words.append(f"The account's standing becomes {step.sets.replace('_', ' ')}.")
    if step.strike:
        words.append("One strike is given. It expires as the policy says.")
    words.append("The person gets a statement of reasons and can appeal.")
    reports, alerts = case.report_links.count(), case.alert_links.count()
    if reports:
        words.append(f"{_some(reports, 'reporter')} told that we acted, without details.")
    if alerts:
        words.append(f"{_some(alerts, 'alert')} labelled as right, and the rules learn from it.")
    words.append(
        "Nothing happens before a second reader agrees."
        if step.second_reader
        else "Protective measures on the person end. The case closes when nothing else in it waits."
    )
    words.append(
        "It cannot be undone: the message was read."
        if kind in _NO_INVERSE
        else "It can be undone: reverse the decision, or uphold an appeal."
    )
    return words


@dataclass(frozen=True, slots=True)
class Undoing:
    """A decision, and what reversing it would undo."""

    decision: Decision
    words: list[str]


def of_undoing(actor: Actor, case: Case, decision_id: str) -> Undoing:
    """What reversing a decision of this case would undo, one sentence an effect.

    Raises:
        NotFound: the case has no such decision. AccessDenied: without sight of the case.
    """
    require(actor, "cases.view", scope_of(actor, case))
    decision = case.decisions.select_related("subject").filter(pk=decision_id).first()
    if decision is None:
        raise NotFound("There is no such decision in this case.", "Reload the case.")
    effects: dict[str, list[str]] = {}
    for kind, object_id in decision.effects.filter(undone_at=None).values_list("kind", "object_id"):
        effects.setdefault(kind, []).append(object_id)
    actions = Action.objects.filter(pk__in=effects.get("action", [])).order_by("starts_at", "id")
    words = [_undone(action) for action in actions]
    if strikes := len(effects.get("strike", [])):
        words.append(f"{_some(strikes, 'strike')} revoked.")
    if alerts := len(effects.get("alert", [])):
        words.append(f"{_some(alerts, 'alert')} labelled as wrong, and the rules learn from it.")
    if reports := len(effects.get("found_code", [])):
        words.append(f"What was found is taken off {_some(reports, 'report', verb=False)}.")
    if decision.subject is not None and decision.finding == Decision.Finding.SUBSTANTIATED:
        words.append("The person is told that the decision was wrong and is undone.")
    words.append("The case opens again, so that somebody decides it anew.")
    return Undoing(decision, words)


def _undone(action: Action) -> str:
    step = STEPS[action.type].said(action.feature)
    return f"“{step}” ends, and the marketplace is told to undo it."


def _some(count: int, noun: str, *, verb: bool = True) -> str:
    words = f"{count} {noun}" if count == 1 else f"{count} {noun}s"
    return f"{words} {'is' if count == 1 else 'are'}" if verb else words
