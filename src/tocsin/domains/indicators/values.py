"""The values an indicator points at: their kinds, one spelling for each, and how they are shown. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tocsin.core.cards import cover_cards, holds_card_number
from tocsin.core.crypto.masks import mask, mask_email, mask_phone
from tocsin.core.crypto.normal import CardNumber, normal_card_fingerprint, normal_email, normal_phone

MAX_VALUE: Final = 1000  # characters
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
_ANY_EMAIL: Final = re.compile(r"[^\s<>()\"',;:]+@[^\s<>()\"',;:]+")
_ANY_PHONE: Final = re.compile(r"\+?\(?\d[\d ().-]{5,20}\d")
_BIN: Final = re.compile(r"\d{6,8}")
#: A network wider than this says nothing about anybody in it.
_WIDEST: Final = {4: 8, 6: 19}


class Unusable(ValueError):
    """This is no value of its kind; the message says why."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value in its normal spelling."""

    kind: str
    text: str


def value(kind: str, text: str) -> Value:
    """A value of a kind, as one spells it here. An address with a prefix becomes a network, and a network of
    one address an address.

    Raises:
        Unusable: it is none, or it is a full card number, which is never taken in.
    """
    if not text.strip() or len(text) > MAX_VALUE or any(ord(sign) < 32 for sign in text):
        raise Unusable(f"a value has 1 to {MAX_VALUE} characters, and no control characters")
    if kind in _NETWORK_KINDS:
        return _network(text.strip())
    return Value(kind, _NORMAL[kind](text.strip()))


def masked(kind: str, text: str) -> str:
    """As it is shown: what points at a person is masked."""
    return _MASKS.get(kind, str)(text)


def covered(text: str, values: Iterable[Value]) -> str:
    """A name or label as it may be kept in clear: card numbers, e-mail addresses, and those of ``values``
    that point at a person are masked in it. Feeds like to call an indicator by its value."""
    text = _ANY_EMAIL.sub(lambda found: mask_email(found[0]), cover_cards(text))
    for one in values:
        if one.kind == "phone":
            text = _without_phone(text, one.text)
        elif one.kind in PERSONAL and one.text.casefold() in text.casefold():
            shown = masked(one.kind, one.text)
            text = re.sub(re.escape(one.text), shown.replace("\\", r"\\"), text, flags=re.IGNORECASE)
    return text


def _without_phone(text: str, number: str) -> str:
    """However it is spaced, with its country or without."""

    def shown(found: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", found[0])
        return mask_phone(number) if number.endswith(digits) else found[0]

    return _ANY_PHONE.sub(shown, text)


def _network(text: str) -> Value:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Unusable("this is no network address") from None
    if network.prefixlen < _WIDEST[network.version]:
        raise Unusable(f"a network as wide as /{network.prefixlen} says nothing about anybody in it")
    if network.num_addresses > 1:
        return Value("network", str(network))
    return Value(f"ipv{network.version}", str(network.network_address))


def _domain(text: str) -> str:
    host = text.casefold().rstrip(".")
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        raise Unusable("this is no domain name") from None
    if not _HOST.fullmatch(host):
        raise Unusable("this is no domain name")
    return host


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise Unusable("this is no web address") from None
    if parts.scheme.casefold() not in ("http", "https") or not host:
        raise Unusable("this is no web address")
    return parts._replace(scheme=parts.scheme.casefold(), netloc=parts.netloc.casefold()).geturl()


def _email(text: str) -> str:
    address = normal_email(text)
    if address is None or "." not in address.rpartition("@")[2]:
        raise Unusable("this is no e-mail address")
    return address


def _phone(text: str) -> str:
    number = normal_phone(text)
    if number is None:
        raise Unusable("this is no telephone number")
    return number


def _card(text: str) -> str:
    try:
        fingerprint = normal_card_fingerprint(text)
    except CardNumber:
        raise Unusable("this is a full card number, which is never taken in") from None
    return fingerprint or ""


def _bin(text: str) -> str:
    if not _BIN.fullmatch(text):
        raise Unusable("a card's issuer number has 6 to 8 digits")
    return text


def _opaque(text: str) -> str:
    if holds_card_number(text):
        raise Unusable("this holds a full card number, which is never taken in")
    return text


_NETWORK_KINDS: Final = frozenset({"ipv4", "ipv6", "network"})
_NORMAL: Final[dict[str, Callable[[str], str]]] = {
    "bin": _bin,
    "card": _card,
    "device": _opaque,
    "domain": _domain,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "user_agent": _opaque,
}
KINDS: Final = tuple(sorted({*_NETWORK_KINDS, *_NORMAL}))
#: Kinds that point at a person, and how they are masked.
_MASKS: Final[dict[str, Callable[[str], str]]] = {
    "card": lambda text: mask(text, keep_last=4),
    "device": lambda text: mask(text, keep_last=4),
    "email": mask_email,
    "phone": mask_phone,
}
PERSONAL: Final = frozenset(_MASKS)
