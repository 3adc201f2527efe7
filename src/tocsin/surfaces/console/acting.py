"""How a page acts: a form in a dialog, one action of a domain behind it, and an answer that loses nothing.

A ``Verb`` is one thing that can be done with a case. Its GET gives the form, its POST does it. What cannot
be accepted comes back as the same form with what was typed (422); what is done is said in a toast, the dialog
closes, and the page reads itself again. Without scripts the same forms work as plain pages.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, DomainError
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.models import Case
from tocsin.surfaces.console.desk import View, actor_of, by_method, page

_WHOLE_NUMBER = re.compile("[0-9]{1,9}")

Run = Callable[[Actor, Case, QueryDict], object]
Offer = Callable[[Actor, Case, Mapping[str, Any]], dict[str, Any]]


def by_script(request: HttpRequest) -> bool:
    """Whether a part of a page asked, and not a person going somewhere."""
    return bool(request.headers.get("HX-Request"))


def told(response: HttpResponse, **events: object) -> HttpResponse:
    """Have the page fire these events when the answer arrives."""
    response["HX-Trigger"] = json.dumps(events)
    return response


def done(
    request: HttpRequest, said: str, back: str, *, fresh: HttpResponse | None = None, undo: str = ""
) -> HttpResponse:
    """It worked: say so, and let the page show it.

    ``fresh`` replaces the form that was sent, if it stays on the page. ``undo`` is an address to POST to.
    """
    if not by_script(request):
        messages.success(request, said)
        return redirect(back)
    toast = {"text": said, "tone": "good"} | ({"undo": undo} if undo else {})
    return told(fresh or HttpResponse(status=204), **{"toast": toast, "dialog-close": {}, "case-changed": {}})


def form_page(
    request: HttpRequest, template: str, title: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """A form about a case: for the dialog that asked for it, or as a page of its own for whoever opened
    its address."""
    if by_script(request):
        return render(request, template, context, status=status)
    framed = {**context, "form_template": template, "title": title, "as_page": True}
    return render(request, "console/form_page.html", framed, status=status)


@dataclass(frozen=True)
class Verb:
    """One thing to do with a case.

    ``title`` heads the form when it is a page of its own. ``said`` is the sentence for when it worked;
    ``template`` the form, empty for a button without one; ``offer`` what the form shows beside what was
    typed. ``stays``: the form is part of the page and comes back empty.
    """

    permission: str
    said: str
    run: Run
    template: str = ""
    title: str = ""
    offer: Offer | None = None
    stays: bool = False

    def view(self) -> View:
        """The view of its address."""
        guarded = page(self.permission)
        posted = guarded(self._post)
        return by_method(GET=guarded(self._get), POST=posted) if self.template else by_method(POST=posted)

    def _get(self, request: HttpRequest, reference: str) -> HttpResponse:
        actor = actor_of(request)
        return self._form(request, actor, cases.find(actor, reference), request.GET.dict())

    def _post(self, request: HttpRequest, reference: str) -> HttpResponse:
        actor = actor_of(request)
        case = cases.find(actor, reference)
        back = reverse("console:case", args=[case.reference])
        try:
            self.run(actor, case, request.POST)
        except AccessDenied:
            raise
        except DomainError as error:
            if self.template:
                return self._form(request, actor, case, request.POST.dict(), error)
            if by_script(request):
                raise
            messages.error(request, error.sentence())
            return redirect(back)
        kept = {"report": request.POST.get("report", "")}
        fresh = self._form(request, actor, case, kept) if self.stays and by_script(request) else None
        return done(request, _(self.said), back, fresh=fresh)

    def _form(
        self,
        request: HttpRequest,
        actor: Actor,
        case: Case,
        values: dict[str, Any],
        error: DomainError | None = None,
    ) -> HttpResponse:
        offered = self.offer(actor, case, values) if self.offer else {}
        context = {"case": case, "form": form_state(case, values, error)} | offered
        status = 422 if error else 200
        return form_page(request, self.template, _(self.title), context, status=status)


@dataclass(frozen=True)
class FormState:
    """What a form shows: typed values, messages by field, what went wrong, and what changed meanwhile.

    ``revision`` and ``read_at`` say what of the case its reader has seen; after a conflict, what is there
    now.
    """

    values: dict[str, Any]
    errors: Mapping[str, str]
    problem: DomainError | None
    changes: list[Any]
    revision: int
    read_at: str


def form_state(case: Case, values: dict[str, Any], error: DomainError | None = None) -> FormState:
    """The state of a form about a case; after a conflict with what others did since it was opened."""
    stale = isinstance(error, Conflict) and error.code == "stale"
    typed, now = whole_number(str(values.get("revision", ""))), timezone.now()
    read_at = _moment(str(values.get("read_at", ""))) or now
    return FormState(
        values=values,
        errors=error.fields if error else {},
        problem=error,
        changes=cases.since(case, read_at) if stale else [],
        revision=case.revision if stale or typed is None else typed,
        read_at=(now if stale else read_at).isoformat(),
    )


def revision_of(form: QueryDict) -> int | None:
    """Which state of the case the form was filled in for; None when it does not say."""
    return whole_number(form.get("revision", ""))


def whole_number(typed: str) -> int | None:
    """A number of at most nine digits that was typed; None for anything else."""
    return int(typed) if _WHOLE_NUMBER.fullmatch(typed) else None


def _moment(text: str) -> dt.datetime | None:
    """A moment a form carried; None for anything else, also for a date that no calendar has."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
