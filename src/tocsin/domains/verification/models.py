"""What an order had to be verified by, and how that went (handbook §4, order verification).

Rules demand it (``verify_pin(order)`` and its like), the marketplace does it and tells the result. A PIN or
the image of a document has no place here: only what came of it.
"""

from django.db import models
from django.db.models import Q


class Verification(models.Model):
    """One kind of verification of one order: demanded by a rule, or done without being asked for.

    ``reason_code``: the first reason of the answer that demanded it.
    """

    class Kind(models.TextChoices):
        PIN = "pin", "Hand-off PIN"
        PHOTO = "photo", "Photo at the door"
        RECEIPT = "receipt", "Receipt matches the basket"
        AGE = "age", "Age check"

    class State(models.TextChoices):
        DEMANDED = "demanded", "Awaited"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"
        MISSING = "missing", "Not done"
        DROPPED = "dropped", "Not needed"  # the order was cancelled

    id = models.CharField(max_length=40, primary_key=True)
    order_ref = models.CharField(max_length=128)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices)
    customer = models.CharField(max_length=128, blank=True)
    shopper = models.CharField(max_length=128, blank=True)
    region = models.CharField(max_length=20, blank=True)
    reason_code = models.CharField(max_length=10, blank=True)
    demanded_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)

    class Meta:
        db_table = "verification_verification"
        constraints = [
            models.UniqueConstraint(fields=["order_ref", "kind"], name="verification_once"),
            models.CheckConstraint(
                condition=Q(demanded_at__isnull=False) | Q(settled_at__isnull=False),
                name="verification_has_a_cause",
            ),
        ]


class VerificationResult(models.Model):
    """What the marketplace told of one try or several. Never changed.

    ``external_id`` is the marketplace's own, so that a result told twice counts once. ``attempts``: tries it
    stands for. ``evidence_sha256``: of a photo or receipt the marketplace keeps, in hex.
    """

    class Outcome(models.TextChoices):
        PASSED = "passed"
        FAILED = "failed"

    id = models.CharField(max_length=40, primary_key=True)
    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="results")
    external_id = models.CharField(max_length=64, unique=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    method = models.CharField(max_length=40)
    attempts = models.IntegerField()
    at = models.DateTimeField()
    evidence_sha256 = models.CharField(max_length=64, blank=True)
    told_at = models.DateTimeField()
    told_by = models.CharField(max_length=80)

    class Meta:
        db_table = "verification_result"
