"""Reading answers: whether one was given, what was picked, whether somebody is hurt."""

from __future__ import annotations

import re

#: Asked, and the person does not know.
UNKNOWN = "unknown"

# Words that, at the beginning, say that nobody is hurt. "Not" alone is not one of them: "not good".
_NOBODY = re.compile(
    r"(no|none|nobody|nothing|not (hurt|injured)|nadie|ningun[oa]?|ningún|nada"
    r"|sin (heridos|heridas|lesiones))\b|(n/?a|0|-)\.?$",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(but|except|only|just|pero|salvo|excepto|solo|sólo)\b", re.IGNORECASE)


def given(answer: object) -> bool:
    """Whether there is an answer at all; ``False`` and ``0`` are answers, blanks and empty lists are not."""
    if isinstance(answer, str):
        return bool(answer.strip())
    if isinstance(answer, list | tuple | dict | set):
        return bool(answer)
    return answer is not None


def picked(answer: object) -> str:
    """The value of a choice in small letters; empty when there is none. True and False are yes and no."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer.strip().lower() if isinstance(answer, str) else ""


def injured(answer: object) -> bool:
    """Whether an answer about injuries says that somebody is hurt.

    The answer is free text. It counts as *nobody hurt* only when it begins with a word like "no" or "nadie"
    and takes nothing back ("no, but my hand hurts"). When in doubt somebody is hurt: the answer can only
    raise.
    """
    if isinstance(answer, bool):
        return answer
    text = picked(answer)
    if not text or text == UNKNOWN:
        return False
    return not _NOBODY.match(text) or bool(_BUT.search(text))
