"""The words of the line, by language, from ``data/line/prompts``. A language is a file."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import msgspec

from tocsin.domains.line.verbs import Say

#: What a sentence may be filled in with. ``pin`` is the only secret.
VALUES = frozenset(
    {
        "brand",
        "digits",
        "emergency_number",
        "next_update",
        "number",
        "opens",
        "pin",
        "place",
        "status",
        "when",
    }
)


class Prompts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language. ``status`` holds a sentence for every stage of a report."""

    version: str
    language: str
    prompts: dict[str, str]
    status: dict[str, str]


@lru_cache(maxsize=1)
def all_prompts() -> Mapping[str, Prompts]:
    """Every language by its code.

    Raises:
        ValueError: a language lacks a sentence that English has, or a sentence asks for an unknown value.
    """
    folder = files("tocsin") / "data" / "line" / "prompts"
    found = {
        one.language: one
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".toml")
        for one in [msgspec.toml.decode(path.read_bytes(), type=Prompts)]
    }
    for one in found.values():
        _check(one, found["en"])
    return found


def in_language(language: str) -> Prompts:
    """The words of a language (BCP 47), or English."""
    return all_prompts().get(language.split("-")[0].lower()) or all_prompts()["en"]


def worded(say: Say, language: str, values: Mapping[str, str]) -> tuple[str, str]:
    """The language and the sentence of a prompt, filled in. A value that is missing leaves a blank."""
    words = in_language(say.language or language)
    sentence = words.prompts[say.prompt]
    blanks = dict.fromkeys(VALUES, "")
    return words.language, " ".join(sentence.format_map({**blanks, **values}).split())


def _check(one: Prompts, english: Prompts) -> None:
    for part in ("prompts", "status"):
        mine, theirs = getattr(one, part), getattr(english, part)
        if set(mine) != set(theirs):
            raise ValueError(f"{one.language}: {sorted(set(mine) ^ set(theirs))} is not in both languages")
        for name, sentence in mine.items():
            asked = {field for _, field, _, _ in string.Formatter().parse(sentence) if field is not None}
            if asked - VALUES:
                raise ValueError(f"{one.language}: {name} asks for {sorted(asked - VALUES)}")
