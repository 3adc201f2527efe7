"""The rules engineer's desk: rules, how far each has come, and what is known about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import actor_permissions
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput
from tocsin.domains.rules import actions, promoting, queries, snoozing
from tocsin.domains.rules.models import DetectionRule, RuleReport
from tocsin.domains.staff import queries as staff
from tocsin.engine.language.written import written
from tocsin.surfaces.console import rule_figures
from tocsin.surfaces.console.desk import actor_of, page

_DAYS: Final = 7  # what a backtest replays unless somebody says otherwise
_LINES: Final = 400  # that are numbered; the box shows as many as the text has
_SAID: Final = {
    "promote": lazy("The rule is one step on."),
    "pause": lazy("The rule is paused. What it counts goes on."),
    "resume": lazy("The rule goes on where it was."),
    "roll_back": lazy("The rule is out of force, and what it replaced is back."),
}


@page("rules.view")
@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule, its state, and how often it fired since yesterday."""
    actor = actor_of(request)
    context = {"rows": queries.overview(actor), "may_write": "rules.edit" in actor_permissions(actor)}
    return render(request, "console/rules.html", context)


@page("rules.edit")
@require_GET
def blank(request: HttpRequest) -> HttpResponse:
    """The form of a new rule; `?replaces=` names the one it is to replace."""
    return _blank(request, request.GET)


@page("rules.edit")
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Keep a new rule."""
    try:
        made = _write(actor_of(request), request.POST.get("name", "").strip(), request.POST)
    except AccessDenied:
        raise
    except DomainError as error:
        return _blank(request, request.POST, error)
    messages.success(request, _("Kept as a draft."))
    return redirect("console:rule", made.name)


def _blank(request: HttpRequest, values: QueryDict, error: DomainError | None = None) -> HttpResponse:
    context = _form(values, error) | {"rule": None, "editable": True}
    return render(request, "console/rule_new.html", context, status=422 if error else 200)


@page("rules.view")
@require_GET
def rule(request: HttpRequest, name: str) -> HttpResponse:
    """One rule: its text, its reports, what can be done with it, and the steps it took."""
    return _rule(request, name)


@page("rules.edit")
@require_POST
def write(request: HttpRequest, name: str) -> HttpResponse:
    """Keep a changed text."""
    return _done(request, name, lambda actor: _write(actor, name, request.POST), _("Kept."))


@page("rules.edit")
@require_POST
def problems(request: HttpRequest, name: str) -> HttpResponse:
    """What is wrong with a text while it is typed; nothing is kept. A new rule has its name in the form."""
    form = request.POST
    called = form.get("name", name)
    found = queries.problems(actor_of(request), called, form.get("text", ""), form.get("replaces", ""))
    return render(request, "console/parts/rule_problems.html", {"problems": found, "typed": True})


@page("rules.edit")
@require_GET
def names(request: HttpRequest) -> HttpResponse:
    """The names that a rule may use, for whoever types one."""
    return JsonResponse({"names": [asdict(one) for one in queries.names(actor_of(request))]})


@page("rules.edit")
@require_POST
def ask(request: HttpRequest, name: str) -> HttpResponse:
    """Have a rule checked or backtested."""
    form = request.POST
    kind = form.get("kind", "")
    days = form.get("days", "")

    def asked(actor: Actor) -> object:
        return actions.ask(actor, name, kind, days=int(days) if days.isascii() and days.isdigit() else 0)

    return _done(request, name, asked, _("It is being worked out. This page shows it when it is done."))


@page("rules.promote")
@require_POST
def step(request: HttpRequest, name: str) -> HttpResponse:
    """Promote, pause, resume or roll back."""
    form = request.POST
    reason = form.get("reason", "")
    verbs: dict[str, Callable[[Actor], object]] = {
        "promote": lambda actor: promoting.promote(
            actor,
            name,
            to=form.get("to", ""),
            reason=reason,
            share=_parts(form),
            early="early" in form,
            hourly_cap=_cap(form),
        ),
        "pause": lambda actor: promoting.pause(actor, name, reason=reason),
        "resume": lambda actor: promoting.resume(actor, name, reason=reason),
        "roll_back": lambda actor: promoting.roll_back(actor, name, reason=reason),
    }
    verb = form.get("verb", "")
    if verb not in verbs:
        return _rule(request, name, InvalidInput(_("No step was chosen."), _("Press one of its buttons.")))
    return _done(request, name, verbs[verb], str(_SAID[verb]))


@page("rules.promote")
@require_POST
def snooze(request: HttpRequest, name: str) -> HttpResponse:
    """Have a rule leave somebody alone for a while, or look at them again."""
    form = request.POST
    if "end" in form:
        return _done(
            request, name, lambda actor: snoozing.end(actor, form["end"]), _("It looks at them again.")
        )

    def left_alone(actor: Actor) -> object:
        return snoozing.snooze(
            actor, name, kind=form.get("kind", ""), entity_id=form.get("entity_id", ""),
            until=_day(form.get("until", "")), reason=form.get("snooze_reason", ""),
        )  # fmt: skip

    return _done(request, name, left_alone, _("It leaves them alone until then."))


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _parts(form: QueryDict) -> int:
    """The share of a canary, told in percent, in parts of 10,000."""
    if "percent" not in form:
        return promoting.CANARY_SHARE
    try:
        return round(float(form.get("percent", "").replace(",", ".")) * 100)
    except (ValueError, OverflowError):
        return 0


def _cap(form: QueryDict) -> int | None:
    cap = form.get("cap", "").strip()
    if not cap:
        return None
    return int(cap) if cap.isascii() and cap.isdigit() and len(cap) < 10 else 0


def _write(actor: Actor, name: str, form: Mapping[str, str]) -> DetectionRule:
    return actions.write(
        actor, name, text=form.get("text", ""), stories=form.get("stories", ""),
        replaces=form.get("replaces", "").strip(),
    )  # fmt: skip


def _done(request: HttpRequest, name: str, act: Callable[[Actor], object], said: str) -> HttpResponse:
    try:
        act(actor_of(request))
    except AccessDenied as error:
        if error.reason != "own":
            raise
        return _rule(request, name, error)
    except DomainError as error:
        return _rule(request, name, error)
    messages.success(request, said)
    return redirect("console:rule", name)


def _rule(request: HttpRequest, name: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    # before the rule: a report that is done while this is read is shown as waiting, and asked for once more
    reports = _reports(actor, name)
    found = queries.rule(actor, name)
    held = actor_permissions(actor)
    own = "rules.edit" in held and found.author_id == actor.id
    editable = own and found.state in DetectionRule.ON_PAPER
    typed = request.POST if error and "text" in request.POST else None
    context = {
        "rule": found,
        "editable": editable,
        "spoken": _spoken(actor, name),
        **reports,
        "compared": rule_figures.compared(queries.compared(actor, name)),
        **_steps(actor, found),
        **_snoozes(actor, name),
        "may_ask": "rules.edit" in held and not found.packaged and found.state in DetectionRule.ON_PAPER,
        "may_step": "rules.promote" in held,
        "days": request.POST.get("days", _DAYS) if error else _DAYS,
        "next": promoting.next_state(found),
        "second": promoting.next_state(found) in ("canary", "active") and found.author_id == actor.id,
        **_form(typed if typed is not None else vars(found), error),
        "step_values": request.POST if error else {},
    }
    return render(request, "console/rule.html", context, status=error.status if error else 200)


def _form(values: Mapping[str, Any], error: DomainError | None) -> dict[str, Any]:
    fields = {name: values.get(name, "") for name in ("name", "text", "stories", "replaces")}
    errors = dict(error.fields) if error else {}
    return {"values": fields, "problem": error, "errors": errors, "lines": range(_LINES)}


def _spoken(actor: Actor, name: str) -> dict[str, str]:
    """A rule that comes with Tocsin, in the words of its file."""
    rule = queries.spoken(actor, name)
    if rule is None:
        return {}
    return {
        "title": rule.title, "on": ", ".join(rule.on), "when": written(rule.when), "verdict": rule.verdict,
        "severity": rule.severity, "code": rule.code, "clause": rule.clause, "reason": rule.reason["en"],
    }  # fmt: skip


def _reports(actor: Actor, name: str) -> dict[str, Any]:
    found = {kind: queries.newest_report(actor, name, kind) for kind in RuleReport.Kind.values}
    waiting = any(report and report.state == RuleReport.State.ASKED for report in found.values())
    return {**found, "waiting": waiting, "hits_a_day": rule_figures.hits_a_day(found["backtest"])}


def _steps(actor: Actor, rule: DetectionRule) -> dict[str, Any]:
    steps = queries.steps(actor, rule.name)
    names = staff.names({one.by for one in steps})
    return {"steps": [{"row": one, "who": names.get(one.by, _("Tocsin"))} for one in steps]}


def _snoozes(actor: Actor, name: str) -> dict[str, Any]:
    held = queries.snoozes(actor, name)
    names = staff.names({one.by for one in held.items})
    rows = [{"row": one, "who": names.get(one.by, _("Tocsin"))} for one in held.items]
    return {"snoozes": rows, "snoozes_hidden": held.hidden, "kinds": queries.kinds(actor)}
