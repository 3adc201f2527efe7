"""What people asked of history, and what was found: questions in the language of rules, and the features of
one person or thing."""

from django.db import models

from tocsin.core.crypto.typed_text import access_scope, typed_text
from tocsin.domains.staff.models import Staff


class Question(models.Model):
    """One question, and its answer once there is one.

    ``on``: event types, none for all of them. ``since``, ``until``: of which days, when they were received;
    ``until`` is the first moment that no longer counts. ``bucket``: hour or day. ``adds_up``: the
    whole-number field whose sum is drawn as well. ``top_of``: the entity kind or field that is counted by.
    ``name``: under which anybody may ask it again; empty when it is not kept. ``when``: the condition, and
    ``reason``: why it was asked; both sealed, since they may name somebody.

    ``answer`` holds no words and no personal field: see ``replay``. It is empty before there is one, and
    again once it was kept long enough.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        DONE = "done"
        FAILED = "failed"

    class Bucket(models.TextChoices):
        HOUR = "hour"
        DAY = "day"

    id = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=80, blank=True)
    on = models.JSONField(default=list)
    when_sealed = models.BinaryField(null=True)
    since = models.DateTimeField()
    until = models.DateTimeField()
    bucket = models.CharField(max_length=4, choices=Bucket.choices, default=Bucket.DAY)
    adds_up = models.CharField(max_length=64, blank=True)
    top_of = models.CharField(max_length=64, blank=True)
    asked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="questions")
    asked_at = models.DateTimeField()
    purpose = models.CharField(max_length=40)
    reason_sealed = models.BinaryField(null=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.ASKED)
    answer = models.JSONField(default=dict)
    problem = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True)

    when = typed_text("question", "when", lambda row: access_scope(row.asked_at))
    reason = typed_text("question", "reason", lambda row: access_scope(row.asked_at))

    class Meta:
        db_table = "questions_question"
        indexes = [
            models.Index(fields=["asked_by", "-asked_at"], name="question_own"),
            models.Index(fields=["name", "-asked_at"], name="question_named", condition=~models.Q(name="")),
        ]


class Answering(models.Model):
    """How far the answer to a question is; gone when it is there. ``held_until``: until when the worker that
    is at it has it to itself. ``tries``: how often one began. Apart from the question, because it changes all
    the time and proves nothing."""

    question = models.OneToOneField(
        Question, primary_key=True, on_delete=models.CASCADE, related_name="answering"
    )
    percent = models.IntegerField(default=0)
    tries = models.IntegerField(default=0)
    held_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "questions_answering"


class FeatureSheet(models.Model):
    """The features of one person or thing, as somebody asked for them; ``kind`` as events call it. ``answer``
    holds numbers only: see ``features``. ``tries``: how often a worker began with it."""

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=20)
    entity_id = models.CharField(max_length=128)
    asked_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="feature_sheets")
    asked_at = models.DateTimeField()
    tries = models.IntegerField(default=0)
    state = models.CharField(max_length=6, choices=Question.State.choices, default=Question.State.ASKED)
    answer = models.JSONField(default=dict)
    problem = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "questions_feature_sheet"
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by", "kind", "entity_id"],
                condition=models.Q(state="asked"),
                name="feature_sheet_asked_once",
            )
        ]
        indexes = [
            models.Index(fields=["kind", "entity_id", "asked_by", "-asked_at"], name="feature_sheet_newest")
        ]
