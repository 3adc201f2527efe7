"""Names of invented people, in the scripts and orders their owners would use."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from simulator.places import data

MAIL_DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True, slots=True)
class Name:
    """A full name and the language its bearer wants to be addressed in (BCP 47)."""

    full: str
    language: str


@cache
def _cultures() -> tuple[list[dict[str, Any]], list[int]]:
    cultures = data("names.json")["cultures"]
    return cultures, [culture["weight"] for culture in cultures]


def draw(rng: random.Random) -> Name:
    """A random name; people whose culture speaks another language use it, or English, as data says."""
    cultures, weights = _cultures()
    culture = rng.choices(cultures, weights)[0]
    parts = {"given": rng.choice(culture["given"]), "family": rng.choice(culture["family"])}
    full = culture.get("joiner", " ").join(parts[word] for word in culture["order"].split())
    own = rng.random() < culture["own_language"]
    return Name(full=full, language=culture["language"] if own else "en")


def mailbox(name: str, unique: str) -> str:
    """An address in a reserved domain. Names without Latin letters get a plain word, as people do."""
    folded = unicodedata.normalize("NFKD", name.lower().replace("đ", "d"))
    latin = "".join(c if c.isascii() and c.isalnum() else "." if c in " -'" else "" for c in folded)
    local = ".".join(part for part in latin.split(".") if part) or "home"
    return f"{local}.{unique}@{MAIL_DOMAINS[sum(unique.encode()) % len(MAIL_DOMAINS)]}"
