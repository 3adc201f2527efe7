"""Taking an indicator back: off the lists at once, and what was drafted from it with it."""

from __future__ import annotations

from typing import Final

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import blind_index
from tocsin.core.errors import InvalidInput
from tocsin.core.locks import lock
from tocsin.domains.indicators.models import DraftedRule, Indicator, IndicatorValue, Sighting
from tocsin.domains.lists import actions as lists
from tocsin.domains.lists.models import ListEntry
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.rules.promoting import withdraw

MAX_REASON: Final = 500
#: Kinds whose values stand on a kept list as they are: ids of entities in events, and of which.
LISTED_AS_THEY_ARE: Final = {"card": "card", "device": "device", "ipv4": "ip", "ipv6": "ip"}


def recall(actor: Actor, indicator_id: str, *, reason: str) -> Indicator:
    """Take an indicator back: it was wrong, or whoever shared it says so. It stays taken back.

    Its entries leave their lists in the same transaction, unless another indicator that stands points at the
    same: then the entry is that one's from now on. A rule that was drafted from it is withdrawn (on
    paper: retired; running: paused) when its text names a value of it, or when nothing it was drafted from is
    left.

    Raises:
        AccessDenied: without ``indicators.import``. NotFound. InvalidInput: no reason.
    """
    require(actor, "indicators.import")
    reason = reason.strip()
    if not 3 <= len(reason) <= MAX_REASON or "\0" in reason:
        told = f"Say why, in 3 to {MAX_REASON} characters."
        raise InvalidInput("Taking an indicator back needs its reason.", told, fields={"reason": told})
    with act(actor, "indicator.recall") as work:
        row = work.lock(Indicator, indicator_id)
        if row.recalled_at is None:
            recall_within(work, row, reason)
    return row


def recall_within(work: Work, row: Indicator, reason: str) -> None:
    """The same inside a larger act, for a locked indicator that still stands."""
    lock("indicators.recall")  # of two at once, one could hand its entries to the other
    row.recalled_at, row.recalled_by = timezone.now(), work.actor.ref
    row.recall = reason
    work.save(row, "indicator.recall")
    why = f"{row.standard_id} was taken back: {reason}"[: lists.MAX_REASON]
    for entry, value in _off_the_lists(work, row, why):
        _hand_over(work, entry, value)
    for drafted in DraftedRule.objects.filter(indicator=row).order_by("rule"):
        if drafted.in_text or not _rests_on_others(drafted):
            rule = work.lock(DetectionRule, drafted.rule_id)
            withdraw(work, rule, f"{row.standard_id} was taken back: {reason}")


def follow_update(work: Work, row: Indicator, *, same_values: bool) -> None:
    """A newer version of a listed indicator came: its entries stay as long as that one is valid. When its
    values are others, or it has ended, they leave the lists, for somebody to look at anew, unless another
    indicator that stands points at the same."""
    why = f"A newer version of {row.standard_id} came."
    for entry, value in _off_the_lists(work, row, why):
        if same_values and (row.valid_until is None or row.valid_until > timezone.now()):
            lists.add_within(
                work, entry.list, value, reason=why, source=entry.source, source_ref=row.pk,
                until=row.valid_until, confidence=entry.confidence,
            )  # fmt: skip
        else:
            _hand_over(work, entry, value)


def _off_the_lists(work: Work, row: Indicator, reason: str) -> list[tuple[ListEntry, str]]:
    """Take every entry of an indicator off its list; returns them with their values."""
    entries = ListEntry.objects.select_for_update().filter(source_ref=row.pk, removed_at=None)
    taken = []
    for entry in entries.order_by("pk"):
        work.watch(entry)
        taken.append((entry, lists.remove_within(work, entry, reason=reason)))
    return taken


def _hand_over(work: Work, entry: ListEntry, value: str) -> None:
    """Put a value that was taken off back on its list for another indicator that points at it, if one stands:
    the one that ends last."""
    other = _others_of(value).exclude(pk=entry.source_ref).first()
    if other is not None:
        lists.add_within(
            work, entry.list, value, reason=f"{other.standard_id} points at it as well.",
            source=other.came_with.source, source_ref=other.pk, until=other.valid_until,
            confidence=lists.CERTAIN if other.confidence is None else other.confidence,
        )  # fmt: skip


def _others_of(value: str) -> QuerySet[Indicator]:
    """Indicators that stand and put this value on a list: by its own id, or by a contact of who bears it."""
    named = Q()
    for kind in LISTED_AS_THEY_ARE:
        named |= Q(kind=kind, lookup=blind_index(kind, value))
    found = Q(sightings__subject_id=value, sightings__by__in=[Sighting.By.CONTACT, Sighting.By.THING])
    pointing = IndicatorValue.objects.filter(named | found).values("indicator")
    stands = Q(valid_until=None) | Q(valid_until__gt=timezone.now())
    standing = Indicator.objects.filter(stands, pk__in=pointing, recalled_at=None)
    return standing.select_related("came_with").order_by(F("valid_until").desc(nulls_first=True), "pk")


def _rests_on_others(drafted: DraftedRule) -> bool:
    others = DraftedRule.objects.filter(rule=drafted.rule_id).exclude(pk=drafted.pk)
    return others.filter(indicator__recalled_at=None).exists()
