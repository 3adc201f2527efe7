"""Noting, while the log is shipped, what a challenger in shadow and its champions did on the same events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from tocsin.domains.detection.models import KeptRules
from tocsin.domains.detection.records import Fired, Record
from tocsin.domains.detection.ship import follow
from tocsin.domains.rules.models import DetectionRule, Trial, TrialHit
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import load


@follow
def note(records: Sequence[Record]) -> None:
    """Add a shipped batch to every trial that it belongs to."""
    by_version: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_version[record.rules_version].append(record)
    for version, decided in by_version.items():
        shadows = _in_shadow(version)
        for rule in DetectionRule.objects.filter(pk__in=shadows):
            clause, same_clause = shadows[rule.name]
            champions = frozenset([rule.replaces]) if rule.replaces else same_clause
            _add(rule, clause, champions, decided)


@lru_cache(maxsize=8)
def _in_shadow(version: str) -> Mapping[str, tuple[str, frozenset[str]]]:
    """The rules of a set that are in shadow, each with its clause and the rules that act for the same. None
    of a set that is not kept, or that this version of the language cannot read: shipping goes on without."""
    kept = KeptRules.objects.filter(pk=version).first()
    try:
        rules = list(load(kept.sources).rules.values()) if kept is not None else []
    except RuleError:
        return {}
    return {
        rule.id: (rule.clause, frozenset(one.id for one in rules if one.acts and one.clause == rule.clause))
        for rule in rules
        if not rule.acts
    }


def _add(rule: DetectionRule, clause: str, champions: frozenset[str], decided: Sequence[Record]) -> None:
    begun = decided[0].received_at
    trial, _new = Trial.objects.get_or_create(
        rule=rule, defaults={"clause": clause, "since": begun, "until": begun}
    )
    trial.champions = sorted(champions.union(trial.champions))
    trial.events += len(decided)
    trial.until = decided[-1].received_at
    trial.save()
    TrialHit.objects.bulk_create(
        [
            _hit(trial, record, fired)
            for record in decided
            for fired in (*record.fired, *record.watched)
            if fired.rule == rule.name or fired.rule in champions
        ]
    )


def _hit(trial: Trial, record: Record, fired: Fired) -> TrialHit:
    kind, ident = record.subject(fired)
    return TrialHit(
        trial=trial, rule=fired.rule, seq=record.seq, subject_kind=kind, subject_id=ident,
        region=record.region[:20], value_minor=max(record.value_minor, 0), currency=record.currency,
    )  # fmt: skip
