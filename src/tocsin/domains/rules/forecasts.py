"""What a rule is expected to do: by its backtest, or, where it comes with Tocsin, by what it did here.

A rule that comes with Tocsin has no backtest of its own. It is held to its busiest hour of the four weeks
before: fraud comes in waves, so a mean would call every wave a mistake.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db.models import Max, Min, Sum

from tocsin.domains.detection.models import RuleHits
from tocsin.domains.rules.models import DetectionRule, RuleReport
from tocsin.engine.language.stages import SHARES

HISTORY: Final = dt.timedelta(days=28)
LEAST_HISTORY: Final = dt.timedelta(days=7)  # before that nothing is known of what is usual here
LEAST_HITS: Final = 20


def rate(rule: DetectionRule) -> float:
    """Hits an event that the newest backtest of this text forecast; in canary the share of that."""
    done = rule.reports.filter(
        kind=RuleReport.Kind.BACKTEST, passed=True, content_hash=rule.content_hash
    ).latest("done_at")
    share = rule.share / SHARES if rule.state == DetectionRule.State.CANARY else 1.0
    return float(done.figures["rate"] or 0.0) * share


def busiest_hours(now: dt.datetime) -> dict[str, int]:
    """The hits of each rule in its busiest hour of the four weeks before this one; without those that hit too
    seldom to say, and nothing in an installation's first week."""
    hour = RuleHits.hour_of(now)
    before = RuleHits.objects.filter(hour__gte=hour - HISTORY, hour__lt=hour)
    first = before.filter(rule=RuleHits.EVERY_EVENT).aggregate(first=Min("hour"))["first"]
    if first is None or hour - first < LEAST_HISTORY:
        return {}
    counted = before.exclude(rule=RuleHits.EVERY_EVENT).values_list("rule")
    return {
        rule: most for rule, most, hits in counted.annotate(Max("fired"), Sum("fired")) if hits >= LEAST_HITS
    }
