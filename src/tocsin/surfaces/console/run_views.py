"""The administrator's desk: undelivered messages, staff, keys; and everybody's purpose."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
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
from tocsin.domains.staff.models import Staff
from tocsin.surfaces.console import words
from tocsin.surfaces.console.desk import actor_of, page
from tocsin.surfaces.console.own_keys_views import revoked

_PAGE = 50
#: Purposes of systems and of people who follow their own matter.
_NOT_FOR_STAFF = frozenset({"integration", "self_service"})


@page("outbox.manage")
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """What could not be delivered, and how much waits."""
    cursor = request.GET.get("cursor", "")
    rows = outbox_queries.dead_letters(actor_of(request), cursor=cursor, limit=_PAGE + 1)
    backlog = outbox_queries.backlog()
    context = {
        "rows": rows[:_PAGE],
        "backlog": backlog,
        "dead": sum(backlog.dead.values()),
        "waiting": sum(backlog.pending.values()),
        "kinds": ", ".join(f"{count} {kind}" for kind, count in sorted(backlog.pending.items())),
        "next_url": f"?cursor={rows[_PAGE - 1].pk}" if len(rows) > _PAGE else "",
    }
    return render(request, "console/outbox.html", context)


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


def _staff_page(
    request: HttpRequest, *, error: DomainError | None = None, about: str = "", token: str = ""
) -> HttpResponse:
    actor = actor_of(request)
    form = request.POST if error else QueryDict()
    # two forms on this page have a name
    own = "key_" if about == "key" else ""
    errors = {f"{own}{name}" if name == "name" else name: said for name, said in _fields(error).items()}
    context = {
        "people": [_person(row) for row in staff_queries.everybody(actor)],
        "roles": [(role, words.role(role)) for role in sorted(ROLES)],
        "scopes": sorted(SCOPES),
        "keys": api_keys.keys(actor),
        "problem": error,
        "about": about,
        "errors": errors,
        "values": {f"{own}{name}": form[name] for name in form if name != "password"},
        "chosen": form.getlist("roles") + form.getlist("scopes"),
        "token": token,
    }
    return render(request, "console/staff.html", context, status=422 if error else 200)


def _fields(error: DomainError | None) -> dict[str, str]:
    return dict(error.fields) if error else {}


def _person(row: Staff) -> dict[str, Any]:
    regions = _("everywhere") if "*" in row.regions else ", ".join(row.regions)
    return {"row": row, "roles": [words.role(role) for role in row.roles], "regions": regions}


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
        return _staff_page(request, error=error, about="staff")
    messages.success(request, _("Added."))
    return redirect("console:staff")


@page("api_keys.manage")
@require_POST
def make_key(request: HttpRequest) -> HttpResponse:
    """Make a key for the marketplace's system. Its secret is shown once."""
    form = request.POST
    try:
        _key, token = api_keys.issue(actor_of(request), form.get("name", ""), form.getlist("scopes"))
    except AccessDenied:
        raise
    except DomainError as error:
        return _staff_page(request, error=error, about="key")
    return _staff_page(request, token=token)


@page("api_keys.manage")
@require_POST
def revoke_key(request: HttpRequest) -> HttpResponse:
    """Revoke a key. Works from the next request on."""
    return revoked(request, "console:staff")


@page("policies.view")
@require_GET
def purpose(request: HttpRequest) -> HttpResponse:
    """Choose what one is working for: it is written beside everything one looks at."""
    in_dialog = bool(request.headers.get("HX-Request"))
    came_from = request.headers.get("HX-Current-URL") or request.META.get("HTTP_REFERER", "")
    context = {
        "purposes": [(key, said) for key, said in PURPOSES.items() if key not in _NOT_FOR_STAFF],
        "chosen": actor_of(request).purpose,
        "next": urlsplit(came_from).path,
    }
    return render(request, f"console/{'forms/' if in_dialog else ''}purpose.html", context)


@page("policies.view")
@require_POST
def set_purpose(request: HttpRequest) -> HttpResponse:
    """Remember the purpose for this session, and go back to where it was chosen."""
    chosen = request.POST.get("purpose", "")
    if chosen in PURPOSES and chosen not in _NOT_FOR_STAFF:
        request.session["purpose"] = chosen
        messages.success(request, _("You now work for: %(purpose)s.") % {"purpose": PURPOSES[chosen]})
    back = request.POST.get("next", "")
    ours = back.startswith("/console/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if ours else reverse("console:home"))
