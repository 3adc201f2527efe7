"""The door of every operation: who calls, whether the key may, how often, and what can be read at all."""

from __future__ import annotations

from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer

from tocsin.core.access import api_keys
from tocsin.core.access.check import actor_permissions
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput, NotAuthenticated, TooLarge
from tocsin.core.ratelimit import LocalBuckets
from tocsin.surfaces.api.parsing import cannot_be_kept

#: Who may come in: anybody with the scope, only a person (personal key), or only the marketplace's systems.
Who = Literal["anybody", "person", "system"]
JSON, MULTIPART = "application/json", "multipart/form-data"
#: What a multipart body needs besides the file itself.
_ENVELOPE = 64 * 1024

#: Counted in each process on its own: fairness between keys, at no cost to the database.
_buckets = LocalBuckets()


class WrongMedia(DomainError):
    """The body is of a kind that is not read here."""

    status = 415
    code = "media_type"


class NoLength(DomainError):
    """The body comes without saying how long it is."""

    status = 411
    code = "length_required"


class Door(HttpBearer):
    """A bearer key `tsk_…` that holds a scope."""

    openapi_bearerFormat = "tsk_<id>_<secret>"  # noqa: N815 - the framework's name
    openapi_description = (
        "An API key: `Authorization: Bearer tsk_…`. An integration key belongs to one of your systems: an "
        "administrator makes it in the console, under Staff and keys, and chooses its scopes. A personal key "
        "acts as the member of staff it belongs to, with what that person may do and no more."
    )

    def __init__(self, scope: str, *, who: Who = "anybody", permission: str = "", media: str = JSON) -> None:
        super().__init__()
        self.scope = scope
        self.permission = permission
        self.who = who
        self.media = media

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor behind the key, or None (401).

        Raises:
            AccessDenied: the key is good but may not do this. TooManyAttempts: the key's rate.
            TooLarge, NoLength, WrongMedia, InvalidInput: what comes with it cannot be read.
        """
        try:
            caller = api_keys.recognise(token, address=request.META.get("REMOTE_ADDR", ""))
        except NotAuthenticated:
            return None
        actor = caller.actor
        request.actor = actor  # type: ignore[attr-defined]
        _buckets.take(actor.ref, capacity=caller.per_minute, per_seconds=60)
        self._check_right(actor)
        _check_address(request)
        if request.method in ("POST", "PUT", "PATCH"):
            self._check_body(request)
        return actor

    def _check_right(self, actor: Actor) -> None:
        if self.scope not in actor.scopes:
            raise AccessDenied(
                f"This key has not the scope {self.scope}.", "Ask the administrator for a key that has.",
                permission=self.scope, reason="scope",
            )  # fmt: skip
        if self.who == "person" and actor.kind != "staff":
            raise AccessDenied(
                "Only a person can do this, with a personal key.",
                "Members of staff make one at the console, in the menu under their name.",
                permission="personal_key", reason="role",
            )  # fmt: skip
        # as at the console's doors: who can never do this is told so before anything they sent is looked at
        if actor.kind == "staff" and self.permission and self.permission not in actor_permissions(actor):
            raise AccessDenied(
                "Your role does not include this.", "If you need it, ask your supervisor.",
                permission=self.permission, reason="role",
            )  # fmt: skip
        if self.who == "system" and actor.kind != "api_key":
            raise AccessDenied(
                "Only one of the marketplace's systems can do this, with an integration key.",
                "Ask the administrator for one.",
                permission="integration_key", reason="role",
            )  # fmt: skip

    def _check_body(self, request: HttpRequest) -> None:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if self.media == MULTIPART:
            most = settings.TOCSIN_EVIDENCE_MAX_BYTES + _ENVELOPE
        length = _length(request)
        if length > most:
            raise TooLarge(f"The body has {length} bytes, and {most} are the most.", "Send less at a time.")
        coding = request.headers.get("Content-Encoding", "identity").strip().lower()
        if length and (request.content_type != self.media or coding != "identity"):
            raise WrongMedia(
                f"Only {self.media} is read here, without a Content-Encoding.",
                f"Send Content-Type: {self.media}.",
            )


def _length(request: HttpRequest) -> int:
    """How many bytes the body has, as was said. Raises NoLength."""
    said = request.META.get("CONTENT_LENGTH") or ""
    if not said and "chunked" not in request.headers.get("Transfer-Encoding", ""):
        return 0
    if not (said.isascii() and said.isdigit()):
        raise NoLength("The body came without its length.", "Send a Content-Length.")
    return int(said)


def _check_address(request: HttpRequest) -> None:
    """Nothing in the address may be text that cannot be kept."""
    assert request.resolver_match is not None  # noqa: S101 - we are behind the resolver
    given = {**request.resolver_match.kwargs, **{name: "".join(v) for name, v in request.GET.lists()}}
    bad = [name for name, value in given.items() if isinstance(value, str) and cannot_be_kept(value)]
    if bad:
        raise InvalidInput(
            "The address holds a character that cannot be kept.", "Send it without.",
            fields=dict.fromkeys(bad, "This holds a character that cannot be kept, such as NUL."),
        )  # fmt: skip


def actor_of(request: Any) -> Actor:
    """The actor of an authenticated request."""
    actor: Actor = request.auth
    return actor
