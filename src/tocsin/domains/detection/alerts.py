"""Raising alerts: one open alert for a subject and rule; more of the same add to it."""

from __future__ import annotations

from tocsin.core.act import Work
from tocsin.core.ids import new_id
from tocsin.domains.detection.models import Alert
from tocsin.domains.detection.records import Fired, Record

#: Verdicts a person should look at. A step-up or a watch that stands alone is the machine's own business.
ALERTING = frozenset({"review", "block"})


def raise_alerts(work: Work, record: Record) -> list[Alert]:
    """Open or add to an alert for every rule that asks for a person. Runs in the shipping transaction."""
    return [_raise(work, record, fired) for fired in record.fired if fired.verdict in ALERTING]


def _raise(work: Work, record: Record, fired: Fired) -> Alert:
    kind, subject = record.subject(fired)
    alert = (
        Alert.objects.select_for_update()
        .filter(subject_kind=kind, subject_id=subject, rule=fired.rule, state__in=Alert.OPEN_STATES)
        .first()
    )
    if alert is not None:
        work.watch(alert)
        alert.hits += 1
        alert.last_seq = record.seq
        alert.last_at = record.received_at
        _add_value(alert, record)
        work.save(alert, "alert.add")
        work.emit("alert.grew", {"alert": alert.id, "seq": record.seq}, key=f"{alert.id}:{record.seq}")
        return alert
    other_kind, other = record.counterpart(kind)
    alert = Alert(
        id=new_id("alr"),
        subject_kind=kind,
        subject_id=subject,
        rule=fired.rule,
        code=fired.code,
        violation_code=fired.clause,
        severity=fired.severity,
        verdict=fired.verdict,
        value_minor=max(record.value_minor, 0),
        currency=record.currency,
        region=record.region[:20],
        order_ref=record.entities.get("order", ""),
        counterpart_kind=other_kind,
        counterpart_id=other,
        first_seq=record.seq,
        last_seq=record.seq,
        reasons=record.plain_reasons,
        rules_version=record.rules_version,
        opened_at=record.received_at,
        last_at=record.received_at,
    )
    work.save(alert, "alert.raise")
    work.emit("alert.raised", {"alert": alert.id}, key=alert.id)
    return alert


def _add_value(alert: Alert, record: Record) -> None:
    """Add what an event has at stake, if it is in the alert's currency: that of the first event with money.
    There are no exchange rates here."""
    value = max(record.value_minor, 0)
    if value and not alert.value_minor:
        alert.currency = record.currency
    if record.currency == alert.currency:
        alert.value_minor += value
