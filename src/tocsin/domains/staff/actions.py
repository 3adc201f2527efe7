"""Managing staff. Nobody changes their own roles, and somebody always remains who can let others in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from tocsin.core.access.check import require
from tocsin.core.access.permissions import ROLES
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.locks import lock
from tocsin.domains.staff.models import Staff
from tocsin.domains.staff.queries import line_above

EVERYWHERE = "*"
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,10}){0,3}")


def add(
    actor: Actor,
    *,
    email: str,
    name: str,
    roles: Iterable[str],
    regions: Iterable[str],
    password: str | None = None,
    manager_id: str | None = None,
) -> Staff:
    """A new member of staff. Without a password they sign in through single sign-on.

    Raises:
        InvalidInput: address, role, region or password of the wrong form. Conflict: the address is taken.
    """
    require(actor, "staff.manage")
    wanted_roles, wanted_regions = _roles(roles), _regions(regions)
    address = email.strip().lower()
    _check(address, name, password)
    staff = Staff(
        email=address,
        name=name.strip(),
        roles=wanted_roles,
        regions=wanted_regions,
        manager=_leader(manager_id),
    )
    staff.set_password(password)
    try:
        with transaction.atomic(), act(actor, "staff.add") as work:
            work.save(staff, roles=wanted_roles, regions=wanted_regions)
    except IntegrityError as error:
        raise Conflict(
            "Somebody with this e-mail address is here already.", "Change their roles instead.",
            fields={"email": "This address is taken."},
        ) from error  # fmt: skip
    return staff


def change_access(actor: Actor, staff_id: str, *, roles: Iterable[str], regions: Iterable[str]) -> Staff:
    """Give and take roles and regions. Takes effect with the person's next request.

    Raises:
        AccessDenied: one's own. Conflict: nobody would be left who manages staff.
    """
    require(actor, "staff.manage")
    wanted_roles, wanted_regions = _roles(roles), _regions(regions)
    with act(actor, "staff.change_access") as work:
        staff = _other(work, actor, staff_id)
        if (staff.roles, staff.regions) != (wanted_roles, wanted_regions):
            before = {"roles": staff.roles, "regions": staff.regions}
            staff.roles, staff.regions = wanted_roles, wanted_regions
            work.save(staff, before=before, roles=wanted_roles, regions=wanted_regions)
            _somebody_left(work)
    return staff


def set_manager(actor: Actor, staff_id: str, manager_id: str | None) -> Staff:
    """Say who leads somebody.

    Raises:
        InvalidInput: they would lead themselves, directly or around a corner.
    """
    require(actor, "staff.manage")
    with act(actor, "staff.set_manager") as work:
        staff = work.lock(Staff, staff_id)
        leader = _leader(manager_id)
        if leader is not None and staff.pk in (leader.pk, *line_above(leader)):
            raise InvalidInput("Nobody can lead themselves.", "Choose somebody else.")
        if staff.manager_id != (leader.pk if leader else None):
            staff.manager = leader
            work.save(staff, manager=leader.pk if leader else None)
    return staff


def wall_off(actor: Actor, staff_id: str, accounts: Iterable[str]) -> Staff:
    """Keep marketplace accounts (``customer:c-42``) of a person or their family away from that person."""
    require(actor, "staff.manage")
    refs = sorted(set(accounts))
    for ref in refs:
        role, _, ident = ref.partition(":")
        if role not in ("customer", "shopper") or not ident or len(ident) > 64:
            raise InvalidInput(
                f"{ref!r} does not name an account.", "Write it like customer:c-42.",
                fields={"accounts": "Write accounts like customer:c-42."},
            )  # fmt: skip
    with act(actor, "staff.wall_off") as work:
        staff = work.lock(Staff, staff_id)
        if staff.walled_off_accounts != refs:
            staff.walled_off_accounts = refs
            work.save(staff, accounts=len(refs))
            work.emit("staff.walled_off", {"staff": staff.pk})
    return staff


def set_active(actor: Actor, staff_id: str, active: bool) -> Staff:
    """Let somebody in again, or shut them out at once. Their history stays.

    Raises:
        AccessDenied: one's own account. Conflict: nobody would be left who manages staff.
    """
    require(actor, "staff.manage")
    with act(actor, "staff.activate" if active else "staff.deactivate") as work:
        staff = _other(work, actor, staff_id)
        if staff.is_active != active:
            staff.is_active = active
            work.save(staff)
            _somebody_left(work)
            work.emit("staff.deactivated" if not active else "staff.activated", {"staff": staff.pk})
    return staff


def set_password(actor: Actor, staff_id: str, password: str) -> Staff:
    """A new password: one's own, or somebody's as their administrator. Open sessions end."""
    if not (actor.kind == "staff" and actor.id == staff_id):
        require(actor, "staff.manage")
    with act(actor, "staff.set_password") as work:
        staff = work.lock(Staff, staff_id)
        _check_password(password, staff)
        staff.set_password(password)
        work.save(staff)
    return staff


def _other(work: Work, actor: Actor, staff_id: str) -> Staff:
    if actor.kind == "staff" and actor.id == staff_id:
        raise AccessDenied(
            "Nobody changes their own access.", "Ask another administrator to do it.",
            permission="staff.manage", reason="own",
        )  # fmt: skip
    return work.lock(Staff, staff_id)


def _somebody_left(work: Work) -> None:
    """Refuse to shut the last one out. Two who shut each other out wait for one another here."""
    lock("staff", "who manages staff")
    managing = [role for role, held in ROLES.items() if "staff.manage" in held]
    if (
        work.actor.kind == "staff"
        and not Staff.objects.filter(is_active=True, roles__overlap=managing).exists()
    ):
        raise Conflict("Nobody would be left who can manage staff.", "Give somebody else that role first.")


def _roles(roles: Iterable[str]) -> list[str]:
    wanted = sorted(set(roles))
    for role in wanted:
        if role not in ROLES:
            raise InvalidInput(
                f"There is no role {role!r}.", f"Known are {', '.join(sorted(ROLES))}.",
                fields={"roles": f"There is no role {role!r}."},
            )  # fmt: skip
    return wanted


def _regions(regions: Iterable[str]) -> list[str]:
    wanted = sorted(set(regions))
    for region in wanted:
        if region != EVERYWHERE and not _REGION.fullmatch(region):
            raise InvalidInput(
                f"{region!r} is not a region.", "Write it like US or US-CA, or * for all.",
                fields={"regions": "Write a region like US or US-CA."},
            )  # fmt: skip
    return wanted


def _leader(manager_id: str | None) -> Staff | None:
    if not manager_id:
        return None
    leader = Staff.objects.filter(pk=manager_id).first()
    if leader is None:
        raise InvalidInput("There is no such member of staff to lead them.", "Choose somebody from the list.")
    return leader


def _check(address: str, name: str, password: str | None) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(
            "This is not an e-mail address.",
            "Correct it.",
            fields={"email": "Write it like name@example.com."},
        ) from error
    if not name.strip() or len(name) > 120:
        raise InvalidInput(
            "A name is needed, of up to 120 characters.", "Correct it.", fields={"name": "Needed."}
        )
    if password is not None:
        _check_password(password, Staff(email=address, name=name))


def _check_password(password: str, staff: Staff) -> None:
    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise InvalidInput(
            "This password is too easy to guess.",
            "Choose a longer one.",
            fields={"password": " ".join(error.messages)},
        ) from error
