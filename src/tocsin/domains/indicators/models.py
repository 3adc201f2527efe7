"""Indicators that others share with us: what was imported, what each points at, what of it is seen here, and
the rules that were drafted from it.

Values are sealed under the key of the import that brought them and found by blind index only.
"""

from typing import Final

from django.db import models
from django.db.models import Q

from tocsin.core.crypto.typed_text import access_scope, typed_text
from tocsin.domains.rules.models import DetectionRule


class Import(models.Model):
    """One document that was taken in. The document itself is not kept: ``sha256`` says which it was.

    ``source``: who shared it. ``tlp``: the strictest marking in it. ``counts``: indicators that were ``new``,
    ``updated``, ``unchanged``, ``recalled``, or ``foreign`` (another source brought them, so they were left
    as they were). ``ignored``: what else stood in it, by its own word. ``skipped``: what could not
    be used, each with ``path`` and ``said``. ``compared_at``: when its indicators were last compared with
    what is held here; none while they wait for it. ``compare_failures``: how often that failed since somebody
    last asked for it.
    """

    #: So often comparing is tried.
    MAX_COMPARE_FAILURES: Final = 3

    id = models.CharField(max_length=40, primary_key=True)
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.IntegerField()
    standard = models.CharField(max_length=10)
    name = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200)
    tlp = models.CharField(max_length=12)
    counts = models.JSONField(default=dict)
    ignored = models.JSONField(default=dict)
    skipped = models.JSONField(default=list)
    imported_by = models.CharField(max_length=80)
    imported_at = models.DateTimeField()
    compared_at = models.DateTimeField(null=True)
    compare_failures = models.PositiveSmallIntegerField(default=0)
    reason_sealed = models.BinaryField(null=True)

    reason = typed_text("indicators_import", "reason", lambda row: access_scope(row.imported_at))

    class Meta:
        db_table = "indicators_import"

    @property
    def compare_failed(self) -> bool:
        """Whether comparing it was given up, until somebody asks again."""
        return self.compared_at is None and self.compare_failures >= self.MAX_COMPARE_FAILURES

    @property
    def key_scope(self) -> str:
        """The key that the values it brought are sealed under."""
        return f"indicators:{self.pk}"


class Indicator(models.Model):
    """One indicator, as its newest version says. Once recalled, it stays so.

    ``standard_id``: its id in the standard it came by. ``modified``: of that version. ``confidence``: 0 to
    100, none when nobody said.
    """

    id = models.CharField(max_length=40, primary_key=True)
    standard_id = models.CharField(max_length=80, unique=True)
    modified = models.DateTimeField()
    came_with = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="indicators")
    name = models.CharField(max_length=200, blank=True)
    tlp = models.CharField(max_length=12)
    confidence = models.IntegerField(null=True)
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    labels = models.JSONField(default=list)
    recalled_at = models.DateTimeField(null=True)
    recalled_by = models.CharField(max_length=80, blank=True)
    recall_sealed = models.BinaryField(null=True)

    recall = typed_text("indicator", "recall", lambda row: access_scope(row.recalled_at))

    class Meta:
        db_table = "indicators_indicator"
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=0, confidence__lte=100),
                name="indicator_confidence",
            )
        ]
        indexes = [models.Index(fields=["came_with"], name="indicator_import")]


class IndicatorValue(models.Model):
    """One of the values an indicator points at; each alone is enough."""

    id = models.CharField(max_length=40, primary_key=True)
    indicator = models.ForeignKey(Indicator, on_delete=models.CASCADE, related_name="values")
    kind = models.CharField(max_length=12)
    value_sealed = models.BinaryField()
    lookup = models.BinaryField()
    sealed_with = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "indicators_value"
        constraints = [
            models.UniqueConstraint(fields=["indicator", "kind", "lookup"], name="indicator_value_once")
        ]


class Sighting(models.Model):
    """A value was seen here. ``by``: a contact of an account, a thing it uses, the events it took part in, or
    the messages it sent. ``count``, ``first_at``, ``last_at``: of events or messages."""

    class By(models.TextChoices):
        CONTACT = "contact"
        THING = "thing"
        EVENT = "event"
        MESSAGE = "message"

    value = models.ForeignKey(IndicatorValue, on_delete=models.CASCADE, related_name="sightings")
    by = models.CharField(max_length=8, choices=By.choices)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=128)
    region = models.CharField(max_length=20, blank=True)
    count = models.IntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "indicators_sighting"
        constraints = [
            models.UniqueConstraint(
                fields=["value", "by", "subject_kind", "subject_id"], name="indicator_sighting_once"
            )
        ]


class DraftedRule(models.Model):
    """A rule that was drafted from an indicator. ``in_text``: its text names a value of it, so that a recall
    cannot take it out. ``days``: of history its backtest replays."""

    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="drafted")
    rule = models.ForeignKey(DetectionRule, on_delete=models.PROTECT, related_name="+")
    in_text = models.BooleanField(default=False)
    days = models.IntegerField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        db_table = "indicators_drafted_rule"
        constraints = [models.UniqueConstraint(fields=["indicator", "rule"], name="indicator_drafted_once")]
