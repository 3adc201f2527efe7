"""All models of the ground floor, where Django looks for them."""

from tocsin.core.access.models import ApiKey, BreakGlass, Idempotency, RateBucket, Refusal, Reveal
from tocsin.core.audit.models import AuditAnchor, AuditEntry
from tocsin.core.clocks.models import Clock
from tocsin.core.crypto.models import DataKey
from tocsin.core.evidence.models import Custody, Evidence
from tocsin.core.outbox.models import OutboxMessage, WebhookEndpoint

__all__ = [
    "ApiKey",
    "AuditAnchor",
    "AuditEntry",
    "BreakGlass",
    "Clock",
    "Custody",
    "DataKey",
    "Evidence",
    "Idempotency",
    "OutboxMessage",
    "RateBucket",
    "Refusal",
    "Reveal",
    "WebhookEndpoint",
]
