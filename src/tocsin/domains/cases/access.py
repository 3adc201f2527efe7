"""Who may see which case: one rule, as a query for lists and as a scope for single rows."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q

from tocsin.core.access.break_glass import through_glass
from tocsin.core.access.check import Scope, require, sees_class
from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.cases.models import Case
from tocsin.domains.detection.queries import in_regions


def visible(actor: Actor) -> Q:
    """The cases an actor may know of: region, data class, and never one they are walled off from."""
    allowed = reachable(actor)
    if not sees_class(actor, "P4", assigned=False, by="cases.view"):
        mine = Q(assignee_id=actor.id) | Q(heard_by__contains=[actor.id])
        allowed &= ~Q(data_class="P4") | mine
    return allowed


def kept_back(actor: Actor) -> list[Q]:
    """What ``visible`` leaves out, in parts that do not overlap and that an index finds each: to count what
    does *not* hold for a row, every row would have to be read."""
    inside = in_regions(actor)
    parts = []
    if inside:
        known = [region for region in _regions() if region]
        parts.append(Q(region__in=[region for region in known if not actor.covers_region(region)]))
    if actor.kind == "staff":
        walled_off = Q(walled_off__contains=[actor.id])
        parts.append(inside & walled_off)
        inside &= ~walled_off
    if not sees_class(actor, "P4", assigned=False, by="cases.view"):
        theirs = Q()
        if sees_class(actor, "P4", assigned=True, by="cases.view"):
            theirs = ~Q(assignee_id=actor.id) & ~Q(heard_by__contains=[actor.id])
        parts.append(inside & Q(data_class="P4") & theirs)
    return parts


def _regions() -> list[str]:
    """Every region that has a case: from one to the next in the index, not case by case."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE one (region) AS (
                (SELECT region FROM cases_case ORDER BY region LIMIT 1)
                UNION ALL
                SELECT (SELECT region FROM cases_case AS later WHERE later.region > one.region
                        ORDER BY region LIMIT 1)
                FROM one WHERE one.region IS NOT NULL
            )
            SELECT region FROM one WHERE region IS NOT NULL
            """
        )
        return [region for (region,) in cursor.fetchall()]


def reachable(actor: Actor) -> Q:
    """The cases an actor may know of once they are given to them: for finding work to take."""
    allowed = in_regions(actor)
    if actor.kind == "staff":
        allowed &= ~Q(walled_off__contains=[actor.id])
    reaches_p4 = sees_class(actor, "P4", assigned=True, by="cases.view")
    return allowed if reaches_p4 else allowed & ~Q(data_class="P4")


def scope_of(actor: Actor, case: Case, data_class: str = "P2") -> Scope:
    """The scope of one case for a check. ``data_class`` is that of what is wanted from it, at least P2.

    Broken glass stands in for an assignment and a region while it is open.
    """
    return through_glass(actor, own_scope(actor, case, data_class), "case", case.pk)


def own_scope(actor: Actor, case: Case, data_class: str = "P2") -> Scope:
    """The same without broken glass: for what outlives it, such as being given the case."""
    return Scope(
        region=case.region,
        assigned=assigned_to(actor, case),
        data_class="P4" if case.data_class == "P4" else data_class,
        walled_off=frozenset(case.walled_off),
        hears=actor.kind == "staff" and actor.id in case.heard_by,
    )


def may_see(actor: Actor, case: Case, permission: str = "cases.view", data_class: str = "P2") -> Scope:
    """The scope, when allowed.

    Raises:
        NotFound: the actor may not even know that the case exists (walled off).
        AccessDenied: the actor may know, but not see or do this.
    """
    scope = scope_of(actor, case, data_class)
    if actor.kind == "staff" and actor.id in scope.walled_off:
        raise no_such_case()
    require(actor, permission, scope)
    return scope


def no_such_case() -> NotFound:
    """The same answer whether there is none or none the actor may know of."""
    return NotFound("There is no such case.", "Check the reference.")


def assigned_to(actor: Actor, case: Case) -> bool:
    """Whether the case was given to this person."""
    return actor.kind == "staff" and case.assignee_id == actor.id
