"""What it takes to explain a decision years later: the rules of the time, and what the engine looked at."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.domains.detection.models import KeptExplanation, KeptRules
from tocsin.domains.detection.records import InForce, Record


def keep_rules(records: Sequence[InForce]) -> None:
    """Keep the text of every rule set, once."""
    KeptRules.objects.bulk_create(
        [
            KeptRules(version=one.version, sources=dict(one.sources), first_seq=one.seq, since=one.at)
            for one in records
        ],
        ignore_conflicts=True,
    )


def keep_explanations(records: Sequence[Record]) -> None:
    """Keep what the engine looked at wherever a rule that acts fired."""
    KeptExplanation.objects.bulk_create(
        [
            KeptExplanation(
                seq=record.seq,
                rules_version=record.rules_version,
                engine_version=record.engine_version,
                explanation=dict(record.explanation),
            )
            for record in records
            if record.fired
        ]
    )
