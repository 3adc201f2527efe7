"""The audit chains: entries nobody can change, tied together by signed anchors.

Rows are written only by the SQL function ``tocsin_audit_append`` (see ``append.py``); the role of the web
process may read and call it, and nothing else.
"""

from django.db import models


class AuditEntry(models.Model):
    """One act. ``payload`` is canonical JSON; the indexed columns are generated from it by the database."""

    chain = models.SmallIntegerField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    payload = models.TextField()
    prev_hash = models.BinaryField()
    hash = models.BinaryField()
    actor = models.TextField()
    verb = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField()

    class Meta:
        managed = False
        db_table = "core_audit_entry"


class AuditAnchor(models.Model):
    """The heads of all chains at one moment, signed, and linked to the anchor before it."""

    at = models.DateTimeField()
    heads = models.TextField()
    prev_hash = models.BinaryField()
    hash = models.BinaryField()
    key_id = models.TextField()
    signature = models.BinaryField()
    tsa_token = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "core_audit_anchor"
