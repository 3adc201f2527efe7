"""Protecting people at once: reversible, time-boxed, and never a finding (handbook §2, §5)."""

from __future__ import annotations

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import Conflict, InvalidInput
from tocsin.domains.cases import timeline
from tocsin.domains.cases.access import may_see, scope_of
from tocsin.domains.cases.actions import lock_open, touch
from tocsin.domains.cases.models import Case, CaseParty
from tocsin.domains.enforcement import doing, notices
from tocsin.domains.enforcement.ladder_steps import STEPS
from tocsin.domains.enforcement.models import Action
from tocsin.domains.people.models import Account
from tocsin.domains.policies import queries as policies
from tocsin.domains.reports.taxonomy import current as taxonomy

#: What a specialist may do at once, before anything is decided.
OFFERED = ("lock_account", "hold_order", "unmatch", "suspend_interim")


def protect(actor: Actor, case_id: str, type: str, account_id: str = "") -> Action:
    """Take a protective measure in a case. Doing it twice changes nothing.

    Raises:
        InvalidInput: not a protective measure, or the case has nobody (no order, no pair) to apply it to.
        AccessDenied: the actor may not, or not at this severity.
    """
    if type not in OFFERED:
        raise InvalidInput(f"{type!r} is not a protective measure.", f"One of: {', '.join(OFFERED)}.")
    with act(actor, "case.protect") as work:
        case = lock_open(work, case_id)
        may_see(actor, case, "cases.work")
        require(actor, _permission(type, case), scope_of(actor, case))
        action = _apply(work, case, type, account_id)
        clocks.meet(work, "case", case.pk, "protect")
        touch(work, case, "case.protect")
    return action


def _permission(type: str, case: Case) -> str:
    if type == "unmatch":
        return STEPS["unmatch"].permission
    if type == "suspend_interim":
        return STEPS["suspend_interim"].permission
    return "cases.protect" if case.severity <= "S1" else STEPS["hold_order"].permission


def _apply(work: Work, case: Case, type: str, account_id: str, *, basis: str = "") -> Action:
    if type == "unmatch":
        pair = _pair(case)
        if pair is None:
            raise InvalidInput("This case has no customer and shopper to keep apart.", "Add both first.")
        basis = basis or "Protection of the people in the case"
        action = doing.unmatch(
            work, case=case, customer=pair[0], shopper=pair[1], basis=basis, protective=True
        )
    elif type == "hold_order":
        if case.order is None or not case.order.is_live:
            raise InvalidInput("This case has no live order to stop.", "Nothing needs to be stopped.")
        action = doing.take(
            work, type=type, key=_key(case, type, case.order_id or ""), basis=basis or "Protection: live order stopped",
            reason_code=_code(case), protective=True, case=case, target=("order", case.order.external_id),
        )  # fmt: skip
    else:
        party = (
            CaseParty.objects.select_related("account__party")
            .filter(case=case, account_id=account_id)
            .first()
        )
        if party is None:
            raise InvalidInput(
                "That person is not part of this case.", "Choose one of the people in the case."
            )
        action = doing.take(
            work, type=type, key=_key(case, type, party.account_id), basis=basis or "Protection while we look into it",
            reason_code=_code(case), protective=True, case=case, account=party.account,
        )  # fmt: skip
        _tell(work, case, party.account, action)
    timeline.add(
        work, case, "protection", f"{STEPS[type].label}: protective, reversible", refs={"action": action.pk}
    )
    return action


def _key(case: Case, type: str, target: str) -> str:
    """One running measure of a kind on a target in a case; after it ended, another may be taken."""
    ended = (
        Action.objects.filter(case=case, type=type, protective=True).exclude(status__in=doing.RUNNING).count()
    )
    return f"protect:{case.pk}:{type}:{target}:{ended}"


def _code(case: Case) -> str:
    return case.codes[0] if case.codes else "unclassified"


def _pair(case: Case) -> tuple[Account, Account] | None:
    accounts = {row.account.role: row.account for row in case.parties.select_related("account")}
    return (accounts["customer"], accounts["shopper"]) if len(accounts) == 2 else None


def _tell(work: Work, case: Case, account: Account, action: Action) -> None:
    from tocsin.domains.enforcement.models import Notice

    if Notice.objects.filter(case=case, account=account, kind="protective_action").exists():
        return
    ends = f"{action.ends_at:%Y-%m-%d %H:%M} UTC" if action.ends_at else "-"
    notices.to_account(
        work, "protective_action", account, case, {"step": STEPS[action.type].label.lower(), "ends": ends}
    )


def lift(actor: Actor, action_id: str, reason: str) -> Action:
    """End a protective measure early.

    Raises:
        Conflict: it ended already, or belongs to a decision (which has to be reversed or appealed instead).
    """
    with act(actor, "action.lift") as work:
        action = work.lock(Action, action_id)
        if action.case_id is None:
            raise Conflict("This action belongs to no case.", "Let it run out.")
        case = work.lock(Case, action.case_id)
        may_see(actor, case, "cases.work")
        require(actor, _permission(action.type, case), scope_of(actor, case))
        if not action.protective:
            raise Conflict("This is part of a decision.", "Reverse the decision, or let it be appealed.")
        if not doing.undo(work, action, reason or "lifted by a specialist"):
            raise Conflict("This measure has ended already.", "Reload to see how.")
        timeline.add(
            work,
            case,
            "protection",
            f"{STEPS[action.type].label} lifted",
            body=reason,
            refs={"action": action.pk},
        )
        touch(work, case, "case.protection_lifted")
    return action


def automatic(work: Work, case: Case) -> list[Action]:
    """In an S0 or S1 case, what the taxonomy offers for its codes is done at once, within what policy lets a
    machine do. In milder cases it is offered to the specialist."""
    done: list[Action] = []
    if case.severity > "S1":
        return done
    wanted = [kind for code in case.codes if (entry := taxonomy().find(code)) for kind in entry.protect]
    for kind in dict.fromkeys(wanted):
        action = _automatic_one(work, case, kind)
        if action is not None:
            done.append(action)
    if done:
        clocks.meet(work, "case", case.pk, "protect")
    return done


def _automatic_one(work: Work, case: Case, kind: str) -> Action | None:
    if kind == "unmatch":
        return _apply(work, case, kind, "", basis="Automatic protection") if _pair(case) else None
    if kind == "hold_order":
        live = case.order is not None and case.order.is_live
        return _apply(work, case, kind, "", basis="Automatic protection") if live else None
    if kind == "lock_account":
        owner = _account_at_risk(case)
        return (
            _apply(work, case, kind, owner.pk, basis="Automatic protection of the account owner")
            if owner
            else None
        )
    if kind == "suspend_interim":
        subject = case.parties.filter(part=CaseParty.Part.SUBJECT).select_related("account").first()
        if subject is None or not policies.automation_may(
            case.codes, STEPS["suspend_interim"].level, subject.account.region
        ):
            return None
        return _apply(work, case, kind, subject.account_id, basis="Automatic interim measure")
    return None


def _account_at_risk(case: Case) -> Account | None:
    """The account to lock when it was taken over: the reporter's own, else the subject of a rule's alert."""
    part = CaseParty.Part.SUBJECT if case.source == "rule" else CaseParty.Part.REPORTER
    row = case.parties.filter(part=part).select_related("account").first()
    return row.account if row else None


def confirm(actor: Actor, action_id: str, status: str, detail: str = "") -> Action:
    """The marketplace says that it applied an action, or that it could not. Saying it twice changes nothing.

    A failure goes into the case's timeline and calls a person.
    """
    if status not in (Action.Status.APPLIED, Action.Status.FAILED):
        raise InvalidInput("The status is applied or failed.", "", fields={"status": "applied or failed"})
    with act(actor, "action.confirm") as work:
        action = work.lock(Action, action_id)
        if action.status not in doing.RUNNING or action.status == status:
            return action
        action.status = Action.Status(status)
        action.confirmed_at = timezone.now()
        work.save(action, f"action.{status}")
        if action.case_id is not None:
            case = work.lock(Case, action.case_id)
            words = (
                "confirmed by the marketplace"
                if status == "applied"
                else "could not be applied by the marketplace"
            )
            timeline.add(
                work,
                case,
                "action",
                f"{STEPS[action.type].label}: {words}",
                body=detail,
                refs={"action": action.pk},
            )
            touch(work, case, "case.action_confirmed")
        if status == Action.Status.FAILED:
            work.emit("action.failed", {"action": action.pk, "case": action.case_id}, key=action.pk)
    return action
