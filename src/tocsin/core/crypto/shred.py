"""Destroying a key, and with it everything that was sealed under it, backups included.

Nothing brings such data back. So destroying is refused while anybody objects: parts that know of a reason to
keep (a legal hold, an open case) register a guard when the app starts."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.crypto.ledger import entry, ledger
from tocsin.core.crypto.models import DataKey
from tocsin.core.errors import Conflict, InvalidInput

#: Given a scope, the objection in plain words ("legal hold LH-12 covers it"), or None.
Guard = Callable[[str], str | None]

_guards: dict[str, Guard] = {}


def register_guard(name: str, guard: Guard) -> None:
    """Have ``guard`` asked before any key is destroyed. It runs in the destroying transaction, with the key's
    row locked. A second guard of the same name takes the place of the first."""
    _guards[name] = guard


def objections(scope: str) -> dict[str, str]:
    """Who objects to destroying this key now, and why."""
    return {name: why for name, guard in sorted(_guards.items()) if (why := guard(scope))}


def keep_still(scope: str) -> None:
    """For whoever is about to give a reason to keep, such as placing a hold: from here until the end of the
    transaction nobody can destroy the key, and whoever tries afterwards meets the new reason.

    Raises:
        Conflict: the key was destroyed before.
    """
    row = DataKey.objects.select_for_update().filter(scope=scope).first()
    if row is not None and row.destroyed_at is not None:
        raise Conflict(
            f"What was kept under {scope} was erased on {row.destroyed_at:%Y-%m-%d}.",
            "There is nothing left to keep.",
            code="erased",
        )


def destroy(work: Work, scope: str, reason: str) -> DataKey:
    """Destroy the key of a scope, for good. Doing it twice changes nothing.

    A scope that never had a key is marked as well, so that nothing can be written under it later.
    ``reason`` is a code or a sentence without personal data; it is kept.

    Raises:
        Conflict: somebody objects; the message says who and why.
        InvalidInput: no reason was given, or the key belongs to the platform.
    """
    if not reason.strip():
        raise InvalidInput("A key is only destroyed for a reason.", "Say why.", fields={"reason": "Say why."})
    if scope.startswith("platform:"):
        raise InvalidInput(
            f"{scope} belongs to the platform and is never destroyed.", "Name a person or a case."
        )
    row = DataKey.objects.select_for_update().filter(scope=scope).first()
    if row is not None and row.destroyed_at is not None:
        return row
    why_not = objections(scope)
    if why_not:
        raise Conflict(
            f"The data of {scope} has to be kept: {'; '.join(why_not.values())}.",
            "Erase it when the reason has ended.",
            code="key_held",
        )
    if row is None:
        DataKey.objects.bulk_create([DataKey(scope=scope, created_at=timezone.now())], ignore_conflicts=True)
        row = DataKey.objects.select_for_update().get(scope=scope)
    work.watch(row)
    row.wrapped = None
    row.destroyed_at = timezone.now()
    row.destroyed_reason = reason.strip()[:200]
    work.save(row, "key.destroyed", scope=scope)
    work.emit("key.destroyed", {"scope": scope}, key=f"{scope}:{row.pk}")
    transaction.on_commit(lambda: write_down([row]), robust=True)
    return row


def write_down(rows: list[DataKey] | None = None) -> int:
    """Put destroyed keys on the ledger; without ``rows`` all that are missing there, which the worker does
    when it starts. Returns how many were added."""
    if rows is None:
        rows = list(DataKey.objects.filter(destroyed_at__isnull=False))
    return ledger.add(
        (entry(row.scope, row.created_at), row.destroyed_at) for row in rows if row.destroyed_at is not None
    )


def reapply(actor: Actor) -> int:
    """After a restore: destroy again every key the ledger names. Guards are not asked, because the decision
    was made and carried out before. Returns how many keys came back with the backup and were destroyed
    again."""
    named = ledger.entries()
    with act(actor, "key.destroyed_again") as work:
        rows = DataKey.objects.select_for_update().filter(
            scope__in={scope for scope, _ in named}, destroyed_at__isnull=True
        )
        back = [row for row in rows.order_by("pk") if entry(row.scope, row.created_at) in named]
        for row in back:
            work.watch(row)
            row.wrapped, row.destroyed_at = None, timezone.now()
            row.destroyed_reason = "destroyed before the restored backup was made"
            work.save(row, scope=row.scope)
    return len(back)
