"""How complete a report is: 0 to 100, and what is still missing.

The score helps to ask well. It never decides whether a report is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.domains.reports.answers import UNKNOWN, given, picked
from tocsin.domains.reports.taxonomy import Taxonomy, current
from tocsin.domains.reports.taxonomy_form import Fact, Localised


class Gap(msgspec.Struct, frozen=True):
    """One fact that is missing: ask it in these words, and say why."""

    key: str
    label: Localised
    why: Localised
    required: bool
    weight: int


class Completeness(msgspec.Struct, frozen=True):
    """``score`` is 0 to 100. ``gaps`` come required first, then by weight. ``not_known`` was asked already,
    and the reporter does not know; it is worth half and is not asked again."""

    score: int
    gaps: tuple[Gap, ...]
    not_known: tuple[str, ...]


def completeness(
    codes: Iterable[str], facts: Mapping[str, object], *, taxonomy: Taxonomy | None = None
) -> Completeness:
    """Weigh the answers to everything these codes need. ``facts`` are answers by fact key."""
    asked = [fact for fact in (taxonomy or current()).facts_for(codes) if _applies(fact, facts)]
    missing = [fact for fact in asked if not given(facts.get(fact.key))]
    unknown = [fact for fact in asked if picked(facts.get(fact.key)) == UNKNOWN]
    total = sum(fact.weight for fact in asked)
    got = total - sum(fact.weight for fact in missing) - sum(fact.weight for fact in unknown) / 2
    ranked = sorted(missing, key=lambda fact: (not fact.required, -fact.weight))
    return Completeness(
        score=int(100 * got / total) if total else 100,
        gaps=tuple(Gap(one.key, one.label, one.why, one.required, one.weight) for one in ranked),
        not_known=tuple(fact.key for fact in unknown),
    )


def _applies(fact: Fact, facts: Mapping[str, object]) -> bool:
    if fact.asked_by != "reporter":
        return False
    return fact.only_if is None or picked(facts.get(fact.only_if.fact)) in fact.only_if.values
