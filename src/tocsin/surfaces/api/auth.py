"""Keys: who calls, and what the key may do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from tocsin.core.access import api_keys
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, NotAuthenticated
from tocsin.core.ratelimit import take

#: Requests a minute for one key. Bulk doors (batches, the decide host) exist for more.
PER_MINUTE = 6000


class Key(HttpBearer):
    """A bearer key ``tsk_…`` that holds a scope."""

    openapi_description = "An API key: `Authorization: Bearer tsk_…`."

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor behind the key, or None (401).

        Raises:
            AccessDenied: the key is good but has not the scope. TooManyAttempts: the key's rate limit.
        """
        try:
            actor = api_keys.authenticate(token, address=request.META.get("REMOTE_ADDR", ""))
        except NotAuthenticated:
            return None
        request.actor = actor  # type: ignore[attr-defined]
        take(f"api:{actor.ref}", capacity=PER_MINUTE, per_seconds=60)
        if self.scope not in actor.scopes:
            raise AccessDenied(
                f"This key has not the scope {self.scope}.", "Ask the administrator for a key that has.",
                permission=self.scope, reason="scope",
            )  # fmt: skip
        return actor


def actor_of(request: Any) -> Actor:
    """The actor of an authenticated request."""
    actor: Actor = request.auth
    return actor
