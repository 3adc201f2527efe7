"""Detectors of somebody else's that are plugged in by HTTP, what they said, and the calls they were asked by.

A detector is scored in shadow: it is asked about events after they were decided, and no answer depends on it.
"""

from django.db import models
from django.db.models import F, Q

from tocsin.domains.staff.models import Staff


class Detector(models.Model):
    """One model behind an address.

    ``about``: whom a score is about, an entity of the event; events that name none are not asked about.
    ``clause``: the clause of the policy whose breach it looks for. ``types``: of events, none: every one.
    ``share``: of 10,000 events, how many it is asked about. ``threshold``: the score from which on it would
    have raised somebody. ``position``: the last event that it was asked about or that was not for it.
    ``failures``: calls in a row that failed; ``missed``: events that were given up.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        SHADOW = "shadow"
        STOPPED = "stopped"

    class About(models.TextChoices):
        CUSTOMER = "customer"
        SHOPPER = "shopper"
        DEVICE = "device"
        CARD = "card"

    name = models.CharField(max_length=60, primary_key=True)
    url = models.CharField(max_length=500)
    secret_sealed = models.BinaryField()
    about = models.CharField(max_length=10, choices=About.choices)
    clause = models.CharField(max_length=60)
    types = models.JSONField(default=list)
    share = models.IntegerField(default=10_000)
    threshold = models.FloatField()
    timeout_ms = models.IntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="detectors_proposed")
    proposed_at = models.DateTimeField()
    started_by = models.ForeignKey(
        Staff, null=True, on_delete=models.PROTECT, related_name="detectors_started"
    )
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    position = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0)
    missed = models.IntegerField(default=0)
    not_before = models.DateTimeField(null=True)

    class Meta:
        db_table = "detectors_detector"
        verbose_name = "detector"
        constraints = [
            models.CheckConstraint(
                condition=Q(started_by__isnull=True) | ~Q(started_by=F("proposed_by")),
                name="detector_starter_is_not_the_proposer",
            ),
            models.CheckConstraint(
                condition=~Q(state="shadow") | Q(started_by__isnull=False),
                name="detector_asked_by_a_second_person",
            ),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=10_000), name="detector_share"),
            models.CheckConstraint(
                condition=Q(threshold__gte=0, threshold__lte=1), name="detector_threshold"
            ),
        ]


class DetectorScore(models.Model):
    """What a detector said of one event, from 0 to 1. ``rules``: those in force for the same clause that
    fired on it."""

    detector = models.ForeignKey(Detector, on_delete=models.CASCADE, related_name="scores")
    seq = models.BigIntegerField()
    subject_id = models.CharField(max_length=128)
    score = models.FloatField()
    rules = models.JSONField(default=list)
    verdict = models.CharField(max_length=10)

    class Meta:
        db_table = "detectors_score"
        constraints = [models.UniqueConstraint(fields=["detector", "seq"], name="detector_score_once")]
        indexes = [models.Index(fields=["detector", "-score"], name="detector_highest")]


class DetectorCall(models.Model):
    """One call: about how many events, how many scores came back, how long it took, and what went wrong."""

    detector = models.ForeignKey(Detector, on_delete=models.CASCADE, related_name="calls")
    at = models.DateTimeField()
    events = models.IntegerField()
    scored = models.IntegerField()
    ms = models.FloatField()
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "detectors_call"
        indexes = [models.Index(fields=["detector", "-at"], name="detector_calls_newest")]
