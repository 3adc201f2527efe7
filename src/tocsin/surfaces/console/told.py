"""What people told us and what rules saw, for the case page: reports, alerts, and both sides next to each
other when both wrote something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tocsin.core.access.check import actor_permissions, allows
from tocsin.core.actor import Actor
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.models import Case, CaseReport
from tocsin.domains.detection import activity
from tocsin.domains.detection.models import Alert
from tocsin.domains.reports import queries, reasons
from tocsin.domains.reports.models import Report
from tocsin.domains.reports.taxonomy import current as taxonomy
from tocsin.domains.reports.taxonomy_form import spoken_in
from tocsin.surfaces.console import words


def report_links(case: Case) -> list[CaseReport]:
    """The reports of a case, oldest first."""
    rows = case.report_links.select_related("report__reporter_account", "report__subject_account")
    return list(rows.order_by("added_at"))


def reports(actor: Actor, case: Case, links: Sequence[CaseReport]) -> list[dict[str, Any]]:
    """Reports with their words, or covered for those who may not read them yet."""
    return [_report(actor, case, link.report) for link in links]


def _report(actor: Actor, case: Case, report: Report) -> dict[str, Any]:
    scope = scope_of(actor, case, report.data_class)
    shown: dict[str, Any] = {
        "row": report,
        "by": report.reporter_account_id,
        "who": words.plain(report.reporter_kind),
        "channel": words.CHANNELS.get(report.channel, report.channel),
        "codes": [_code(code) for code in report.alleged_codes],
        "found": [_code(code) for code in report.found_codes],
        "readable": allows(actor, "reports.view", scope),
        "narrative": None,
        "messages": [],
        "reasons": [],
        "suggested": None,
        "gaps": [],
    }
    if shown["readable"]:
        opened = queries.opened(actor, report, scope)
        facts = taxonomy().facts
        shown |= {
            "narrative": opened.details.get("narrative", ""),
            "messages": opened.messages,
            "reasons": [one.text for one in reasons.opened(report, _language()) if one.text],
            "suggested": _suggested(opened.details.get("suggestion")),
            "gaps": [spoken_in(facts[key].label, _language()) for key in opened.gaps if key in facts],
        }
    return shown


def _suggested(suggestion: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the reader of texts thought, with the words behind it; None for a report from before it."""
    if suggestion is None:
        return None
    behind = (word for reason in suggestion["reasons"] for word in _words(reason))
    return {
        "codes": [_code(code) for code in suggestion["codes"]],
        "severity": suggestion["severity"],
        "percent": round(100 * suggestion["confidence"]),
        "unclear": suggestion["unclear"],
        "words": list(dict.fromkeys(behind)),
    }


def _words(reason: dict[str, Any]) -> list[str]:
    """The words of a reason; that of several grave codes together names codes."""
    return [] if reason["rule"] == "model:grave" else reason["detail"]


def _language() -> str:
    return get_language() or "en"


def _code(code: str) -> dict[str, str]:
    entry = taxonomy().find(code)
    return {"code": code, "title": spoken_in(entry.title, _language()) if entry else words.plain(code)}


def alerts(actor: Actor, case: Case) -> list[dict[str, Any]]:
    """Why the case was flagged: each alert with its reasons and the values they were based on."""
    if "alerts.view" not in actor_permissions(actor):
        return []
    rows = [link.alert for link in case.alert_links.select_related("alert").order_by("added_at")]
    scope = scope_of(actor, case, "P3")
    read = allows(actor, "entities.view", scope)
    said = activity.words_behind(actor, rows, scope) if read else {}
    return [_alert(row, said.get(row.pk, []), read=read) for row in rows]


def _alert(row: Alert, said: list[activity.Said], *, read: bool) -> dict[str, Any]:
    own = [reason for reason in row.reasons if reason.get("rule") == row.rule] or row.reasons
    return {
        "row": row,
        "label": words.plain(row.rule),
        "open": row.state in Alert.OPEN_STATES,
        "said": said,
        "covered": not read and any("text" in reason["values"] for reason in own),
        "reasons": [
            {
                "text": reason["text"],
                "values": [
                    words.value(name, held, row.currency)
                    for name, held in reason["values"].items()
                    if name not in ("text", "sender")
                ],
            }
            for reason in own
        ],
    }


def voices(
    sides: list[dict[str, Any]], told: list[dict[str, Any]], flagged: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Both sides in their own words, the reporter first; empty unless at least two sides wrote something."""
    found = [voice for side in sides if (voice := _voice(side, told, flagged))["words"]]
    unknown = [one for one in told if one["by"] is None and one["narrative"]]
    if unknown:
        found.insert(0, {"side": None, "title": unknown[0]["who"], "words": [_line(one) for one in unknown]})
    order = {"reporter": 0, "affected": 1, "witness": 2, "subject": 3}
    found.sort(key=lambda voice: order[voice["side"]["part"]] if voice["side"] else -1)
    return found if len(found) > 1 else []


def _voice(side: dict[str, Any], told: list[dict[str, Any]], flagged: list[dict[str, Any]]) -> dict[str, Any]:
    account = side["account"]
    lines = [_line(one) for one in told if one["by"] == account.pk and one["narrative"]]
    seen = {
        said.seq: {"text": said.text, "at": said.at, "where": _("in a message")}
        for one in flagged
        for said in one["said"]
        if said.text and (said.kind, said.id) == (account.role, account.external_id)
    }
    lines += seen.values()
    lines.sort(key=lambda line: line["at"])
    return {"side": side, "title": ", ".join(side["parts"]), "words": lines}


def _line(one: dict[str, Any]) -> dict[str, Any]:
    return {"text": one["narrative"], "at": one["row"].received_at, "where": one["row"].number}
