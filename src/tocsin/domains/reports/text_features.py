"""What the text model sees of a text: words, pairs, pieces of words, and the concepts they name. Pure.

A concept is a line of ``data/triage/concepts.toml``: words of both languages that mean the same, so that a
word which stands in no example still counts, and English examples help with Spanish texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

import msgspec

#: Pieces of words that are this many letters long, blanks at their ends included.
_PIECES = (3, 4, 5)
#: A text is read up to here, in characters: what matters is said in it, and nobody can make us read a book.
LONGEST = 6000
_LONGEST_WORD = 40


class _ConceptFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    concepts: dict[str, str]


def plain(text: str) -> str:
    """Small letters without accents, no letter more than twice in a row, numbers as 0, single blanks."""
    split = unicodedata.normalize("NFKD", text[:LONGEST].replace("’", "'")).casefold()
    letters = "".join(symbol for symbol in split if not unicodedata.combining(symbol))
    shorter = re.sub(r"(\w)\1{2,}", r"\1\1", letters)
    return " ".join(re.sub(r"[^\w']+", " ", re.sub(r"\d+", " 0 ", shorter)).split())


def features(text: str) -> Iterator[str]:
    """Every feature of a text, as often as it occurs.

    ``w:`` a word or two neighbours, ``c:`` a piece of a word, ``k:`` a concept or two that follow each other.
    """
    words = [word[:_LONGEST_WORD] for word in plain(text).split()]
    yield from (f"w:{word}" for word in words)
    yield from (f"w:{left} {right}" for left, right in pairwise(words))
    for word in words:
        padded = f" {word} "
        for size in _PIECES:
            yield from (f"c:{padded[at : at + size]}" for at in range(len(padded) - size + 1))
    named = _named(words)
    yield from (f"k:{concept}" for concept in named)
    yield from (f"k:{left} {right}" for left, right in pairwise(named) if left != right)


def _named(words: list[str]) -> list[str]:
    """The concepts in the order in which the text names them."""
    found: list[str] = []
    for at in range(len(words)):
        for size in (1, 2, 3):
            found += concepts_of(" ".join(words[at : at + size])) if at + size <= len(words) else ()
    return found


@lru_cache(maxsize=20_000)
def concepts_of(phrase: str) -> tuple[str, ...]:
    """The concepts that one word or phrase in plain form names."""
    whole, beginnings = _lexicon()
    found = list(whole.get(phrase, ()))
    for end in range(2, len(phrase) + 1):
        found += beginnings.get(phrase[:end], ())
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1)
def packaged_concepts() -> dict[str, str]:
    """The concepts that come with Tocsin: by name, their words in one line."""
    path = files("tocsin") / "data" / "triage" / "concepts.toml"
    return msgspec.toml.decode(path.read_bytes(), type=_ConceptFile, strict=True).concepts


@lru_cache(maxsize=1)
def _lexicon() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Whole words and beginnings of words, each with the concepts it names."""
    whole: dict[str, list[str]] = {}
    beginnings: dict[str, list[str]] = {}
    for concept, line in packaged_concepts().items():
        for word in line.split():
            place = beginnings if word.endswith("*") else whole
            place.setdefault(plain(word.rstrip("*")), []).append(concept)
    return whole, beginnings
