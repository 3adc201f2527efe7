"""Writing what the marketplace tells us about people, stores, orders and what they use.

Nothing here touches an account's status: that changes only through an action of enforcement.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import act
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Shredded
from tocsin.core.errors import InvalidInput
from tocsin.domains.people import links, records, vocabulary
from tocsin.domains.people.links import Edge
from tocsin.domains.people.rows import Rows

BATCH = 1000
Outcome = Literal["created", "updated", "unchanged", "stale", "erased"]


@dataclass(frozen=True, slots=True)
class EntityInput:
    """One thing as told: the body of ``PUT /v1/entities/{kind}/{id}``."""

    kind: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    links: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Upserted:
    """What became of one thing.

    ``stale``: a newer state was already known, so nothing changed. ``erased``: the person had their data
    erased here, and it does not come back by being told again.
    """

    kind: str
    id: str
    outcome: Outcome


def upsert_entity(
    actor: Actor,
    kind: str,
    external_id: str,
    attributes: Mapping[str, Any],
    links: Sequence[Mapping[str, Any]] = (),
) -> Upserted:
    """Create or complete one thing. Attributes that are not named stay as they are; ``None`` clears one.

    ``updated_at`` may say when the state was true; a state older than the one held changes nothing.

    Raises:
        InvalidInput: unknown kind or attribute, a value of the wrong form, or a card number; ``fields`` has
            the paths.
    """
    return _upsert(actor, [EntityInput(kind, external_id, attributes, links)], "")[0]


def upsert_entities(actor: Actor, entities: Iterable[EntityInput]) -> list[Upserted]:
    """Create or complete up to a thousand things: all of them, or none.

    Raises:
        InvalidInput: with paths like ``entities[3].attributes.name``; nothing was written.
    """
    given = list(entities)
    if len(given) > BATCH:
        raise InvalidInput(
            f"There are {len(given)} entities in this batch, and {BATCH} are allowed.",
            "Send several smaller batches.",
        )
    return _upsert(actor, given, "entities[{}].")


def _upsert(actor: Actor, given: Sequence[EntityInput], prefix: str) -> list[Upserted]:
    require(actor, "entities.write")
    checked: list[tuple[EntityInput, dict[str, Any], list[Edge]]] = []
    bad: dict[str, str] = {}
    for place, entity in enumerate(given):
        good, edges, wrong = _checked(entity)
        bad |= {prefix.format(place) + path: message for path, message in wrong.items()}
        checked.append((entity, good, edges))
    if bad:
        raise InvalidInput(
            "Some of this cannot be accepted.", "Correct the values named here and send it again.", fields=bad
        )
    return _write_all(actor, checked, prefix)


def _write_all(
    actor: Actor, checked: Sequence[tuple[EntityInput, dict[str, Any], list[Edge]]], prefix: str
) -> list[Upserted]:
    now = timezone.now()
    named = [(entity.kind, entity.id) for entity, _, _ in checked]
    mentioned = [key for entity, good, _ in checked for key in records.mentions(entity.kind, good)]
    sealing = [(entity.kind, entity.id) for entity, good, _ in checked if records.seals(entity.kind, good)]
    # stores before people before orders, whatever came first
    order = sorted(range(len(named)), key=lambda at: (vocabulary.KINDS.index(named[at][0]), named[at][1]))
    results: dict[int, Upserted] = {}
    seen: list[tuple[Edge, dt.datetime]] = []
    with act(actor, "entity.upsert") as work:
        rows = Rows(work, now)
        rows.load([*named, *mentioned])
        with rows.with_keys(sealing):
            for place in order:
                try:
                    results[place] = _write(rows, *checked[place], seen)
                except InvalidInput as error:
                    error.fields = {prefix.format(place) + path: text for path, text in error.fields.items()}
                    raise
        links.draw(work, seen, source="marketplace")
    return [results[place] for place in range(len(named))]


def _checked(entity: EntityInput) -> tuple[dict[str, Any], list[Edge], dict[str, str]]:
    wrong = vocabulary.check_identity(entity.kind, entity.id)
    if wrong:
        return {}, [], wrong
    good, wrong = vocabulary.check_attributes(entity.kind, entity.attributes)
    edges = []
    for place, link in enumerate(entity.links):
        path = f"links[{place}]"
        unknown = set(link) - {"kind", "id", "relation"}
        if unknown:
            wrong |= {f"{path}.{name}": "a link has only kind, id and relation" for name in sorted(unknown)}
            continue
        other = vocabulary.check_identity(str(link.get("kind", "")), str(link.get("id", "")))
        wrong |= {f"{path}.{name}": message for name, message in other.items()}
        try:
            named = vocabulary.relation(link.get("relation"))
        except ValueError as error:
            wrong[f"{path}.relation"] = str(error)
            continue
        if not other:
            edges.append(Edge(entity.kind, entity.id, str(link["kind"]), str(link["id"]), named))
    return good, edges, wrong


def _write(
    rows: Rows,
    entity: EntityInput,
    good: dict[str, Any],
    edges: list[Edge],
    seen: list[tuple[Edge, dt.datetime]],
) -> Upserted:
    """Bring one row up to date.

    ``seen`` collects links: one that was seen stays seen, however late we hear.
    """
    stated = good.pop(vocabulary.AS_OF, None)
    told_at = stated or rows.now
    key = (entity.kind, entity.id)
    row = rows.get(*key)
    drawn: list[Edge] = []
    outcome: Outcome = "stale"
    if row.as_of is None or told_at >= row.as_of:
        rows.work.watch(row)
        try:
            changed, drawn = records.fill(rows, entity.kind, row, good)
        except Shredded:
            return Upserted(entity.kind, entity.id, "erased")
        outcome = "created" if key in rows.created else "updated" if changed else "unchanged"
        newer = stated is not None and (row.as_of is None or stated > row.as_of)
        if outcome != "unchanged" or newer:
            row.as_of = told_at
            if hasattr(row, "updated_at"):
                row.updated_at = rows.now
            rows.work.save(row, "entity.updated", changed=sorted(changed))
        if outcome != "unchanged":
            told = {"kind": entity.kind, "id": entity.id, "changed": sorted(changed)}
            rows.work.emit("entity.changed", told)
        rows.created.discard(key)
    seen += [(edge, told_at) for edge in (*edges, *drawn)]
    return Upserted(entity.kind, entity.id, outcome)
