"""The sentences that are the same in every call. Only these are kept as sound: everything else may name a
report, a place in the queue or a PIN, and is spoken for one caller and forgotten."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import NamedTuple

from tocsin.domains.line.prompts import all_prompts, worded
from tocsin.domains.line.verbs import Say

_OF_THE_HOUSE = frozenset({"brand", "emergency_number"})


class Sentence(NamedTuple):
    """``version`` is that of the prompts of its language."""

    language: str
    text: str
    version: str


def lasting_sentences(brand: str, emergency_number: str) -> Iterator[Sentence]:
    """Every sentence that depends on the house only, in the order of the prompts, English first."""
    values = {"brand": brand, "emergency_number": ", ".join(emergency_number)}
    for words in sorted(all_prompts().values(), key=lambda one: one.language != "en"):
        for name, sentence in words.prompts.items():
            asked = {field for _, field, _, _ in string.Formatter().parse(sentence) if field is not None}
            if asked <= _OF_THE_HOUSE:
                yield Sentence(*worded(Say(name), words.language, values), words.version)
