"""The link graph of a case: around its people and whatever else an investigator starts from, without what
they leave out; and the same sealed as evidence. A link is a lead, never a finding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils import timezone

from tocsin.core.actor import Actor
from tocsin.core.errors import InvalidInput
from tocsin.core.evidence.models import Evidence
from tocsin.domains.cases import case_evidence, queries
from tocsin.domains.cases.link_picture import picture
from tocsin.domains.cases.models import Case
from tocsin.domains.people import graph
from tocsin.domains.people.graph import Key
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS

#: Things around each start; more are counted and left out.
LIMIT: Final = 40
MAX_HOPS: Final = 3
#: Things an investigator may start from beyond the people of the case, or leave out.
MAX_CHOSEN: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to draw: ``also`` starts from these as well as from the people of the case; ``without`` leaves
    these out, and what only they lead to; ``hops`` is how many links to follow, 1 to 3."""

    also: tuple[Key, ...] = ()
    without: tuple[Key, ...] = ()
    hops: int = 2


@dataclass(slots=True)
class CaseGraph:
    """What was found. ``starts``: from where, the people of the case first; ``parts``: who they are in it;
    ``hidden``: how many things are past the limit or not for this actor to see."""

    starts: list[Key]
    parts: dict[Key, str]
    nodes: dict[Key, graph.Node] = field(default_factory=dict)
    lines: set[graph.Line] = field(default_factory=set)
    hidden: int = 0


def around(actor: Actor, case: Case, wanted: Wanted) -> CaseGraph:
    """The links around the people of a case, whom the actor may look up.

    Raises:
        AccessDenied: without ``entities.view``. InvalidInput: hops that are not 1 to 3, or too much chosen.
    """
    if not 1 <= wanted.hops <= MAX_HOPS or max(len(wanted.also), len(wanted.without)) > MAX_CHOSEN:
        raise InvalidInput(
            f"A link graph follows 1 to {MAX_HOPS} links, and at most {MAX_CHOSEN} things are chosen.",
            "Choose fewer.",
        )
    parties = queries.parties(case)
    keys = [(party.account.role, party.account.external_id) for party in parties]
    parts = {key: str(party.get_part_display()) for key, party in zip(keys[::-1], parties[::-1], strict=True)}
    found = CaseGraph(list(dict.fromkeys((*keys, *wanted.also))), parts)
    for kind, ident in found.starts:
        seen = graph.neighbours(actor, kind, ident, hops=wanted.hops, limit=LIMIT)
        for key, node in seen.nodes.items():
            if key not in found.nodes or node.hops < found.nodes[key].hops:
                found.nodes[key] = node
        found.lines |= seen.lines
        found.hidden += seen.hidden + seen.left_out
    _leave_out(found, set(wanted.without))
    _leave_out(found, _loose_ends(found))
    return found


def _leave_out(found: CaseGraph, gone: set[Key]) -> None:
    """Without these, and without what hangs on nothing any more."""
    found.lines = {line for line in found.lines if not {line.from_key, line.to_key} & gone}
    reached = {key for key in found.starts if key in found.nodes and key not in gone}
    edge = reached
    while edge:
        ends = {end for line in found.lines for end in _ends(line, edge)}
        edge = ends - reached
        reached = reached | edge
    found.nodes = {key: node for key, node in found.nodes.items() if key in reached}
    found.lines = {line for line in found.lines if {line.from_key, line.to_key} <= reached}


def _ends(line: graph.Line, edge: set[Key]) -> set[Key]:
    """The other ends of a line that begins in ``edge``."""
    ends = {line.from_key, line.to_key}
    return ends if ends & edge else set()


def _loose_ends(found: CaseGraph) -> set[Key]:
    """Things of other people that lead nowhere: what nobody shares says nothing about a case."""
    ends = Counter(key for line in found.lines for key in {line.from_key, line.to_key})
    return {
        key
        for key, node in found.nodes.items()
        if node.hops >= 2 and node.kind not in ACCOUNT_KINDS and ends[key] < 2
    }


def keep(actor: Actor, reference: str, wanted: Wanted) -> list[Evidence]:
    """Seal the graph as it is now into the evidence of the case: a picture, and the same as text (JSON).

    Raises:
        NotFound, AccessDenied: not theirs to see or to add to. Conflict: the case is over. InvalidInput: see
        :func:`around`.
    """
    case = queries.find(actor, reference)
    found = around(actor, case, wanted)
    now = timezone.now()
    told = _told(actor, case, wanted, found) | {"made_at": now.isoformat(timespec="seconds")}
    name = f"links-{case.reference}-{now:%Y%m%dT%H%M%SZ}"
    text = json.dumps(told, ensure_ascii=False, indent=1).encode()
    title = f"{case.reference}, {now:%Y-%m-%d %H:%M} UTC, {actor.label}"
    drawn = picture(found.nodes, found.lines, found.parts, title)
    return [
        case_evidence.add(actor, case.pk, content=data, filename=f"{name}.{end}", declared_type=media_type)
        for data, end, media_type in ((drawn, "png", "image/png"), (text, "txt", "text/plain"))
    ]


def _told(actor: Actor, case: Case, wanted: Wanted, found: CaseGraph) -> dict[str, Any]:
    """The graph as anybody can read it again; lists in an order that does not depend on chance."""
    return {
        "case": case.reference,
        "made_by": actor.ref,
        "note": "A link is a lead, not a finding.",
        "hops": wanted.hops,
        "started_from": [":".join(key) for key in found.starts],
        "left_out": [":".join(key) for key in wanted.without],
        "hidden": found.hidden,
        "things": [_thing(key, found) for key in sorted(found.nodes)],
        "links": [
            {"from": ":".join(start), "to": ":".join(end), "relation": relation}
            for start, end, relation in in_order(found.lines)
        ],
    }


def _thing(key: Key, found: CaseGraph) -> dict[str, Any]:
    node = found.nodes[key]
    said = {"status": node.status, "part": found.parts.get(key, "")}
    return {
        "id": ":".join(key),
        "hops": node.hops,
        "shared_by_many": node.crowded,
        **{name: value for name, value in said.items() if value},
    }


def in_order(lines: Sequence[graph.Line] | set[graph.Line]) -> list[tuple[Key, Key, str]]:
    """Every link once, sorted."""
    return sorted({(line.from_key, line.to_key, line.relation) for line in lines})
