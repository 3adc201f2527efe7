"""Keys, reveals, refusals and break-glass: the rows access decisions leave behind."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tocsin.core.crypto.typed_text import access_scope, typed_text


class ApiKey(models.Model):
    """A key of the marketplace's system, or (``staff_id`` set) of one specialist, acting as that person.

    Only the SHA-256 of the secret is kept; the secret has 256 random bits, so a slow hash would add nothing.
    """

    key_id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=120)
    secret_sha256 = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40))
    staff_id = models.CharField(max_length=40, blank=True)
    rate_per_minute = models.IntegerField(default=6000)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "core_api_key"


class Reveal(models.Model):
    """Somebody looked behind a mask, and why."""

    id = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    purpose = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    field = models.CharField(max_length=60)
    reason_sealed = models.BinaryField(null=True)
    case_id = models.CharField(max_length=60, blank=True)

    reason = typed_text("reveal", "reason", lambda row: access_scope(row.at))

    class Meta:
        db_table = "core_reveal"
        indexes = [
            models.Index(fields=["object_type", "object_id", "-at"], name="reveal_object"),
            models.Index(fields=["actor", "-at"], name="reveal_actor"),
        ]


class Refusal(models.Model):
    """An act or a look that was refused. Bursts raise an alert to the privacy officer."""

    id = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    purpose = models.CharField(max_length=40, blank=True)
    permission = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    path_sealed = models.BinaryField(null=True)
    alerted_at = models.DateTimeField(null=True)

    path = typed_text("refusal", "path", lambda row: access_scope(row.at))

    class Meta:
        db_table = "core_refusal"
        indexes = [models.Index(fields=["actor", "-at"], name="refusal_actor")]


class BreakGlass(models.Model):
    """Thirty minutes of access beyond one's own, told to the privacy officer and reviewed afterwards."""

    id = models.CharField(max_length=40, primary_key=True)
    staff_id = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=60)
    reason_sealed = models.BinaryField(null=True)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=80, blank=True)
    review_outcome = models.CharField(max_length=20, blank=True)
    review_note_sealed = models.BinaryField(null=True)

    reason = typed_text("glass", "reason", lambda row: access_scope(row.started_at))
    review_note = typed_text("glass", "review_note", lambda row: access_scope(row.started_at))

    class Meta:
        db_table = "core_break_glass"
        indexes = [models.Index(fields=["staff_id", "object_type", "object_id"], name="glass_lookup")]


class Idempotency(models.Model):
    """The first answer to a request that carried an idempotency key; given again to every repeat."""

    scope = models.CharField(max_length=120)
    key = models.CharField(max_length=120)
    request_digest = models.CharField(max_length=64)
    status = models.SmallIntegerField()
    body_sealed = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "core_idempotency"
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_once")]


class RateBucket(models.Model):
    """A token bucket: how many tries somebody has left. Kept in the database, so that every process
    agrees."""

    name = models.CharField(max_length=160, primary_key=True)
    tokens = models.FloatField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "core_rate_bucket"
