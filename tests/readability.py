"""How hard a text is to read.

English: the Flesch-Kincaid school grade. Spanish: the Szigriszt-Pazos scale, on which more is easier,
and 55 and more is normal for the general public.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-zÁÉÍÓÚÜÑáéíóúüñ']+")
_STOP = re.compile(r"[.!?:;]+(?:\s|$)")


def english_grade(text: str) -> float:
    words = _WORD.findall(text)
    syllables = sum(_english_syllables(word) for word in words)
    return 0.39 * len(words) / _sentences(text) + 11.8 * syllables / len(words) - 15.59


def spanish_ease(text: str) -> float:
    words = _WORD.findall(text)
    syllables = sum(_spanish_syllables(word) for word in words)
    return 206.835 - 62.3 * syllables / len(words) - len(words) / _sentences(text)


def _sentences(text: str) -> int:
    return max(1, len([part for part in _STOP.split(text) if _WORD.search(part)]))


def _english_syllables(word: str) -> int:
    plain = re.sub(r"[^a-z]", "", word.lower())
    plain = re.sub(r"(?:[^laeiouy]es|[^td]ed|[^laeiouy]e)$", "", plain) or plain
    return max(1, len(re.findall(r"[aeiouy]+", plain)))


def _spanish_syllables(word: str) -> int:
    plain = re.sub(r"qu(?=[eiéí])|gu(?=[eiéí])", "k", word.lower())
    # Two open vowels, or an accented closed one beside another vowel, are two syllables.
    plain = re.sub(r"(?<=[aeoáéó])(?=[aeoáéóíú])|(?<=[íú])(?=[aeoáéó])", "-", plain)
    return max(1, len(re.findall(r"[aeiouáéíóúü]+", plain)))
