"""Finding phrases, links and phone numbers in a message, in time proportional to its length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

GAP: Final = "…"
GAP_WORDS: Final = 5

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LINK: Final = re.compile(r"https?://\S|\bwww\.\S|\b[a-z0-9-]{2,63}\.[a-z]{2,24}/\S", re.IGNORECASE)
_PHONE: Final = re.compile(r"(?<![\d$])(?:\+?\d[\s().-]{0,2}){9,14}\d(?!\d)")


def words(text: str) -> list[str]:
    """Lower-case words without accents, invisible characters or fancy letter forms."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return _WORD.findall("".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf")))


def shows_link(text: str) -> bool:
    """A web address somebody could follow."""
    return _LINK.search(text) is not None


def shows_phone_number(text: str) -> bool:
    """Ten to fifteen digits written as one number."""
    return _PHONE.search(unicodedata.normalize("NFKC", text)) is not None


class Phrases:
    """Whole words in order; "…" stands for nothing up to five words: "send … code"."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, list[list[str]]]]] = {}
        for phrase in phrases:
            parts = [part for part in map(words, phrase.split(GAP)) if part]
            if parts:
                self._by_first.setdefault(parts[0][0], []).append((phrase, parts))

    def find(self, text: list[str]) -> str | None:
        """The first phrase of the list that the words contain, by place in the text."""
        for start, word in enumerate(text):
            for phrase, parts in self._by_first.get(word, ()):
                if _matches(text, start, parts):
                    return phrase
        return None


def _matches(text: list[str], start: int, parts: list[list[str]]) -> bool:
    """Follow every place where the parts so far can end: at most one more per word of a gap."""
    ends = {start + len(parts[0])} if text[start : start + len(parts[0])] == parts[0] else set()
    for part in parts[1:]:
        ends = {
            at + len(part)
            for end in ends
            for at in range(end, min(end + GAP_WORDS, len(text)) + 1)
            if text[at : at + len(part)] == part
        }
    return bool(ends)
