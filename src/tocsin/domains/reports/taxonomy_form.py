"""The form of the report taxonomy: codes, the facts each needs, what happens next."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

Severity = Literal["S0", "S1", "S2", "S3", "S4"]
ReporterKind = Literal["customer", "shopper", "bystander", "store_staff", "employee", "anonymous"]
FactKind = Literal["text", "choice", "datetime", "money", "order", "person", "photo"]
Protection = Literal[
    "hold_order",
    "block_transaction",
    "hold_payout",
    "hold_refund",
    "lock_account",
    "step_up",
    "restrict_feature",
    "suspend_interim",
    "unmatch",
]

#: The languages every text is written in. English is the source.
LANGUAGES = ("en", "es")
ANYBODY: tuple[ReporterKind, ...] = (
    "customer",
    "shopper",
    "bystander",
    "store_staff",
    "employee",
    "anonymous",
)

Localised = dict[str, str]
Steps = dict[str, tuple[str, ...]]


def spoken_in(texts: dict[str, str], language: str) -> str:
    """The text in this BCP 47 language, or in English."""
    return texts.get(language.lower().split("-")[0]) or texts["en"]


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer that can be picked. ``unknown`` as a value means: asked, and not known."""

    value: str
    label: Localised


class OnlyIf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"values": "is"}):
    """A fact that is asked only after certain answers to another."""

    fact: str
    values: tuple[str, ...]


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing we ask.

    ``why`` is shown beside the question. ``weight`` is its share of the completeness. ``required`` facts are
    asked first; a missing one is a gap, never a reason to refuse a report. ``asked_by`` tells whether the
    reporter answers or the specialist codes it from what was already told.
    """

    label: Localised
    why: Localised
    kind: FactKind
    weight: int
    key: str = ""
    required: bool = False
    asked_by: Literal["reporter", "specialist"] = "reporter"
    choices: tuple[Choice, ...] = ()
    only_if: OnlyIf | None = None


class Raise(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"values": "is"}):
    """An answer that makes a report more severe: one of ``values``, or any injury (``hurt``)."""

    fact: str
    to: Severity
    because: Localised
    values: tuple[str, ...] = ()
    hurt: bool = False


class NextSteps(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the person can do ``now``, what ``we`` do, the possible ``outcomes``; sentences by language."""

    now: Steps
    we: Steps
    outcomes: Steps


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A heading of the public page."""

    id: str
    title: Localised
    text: Localised


class CodeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A code as it stands in its file; names of facts, paths and evidence are resolved on loading."""

    code: str
    severity: Severity
    desk: Literal["safety", "fraud", "conduct", "account", "privacy", "food", "delivery"]
    data_class: Literal["P2", "P3", "P4"]
    title: Localised
    text: Localised
    facts: tuple[str, ...]
    path: str
    evidence: tuple[str, ...]
    protect: tuple[Protection, ...]
    reporters: tuple[ReporterKind, ...] = ANYBODY
    restricted: bool = False
    routed: Literal["", "support", "privacy"] = ""
    raises: tuple[Raise, ...] = ()


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``taxonomy.toml``."""

    version: str
    effective: date
    groups: tuple[Group, ...]


class FactFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``facts.toml``: facts by key, and sets of keys."""

    sets: dict[str, tuple[str, ...]]
    facts: dict[str, Fact]


class PathFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``paths.toml``."""

    paths: dict[str, NextSteps]


class EvidenceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``evidence.toml``."""

    evidence: dict[str, Localised]


class CodeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of ``codes/``."""

    codes: tuple[CodeForm, ...]
