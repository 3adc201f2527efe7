"""The key with which Tocsin's own processes speak to the decide host, wherever that runs.

Its secret is kept nowhere: it is an HMAC over the key's id, under the data key behind the blind indexes,
which every process can ask for. In the table of keys it stands like any other. Revoke it, and the next event
is told with a new one.
"""

from __future__ import annotations

from secrets import token_hex

from django.utils import timezone

from tocsin.core.access.api_keys import PREFIX, digest
from tocsin.core.access.models import ApiKey
from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.crypto.seal import blind_index
from tocsin.core.locks import lock

_HOUSE = system("house")
_SCOPES = ("events:write",)


def house_token() -> str:
    """The token of the key in use; makes the key when there is none that works."""
    key = _in_use() or _make()
    return f"{PREFIX}_{key.key_id}_{_secret(key.key_id)}"


def _in_use() -> ApiKey | None:
    rows = ApiKey.objects.filter(created_by=_HOUSE.ref, revoked_at=None)
    return rows.order_by("-created_at").first()


def _make() -> ApiKey:
    with act(_HOUSE, "api_key.issue") as work:
        lock("house key")
        present = _in_use()
        if present is not None:
            return present
        key_id = token_hex(8)
        key = ApiKey(
            key_id=key_id, name="Tocsin itself: events about its decisions",
            secret_sha256=digest(_secret(key_id)), scopes=list(_SCOPES), created_at=timezone.now(),
            created_by=_HOUSE.ref,
        )  # fmt: skip
        work.save(key, scopes=list(_SCOPES))
    return key


def _secret(key_id: str) -> str:
    return blind_index("house key", key_id).hex()
