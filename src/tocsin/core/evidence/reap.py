"""Removing sealed bytes that no item points to: what a crash between storing and committing leaves behind.

Few objects ever become orphans that way. Many at once mean something else: an older database was restored, or
two installations share a store. Then nothing is removed, because the rows may still come back."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from itertools import islice

from django.utils import timezone

from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.store import blobs

#: Long enough to notice that a wrong backup was restored [D].
SAFE_AGE = dt.timedelta(days=7)

#: More orphans than this are no crash [D].
BRAKE = 50

_BATCH = 500
_log = logging.getLogger(__name__)


def reap() -> int:
    """Remove orphans older than a week. Returns how many; none when there are more than the brake allows."""
    found = list(islice(_orphans(), BRAKE + 1))
    if len(found) > BRAKE:
        _log.error(
            "more than %d stored items belong to no evidence; nothing was removed. Was an older database "
            "restored, or does another installation use this store?",
            BRAKE,
        )
        return 0
    for address in found:
        blobs().remove(address)
    return len(found)


def _orphans() -> Iterator[str]:
    waiting = blobs().addresses(older_than=timezone.now() - SAFE_AGE)
    while addresses := list(islice(waiting, _BATCH)):
        used = set(Evidence.objects.filter(blob__in=addresses).values_list("blob", flat=True))
        yield from (address for address in addresses if address not in used)
