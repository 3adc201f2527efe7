"""The sealed part of a report: the narrative and everything personal around it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tocsin.core.cards import cover_all
from tocsin.core.crypto.seal import open_text, seal
from tocsin.domains.reports.answers import given
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.report_input import ReportInput

FIELD = "details"
_TOLD = (
    "contact_rules",
    "injuries",
    "narrative",
    "order",
    "place",
    "police_number",
    "police_told",
    "wanted_outcome",
)


def sealed(report: Report, told: ReportInput, suggestion: dict[str, Any]) -> bytes:
    """What was told and what was read in its words, sealed under the report's key.

    JSON: {narrative, reporter: {name, phone, email, account}, on_behalf_of, place, order, injuries,
    police_told, police_number, wanted_outcome, contact_rules, facts, aggravators, suggestion}. ``order`` and
    ``account`` are as typed, whether or not we know them.
    """
    who = told.reporter
    content: dict[str, Any] = {
        "narrative": told.narrative,
        "reporter": {"name": who.name, "phone": who.phone, "email": who.email, "account": who.account},
        "on_behalf_of": told.on_behalf_of,
        "place": told.place,
        "order": told.order,
        "injuries": told.injuries,
        "police_told": told.police_told,
        "police_number": told.police_number,
        "wanted_outcome": told.wanted_outcome,
        "contact_rules": told.contact_rules,
        "facts": told.facts,
        "aggravators": told.aggravators,
        "suggestion": suggestion,
    }
    return seal(report.key_scope, FIELD, json.dumps(cover_all(content), ensure_ascii=False, default=_plain))


def opened(report: Report) -> dict[str, Any]:
    """The details. Callers have checked access.

    Raises:
        Shredded: the report's key was destroyed.
    """
    return dict(json.loads(open_text(report.key_scope, FIELD, report.details_sealed)))


def answers(report: Report) -> dict[str, Any]:
    """Every answer of a report by fact key, as completeness reads them."""
    held = opened(report)
    facts: dict[str, Any] = dict(held["facts"])
    told = {key: held[key] for key in _TOLD} | {
        "access_needs": report.access_mode,
        "language": report.language,
        "occurred_at": report.occurred_at,
        "reporter_role": report.reporter_kind if report.reporter_kind != "anonymous" else "",
        "safe_now": report.safe_now,
    }
    return facts | {key: value for key, value in told.items() if given(value)}


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value)
