"""Taking and undoing actions: rows, the account's status, the marketplace told. Used by every verb above it.

Whoever takes or undoes an action of a case holds the case's lock first; accounts are locked last.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.clocks import service as clocks
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.spec import Citation, ClockSpec
from tocsin.core.ids import new_id
from tocsin.core.packs.today import required
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.telling import tell_engine
from tocsin.domains.enforcement.ladder_steps import STEPS, strongest
from tocsin.domains.enforcement.models import Action, Decision, PairBlock
from tocsin.domains.people.models import Account

RUNNING = (Action.Status.REQUESTED, Action.Status.APPLIED)
#: What failed does not hold, but the marketplace may still do it later: it has to be undone like the others.
NOT_ENDED = (*RUNNING, Action.Status.FAILED)
#: Names of an action's clocks: what ends it, and when a person looks at it again.
END, REVIEW = "end", "review"
#: What the marketplace is told instead of the inverse while something else still holds the same thing.
ENDED = "action_ended"
#: What was said holds nothing: each is withdrawn for itself.
_EACH_FOR_ITSELF = ("educate", "warn")


def take(
    work: Work,
    *,
    kind: str,
    key: str,
    basis: str,
    reason_code: str,
    protective: bool,
    case: Case | None = None,
    decision: Decision | None = None,
    account: Account | None = None,
    target: tuple[str, str] | None = None,
    days: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Action:
    """Take an action once: a second call with the same ``key`` returns the first.

    ``target`` is (kind, the marketplace's id); by default the account. ``days`` gives it a length of its own;
    otherwise the packs say how long a protective measure or a hold may last. ``detail`` goes to the
    marketplace with it, such as the feature that is limited.
    """
    present = Action.objects.filter(idempotency_key=key).first()
    if present is not None:
        return present
    now = timezone.now()
    target_kind, ident = target or ((account.role, account.external_id) if account else ("", ""))
    action = Action(
        id=new_id("act"), type=kind, level=STEPS[kind].level, case=case, decision=decision, account=account,
        target_kind=target_kind, target_id=ident, protective=protective, detail=dict(detail or {}),
        interim=kind == "suspend_interim" or protective, basis=basis[:200], reason_code=reason_code[:60],
        starts_at=now, ends_at=now + dt.timedelta(days=days) if days else None,
        requested_by=work.actor.ref, idempotency_key=key[:300],
    )  # fmt: skip
    action.ends_at = _start_clocks(work, action)
    work.save(action, f"action.{kind}")
    if account is not None:
        refresh_status(work, account.pk)
    tell_marketplace(work, action, "action.requested")
    return action


def _start_clocks(work: Work, action: Action) -> dt.datetime | None:
    """Start what ends the action and what has a person look at it again. Returns when it ends, if it does."""
    step = STEPS[action.type]
    if action.ends_at is not None:
        return _start(work, action, END, _own_length(action)).due_at
    ends = step.ended_by(protective=action.protective)
    review = step.reviewed_by(protective=action.protective)
    if review and review != ends:
        _start(work, action, REVIEW, required(review, _region(action)))
    return _start(work, action, END, required(ends, _region(action))).due_at if ends else None


def _start(work: Work, action: Action, name: str, spec: ClockSpec) -> Clock:
    zone = action.account.zone if action.account else action.case.zone if action.case else "UTC"
    return clocks.start(
        work,
        spec,
        subject_type="action",
        subject_id=action.pk,
        zone=zone,
        region=_region(action),
        data={"case": action.case_id or ""},
        start_at=action.starts_at,
        name=name,
    )


def _region(action: Action) -> str:
    """Whose rules hold: those of the person it is about, else of the place of the case."""
    return action.account.region if action.account else action.case.region if action.case else ""


def _own_length(action: Action) -> ClockSpec:
    """The clock of an action whose length was decided, not read from a pack."""
    assert action.ends_at is not None  # noqa: S101 - the caller looked
    seconds = int((action.ends_at - action.starts_at).total_seconds())
    told = Citation(pack="decision", path="step.days", source=action.basis, mark="D")
    return ClockSpec(
        name="action.end", basis="seconds", amount=seconds, authority=told, on_breach="release_hold"
    )


def undo(work: Work, action: Action, because: str, *, expired: bool = False) -> bool:
    """Undo an action that has not ended and tell the marketplace. Returns whether there was anything to
    undo."""
    if action.status not in NOT_ENDED:
        return False
    work.watch(action)
    action.status = Action.Status.EXPIRED if expired else Action.Status.REVERSED
    action.reversed_at = timezone.now()
    action.reversed_because = because[:200]
    work.save(action, "action.expire" if expired else "action.reverse")
    clocks.cancel(work, "action", action.pk, because=because)
    for block in PairBlock.objects.select_for_update().filter(action=action, lifted_at=None):
        work.watch(block)
        block.lifted_at = timezone.now()
        work.save(block, "pair_block.lift")
    if action.account_id is not None:
        refresh_status(work, action.account_id)
    tell_marketplace(work, action, "action.reversed")
    return True


def label(action: Action) -> str:
    """What it is, inside a sentence."""
    return STEPS[action.type].label.lower()


def refresh_status(work: Work, account_id: str) -> Account:
    """Set an account's status to what its running actions add up to. The only place that writes it."""
    account = work.lock(Account, account_id)
    running = Action.objects.filter(account_id=account_id, status__in=RUNNING).values_list("type", flat=True)
    status = strongest([STEPS[kind].sets for kind in running])
    if account.status != status:
        ended = Account.Status.TERMINATED in (account.status, status)
        account.status = status
        account.updated_at = timezone.now()
        work.save(account, "account.status", to=status)
        if ended:
            _tell_engine(account)
    return account


def _tell_engine(account: Account) -> None:
    """Let the engine know that an account was ended or restored: its links count removed accounts."""
    removed = account.status == Account.Status.TERMINATED
    tell_engine(
        "account.removed" if removed else "account.reinstated",
        account.updated_at,
        {account.role: account.external_id},
        key=f"{account.pk}:{account.updated_at.isoformat()}",
        fields={"reason": "decision"} if removed else {},
        region=account.region,
    )


def unmatch(
    work: Work,
    *,
    key: str,
    case: Case,
    customer: Account,
    shopper: Account,
    basis: str,
    protective: bool,
    decision: Decision | None = None,
) -> Action:
    """Keep two people apart, in both directions, until somebody lifts it. Says nothing about who asked."""
    action = take(
        work, kind="unmatch", key=key, basis=basis, reason_code="unmatch", protective=protective, case=case,
        target=("pair", f"{customer.external_id}|{shopper.external_id}"), decision=decision,
    )  # fmt: skip
    if not PairBlock.objects.filter(action=action).exists():
        block = PairBlock(
            id=new_id("pbl"), customer=customer, shopper=shopper, case=case, action=action, at=timezone.now()
        )
        work.save(block, "pair_block.add")
    return action


def tell_marketplace(work: Work, action: Action, topic: str) -> None:
    """What the marketplace's webhook receives. No facts, no names: what to do, to whom, until when."""
    data = {
        "action_id": action.pk,
        "type": action.type,
        "target": {"kind": action.target_kind, "id": action.target_id},
        "protective": action.protective,
        "interim": action.interim,
        "starts_at": action.starts_at.isoformat(),
        "ends_at": action.ends_at.isoformat() if action.ends_at else None,
        "reason_code": action.reason_code,
        **({"detail": action.detail} if action.detail else {}),
    }
    if topic == "action.reversed":
        held_by = _still_held_by(action)
        data["reverses"] = action.pk
        data["type"] = ENDED if held_by else STEPS[action.type].inverse
        data["still_held_by"] = held_by
        data["because"] = action.reversed_because
    work.emit(topic, data, key=f"{topic}:{action.pk}")


def _still_held_by(action: Action) -> list[str]:
    """Running actions that hold the same thing as one that ended, the oldest first: while there is one,
    nothing is to be restored. Whatever sets an account's status holds the account."""
    if action.type in _EACH_FOR_ITSELF:
        return []
    kinds = [action.type]
    if STEPS[action.type].sets:
        kinds = [kind for kind, step in STEPS.items() if step.sets]
    rows = Action.objects.filter(
        target_kind=action.target_kind, target_id=action.target_id, type__in=kinds, status__in=RUNNING
    )
    same = [one for one in rows.order_by("pk") if one.detail == action.detail]
    return [one.pk for one in same]
