"""Evidence: bytes that never change, and every hand they went through."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tocsin.core.crypto.typed_text import typed_text


class Evidence(models.Model):
    """One item.

    Its bytes are stored sealed under ``key_scope`` at the address ``blob``; ``sha256`` is of the bytes as
    they arrived. ``subject_type``/``subject_id`` name the report or case it came with; the same bytes twice
    in one subject are one item. ``media_type`` is what the content says, ``declared_type`` what the sender
    said, ``flags`` what is odd about it (``kinds.FLAGS``). Only the scan and how carefully it is shown may
    change; the database refuses anything else. Corrections and redactions are new items."""

    class Scan(models.TextChoices):
        NOT_SCANNED = "not_scanned"
        CLEAN = "clean"
        INFECTED = "infected"

    id = models.CharField(max_length=40, primary_key=True)
    sha256 = models.CharField(max_length=64, db_index=True)
    blob = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    declared_type = models.CharField(max_length=100, blank=True)
    filename_sealed = models.BinaryField()
    key_scope = models.CharField(max_length=80)
    kind = models.CharField(max_length=40, default="file")
    source = models.CharField(max_length=80)
    channel = models.CharField(max_length=20)
    captured_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    sensitivity = models.CharField(max_length=2, default="P3")
    sensitive_media = models.BooleanField(default=True)
    flags = ArrayField(models.CharField(max_length=20), default=list)
    scan = models.CharField(max_length=12, choices=Scan.choices, default=Scan.NOT_SCANNED)
    subject_type = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=60)
    redacted_copy_of = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="redactions"
    )

    class Meta:
        db_table = "core_evidence"
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="evidence_subject"),
            models.Index(fields=["blob"], name="evidence_blob"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subject_type", "subject_id", "sha256"], name="evidence_once")
        ]


class Custody(models.Model):
    """One hand-over, view, copy or export of an item: who, when, which hash, from where to where, and why.

    ``act`` is one of ``custody.ACTS``. The database lets this table only grow.
    """

    id = models.CharField(max_length=40, primary_key=True)
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="custody")
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    act = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    moved_from = models.CharField(max_length=120, blank=True)
    moved_to = models.CharField(max_length=120, blank=True)
    reason_sealed = models.BinaryField(null=True)
    tool = models.CharField(max_length=60)

    reason = typed_text("custody", "reason", lambda row: row.evidence.key_scope)

    class Meta:
        db_table = "core_custody"
        indexes = [models.Index(fields=["evidence", "at"], name="custody_item")]
