"""Policies, who looked at what, and the audit chains."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access import break_glass, refusals, reveals
from tocsin.core.access.check import actor_permissions
from tocsin.core.access.permissions import PERMISSIONS
from tocsin.core.actor import PURPOSES
from tocsin.core.audit import reading
from tocsin.core.audit.pulse import anchored_at
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.domains.cases import queries as cases
from tocsin.domains.people import queries as people
from tocsin.domains.policies import queries as policies
from tocsin.domains.policies.forms import Step
from tocsin.domains.policies.models import Clause
from tocsin.domains.policies.text import action_table
from tocsin.domains.reports.taxonomy import current as taxonomy
from tocsin.domains.reports.taxonomy_form import spoken_in
from tocsin.domains.staff import queries as staff
from tocsin.surfaces.console import words
from tocsin.surfaces.console.desk import actor_of, page

_REFUSED = {
    "role": lazy("not in their role"),
    "purpose": lazy("not for that purpose"),
    "walled_off": lazy("kept apart from it"),
    "region": lazy("another region"),
    "assignment": lazy("not given to them"),
    "class": lazy("too sensitive for their role"),
    "own": lazy("their own work"),
    "export_cap": lazy("more than a day's worth"),
}


@page("policies.view")
@require_GET
def policies_page(request: HttpRequest) -> HttpResponse:
    """The clauses in force, searchable by violation code or words."""
    text = request.GET.get("q", "").strip()
    found = policies.search(actor_of(request), text, at=timezone.now())
    ordered = sorted(found, key=lambda clause: (clause.version_id, _place(clause.clause_id)))
    groups = [
        (_version(version), [_clause(clause) for clause in held])
        for version, held in groupby(ordered, key=lambda clause: clause.version)
    ]
    return render(request, "console/policies.html", {"q": text, "groups": groups, "count": len(found)})


def _place(clause_id: str) -> tuple[str, list[int]]:
    """``C1.10`` comes after ``C1.9``."""
    letters = clause_id.rstrip("0123456789.")
    return letters, [int(part) for part in clause_id[len(letters) :].split(".") if part.isdigit()]


def _version(version: Any) -> dict[str, Any]:
    label = spoken_in(version.title, get_language() or "en")
    return {"id": version.pk, "label": label, "since": version.effective_from}


def _clause(clause: Clause) -> dict[str, Any]:
    entry = taxonomy().find(clause.violation_code)
    form = policies.machine_form(clause)
    ladder = " → ".join(_rung(step) for step in form.ladder.rungs())
    code = spoken_in(entry.title, get_language() or "en") if entry else clause.violation_code
    return {"row": clause, "code": code, "ladder": ladder}


def _rung(step: Step) -> str:
    label = action_table().kind(step.action).label["en"].lower()
    if not step.days:
        return label
    days = ngettext("%(n)s day", "%(n)s days", step.days) % {"n": step.days}
    return f"{label} ({days})"


@page("access.view_log")
@require_GET
def access(request: HttpRequest) -> HttpResponse:
    """Reveals, refusals, and break-glass waiting for review."""
    return _access(request)


def _access(request: HttpRequest, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    may_review = "access.review_break_glass" in actor_permissions(actor)
    looks, refused = reveals.latest(actor), refusals.refusals(actor)
    glasses = break_glass.to_review(actor) if may_review else []
    names = staff.names(
        {look.actor for look in looks}
        | {refusal.actor for refusal in refused}
        | {f"staff:{glass.staff_id}" for glass in glasses}
    )
    known = (
        cases.references(actor, cases=[glass.object_id for glass in glasses])
        if glasses and "cases.view" in actor_permissions(actor)
        else {}
    )
    accounts = people.known_as(actor, {look.object_id for look in looks})
    context = {
        "reveals": [
            {
                "row": look,
                "who": names.get(look.actor, look.actor),
                "field": words.plain(look.field),
                "whose": _whose(look, accounts),
                "purpose": PURPOSES.get(look.purpose, look.purpose),
            }
            for look in looks
        ],
        "refusals": [
            {
                "row": row,
                "who": names.get(row.actor, row.actor),
                "wanted": PERMISSIONS.get(row.permission, row.permission),
                "reason": _REFUSED.get(row.reason, row.reason),
            }
            for row in refused
        ],
        "glasses": [
            {
                "glass": glass,
                "who": names.get(f"staff:{glass.staff_id}", glass.staff_id),
                "case": known.get(glass.object_id, ""),
            }
            for glass in glasses
        ],
        "may_review": may_review,
        "problem": error,
        "failed": request.POST.get("glass", "") if error else "",
        "values": request.POST if error else {},
    }
    return render(request, "console/access.html", context, status=422 if error else 200)


def _whose(look: reveals.Look, accounts: dict[str, tuple[str, str]]) -> str:
    role, ident = accounts.get(look.object_id, ("", ""))
    return f"{words.kind(role)} {ident}" if role else look.object_id


@page("access.review_break_glass")
@require_POST
def review_glass(request: HttpRequest) -> HttpResponse:
    """Say whether a use of break-glass was right."""
    form = request.POST
    try:
        break_glass.review(
            actor_of(request), form.get("glass", ""), form.get("outcome", ""), form.get("note", "")
        )
    except AccessDenied:
        raise
    except DomainError as error:
        return _access(request, error)
    messages.success(request, _("Your review is recorded."))
    return redirect("console:access")


@page("audit.verify")
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """The latest entries, and how the chains stand."""
    actor = actor_of(request)
    wanted: dict[str, Any] = {
        name: request.GET.get(name, "").strip() for name in ("actor", "verb", "object_id")
    }
    entries = reading.entries(actor, **wanted)
    names = staff.names({entry.actor for entry in entries})
    context = {
        "entries": [
            {"entry": entry, "who": names.get(entry.actor) or _who(entry.actor)} for entry in entries
        ],
        "anchor": reading.latest_anchor(actor),
        "intact_at": anchored_at(),
        "wanted": wanted,
        "searching": any(wanted.values()),
    }
    return render(request, "console/audit.html", context)


def _who(ref: str) -> str:
    kind, _sep, name = ref.partition(":")
    kinds = {"system": _("Tocsin"), "api_key": _("Key"), "reporter": _("Reporter"), "party": _("Person")}
    return f"{kinds.get(kind, kind)} {name}"
