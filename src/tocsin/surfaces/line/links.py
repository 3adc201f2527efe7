"""The addresses inside documents: each names one step of one call and is signed, so that nobody can make one
up or move a call to another step."""

from __future__ import annotations

from typing import Literal

import msgspec
from django.conf import settings
from django.core import signing
from django.urls import reverse

from tocsin.core.crypto.seal import blind_index
from tocsin.core.errors import NotFound
from tocsin.domains.line.models import Call
from tocsin.surfaces.line.carriers import BUILT_IN, CARRIERS, Carrier
from tocsin.surfaces.line.twiml import Addresses

#: A call that lasts longer is begun anew.
_LONGEST_CALL_S = 4 * 3600
#: A carrier may hand a recording over long after the call.
_LATEST_RECORDING_S = 3 * 24 * 3600
_SALT = "tocsin.line"


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What an address names."""

    kind: Literal["step", "left", "recording"]
    call: str
    step: int


def addresses(call: Call) -> Addresses:
    """Where the telephone of this call goes on."""
    return Addresses(*(_address(call, kind) for kind in ("step", "left", "recording")))


def read(token: str) -> Link:
    """What a token names.

    Raises:
        NotFound: not ours, or too old.
    """
    try:
        link = msgspec.convert(signing.loads(token, salt=_SALT, max_age=_LATEST_RECORDING_S), Link)
        if link.kind != "recording":
            signing.loads(token, salt=_SALT, max_age=_LONGEST_CALL_S)
    except (signing.BadSignature, msgspec.ValidationError) as error:
        raise NotFound("This address leads nowhere any more.", "Call again.") from error
    return link


def carrier(name: str) -> tuple[Carrier, str]:
    """A carrier we work with, and its secret.

    Raises:
        NotFound: there is none of this name, or it was not set up.
    """
    known = CARRIERS.get(name)
    secret = built_in_secret() if name == BUILT_IN else settings.TOCSIN_LINE_CARRIERS.get(name, "")
    if known is None or not secret:
        raise NotFound("There is no such carrier here.", "Set it up with TOCSIN_LINE_CARRIERS.")
    return known, secret


def takes_messages(name: str) -> bool:
    """Whether this carrier keeps what a caller says while we cannot be reached, and hands it over."""
    return name in CARRIERS and CARRIERS[name].uploads


def built_in_secret() -> str:
    """What the built-in endpoint signs with; it comes from the platform's keys."""
    return blind_index("line-endpoint", "1").hex()


def public(path: str) -> str:
    """A path as the outside knows it."""
    return f"{settings.TOCSIN_PUBLIC_URL}{path}"


def _address(call: Call, kind: str) -> str:
    token = signing.dumps([kind, call.pk, call.step], salt=_SALT)
    return public(reverse("line:go-on", args=[call.carrier, token]))
