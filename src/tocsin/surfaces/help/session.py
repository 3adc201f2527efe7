"""Which report somebody has open, and for how long: thirty minutes after the last look, then it closes by
itself."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode

from django.http import HttpRequest

from tocsin.core.crypto.errors import CannotOpen
from tocsin.core.crypto.seal import open_text, seal
from tocsin.core.errors import NotFound
from tocsin.domains.reports.following import opened_report
from tocsin.domains.reports.models import Report

KEY = "help.follow_up"
_KEPT = "help.kept"
#: Seconds [D]: long enough to write, short enough for a borrowed phone.
LIFE_S = 30 * 60


def open_for(request: HttpRequest, report: Report) -> None:
    """Remember that this browser has shown number and PIN."""
    request.session.cycle_key()
    request.session[KEY] = {"report": report.pk, "seen": int(time.time())}


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
