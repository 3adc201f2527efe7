"""Outside detectors: proposed by one person, started by another, in shadow beside the rules in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import actor_permissions
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput
from tocsin.domains.detectors import actions, queries
from tocsin.domains.detectors.models import Detector
from tocsin.surfaces.console import rule_figures
from tocsin.surfaces.console.desk import actor_of, page

_SAID: Final = {
    "start": lazy("It is asked about what is decided from now on. No answer depends on it."),
    "stop": lazy("It is asked nothing more. What it said stays."),
}


@page("rules.view")
@require_GET
def detectors(request: HttpRequest) -> HttpResponse:
    """Every detector, and a form to propose another."""
    return _list(request, QueryDict())


@page("rules.edit")
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Keep a proposal. The secret is shown once."""
    form = request.POST
    try:
        _made, secret = actions.propose(
            actor_of(request), form.get("name", "").strip(), url=form.get("url", "").strip(),
            about=form.get("about", ""), clause=form.get("clause", "").strip(),
            types=form.get("types", "").split(), threshold=_number(form.get("threshold", "")),
            share=_whole(form.get("percent", ""), 100), timeout_ms=_whole(form.get("timeout_ms", "")),
        )  # fmt: skip
    except AccessDenied:
        raise
    except DomainError as error:
        return _list(request, form, error)
    return _list(request, QueryDict(), secret=secret)


@page("rules.view")
@require_GET
def detector(request: HttpRequest, name: str) -> HttpResponse:
    """How one does beside the rules in force."""
    return _detector(request, name)


@page("rules.promote")
@require_POST
def step(request: HttpRequest, name: str) -> HttpResponse:
    """Start or stop it."""
    verbs: dict[str, Callable[[Actor, str], object]] = {"start": actions.start, "stop": actions.stop}
    verb = request.POST.get("verb", "")
    try:
        if verb not in verbs:
            raise InvalidInput(_("No step was chosen."), _("Press one of its buttons."))
        verbs[verb](actor_of(request), name)
    except AccessDenied as error:
        if error.reason != "own":
            raise
        return _detector(request, name, error)
    except DomainError as error:
        return _detector(request, name, error)
    messages.success(request, str(_SAID[verb]))
    return redirect("console:detector", name)


def _list(
    request: HttpRequest, values: QueryDict, error: DomainError | None = None, secret: str = ""
) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "rows": queries.detectors(actor),
        "may_propose": "rules.edit" in actor_permissions(actor),
        "abouts": Detector.About.values,
        "values": values,
        "problem": error,
        "errors": dict(error.fields) if error else {},
        "secret": secret,
    }
    return render(request, "console/detectors.html", context, status=error.status if error else 200)


def _detector(request: HttpRequest, name: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    found = queries.detector(actor, name)
    context: dict[str, Any] = {
        "detector": found,
        "figures": rule_figures.detected(queries.figures(actor, name)),
        "calls": queries.calls(actor, name),
        "may_step": "rules.promote" in actor_permissions(actor),
        "own": found.proposed_by_id == actor.id,
        "percent": found.share / 100,
        "problem": error,
    }
    return render(request, "console/detector.html", context, status=error.status if error else 200)


def _number(text: str) -> float:
    """A number as people write it; what is none is not a number."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return float("nan")


def _whole(text: str, times: int = 1) -> int:
    """So many times a number, as a whole one; 0 when there is none, which is refused."""
    try:
        return round(_number(text) * times)
    except (ValueError, OverflowError):
        return 0
