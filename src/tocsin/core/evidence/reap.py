"""Removing sealed bytes that no item points to: what a crash between storing and committing leaves behind."""

from __future__ import annotations

import datetime as dt
from itertools import islice

from django.utils import timezone

from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.store import blobs

#: No action stays open as long as this, so younger objects may still get their row.
SAFE_AGE = dt.timedelta(hours=24)

_BATCH = 500


def reap() -> int:
    """Remove orphans older than a day. Returns how many. Nobody could have read them: no row, no address."""
    removed = 0
    waiting = blobs().addresses(older_than=timezone.now() - SAFE_AGE)
    while addresses := list(islice(waiting, _BATCH)):
        used = set(Evidence.objects.filter(blob__in=addresses).values_list("blob", flat=True))
        for address in addresses:
            if address not in used:
                blobs().remove(address)
                removed += 1
    return removed
