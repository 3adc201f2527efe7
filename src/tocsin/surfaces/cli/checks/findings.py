"""What a check has found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's. ``todo`` says what to do about it; it is there whenever something is
    wrong.
    """

    state: State
    text: str
    todo: str = ""


Check = Callable[[], Iterator[Finding]]


def ok(text: str) -> Finding:
    return Finding(State.OK, text)


def note(text: str, todo: str = "") -> Finding:
    """Worth knowing, and nothing to repair."""
    return Finding(State.NOTE, text, todo)


def wrong(text: str, todo: str) -> Finding:
    return Finding(State.WRONG, text, todo)
