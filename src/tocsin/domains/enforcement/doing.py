"""Taking and undoing actions: rows, the account's status, the marketplace told. Used by every verb above it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.clocks import service as clocks
from tocsin.core.ids import new_id
from tocsin.core.packs.today import required
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.ladder_steps import STEPS, strongest
from tocsin.domains.enforcement.models import Action, Decision, PairBlock
from tocsin.domains.people.models import Account

RUNNING = (Action.Status.REQUESTED, Action.Status.APPLIED)
#: What looks at a running action again, by type: the pack's clock that ends it or calls a person.
_REVIEW_CLOCK = {
    "block_transaction": "enforcement.block_review",
    "hold_order": "enforcement.block_review",
    "hold_payout": "enforcement.money_hold",
    "hold_refund": "enforcement.money_hold",
    "lock_account": "enforcement.interim_suspension",
    "suspend_interim": "enforcement.interim_suspension",
    "restrict_feature": "enforcement.restriction_review",
    "block_reregistration": "enforcement.reregistration_review",
}


def take(
    work: Work,
    *,
    type: str,
    key: str,
    basis: str,
    reason_code: str,
    protective: bool,
    case: Case | None = None,
    decision: Decision | None = None,
    account: Account | None = None,
    target: tuple[str, str] | None = None,
    days: int | None = None,
    ends_at: dt.datetime | None = None,
) -> Action:
    """Take an action once: a second call with the same ``key`` returns the first.

    ``target`` is (kind, the marketplace's id); by default the account. A protective action always ends.
    """
    present = Action.objects.filter(idempotency_key=key).first()
    if present is not None:
        return present
    step = STEPS[type]
    now = timezone.now()
    kind, ident = target or ((account.role, account.external_id) if account else ("", ""))
    review = _REVIEW_CLOCK.get(type)
    spec = required(review, account.region if account else (case.region if case else "")) if review else None
    if ends_at is None and days is not None:
        ends_at = now + dt.timedelta(days=days)
    action = Action(
        id=new_id("act"), type=type, level=step.level, case=case, decision=decision, account=account,
        target_kind=kind, target_id=ident, protective=protective, interim=type == "suspend_interim" or protective,
        basis=basis[:200], reason_code=reason_code[:60], starts_at=now, ends_at=ends_at,
        requested_by=work.actor.ref, idempotency_key=key[:300],
    )  # fmt: skip
    if spec is not None and (protective or type != "restrict_feature"):
        zone = account.zone if account else "UTC"
        clock = clocks.start(
            work, spec, subject_type="action", subject_id=action.pk, zone=zone,
            region=account.region if account else "", data={"case": case.pk if case else ""}, name="review",
        )  # fmt: skip
        if protective and action.ends_at is None:
            action.ends_at = clock.due_at
    if protective and action.ends_at is None and type not in ("unmatch", "block_transaction"):
        action.ends_at = now + dt.timedelta(days=step.default_days or 3)
    work.save(action, f"action.{type}")
    if action.ends_at is not None and not protective and type in ("suspend_fixed", "restrict_feature"):
        _end_by_clock(work, action)
    if account is not None:
        refresh_status(work, account.pk)
    tell_marketplace(work, action, "action.requested")
    return action


def _end_by_clock(work: Work, action: Action) -> None:
    """A fixed suspension or restriction ends by itself."""
    from tocsin.core.clocks.spec import Citation, ClockSpec

    assert action.ends_at is not None  # noqa: S101 - the caller looked
    seconds = int((action.ends_at - action.starts_at).total_seconds())
    told = Citation(pack="decision", path="step.days", source=action.basis, mark="D")
    spec = ClockSpec(
        name="action.end",
        basis="seconds",
        amount=seconds,
        authority=told,
        kind="internal",
        on_breach="release_hold",
    )
    clocks.start(work, spec, subject_type="action", subject_id=action.pk, zone="UTC", name="end")


def undo(work: Work, action: Action, because: str, *, expired: bool = False) -> bool:
    """Undo a running action and tell the marketplace. Returns whether there was anything to undo."""
    if action.status not in RUNNING:
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


def refresh_status(work: Work, account_id: str) -> Account:
    """Set an account's status to what its running actions add up to. The only place that writes it."""
    account = work.lock(Account, account_id)
    running = Action.objects.filter(account_id=account_id, status__in=RUNNING).values_list("type", flat=True)
    status = strongest([STEPS[kind].sets for kind in running])
    if account.status != status:
        account.status = status
        account.updated_at = timezone.now()
        work.save(account, "account.status", to=status)
    return account


def unmatch(
    work: Work,
    *,
    case: Case,
    customer: Account,
    shopper: Account,
    basis: str,
    protective: bool,
    decision: Decision | None = None,
) -> Action:
    """Keep two people apart, in both directions, until somebody lifts it. Says nothing about who asked."""
    key = f"unmatch:{case.pk}:{customer.pk}:{shopper.pk}"
    action = take(
        work, type="unmatch", key=key, basis=basis, reason_code="unmatch", protective=protective, case=case,
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
    }
    if topic == "action.reversed":
        data["reverses"] = action.pk
        data["type"] = STEPS[action.type].inverse
        data["because"] = action.reversed_because
    work.emit(topic, data, key=f"{topic}:{action.pk}")
