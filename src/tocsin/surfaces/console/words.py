"""Readable words for what the database calls by names: values, kinds of things, clocks, identifiers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from tocsin.surfaces.ui import formatting

_WINDOW = re.compile(r"_(\d+)(s|m|h|d)$")
_NAME = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
#: Endings of value names that are units, and how such a number is said.
_UNITS = {"kmh": "%s km/h", "metres": "%s m", "m": "%s m", "km": "%s km", "share": "%s %%", "s": "%s s"}
#: What a value is about, when its name begins with it; the words follow in brackets.
_ABOUT = ("customer", "shopper", "device", "card", "ip", "address", "pair", "order")
_ABOUT_WORDS = {"ip": "IP address"}
_PLAIN = {
    "text": lazy("Message"),
    "after_minor": lazy("After"),
    "before_minor": lazy("Before"),
    "denied_deliveries_30d": lazy("Deliveries said not to have arrived (30 d)"),
    "mock": lazy("Location made up"),
    "accuracy_m": lazy("Accuracy of the location"),
}

KINDS: dict[str, str | Promise] = {
    "address": lazy("Address"),
    "card": lazy("Card"),
    "case": lazy("Case"),
    "customer": lazy("Customer"),
    "device": lazy("Device"),
    "ip": lazy("IP address"),
    "order": lazy("Order"),
    "pair": lazy("Pair"),
    "payment_instrument": lazy("Card"),
    "payout": lazy("Payout account"),
    "payout_account": lazy("Payout account"),
    "phone": lazy("Phone"),
    "session": lazy("Session"),
    "shopper": lazy("Shopper"),
    "store": lazy("Store"),
}

#: Roles whose names are not words.
_ROLES = {"le_liaison": lazy("Law-enforcement liaison")}

CLOCKS: dict[str, str | Promise] = {
    "acknowledge": lazy("Acknowledge"),
    "decide": lazy("Decide"),
    "limit": lazy("Latest day to decide"),
    "owner": lazy("Somebody owns it"),
    "protect": lazy("People are protected"),
    "update": lazy("Next word to the reporter"),
}

NOTICES: dict[str, str | Promise] = {
    "appeal_outcome": lazy("Answer to the appeal"),
    "no_breach": lazy("No breach found"),
    "outcome": lazy("Outcome"),
    "protective_action": lazy("Protective measure"),
    "reversal": lazy("Decision reversed"),
    "statement_of_reasons": lazy("Statement of reasons"),
}

CHANNELS: dict[str, str | Promise] = {
    "api": lazy("through the app"),
    "email": lazy("by e-mail"),
    "phone": lazy("by phone"),
    "sms": lazy("by SMS"),
    "web": lazy("on the web"),
    "console": lazy("by staff"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value behind a reason: what it is, and how much. ``covered`` when it is not shown."""

    label: str
    shown: str
    covered: bool = False


def plain(name: str) -> str:
    """A name of ours as words: ``card_testing`` is ``Card testing``."""
    return name.replace("_", " ").replace(".", " ").strip().capitalize()


def role(name: str) -> str:
    """A role, in words."""
    return str(_ROLES.get(name, plain(name)))


def spelled(sentence: str) -> str:
    """A sentence of ours with names like ``card_testing`` in it spelled as words."""
    return _NAME.sub(lambda found: found[0].replace("_", " "), sentence)


def kind(name: str) -> str:
    """A kind of thing, in words."""
    return str(KINDS.get(name, plain(name)))


def value(name: str, held: Any, currency: str = "") -> Value:
    """A value by its name in the rules, in words and with its unit."""
    return Value(_label(name), _shown(name, held, currency), covered=held == "covered")


def _label(name: str) -> str:
    if name in _PLAIN:
        return str(_PLAIN[name])
    window = _WINDOW.search(name)
    stem = name[: window.start()] if window else name
    about = next((one for one in _ABOUT if stem.startswith(f"{one}_")), "")
    words = stem.removeprefix(f"{about}_").removesuffix("_minor")
    words = re.sub(rf"_({'|'.join(_UNITS)})$", "", words) if "_" in words else words
    said = ", ".join(
        part
        for part in (_ABOUT_WORDS.get(about, about), f"{window[1]} {window[2]}" if window else "")
        if part
    )
    return f"{plain(words)} ({said})" if said else plain(words)


def _shown(name: str, held: Any, currency: str) -> str:
    if isinstance(held, bool):
        return str(_("yes") if held else _("no"))
    if not isinstance(held, int | float):
        return str(held).replace("_", " ")
    if name.endswith("_minor"):
        return formatting.money(int(held), currency or "USD")
    number = number_format(round(held, 2), use_l10n=True, force_grouping=True)
    if name.endswith("_age") or "_since_" in name:
        return formatting.span(held)
    unit = next((words for ending, words in _UNITS.items() if name.endswith(f"_{ending}")), "")
    return unit % number if unit else number


def short(ident: str) -> str:
    """An identifier as it fits under a dot: the whole of a short one, else the part that tells it apart."""
    if len(ident) <= 8:
        return ident
    tail = re.split(r"[-_:.]", ident)[-1]
    return tail[-6:] if len(tail) > 1 else ident[-6:]
