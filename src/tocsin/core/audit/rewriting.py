"""For migrations: rows that a migration rewrites get entries of its own, as everything that changes them.

    with rewriting(Decision, "migrate.seal_typed_text", added=["reason_sealed"], removed=["reason"]):
        ...  # rewrite the rows

Needed whenever stored values of an audited table change, or a column its entries cover goes, gets another
name or another type. A new column alone needs nothing. Only rows that are as their last entry says are
vouched for: one that was changed past our actions before the upgrade is named after it as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import islice

from django.apps import apps
from django.db import models

from tocsin.core.actor import system
from tocsin.core.audit.append import append, columns_of, digest, payload
from tocsin.core.audit.objects import latest

_BATCH = 2000


@contextmanager
def rewriting(
    model: type[models.Model], verb: str, *, added: Collection[str] = (), removed: Collection[str] = ()
) -> Iterator[None]:
    """Around what a migration does to the rows of ``model``, in its transaction.

    Args:
        model: as the migration sees it, of ``apps.get_model``.
        verb: what the entries say happened, ``migrate.…``.
        added: columns this migration has added: entries that name no columns do not cover them.
        removed: columns this migration removes afterwards: its entries do not cover them.
    """
    columns = _columns(model)
    before = dict(_intact(model, [name for name in columns if name not in added]))
    yield
    kept = [name for name in columns if name not in removed]
    rows = model._base_manager.order_by("pk").iterator(chunk_size=_BATCH)
    while batch := list(islice(rows, _BATCH)):
        append(
            [
                payload(
                    system("migrate"), verb, model._meta.label_lower, str(row.pk),
                    before=before[str(row.pk)], after=digest(row, kept), columns=kept,
                )
                for row in batch
                if str(row.pk) in before
            ]
        )  # fmt: skip


def name_columns(model: type[models.Model]) -> None:
    """Give every row whose last entry names no columns an entry that does."""
    columns = _columns(model)
    unnamed = {last.object_id for last in latest(model) if not last.columns}
    intact = (one for one in _intact(model, columns) if one[0] in unnamed)
    while batch := list(islice(intact, _BATCH)):
        append(
            [
                payload(
                    system("migrate"), "migrate.name_columns", model._meta.label_lower, key,
                    before=same, after=same, columns=columns,
                )
                for key, same in batch
            ]
        )  # fmt: skip


def _intact(model: type[models.Model], unnamed: Collection[str]) -> Iterator[tuple[str, str]]:
    """Key and digest of every row that is as its last entry says; ``unnamed`` are the columns of entries that
    name none."""
    last = latest(model)
    to_key = model._meta.pk.to_python
    while batch := list(islice(last, _BATCH)):
        rows = model._base_manager.in_bulk([to_key(one.object_id) for one in batch])
        for one in batch:
            row = rows.get(to_key(one.object_id))
            if row is not None and (now := digest(row, one.columns or unnamed)) == one.after:
                yield one.object_id, now


def _columns(model: type[models.Model]) -> list[str]:
    """The covered columns of a model as a migration sees it, which does not know what is book-keeping."""
    left_out: frozenset[str] = frozenset()
    with suppress(LookupError):  # a model of the past, with nothing left to say
        left_out = getattr(apps.get_model(model._meta.label), "audit_exclude", left_out)
    return [name for name in columns_of(model) if name not in left_out]
