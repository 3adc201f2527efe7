"""Looking through shipped events for values: who took part in events with each, how often, and when.
For our own processes: what was found is shown by whoever asked, to whom may see it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from tocsin.core.crypto.seal import open_many
from tocsin.domains.detection.models import Event
from tocsin.domains.detection.store import day_scope

#: So many messages are opened, the newest first.
MAX_MESSAGES: Final = 50_000
_CHUNK: Final = 2_000
#: A host, and what follows it in a web address.
_ADDRESS: Final = re.compile(
    r"(?<![\w.-])((?:[\w-]{1,63}\.){1,10}[a-z][a-z0-9-]{1,62})((?::\d{1,5})?(?:/\S*)?)"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """An account took part in ``count`` events with a value."""

    value: str
    subject_kind: str
    subject_id: str
    region: str
    count: int
    first_at: dt.datetime
    last_at: dt.datetime


def by_entity(kind: str, since: dt.datetime, values: Sequence[str] | None = None) -> Iterator[Seen]:
    """Accounts by an entity of another kind that their events name: these values, or every one there is."""
    for role in ("customer", "shopper"):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT entities->>%(kind)s, {role}, max(region), count(*), min(ts), max(ts) "  # noqa: S608
                f"FROM detection_event WHERE received_at >= %(since)s AND {role} IS NOT NULL "
                "AND CASE WHEN %(values)s::text[] IS NULL THEN entities ? %(kind)s "
                "ELSE entities->>%(kind)s = ANY(%(values)s) END GROUP BY 1, 2 ORDER BY 1, 2",
                {"kind": kind, "since": since, "values": list(values) if values is not None else None},
            )
            for value, ident, region, count, first, last in cursor.fetchall():
                yield Seen(value, role, ident, region, count, first, last)


def in_messages(values: Sequence[str], since: dt.datetime) -> list[Seen]:
    """Accounts that wrote one of these domains or web addresses in a message. Of a day whose key was
    destroyed nothing is found."""
    wanted: dict[str, list[str]] = {}
    for value in values:
        wanted.setdefault(_bare(value.casefold()), []).append(value)
    found: dict[tuple[str, str, str], Seen] = {}
    rows = Event.objects.filter(type="message.sent", received_at__gte=since, sealed__isnull=False)
    newest = list(rows.order_by("-seq").values_list("seq", flat=True)[:MAX_MESSAGES])
    for start in range(0, len(newest), _CHUNK):
        for event, fields in _opened(newest[start : start + _CHUNK]):
            role, ident = _sender(event)
            said = _addresses(str(fields.get("text", ""))) & wanted.keys() if ident else set()
            for value in (value for one in said for value in wanted[one]):
                now = Seen(value, role, ident, event.region, 1, event.ts, event.ts)
                found[value, role, ident] = _one_more(found.get((value, role, ident)), now)
    return [found[key] for key in sorted(found)]


def _addresses(text: str) -> set[str]:
    """Hosts and web addresses in a text, as ``_bare`` spells them."""
    found = _ADDRESS.findall(text.casefold())
    return {host for host, _ in found} | {_bare(host + rest) for host, rest in found}


def _bare(address: str) -> str:
    """Without the scheme, which is often left out, and without what only ends the sentence."""
    return (address.partition("://")[2] or address).rstrip("/.,;:!?)'\"")


def _opened(seqs: Sequence[int]) -> Iterator[tuple[Event, dict[str, Any]]]:
    rows = list(Event.objects.filter(seq__in=seqs).order_by("seq"))
    texts = open_many([(day_scope(row.received_at.date()), "event", row.sealed) for row in rows])
    for row, text in zip(rows, texts, strict=True):
        if text:
            yield row, json.loads(text)


def _sender(event: Event) -> tuple[str, str]:
    """Who wrote, by role and id: whom the field ``sender`` names, else the first account there is; an empty
    id when nobody is known."""
    accounts = {"customer": event.customer or "", "shopper": event.shopper or ""}
    named = str(event.fields.get("sender"))
    role = named if named in accounts else next((role for role in accounts if accounts[role]), "customer")
    return role, accounts[role]


def _one_more(before: Seen | None, now: Seen) -> Seen:
    if before is None:
        return now
    return Seen(
        now.value, now.subject_kind, now.subject_id, now.region, before.count + 1,
        min(before.first_at, now.first_at), max(before.last_at, now.last_at),
    )  # fmt: skip
