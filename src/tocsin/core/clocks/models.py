"""Every deadline is a row."""

from django.db import models
from django.db.models import Q


class Clock(models.Model):
    """A promise, a legal duty or a protocol step with a due moment and what happens if it passes.

    ``basis``/``amount``/``calendar``/``zone`` say how ``due_at`` was computed and let anybody compute it
    again. ``pauses`` lists ``[from, until|null]`` in UTC; only clocks whose ``pause_rule`` allows it are
    ever paused. ``on_breach`` names a registered verb; it runs in the transaction that marks the clock
    fired. ``data["spec"]`` holds the terms the clock was started under (see ``terms.py``). A clock that was
    missed is *late* until ``settled_at``, when what it waited for happened after all, or nobody waits any
    more.
    """

    #: Book-keeping of the worker, which tells nothing about the promise.
    audit_exclude = frozenset({"attempts", "retry_at", "last_error"})

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        MET = "met"
        BREACHED = "breached"
        CANCELLED = "cancelled"

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10)  # legal | internal | promise
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=60)
    basis = models.CharField(max_length=20)
    amount = models.IntegerField()
    calendar = models.CharField(max_length=40, blank=True)
    zone = models.CharField(max_length=60, default="UTC")
    authority = models.TextField()
    pause_rule = models.CharField(max_length=30, default="never")
    pauses = models.JSONField(default=list)
    extensions = models.JSONField(default=list)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    on_breach = models.CharField(max_length=80, blank=True)
    data = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        db_table = "core_clock"
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="running"), name="clock_due"),
            models.Index(fields=["subject_type", "subject_id"], name="clock_subject"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "name"],
                condition=Q(state__in=["running", "paused"]),
                name="clock_once",
            ),
        ]
