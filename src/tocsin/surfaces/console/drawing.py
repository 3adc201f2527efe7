"""Link graphs as the drawing wants them: short words under the dots, whole ones in the list and on hover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin.core.actor import Actor
from tocsin.domains.cases import queries as cases
from tocsin.domains.cases.models import Case
from tocsin.domains.people import graph
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS
from tocsin.surfaces.console import words

#: Accounts in these standings stand out.
_BAD = frozenset({"suspended", "suspended_pending", "terminated"})


def around_case(actor: Actor, case: Case) -> dict[str, Any]:
    """Links around the people of a case, two hops, and the case itself between them."""
    parties = cases.parties(case)
    keys = list(dict.fromkeys((party.account.role, party.account.external_id) for party in parties))
    parts = {
        (party.account.role, party.account.external_id): party.get_part_display()
        for party in reversed(parties)
    }
    nodes: dict[graph.Key, graph.Node] = {}
    lines: set[graph.Line] = set()
    hidden = 0
    for kind, ident in keys:
        seen = graph.neighbours(actor, kind, ident, hops=2, limit=40)
        for key, node in seen.nodes.items():
            if key not in nodes or node.hops < nodes[key].hops:
                nodes[key] = node
        lines |= seen.lines
        hidden += seen.hidden + seen.left_out
    nodes, lines = _without_loose_ends(nodes, lines)
    drawn = _drawn(nodes, lines, parts, first=keys[0] if keys else None) | {"hidden": hidden}
    together = [key for key in keys if key in nodes]
    drawn["edges"] += [
        {"from": _ident(together[0]), "to": _ident(other), "label": _("in this case with")}
        for other in together[1:]
    ]
    return drawn


def _without_loose_ends(
    nodes: dict[graph.Key, graph.Node], lines: set[graph.Line]
) -> tuple[dict[graph.Key, graph.Node], set[graph.Line]]:
    """Without the things of other people that lead nowhere: what nobody shares says nothing about a case."""
    ends = Counter(key for line in lines for key in {line.from_key, line.to_key})
    kept = {
        key: node
        for key, node in nodes.items()
        if node.hops < 2 or node.kind in ACCOUNT_KINDS or ends[key] > 1
    }
    return kept, {line for line in lines if line.from_key in kept and line.to_key in kept}


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
        "title": f"{kind} {node.id}",
        "kind": node.kind,
        "tone": "red" if standing else "",
        "person": node.kind in ACCOUNT_KINDS,
        "focus": focus,
        "href": reverse("console:entity", args=[node.kind, node.id]),
    }


def _ident(key: graph.Key) -> str:
    return ":".join(key)
