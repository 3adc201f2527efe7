"""How a receiver knows that a webhook comes from us: ``HMAC-SHA256(secret, timestamp + "." + body)``."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_SCHEME = "v1"


def new_secret() -> str:
    """A signing secret of 256 random bits."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The value of ``Tocsin-Signature``. ``timestamp`` in seconds since 1970, as in ``Tocsin-Timestamp``."""
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"{_SCHEME}={mac.hexdigest()}"


def headers(secret: str, delivery_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one delivery. A delivery keeps its id however often it is tried."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Tocsin-Webhooks/1",
        "Tocsin-Delivery-Id": delivery_id,
        "Tocsin-Timestamp": str(timestamp),
        "Tocsin-Signature": sign(secret, timestamp, body),
    }
