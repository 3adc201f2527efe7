"""Why a report has its severity and codes. What rules found stands open; what a person wrote is sealed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

from tocsin.core.cards import cover_cards
from tocsin.core.crypto.seal import Sealed, open_many, seal
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.taxonomy_form import Localised, spoken_in

#: A person raised or lowered it; a person gave it other codes.
BY_PERSON, RECODED = "person", "recoded"


@dataclass(frozen=True, slots=True)
class Reason:
    """One step: which rule, the severity it asked for, in words, and what it found or who it was."""

    rule: str
    severity: str
    text: str | None
    detail: tuple[str, ...]


def add(report: Report, rule: str, severity: str, why: str, by: str) -> None:
    """Note a person's reason for a severity on a locked report, which the caller saves."""
    place = len(report.severity_reasons)
    sealed = b64encode(seal(report.key_scope, _field(place), cover_cards(why))).decode()
    entry = {"rule": rule, "severity": severity, "sealed": sealed, "detail": [by]}
    report.severity_reasons = [*report.severity_reasons, entry]


def add_rule(report: Report, rule: str, severity: str, text: Localised, detail: tuple[str, ...] = ()) -> None:
    """Note what a rule found later on a locked report, which the caller saves."""
    entry = {"rule": rule, "severity": severity, "text": text, "detail": list(detail)}
    report.severity_reasons = [*report.severity_reasons, entry]


def opened(report: Report, language: str = "en") -> list[Reason]:
    """All reasons, oldest first. Callers have checked access. ``text`` is None when it was erased."""
    entries = report.severity_reasons
    values = [
        Sealed(report.key_scope, _field(place), b64decode(entry["sealed"])) if "sealed" in entry else None
        for place, entry in enumerate(entries)
    ]
    texts = iter(open_many(value for value in values if value is not None))
    return [
        Reason(
            entry["rule"],
            entry["severity"],
            next(texts) if value is not None else spoken_in(entry["text"], language),
            tuple(entry["detail"]),
        )
        for entry, value in zip(entries, values, strict=True)
    ]


def _field(place: int) -> str:
    return f"reason:{place}"
