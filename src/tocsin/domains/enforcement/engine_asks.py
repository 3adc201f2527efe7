"""What the engine asks for: taken once, however many alerts ask, and let go when none of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from tocsin.core.act import Work
from tocsin.domains.cases import timeline
from tocsin.domains.cases.actions import OVER
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.explained import asks
from tocsin.domains.detection.models import Alert, Verdict
from tocsin.domains.enforcement import doing
from tocsin.domains.enforcement.models import Action, Asking
from tocsin.domains.people.models import Account

#: What has to be seen, timed and undone here as well.
_STEPS: Final = frozenset({"block_transaction", "hold_order", "lock_account", "step_up"})
_BY_ENGINE: Final = "engine:"  # how the key of such an action begins


def take(work: Work, case: Case, alert: Alert, verdict: Verdict) -> list[Action]:
    """Take what a verdict asks for, in a locked case, and remember that this alert asks for it, if its
    own rule does. Returns what is new."""
    asked = [one for one in verdict.actions if one["type"] in _STEPS]
    taken = [_take(work, case, alert, verdict, one) for one in asked]
    return [action for action in taken if action is not None]


def _take(work: Work, case: Case, alert: Alert, verdict: Verdict, asked: Mapping[str, Any]) -> Action | None:
    kind, (target, ident) = asked["type"], (asked["target"]["kind"], asked["target"]["id"])
    key = f"{_BY_ENGINE}{verdict.event_id}:{kind}:{ident}"[:300]
    same = Action.objects.filter(idempotency_key=key)
    # what blocks one transaction is asked anew for each; anything else that holds already is not taken twice
    running = Action.objects.filter(
        target_kind=target, target_id=ident, type=kind, protective=True, status__in=doing.RUNNING
    )
    held = same if kind == "block_transaction" or same.exists() else running
    own = asks(alert.rule, verdict.rules_version, kind, target)
    if held.exists():
        if own:
            _ask(work, held.filter(idempotency_key__startswith=_BY_ENGINE, status__in=doing.NOT_ENDED), alert)
        return None
    account = (
        Account.objects.filter(role=target, external_id=ident).first()
        if target in Account.Role.values
        else None
    )
    action = doing.take(
        work, kind=kind, key=key, basis=f"Rule {alert.rule}, rules {verdict.rules_version}"[:200],
        reason_code=alert.code, protective=True, case=case, account=account, target=(target, ident),
    )  # fmt: skip
    if own:
        _ask(work, Action.objects.filter(pk=action.pk), alert)
    timeline.add(
        work, case, "protection", f"By rule {alert.code}, protective and reversible: {doing.label(action)}",
        refs={"action": action.pk, "seq": verdict.pk},
    )  # fmt: skip
    return action


def _ask(work: Work, held: QuerySet[Action], alert: Alert) -> None:
    # locked, so that whoever lets one go at this moment either sees the asking or has ended it
    for action in held.select_for_update(of=("self",)).order_by("pk"):
        if not action.askings.filter(alert=alert).exists():
            work.save(Asking(action=action, alert=alert, at=timezone.now()), "action.asked_for")


def cases_asked(alert_id: str) -> list[str]:
    """The cases of the running measures that an alert asks for."""
    found = Action.objects.filter(askings__alert=alert_id, status__in=doing.NOT_ENDED, case__isnull=False)
    return [str(case) for case in found.values_list("case_id", flat=True).distinct()]


def let_go(work: Work, case: Case) -> list[Action]:
    """End what no alert asks for any more, once none of the locked case stands. Returns what has ended."""
    if case.alert_links.exclude(alert__state=Alert.State.CLEARED).exists():
        return []
    held = _held(case.pk).select_for_update(of=("self",)).order_by("pk")
    asked = set(
        Asking.objects.filter(action__in=list(held)).exclude(alert__state=Alert.State.CLEARED)
        .values_list("action_id", flat=True)
    )  # fmt: skip
    wrong = [action for action in held if action.pk not in asked]
    done = [action for action in wrong if doing.undo(work, action, "the alert was wrong")]
    for action in done:
        timeline.add(
            work, case, "protection", f"Let go, the alert was wrong: {doing.label(action)}",
            refs={"action": action.pk},
        )  # fmt: skip
    return done


def asked_elsewhere(case_id: str) -> list[tuple[str, str]]:
    """Running measures of a case that a standing alert of another, open case asks for too, each with the
    first such case."""
    asking = (
        Asking.objects.filter(action__in=_held(case_id), alert__state__in=Alert.OPEN_STATES)
        .exclude(alert__case_link__case=case_id)
        .exclude(alert__case_link__case__state__in=OVER)
        .filter(alert__case_link__isnull=False)
    )
    found: dict[str, str] = {}
    for action, case in asking.order_by("at", "pk").values_list("action_id", "alert__case_link__case_id"):
        found.setdefault(action, case)
    return sorted(found.items())


def hand_on(work: Work, case: Case, action: Action) -> bool:
    """Let a measure of a case that was closed go on in another one; both are locked. Returns whether it does:
    not when it has ended, or that case was closed meanwhile as well."""
    if action.case_id == case.pk or action.status not in doing.NOT_ENDED or case.state in OVER:
        return False
    work.watch(action)
    action.case = case
    work.save(action, "action.follow_case")
    timeline.add(
        work, case, "protection", f"Goes on here, the case that took it was closed: {doing.label(action)}",
        refs={"action": action.pk},
    )  # fmt: skip
    return True


def _held(case_id: str) -> QuerySet[Action]:
    return Action.objects.filter(
        case=case_id, protective=True, idempotency_key__startswith=_BY_ENGINE, status__in=doing.NOT_ENDED
    )
