"""Which report somebody has open, and for how long: thirty minutes after the last look, then it closes by
itself. And which reports were opened in this browser before, so that no stranger's guesses keep it out."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tocsin.core.crypto.errors import CannotOpen
from tocsin.core.crypto.seal import open_text, seal
from tocsin.core.errors import NotFound
from tocsin.domains.reports.following import is_marked, mark_for, opened_report
from tocsin.domains.reports.models import Report

KEY = "help.follow_up"
_KEPT = "help.kept"
#: Seconds [D]: long enough to write, short enough for a borrowed phone.
LIFE_S = 30 * 60
_MARKS = "help_marks"
#: Of how many reports, and for how many seconds after the last of them [D].
_MOST_MARKS, _MARKS_LIFE_S = 5, 180 * 86_400


def open_for(request: HttpRequest, report: Report) -> None:
    """Remember that this browser has shown number and PIN."""
    request.session.cycle_key()
    request.session[KEY] = {"report": report.pk, "seen": int(time.time())}


def marks(request: HttpRequest) -> list[str]:
    """What this browser keeps of the reports that were filed or opened in it."""
    return request.COOKIES.get(_MARKS, "").split(".")[:_MOST_MARKS]


def make_known(request: HttpRequest, response: HttpResponse, number: str) -> None:
    """Have this browser remember, without a word that could be read, that this report is its own."""
    kept = [one for one in marks(request) if one]
    if not any(is_marked(number, one) for one in kept):
        kept = [mark_for(number), *kept][:_MOST_MARKS]
    response.set_cookie(
        _MARKS, ".".join(kept), max_age=_MARKS_LIFE_S, path="/help/", httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def current_report(request: HttpRequest) -> Report | None:
    """The report that is open in this browser, or None. Looking keeps it open."""
    held = request.session.get(KEY)
    if not held:
        return None
    if time.time() - held["seen"] > LIFE_S:
        close(request)
        return None
    request.session[KEY] = {**held, "seen": int(time.time())}
    try:
        return opened_report(held["report"])
    except NotFound:
        close(request)
        return None


def keep(request: HttpRequest, report: Report, text: str) -> None:
    """Carry what was being written over to the next page. Sessions lie in the database, so it is sealed."""
    request.session[_KEPT] = b64encode(seal(report.key_scope, _KEPT, text)).decode()


def give_back(request: HttpRequest, report: Report) -> str:
    """What was being written, once; empty when there is nothing, or when it belongs to another report."""
    sealed = request.session.pop(_KEPT, "")
    try:
        return open_text(report.key_scope, _KEPT, b64decode(sealed))
    except CannotOpen:
        return ""


def close(request: HttpRequest) -> None:
    """Close it in this browser."""
    request.session.pop(_KEPT, None)
    if KEY in request.session:
        del request.session[KEY]
        request.session.cycle_key()
