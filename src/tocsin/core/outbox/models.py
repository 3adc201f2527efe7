"""What has to leave the transaction: domain events to handlers, webhooks, e-mail, text messages."""

from django.db import models
from django.db.models import Q


class WebhookEndpoint(models.Model):
    """An address of the marketplace that wants to be told. The signing secret is sealed."""

    id = models.CharField(max_length=40, primary_key=True)
    url = models.URLField(max_length=500)
    topics = models.JSONField(default=list)
    secret_sealed = models.BinaryField()
    description = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "core_webhook_endpoint"


class OutboxMessage(models.Model):
    """One delivery to one destination: at least once, with an idempotency key the receiver can use.

    ``kind`` handler rows run our own code in the transaction that marks them done; the others leave the
    house, ``event`` rows for the decide host. ``body_sealed`` holds what is personal (an e-mail's text);
    ``data`` only ids and codes.
    """

    class Kind(models.TextChoices):
        HANDLER = "handler"
        WEBHOOK = "webhook"
        EMAIL = "email"
        SMS = "sms"
        EVENT = "event"

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        DEAD = "dead"

    id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    topic = models.CharField(max_length=80)
    destination = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    body_sealed = models.BinaryField(null=True)
    key_scope = models.CharField(max_length=80, blank=True)
    idempotency_key = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "core_outbox_message"
        indexes = [
            models.Index(fields=["kind", "next_at", "id"], condition=Q(state="pending"), name="outbox_due"),
            models.Index(fields=["created_at"], condition=Q(state="dead"), name="outbox_dead"),
            models.Index(fields=["destination", "-created_at"], name="outbox_destination"),
        ]


#: Kinds whose order matters: none is sent while an older one to the same destination is still on its way, and
#: trouble on the way is no reason to give one up.
IN_ORDER = frozenset({OutboxMessage.Kind.EVENT})
