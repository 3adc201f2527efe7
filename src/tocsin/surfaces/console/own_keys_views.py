"""Everybody's own API keys: each speaks for the person who made it, with their rights and no more."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access import api_keys
from tocsin.core.access.permissions import SCOPES, SYSTEM_SCOPES
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.surfaces.console.desk import actor_of, page


@page("policies.view")
@require_GET
def own_keys(request: HttpRequest) -> HttpResponse:
    """The keys one has made, and a form for another."""
    return _keys_page(request)


@page("policies.view")
@require_POST
def make_own_key(request: HttpRequest) -> HttpResponse:
    """Make a key that speaks for oneself. Its secret is shown once."""
    actor, form = actor_of(request), request.POST
    try:
        _key, token = api_keys.issue(actor, form.get("name", ""), form.getlist("scopes"), staff_id=actor.id)
    except AccessDenied:
        raise
    except DomainError as error:
        return _keys_page(request, error=error)
    return _keys_page(request, token=token)


@page("policies.view")
@require_POST
def revoke_own_key(request: HttpRequest) -> HttpResponse:
    """Revoke a key of one's own. Works from the next request on."""
    return revoked(request, "console:own_keys")


def revoked(request: HttpRequest, back: str) -> HttpResponse:
    """Revoke the key that a form names, say so, and go to the page called ``back``."""
    try:
        api_keys.revoke(actor_of(request), request.POST.get("key", ""))
    except AccessDenied:
        raise
    except DomainError as error:
        messages.error(request, error.sentence())
    else:
        messages.success(request, _("Revoked."))
    return redirect(back)


def _keys_page(request: HttpRequest, *, error: DomainError | None = None, token: str = "") -> HttpResponse:
    actor = actor_of(request)
    form = request.POST if error else QueryDict()
    context = {
        "scopes": sorted(set(SCOPES) - SYSTEM_SCOPES),
        "keys": api_keys.keys(actor, staff_id=actor.id),
        "problem": error,
        "errors": dict(error.fields) if error else {},
        "name": form.get("name", ""),
        "chosen": form.getlist("scopes"),
        "token": token,
    }
    return render(request, "console/own_keys.html", context, status=422 if error else 200)
