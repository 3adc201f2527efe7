"""What one person told us, and the conversation that follows.

The narrative is sealed under ``report:<id>``.
"""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models

from tocsin.domains.people.models import Account, Order, Party


class Severity(models.TextChoices):
    """Handbook §1.2."""

    S0 = "S0", "Life at risk now"
    S1 = "S1", "Serious harm, or live loss"
    S2 = "S2", "Harm, no imminent danger"
    S3 = "S3", "Policy breach or abuse"
    S4 = "S4", "Routine"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Report(models.Model):
    """A report. ``number`` is a reference, never a credential: reading it back needs the PIN or a verified
    contact.

    ``details_sealed`` is JSON, see ``details.py``. ``alleged_codes`` are what was said; ``found_codes``
    what was found. ``reporter_verified`` says that we know the reporter to hold ``reporter_account``;
    otherwise whom and what they name is a claim. ``external_id`` is the id that ``external_from``, a key or a
    person, gave it; ``told_digest`` is a keyed digest of what was told then.
    """

    class Status(models.TextChoices):
        RECEIVED = "received"
        ACKNOWLEDGED = "acknowledged"
        TRIAGED = "triaged"
        EMERGENCY_ACTIVE = "emergency_active"
        ROUTED_SUPPORT = "routed_support"
        ROUTED_PRIVACY = "routed_privacy"
        IN_CASE = "in_case"
        OUTCOME_TOLD = "outcome_told"
        CLOSED = "closed"
        REOPENED = "reopened"

    id = models.CharField(max_length=40, primary_key=True)
    number = models.CharField(max_length=20, unique=True)
    pin_hash = models.CharField(max_length=200)
    channel = models.CharField(max_length=10)
    received_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.RECEIVED)
    severity = models.CharField(max_length=2, choices=Severity.choices)
    severity_reasons = models.JSONField(default=list)
    severity_set_by = models.CharField(max_length=80)
    alleged_codes = ArrayField(models.CharField(max_length=60))
    found_codes = ArrayField(models.CharField(max_length=60), default=list)
    taxonomy_version = models.CharField(max_length=40)
    reporter_kind = models.CharField(max_length=16)
    reporter_party = models.ForeignKey(
        Party, null=True, on_delete=models.PROTECT, related_name="reports_made"
    )
    reporter_account = models.ForeignKey(
        Account, null=True, on_delete=models.PROTECT, related_name="reports_made"
    )
    reporter_verified = models.BooleanField(default=False)
    subject_account = models.ForeignKey(
        Account, null=True, on_delete=models.PROTECT, related_name="reports_about"
    )
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="reports")
    language = models.CharField(max_length=20, default="en")
    access_mode = models.CharField(max_length=20, blank=True)
    region = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=60, default="UTC")
    occurred_at = models.DateTimeField(null=True)
    safe_now = models.CharField(max_length=8, default="unknown")
    completeness = models.SmallIntegerField(default=0)
    gaps = models.JSONField(default=list)
    data_class = models.CharField(max_length=2, default="P3")
    notice_version = models.CharField(max_length=40, blank=True)
    details_sealed = models.BinaryField()
    external_id = models.CharField(max_length=64, blank=True)
    external_from = models.CharField(max_length=80, blank=True)
    told_digest = models.CharField(max_length=64, blank=True)
    duplicate_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="duplicates")
    next_update_by = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    outcome_told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reports_report"
        indexes = [
            models.Index(fields=["-received_at"], name="report_received"),
            models.Index(fields=["status", "severity"], name="report_state"),
            models.Index(fields=["subject_account", "-received_at"], name="report_subject"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["external_from", "external_id"],
                condition=~models.Q(external_id=""),
                name="report_external_once",
            )
        ]

    @property
    def key_scope(self) -> str:
        return f"report:{self.pk}"

    @property
    def vouched_for(self) -> bool:
        """Whether somebody we know stands behind it: its reporter, or the marketplace's own system."""
        return self.reporter_verified or self.channel == "api"


class ReportMessage(models.Model):
    """One message between the reporter and us, on any channel; also the communications log of the report.

    ``kind``: message, question, answer, not_safe, outcome, acknowledgement, delay.
    """

    class Direction(models.TextChoices):
        FROM_REPORTER = "in"
        TO_REPORTER = "out"

    id = models.CharField(max_length=40, primary_key=True)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="messages")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    channel = models.CharField(max_length=10)
    author = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, default="message")
    body_sealed = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "reports_message"
        indexes = [models.Index(fields=["report", "at"], name="report_message_order")]
