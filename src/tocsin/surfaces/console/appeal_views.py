"""The appeals desk."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import allows
from tocsin.core.act import act
from tocsin.core.clocks import service as clocks
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.domains.cases.access import scope_of
from tocsin.domains.enforcement import appeals as acts
from tocsin.domains.enforcement import consequences, handing_on, queries
from tocsin.domains.enforcement.ladder_steps import said_of
from tocsin.domains.enforcement.models import Appeal, Decision
from tocsin.surfaces.console import words
from tocsin.surfaces.console.desk import actor_of, page

_PURPOSE = "appeal_review"
_MEANING = {
    "uphold": lazy("Nothing changes. The person is told why."),
    "modify": lazy("It is undone, and somebody decides a milder step."),
    "reverse": lazy("Everything it caused is undone."),
    "remand": lazy("It is undone, and decided anew by somebody else."),
}


@page("appeals.view", purpose=_PURPOSE)
@require_GET
def appeals(request: HttpRequest) -> HttpResponse:
    """Oldest first: lost income waits for nobody."""
    tab = request.GET.get("tab", "open")
    tab = tab if tab in ("open", "mine", "all") else "open"
    actor = actor_of(request)
    rows, hidden = queries.appeals(actor, tab=tab)
    shows = queries.uncovered(actor, rows)
    due = clocks.next_dues("appeal", [row.pk for row in rows])
    shown = [
        {
            "appeal": row, "covered": row.pk not in shows, "due": due.get(row.pk),
            "label": _label(row.decision), "channel": _channel(row),
            "kind": words.kind(row.decision.subject.role) if row.decision.subject else "",
        }
        for row in rows
    ]  # fmt: skip
    return render(request, "console/appeals.html", {"rows": shown, "hidden": hidden, "tab": tab})


def _label(decision: Decision) -> str:
    return said_of(decision.chosen_step) or _("No action")


def _channel(appeal: Appeal) -> str:
    return str(words.CHANNELS.get(appeal.channel, appeal.channel))


@page("appeals.view", purpose=_PURPOSE)
@require_GET
def appeal(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """One appeal beside the decision it is about. Opening it is logged, as opening a case is."""
    shown = _page(request, appeal_id)
    with act(actor_of(request), "appeal.view") as work:
        work.fact("enforcement.appeal", appeal_id)
    return shown


def _page(request: HttpRequest, appeal_id: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    found, grounds = queries.appeal(actor, appeal_id)
    case = found.decision.case
    mine = found.reviewer_id == actor.id
    open_ = found.state in Appeal.OPEN_STATES
    context: dict[str, Any] = {
        "appeal": found,
        "case": case,
        "zone": case.zone,
        "grounds": grounds,
        "channel": _channel(found),
        "label": _label(found.decision),
        "view": queries.appealed(actor, found),
        "may_see_case": allows(actor, "cases.view", scope_of(actor, case)),
        "own": actor.id in (found.decision.decider_id, found.decision.second_reader_id),
        "may_decide": open_ and acts.may_hear(actor, found),
        "mine": mine,
        "hearers": handing_on.hearers(actor, found),
        "outcomes": [(value, words_, _MEANING[value]) for value, words_ in Appeal.Outcome.choices],
        "undoing": consequences.of_undoing(actor, case, found.decision_id) if mine and open_ else None,
        "problem": error,
        "errors": error.fields if error else {},
        "values": request.POST if error else {},
        "clocks": [
            {"row": row, "label": words.CLOCKS.get(row.name, words.plain(row.name))}
            for row in clocks.running("appeal", found.pk)
        ],
    }
    return render(request, "console/appeal.html", context, status=422 if error else 200)


@page("appeals.decide", purpose=_PURPOSE)
@require_POST
def take(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """Take an appeal."""
    try:
        acts.take(actor_of(request), appeal_id)
    except AccessDenied:
        raise
    except DomainError as error:
        messages.error(request, error.sentence())
    else:
        messages.success(request, _("The appeal is yours to hear."))
    return redirect("console:appeal", appeal_id)


@page("appeals.decide", purpose=_PURPOSE)
@require_POST
def hand_on(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """Give an appeal to somebody else."""
    try:
        handing_on.hand_on(actor_of(request), appeal_id, request.POST.get("staff", ""))
    except AccessDenied:
        raise
    except DomainError as error:
        messages.error(request, error.sentence())
    else:
        messages.success(request, _("The appeal was handed on."))
    return redirect("console:appeal", appeal_id)


@page("appeals.decide", purpose=_PURPOSE)
@require_POST
def answer(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """Answer an appeal."""
    form = request.POST
    try:
        acts.answer(actor_of(request), appeal_id, form.get("outcome", ""), form.get("reasons", ""))
    except AccessDenied:
        raise
    except DomainError as error:
        return _page(request, appeal_id, error)
    messages.success(request, _("Answered. The person is told."))
    return redirect("console:appeal", appeal_id)
