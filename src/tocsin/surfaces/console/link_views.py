"""The link graph of a case, built step by step and kept as evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tocsin.core.access.check import allows
from tocsin.core.errors import AccessDenied, DomainError
from tocsin.domains.cases import link_graph
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.access import scope_of
from tocsin.domains.cases.actions import OVER
from tocsin.domains.cases.link_graph import MAX_HOPS, CaseGraph, Wanted
from tocsin.domains.people.graph import Key
from tocsin.surfaces.console import drawing, words
from tocsin.surfaces.console.desk import actor_of, page


@page("cases.view")
@require_GET
def links(request: HttpRequest, reference: str) -> HttpResponse:
    """The graph the address asks for, as a drawing and as a list from which it is built on."""
    return _page(request, reference, _wanted(request.GET))


@page("evidence.add")
@require_POST
def keep(request: HttpRequest, reference: str) -> HttpResponse:
    """Seal it into the evidence of the case."""
    wanted = _wanted(request.POST)
    try:
        link_graph.keep(actor_of(request), reference, wanted)
    except AccessDenied:
        raise
    except DomainError as error:
        return _page(request, reference, wanted, error)
    messages.success(request, _("Sealed: a picture of the links, and the same as text."))
    return redirect(f"{reverse('console:case', args=[reference])}#evidence")


def _wanted(form: QueryDict) -> Wanted:
    hops = form.get("hops", "2")
    return Wanted(
        also=_keys(form.getlist("also")),
        without=_keys(form.getlist("without")),
        hops=int(hops) if hops.isascii() and hops.isdigit() and len(hops) < 3 else 0,
    )


def _keys(told: Iterable[str]) -> tuple[Key, ...]:
    """Things as ``kind:id``; what is not written so is nothing."""
    pairs = (one.strip().partition(":") for one in told)
    return tuple(dict.fromkeys((kind, ident) for kind, _colon, ident in pairs if kind and ident))


def _page(
    request: HttpRequest, reference: str, wanted: Wanted, error: DomainError | None = None
) -> HttpResponse:
    actor = actor_of(request)
    case = cases.find(actor, reference)
    found = link_graph.around(actor, case, wanted)
    deep = scope_of(actor, case, "P3")
    context = {
        "case": case,
        "wanted": wanted,
        "problem": error,
        "graph": drawing.around_case(actor, case, wanted),
        "things": _things(found, wanted),
        "chosen": [_chosen("also", key, wanted) for key in wanted.also]
        + [_chosen("without", key, wanted) for key in wanted.without],
        "hidden": found.hidden,
        "hops": [
            {"count": count, "href": _href(replace(wanted, hops=count))} for count in range(1, MAX_HOPS + 1)
        ],
        "may_keep": case.state not in OVER
        and allows(actor, "cases.work", deep)
        and allows(actor, "evidence.add", deep),
    }
    return render(request, "console/links.html", context, status=error.status if error else 200)


def _things(found: CaseGraph, wanted: Wanted) -> list[dict[str, Any]]:
    """Every thing, nearest first, with what it is linked to and how the graph goes on from it."""
    near: dict[Key, list[str]] = {key: [] for key in found.nodes}
    for start, end, relation in link_graph.in_order(found.lines):
        said = relation.replace("_", " ")
        near[start].append(f"{said} {words.kind(end[0])} {end[1]}")
        near[end].append(f"{said} {words.kind(start[0])} {start[1]}")
    return [
        {
            "key": ":".join(key),
            "kind": words.kind(node.kind),
            "id": node.id,
            "href": reverse("console:entity", args=[node.kind, node.id]),
            "part": found.parts.get(key, ""),
            "node": node,
            "near": near[key],
            "from_here": "" if key in found.starts else _href(replace(wanted, also=(*wanted.also, key))),
            "without": "" if key in found.parts else _href(_left_out(wanted, key)),
        }
        for key, node in sorted(found.nodes.items(), key=lambda one: (one[1].hops, one[0]))
    ]


def _left_out(wanted: Wanted, key: Key) -> Wanted:
    also = tuple(one for one in wanted.also if one != key)
    return replace(wanted, also=also, without=(*wanted.without, key))


def _chosen(how: str, key: Key, wanted: Wanted) -> dict[str, str]:
    """A choice that was made, and the address of the graph without it."""
    rest = tuple(one for one in getattr(wanted, how) if one != key)
    undo = replace(wanted, also=rest) if how == "also" else replace(wanted, without=rest)
    said = _("also from") if how == "also" else _("left out")
    return {"how": how, "said": said, "key": ":".join(key), "kind": words.kind(key[0]), "id": key[1],
            "undo": _href(undo)}  # fmt: skip


def _href(wanted: Wanted) -> str:
    told = [("hops", str(wanted.hops))]
    told += [("also", ":".join(key)) for key in wanted.also]
    told += [("without", ":".join(key)) for key in wanted.without]
    return f"?{urlencode(told)}"
