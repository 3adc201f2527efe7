"""How a report number is said aloud, in English and Spanish.

Letters get a word, digits are announced as digits, so that "one" is never heard as "won" nor "zero" as the
letter O.
"""

from __future__ import annotations

from tocsin.core.ids.report_number import parse_report_number

_ENGLISH_LETTERS = (
    "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November Oscar Papa "
    "Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
)
_SPANISH_LETTERS = (
    "Antonio Barcelona Carmen Dolores España Francia Granada Historia Inés José Kilo Lima México Navarra "
    "Oviedo París Querétaro Roma Sábado Toledo Uruguay Valencia Washington Xilófono Yucatán Zaragoza"
)
_ENGLISH_DIGITS = "zero one two three four five six seven eight nine"
_SPANISH_DIGITS = "cero uno dos tres cuatro cinco seis siete ocho nueve"

_LETTER_WORDS = {"en": _ENGLISH_LETTERS.split(), "es": _SPANISH_LETTERS.split()}
_DIGIT_WORDS = {"en": _ENGLISH_DIGITS.split(), "es": _SPANISH_DIGITS.split()}
_LETTER_PHRASE = {"en": "{letter} as in {word}", "es": "{letter} de {word}"}
_DIGIT_PHRASE = {"en": "digit {word}", "es": "dígito {word}"}


def spoken_groups(number: str, language: str = "en") -> list[list[str]]:
    """The phrases of each group between the hyphens, so that a voice can pause between groups.

    ``language`` is a BCP 47 tag; anything that is not Spanish is said in English. The first group is the
    prefix.
    """
    tongue = "es" if language.lower().split("-")[0] == "es" else "en"
    return [[_phrase(symbol, tongue) for symbol in group] for group in parse_report_number(number).split("-")]


def spoken(number: str, language: str = "en") -> str:
    """The number as one line of text: commas inside a group, a full stop after each."""
    return " ".join(", ".join(group) + "." for group in spoken_groups(number, language))


def _phrase(symbol: str, tongue: str) -> str:
    if symbol.isdigit():
        return _DIGIT_PHRASE[tongue].format(word=_DIGIT_WORDS[tongue][int(symbol)])
    word = _LETTER_WORDS[tongue][ord(symbol) - ord("A")]
    return _LETTER_PHRASE[tongue].format(letter=symbol, word=word)
