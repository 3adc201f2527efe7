"""An open appeal changes hands: its reviewer leaves, is kept away from the matter, or hands it on.

It never comes to whoever decided or confirmed the decision, and they have no say in who hears it.
"""

from __future__ import annotations

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.outbox.notify import tick
from tocsin.domains.cases import timeline
from tocsin.domains.cases.models import Case
from tocsin.domains.enforcement.appeals import (
    give,
    had_a_part,
    locked,
    may_hear,
    open_to_hearers,
    own_decision,
    refuse_own,
    scope_to_hear,
)
from tocsin.domains.enforcement.models import Appeal
from tocsin.domains.staff.models import Staff

_HEARING = "appeal_review"
_LEAD = "supervisor"


def hand_on(actor: Actor, appeal_id: str, staff_id: str) -> Appeal:
    """Give an open appeal to somebody else: a supervisor may, and whoever hears it. Giving it to who hears it
    already changes nothing.

    Raises:
        NotFound: none the actor may know of.
        AccessDenied: not theirs to give, or the other person may not hear it.
        Conflict: it was answered, or one of the two had a part in the decision.
        InvalidInput: there is no such member of staff.
    """
    with act(actor, "appeal.hand_on") as work:
        case, appeal = locked(work, actor, appeal_id)
        require(actor, "appeals.decide", scope_to_hear(case))
        refuse_own(actor, appeal)
        if not _may_give(actor, appeal):
            raise AccessDenied(
                "Somebody else is hearing this appeal.", "Ask them, or your supervisor, to hand it on.",
                permission="appeals.decide", reason="assignment",
            )  # fmt: skip
        if appeal.state not in Appeal.OPEN_STATES:
            raise Conflict("This appeal has been answered.", "Reload to read the answer.")
        person = _person(staff_id)
        if appeal.reviewer_id != person.pk:
            _check_could_hear(person, appeal)
            give(work, case, appeal, person, f"Appeal handed on to {person.name}")
            tick("queue")
    return appeal


def may_hand_on(actor: Actor, appeal: Appeal) -> bool:
    """Whether the actor may give this appeal to somebody else."""
    return appeal.state in Appeal.OPEN_STATES and may_hear(actor, appeal) and _may_give(actor, appeal)


def hearers(actor: Actor, appeal: Appeal) -> list[Staff]:
    """Who could hear it instead, by name; nobody when the actor may not hand it on."""
    if not may_hand_on(actor, appeal):
        return []
    people = Staff.objects.filter(is_active=True).exclude(pk=appeal.reviewer_id).order_by("name")
    return [one for one in people if may_hear(one.actor(_HEARING), appeal)]


def _may_give(actor: Actor, appeal: Appeal) -> bool:
    return _LEAD in actor.roles or (actor.kind == "staff" and appeal.reviewer_id == actor.id)


def _person(staff_id: str) -> Staff:
    person = Staff.objects.filter(pk=staff_id, is_active=True).first()
    if person is None:
        raise InvalidInput(
            "There is no such member of staff.", "Choose somebody from the list.",
            fields={"staff": "Choose somebody from the list."},
        )  # fmt: skip
    return person


def _check_could_hear(person: Staff, appeal: Appeal) -> None:
    them = person.actor(_HEARING)
    if had_a_part(them, appeal):
        raise own_decision()
    if not may_hear(them, appeal):
        raise AccessDenied(
            f"{person.name} may not hear this appeal.",
            "Choose somebody whose role, region and distance to the people involved allow it.",
            permission="appeals.decide", reason="role",
        )  # fmt: skip


def keep_away(work: Work, case: Case) -> None:
    """Take open appeals from whoever is kept away from the case by now: somebody else hears them. Safe to run
    twice."""
    for pk in _held(case, case.walled_off):
        _put_back(work, case, pk, "Appeal taken from its reviewer, who is connected with this matter")
    open_to_hearers(work, case)


def left(work: Work, staff_id: str) -> None:
    """Put the open appeals of somebody who works here no longer back on the desk. Safe to run twice."""
    if Staff.objects.filter(pk=staff_id, is_active=True).exists():
        return
    held = Appeal.objects.filter(reviewer=staff_id, state__in=Appeal.OPEN_STATES)
    for case_id in sorted(set(held.values_list("decision__case_id", flat=True))):
        case = work.lock(Case, case_id)
        for pk in _held(case, [staff_id]):
            _put_back(work, case, pk, "Appeal put back, its reviewer works here no longer")
        open_to_hearers(work, case)


def _held(case: Case, reviewers: list[str]) -> list[str]:
    """Ids of the open appeals in a case that these people hear."""
    rows = Appeal.objects.filter(decision__case=case, reviewer__in=reviewers, state__in=Appeal.OPEN_STATES)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _put_back(work: Work, case: Case, appeal_id: str, summary: str) -> None:
    appeal = work.lock(Appeal, appeal_id)
    appeal.reviewer, appeal.state = None, Appeal.State.LODGED
    work.save(appeal, "appeal.let_go")
    timeline.add(work, case, "appeal", summary, refs={"appeal": appeal_id})
    tick("queue")
