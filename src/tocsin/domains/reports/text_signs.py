"""Signs: concepts that stand close together in a text and point to a code. Pure, and data does the talking
(``data/triage/signs.toml``).
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from itertools import product

import msgspec

from tocsin.domains.reports.taxonomy_form import Severity
from tocsin.domains.reports.text_features import concepts_of, plain


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``near``: groups of concepts, written ``this|that``, one of each group within ``within`` words.

    ``to`` is the severity it raises to when that is more than the code's own.
    """

    code: str
    near: tuple[str, ...]
    within: int
    unless: tuple[str, ...] = ()
    to: Severity | None = None


class _SignFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    signs: tuple[Sign, ...]


class Seen(msgspec.Struct, frozen=True):
    """A sign that stands in a text, with the words that made it."""

    code: str
    words: tuple[str, ...]
    to: Severity | None = None


def find_signs(text: str) -> list[Seen]:
    """The signs in a text; a code once for each severity it is raised to."""
    words = plain(text).split()
    places: dict[str, list[tuple[int, str]]] = {}
    for at in range(len(words)):
        for size in (1, 2, 3):
            phrase = " ".join(words[at : at + size])
            for concept in concepts_of(phrase) if at + size <= len(words) else ():
                places.setdefault(concept, []).append((at, phrase))
    found: dict[tuple[str, Severity | None], Seen] = {}
    for sign in packaged_signs():
        key = (sign.code, sign.to)
        if key not in found and not any(concept in places for concept in sign.unless):
            near = _close_together(sign, places)
            if near:
                found[key] = Seen(sign.code, near, sign.to)
    return list(found.values())


@lru_cache(maxsize=1)
def packaged_signs() -> tuple[Sign, ...]:
    """The signs that come with Tocsin."""
    path = files("tocsin") / "data" / "triage" / "signs.toml"
    return msgspec.toml.decode(path.read_bytes(), type=_SignFile, strict=True).signs


#: A concept that stands in a text more often than this is looked for in its first places only.
_MOST_PLACES = 12


def _close_together(sign: Sign, places: dict[str, list[tuple[int, str]]]) -> tuple[str, ...]:
    groups = []
    for group in sign.near:
        named = sorted(place for concept in group.split("|") for place in places.get(concept, ()))
        groups.append(named[:_MOST_PLACES])
    for together in product(*groups):
        at = [place for place, _ in together]
        if len(set(at)) == len(at) and max(at) - min(at) <= sign.within:
            return tuple(phrase for _, phrase in together)
    return ()
