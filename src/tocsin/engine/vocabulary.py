"""The words that decisions use, and those of the packaged schema: event types, entity kinds, reason codes.

One page, so that the people who send events and the people who write rules read the same list.
"""

from __future__ import annotations

from typing import Final

from tocsin.engine.schema import packaged

ENTITY_KINDS: Final = tuple(packaged().entities)
ACCOUNT_KINDS: Final = packaged().accounts
# Event type -> the fields it usually carries. Other fields are welcome: they are kept.
EVENT_TYPES: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(event.fields) for name, event in packaged().events.items()
}

VERDICTS: Final = ("allow", "watch", "step_up", "review", "block")  # mildest first
SEVERITIES: Final = ("S0", "S1", "S2", "S3", "S4")  # worst first
#: Actions that are asked of an order, and of nothing else.
VERIFICATIONS: Final = ("verify_pin", "verify_photo", "verify_receipt", "verify_age")
ACTION_TYPES: Final = (
    "watch", "step_up", *VERIFICATIONS, "hold_order", "block_transaction", "lock_account",
)  # fmt: skip

# Reason codes and what each one names.
REASON_CODES: Final[dict[str, str]] = {
    "V1": "order velocity",
    "V2": "payment adds",
    "V3": "card testing",
    "D1": "device sharing",
    "D2": "IP sharing",
    "D3": "payment sharing",
    "D4": "address cluster",
    "D5": "instrument of a removed account",
    "T1": "impossible travel",
    "T2": "new device after reset",
    "T3": "contact and payout edit",
    "T4": "tip-bait",
    "O1": "value anomaly",
    "O2": "gift-card or alcohol share",
    "O3": "ship differs from bill, first order, rush",
    "O4": "order not verified",
    "R1": "refund ratio",
    "R2": "claim pattern",
    "R3": "missing items with one shopper",
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
