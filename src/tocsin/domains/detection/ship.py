"""Shipping the engine's log into PostgreSQL.

Each batch and the position after it are one transaction, so that every decided event arrives exactly once
whatever
is killed and when. Only one shipper works at a time; the others step aside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction
from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.domains.detection.alerts import ALERTING, raise_alerts
from tocsin.domains.detection.kept import keep_explanations, keep_rules
from tocsin.domains.detection.models import ShipPosition
from tocsin.domains.detection.records import InForce, Record
from tocsin.domains.detection.store import count_hits, write_events, write_verdicts

#: Reads at most ``limit`` records after a position; returns them and the position behind the last.
Reader = Callable[[str, int], tuple[Sequence[Record | InForce], str]]

PARTITION = "default"
Follower = Callable[[Sequence[Record]], None]
_followers: list[Follower] = []


def follow(follower: Follower) -> Follower:
    """Have every batch shown to whoever builds on this domain, in the transaction that ships it. A decorator
    for modules that are loaded when the house is put together."""
    _followers.append(follower)
    return follower


def ship_once(read: Reader, limit: int = 2000, partition: str = PARTITION) -> int:
    """Ship one batch; return how many events it held (0: nothing new, or another shipper is at work)."""
    with transaction.atomic():
        ShipPosition.objects.bulk_create(
            [ShipPosition(partition=partition, position="", seq=0, updated_at=timezone.now())],
            ignore_conflicts=True,
        )
        place = ShipPosition.objects.select_for_update(skip_locked=True).filter(partition=partition).first()
        if place is None:
            return 0
        found, after = read(place.position, limit)
        if after == place.position:
            return 0
        records = [one for one in found if isinstance(one, Record)]
        keep_rules([one for one in found if isinstance(one, InForce)])
        write_events(records)
        write_verdicts(records)
        keep_explanations(records)
        count_hits(records)
        for follower in _followers:
            follower(records)
        if any(fired.verdict in ALERTING for record in records for fired in record.fired):
            with act(system("detection"), "detection.ship") as work:
                for record in records:
                    raise_alerts(work, record)
        place.position = after
        place.seq = records[-1].seq if records else place.seq
        place.updated_at = timezone.now()
        place.save()
    return len(records)


def shipped(partition: str = PARTITION) -> int:
    """The last record of the log that is in the database; 0 before the first."""
    place = ShipPosition.objects.filter(partition=partition).first()
    return int(place.position or 0) if place is not None else 0
