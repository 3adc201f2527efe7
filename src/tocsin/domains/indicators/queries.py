"""Reading imports and indicators. Values that point at a person are masked; whom a value was seen with is
shown to who may see them, and counted for everybody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.access.hidden import Page
from tocsin.core.actor import Actor
from tocsin.core.crypto.seal import Sealed, open_many
from tocsin.core.crypto.typed_text import open_all
from tocsin.core.errors import NotFound
from tocsin.domains.indicators.importing import SEALED_AS
from tocsin.domains.indicators.models import DraftedRule, Import, Indicator, IndicatorValue, Sighting
from tocsin.domains.indicators.values import masked
from tocsin.domains.people import queries as people
from tocsin.domains.people.reach import accounts_named, kept_back
from tocsin.domains.people.vocabulary import ACCOUNT_KINDS

#: So many are listed at most.
MAX_LISTED = 500


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value as it is shown; ``text`` None: its key was destroyed."""

    kind: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An indicator in a list. ``state``: active, expired or recalled. ``seen``: with how many accounts and
    things."""

    row: Indicator
    values: tuple[ShownValue, ...]
    state: str
    seen: int


def imports(actor: Actor, limit: int = 50) -> list[Import]:
    """The newest imports."""
    require(actor, "indicators.view")
    return open_all(Import.objects.order_by("-imported_at", "-pk")[:limit], "reason")


def one_import(actor: Actor, import_id: str) -> Import:
    """One import. Raises NotFound."""
    require(actor, "indicators.view")
    found = Import.objects.filter(pk=import_id).first()
    if found is None:
        raise NotFound("There is no such import.", "Choose one from the list of imports.")
    return found


def indicators(actor: Actor, *, import_id: str = "", seen: bool = False) -> list[Listed]:
    """Indicators, those seen here first, then the newest; of one import, or only those seen here."""
    require(actor, "indicators.view")
    rows = Indicator.objects.annotate(seen=Count("values__sightings")).order_by("-seen", "-modified", "pk")
    if import_id:
        rows = rows.filter(came_with=import_id)
    if seen:
        rows = rows.filter(seen__gt=0)
    return _listed(list(rows[:MAX_LISTED]))


def indicator(actor: Actor, indicator_id: str) -> Listed:
    """One indicator. Raises NotFound."""
    require(actor, "indicators.view")
    rows = Indicator.objects.annotate(seen=Count("values__sightings")).select_related("came_with")
    found = list(rows.filter(pk=indicator_id))
    if not found:
        raise NotFound("There is no such indicator.", "Choose one from the list of indicators.")
    return _listed(found)[0]


def sightings(actor: Actor, indicator_id: str) -> Page[Sighting]:
    """Where an indicator was seen, newest first, as far as the actor may see whom it is about; the rest is
    counted."""
    require(actor, "indicators.view")
    rows = list(
        Sighting.objects.filter(value__indicator=indicator_id)
        .select_related("value")
        .order_by("-last_at", "subject_kind", "subject_id")[:MAX_LISTED]
    )
    visible = _visible(actor, {(row.subject_kind, row.subject_id) for row in rows})
    shown = [row for row in rows if (row.subject_kind, row.subject_id) in visible]
    return Page(shown, len(rows) - len(shown))


def drafted(actor: Actor, indicator_id: str) -> list[DraftedRule]:
    """The rules that were drafted from an indicator."""
    require(actor, "indicators.view")
    rows = DraftedRule.objects.filter(indicator=indicator_id).select_related("rule")
    return list(rows.order_by("at"))


def _visible(actor: Actor, subjects: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the accounts and things, as (kind, id), that the actor may look up."""
    accounts = accounts_named(key for key in subjects if key[0] in ACCOUNT_KINDS)
    seen = {key for key, account in accounts.items() if people.may_see(actor, account)}
    things = {key for key in subjects if key[0] not in ACCOUNT_KINDS}
    return seen | (things - kept_back(actor, things))


def _listed(rows: Sequence[Indicator]) -> list[Listed]:
    values = _shown_values(rows)
    now = timezone.now()
    open_all([row for row in rows if row.recalled_at is not None], "recall")
    return [
        Listed(row, values.get(row.pk, ()), _state(row, now), row.seen)  # type: ignore[attr-defined]
        for row in rows
    ]


def _shown_values(rows: Iterable[Indicator]) -> dict[str, tuple[ShownValue, ...]]:
    held = list(
        IndicatorValue.objects.filter(indicator__in=list(rows)).select_related("sealed_with").order_by("pk")
    )
    texts = open_many(Sealed(one.sealed_with.key_scope, SEALED_AS, one.value_sealed) for one in held)
    found: dict[str, tuple[ShownValue, ...]] = {}
    for one, text in zip(held, texts, strict=True):
        shown = ShownValue(one.kind, None if text is None else masked(one.kind, text))
        found[one.indicator_id] = (*found.get(one.indicator_id, ()), shown)
    return found


def _state(row: Indicator, now: dt.datetime) -> str:
    if row.recalled_at is not None:
        return "recalled"
    return "expired" if row.valid_until is not None and row.valid_until <= now else "active"
