"""Questions to history: asking, reading the answer, and carrying its events away."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import actor_permissions
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput
from tocsin.domains.detection.harm import today
from tocsin.domains.detection.models import Event
from tocsin.domains.people import vocabulary
from tocsin.domains.questions import actions, asking, queries
from tocsin.domains.questions.models import Question
from tocsin.domains.rules.in_force import in_force
from tocsin.engine.language.ruleset import RuleSet
from tocsin.surfaces.console import words
from tocsin.surfaces.console.cells import cell
from tocsin.surfaces.console.desk import actor_of, page
from tocsin.surfaces.ui.formatting import minor_places

_FIRST_DAYS = 7
_PLAIN = ("when", "since", "until", "bucket", "adds_up", "top_of", "name", "reason")
#: Rows of the table on the page; the file has all that the answer holds.
_SHOWN = 100
#: Entities shown beside an event, the most telling first; and what the console calls them.
_WHO = {
    "customer": "customer", "shopper": "shopper", "order": "order", "store": "store", "device": "device",
    "card": "payment_instrument", "payout": "payout_account", "address": "address", "phone": "phone",
}  # fmt: skip


@page("entities.view")
@require_GET
def questions(request: HttpRequest) -> HttpResponse:
    """The form, filled in by the address; what was asked before."""
    return _form(request, request.GET)


@page("entities.view")
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask a question."""
    form = request.POST
    try:
        question = actions.ask(actor_of(request), _asked(form), form.get("reason", ""))
    except AccessDenied as error:
        if error.reason != "class":
            raise
        return _form(request, form, error)
    except DomainError as error:
        return _form(request, form, error)
    return redirect("console:question", question.pk)


@page("entities.view")
@require_POST
def problems(request: HttpRequest) -> HttpResponse:
    """What is wrong with a condition while it is typed; nothing is kept."""
    form = request.POST
    context: dict[str, Any] = {"typed": bool(form.get("when", "").strip())}
    try:
        context["problems"] = asking.problems(actor_of(request), form.getlist("on"), form.get("when", ""))
    except AccessDenied as error:
        context["refused"] = error.sentence()
    return render(request, "console/parts/question_problems.html", context)


@page("entities.view")
@require_GET
def question(request: HttpRequest, question_id: str) -> HttpResponse:
    """The answer to a question of one's own, or how far it is."""
    actor = actor_of(request)
    found = queries.question(actor, question_id)
    context: dict[str, Any] = {
        "question": found,
        "types": ", ".join(words.plain(name) for name in found.on),
        "again": f"{reverse('console:questions')}?{_address(found)}",
        "last": _last(found),
        "zone": settings.TOCSIN_ZONE,
    }
    if found.answer:
        events = queries.events(actor, found)
        context |= _answer(found, events)
        context["may_export"] = bool(events) and "cases.export" in actor_permissions(actor)
    elif found.state == Question.State.ASKED:
        context["percent"] = queries.percent(actor, found)
    return render(request, "console/question.html", context)


@page("cases.export")
@require_GET
def export(request: HttpRequest, question_id: str) -> HttpResponse:
    """The events of an answer as CSV."""
    actor = actor_of(request)
    events = actions.export(actor, question_id)
    answer = queries.question(actor, question_id).answer
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="events.csv"'
    response["Cache-Control"] = "no-store"
    values = {row["seq"]: row["values"] for row in answer.get("rows", ())}
    looked_at = list(answer["rows"][0]["values"]) if events else []
    names = sorted({name for event in events for name in event.fields})
    writer = csv.writer(response)
    writer.writerow(["received_at", "type", "verdict", "region", *_WHO, *names, *looked_at])
    for event in events:
        row = [event.received_at.isoformat(), event.type, event.verdict, event.region]
        row += [event.entities.get(kind, "") for kind in _WHO]
        row += [event.fields.get(name, "") for name in names]
        row += [values[event.seq].get(name) for name in looked_at]
        writer.writerow([cell("" if value is None else str(value)) for value in row])
    return response


def _asked(form: QueryDict) -> actions.Asked:
    """What the form says. Raises InvalidInput: days that are no days."""
    zone = ZoneInfo(settings.TOCSIN_ZONE)
    moments, wrong = {}, {}
    for name, more in (("since", 0), ("until", 1)):
        try:
            day = dt.date.fromisoformat(form.get(name, "")) + dt.timedelta(days=more)
            moments[name] = dt.datetime.combine(day, dt.time(), zone)
        except (ValueError, OverflowError):
            wrong[name] = _("Choose a day.")
    if wrong:
        raise InvalidInput(
            _("The question cannot be asked like this."), _("Mend what is marked."), fields=wrong
        )
    return actions.Asked(
        when=form.get("when", "").replace("\r\n", "\n").replace("\r", "\n"),
        on=form.getlist("on"),
        bucket=form.get("bucket", ""),
        adds_up=form.get("adds_up", ""),
        top_of=form.get("top_of", ""),
        name=form.get("name", ""),
        **moments,
    )


def _form(request: HttpRequest, values: QueryDict, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    rules = in_force().read()
    schema = rules.schema
    first = today() - dt.timedelta(days=_FIRST_DAYS - 1)
    given = {"since": first.isoformat(), "until": today().isoformat(), "bucket": "day"}
    given |= {name: said for name in _PLAIN if (said := str(values.get(name, "")))}
    chosen = values.getlist("on")
    errors = dict(error.fields) if error else {}
    context: dict[str, Any] = {
        "values": given,
        "types": [
            {"name": name, "label": words.plain(name), "chosen": name in chosen}
            for name in sorted(schema.events)
        ],
        "adds_up": _choices(asking.can_add_up(schema)),
        "top_of": _choices(asking.can_count_by(schema)),
        "vocabulary": _vocabulary(rules),
        "own": [_listed(one) for one in queries.own(actor)],
        "kept": [_listed(one) for one in queries.kept(actor)],
        "problem": error,
        "errors": errors,
    }
    if "when" in errors:
        context["problems"] = asking.problems(actor, chosen, given.get("when", ""))
    return render(request, "console/questions.html", context, status=error.status if error else 200)


def _choices(names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, words.kind(name)) for name in names]


def _vocabulary(rules: RuleSet) -> list[dict[str, Any]]:
    """What a condition may look at, in the words of who declared it."""
    features = rules.features.values()
    said = {
        _("Fields"): {name: field.says for name, field in rules.schema.fields.items()},
        _("Who and what"): {name: kind.says for name, kind in rules.schema.entities.items()},
        _("Features"): {one.name: one.note or words.value(one.name, 0).label for one in features},
    }
    return [{"title": title, "names": sorted(names.items())} for title, names in said.items()]


def _listed(one: Question) -> dict[str, Any]:
    return {"row": one, "again": f"{reverse('console:questions')}?{_address(one)}"}


def _last(asked: Question) -> dt.datetime:
    """The end of the last day that counts."""
    return asked.until - dt.timedelta(microseconds=1)


def _address(asked: Question) -> str:
    """The question as the address of its form: without the reason, which everybody gives themselves."""
    zone = ZoneInfo(settings.TOCSIN_ZONE)
    told = {
        "when": asked.when, "since": asked.since.astimezone(zone).date().isoformat(),
        "until": _last(asked).astimezone(zone).date().isoformat(), "bucket": asked.bucket,
        "adds_up": asked.adds_up, "top_of": asked.top_of, "name": asked.name,
    }  # fmt: skip
    return urlencode([*(("on", name) for name in asked.on), *(pair for pair in told.items() if pair[1])])


def _answer(asked: Question, events: Sequence[Event]) -> dict[str, Any]:
    answer = asked.answer
    values = {row["seq"]: row["values"] for row in answer["rows"]}
    return {
        "answer": answer,
        "shortened_to": dt.datetime.fromisoformat(answer["first"]) if answer["shortened"] else None,
        "chart": _chart(asked, answer),
        "sums": [
            {"currency": currency, "total": sum(starts.values())}
            for currency, starts in answer["sums"].items()
        ],
        "sum_label": words.value(asked.adds_up, 0).label if asked.adds_up else "",
        "is_money": asked.adds_up.endswith("_minor"),
        "top_label": words.kind(asked.top_of) if asked.top_of else "",
        "top": [
            {"value": value, "count": count, "href": _href(asked.top_of, value)}
            for value, count in answer["top"]
        ],
        "rows": [_event(event, values[event.seq]) for event in events[:_SHOWN]],
        "held": len(events),
    }


def _chart(asked: Question, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Matches over time, and the sums in whole units of money; hours or days without any are drawn as 0."""
    if not answer["counts"]:
        return None
    starts = _starts(asked)
    series: list[dict[str, Any]] = [
        {"label": _("events"), "values": [answer["counts"].get(str(at), 0) for at in starts]}
    ]
    for currency, sums in answer["sums"].items():
        parts = 10 ** minor_places(currency) if currency else 1
        label = f"{words.value(asked.adds_up, 0).label} {currency}".strip()
        series.append(
            {"label": label, "values": [sums.get(str(at), 0) / parts for at in starts], "right": True}
        )
    return {
        "x": starts,
        "series": series,
        "hours": asked.bucket == Question.Bucket.HOUR,
        "zone": settings.TOCSIN_ZONE,
    }


def _starts(asked: Question) -> list[int]:
    """The first moment of every hour or day of the period, at the marketplace's main place."""
    zone = ZoneInfo(settings.TOCSIN_ZONE)
    if asked.bucket == Question.Bucket.HOUR:
        return list(range(int(asked.since.timestamp()), int(asked.until.timestamp()), 3600))
    day, found = asked.since.astimezone(zone).date(), []
    while (start := dt.datetime.combine(day, dt.time(), zone)) < asked.until:
        found.append(int(start.timestamp()))
        day += dt.timedelta(days=1)
    return found


def _event(row: Event, values: Mapping[str, Any]) -> dict[str, Any]:
    currency = str(row.fields.get("currency", ""))
    return {
        "row": row,
        "label": words.plain(row.type),
        "who": [
            {"kind": words.kind(kind), "id": row.entities[kind], "href": _href(kind, row.entities[kind])}
            for kind in _WHO
            if kind in row.entities
        ],
        "fields": [
            words.value(name, value, currency)
            for name, value in sorted(row.fields.items())
            if name != "currency" and value is not None
        ],
        "features": [words.value(name, "—" if value is None else value) for name, value in values.items()],
    }


def _href(kind: str, ident: str) -> str:
    held = _WHO.get(kind, kind)
    return reverse("console:entity", args=[held, ident]) if held in vocabulary.ATTRIBUTES else ""
