"""Taking a document in: all of it in one transaction, or nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.cards import cover_cards
from tocsin.core.crypto.seal import blind_indexes, seal_many
from tocsin.core.errors import InvalidInput
from tocsin.core.ids import new_id
from tocsin.core.locks import lock
from tocsin.domains.indicators import tlp
from tocsin.domains.indicators.models import Import, Indicator, IndicatorValue
from tocsin.domains.indicators.parsed import MAX_NAME, Document, Parsed
from tocsin.domains.indicators.reading import read
from tocsin.domains.indicators.recalling import follow_update, recall_within
from tocsin.domains.indicators.values import covered

MAX_SOURCE: Final = 200
MAX_REASON: Final = 500
MAX_SKIPPED: Final = 200  # of them are kept word for word
AHEAD: Final = dt.timedelta(minutes=10)  # so far another's clock may be before ours
SEALED_AS: Final = "indicator"


def import_document(actor: Actor, content: bytes, *, source: str, reason: str) -> Import:
    """Take in a STIX 2.1 bundle or MISP events. The same document again changes nothing and gives what it
    brought then. An indicator that is known is updated, or taken back, only by a newer version of it from the
    source that brought it (STIX 2.1, section 3.6.2); that of anybody else is counted as ``foreign`` and
    changes nothing.

    Raises:
        AccessDenied: without ``indicators.import``. InvalidInput: the document cannot be read, has a
        version from the future, or nobody said who shared it or why it is taken in.
    """
    require(actor, "indicators.import")
    source, reason = source.strip(), reason.strip()
    _check(source, reason)
    document = read(content)
    _refuse_the_future(document)
    sha256 = hashlib.sha256(content).hexdigest()
    with act(actor, "indicators.import") as work:
        lock("indicators.import")  # two at once could bring two versions of one indicator
        present = Import.objects.filter(sha256=sha256).first()
        if present is not None:
            return present
        made = Import(
            id=new_id("imp"), sha256=sha256, size=len(content), standard=document.standard,
            name=_title(document), source=source, tlp=document.tlp, ignored=_ignored(document),
            skipped=_skipped(document), imported_by=actor.ref, imported_at=timezone.now(),
        )  # fmt: skip
        made.reason = reason
        work.save(made)
        made.counts = _take_all(work, made, document.indicators)
        work.save(made)
    return made


def _take_all(work: Work, made: Import, parsed: list[Parsed]) -> dict[str, int]:
    newest: dict[str, Parsed] = {}
    for one in sorted(parsed, key=lambda one: one.modified):
        newest[one.standard_id] = one
    known = {
        row.standard_id: row
        for row in Indicator.objects.select_for_update(of=("self",))
        .select_related("came_with")
        .filter(standard_id__in=list(newest))
        .order_by("pk")
    }
    counts: Counter[str] = Counter()
    brought: list[tuple[Indicator, Parsed]] = []
    for standard_id, one in newest.items():
        what, row = _take(work, made, one, known.get(standard_id))
        counts[what] += 1
        if what in ("new", "updated"):
            brought.append((row, one))
    before = _lookups([row for row, _ in brought])
    _write_values(made, brought)
    after = _lookups([row for row, _ in brought])
    for row, _ in brought:
        follow_update(work, row, same_values=before.get(row.pk) == after.get(row.pk))
    return dict(counts)


def _take(work: Work, made: Import, one: Parsed, row: Indicator | None) -> tuple[str, Indicator]:
    """Write an indicator; returns what became of it: new, updated, unchanged, foreign or
    recalled."""
    if row is not None and (row.recalled_at is not None or one.modified <= row.modified):
        return "unchanged", row
    if row is not None and not _speaks_for(made, row.came_with):
        return "foreign", row
    what = "updated" if row is not None else "new"
    if row is None:
        row = Indicator(id=new_id("ind"), standard_id=one.standard_id)
    else:
        work.watch(row)
    row.modified, row.came_with = one.modified, made
    row.name = covered(one.name, one.values)[:MAX_NAME]
    # what was shared as closed stays so; a newer version may only close it more, or mark what was unmarked
    row.tlp = tlp.strictest([one.tlp, row.tlp]) if row.tlp and row.tlp != tlp.UNMARKED else one.tlp
    row.confidence, row.labels = one.confidence, [covered(label, one.values) for label in one.labels]
    row.valid_from, row.valid_until = one.valid_from, one.valid_until
    work.save(row, f"indicator.{what}")
    if one.revoked:
        recall_within(work, row, f"Taken back by {made.source}")
        return "recalled", row
    return what, row


def _speaks_for(made: Import, before: Import) -> bool:
    """Whether a document comes from the source that brought an earlier one."""
    return made.source.casefold() == before.source.casefold()


def _refuse_the_future(document: Document) -> None:
    """A version from the future could never be followed by another."""
    latest = timezone.now() + AHEAD
    ahead = next((one.standard_id for one in document.indicators if one.modified > latest), None)
    if ahead is not None:
        told = f"{ahead} says that it was changed in the future."
        raise InvalidInput(
            told, "Ask whoever shared it to mend its time.", saved="Nothing of it was imported.",
            fields={"document": told},
        )  # fmt: skip


def _lookups(rows: list[Indicator]) -> dict[str, set[bytes]]:
    """By indicator, what its values are found by."""
    found: dict[str, set[bytes]] = {}
    held = IndicatorValue.objects.filter(indicator__in=rows).values_list("indicator_id", "lookup")
    for pk, lookup in held:
        found.setdefault(pk, set()).add(bytes(lookup))
    return found


def _write_values(made: Import, brought: list[tuple[Indicator, Parsed]]) -> None:
    rows = [(row, value) for row, one in brought for value in one.values]
    IndicatorValue.objects.filter(indicator__in=[row for row, _ in brought]).delete()
    sealed = seal_many([(made.key_scope, SEALED_AS, value.text) for _, value in rows])
    lookups: dict[tuple[str, str], bytes] = {}
    for kind in {value.kind for _, value in rows}:
        texts = [value.text for _, value in rows if value.kind == kind]
        indexes = blind_indexes(kind, texts)
        lookups |= {(kind, text): index for text, index in zip(texts, indexes, strict=True)}
    IndicatorValue.objects.bulk_create(
        IndicatorValue(
            id=new_id("inv"), indicator=row, kind=value.kind, value_sealed=hidden,
            lookup=lookups[value.kind, value.text], sealed_with=made,
        )
        for (row, value), hidden in zip(rows, sealed, strict=True)
    )  # fmt: skip


def _title(document: Document) -> str:
    values = (value for one in document.indicators for value in one.values)
    return covered(document.name, values)[:MAX_NAME]


def _ignored(document: Document) -> dict[str, int]:
    return {cover_cards(what): count for what, count in document.ignored.items()}


def _skipped(document: Document) -> list[dict[str, str]]:
    said = [{"path": one.path, "said": cover_cards(one.said)[:300]} for one in document.skipped[:MAX_SKIPPED]]
    more = len(document.skipped) - len(said)
    return [*said, {"path": "…", "said": f"{more} more"}] if more else said


def _check(source: str, reason: str) -> None:
    wrong = {}
    if not 2 <= len(source) <= MAX_SOURCE or "\0" in source:
        wrong["source"] = f"Say who shared it, in 2 to {MAX_SOURCE} characters."
    if not 3 <= len(reason) <= MAX_REASON or "\0" in reason:
        wrong["reason"] = f"Say why, in 3 to {MAX_REASON} characters."
    if wrong:
        raise InvalidInput("The document was not imported.", "Mend what is marked.", fields=wrong)
