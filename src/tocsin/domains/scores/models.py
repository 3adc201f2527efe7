"""Trained models on their way into force, and what they were compared with."""

from django.db import models
from django.db.models import F, Q

from tocsin.domains.staff.models import Staff


class ScoreModel(models.Model):
    """A model file that somebody offered. At most one of a name is in force; it stands in the place of the
    file of that name that comes with the rules.

    ``text``: the file. ``version``: its hash, see ``engine.scores.model``. ``replaced``: the one that was in
    force before it, which a roll-back puts back. It holds figures about behaviour, nothing about a person.
    """

    class State(models.TextChoices):
        OFFERED = "offered"
        IN_FORCE = "in_force"
        RETIRED = "retired"

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=64)
    version = models.CharField(max_length=40)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    since = models.DateTimeField()
    author = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="models_offered")
    offered_at = models.DateTimeField()
    promoter = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="models_promoted")
    replaced = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")

    class Meta:
        db_table = "scores_model"
        verbose_name = "model"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="score_model_once"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(state="in_force"), name="score_model_in_force_once"
            ),
            models.CheckConstraint(
                condition=Q(promoter__isnull=True) | ~Q(promoter=F("author")),
                name="score_model_promoter_is_not_the_author",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_force") | Q(promoter__isnull=False),
                name="score_model_acts_by_a_second_person",
            ),
        ]


class ModelComparison(models.Model):
    """Champion and challenger on identical events: asked for, then worked out by the worker.

    ``figures``: see ``engine.scores.judging.Comparison``. ``refusal``: why there are none.
    ``tries``: how often a worker began with it.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        DONE = "done"

    id = models.CharField(max_length=40, primary_key=True)
    champion = models.CharField(max_length=64)
    challenger = models.CharField(max_length=64)
    capacity = models.IntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    champion_version = models.CharField(max_length=40, blank=True)
    challenger_version = models.CharField(max_length=40, blank=True)
    figures = models.JSONField(default=dict)
    refusal = models.TextField(blank=True)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    tries = models.IntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "scores_comparison"
        constraints = [
            models.UniqueConstraint(
                fields=["champion", "challenger"], condition=Q(state="asked"), name="comparison_asked_once"
            ),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="comparison_capacity"),
        ]
        indexes = [
            models.Index(fields=["champion", "challenger", "-asked_at"], name="comparison_newest"),
        ]
