"""The neighbourhood of a thing: who else used the same device, card, address or phone.

A lead, never a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Q

from tocsin.core.access.check import require
from tocsin.core.actor import Actor
from tocsin.domains.people import reach
from tocsin.domains.people.links import CROWD
from tocsin.domains.people.models import Account, ContactPoint, Instrument, Link
from tocsin.domains.people.queries import may_see
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS, INSTRUMENT_KINDS

Key = tuple[str, str]
#: How equal instruments are called: different ids, and one and the same thing behind them.
_SAME = {
    "address": "same_address",
    "payment_instrument": "same_card",
    "payout_account": "same_payout_account",
    "phone": "same_phone",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One thing, ``hops`` steps from where the search began. ``crowded`` when too many people share it."""

    kind: str
    id: str
    hops: int
    status: str = ""
    crowded: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """An edge between two nodes, and how often it was seen to be so."""

    from_key: Key
    to_key: Key
    relation: str


@dataclass(slots=True)
class Graph:
    """What was found. ``hidden`` counts what this actor may not see, ``left_out`` what is past the limit."""

    nodes: dict[Key, Node] = field(default_factory=dict)
    lines: set[Line] = field(default_factory=set)
    hidden: int = 0
    left_out: int = 0

    def accounts(self) -> list[Node]:
        """The people in it, nearest first."""
        return sorted(
            (n for n in self.nodes.values() if n.kind in ACCOUNT_KINDS), key=lambda n: (n.hops, n.id)
        )


def neighbours(actor: Actor, kind: str, external_id: str, *, hops: int = 2, limit: int = 60) -> Graph:
    """Everything within ``hops`` links (1 to 4), breadth first, at most ``limit`` things.

    A thing that more than ``CROWD`` others share (a store's own tablet) is shown and not walked through.
    """
    require(actor, "entities.view")
    graph = Graph()
    unseen: set[Key] = set()
    start = (kind, external_id)
    edge: list[Key] = [start] if _admit(actor, graph, unseen, [start], 0, limit) else []
    for hop in range(1, min(max(hops, 1), 4) + 1):
        lines = _lines_of(edge)
        crowded = _crowded(lines, edge)
        for key in crowded:
            old = graph.nodes[key]
            graph.nodes[key] = Node(old.kind, old.id, old.hops, old.status, crowded=True)
        lines = {line for line in lines if not {line.from_key, line.to_key} & crowded}
        ends = {key for line in lines for key in (line.from_key, line.to_key)}
        fresh = sorted(ends - graph.nodes.keys() - unseen)
        edge = _admit(actor, graph, unseen, fresh, hop, limit)
        graph.lines |= {line for line in lines if {line.from_key, line.to_key} <= graph.nodes.keys()}
    graph.hidden = len(unseen)
    return graph


def _admit(actor: Actor, graph: Graph, unseen: set[Key], keys: list[Key], hop: int, limit: int) -> list[Key]:
    """Put those keys into the graph that the actor may see and that still fit; return them."""
    accounts = reach.accounts_named(keys)
    kept_back = {key for key, account in accounts.items() if not may_see(actor, account)}
    kept_back |= reach.kept_back(actor, [key for key in keys if key[0] in INSTRUMENT_KINDS])
    admitted = []
    for key in keys:
        account = accounts.get(key)
        if key in kept_back:
            unseen.add(key)
        elif len(graph.nodes) >= limit:
            graph.left_out += 1
        else:
            graph.nodes[key] = Node(key[0], key[1], hop, account.status if account else "")
            admitted.append(key)
    return admitted


def _lines_of(keys: list[Key]) -> set[Line]:
    lines: set[Line] = set()
    for kind in {key[0] for key in keys}:
        ids = [key[1] for key in keys if key[0] == kind]
        found = Link.objects.filter(Q(from_kind=kind, from_id__in=ids) | Q(to_kind=kind, to_id__in=ids))
        lines |= {
            Line((one.from_kind, one.from_id), (one.to_kind, one.to_id), one.relation) for one in found[:2000]
        }
        if kind in INSTRUMENT_KINDS:
            lines |= _equal_instruments(kind, ids)
        if kind in ACCOUNT_KINDS:
            lines |= _equal_contacts(kind, ids)
    return lines


def _equal_instruments(kind: str, ids: list[str]) -> set[Line]:
    """Lines between instruments with different ids that are the same card, address or number."""
    mine = Instrument.objects.filter(kind=kind, external_id__in=ids).exclude(lookup=None)
    lookups = {bytes(one.lookup): one.external_id for one in mine if one.lookup is not None}
    others = Instrument.objects.filter(kind=kind, lookup__in=list(lookups))[:500]
    return {
        Line((kind, lookups[bytes(one.lookup)]), (kind, one.external_id), _SAME.get(kind, "same"))
        for one in others
        if one.lookup is not None and one.external_id != lookups[bytes(one.lookup)]
    }


def _equal_contacts(kind: str, ids: list[str]) -> set[Line]:
    """Lines between accounts that ever had the same phone or e-mail address."""
    owners = Account.objects.filter(role=kind, external_id__in=ids).values_list("party_id", "external_id")
    names = dict(owners)
    mine = {
        (point.kind, bytes(point.lookup)): names[point.party_id]
        for point in ContactPoint.objects.filter(party__in=list(names))
    }
    others = Account.objects.filter(
        party__contact_points__lookup__in=[lookup for _, lookup in mine]
    ).values_list("role", "external_id", "party__contact_points__kind", "party__contact_points__lookup")
    lines = set()
    for role, external_id, point_kind, lookup in others[:500]:
        me = mine.get((point_kind, bytes(lookup)))
        if me is not None and (role, external_id) != (kind, me):
            lines.add(Line((kind, me), (role, external_id), f"same_{point_kind}"))
    return lines


def _crowded(lines: set[Line], keys: list[Key]) -> set[Key]:
    counts: dict[Key, int] = {}
    for line in lines:
        for key in (line.from_key, line.to_key):
            counts[key] = counts.get(key, 0) + 1
    return {key for key in keys if key[0] not in ACCOUNT_KINDS and counts.get(key, 0) > CROWD}
