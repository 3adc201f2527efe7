"""Kept lists: values that rules ask about by ``listed(value, "name")``.

The engine knows them by events (``list.added``, ``list.removed``), so that a replay says what was said; this
table is where people see them, with who put each there, why, and until when. A list exists as soon as
it has an entry.
"""

from django.db import models
from django.db.models import Q

from tocsin.core.crypto.typed_text import access_scope, typed_text


class ListEntry(models.Model):
    """One value on one list, from when it was added to when it was taken off.

    ``value_sealed``: it may point at a person, so it is sealed, under ``list:<name>``. ``confidence``: 0 to
    100. ``until``: from then on it does not count. ``source``: who says so. ``source_ref``: what it was taken
    from, if that is ours.
    """

    id = models.CharField(max_length=40, primary_key=True)
    list = models.CharField(max_length=60)
    value_sealed = models.BinaryField()
    lookup = models.BinaryField()
    confidence = models.IntegerField(default=100)
    until = models.DateTimeField(null=True)
    source = models.CharField(max_length=200, blank=True)
    source_ref = models.CharField(max_length=40, blank=True)
    added_by = models.CharField(max_length=80)
    added_at = models.DateTimeField()
    reason_sealed = models.BinaryField(null=True)
    removed_by = models.CharField(max_length=80, blank=True)
    removed_at = models.DateTimeField(null=True)
    removal_sealed = models.BinaryField(null=True)

    reason = typed_text("list_entry", "reason", lambda row: access_scope(row.added_at))
    removal = typed_text("list_entry", "removal", lambda row: access_scope(row.removed_at))

    class Meta:
        db_table = "lists_entry"
        verbose_name = "list entry"
        verbose_name_plural = "list entries"
        constraints = [
            models.UniqueConstraint(
                fields=["list", "lookup"], condition=Q(removed_at=None), name="list_entry_once"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=100), name="list_entry_confidence"
            ),
        ]
        indexes = [models.Index(fields=["source_ref"], name="list_entry_source")]

    @property
    def key_scope(self) -> str:
        """The key its value is sealed under."""
        return f"list:{self.list}"
