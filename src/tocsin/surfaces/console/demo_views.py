"""Signing in to a demonstration with one click. Refused to anybody who is not on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.act import act
from tocsin.domains.staff.models import Staff
from tocsin.surfaces.console import words

_HERE = ("127.0.0.1", "::1")


#: A proxy on this machine says with one of these that somebody else is asking.
_PASSED_ON = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


def _known(request: HttpRequest) -> dict[str, dict[str, str]]:
    if request.META.get("REMOTE_ADDR") not in _HERE or any(name in request.headers for name in _PASSED_ON):
        raise Http404
    file = Path(settings.TOCSIN_HOME) / "run" / "demo.json"
    known: dict[str, dict[str, str]] = json.loads(file.read_text()) if file.exists() else {}
    return known


def _code(secret: str) -> str:
    """The code an authenticator app would show now."""
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


@never_cache
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody one can be, with the code of their second factor."""
    rows: list[dict[str, Any]] = [
        {**one, "role": words.role(role), "key": role, "code": _code(one["totp"])}
        for role, one in _known(request).items()
    ]
    return render(request, "console/demo.html", {"people": rows})


@never_cache
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """Become one of them."""
    one = _known(request).get(request.POST.get("role", ""))
    staff = Staff.objects.filter(email=one["email"]).first() if one else None
    if staff is None:
        raise Http404
    login(request, staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    with act(staff.actor(), "staff.demo_sign_in") as work:
        work.fact("staff.staff", staff.pk)
    return redirect("console:home")
