"""Edges between things: who uses what. A link is a lead, never a finding (handbook §4.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from tocsin.core.act import Work
from tocsin.domains.people.models import Link

#: The relations Tocsin itself draws from attributes; the marketplace may send any other word.
LIVES_AT, BELONGS_TO, ORDERED_TO = "lives_at", "belongs_to", "ordered_to"
FIELDS = ("from_kind", "from_id", "to_kind", "to_id", "relation")
#: At most so many people are joined by one thing in a graph; a thing shared by more says nothing [D].
CROWD = 50


@dataclass(frozen=True, slots=True)
class Edge:
    """From one thing to another; ids are the marketplace's own."""

    from_kind: str
    from_id: str
    to_kind: str
    to_id: str
    relation: str

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        return self.from_kind, self.from_id, self.to_kind, self.to_id, self.relation


def draw(work: Work, seen: Iterable[tuple[Edge, dt.datetime]], *, source: str) -> int:
    """Write edges with when they were seen, or renew that.

    Returns how many are new; only those are audited.
    """
    latest: dict[tuple[str, str, str, str, str], dt.datetime] = {}
    edges: dict[tuple[str, str, str, str, str], Edge] = {}
    for edge, at in seen:
        edges[edge.key] = edge
        latest[edge.key] = max(at, latest.get(edge.key, at))
    if not edges:
        return 0
    wanted = sorted(edges)
    starts = Q()
    for kind in {key[0] for key in wanted}:
        starts |= Q(from_kind=kind, from_id__in={key[1] for key in wanted if key[0] == kind})
    present = {
        tuple(row[:5]): row[5] for row in Link.objects.filter(starts).values_list(*FIELDS, "last_seen")
    }
    for key in wanted:
        latest[key] = max(latest[key], present.get(key, latest[key]))
    Link.objects.bulk_create(
        [
            Link(
                **dict(zip(FIELDS, key, strict=True)),
                source=source,
                first_seen=latest[key],
                last_seen=latest[key],
            )
            for key in wanted
        ],
        update_conflicts=True,
        unique_fields=list(FIELDS),
        update_fields=["last_seen"],
    )
    fresh = [edges[key] for key in wanted if key not in present]
    for edge in fresh:
        work.fact(
            edge.from_kind,
            edge.from_id,
            "entity.linked",
            to=f"{edge.to_kind}:{edge.to_id}",
            relation=edge.relation,
        )
    return len(fresh)
