"""Where a call stands, what can come in, and what can be asked of the house. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from tocsin.domains.line.verbs import Verb

#: The states of a call, in the order most calls meet them.
STATES = (
    "language", "notice", "trouble", "safe", "live", "statement", "read_back", "connect", "waiting",
    "follow_number", "follow_pin", "follow_menu", "addition", "silent_second", "silent_danger", "filing",
    "over",
)  # fmt: skip

Trouble = Literal["", "emergency", "safety", "fraud", "conduct", "privacy", "delivery", "else"]


class CallState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the next step depends on. Holds no secret: the number keyed in while following up is a
    reference, and the PIN is never kept here.

    Attributes:
        at: one of ``STATES``.
        back: where to go on when a second 5 does not come.
        recorded: whether the caller lets us record.
        bad: entries in a row that could not be understood.
        waits: how often the waiting caller was told their place.
        report: the report of this call, filed or opened; ``severity`` is that of the report.
    """

    at: str = "language"
    back: str = ""
    language: str = "en"
    recorded: bool = True
    silent: bool = False
    trouble: Trouble = ""
    safe: Literal["yes", "no", "unknown"] = "unknown"
    live: Literal["yes", "no", "unknown"] = "unknown"
    bad: int = 0
    waits: int = 0
    keyed_number: str = ""
    report: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of the house at the moment: severities somebody is at the desk for."""

    open_for: frozenset[str] = frozenset()


# --- what comes in ---


class Began(msgspec.Struct, frozen=True):
    """The call was answered."""


class Keys(msgspec.Struct, frozen=True):
    """Keys that were pressed; none at all when the time for them ran out."""

    digits: str = ""


class Spoke(msgspec.Struct, frozen=True):
    """A recording ended; ``key`` is what ended it."""

    key: str = ""


class LeftQueue(msgspec.Struct, frozen=True):
    """The wait is over: ``bridged`` to a specialist, or not."""

    bridged: bool = False


class WasFiled(msgspec.Struct, frozen=True):
    """Answer to ``File``."""

    report: str
    severity: str


class WasOpened(msgspec.Struct, frozen=True):
    """Answer to ``Open``: number and PIN belong together."""

    report: str
    severity: str


class NotOpened(msgspec.Struct, frozen=True):
    """Answer to ``Open``: mistyped, wrong, or too many tries."""

    why: Literal["mistyped", "wrong", "wait"]


Input = Began | Keys | Spoke | LeftQueue | WasFiled | WasOpened | NotOpened

# --- what is asked of the house ---


class File(msgspec.Struct, frozen=True):
    """File the report of this call. Answered by ``WasFiled``."""


class Open(msgspec.Struct, frozen=True):
    """Open a report by number and PIN, both as keyed. Answered by an ``WasOpened`` or ``NotOpened``."""

    number: str
    pin: str


class Consent(msgspec.Struct, frozen=True):
    """Note whether the caller lets us record."""

    given: bool


class Unsafe(msgspec.Struct, frozen=True):
    """The caller of a report that is open already is in danger: raise it to S0."""


class JoinQueue(msgspec.Struct, frozen=True):
    """Take a place in the queue."""


class CallBack(msgspec.Struct, frozen=True):
    """Promise to ring back. A place in the queue is kept."""


class ReadOut(msgspec.Struct, frozen=True):
    """Number and PIN were heard to the end; the PIN need not be kept any longer."""


Effect = File | Open | Consent | Unsafe | JoinQueue | CallBack | ReadOut


@dataclass(frozen=True, slots=True)
class Turn:
    """One step of a call: the new state, what the telephone does, what the house does."""

    state: CallState
    verbs: tuple[Verb, ...] = ()
    effects: tuple[Effect, ...] = ()
