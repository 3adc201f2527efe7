"""The words an event may use: event types, entity kinds, known fields, reason codes, verdicts.

One page, so that the people who send events and the people who write rules read the same list.
"""

from __future__ import annotations

from typing import Final

ENTITY_KINDS: Final = (
    "customer",
    "shopper",
    "store",
    "order",
    "device",
    "ip",
    "card",
    "address",
    "payout",
    "phone",
    "session",
)
ACCOUNT_KINDS: Final = ("customer", "shopper")

# Event type -> the fields our rules look at. Other fields are welcome: they are kept, and rules may use them.
EVENT_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "account.created": ("lat", "lon"),
    "account.login": ("lat", "lon"),
    "account.login_failed": ("lat", "lon"),
    "account.contact_changed": ("contact",),
    "account.credential_changed": ("credential",),
    "payment.added": (),
    "payment.authorised": ("amount_minor", "currency"),
    "payment.declined": ("amount_minor", "currency", "decline_code"),
    "payout.changed": (),
    "order.placed": ("total_minor", "currency", "tip_minor", "rush", "ship_matches_bill"),
    "order.assigned": (),
    "order.picked": ("store_distance_m",),
    "order.delivered": ("total_minor", "currency", "drop_distance_m"),
    "order.cancelled": ("total_minor", "currency", "reason"),
    "tip.changed": ("before_minor", "after_minor", "currency", "after_delivery"),
    "refund.requested": ("amount_minor", "currency", "reason", "proof_of_delivery"),
    "refund.paid": ("amount_minor", "currency", "reason", "tender"),
    "promo.redeemed": ("promo", "discount_minor", "currency"),
    "message.sent": ("text", "sender"),
    "location.ping": ("lat", "lon", "accuracy_m", "mock"),
    "offer.shown": (),
    "offer.accepted": ("response_ms",),
    "selfie.checked": ("match",),
    "shift.started": ("lat", "lon"),
    "shift.ended": ("lat", "lon"),
    "receipt.submitted": ("receipt_minor", "charged_minor", "currency"),
    "chargeback.received": ("amount_minor", "currency", "reason_code"),
}
# A marketplace's own event types: kept, replayed and usable in rules, with no meaning of ours.
OWN_TYPE_PREFIX: Final = "custom."

VERDICTS: Final = ("allow", "watch", "step_up", "review", "block")  # mildest first
SEVERITIES: Final = ("S0", "S1", "S2", "S3", "S4")  # worst first
ACTION_TYPES: Final = ("watch", "step_up", "hold_order", "block_transaction", "lock_account")

# Reason codes and what each one names.
REASON_CODES: Final[dict[str, str]] = {
    "V1": "order velocity",
    "V2": "payment adds",
    "V3": "card testing",
    "D1": "device sharing",
    "D2": "IP sharing",
    "D3": "payment sharing",
    "D4": "address cluster",
    "T1": "impossible travel",
    "T2": "new device after reset",
    "T3": "contact and payout edit",
    "T4": "tip-bait",
    "O1": "value anomaly",
    "O2": "gift-card or alcohol share",
    "O3": "ship differs from bill, first order, rush",
    "R1": "refund ratio",
    "R2": "claim pattern",
    "G1": "mock location",
    "G2": "teleport",
    "G3": "store absence",
    "G4": "drop mismatch",
    "B1": "accept latency",
    "B2": "cherry pattern",
    "B3": "client integrity",
    "I1": "face mismatch or different person",
    "I2": "shift overlap",
    "C1": "pair affinity",
    "C2": "refund after pair",
    "C3": "receipt gap",
    "P1": "promo ring",
    "M1": "message content",
    "K1": "chargebacks",
}
