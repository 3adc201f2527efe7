"""Data keys: one per person, and one per case or report where several people share a record."""

from django.db import models


class DataKey(models.Model):
    """A wrapped AES-256 key. Destroying it shreds everything sealed under it, backups included.

    ``scope`` is ``party:<id>``, ``report:<id>`` or ``case:<id>``.
    """

    scope = models.CharField(max_length=80, unique=True)
    wrapped = models.BinaryField(null=True)
    master_key_id = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    rewrapped_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)
    destroyed_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "core_data_key"
