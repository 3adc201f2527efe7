"""The administrator's desk: undelivered messages, staff, keys; and everybody's purpose."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access import api_keys
from tocsin.core.access.permissions import ROLES, SCOPES
from tocsin.core.actor import PURPOSES
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.core.outbox import actions as outbox_actions
from tocsin.core.outbox import queries as outbox_queries
from tocsin.domains.staff import actions as staff_actions
from tocsin.domains.staff import queries as staff_queries
from tocsin.surfaces.console.desk import actor_of, page


@page("outbox.manage")
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """What could not be delivered, and how much waits."""
    actor = actor_of(request)
    rows = outbox_queries.dead_letters(actor, cursor=request.GET.get("cursor", ""))
    return render(request, "console/outbox.html", {"rows": rows, "backlog": outbox_queries.backlog()})


@page("outbox.manage")
@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Try a dead message again."""
    try:
        outbox_actions.resend(actor_of(request), request.POST.get("message", ""))
    except AccessDenied:
        raise
    except DomainError as error:
        messages.error(request, error.sentence())
    else:
        messages.success(request, _("It is being sent again."))
    return redirect("console:outbox")


@page("staff.manage")
@require_GET
def staff(request: HttpRequest) -> HttpResponse:
    """Staff, their roles, and API keys."""
    return _staff_page(request)


def _staff_page(request: HttpRequest, *, error: DomainError | None = None, token: str = "") -> HttpResponse:
    actor = actor_of(request)
    context = {
        "people": staff_queries.everybody(actor),
        "roles": sorted(ROLES),
        "scopes": sorted(SCOPES),
        "keys": api_keys.keys(actor),
        "problem": error,
        "values": request.POST if error else {},
        "token": token,
    }
    return render(request, "console/staff.html", context, status=422 if error else 200)


@page("staff.manage")
@require_POST
def add_staff(request: HttpRequest) -> HttpResponse:
    """Add a member of staff."""
    form = request.POST
    try:
        staff_actions.add(
            actor_of(request),
            email=form.get("email", ""),
            name=form.get("name", ""),
            roles=form.getlist("roles"),
            regions=[one.strip() for one in form.get("regions", "").split(",") if one.strip()],
            password=form.get("password") or None,
        )
    except AccessDenied:
        raise
    except DomainError as error:
        return _staff_page(request, error=error)
    messages.success(request, _("Added."))
    return redirect("console:staff")


@page("api_keys.manage")
@require_POST
def make_key(request: HttpRequest) -> HttpResponse:
    """Make a key for the marketplace's system. Its secret is shown once."""
    try:
        _key, token = api_keys.issue(
            actor_of(request), request.POST.get("name", ""), request.POST.getlist("scopes")
        )
    except AccessDenied:
        raise
    except DomainError as error:
        return _staff_page(request, error=error)
    return _staff_page(request, token=token)


@page("api_keys.manage")
@require_POST
def revoke_key(request: HttpRequest) -> HttpResponse:
    """Revoke a key. Works from the next request on."""
    try:
        api_keys.revoke(actor_of(request), request.POST.get("key", ""))
    except AccessDenied:
        raise
    except DomainError as error:
        messages.error(request, error.sentence())
    else:
        messages.success(request, _("Revoked."))
    return redirect("console:staff")


@page("policies.view")
@require_GET
def purpose(request: HttpRequest) -> HttpResponse:
    """Choose what one is working for: it is written beside everything one looks at."""
    return render(
        request, "console/purpose.html", {"purposes": PURPOSES.items(), "chosen": actor_of(request).purpose}
    )


@page("policies.view")
@require_POST
def set_purpose(request: HttpRequest) -> HttpResponse:
    """Remember the purpose for this session."""
    chosen = request.POST.get("purpose", "")
    if chosen in PURPOSES:
        request.session["purpose"] = chosen
    return redirect("console:home")
