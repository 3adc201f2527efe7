"""Error pages: what happened, that nothing was lost, what to do next."""

from __future__ import annotations

import psycopg
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.errors import DomainError


def page(
    request: HttpRequest, status: int, title: str, what: str, saved: str, next_step: str, reason: str = ""
) -> HttpResponse:
    """One error page, whatever the reason. A surface may show it in its own frame: it names a template in
    ``request.error_template``."""
    context = {
        "status": status, "title": title, "what": what, "saved": saved, "next_step": next_step,
        "reason": reason,
    }  # fmt: skip
    return render(request, getattr(request, "error_template", "tocsin/error.html"), context, status=status)


def holds_nul(error: Exception) -> bool:
    """Whether somebody sent the character NUL, which the database cannot keep: their mistake, not ours."""
    return isinstance(error, DataError | psycopg.DataError) and "NUL" in str(error)


def for_domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page for a refusal by a domain."""
    titles = {
        403: _("You cannot do this"),
        404: _("Not found"),
        409: _("Somebody was here before you"),
        413: _("Too large"),
        422: _("Please check what you entered"),
        429: _("Too many tries"),
    }
    response = page(
        request, error.status, titles.get(error.status, _("That did not work")), error.what, error.saved,
        error.next_step, getattr(error, "reason", ""),
    )  # fmt: skip
    if retry_after := getattr(error, "retry_after", None):
        response["Retry-After"] = str(retry_after)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return page(
        request, 400, _("We could not read that"), _("Your browser sent something we could not read."),
        _("Nothing was changed."), _("Go back, reload the page and try again."),
    )  # fmt: skip


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return page(
        request, 403, _("You cannot do this"), _("Your role does not include this page."),
        _("Nothing was changed."), _("If you need it, ask your supervisor."),
    )  # fmt: skip


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return page(
        request, 404, _("Not found"), _("There is no page at this address."), _("Nothing was lost."),
        _("Check the address, or start from the first page."),
    )  # fmt: skip


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return page(
        request, 500, _("Something broke on our side"),
        _("We could not finish this, and we have written it down."),
        _("What you sent before is safe; this last step was not saved."), _("Wait a moment and try again."),
    )  # fmt: skip


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of the forgery guard; most often a page left open over night."""
    return page(
        request, 403, _("This page is too old"),
        _("The page was open for too long, so we could not accept it."),
        _("Nothing was changed. What you typed is still in your browser if you go back."),
        _("Go back, copy what you wrote, reload the page and send it again."),
    )  # fmt: skip
