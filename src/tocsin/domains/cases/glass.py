"""Breaking the glass on a case: for those whose role reaches it, but who were not given it or work for
another region. It opens nothing to whoever is kept from the case or whose role never reaches it."""

from __future__ import annotations

from tocsin.core.access import break_glass
from tocsin.core.access.break_glass import behind_glass
from tocsin.core.access.check import allows, require
from tocsin.core.access.models import BreakGlass
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, NotFound
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.models import Case
from tocsin.domains.cases.queries import known


def openable(actor: Actor, case_id: str) -> Case:
    """The case, by id or reference, when this person may break the glass on it and would see it then.

    Raises:
        NotFound: none such, or kept from the actor.
        AccessDenied: not in their role, or their role never reaches what is in the case: the glass would show
            them nothing.
    """
    case = known(actor, case_id)
    opened = behind_glass(scope_of(actor, case, "P3"))
    for permission in ("access.break_glass", "cases.view"):
        require(actor, permission, opened)
    return case


def open_case(actor: Actor, case_id: str, reason: str) -> BreakGlass:
    """Open one case for the time the packs allow. Raises as ``openable``, and InvalidInput for no real
    reason."""
    case = openable(actor, case_id)
    return break_glass.open_glass(actor, "case", case.pk, reason, walled_off=frozenset(case.walled_off))


def offered(actor: Actor, case_id: str) -> Case | None:
    """The case that would open, for the page on which it was refused; None tells nothing about why not."""
    try:
        case = openable(actor, case_id)
    except (AccessDenied, NotFound):
        return None
    return None if allows(actor, "cases.view", scope_of(actor, case, "P3")) else case
