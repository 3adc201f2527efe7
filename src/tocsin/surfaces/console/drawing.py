"""Link graphs as the drawing wants them: short words under the dots, whole ones in the list and on hover."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin.core.actor import Actor
from tocsin.domains.cases import link_graph
from tocsin.domains.cases.link_graph import Wanted
from tocsin.domains.cases.models import Case
from tocsin.domains.people import graph
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS
from tocsin.surfaces.console import words

#: Accounts in these standings stand out.
_BAD = frozenset({"suspended", "suspended_pending", "terminated"})


def around_case(actor: Actor, case: Case, wanted: Wanted) -> dict[str, Any]:
    """Links around the people of a case, and the case itself between them."""
    found = link_graph.around(actor, case, wanted)
    first = found.starts[0] if found.starts else None
    drawn = _drawn(found.nodes, found.lines, found.parts, first=first) | {"hidden": found.hidden}
    together = [key for key in found.starts if key in found.nodes and key in found.parts]
    drawn["edges"] += [
        {"from": _ident(together[0]), "to": _ident(other), "label": _("in this case with")}
        for other in together[1:]
    ]
    return drawn


def around(actor: Actor, kind: str, ident: str) -> dict[str, Any]:
    """Links around one thing, two hops."""
    seen = graph.neighbours(actor, kind, ident, hops=2, limit=60)
    return _drawn(seen.nodes, seen.lines, {}, first=(kind, ident)) | {"hidden": seen.hidden + seen.left_out}


def _drawn(
    nodes: dict[graph.Key, graph.Node],
    lines: Iterable[graph.Line],
    parts: dict[graph.Key, str],
    first: graph.Key | None,
) -> dict[str, Any]:
    edges = sorted({(line.from_key, line.to_key, line.relation) for line in lines})
    return {
        "nodes": [_node(key, node, parts.get(key, ""), focus=key == first) for key, node in nodes.items()],
        "edges": [
            {"from": _ident(start), "to": _ident(end), "label": relation.replace("_", " ")}
            for start, end, relation in edges
        ],
    }


def _node(key: graph.Key, node: graph.Node, part: str, *, focus: bool) -> dict[str, Any]:
    kind = words.kind(node.kind)
    label = f"{kind}, {part.lower()}" if part else f"{kind} {words.short(node.id)}"
    standing = node.status.replace("_", " ") if node.status in _BAD else ""
    return {
        "id": _ident(key),
        "label": f"{label} ({standing})" if standing else label,
        "short": part.lower() or words.short(node.id),
        "title": f"{kind} {node.id}",
        "kind": node.kind,
        "tone": "red" if standing else "",
        "person": node.kind in ACCOUNT_KINDS,
        "focus": focus,
        "href": reverse("console:entity", args=[node.kind, node.id]),
    }


def _ident(key: graph.Key) -> str:
    return ":".join(key)
