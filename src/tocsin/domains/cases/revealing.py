"""Looking behind the mask of somebody in a case: the case opens its own people, and nobody else."""

from __future__ import annotations

from tocsin.core.actor import Actor
from tocsin.core.errors import NotFound
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.models import Case
from tocsin.domains.people import revealing

#: Values of class P3; all others are of class P2.
_SENSITIVE = ("access_needs", "home_address")


def reveal(actor: Actor, case: Case, account_id: str, field: str, reason: str) -> str:
    """The value of one masked field. The reason is kept.

    Raises:
        NotFound: that person is not part of the case, or was erased.
        AccessDenied, InvalidInput: as ``people.revealing.reveal``.
    """
    if not case.parties.filter(account_id=account_id).exists():
        raise NotFound("That person is not part of this case.", "Choose one of the people in the case.")
    scope = scope_of(actor, case, "P3" if field in _SENSITIVE else "P2")
    return revealing.reveal(actor, account_id, field, reason=reason, case_id=case.pk, scope=scope)
