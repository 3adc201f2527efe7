"""Indicators that others share: taking documents in, seeing what of them is here, and putting them to use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import actor_permissions
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, DomainError, InvalidInput
from tocsin.domains.indicators import comparing, importing, queries, recalling, sharing, using
from tocsin.domains.indicators.models import DraftedRule
from tocsin.domains.indicators.queries import Listed
from tocsin.domains.indicators.reading import MAX_BYTES
from tocsin.domains.lists import queries as lists
from tocsin.domains.rules import queries as rules
from tocsin.domains.staff import queries as staff
from tocsin.surfaces.console import words
from tocsin.surfaces.console.desk import actor_of, page

_DAYS: Final = 14  # what a drafted rule's backtest replays unless somebody says otherwise
_KINDS: Final = {
    "bin": lazy("Card issuer number"),
    "card": lazy("Card fingerprint"),
    "device": lazy("Device"),
    "domain": lazy("Domain"),
    "email": lazy("E-mail address"),
    "ipv4": lazy("Network address"),
    "ipv6": lazy("Network address"),
    "network": lazy("Network"),
    "phone": lazy("Telephone number"),
    "url": lazy("Web address"),
    "user_agent": lazy("User agent"),
}
_BY: Final = {
    "contact": lazy("is or was a contact of"),
    "event": lazy("in events of"),
    "message": lazy("in messages of"),
    "thing": lazy("is"),
}
_TONES: Final = {"amber": "amb", "amber+strict": "amb", "green": "grn", "red": "red"}
_COUNTS: Final = {
    "foreign": lazy("From another source, so left as it was"),
    "new": lazy("New"),
    "recalled": lazy("Taken back"),
    "unchanged": lazy("Known already"),
    "updated": lazy("Updated"),
}


@page("indicators.view")
@require_GET
def indicators(request: HttpRequest) -> HttpResponse:
    """The newest imports, and indicators: all, or with `?seen=1` those that were seen here."""
    actor = actor_of(request)
    only_seen = request.GET.get("seen") == "1"
    context = {
        "imports": [{"row": one, "tone": _TONES.get(one.tlp, "plain")} for one in queries.imports(actor)],
        "rows": [_row(one) for one in queries.indicators(actor, seen=only_seen)],
        "only_seen": only_seen,
        "audiences": sharing.AUDIENCES,
        "may_import": "indicators.import" in actor_permissions(actor),
    }
    return render(request, "console/indicators.html", context)


@page("indicators.import")
@require_GET
def import_form(request: HttpRequest) -> HttpResponse:
    """The form for a document."""
    return _import_form(request)


@page("indicators.import")
@require_POST
def import_document(request: HttpRequest) -> HttpResponse:
    """Take a document in: a file, or what was pasted."""
    form = request.POST
    file = request.FILES.get("file")
    # one byte more than is allowed, so that what is too large is refused and not cut
    content = file.read(MAX_BYTES + 1) if file else form.get("text", "").encode()
    try:
        made = importing.import_document(
            actor_of(request), content, source=form.get("source", ""), reason=form.get("reason", "")
        )
    except AccessDenied:
        raise
    except DomainError as error:
        return _import_form(request, error)
    messages.success(request, _("Imported. What of it is here is being looked for."))
    return redirect("console:indicator_import", made.pk)


def _import_form(request: HttpRequest, error: DomainError | None = None) -> HttpResponse:
    values = {name: request.POST.get(name, "") for name in ("source", "reason", "text")}
    context = {"values": values, **_problem(error)}
    return render(request, "console/indicator_new.html", context, status=error.status if error else 200)


@page("indicators.view")
@require_GET
def one_import(request: HttpRequest, import_id: str) -> HttpResponse:
    """What one document brought."""
    return _import(request, import_id)


@page("indicators.import")
@require_POST
def compare(request: HttpRequest, import_id: str) -> HttpResponse:
    """Look again for what an import points at."""
    made = comparing.compare_again(actor_of(request), import_id)
    messages.success(request, _("What of it is here is being looked for."))
    return redirect("console:indicator_import", made.pk)


@page("indicators.view")
@require_GET
def indicator(request: HttpRequest, indicator_id: str) -> HttpResponse:
    """One indicator: what it points at, where that was seen, and what was made of it."""
    return _indicator(request, indicator_id)


@page("indicators.import")
@require_POST
def recall(request: HttpRequest, indicator_id: str) -> HttpResponse:
    """Take an indicator back."""
    try:
        row = recalling.recall(actor_of(request), indicator_id, reason=request.POST.get("reason", ""))
    except InvalidInput as error:
        return _indicator(request, indicator_id, error)
    messages.success(request, _("Taken back. What was made of it is shown below."))
    return redirect("console:indicator", row.pk)


@page("indicators.import")
@require_POST
def use(request: HttpRequest) -> HttpResponse:
    """Put chosen indicators on a list, or draft a rule from them."""
    actor, form = actor_of(request), request.POST
    chosen, name, reason = form.getlist("chosen"), form.get("name", "").strip(), form.get("reason", "")
    try:
        if form.get("verb") == "list":
            count = using.put_on_list(actor, chosen, name, reason=reason)
            said = ngettext("%(n)d entry is on the list.", "%(n)d entries are on the list.", count)
            messages.success(request, said % {"n": count})
            return redirect("console:list", name)
        days = form.get("days", "")
        whole = int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0
        using.draft_rule(actor, chosen, name, reason=reason, days=whole)
    except AccessDenied:
        raise
    except DomainError as error:
        return _where_it_came_from(request)(error)
    messages.success(request, _("Drafted. It is being checked, and backtested when it passes."))
    return redirect("console:rule", name)


@page("indicators.import")
@require_POST
def share(request: HttpRequest) -> HttpResponse:
    """Everything that may go to an audience, as a file."""
    audience = request.POST.get("audience", "")
    shared = sharing.share(
        actor_of(request), audience, identity=settings.TOCSIN_BRAND, reason=request.POST.get("reason", "")
    )
    name = f"indicators-tlp-{audience.replace('+', '-')}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(shared.document, content_type="application/stix+json;version=2.1", headers=headers)


def _where_it_came_from(request: HttpRequest) -> Callable[[DomainError], HttpResponse]:
    form = request.POST
    if indicator_id := form.get("indicator", ""):
        return lambda error: _indicator(request, indicator_id, error)
    return lambda error: _import(request, form.get("import", ""), error)


def _import(request: HttpRequest, import_id: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    made = queries.one_import(actor, import_id)
    context = {
        "made": made,
        "tone": _TONES.get(made.tlp, "plain"),
        "who": staff.names({made.imported_by}).get(made.imported_by, _("A system of ours")),
        "counts": [(_COUNTS[what], n) for what, n in sorted(made.counts.items())],
        "rows": [_row(one) for one in queries.indicators(actor, import_id=made.pk)],
        **_use_form(request, actor, error),
    }
    return render(request, "console/indicator_import.html", context, status=error.status if error else 200)


def _indicator(request: HttpRequest, indicator_id: str, error: DomainError | None = None) -> HttpResponse:
    actor = actor_of(request)
    found = queries.indicator(actor, indicator_id)
    seen = queries.sightings(actor, found.row.pk)
    context = {
        "one": _row(found),
        "seen": [
            {
                "row": row,
                "how": _BY[row.by],
                "kind": _KINDS[row.value.kind],
                "what": words.kind(row.subject_kind),
            }
            for row in seen.items
        ],
        "hidden": seen.hidden,
        "entries": lists.from_source(actor, found.row.pk),
        "drafted": [_drafted(actor, draft) for draft in queries.drafted(actor, found.row.pk)],
        "recalled_by": staff.names({found.row.recalled_by}).get(found.row.recalled_by, _("Tocsin")),
        **_use_form(request, actor, error),
    }
    return render(request, "console/indicator.html", context, status=error.status if error else 200)


def _use_form(request: HttpRequest, actor: Actor, error: DomainError | None) -> dict[str, Any]:
    posted = request.POST
    return {
        "may_use": {"indicators.import", "lists.edit", "rules.edit"} <= actor_permissions(actor),
        "values": {"name": posted.get("name", ""), "reason": posted.get("reason", ""),
                   "days": posted.get("days", _DAYS)},
        "chosen": posted.getlist("chosen"),
        **_problem(error),
    }  # fmt: skip


def _problem(error: DomainError | None) -> dict[str, Any]:
    return {"problem": error, "errors": dict(error.fields) if error else {}}


def _row(one: Listed) -> dict[str, Any]:
    values = [{"kind": _KINDS[value.kind], "text": value.text} for value in one.values]
    return {"listed": one, "values": values, "tone": _TONES.get(one.row.tlp, "plain")}


def _drafted(actor: Actor, draft: DraftedRule) -> dict[str, Any]:
    name = draft.rule_id
    reports = {kind: rules.newest_report(actor, name, kind) for kind in ("check", "backtest")}
    return {"row": draft, "state": draft.rule.state, **reports}
