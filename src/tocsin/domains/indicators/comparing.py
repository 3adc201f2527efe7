"""Comparing indicators with what is held here: contacts, things people use, and the events of the last days.
It takes a while, so the worker does it, an import at a time: a row waits as long as it was not compared.

What was found are sightings. They say that a value was seen, and accuse nobody.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from django.db.models import Q
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor, system
from tocsin.core.crypto.seal import Sealed, blind_index, open_many
from tocsin.core.faults import said
from tocsin.domains.detection import lookback
from tocsin.domains.detection.lookback import Seen
from tocsin.domains.indicators.importing import SEALED_AS
from tocsin.domains.indicators.models import Import, IndicatorValue, Sighting
from tocsin.domains.people.models import Account, Instrument

_log = logging.getLogger(__name__)
_ME: Final = system("indicators")
By = Sighting.By
#: So far back events are looked through.
LOOKBACK: Final = dt.timedelta(days=90)
_ADDRESSES: Final = frozenset({"ipv4", "ipv6", "network"})
_WEB: Final = frozenset({"domain", "url"})
#: Kind of value -> the kind of thing that bears it, as a marketplace's id or by its fingerprint or number.
_THINGS: Final = {"card": "payment_instrument", "device": "device", "phone": "phone"}


@dataclass(frozen=True)
class _Value:
    """A value, and the indicators' rows that hold it: several may point at the same."""

    kind: str
    text: str
    lookup: bytes
    rows: list[IndicatorValue]


@dataclass
class _Hit:
    """A value was seen with somebody or something."""

    value: _Value
    by: By
    subject_kind: str
    subject_id: str
    region: str
    count: int = 0
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None


def compare_next_import() -> int:
    """Compare the indicators of the import that has waited longest and that nobody else is comparing; what
    was seen before is looked for anew. One that failed waits behind the others, and is given up after
    ``Import.MAX_COMPARE_FAILURES``. Returns how many imports were compared: 0 or 1."""
    waiting = Import.objects.filter(
        compared_at=None, compare_failures__lt=Import.MAX_COMPARE_FAILURES
    ).order_by("compare_failures", "imported_at")
    made = None
    try:
        with act(_ME, "indicators.compare") as work:
            made = waiting.select_for_update(skip_locked=True).first()
            if made is None:
                return 0
            _compare(work, made)
    except Exception as error:  # whatever it is, the imports behind it are compared
        if made is None:
            raise
        _note_failure(made.pk, error)
        return 0
    return 1


def _compare(work: Work, made: Import) -> None:
    work.watch(made)
    values = _opened(made)
    hits = chain(_contacts(values), _things(values), _events(values), _messages(values))
    seen = [sighting for hit in hits for sighting in _sightings(hit)]
    Sighting.objects.filter(value__indicator__came_with=made).delete()
    Sighting.objects.bulk_create(seen)
    made.compared_at = timezone.now()
    work.save(made, sightings=len(seen))


def _note_failure(import_id: str, error: Exception) -> None:
    _log.error("Import %s could not be compared: %s", import_id, said(error), exc_info=error)
    with act(_ME, "indicators.compare_failed") as work:
        made = work.lock(Import, import_id)
        made.compare_failures += 1
        work.save(made)


def compare_again(actor: Actor, import_id: str) -> Import:
    """Have the worker compare an import again: more has happened since.

    Raises:
        AccessDenied: without ``indicators.import``. NotFound.
    """
    require(actor, "indicators.import")
    with act(actor, "indicators.compare_again") as work:
        made = work.lock(Import, import_id)
        made.compared_at, made.compare_failures = None, 0
        work.save(made)
    return made


def _opened(made: Import) -> list[_Value]:
    rows = list(
        IndicatorValue.objects.filter(indicator__came_with=made, indicator__recalled_at=None)
        .select_related("sealed_with")
        .order_by("pk")
    )
    texts = open_many(Sealed(row.sealed_with.key_scope, SEALED_AS, row.value_sealed) for row in rows)
    found: dict[tuple[str, str], _Value] = {}
    for row, text in zip(rows, texts, strict=True):
        if text is not None:
            value = found.setdefault((row.kind, text), _Value(row.kind, text, bytes(row.lookup), []))
            value.rows.append(row)
    return list(found.values())


def _contacts(values: Sequence[_Value]) -> Iterator[_Hit]:
    """Accounts whose person has, or had, this e-mail address or telephone number."""
    for kind in ("email", "phone"):
        by_lookup = {one.lookup: one for one in values if one.kind == kind}
        accounts = Account.objects.filter(
            party__contact_points__kind=kind, party__contact_points__lookup__in=list(by_lookup)
        ).values_list("role", "external_id", "region", "party__contact_points__lookup")
        for role, ident, region, lookup in accounts:
            yield _Hit(by_lookup[bytes(lookup)], By.CONTACT, role, ident, region)


def _things(values: Sequence[_Value]) -> Iterator[_Hit]:
    """Devices and cards by the marketplace's id, cards and telephones by what makes them the same."""
    for kind, thing in _THINGS.items():
        by_id = {one.text: one for one in values if one.kind == kind}
        by_lookup = {_fingerprint(one, thing): one for one in by_id.values()}
        held = Instrument.objects.filter(kind=thing)
        for row in held.filter(Q(external_id__in=list(by_id)) | Q(lookup__in=list(by_lookup))):
            value = by_id.get(row.external_id) or by_lookup[bytes(row.lookup or b"")]
            yield _Hit(value, By.THING, thing, row.external_id, row.region)


def _fingerprint(one: _Value, thing: str) -> bytes:
    return one.lookup if thing == one.kind else blind_index(thing, one.text)


def _events(values: Sequence[_Value]) -> Iterator[_Hit]:
    """Accounts that took part in events from this address, with this device or this card."""
    since = timezone.now() - LOOKBACK
    addresses = [one for one in values if one.kind in _ADDRESSES]
    if addresses:
        yield from _by_address(addresses, lookback.by_entity("ip", since))
    for kind in ("device", "card"):
        by_text = {one.text: one for one in values if one.kind == kind}
        for seen in lookback.by_entity(kind, since, list(by_text)) if by_text else ():
            yield _of_event(by_text[seen.value], seen, By.EVENT)


def _by_address(values: Sequence[_Value], seen: Iterable[Seen]) -> Iterable[_Hit]:
    """One hit for a value and an account, from however many addresses of a network."""
    nets: dict[tuple[int, int], dict[int, _Value]] = defaultdict(dict)
    for one in values:
        net = ipaddress.ip_network(one.text)
        nets[net.version, net.prefixlen][int(net.network_address)] = one
    found: dict[tuple[str, str, str], _Hit] = {}
    for each in seen:
        for value in _within(each.value, nets):
            now = _of_event(value, each, By.EVENT)
            key = value.text, now.subject_kind, now.subject_id
            found[key] = _joined(found[key], now) if key in found else now
    return found.values()


def _within(text: str, nets: Mapping[tuple[int, int], Mapping[int, _Value]]) -> Iterator[_Value]:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return
    for (version, length), held in nets.items():
        free = address.max_prefixlen - length
        if version == address.version and (value := held.get(int(address) >> free << free)) is not None:
            yield value


def _joined(one: _Hit, other: _Hit) -> _Hit:
    one.count += other.count
    one.first_at = min(at for at in (one.first_at, other.first_at) if at)
    one.last_at = max(at for at in (one.last_at, other.last_at) if at)
    return one


def _messages(values: Sequence[_Value]) -> Iterator[_Hit]:
    """Accounts that wrote of this domain or web address."""
    by_text: dict[str, list[_Value]] = defaultdict(list)
    for one in values:
        if one.kind in _WEB:
            by_text[one.text].append(one)
    for seen in lookback.in_messages(list(by_text), timezone.now() - LOOKBACK) if by_text else ():
        for value in by_text[seen.value]:
            yield _of_event(value, seen, By.MESSAGE)


def _of_event(value: _Value, seen: Seen, by: By) -> _Hit:
    return _Hit(
        value, by, seen.subject_kind, seen.subject_id, seen.region, seen.count, seen.first_at, seen.last_at
    )


def _sightings(hit: _Hit) -> Iterator[Sighting]:
    for row in hit.value.rows:
        yield Sighting(
            value=row, by=hit.by, subject_kind=hit.subject_kind, subject_id=hit.subject_id,
            region=hit.region, count=hit.count, first_at=hit.first_at, last_at=hit.last_at,
        )  # fmt: skip
