"""Errors a person can act on.

Every domain error says three things: what happened, that nothing was lost, and what to do next.
Surfaces turn them into a page, a problem+json document or a spoken sentence; they never invent wording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """Base of every refusal the domains raise.

    Attributes:
        code: stable machine name, e.g. ``wrong_pin``.
        what: what happened, one plain sentence.
        next_step: what to do now, one plain sentence.
        saved: what became of the person's input; by default nothing changed and nothing was lost.
        status: the HTTP status a surface uses.
        fields: messages by field path, for forms and problem+json ``errors``.
    """

    status = 400
    code = "refused"

    def __init__(
        self,
        what: str,
        next_step: str = "",
        *,
        code: str | None = None,
        saved: str = "Nothing was changed and nothing was lost.",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.saved = saved
        self.fields = dict(fields or {})
        if code:
            self.code = code

    def sentence(self) -> str:
        """The whole message as one paragraph."""
        return " ".join(part for part in (self.what, self.saved, self.next_step) if part)


class InvalidInput(DomainError):
    """Something in the input cannot be accepted; ``fields`` says which and why."""

    status = 422
    code = "invalid_input"


class NotFound(DomainError):
    """No such object, or none this actor may know of."""

    status = 404
    code = "not_found"


class NotAuthenticated(DomainError):
    """We do not know who is asking. Never says which part of the proof was wrong."""

    status = 401
    code = "not_authenticated"


class AccessDenied(DomainError):
    """The actor may not do this. Surfaces log and count every one of these."""

    status = 403
    code = "access_denied"

    def __init__(
        self, what: str, next_step: str = "", *, permission: str = "", reason: str = "", **kw: Any
    ) -> None:
        super().__init__(what, next_step, **kw)
        self.permission = permission
        self.reason = reason


class Conflict(DomainError):
    """Somebody else acted first, or the object's state no longer allows this."""

    status = 409
    code = "conflict"


class TooManyAttempts(DomainError):
    """A rate limit was reached. ``retry_after`` is in seconds."""

    status = 429
    code = "too_many_attempts"

    def __init__(self, what: str, next_step: str = "", *, retry_after: int = 60, **kw: Any) -> None:
        super().__init__(what, next_step, **kw)
        self.retry_after = retry_after


class TooLarge(DomainError):
    """The body or file is larger than allowed."""

    status = 413
    code = "too_large"
