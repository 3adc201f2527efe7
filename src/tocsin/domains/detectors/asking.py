"""Asking detectors about shipped events, in order, each event once.

The scores of a call, and the position behind it, are one transaction. A call that failed is made again after
a pause; after ``MAX_TRIES`` its events are given up and counted, so that a detector that cannot answer one of
them goes on with the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from django.db import transaction
from django.utils import timezone

from tocsin.domains.detection.models import Event, KeptExplanation
from tocsin.domains.detectors.calling import Said, ask
from tocsin.domains.detectors.models import Detector, DetectorCall, DetectorScore
from tocsin.engine.hashing import hash_text
from tocsin.engine.language.stages import SHARES

BATCH: Final = 200  # events a call
MAX_TRIES: Final = 5
_LOOKED_AT: Final = 2000  # events that are looked through for a batch
_PAUSE: Final = dt.timedelta(seconds=2)  # after the first failure; twice as long after each further one
_KEPT: Final = dt.timedelta(days=30)  # calls


def ask_due() -> int:
    """Make one call to every detector that has something to be asked; returns how many events went further.
    Any number of workers may do this at once."""
    now = timezone.now()
    due = Detector.objects.filter(state=Detector.State.SHADOW).exclude(not_before__gt=now)
    return sum(_ask_next(name, now) for name in due.order_by("name").values_list("name", flat=True))


def forget_old() -> int:
    """Remove what is known of calls of long ago; scores stay."""
    return DetectorCall.objects.filter(at__lt=timezone.now() - _KEPT).delete()[0]


def _ask_next(name: str, now: dt.datetime) -> int:
    with transaction.atomic():
        running = Detector.objects.select_for_update(skip_locked=True).filter(state=Detector.State.SHADOW)
        detector = running.filter(pk=name).first()
        if detector is None:
            return 0
        seen = list(
            Event.objects.filter(seq__gt=detector.position, received_at__gte=detector.started_at).order_by(
                "seq"
            )[:_LOOKED_AT]
        )
        if not seen:
            return 0
        wanted = [event for event in seen if _is_for(detector, event)][:BATCH]
        if wanted and not _done_with(detector, wanted, now):
            return 0
        detector.position = wanted[-1].seq if len(wanted) == BATCH else seen[-1].seq
        detector.save()
    return sum(event.seq <= detector.position for event in seen)


def _is_for(detector: Detector, event: Event) -> bool:
    return (
        detector.about in event.entities
        and (not detector.types or event.type in detector.types)
        and hash_text(event.event_id) % SHARES < detector.share
    )


def _done_with(detector: Detector, wanted: Sequence[Event], now: dt.datetime) -> bool:
    """Ask about a batch and write down what came of it; whether it is over, one way or the other."""
    said = ask(detector, wanted)
    scored = {event.seq: event for event in wanted if event.event_id in said.scores}
    DetectorCall.objects.create(
        detector=detector, at=now, events=len(wanted), scored=len(scored), ms=said.ms, error=said.error
    )
    _keep(detector, scored, said)
    detector.failures = detector.failures + 1 if said.error else 0
    detector.not_before = now + _PAUSE * 2 ** (detector.failures - 1) if said.error else None
    if 0 < detector.failures < MAX_TRIES:
        detector.save()
        return False
    detector.failures = 0
    detector.missed += len(wanted) - len(scored)
    return True


def _keep(detector: Detector, scored: Mapping[int, Event], said: Said) -> None:
    fired = _fired(detector.clause, list(scored))
    DetectorScore.objects.bulk_create(
        [
            DetectorScore(
                detector=detector, seq=seq, subject_id=event.entities[detector.about],
                score=said.scores[event.event_id], rules=fired.get(seq, []), verdict=event.verdict,
            )
            for seq, event in scored.items()
        ]
    )  # fmt: skip


def _fired(clause: str, seqs: Sequence[int]) -> dict[int, list[str]]:
    """The rules for a clause that fired on each of these events and had a say in the answer."""
    return {
        row.seq: [one["rule"] for one in row.explanation["fired"] if one["clause"] == clause]
        for row in KeptExplanation.objects.filter(seq__in=seqs)
    }
