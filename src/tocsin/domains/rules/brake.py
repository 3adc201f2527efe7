"""The brake: a rule that does something else than its backtest said, or too much, is paused at once.

A rule is held to the hour (UTC) that runs. Of n events its backtest forecast n × rate hits, in canary the
share of that. It is out of its band

- above, with more than three times the forecast and more than four standard deviations (Poisson) over it;
- below, with less than a third of the forecast, once 20 hits were to be expected.

A rule that acts is paused as well when it reaches its cap on hits in an hour. Rules that come with Tocsin
have no backtest and so no forecast; they are not held to one.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.domains.detection.queries import hits_in_hour
from tocsin.domains.rules.models import DetectionRule, RuleReport
from tocsin.domains.rules.promoting import halt
from tocsin.engine.language.stages import SHARES

State = DetectionRule.State
FACTOR: Final = 3
DEVIATIONS: Final = 4
ENOUGH: Final = 20  # hits to be expected before too few mean anything


def brake() -> int:
    """Look at every rule that runs, and pause those that left their band or reached their cap; returns how
    many."""
    running = DetectionRule.objects.filter(state__in=DetectionRule.RUNNING, packaged=False)
    return sum(_look(name) for name in running.order_by("name").values_list("name", flat=True))


def _look(name: str) -> bool:
    with act(system("rules brake"), "rule.brake") as work:
        rule = work.lock(DetectionRule, name)
        if rule.state not in DetectionRule.RUNNING:
            return False
        hits, events = _since_step(rule, timezone.now())
        why = _too_many(rule, hits) or out_of_band(hits, _forecast(rule) * events)
        if why:
            halt(work, rule, f"The brake: {why}")
    return bool(why)


def _since_step(rule: DetectionRule, now: dt.datetime) -> tuple[int, int]:
    """Hits and events of this hour, without what was before the rule's last step."""
    fired, watched, events = hits_in_hour(rule.name, now)
    hits = watched if rule.state == State.SHADOW else fired
    hour = now.replace(minute=0, second=0, microsecond=0)
    if rule.state_since < hour:
        return hits, events
    return hits - rule.hits_before, events - rule.events_before


def _forecast(rule: DetectionRule) -> float:
    """Hits an event, as the newest backtest of this text says."""
    done = rule.reports.filter(
        kind=RuleReport.Kind.BACKTEST, passed=True, content_hash=rule.content_hash
    ).latest("done_at")
    share = rule.share / SHARES if rule.state == State.CANARY else 1.0
    return float(done.figures["rate"] or 0.0) * share


def _too_many(rule: DetectionRule, hits: int) -> str:
    if rule.state == State.SHADOW or hits < rule.hourly_cap:
        return ""
    return f"{hits} hits in this hour; its cap is {rule.hourly_cap}."


def out_of_band(hits: int, expected: float) -> str:
    """Why so many hits are not what was expected; nothing when they are within the band."""
    above = max(FACTOR * expected, expected + DEVIATIONS * math.sqrt(max(expected, 1.0)))
    below = expected / FACTOR if expected >= ENOUGH else 0.0
    if hits > above:
        return f"{hits} hits in this hour; its backtest forecast {expected:.1f}, at most {above:.1f}."
    if hits < below:
        return f"{hits} hits in this hour; its backtest forecast {expected:.1f}, at least {below:.1f}."
    return ""
