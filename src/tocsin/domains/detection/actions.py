"""Writes of the detection domain: what an alert turned out to be, and labels."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from tocsin.core.act import Work
from tocsin.core.ids import new_id
from tocsin.domains.detection.models import Alert, Label

DISPOSITIONS = (Alert.State.CONFIRMED, Alert.State.CLEARED)


def settle(work: Work, alert: Alert, state: str, *, decision_id: str = "") -> Label:
    """Set the disposition inside a larger act, and label the subject. The alert is locked or watched."""
    _dispose(work, alert, state, f"alert.{state}")
    right = state == Alert.State.CONFIRMED
    return label(
        work,
        alert.subject_kind,
        alert.subject_id,
        alert.violation_code or alert.rule if right else Label.denial(alert.rule),
        source="investigator",
        confidence=0.9,
        decision_id=decision_id,
    )


def leave_unsettled(work: Work, alert: Alert) -> None:
    """Its case ended and nobody can say whether it was right: no label, and the next of its kind is seen."""
    _dispose(work, alert, Alert.State.UNSETTLED, "alert.unsettled")


def overturn(work: Work, alert: Alert) -> None:
    """Undo a disposition, because the decision behind it was overturned."""
    _dispose(work, alert, Alert.State.CLEARED, "alert.overturned")


def look_again(work: Work, alert: Alert) -> None:
    """Nobody knows any more whether it was right: its case is decided anew. Where more of the same waits
    under a newer alert already, that one is looked at, and this one stays unsettled."""
    alert.dispositioned_at, alert.dispositioned_by = None, ""
    alert.state = Alert.State.IN_CASE
    try:
        with transaction.atomic():
            work.save(alert, "alert.look_again")
    except IntegrityError:
        leave_unsettled(work, alert)


def _dispose(work: Work, alert: Alert, state: str, verb: str) -> None:
    alert.state = state
    alert.dispositioned_at = timezone.now()
    alert.dispositioned_by = work.actor.ref
    work.save(alert, verb)


def label(
    work: Work,
    object_kind: str,
    object_id: str,
    name: str,
    *,
    source: str,
    confidence: float,
    decision_id: str = "",
) -> Label:
    """Write a label."""
    made = Label(
        id=new_id("lbl"),
        object_kind=object_kind,
        object_id=object_id,
        label=name[: Label.LONGEST],
        source=source,
        confidence=confidence,
        at=timezone.now(),
        decision_id=decision_id,
    )
    work.save(made, "label.add")
    return made


def revoke_label(work: Work, label_id: str) -> Label:
    """Take a label back; the overturning label is the caller's to make."""
    found = work.lock(Label, label_id)
    if found.revoked_at is None:
        found.revoked_at = timezone.now()
        work.save(found, "label.revoke")
    return found
