"""Kept lists: what is on each, who put it there and why, until when; adding and taking off with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import actor_permissions
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput
from tocsin.domains.lists import actions, queries
from tocsin.domains.staff import queries as staff
from tocsin.surfaces.console.desk import actor_of, page


@page("lists.view")
@require_GET
def lists(request: HttpRequest) -> HttpResponse:
    """Every list, and how many entries count."""
    return _lists(request)


@page("lists.edit")
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put a value on a list."""
    form = request.POST
    try:
        entry = actions.add(
            actor_of(request), form.get("list", ""), form.get("value", ""), reason=form.get("reason", ""),
            source=form.get("source", ""), until=_day(form.get("until", "")),
        )  # fmt: skip
    except AccessDenied:
        raise
    except DomainError as error:
        return _lists(request, error)
    messages.success(request, _("It is on the list. Rules know it within seconds."))
    return redirect("console:list", entry.list)


@page("lists.view")
@require_GET
def one_list(request: HttpRequest, list_name: str) -> HttpResponse:
    """The entries of a list."""
    return _list(request, list_name)


@page("lists.edit")
@require_POST
def remove(request: HttpRequest, list_name: str) -> HttpResponse:
    """Take an entry off its list."""
    form = request.POST
    try:
        actions.remove(actor_of(request), form.get("entry", ""), reason=form.get("reason", ""))
    except InvalidInput as error:
        return _list(request, list_name, error)
    messages.success(request, _("It is off the list. Rules know it within seconds."))
    return redirect("console:list", list_name)


def _lists(request: HttpRequest, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    names = ("list", "value", "source", "reason", "until")
    context = {
        "rows": queries.lists(actor),
        "may_edit": "lists.edit" in actor_permissions(actor),
        "values": {name: request.POST.get(name, "") for name in names},
        "problem": error,
        "errors": dict(error.fields) if error else {},
    }
    return render(request, "console/lists.html", context, status=error.status if error else 200)


def _list(request: HttpRequest, name: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    entries = queries.entries(actor, name)
    names = staff.names({who for one in entries for who in (one.row.added_by, one.row.removed_by)})
    context: dict[str, Any] = {
        "name": name,
        "rows": [
            {"shown": one, "added_by": names.get(one.row.added_by, _("Tocsin")),
             "removed_by": names.get(one.row.removed_by, _("Tocsin"))}
            for one in entries
        ],
        "may_edit": "lists.edit" in actor_permissions(actor),
        "wrong_entry": request.POST.get("entry", "") if error else "",
        "problem": error,
        "errors": dict(error.fields) if error else {},
    }  # fmt: skip
    return render(request, "console/list.html", context, status=error.status if error else 200)


def _day(text: str) -> dt.datetime | None:
    """The beginning of a day (UTC), as a date field sends it. Raises InvalidInput."""
    if not text.strip():
        return None
    try:
        return dt.datetime.combine(dt.date.fromisoformat(text.strip()), dt.time(), dt.UTC)
    except ValueError:
        told = _("A day, such as 2027-01-31.")
        raise InvalidInput(_("The value was not put on the list."), told, fields={"until": told}) from None
