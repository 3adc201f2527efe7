"""A new master key: every data key is wrapped again, every sealed value stays as it is.

Which data keys are still to do is written in their own rows (their master key is not the current one), so a
rotation that was killed goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.audit.models import AuditEntry
from tocsin.core.crypto.data_keys import adapter
from tocsin.core.crypto.errors import Tampered
from tocsin.core.crypto.models import DataKey

BATCH = 500


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. ``unreadable`` are scopes whose wrapped key was damaged; they were left as they
    are."""

    master_key_id: str
    rewrapped: int
    unreadable: tuple[str, ...]
    resumed: bool


def rotate(actor: Actor) -> Rotation:
    """Make a new master key and wrap every data key with it.

    When an earlier rotation was cut short, this finishes that one and makes no further key; ``resumed`` says
    so. Everybody can go on reading and writing meanwhile.

    Raises:
        AccessDenied: without ``keys.manage``. KeyServiceUnavailable: try again; nothing is lost.
    """
    require(actor, "keys.manage")
    current = adapter().current()
    resumed = _left(current).exists() and not _finished(current)
    if not resumed:
        current = adapter().rotate()
    with act(actor, "key.rotation_resumed" if resumed else "key.rotated") as work:
        work.fact("core.masterkey", current)
    done, unreadable = 0, []
    after = 0
    while batch := _batch(current, after):
        wrapped, damaged, after = batch
        done += wrapped
        unreadable += damaged
    with act(actor, "key.rotation_finished") as work:
        work.fact("core.masterkey", current, rewrapped=done, unreadable=len(unreadable))
    return Rotation(current, done, tuple(unreadable), resumed)


def _finished(current: str) -> bool:
    """Whether a rotation to this key came to its end; what is left then was damaged or written meanwhile."""
    return AuditEntry.objects.filter(
        object_type="core.masterkey", object_id=current, verb="key.rotation_finished"
    ).exists()


def _left(current: str) -> QuerySet[DataKey]:
    return DataKey.objects.filter(wrapped__isnull=False).exclude(master_key_id=current)


def _batch(current: str, after: int) -> tuple[int, list[str], int] | None:
    """One batch in a transaction of its own: (re-wrapped, damaged scopes, last row looked at)."""
    with transaction.atomic():
        rows = list(_left(current).filter(pk__gt=after).order_by("pk").select_for_update()[:BATCH])
        if not rows:
            return None
        now, damaged, done = timezone.now(), [], []
        for row in rows:
            try:
                master, wrapped = adapter().rewrap(row.master_key_id, bytes(row.wrapped or b""), row.scope)
            except Tampered:
                damaged.append(row.scope)
                continue
            row.master_key_id, row.wrapped, row.rewrapped_at = master, wrapped, now
            done.append(row)
        DataKey.objects.bulk_update(done, ["master_key_id", "wrapped", "rewrapped_at"])
    return len(done), damaged, rows[-1].pk
