"""Policies, who looked at what, and the audit chains."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access import break_glass
from tocsin.core.access.check import actor_permissions
from tocsin.core.access.models import Refusal, Reveal
from tocsin.core.audit import reading
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.domains.policies import queries as policies
from tocsin.surfaces.console.desk import actor_of, page


@page("policies.view")
@require_GET
def policies_page(request: HttpRequest) -> HttpResponse:
    """The clauses in force, searchable by violation code or words."""
    text = request.GET.get("q", "").strip()
    found = policies.search(actor_of(request), text, at=timezone.now())
    return render(request, "console/policies.html", {"q": text, "clauses": found})


@page("access.view_log")
@require_GET
def access(request: HttpRequest) -> HttpResponse:
    """Reveals, refusals, and break-glass waiting for review."""
    actor = actor_of(request)
    may_review = "access.review_break_glass" in actor_permissions(actor)
    context = {
        "reveals": Reveal.objects.order_by("-at")[:100],
        "refusals": Refusal.objects.order_by("-at")[:100],
        "glasses": break_glass.to_review(actor) if may_review else [],
        "may_review": may_review,
    }
    return render(request, "console/access.html", context)


@page("access.review_break_glass")
@require_POST
def review_glass(request: HttpRequest) -> HttpResponse:
    """Say whether a use of break-glass was right."""
    try:
        break_glass.review(
            actor_of(request),
            request.POST.get("glass", ""),
            request.POST.get("outcome", ""),
            request.POST.get("note", ""),
        )
    except AccessDenied:
        raise
    except DomainError as error:
        messages.error(request, error.sentence())
    else:
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
    return render(
        request, "console/audit.html",
        {"entries": reading.entries(actor, **wanted), "anchor": reading.latest_anchor(actor), **wanted},
    )  # fmt: skip
