"""Where people stand: what counts against them, and what holds on them now. For a page with several people,
with as many queries as for one. Callers have checked access."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from tocsin.domains.enforcement import doing
from tocsin.domains.enforcement.models import Action, Decision, PairBlock, Strike
from tocsin.domains.people.models import Account


@dataclass(frozen=True)
class Standing:
    """One account: strikes that are alive, findings in force and reversed ones, people they are kept apart
    from, and running actions, the strongest first."""

    strikes: list[Strike]
    decisions: int
    reversed: int
    blocks: int
    running: list[Action]


def standings(accounts: Iterable[Account]) -> dict[str, Standing]:
    """By account id."""
    ids = [account.pk for account in accounts]
    strikes = Strike.objects.filter(account__in=ids, revoked_at=None, expires_at__gt=timezone.now())
    running = Action.objects.filter(account__in=ids, status__in=doing.RUNNING)
    found = _findings(ids)
    blocks = _blocks(ids)
    alive, holding = list(strikes.order_by("at")), list(running.order_by("-level", "starts_at"))
    return {
        pk: Standing(
            [strike for strike in alive if strike.account_id == pk],
            *found.get(pk, (0, 0)),
            blocks.get(pk, 0),
            [action for action in holding if action.account_id == pk],
        )
        for pk in ids
    }


def _findings(ids: list[str]) -> dict[str, tuple[int, int]]:
    upheld = Q(finding=Decision.Finding.SUBSTANTIATED, state=Decision.State.IN_FORCE)
    rows = Decision.objects.filter(subject__in=ids).values("subject").order_by("subject")
    counted = rows.annotate(
        upheld=Count("pk", filter=upheld), undone=Count("pk", filter=Q(state=Decision.State.REVERSED))
    )
    return {row["subject"]: (row["upheld"], row["undone"]) for row in counted}


def _blocks(ids: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    pairs = PairBlock.objects.filter(Q(customer__in=ids) | Q(shopper__in=ids), lifted_at=None)
    for pair in pairs.values_list("customer_id", "shopper_id"):
        for pk in pair:
            counts[pk] = counts.get(pk, 0) + 1
    return counts
