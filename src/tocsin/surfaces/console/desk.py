"""The door of every console page: sign-in, second factor, purpose, permission. Refusals are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse

from tocsin.core.access.break_glass import asked_once
from tocsin.core.access.check import require
from tocsin.core.actor import PURPOSES, Actor
from tocsin.domains.staff.models import Staff

View = Callable[..., HttpResponse]
#: Which purpose a role starts its day with.
_FIRST_PURPOSE = {
    "administrator": "operations",
    "appeals_reviewer": "appeal_review",
    "auditor": "audit",
    "le_liaison": "authority_request",
    "policy_manager": "policy_work",
    "privacy_officer": "privacy_request",
    "rules_engineer": "rule_work",
    "trainer": "training",
    "vetting_analyst": "vetting",
}


def purpose_of(request: HttpRequest, staff: Staff) -> str:
    """The purpose the person works under: chosen in this session, or the usual one of their first role."""
    chosen = request.session.get("purpose")
    if chosen in PURPOSES:
        return str(chosen)
    return next((_FIRST_PURPOSE[role] for role in staff.roles if role in _FIRST_PURPOSE), "case_handling")


def second_factor_done(request: HttpRequest, staff: Staff) -> bool:
    """Whether the person has a second factor, or came through single sign-on, which brings its own."""
    methods = request.session.get("account_authentication_methods", [])
    return is_mfa_enabled(staff) or any(method.get("method") == "socialaccount" for method in methods)


def page(permission: str, *, purpose: str = "") -> Callable[[View], View]:
    """Guard a view. Sets ``request.actor``; ``purpose`` fixes the purpose for pages that have only one."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            staff = request.user
            if not isinstance(staff, Staff) or not staff.is_active:
                return _sign_in(request)
            if not second_factor_done(request, staff):
                return redirect("mfa_activate_totp")
            request.actor = staff.actor(  # type: ignore[attr-defined]
                purpose or purpose_of(request, staff), address=request.META.get("REMOTE_ADDR", "")
            )
            if not request.headers.get("HX-Request"):
                request.error_template = "console/refused.html"  # type: ignore[attr-defined]
            require(request.actor, permission)  # type: ignore[attr-defined]
            if request.method != "GET":
                return view(request, *args, **kwargs)
            with asked_once():
                return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return wrap


def by_method(**views: View) -> View:
    """One address, one view a method: ``by_method(GET=form, POST=file)``."""

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        chosen = views.get(request.method or "")
        if chosen is None:
            return HttpResponseNotAllowed(list(views))
        return chosen(request, *args, **kwargs)

    view.views = views  # type: ignore[attr-defined]
    return view


def _sign_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        # an expired session answers with 401 so that the page keeps what was typed and says what happened
        return HttpResponse(status=401)
    # what was posted cannot be asked for again after signing in: go back to the page it came from
    came_from = urlsplit(request.META.get("HTTP_REFERER", "")).path
    here = request.get_full_path() if request.method == "GET" else came_from
    return redirect_to_login(here or reverse("console:home"))


def actor_of(request: Any) -> Actor:
    """The actor of a guarded request."""
    actor: Actor = request.actor
    return actor
