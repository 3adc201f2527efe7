"""Comparing rows with the audit: a row changed past our actions is named, though every chain is intact.

An entry holds the digest of its row after the act, and the columns it covers. The newest one must be the
row's digest now, over those columns: one that was added since is covered from the next act on. A migration
that rewrites rows, or takes a covered column away, leaves entries of its own (``rewriting.py``). A model may
name columns that are book-keeping (``audit_exclude``), and say in ``audit_partial`` why some of its rows
have no entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from django.apps import apps
from django.db import connection, models

from tocsin.core.audit.append import columns_of, digest
from tocsin.core.audit.findings import Finding, Report

_BATCH = 2000

_ANY = """
SELECT EXISTS (SELECT 1 FROM core_audit_entry WHERE object_type = %s AND payload::jsonb ->> 'after' <> '')
"""
# entries that only tell a fact have neither digest; a removal has only the one before
_LATEST = """
SELECT DISTINCT ON (object_id) object_id, payload::jsonb ->> 'after',
    ARRAY(SELECT jsonb_array_elements_text(payload::jsonb -> 'columns')), chain, seq FROM core_audit_entry
WHERE object_type = %s AND (payload::jsonb ->> 'after' IS NOT NULL OR payload::jsonb ->> 'before' IS NOT NULL)
ORDER BY object_id, id DESC
"""
_UNKNOWN = """
SELECT {key}::text FROM {table} AS o WHERE NOT EXISTS (
    SELECT 1 FROM core_audit_entry AS e WHERE e.object_type = %s AND e.object_id = o.{key}::text
    AND e.payload::jsonb ->> 'after' IS NOT NULL) ORDER BY 1
"""


class Last(NamedTuple):
    """What the audit says of an object: its digest, None when it was removed, over which columns (none are
    named in entries older than that rule), and in which entry."""

    object_id: str
    after: str | None
    columns: list[str]
    chain: int
    seq: int


def check_objects(report: Report) -> None:
    """Compare every row of every audited model with its newest entry. Needs an open transaction."""
    report.objects_checked = True
    for model in audited_models():
        last = latest(model)
        while batch := list(islice(last, _BATCH)):
            _compare(model, batch, report)
        if not getattr(model, "audit_partial", ""):
            _find_unrecorded(model, report)


def audited_models() -> Iterator[type[models.Model]]:
    """The models whose rows have entries."""
    for model in apps.get_models():
        if not model._meta.managed or model._meta.proxy:
            continue
        with connection.cursor() as cursor:
            cursor.execute(_ANY, [model._meta.label_lower])
            (found,) = cursor.fetchone()
        if found:
            yield model


def latest(model: type[models.Model]) -> Iterator[Last]:
    """The newest entry of every row of a model that says how the row was left."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_LATEST, [model._meta.label_lower])
        while rows := cursor.fetchmany(_BATCH):
            yield from (Last(*row) for row in rows)


def _compare(model: type[models.Model], batch: Sequence[Last], report: Report) -> None:
    rows = _rows(model, [last.object_id for last in batch])
    for last in batch:
        row = rows.get(last.object_id)
        report.objects += 1
        trouble = _trouble(row, last)
        if trouble is not None:
            code, what = trouble
            where = f"{model._meta.label_lower} {last.object_id}"
            report.add(Finding(code, where, f"{what} (last entry: chain {last.chain}, entry {last.seq})"))


def _trouble(row: models.Model | None, last: Last) -> tuple[str, str] | None:
    if row is None and last.after is not None:
        return "object_gone", "it was removed without an entry"
    if row is not None and last.after is None:
        return "object_back", "it is there, though its last entry says it was removed"
    if row is None or last.after is None:
        return None
    columns = last.columns or columns_of(type(row))
    if gone := set(columns) - {f.attname for f in row._meta.concrete_fields}:
        return "column_gone", f"its last entry covers what is no longer there: {', '.join(sorted(gone))}"
    if digest(row, columns) != last.after:
        return "object_changed", "it was changed without an entry"
    return None


def _rows(model: type[models.Model], keys: Sequence[str]) -> Mapping[str, models.Model]:
    found = model._base_manager.in_bulk([_key(model, key) for key in keys])
    return {str(key): row for key, row in found.items()}


def _key(model: type[models.Model], text: str) -> object:
    return model._meta.pk.to_python(text)


def _find_unrecorded(model: type[models.Model], report: Report) -> None:
    quote = connection.ops.quote_name
    sql = _UNKNOWN.format(key=quote(model._meta.pk.column), table=quote(model._meta.db_table))
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, [model._meta.label_lower])
        while rows := cursor.fetchmany(_BATCH):
            for (key,) in rows:
                report.objects += 1
                report.add(
                    Finding("object_unrecorded", f"{model._meta.label_lower} {key}", "no entry tells of it")
                )
