"""Taking an indicator back: off the lists at once, and what was drafted from it with it."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import InvalidInput
from tocsin.domains.indicators.models import DraftedRule, Indicator
from tocsin.domains.lists import actions as lists
from tocsin.domains.lists.models import ListEntry
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.rules.promoting import withdraw

MAX_REASON: Final = 500


def recall(actor: Actor, indicator_id: str, *, reason: str) -> Indicator:
    """Take an indicator back: it was wrong, or whoever shared it says so. It stays taken back.

    Its entries leave their lists in the same transaction. A rule that was drafted from it is withdrawn (on
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
    row.recalled_at, row.recalled_by = timezone.now(), work.actor.ref
    row.recall = reason
    work.save(row, "indicator.recall")
    _off_the_lists(work, row, f"{row.standard_id} was taken back: {reason}"[: lists.MAX_REASON])
    for drafted in DraftedRule.objects.filter(indicator=row).order_by("rule"):
        if drafted.in_text or not _rests_on_others(drafted):
            rule = work.lock(DetectionRule, drafted.rule_id)
            withdraw(work, rule, f"{row.standard_id} was taken back: {reason}")


def follow_update(work: Work, row: Indicator, *, same_values: bool) -> None:
    """A newer version of a listed indicator came: its entries stay as long as that one is valid, and when its
    values are others they leave the lists, for somebody to look at anew."""
    why = f"A newer version of {row.standard_id} came."
    for entry, value in _off_the_lists(work, row, why):
        if same_values:
            lists.add_within(
                work, entry.list, value, reason=why, source=entry.source, source_ref=row.pk,
                until=row.valid_until, confidence=entry.confidence,
            )  # fmt: skip


def _off_the_lists(work: Work, row: Indicator, reason: str) -> list[tuple[ListEntry, str]]:
    """Take every entry of an indicator off its list; returns them with their values."""
    entries = ListEntry.objects.select_for_update().filter(source_ref=row.pk, removed_at=None)
    taken = []
    for entry in entries.order_by("pk"):
        work.watch(entry)
        taken.append((entry, lists.remove_within(work, entry, reason=reason)))
    return taken


def _rests_on_others(drafted: DraftedRule) -> bool:
    others = DraftedRule.objects.filter(rule=drafted.rule_id).exclude(pk=drafted.pk)
    return others.filter(indicator__recalled_at=None).exists()
