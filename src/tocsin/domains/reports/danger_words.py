"""Words that may mean danger, found in what somebody wrote. They only ever raise a report.

The lists are short, open and explained: whoever reads the report sees which words were found and why they
matter.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from tocsin.domains.reports.taxonomy_form import LANGUAGES, Localised, Severity


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One list: phrases in each language, the severity they raise to, and harmless phrases around them."""

    id: str
    to: Severity
    because: Localised
    en: tuple[str, ...]
    es: tuple[str, ...]
    not_in: tuple[str, ...] = ()


class WordFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``danger_words.toml``."""

    version: str
    words: tuple[Words, ...]


class Found(msgspec.Struct, frozen=True):
    """A list that matched, with the words as they stand in the list."""

    id: str
    to: Severity
    because: Localised
    phrases: tuple[str, ...]


def find_danger(text: str, lists: tuple[Words, ...] | None = None) -> list[Found]:
    """The lists whose words stand in the text, in every language, most severe first."""
    plain = _plain(text)
    found = []
    for words in lists if lists is not None else packaged_words():
        kept = _without(plain, words.not_in)
        phrases = tuple(phrase for phrase in (*words.en, *words.es) if _pattern(phrase).search(kept))
        if phrases:
            found.append(Found(words.id, words.to, words.because, phrases))
    return sorted(found, key=lambda one: one.to)


def load_words(path: Traversable) -> tuple[Words, ...]:
    """Read the lists. ValueError for a wrong form or a reason that is not in every language."""
    lists = msgspec.toml.decode(path.read_bytes(), type=WordFile, strict=True).words
    for words in lists:
        if set(words.because) != set(LANGUAGES):
            raise ValueError(f"danger words {words.id}: the reason must be in {' and '.join(LANGUAGES)}")
    return lists


@lru_cache(maxsize=1)
def packaged_words() -> tuple[Words, ...]:
    """The lists that come with Tocsin."""
    return load_words(files("tocsin") / "data" / "taxonomy" / "danger_words.toml")


def _plain(text: str) -> str:
    """Small letters, no accents, straight apostrophes, single blanks."""
    split = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    letters = "".join(symbol for symbol in split if not unicodedata.combining(symbol))
    return " ".join(re.sub(r"[^\w']+", " ", letters).split())


def _without(plain: str, harmless: tuple[str, ...]) -> str:
    for phrase in harmless:
        plain = plain.replace(_plain(phrase), " ")
    return plain


@lru_cache(maxsize=2048)
def _pattern(phrase: str) -> re.Pattern[str]:
    open_end = phrase.endswith("*")
    return re.compile(r"\b" + re.escape(_plain(phrase)) + ("" if open_end else r"\b"))
