"""What enforcement does when something happens below: protect at once, tell the marketplace, end what has an end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.service import on_breach
from tocsin.core.outbox.registry import on
from tocsin.domains.cases import timeline
from tocsin.domains.cases.actions import OVER, touch
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.models import Alert, Verdict
from tocsin.domains.enforcement import doing, protection
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Action, Appeal
from tocsin.domains.people.models import Account

_ME = system("enforcement")
#: What the engine asks for that has to be seen, timed and undone here as well.
_ENGINE_STEPS = frozenset({"block_transaction", "hold_order", "lock_account", "step_up"})


@on("case.opened", "enforcement.protect_at_once")
@on("case.severity_raised", "enforcement.protect_at_once")
def protect_at_once(data: Mapping[str, Any]) -> None:
    """Take what the taxonomy says is taken at once for this kind of trouble. Safe to run twice."""
    with act(_ME, "case.protect_at_once") as work:
        case = work.lock(Case, data["case"])
        if case.state in OVER or (case.source == "rule"):
            return
        if protection.automatic(work, case):
            touch(work, case, "case.protected")


@on("alert.in_case", "enforcement.engine_actions")
def engine_actions(data: Mapping[str, Any]) -> None:
    """What the engine blocked or locked becomes a timed, reversible action with a person's review."""
    verdict = Verdict.objects.filter(pk=data["seq"]).first()
    if verdict is None:
        return
    with act(_ME, "case.engine_actions") as work:
        case = work.lock(Case, data["case"])
        if case.state in OVER:
            return
        alert = Alert.objects.get(pk=data["alert"])
        taken = [_engine_action(work, case, alert, verdict, asked) for asked in verdict.actions]
        if any(taken):
            touch(work, case, "case.engine_actions")


def _engine_action(
    work: Work, case: Case, alert: Alert, verdict: Verdict, asked: Mapping[str, Any]
) -> Action | None:
    if asked["type"] not in _ENGINE_STEPS:
        return None
    kind, ident = asked["target"]["kind"], asked["target"]["id"]
    key = f"engine:{verdict.event_id}:{asked['type']}:{ident}"
    if Action.objects.filter(idempotency_key=key[:300]).exists():
        return None
    account = (
        Account.objects.filter(role=kind, external_id=ident).first()
        if kind in ("customer", "shopper")
        else None
    )
    if (
        account is not None
        and Action.objects.filter(
            account=account, type=asked["type"], protective=True, status__in=doing.RUNNING
        ).exists()
    ):
        return None
    action = doing.take(
        work, type=asked["type"], key=key, basis=f"Rule {alert.rule}, rules {verdict.rules_version}"[:200],
        reason_code=alert.code, protective=True, case=case, account=account, target=(kind, ident),
    )  # fmt: skip
    timeline.add(
        work, case, "protection", f"{STEPS[action.type].label} by rule {alert.code}: protective, reversible",
        refs={"action": action.pk, "seq": verdict.pk},
    )  # fmt: skip
    return action


@on_breach("release_hold", subject_type="action")
@on_breach("review_interim", subject_type="action")
def time_is_up(clock: Clock, work: Work) -> None:
    """Nobody renewed it in time: a protective measure ends by itself, a decided one ends as decided."""
    action = work.lock(Action, clock.subject_id)
    if clock.name == "review" and not action.protective:
        _ask_for_review(work, action)
        return
    if not doing.undo(work, action, "its time was up", expired=True):
        return
    if action.case_id is not None:
        case = work.lock(Case, action.case_id)
        timeline.add(
            work,
            case,
            "protection",
            f"{STEPS[action.type].label} ended: its time was up",
            refs={"action": action.pk},
        )
        if case.state not in OVER:
            touch(work, case, "case.protection_expired")


@on_breach("escalate", subject_type="action")
def review_is_due(clock: Clock, work: Work) -> None:
    """A standing measure has to be looked at again."""
    _ask_for_review(work, work.lock(Action, clock.subject_id))


def _ask_for_review(work: Work, action: Action) -> None:
    work.emit("action.review_due", {"action": action.pk, "case": action.case_id}, key=f"{action.pk}:review")
    if action.case_id is not None and action.status in doing.RUNNING:
        case = work.lock(Case, action.case_id)
        timeline.add(
            work, case, "clock", f"{STEPS[action.type].label} is due for review", refs={"action": action.pk}
        )


@on_breach("escalate", subject_type="appeal")
@on_breach("page_supervisor", subject_type="appeal")
def appeal_is_late(clock: Clock, work: Work) -> None:
    """An appeal missed a promise: it shows in the case, and somebody is told."""
    appeal = work.lock(Appeal, clock.subject_id)
    case = work.lock(Case, appeal.decision.case_id)
    timeline.add(
        work, case, "clock", f"Appeal late: {clock.name}", refs={"appeal": appeal.pk, "clock": clock.pk}
    )
    work.emit("appeal.late", {"appeal": appeal.pk, "clock": clock.name}, key=clock.pk)
