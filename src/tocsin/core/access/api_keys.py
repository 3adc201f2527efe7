"""API keys: issued once, shown once, checked in constant time, revoked at once.

An *integration key* belongs to the marketplace's systems. A *personal key* speaks for one member of staff: it
may do what that person may do, and of that only what its scopes name. Nobody can make a personal key for
somebody else; that would be a way to borrow their eyes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.access.models import ApiKey
from tocsin.core.access.permissions import SCOPES, SYSTEM_SCOPES
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, InvalidInput, NotAuthenticated

#: Tells secret scanners and people what they are looking at.
PREFIX = "tsk"

#: Given a staff id: the person as an actor, or None when they are gone or not active. Set by the staff
#: domain.
StaffLoader = Callable[[str], Actor | None]

_staff: StaffLoader | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls with a key, and how many requests a minute the key is good for."""

    actor: Actor
    per_minute: int


def register_staff(loader: StaffLoader) -> None:
    """Say who turns staff ids into actors. This floor does not know staff."""
    global _staff
    _staff = loader


def issue(actor: Actor, name: str, scopes: Iterable[str], staff_id: str = "") -> tuple[ApiKey, str]:
    """Make a key. The token is returned here and never again; only its digest is stored.

    Raises:
        AccessDenied: an integration key without ``api_keys.manage``, or a personal key for somebody else.
        InvalidInput: no name, no scope, a scope that does not exist, or in a personal key one that only the
            marketplace's systems have.
    """
    wanted = sorted(set(scopes))
    if staff_id:
        _only_for_oneself(actor, staff_id)
    else:
        require(actor, "api_keys.manage")
    _check(name, wanted, personal=bool(staff_id))
    secret = secrets.token_urlsafe(32)
    with act(actor, "api_key.issue") as work:
        key = ApiKey(
            key_id=secrets.token_hex(8), name=name.strip()[:120], secret_sha256=digest(secret), scopes=wanted,
            staff_id=staff_id, created_at=timezone.now(), created_by=actor.ref,
        )  # fmt: skip
        work.save(key, scopes=wanted, staff=staff_id)
    return key, f"{PREFIX}_{key.key_id}_{secret}"


def revoke(actor: Actor, key_id: str) -> ApiKey:
    """Stop a key from working, from this moment. Doing it twice changes nothing.

    Raises:
        AccessDenied: neither one's own personal key nor ``api_keys.manage``. NotFound: there is no such key.
    """
    with act(actor, "api_key.revoke") as work:
        key = work.lock(ApiKey, key_id)
        if not (actor.kind == "staff" and not actor.by_key and key.staff_id == actor.id):
            require(actor, "api_keys.manage")
        if key.revoked_at is None:
            key.revoked_at = timezone.now()
            work.save(key)
            work.emit("api_key.revoked", {"key": key.key_id})
    return key


def authenticate(token: str, *, address: str = "") -> Actor:
    """Who speaks with this token. Raises NotAuthenticated, as ``recognise``."""
    return recognise(token, address=address).actor


def recognise(token: str, *, address: str = "") -> Caller:
    """Who speaks with this token, and how often they may.

    Raises:
        NotAuthenticated: no such key, a wrong secret, a revoked key, or its owner has left; never says which.
    """
    key_id, secret = _parts(token)
    key = ApiKey.objects.filter(pk=key_id).first()
    # the comparison is made in any case, so that the time taken does not tell whether the key exists
    right = hmac.compare_digest(digest(secret), key.secret_sha256 if key else digest(""))
    if key is None or not right or key.revoked_at is not None:
        raise _refused()
    return Caller(_speaker(key, address), key.rate_per_minute)


def keys(actor: Actor, *, staff_id: str = "") -> list[ApiKey]:
    """The keys there are: all with ``api_keys.manage``, otherwise one's own. Revoked ones too, newest
    first."""
    rows = ApiKey.objects.order_by("-created_at")
    if staff_id and actor.kind == "staff" and actor.id == staff_id:
        return list(rows.filter(staff_id=staff_id))
    require(actor, "api_keys.manage")
    return list(rows.filter(staff_id=staff_id) if staff_id else rows)


def digest(secret: str) -> str:
    """What is stored of a secret. It has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _parts(token: str) -> tuple[str, str]:
    prefix, _, rest = token.strip().partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != PREFIX or not key_id or not secret or len(token) > 200 or "\0" in token:
        raise _refused()
    return key_id, secret


def _speaker(key: ApiKey, address: str) -> Actor:
    scopes = frozenset(key.scopes)
    if not key.staff_id:
        return Actor(
            "api_key", key.key_id, key.name, regions=frozenset({"*"}), purpose="integration", scopes=scopes,
            via="api_key", address=address,
        )  # fmt: skip
    person = _staff(key.staff_id) if _staff else None
    if person is None:
        raise _refused()
    return Actor(
        "staff", person.id, person.label, person.roles, person.regions, person.purpose, scopes, via="api_key",
        address=address, kept_from=person.kept_from,
    )  # fmt: skip


def _only_for_oneself(actor: Actor, staff_id: str) -> None:
    mine = actor.kind == "staff" and actor.id == staff_id and not actor.by_key
    if not (mine or actor.kind == "system"):
        raise AccessDenied(
            "A personal key can only be made by the person it speaks for.",
            "Ask them to make it at the console, in the menu under their name.",
            permission="api_keys.manage",
            reason="role",
        )


def _check(name: str, scopes: list[str], *, personal: bool) -> None:
    problems = {}
    if not name.strip():
        problems["name"] = "Give the key a name that says who uses it."
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if not scopes:
        problems["scopes"] = "Choose at least one scope."
    elif unknown:
        problems["scopes"] = f"There is no scope {', '.join(unknown)}. Known are {', '.join(sorted(SCOPES))}."
    elif personal and SYSTEM_SCOPES.intersection(scopes):
        only = ", ".join(sorted(SYSTEM_SCOPES.intersection(scopes)))
        problems["scopes"] = f"Only a key of the marketplace's own systems has {only}."
    if problems:
        raise InvalidInput("The key was not made.", "Check the marked fields.", fields=problems)


def _refused() -> NotAuthenticated:
    return NotAuthenticated(
        "This API key is not accepted.", "Check that you sent the whole token, or ask for a new key."
    )
