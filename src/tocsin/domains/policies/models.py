"""Policies as versions of clauses. Loaded from data files; a published version never changes."""

from django.db import models


class PolicyVersion(models.Model):
    """One published version of a policy. ``content_hash`` is SHA-256 over the source file."""

    id = models.CharField(max_length=60, primary_key=True)  # e.g. conduct@3
    policy = models.CharField(max_length=40)
    version = models.IntegerField()
    title = models.JSONField()  # by locale
    effective_from = models.DateTimeField()
    content_hash = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        db_table = "policies_version"
        constraints = [models.UniqueConstraint(fields=["policy", "version"], name="policy_version_once")]


class Clause(models.Model):
    """One clause of one version: what is not allowed, how sure we must be, and what follows."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="clauses")
    clause_id = models.CharField(max_length=40)
    violation_code = models.CharField(max_length=60)
    title = models.JSONField()
    text = models.JSONField()
    body = models.JSONField()  # the machine form, handbook §6
    enforceable_from = models.JSONField(default=dict)  # by jurisdiction; "" is the default

    class Meta:
        db_table = "policies_clause"
        constraints = [models.UniqueConstraint(fields=["version", "clause_id"], name="clause_once")]
        indexes = [models.Index(fields=["violation_code"], name="clause_violation")]
