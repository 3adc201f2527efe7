"""Keeping staff away from what concerns them or their family, and those who lead them too (handbook §12)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from tocsin.core.act import Work
from tocsin.domains.cases import timeline
from tocsin.domains.cases.models import Case
from tocsin.domains.people.models import Account
from tocsin.domains.staff.models import Staff
from tocsin.domains.staff.queries import line_above


def around(accounts: Iterable[Account]) -> list[str]:
    """Staff who are, or are close to, one of these people, and those who lead them."""
    refs = [account.ref for account in accounts]
    if not refs:
        return []
    own = Staff.objects.filter(walled_off_accounts__overlap=refs).select_related("manager")
    return sorted({pk for person in own for pk in (person.pk, *line_above(person))})


def draw(work: Work, case: Case, accounts: Iterable[Account]) -> None:
    """Keep people close to these accounts away from the case; whoever was kept away stays so."""
    wanted = sorted({*case.walled_off, *around(accounts)})
    if wanted != case.walled_off:
        work.watch(case)
        case.walled_off = wanted
        _let_go(work, case)
        work.save(case, "case.wall_off")
        work.emit("case.walled_off", {"case": case.pk})


def redraw(work: Work, staff_id: str) -> int:
    """Work the walls out again for every case that somebody's walls touch, or touched. Returns how many
    changed."""
    person = Staff.objects.get(pk=staff_id)
    named = Q()
    for ref in person.walled_off_accounts:
        role, _, ident = ref.partition(":")
        named |= Q(parties__account__role=role, parties__account__external_id=ident)
    touched = Case.objects.filter(named) if named else Case.objects.none()
    ids = {*touched.values_list("pk", flat=True)}
    ids |= {*Case.objects.filter(walled_off__contains=[staff_id]).values_list("pk", flat=True)}
    return sum(_again(work, pk) for pk in sorted(ids))


def _again(work: Work, case_id: str) -> bool:
    case = work.lock(Case, case_id)
    wanted = around(party.account for party in case.parties.select_related("account"))
    if wanted == case.walled_off:
        return False
    case.walled_off = wanted
    _let_go(work, case)
    case.revision += 1
    work.save(case, "case.wall_off")
    work.emit("case.walled_off", {"case": case.pk})
    return True


def _let_go(work: Work, case: Case) -> None:
    """Whoever is kept away cannot own the case either."""
    if case.assignee_id in case.walled_off:
        case.assignee = None
        timeline.add(work, case, "assigned", "Taken from its owner, who is connected with this matter")
