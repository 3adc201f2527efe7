"""Detection rules on their way from a draft into force and out again; what was found out about them; and
every step they took.

A rule's name is permanent. Its text is fixed once it runs beside live traffic: a change is a rule of its own
that replaces it, so that what each of them did stays apart. Rules that come with Tocsin have a row only once
somebody changed how far they have come.
"""

from django.db import models
from django.db.models import F, Q

from tocsin.core.crypto.typed_text import access_scope, typed_text
from tocsin.domains.staff.models import Staff


class DetectionRule(models.Model):
    """One rule and how far it has come.

    ``share``: of 10,000 accounts, who a canary acts on. ``hourly_cap``: at so many hits in an hour the brake
    pauses a rule that acts. ``hits_before``, ``events_before``: what the hour of the last step had counted
    before it.

    ``text`` and ``stories`` are a rule file and its test file in the engine's language; they are about
    behaviour, never about a person. ``replaces`` names the rule that goes out of force when this one comes
    into force.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        CHECKED = "checked"
        BACKTESTED = "backtested"
        SHADOW = "shadow"
        CANARY = "canary"
        ACTIVE = "active"
        PAUSED = "paused"
        RETIRED = "retired"

    #: Its author may still change it.
    ON_PAPER = (State.DRAFT, State.CHECKED, State.BACKTESTED)
    #: It is evaluated on live traffic.
    RUNNING = (State.SHADOW, State.CANARY, State.ACTIVE)

    name = models.CharField(max_length=60, primary_key=True)
    packaged = models.BooleanField(default=False)
    text = models.TextField(blank=True)
    stories = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    replaces = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    state_since = models.DateTimeField()
    paused_from = models.CharField(max_length=10, blank=True)
    share = models.IntegerField(default=10_000)
    hourly_cap = models.IntegerField(default=200)
    hits_before = models.IntegerField(default=0)
    events_before = models.IntegerField(default=0)
    author = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="rules_written")
    promoter = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="rules_promoted")
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "rules_rule"
        verbose_name = "rule"
        constraints = [
            models.CheckConstraint(
                condition=Q(promoter__isnull=True) | Q(author__isnull=True) | ~Q(promoter=F("author")),
                name="rule_promoter_is_not_the_author",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["canary", "active"]) | Q(promoter__isnull=False) | Q(packaged=True),
                name="rule_acts_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(packaged=True) | Q(author__isnull=False), name="rule_has_an_author"
            ),
            models.CheckConstraint(condition=Q(hourly_cap__gte=1), name="rule_hourly_cap"),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=10_000), name="rule_share"),
        ]


class RuleReport(models.Model):
    """A check or a backtest: asked for, then done or failed. ``content_hash``: of the text it is about.

    ``figures``: what was found, see ``checks`` and ``backtests``. ``data_hash``: SHA-256 over the ids of the
    events that were replayed, in order; empty for a check.
    """

    class Kind(models.TextChoices):
        CHECK = "check"
        BACKTEST = "backtest"

    class State(models.TextChoices):
        ASKED = "asked"
        DONE = "done"

    id = models.CharField(max_length=40, primary_key=True)
    rule = models.ForeignKey(DetectionRule, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    content_hash = models.CharField(max_length=64)
    days = models.IntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    passed = models.BooleanField(default=False)
    figures = models.JSONField(default=dict)
    rules_version = models.CharField(max_length=80, blank=True)
    data_hash = models.CharField(max_length=64, blank=True)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "rules_report"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "kind"], condition=Q(state="asked"), name="rule_report_asked_once"
            )
        ]
        indexes = [models.Index(fields=["rule", "-asked_at"], name="rule_report_newest")]


class RuleStep(models.Model):
    """A rule went from one state to another: who, when and why. ``because_of``: the rule whose own step, into
    force or out of it, brought this one about. ``compared``: what was known of it beside what is in force
    when it was promoted (see ``comparison``)."""

    id = models.CharField(max_length=40, primary_key=True)
    rule = models.ForeignKey(DetectionRule, on_delete=models.PROTECT, related_name="steps")
    from_state = models.CharField(max_length=10)
    to_state = models.CharField(max_length=10)
    share = models.IntegerField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    because_of = models.CharField(max_length=60, blank=True)
    reason_sealed = models.BinaryField(null=True)
    compared = models.JSONField(default=dict)

    reason = typed_text("rule_step", "reason", lambda row: access_scope(row.at))

    class Meta:
        db_table = "rules_step"
        indexes = [models.Index(fields=["rule", "-at"], name="rule_step_newest")]


class Snooze(models.Model):
    """A rule leaves somebody or something alone before a day (UTC), and no longer. ``ended_at``: somebody
    ended it earlier."""

    id = models.CharField(max_length=40, primary_key=True)
    rule = models.ForeignKey(DetectionRule, on_delete=models.PROTECT, related_name="snoozes")
    kind = models.CharField(max_length=20)
    entity_id = models.CharField(max_length=128)
    until = models.DateField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason_sealed = models.BinaryField(null=True)

    reason = typed_text("rule_snooze", "reason", lambda row: access_scope(row.at))

    class Meta:
        db_table = "rules_snooze"
        verbose_name = "snooze"
        indexes = [models.Index(fields=["rule", "-at"], name="rule_snooze_newest")]


class Trial(models.Model):
    """A challenger in shadow beside its champions, on the same events: those that were decided by rules that
    had it in shadow. ``clause``: of the policy, that it is about. ``champions``: the rule it is to replace,
    else those in force for the same clause. ``events``: how many, from ``since`` to ``until``."""

    rule = models.OneToOneField(
        DetectionRule, primary_key=True, on_delete=models.PROTECT, related_name="trial"
    )
    clause = models.CharField(max_length=60)
    champions = models.JSONField(default=list)
    events = models.IntegerField(default=0)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        db_table = "rules_trial"


class TrialHit(models.Model):
    """The challenger of a trial would have fired on an event, or a champion did: whom it met, where, and what
    was at stake (minor units)."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="hits")
    rule = models.CharField(max_length=60)
    seq = models.BigIntegerField()
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=128)
    region = models.CharField(max_length=20, blank=True)
    value_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        db_table = "rules_trial_hit"
        constraints = [models.UniqueConstraint(fields=["trial", "rule", "seq"], name="rules_trial_hit_once")]
