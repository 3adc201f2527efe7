"""May this actor do this, to this row, for this purpose? Deny by default."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.core.access.permissions import DATA_CLASSES, PERMISSIONS, ROLES
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied

_ORDER = ("P0", "P1", "P2", "P3", "P4")

#: Purposes under which each permission may be used; permissions not listed take any purpose but self-service.
PURPOSE_OF: dict[str, frozenset[str]] = {
    "appeals.decide": frozenset({"appeal_review"}),
    "cases.decide_1_2": frozenset({"case_handling"}),
    "cases.decide_3_5": frozenset({"case_handling"}),
    "cases.decide_6_7": frozenset({"case_handling"}),
    "cases.decide_8_9": frozenset({"case_handling"}),
    "people.reveal": frozenset({"appeal_review", "authority_request", "case_handling", "privacy_request"}),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known about the row somebody wants.

    ``region`` empty means the row has none. ``assigned`` says whether the work was given to the actor (or opened by
    break-glass). ``walled_off`` holds staff ids who must never see it: they are a party, or in the party's line.
    """

    region: str = ""
    assigned: bool = False
    data_class: str = "P1"
    walled_off: frozenset[str] = frozenset()


ANYWHERE = Scope()


def has(actor: Actor, permission: str) -> bool:
    """Whether any role of the actor holds the permission, for the purpose the actor acts for."""
    if permission not in PERMISSIONS:
        raise KeyError(f"no such permission: {permission}")
    if actor.kind == "system":
        return True
    if actor.purpose not in PURPOSE_OF.get(permission, {actor.purpose}):
        return False
    if actor.kind == "staff":
        return any(permission in ROLES[role] for role in actor.roles if role in ROLES)
    return permission in actor_permissions(actor)


def actor_permissions(actor: Actor) -> frozenset[str]:
    """All permissions of an actor, before purpose and rows are looked at."""
    from tocsin.core.access.permissions import SCOPES

    if actor.kind == "staff":
        return frozenset().union(*(ROLES.get(role, frozenset()) for role in actor.roles))
    if actor.kind == "api_key":
        return frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in actor.scopes))
    return frozenset()


def sees_class(actor: Actor, data_class: str, *, assigned: bool) -> bool:
    """Whether the actor's roles reach this data class on this row."""
    if actor.kind == "system":
        return True
    if actor.kind == "api_key":
        return _ORDER.index(data_class) <= _ORDER.index("P2")
    for role in actor.roles:
        top, only_assigned = DATA_CLASSES.get(role, ("P0", True))
        if _ORDER.index(data_class) <= _ORDER.index(top):
            # what everybody at the desk needs in order to pick up work (P0 to P2) takes no assignment
            if not only_assigned or assigned or _ORDER.index(data_class) <= _ORDER.index("P2"):
                return True
    return False


def why_not(actor: Actor, permission: str, scope: Scope = ANYWHERE) -> str | None:
    """None when allowed; otherwise one of ``role``, ``purpose``, ``walled_off``, ``region``, ``class``."""
    if not has(actor, permission):
        return "purpose" if permission in actor_permissions(actor) else "role"
    if actor.kind == "staff" and actor.id in scope.walled_off:
        return "walled_off"
    if scope.region and not actor.covers_region(scope.region):
        return "region"
    if not sees_class(actor, scope.data_class, assigned=scope.assigned):
        return "class"
    return None


def allows(actor: Actor, permission: str, scope: Scope = ANYWHERE) -> bool:
    """Whether the act is allowed."""
    return why_not(actor, permission, scope) is None


_WORDS = {
    "role": "Your role does not include this.",
    "purpose": "This cannot be done for the purpose you are working under.",
    "walled_off": "You are connected with this matter, so it is kept apart from you.",
    "region": "This belongs to a region you do not work for.",
    "class": "This is more sensitive than your role may see without being assigned to it.",
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
