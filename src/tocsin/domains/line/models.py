"""Calls, what happened on them, who waits, and what was recorded."""

from django.db import models

from tocsin.core.crypto.typed_text import typed_text
from tocsin.domains.reports.models import Report


class Call(models.Model):
    """One call, known by the carrier's own reference.

    ``state`` is a ``CallState`` and ``verbs`` what the telephone was last told, both as JSON; ``step`` counts
    the documents. ``caller`` is the number the carrier showed: a claim, never an identity. ``pin`` is kept
    only until it was read to the caller.
    """

    id = models.CharField(max_length=40, primary_key=True)
    carrier = models.CharField(max_length=20)
    carrier_ref = models.CharField(max_length=120)
    caller_sealed = models.BinaryField(null=True)
    pin_sealed = models.BinaryField(null=True)
    state = models.JSONField()
    verbs = models.JSONField(default=list)
    step = models.IntegerField(default=0)
    report = models.ForeignKey(Report, null=True, on_delete=models.PROTECT, related_name="calls")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    caller = typed_text("call", "caller", lambda row: row.key_scope)
    pin = typed_text("call", "pin", lambda row: row.key_scope)

    class Meta:
        db_table = "line_call"
        constraints = [models.UniqueConstraint(fields=["carrier", "carrier_ref"], name="call_once")]

    @property
    def key_scope(self) -> str:
        return f"call:{self.pk}"


class CallLogLine(models.Model):
    """One line of the communications log of a call. The database lets this table only grow.

    ``detail`` holds no personal value: keys are masked where they are a number or a PIN.
    """

    class Kind(models.TextChoices):
        BEGAN = "began"
        HEARD = "heard"
        KEYED = "keyed"
        CONSENT = "consent"
        FILED = "filed"
        OPENED = "opened"
        NOT_OPENED = "not_opened"
        UNSAFE = "unsafe"
        RECORDED = "recorded"
        QUEUED = "queued"
        LEFT_QUEUE = "left_queue"
        CALL_BACK = "call_back"
        ENDED = "ended"

    id = models.CharField(max_length=40, primary_key=True)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="log")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "line_log"
        indexes = [models.Index(fields=["call", "at"], name="line_log_order")]


class QueuePlace(models.Model):
    """A caller's place in the queue. Those to be rung back keep theirs: ``entered_at`` stays."""

    class State(models.TextChoices):
        WAITING = "waiting"
        CALL_BACK = "call_back"
        ANSWERED = "answered"
        GONE = "gone"

    call = models.OneToOneField(Call, primary_key=True, on_delete=models.PROTECT, related_name="place")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    severity = models.CharField(max_length=2)
    language = models.CharField(max_length=20)
    silent = models.BooleanField(default=False)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "line_queue_place"
        indexes = [models.Index(fields=["state", "severity", "entered_at"], name="queue_order")]


class Recording(models.Model):
    """A recording of a call and the evidence it became. ``evidence_id`` is empty until the bytes are here.

    A carrier that keeps recordings gives an ``address`` within its ``account``; at ``try_at`` the worker
    fetches it, and then has it deleted there (``deleted_at``). ``try_at`` is empty when nothing is left to
    do, or when it was given up: then the address is still there.
    """

    id = models.CharField(max_length=40, primary_key=True)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="recordings")
    carrier_ref = models.CharField(max_length=120)
    seconds = models.FloatField(null=True)
    received_at = models.DateTimeField()
    evidence_id = models.CharField(max_length=40, blank=True)
    account = models.CharField(max_length=64, blank=True)
    address_sealed = models.BinaryField(null=True)
    tries = models.IntegerField(default=0)
    try_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    address = typed_text("recording", "address", lambda row: f"call:{row.call_id}")

    class Meta:
        db_table = "line_recording"
        indexes = [
            models.Index(fields=["try_at"], name="recording_due", condition=models.Q(try_at__isnull=False))
        ]
        constraints = [models.UniqueConstraint(fields=["call", "carrier_ref"], name="recording_once")]
