"""Reading about staff: who is here, what they may do, and who leads whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.core.access.check import ANYWHERE, has, require
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Colleague:
    """What any member of staff may know of another: who they are and what they do."""

    id: str
    name: str
    initials: str
    roles: tuple[str, ...]


def find(staff_id: str) -> Staff:
    """A member of staff by id.

    Raises:
        NotFound: there is none.
    """
    staff = Staff.objects.filter(pk=staff_id).first()
    if staff is None:
        raise NotFound("There is no such member of staff.", "Check the link you followed.")
    return staff


def everybody(actor: Actor) -> list[Staff]:
    """All members of staff, for the person who manages them."""
    require(actor, "staff.manage", ANYWHERE)
    return list(Staff.objects.select_related("manager").order_by("-is_active", "name"))


def colleagues(actor: Actor, *, permission: str = "", region: str = "") -> list[Colleague]:
    """Active staff who hold a permission in a region, for giving work to. Empty strings do not narrow.

    The purpose is left aside: it is about what somebody does at the moment.
    """
    require(actor, "policies.view", ANYWHERE)
    found = []
    for staff in Staff.objects.filter(is_active=True).order_by("name"):
        them = staff.actor()
        if permission and not has(them, permission):
            continue
        if region and not them.covers_region(region):
            continue
        found.append(Colleague(staff.pk, staff.name, staff.initials, tuple(staff.roles)))
    return found


def line_above(staff: Staff) -> list[str]:
    """Ids of those who lead this person, nearest first. A circle in the data ends the walk."""
    above: list[str] = []
    leader = staff.manager
    while leader is not None and leader.pk not in above:
        above.append(leader.pk)
        leader = leader.manager
    return above


def names(refs: Iterable[str]) -> dict[str, str]:
    """Names by actor reference (``staff:…``), for showing who did something. Others are left out."""
    ids = [ref.removeprefix("staff:") for ref in refs if ref.startswith("staff:")]
    return {f"staff:{pk}": name for pk, name in Staff.objects.filter(pk__in=ids).values_list("pk", "name")}
