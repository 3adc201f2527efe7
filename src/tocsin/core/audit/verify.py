"""Verifying the audit: chains, anchors, and if asked for every row and an exported checkpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from tocsin.core.audit.anchoring import check_anchors, check_checkpoint, read_witness
from tocsin.core.audit.chains import check_chains, walk
from tocsin.core.audit.findings import Report
from tocsin.core.audit.objects import check_objects

__all__ = ["Report", "export_entries", "run_verify"]


def run_verify(*, objects: bool = False, against: Mapping[str, Any] | None = None) -> Report:
    """Verify everything as one consistent picture; nothing is written, and writers are not held up.

    Args:
        objects: compare every audited row with its newest entry as well. Takes as long as reading the
        database. against: a checkpoint made by ``export_checkpoint``, read from its file.
    """
    report, started = Report(), time.monotonic()
    witness = read_witness()
    with _snapshot():
        check_chains(report)
        check_anchors(report, witness)
        if against is not None:
            check_checkpoint(against, report)
        if objects:
            check_objects(report)
    report.seconds = time.monotonic() - started
    return report


def export_entries() -> Iterator[str]:
    """All entries as lines of JSON, chain by chain, for checking with other people's tools.

    Each line has ``chain``, ``seq``, ``at_us``, ``payload``, ``prev_hash`` and ``hash``; see ``schema.py``
    for how the hash is made.
    """
    with _snapshot():
        for link in walk():
            line = link._asdict() | {"prev_hash": link.prev_hash.hex(), "hash": link.hash.hex()}
            yield json.dumps(line, ensure_ascii=False)


@contextmanager
def _snapshot() -> Iterator[None]:
    """A transaction that sees one moment, unless the caller's own transaction is open already."""
    first = not connection.in_atomic_block
    with transaction.atomic():
        if first:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
