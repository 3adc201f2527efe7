"""What the engine saw and said, as shipped from its log; alerts; and labels, from which everything learns.

The event table is partitioned by day and created in SQL (see the migration). What is personal inside an event
(message text, places, names) is sealed under the key of that day, so that it can be shredded by day.
"""

import datetime as dt

from django.db import models


class Event(models.Model):
    """One event, in the order of the engine's log (``seq``)."""

    seq = models.BigIntegerField(primary_key=True)
    event_id = models.CharField(max_length=64)
    type = models.CharField(max_length=60)
    ts = models.DateTimeField()
    received_at = models.DateTimeField()
    region = models.CharField(max_length=20)
    customer = models.CharField(max_length=64, null=True)
    shopper = models.CharField(max_length=64, null=True)
    order = models.CharField(max_length=64, null=True, db_column="order_id")
    device = models.CharField(max_length=64, null=True)
    entities = models.JSONField(default=dict)
    fields = models.JSONField(default=dict)
    sealed = models.BinaryField(null=True)
    verdict = models.CharField(max_length=10)

    class Meta:
        managed = False
        db_table = "detection_event"


class Verdict(models.Model):
    """What the engine answered, where it was anything but a plain allow."""

    seq = models.BigIntegerField(primary_key=True)
    event_id = models.CharField(max_length=64, db_index=True)
    verdict = models.CharField(max_length=10)
    reasons = models.JSONField(default=list)
    actions = models.JSONField(default=list)
    rules_version = models.CharField(max_length=80)
    decided_at = models.DateTimeField()
    late = models.BooleanField(default=False)

    class Meta:
        db_table = "detection_verdict"


class RuleHits(models.Model):
    """How often a rule fired in an hour (UTC): with a say in the answer, and in shadow. Under
    ``EVERY_EVENT``: how many events there were."""

    EVERY_EVENT = "*"  # no rule is called so

    rule = models.CharField(max_length=64)
    hour = models.DateTimeField()
    fired = models.IntegerField(default=0)
    watched = models.IntegerField(default=0)

    class Meta:
        db_table = "detection_rule_hits"
        constraints = [models.UniqueConstraint(fields=["rule", "hour"], name="rule_hits_once")]
        indexes = [models.Index(fields=["hour"], name="rule_hits_hour")]

    @staticmethod
    def hour_of(moment: dt.datetime) -> dt.datetime:
        """The hour that a moment (UTC) is counted in."""
        return moment.replace(minute=0, second=0, microsecond=0)


class KeptRules(models.Model):
    """The whole text of a set of rules, file name -> text, as it first came into force at ``first_seq``.
    Rules are about behaviour, not about a person."""

    version = models.CharField(max_length=80, primary_key=True)
    sources = models.JSONField()
    first_seq = models.BigIntegerField()
    since = models.DateTimeField()

    class Meta:
        db_table = "detection_rules"


class KeptExplanation(models.Model):
    """What the engine looked at in a decision in which a rule fired: its clock, the rules, and the values it
    keeps, all of them numbers."""

    seq = models.BigIntegerField(primary_key=True)
    rules_version = models.CharField(max_length=80)
    engine_version = models.CharField(max_length=20)
    explanation = models.JSONField()

    class Meta:
        db_table = "detection_explanation"


class Alert(models.Model):
    """Something a person should look at. One open alert for a subject and rule; more of the same add to
    it."""

    class State(models.TextChoices):
        OPEN = "open"
        IN_CASE = "in_case"
        CONFIRMED = "confirmed"
        CLEARED = "cleared"
        UNSETTLED = "unsettled"  # its case ended without saying whether it was right

    #: While in one of these, more of the same adds to it; afterwards it raises a new one.
    OPEN_STATES = (State.OPEN, State.IN_CASE)

    id = models.CharField(max_length=40, primary_key=True)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=128)
    rule = models.CharField(max_length=60)
    code = models.CharField(max_length=10)
    violation_code = models.CharField(max_length=60, blank=True)
    severity = models.CharField(max_length=2)
    verdict = models.CharField(max_length=10)
    value_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    region = models.CharField(max_length=20, blank=True)
    order_ref = models.CharField(max_length=128, blank=True)
    counterpart_kind = models.CharField(max_length=20, blank=True)
    counterpart_id = models.CharField(max_length=128, blank=True)
    hits = models.IntegerField(default=1)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    reasons = models.JSONField(default=list)
    rules_version = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    last_at = models.DateTimeField()
    dispositioned_at = models.DateTimeField(null=True)
    dispositioned_by = models.CharField(max_length=80, blank=True)

    class Meta:
        db_table = "detection_alert"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "rule"],
                condition=models.Q(state__in=["open", "in_case"]),
                name="alert_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["state", "severity", "-value_minor"], name="alert_ranked"),
            models.Index(fields=["opened_at"], name="alert_opened"),
        ]


class RuleRecord(models.Model):
    """What the alerts of a rule came to in the ninety days before ``day``, and the chance that its next one
    is right (see ``harm``). Under ``EVERY_RULE``: all alerts together."""

    EVERY_RULE = "*"  # no rule is called so

    rule = models.CharField(max_length=64, primary_key=True)
    day = models.DateField()
    confirmed = models.IntegerField()
    cleared = models.IntegerField()
    chance = models.FloatField()

    class Meta:
        db_table = "detection_rule_record"


class TopOfDay(models.Model):
    """How right the top of a day's alert queue was: precision@k (handbook §4.1).

    ``top``: the ids of the at most ``k`` alerts of that day with the most expected harm; fixed when the day
    is over. ``confirmed``, ``cleared``: what is known of them by now. ``confirmed_then``, ``cleared_then``:
    what was known when the day was closed; null before.
    """

    day = models.DateField(primary_key=True)
    k = models.IntegerField()
    raised = models.IntegerField()
    top = models.JSONField(default=list)
    confirmed = models.IntegerField(default=0)
    cleared = models.IntegerField(default=0)
    confirmed_then = models.IntegerField(null=True)
    cleared_then = models.IntegerField(null=True)
    counted_at = models.DateTimeField()

    class Meta:
        db_table = "detection_top_of_day"


class Label(models.Model):
    """What turned out to be true of something. An overturned decision revokes the labels it made."""

    LONGEST = 40  # characters of a label that are kept

    id = models.CharField(max_length=40, primary_key=True)
    object_kind = models.CharField(max_length=20)
    object_id = models.CharField(max_length=128)
    label = models.CharField(max_length=LONGEST)
    source = models.CharField(max_length=40)
    confidence = models.FloatField()
    at = models.DateTimeField()
    decision_id = models.CharField(max_length=40, blank=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "detection_label"
        indexes = [models.Index(fields=["object_kind", "object_id"], name="label_object")]

    @classmethod
    def denial(cls, name: str) -> str:
        """The label that says that something is not so."""
        return f"not:{name}"[: cls.LONGEST]


class ShipPosition(models.Model):
    """How far the engine's log has been shipped; moves in the transaction that writes the rows."""

    partition = models.CharField(max_length=40, primary_key=True)
    position = models.CharField(max_length=80)
    seq = models.BigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "detection_ship_position"
