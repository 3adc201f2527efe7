"""Protecting people at once: reversible, time-boxed, and never a finding (handbook §2, §5)."""

from __future__ import annotations

from django.utils import timezone

from tocsin.core.access.check import allows, require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput, NotFound
from tocsin.domains.cases import case_clocks, timeline
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.actions import lock_for, open_for, touch
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.enforcement import doing, notices
from tocsin.domains.enforcement.ladder_steps import STEPS, Step
from tocsin.domains.enforcement.models import Action
from tocsin.domains.enforcement.pairs import pair_of
from tocsin.domains.people.models import Account
from tocsin.domains.policies import queries as policies
from tocsin.domains.reports.taxonomy import current as taxonomy

#: What a specialist may do at once, before anything is decided.
OFFERED = (
    "lock_account", "hold_order", "unmatch", "step_up", "hold_payout", "hold_refund", "suspend_interim",
)  # fmt: skip
#: Measures on the account itself, which its holder is told about.
_ON_ACCOUNT = frozenset(OFFERED) - {"hold_order", "unmatch"}
_SHORTEST_REASON = 3
_HELD_BACK = "Protection waits for a person: nobody we know stands behind the report"
#: The mildest severity at which anything is done without a person.
_AT_ONCE = "S1"


def protect(actor: Actor, case_id: str, type: str, account_id: str = "") -> Action:  # noqa: A002
    """Take a protective measure in a case. Doing it twice changes nothing.

    Raises:
        InvalidInput: not a protective measure, or the case has nobody (no order, no pair) to apply it to.
        AccessDenied: the actor may not, or not at this severity. Conflict: the case is over.
    """
    if type not in OFFERED:
        raise InvalidInput(
            f"{type!r} is not a protective measure.", f"One of: {', '.join(OFFERED)}.",
            fields={"type": "Choose one of the list."},
        )  # fmt: skip
    with act(actor, "case.protect") as work:
        case = open_for(work, actor, case_id, "cases.work")
        require(actor, _permission(type, case), scope_of(actor, case))
        action, new = _apply(work, case, type, account_id, "Protection while we look into it")
        if new:
            case_clocks.protected(work, case)
            touch(work, case, "case.protect")
    return action


def offered(actor: Actor, case: Case) -> list[Step]:
    """What the actor may do at once in this case, as far as it has anybody or anything to do it to."""
    scope = scope_of(actor, case)
    fits = {
        "unmatch": lambda: pair_of(case) is not None,
        "hold_order": lambda: case.order is not None and case.order.is_live,
    }
    return [
        STEPS[kind]
        for kind in OFFERED
        if allows(actor, _permission(kind, case), scope) and (kind not in fits or fits[kind]())
    ]


def _permission(kind: str, case: Case) -> str:
    """In an S0 or S1 case a specialist may lock an account and stop an order (handbook §12)."""
    if kind in ("lock_account", "hold_order") and case.severity <= _AT_ONCE:
        return "cases.protect"
    return STEPS["hold_order"].permission if kind == "lock_account" else STEPS[kind].permission


def _apply(work: Work, case: Case, kind: str, account_id: str, basis: str) -> tuple[Action, bool]:
    """Take the measure, and say whether it is new: the same one again is given back as it stands."""
    if kind == "unmatch":
        action, new = _keep_apart(work, case, basis)
    elif kind == "hold_order":
        action, new = _stop_order(work, case, basis)
    else:
        action, new = _on_account(work, case, kind, account_id, basis)
    if new:
        timeline.add(
            work, case, "protection", f"Protective and reversible: {STEPS[kind].label.lower()}",
            refs={"action": action.pk},
        )  # fmt: skip
    return action, new


def _keep_apart(work: Work, case: Case, basis: str) -> tuple[Action, bool]:
    pair = pair_of(case)
    if pair is None:
        raise InvalidInput("This case has no customer and shopper to keep apart.", "Add both first.")
    key = _key(case, "unmatch", f"{pair[0].pk}:{pair[1].pk}")
    new = _is_new(key)
    action = doing.unmatch(
        work, key=key, case=case, customer=pair[0], shopper=pair[1], basis=basis, protective=True
    )
    return action, new


def _stop_order(work: Work, case: Case, basis: str) -> tuple[Action, bool]:
    if case.order is None or not case.order.is_live:
        raise InvalidInput("This case has no live order to stop.", "Nothing needs to be stopped.")
    key = _key(case, "hold_order", case.order.pk)
    new = _is_new(key)
    action = doing.take(
        work, kind="hold_order", key=key, basis=basis, reason_code=_code(case), protective=True, case=case,
        target=("order", case.order.external_id),
    )  # fmt: skip
    return action, new


def _on_account(work: Work, case: Case, kind: str, account_id: str, basis: str) -> tuple[Action, bool]:
    party = (
        CaseParty.objects.select_related("account__party").filter(case=case, account_id=account_id).first()
    )
    if party is None:
        raise InvalidInput(
            "That person is not part of this case.", "Choose one of the people in the case.",
            fields={"account": "Choose one of the people in the case."},
        )  # fmt: skip
    key = _key(case, kind, party.account_id)
    new = _is_new(key)
    action = doing.take(
        work, kind=kind, key=key, basis=basis, reason_code=_code(case), protective=True, case=case,
        account=party.account,
    )  # fmt: skip
    if new:
        tell(work, case, party.account, action)
    return action, new


def _key(case: Case, kind: str, target: str) -> str:
    """One running measure of a kind on a target in a case; after it ended, another may be taken."""
    stem = f"protect:{case.pk}:{kind}:{target}:"
    ended = Action.objects.filter(idempotency_key__startswith=stem).exclude(status__in=doing.RUNNING)
    return f"{stem}{ended.count()}"


def _is_new(key: str) -> bool:
    return not Action.objects.filter(idempotency_key=key).exists()


def _code(case: Case) -> str:
    return case.codes[0] if case.codes else "unclassified"


def tell(work: Work, case: Case, account: Account, action: Action) -> None:
    """Write to the account holder that something protects their account for now, and until when."""
    ends = f"{action.ends_at:%Y-%m-%d %H:%M} UTC" if action.ends_at else "-"
    label = STEPS[action.type].words(notices.language_of(account)).lower()
    notices.to_account(work, "protective_action", account, case, {"step": label, "ends": ends})


def lift(actor: Actor, action_id: str, reason: str) -> Action:
    """End a protective measure early. Taking one is open to whoever sees the case; ending one takes the case
    itself, because somebody may be hurt by it.

    Raises:
        NotFound: no such measure, or none the actor may know of. AccessDenied: not theirs to end.
        InvalidInput: no reason.
        Conflict: it ended already, or belongs to a decision (which has to be reversed or appealed instead).
    """
    if len(reason.strip()) < _SHORTEST_REASON:
        raise InvalidInput("A reason is needed.", "Say why in a sentence.", fields={"reason": "Say why."})
    with act(actor, "action.lift") as work:
        case = lock_for(work, actor, _case_of(action_id), "cases.work", "P3")
        action = work.lock(Action, action_id)
        require(actor, _permission(action.type, case), scope_of(actor, case, "P3"))
        if not action.protective:
            raise Conflict("This is part of a decision.", "Reverse the decision, or let it be appealed.")
        # the marketplace is told that it ended, not what a person wrote about it
        if not doing.undo(work, action, "lifted by a specialist"):
            raise Conflict("This measure has ended already.", "Reload to see how.")
        timeline.add(
            work, case, "protection", f"Lifted: {doing.label(action)}", body=reason.strip(),
            refs={"action": action.pk},
        )  # fmt: skip
        touch(work, case, "case.protection_lifted")
    return action


def end_all(work: Work, case: Case) -> None:
    """End what still protects in a case that was closed. Keeping two people apart waits for nothing that
    the case could have found, so it stays."""
    running = Action.objects.select_for_update().filter(
        case=case, protective=True, status__in=doing.NOT_ENDED
    )
    for action in running.exclude(type="unmatch").order_by("id"):
        if doing.undo(work, action, "the case was closed"):
            timeline.add(
                work, case, "protection", f"Ended with the case: {doing.label(action)}",
                refs={"action": action.pk},
            )  # fmt: skip


def _case_of(action_id: str) -> str:
    """The case an action belongs to; its lock comes before the action's."""
    found = Action.objects.filter(pk=action_id).values_list("case_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such measure.", "Reload the case.")
    return found


def automatic(work: Work, case: Case) -> list[Action]:
    """In an S0 or S1 case, what the taxonomy offers for its codes is done at once, within what policy lets a
    machine do. In milder cases it is offered to the specialist, and so is what costs somebody when nobody we
    know stands behind a report: an order's id proves nothing. Safe to run twice; returns what is new."""
    if case.severity > _AT_ONCE:
        return []
    offers = [kind for code in case.codes if (entry := taxonomy().find(code)) for kind in entry.protect]
    wanted = list(dict.fromkeys(offers))
    held_back = _held_back(case, wanted)
    taken = (_automatic_one(work, case, kind) for kind in wanted if kind not in held_back)
    done = [action for action in taken if action]
    if done:
        case_clocks.protected(work, case)
    _say_held_back(work, case, held_back)
    return done


def _held_back(case: Case, kinds: list[str]) -> list[str]:
    """What a machine may not take on what was said. Keeping two people apart costs neither of them
    anything; where the law wants any report of it to suspend, it is not asked who reported."""
    if any(link.report.vouched_for for link in case.report_links.select_related("report")):
        return []
    subject = _subject(case)
    taken = {"unmatch"}
    if subject is not None and policies.suspends_on_report(case.codes, subject.account.region):
        taken.add("suspend_interim")
    return [kind for kind in kinds if kind not in taken]


def _subject(case: Case) -> CaseParty | None:
    return case.parties.filter(part=CaseParty.Part.SUBJECT).select_related("account").first()


def _say_held_back(work: Work, case: Case, kinds: list[str]) -> None:
    """Tell the specialist, once, why a machine did not take what they would expect."""
    if kinds and not case.timeline.filter(summary=_HELD_BACK).exists():
        body = ", ".join(STEPS[kind].label for kind in kinds)
        timeline.add(work, case, "protection", _HELD_BACK, body=body)


def _automatic_one(work: Work, case: Case, kind: str) -> Action | None:
    if STEPS[kind].kind.automatic == "never":
        return None
    # what a person lifted is not put back by a machine; what merely ran out may be
    before = Action.objects.filter(case=case, type=kind).exclude(status=Action.Status.EXPIRED)
    if before.exists():
        return None
    target = _target(case, kind)
    if target is None:
        return None
    action, new = _apply(work, case, kind, target, "Automatic protection")
    return action if new else None


def _target(case: Case, kind: str) -> str | None:
    """The account id a machine may apply this to, empty when it takes none; None when it may not at all."""
    if kind == "unmatch":
        return "" if pair_of(case) else None
    if kind == "hold_order":
        return "" if case.order is not None and case.order.is_live else None
    if kind == "lock_account":
        return _account_at_risk(case)
    subject = _subject(case)
    if kind not in _ON_ACCOUNT or subject is None:
        return None
    allowed = policies.automation_may(case.codes, STEPS[kind].level, subject.account.region)
    return subject.account_id if allowed else None


def _account_at_risk(case: Case) -> str | None:
    """The account to lock when it was taken over: the reporter's own, else the one a rule's alert is
    about."""
    parts = [CaseParty.Part.REPORTER]
    if case.source == "rule":
        parts.append(CaseParty.Part.SUBJECT)
    for part in parts:
        row = case.parties.filter(part=part).first()
        if row is not None:
            return row.account_id
    return None


def confirm(actor: Actor, action_id: str, status: str, detail: str = "") -> Action:
    """The marketplace says that it applied an action, or that it could not. Saying it twice changes nothing;
    what failed first can be applied later. A failure goes into the case's timeline and calls a person.

    Raises:
        InvalidInput: neither of the two. AccessDenied: a person cannot confirm for the marketplace.
        NotFound: there is no such action. Conflict: it was confirmed as applied and cannot have failed.
    """
    if status not in (Action.Status.APPLIED, Action.Status.FAILED):
        raise InvalidInput("The status is applied or failed.", "", fields={"status": "applied or failed"})
    if actor.kind not in ("api_key", "system"):
        raise AccessDenied(
            "Only the marketplace's own system confirms actions.", "Use its key.",
            permission="actions:write", reason="role",
        )  # fmt: skip
    with act(actor, "action.confirm") as work:
        held = Action.objects.filter(pk=action_id).values_list("case_id", flat=True).first()
        case = work.lock(Case, held) if held else None
        action = work.lock(Action, action_id)
        if not _moves(action, status):
            return action
        action.status = Action.Status(status)
        action.confirmed_at = timezone.now()
        work.save(action, f"action.{status}")
        if action.account_id is not None:
            doing.refresh_status(work, action.account_id)
        if status == Action.Status.FAILED:
            work.emit("action.failed", {"action": action.pk, "case": action.case_id}, key=action.pk)
        if case is not None:
            _note_confirmation(work, case, action, detail)
    return action


def _moves(action: Action, status: str) -> bool:
    """Whether the confirmation says anything new. What was undone meanwhile stays so, however late it
    comes."""
    if action.status == Action.Status.APPLIED and status == Action.Status.FAILED:
        raise Conflict(
            "This action was confirmed as applied before.", "If it no longer holds, open a report about it."
        )
    return action.status in (Action.Status.REQUESTED, Action.Status.FAILED) and action.status != status


def _note_confirmation(work: Work, case: Case, action: Action, detail: str) -> None:
    applied = action.status == Action.Status.APPLIED
    words = "Confirmed by the marketplace" if applied else "The marketplace could not do this"
    timeline.add(
        work, case, "action", f"{words}: {doing.label(action)}", body=detail,
        refs={"action": action.pk},
    )  # fmt: skip
    touch(work, case, "case.action_confirmed")
