"""The carriers that bring calls: how each signs its webhooks, and what it can do.

All of them send the fields that Twilio named (CallSid, From, Digits, …) as a form and take the same
documents; they differ in how they prove who they are. The address they sign is the one we are configured to
have, never the one a request claims.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

#: How old or how far ahead a dated webhook may be, in seconds.
REPLAY_WINDOW_S = 300

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a signature is made over. ``fields`` as they came, blank ones and repeats too."""

    url: str
    body: bytes
    fields: tuple[tuple[str, str], ...]
    headers: Headers


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier. ``secret`` is its token, or its public key in base64.

    ``uploads``: it sends recordings along, instead of keeping them for us to fetch.
    """

    name: str
    signed: Callable[[Webhook, str], bool]
    uploads: bool = False


def form_signature(url: str, fields: Iterable[tuple[str, str]], token: str) -> str:
    """HMAC-SHA1 in base64 over the address and all fields in the order of their names (Twilio, "Validating
    Signatures from Twilio"). The same name and value twice counts once."""
    told = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(token.encode(), told.encode(), hashlib.sha1)).decode()


def _by_form(*headers: str) -> Callable[[Webhook, str], bool]:
    def signed(webhook: Webhook, secret: str) -> bool:
        given = next((webhook.headers[name] for name in headers if name in webhook.headers), "")
        wanted = form_signature(webhook.url, webhook.fields, secret)
        return hmac.compare_digest(given.encode(), wanted.encode())

    return signed


def _by_ed25519(webhook: Webhook, secret: str) -> bool:
    """Telnyx: Ed25519 over ``timestamp|body``."""
    at = webhook.headers.get("telnyx-timestamp", "")
    if not at.isascii() or not at.isdigit() or abs(time.time() - int(at[:12])) > REPLAY_WINDOW_S:
        return False
    try:
        given = base64.b64decode(webhook.headers.get("telnyx-signature-ed25519", ""), validate=True)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(secret))
        key.verify(given, at.encode() + b"|" + webhook.body)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


_TWILIO = "x-twilio-signature"
#: The built-in endpoint is a carrier like any other.
BUILT_IN = "built-in"
CARRIERS = {
    one.name: one
    for one in (
        Carrier(BUILT_IN, _by_form(_TWILIO), uploads=True),
        Carrier("twilio", _by_form(_TWILIO)),
        Carrier("signalwire", _by_form("x-signalwire-signature", _TWILIO)),
        Carrier("telnyx", _by_ed25519),
    )
}
