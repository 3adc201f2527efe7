"""Models that score: which are in force, how they do, how far today lies from their training; offered by one
person, put into force by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import actor_permissions
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput
from tocsin.domains.rules import model_queries, scoring
from tocsin.domains.scores.models import ModelComparison
from tocsin.engine.scores.model import MAX_BYTES, SUFFIX
from tocsin.surfaces.console import model_figures
from tocsin.surfaces.console.desk import actor_of, page

_CAPACITY: Final = 100
_SAID: Final = {
    "put_into_force": lazy("The model is in force. Decide scores with it within seconds."),
    "take_back": lazy("The model is out of force, and what it replaced is back."),
}


@page("rules.view")
@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """Every model that scores, and those that were offered."""
    return _list(request)


@page("rules.edit")
@require_POST
def offer(request: HttpRequest) -> HttpResponse:
    """Offer the file of a trained model. Its name is that of the model."""
    file = request.FILES.get("file")
    try:
        if file is None or not file.name:
            told = _("Choose a file first.")
            raise InvalidInput(_("There is no file."), told, fields={"file": told})
        text = file.read(MAX_BYTES + 1).decode("utf-8", "replace")
        scoring.offer(actor_of(request), file.name.removesuffix(SUFFIX), text)
    except AccessDenied:
        raise
    except DomainError as error:
        return _list(request, error)
    messages.success(request, _("Offered. Somebody else can put it into force."))
    return redirect("console:models")


@page("rules.promote")
@require_POST
def step(request: HttpRequest) -> HttpResponse:
    """Put an offered model into force, or take one out of it."""
    verbs: dict[str, Callable[[Actor, str], object]] = {
        "put_into_force": scoring.put_into_force,
        "take_back": scoring.take_back,
    }
    verb = request.POST.get("verb", "")
    try:
        if verb not in verbs:
            raise InvalidInput(_("No step was chosen."), _("Press one of its buttons."))
        verbs[verb](actor_of(request), request.POST.get("model", ""))
    except AccessDenied as error:
        if error.reason != "own":
            raise
        return _list(request, error)
    except DomainError as error:
        return _list(request, error)
    messages.success(request, str(_SAID[verb]))
    return redirect("console:models")


@page("rules.view")
@require_GET
def model(request: HttpRequest, name: str) -> HttpResponse:
    """One model: what it was made of, how it did, its drift, and challengers beside it."""
    return _model(request, name)


@page("rules.edit")
@require_POST
def compare(request: HttpRequest, name: str) -> HttpResponse:
    """Have a challenger compared with it on identical events."""
    form = request.POST
    capacity = form.get("capacity", "")
    whole = int(capacity) if capacity.isascii() and capacity.isdigit() and len(capacity) < 10 else 0
    try:
        scoring.ask_comparison(actor_of(request), name, form.get("challenger", ""), capacity=whole)
    except AccessDenied:
        raise
    except DomainError as error:
        return _model(request, name, error)
    messages.success(request, _("It is being worked out. This page shows it when it is done."))
    return redirect("console:model", name)


def _list(request: HttpRequest, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    held = actor_permissions(actor)
    context = {
        "rows": [model_figures.brief(one) for one in model_queries.overview(actor)],
        "offered": [
            {**model_figures.offered(one), "own": one.row.author_id == actor.id}
            for one in model_queries.offered(actor)
        ],
        "may_offer": "rules.edit" in held,
        "may_step": "rules.promote" in held,
        "problem": error,
        "errors": dict(error.fields) if error else {},
    }
    return render(request, "console/models.html", context, status=error.status if error else 200)


def _model(request: HttpRequest, name: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    found = model_queries.model(actor, name)
    comparisons = model_queries.comparisons(actor, name)
    typed: Mapping[str, Any] = request.POST if error else {"capacity": _CAPACITY}
    context = {
        **model_figures.whole(found),
        "others": [one.name for one in model_queries.overview(actor) if one.name != name],
        "comparisons": [model_figures.comparison(one) for one in comparisons],
        "waiting": any(one.state == ModelComparison.State.ASKED for one in comparisons),
        "may_ask": "rules.edit" in actor_permissions(actor),
        "values": typed,
        "problem": error,
        "errors": dict(error.fields) if error else {},
    }
    return render(request, "console/model.html", context, status=error.status if error else 200)
