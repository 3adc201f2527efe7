"""May this actor do this, to this row, for this purpose? Deny by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.core.access.permissions import DATA_CLASSES, PERMISSIONS, PERSONAL_SCOPES, ROLES, SCOPES
from tocsin.core.actor import PURPOSES, Actor
from tocsin.core.errors import AccessDenied

_ORDER = ("P0", "P1", "P2", "P3", "P4")

#: How far an integration key reaches: what people told the marketplace, never what they told us.
_KEY_REACH = "P2"

#: Purposes under which a permission may be used; those not listed take any purpose but self-service.
PURPOSE_OF: dict[str, frozenset[str]] = {
    "appeals.decide": frozenset({"appeal_review"}),
    "cases.decide_1_2": frozenset({"case_handling"}),
    "cases.decide_3_5": frozenset({"case_handling"}),
    "cases.decide_6": frozenset({"case_handling"}),
    "cases.decide_7": frozenset({"case_handling"}),
    "cases.decide_8_9": frozenset({"case_handling"}),
    "people.reveal": frozenset({"appeal_review", "authority_request", "case_handling", "privacy_request"}),
}
_ANY_WORK = frozenset(PURPOSES) - {"self_service"}

#: What hearing an appeal needs: reading what is in the case, and the answer. Nothing else of working a case.
HEARING = frozenset(
    {
        "appeals.decide", "appeals.view", "cases.view", "entities.view", "evidence.view", "people.reveal",
        "reports.view",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known about the row somebody wants.

    ``region`` empty means the row has none. ``assigned`` says whether the work was given to the actor (or
    opened by break-glass). ``hears`` says that they hear an appeal in it, which counts as assignment for what
    that needs (``HEARING``). ``walled_off`` holds staff ids who must never see it: they are a party, or in
    the party's line."""

    region: str = ""
    assigned: bool = False
    data_class: str = "P1"
    walled_off: frozenset[str] = frozenset()
    hears: bool = False


ANYWHERE = Scope()


def more_sensitive(one: str, other: str) -> str:
    """The more sensitive of two data classes."""
    return max(one, other, key=_ORDER.index)


def has(actor: Actor, permission: str) -> bool:
    """Whether any role of the actor holds the permission, for the purpose the actor acts for."""
    if permission not in PERMISSIONS:
        raise KeyError(f"no such permission: {permission}")
    if actor.kind == "system":
        return True
    if actor.purpose not in PURPOSE_OF.get(permission, _ANY_WORK):
        return False
    return permission in actor_permissions(actor)


def actor_permissions(actor: Actor) -> frozenset[str]:
    """All permissions of an actor, before purpose and rows are looked at.

    Unknown roles and scopes give nothing. Reporters and parties hold none: what they may do with their own
    matter is decided by the domain that knows whose it is."""
    if actor.kind == "staff":
        held = _union(ROLES, actor.roles)
        # a personal key does what its owner may do, and of that only what its scopes name
        return held & _union(PERSONAL_SCOPES, actor.scopes) if actor.by_key else held
    if actor.kind == "api_key":
        return _union(SCOPES, actor.scopes)
    return frozenset()


def _union(table: Mapping[str, frozenset[str]], names: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(table.get(name, frozenset()) for name in names))


def sees_class(actor: Actor, data_class: str, *, assigned: bool, by: str = "") -> bool:
    """Whether the actor's roles reach this data class on this row. ``by``: only roles that hold this
    permission count, so that two roles together never give what neither of them does."""
    if actor.kind == "system":
        return True
    wanted = _ORDER.index(data_class)
    if actor.kind == "api_key":
        return wanted <= _ORDER.index(_KEY_REACH)
    if actor.kind != "staff":
        return False
    for role in actor.roles & DATA_CLASSES.keys():
        if by and by not in ROLES.get(role, frozenset()):
            continue
        top, only_assigned = DATA_CLASSES[role]
        # what everybody at the desk needs in order to pick up work (P0 to P2) takes no assignment
        if wanted <= _ORDER.index(top) and (not only_assigned or assigned or wanted <= _ORDER.index("P2")):
            return True
    return False


def why_not(actor: Actor, permission: str, scope: Scope = ANYWHERE) -> str | None:
    """None when allowed; otherwise one of ``role``, ``purpose``, ``walled_off``, ``region``, ``assignment``
    (their role reaches this data, once the work is theirs) or ``class`` (their role never does)."""
    if not has(actor, permission):
        return "purpose" if permission in actor_permissions(actor) else "role"
    if actor.kind == "staff" and actor.id in scope.walled_off:
        return "walled_off"
    if scope.region and not actor.covers_region(scope.region):
        return "region"
    assigned = scope.assigned or (scope.hears and permission in HEARING)
    if not sees_class(actor, scope.data_class, assigned=assigned, by=permission):
        given = sees_class(actor, scope.data_class, assigned=True, by=permission)
        return "assignment" if given else "class"
    return None


def allows(actor: Actor, permission: str, scope: Scope = ANYWHERE) -> bool:
    """Whether the act is allowed."""
    return why_not(actor, permission, scope) is None


_WORDS = {
    "role": "Your role does not include this.",
    "purpose": "This cannot be done for the purpose you are working under.",
    "walled_off": "You are connected with this matter, so it is kept apart from you.",
    "region": "This belongs to a region you do not work for.",
    "assignment": "This is sensitive, and only those who were given the work may see it.",
    "class": "This is more sensitive than your role may see.",
}


def require(actor: Actor, permission: str, scope: Scope = ANYWHERE) -> None:
    """Do nothing when allowed.

    Raises:
        AccessDenied: with the reason in plain words. The surface logs the refusal.
    """
    reason = why_not(actor, permission, scope)
    if reason is not None:
        raise AccessDenied(
            _WORDS[reason],
            "If you need it, ask your supervisor, or use break-glass in an emergency.",
            permission=permission,
            reason=reason,
        )
