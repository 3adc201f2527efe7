"""An appeal is late, or a measure has to be looked at again: whoever must act hears of it by e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.core.outbox.registry import on
from tocsin.domains.cases import walls
from tocsin.domains.cases.late import address, responsible, supervisors, words
from tocsin.domains.enforcement.appeals import may_hear
from tocsin.domains.enforcement.models import Action, Appeal
from tocsin.domains.staff.mail import write, write_at_most_hourly
from tocsin.domains.staff.models import Staff

_HEARERS = ("appeals_reviewer", "supervisor")


@on("appeal.late", "enforcement.tell_of_late_appeal")
def appeal_is_late(data: Mapping[str, Any]) -> None:
    """An appeal missed a promise: its reviewer and the supervisors of the region who may hear it know; while
    nobody hears it, every reviewer who may does too. Never whoever decided."""
    appeal = Appeal.objects.select_related("decision__case", "reviewer").get(pk=data["appeal"])
    if appeal.state not in Appeal.OPEN_STATES:
        return
    text = words("An appeal is late. Somebody waits for its answer.", "/console/appeals/")
    for person in _who_hears(appeal):
        write_at_most_hourly(person, "appeal.late", "Tocsin: an appeal is late", text)


def _who_hears(appeal: Appeal) -> list[Staff]:
    people = Staff.objects.filter(is_active=True, roles__overlap=list(_HEARERS)).order_by("pk")
    told = [one for one in people if appeal.reviewer_id is None or "supervisor" in one.roles]
    if appeal.reviewer is not None and appeal.reviewer.is_active and appeal.reviewer not in told:
        told.append(appeal.reviewer)
    return [one for one in told if may_hear(one.actor("appeal_review"), appeal)]


@on("action.review_due", "enforcement.tell_of_review")
def review_is_due(data: Mapping[str, Any]) -> None:
    """A standing measure has to be looked at again, by whoever answers for its case or its region."""
    action = Action.objects.select_related("case__assignee", "account").get(pk=data["action"])
    if action.case is not None:
        people, where = responsible(action.case), address(action.case)
    else:
        about = [action.account] if action.account is not None else []
        region = action.account.region if action.account is not None else ""
        people, where = supervisors(region, walls.around(about)), "/console/queue/"
    text = words("A measure that holds is due for another look.", where)
    for person in people:
        write(person, "action.review_due", "Tocsin: a measure is due for review", text, key=data["clock_id"])
