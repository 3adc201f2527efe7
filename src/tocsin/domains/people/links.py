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


def draw(work: Work, edges: Iterable[Edge], *, source: str, at: dt.datetime) -> int:
    """Write edges, or renew when they were last seen. Returns how many are new; only those are audited."""
    wanted = sorted({edge.key: edge for edge in edges}.items())
    if not wanted:
        return 0
    fields = ("from_kind", "from_id", "to_kind", "to_id", "relation")
    either = Q()
    for key, _ in wanted:
        either |= Q(**dict(zip(fields, key, strict=True)))
    present = set(Link.objects.filter(either).values_list(*fields))
    Link.objects.bulk_create(
        [
            Link(**dict(zip(fields, key, strict=True)), source=source, first_seen=at, last_seen=at)
            for key, _ in wanted
        ],
        update_conflicts=True,
        unique_fields=list(fields),
        update_fields=["last_seen"],
    )
    fresh = [edge for key, edge in wanted if key not in present]
    for edge in fresh:
        work.fact(
            edge.from_kind,
            edge.from_id,
            "entity.linked",
            to=f"{edge.to_kind}:{edge.to_id}",
            relation=edge.relation,
        )
    return len(fresh)
