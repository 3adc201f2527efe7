"""The brake: a rule that does something else than its backtest said, or too much, is paused at once.

A rule is held to the hour (UTC) that runs. Of n events its backtest forecast n × rate hits, in canary the
share of that. It is out of its band

- above, with more than three times the forecast and more than four standard deviations (Poisson) over it;
- below, with less than a third of the forecast, once 20 hits were to be expected.

A rule that acts is paused as well when it reaches its cap on hits in an hour. Rules that come with Tocsin are
held to their busiest hour of four weeks (see ``forecasts``), and only from above: when one of them falls
silent, the traffic changed and not the rule.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from django.utils import timezone

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.domains.detection.queries import hits_in_hour
from tocsin.domains.rules import forecasts
from tocsin.domains.rules.in_force import packaged
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.rules.moves import row_of
from tocsin.domains.rules.promoting import halt

State = DetectionRule.State
FACTOR: Final = 3
DEVIATIONS: Final = 4
ENOUGH: Final = 20  # hits to be expected before too few mean anything
_BACKTEST: Final = "its backtest forecast"
_BUSIEST: Final = "its busiest hour of four weeks had"


def brake() -> int:
    """Look at every rule that runs, and pause those that left their band or reached their cap; returns how
    many."""
    running = DetectionRule.objects.filter(state__in=DetectionRule.RUNNING, packaged=False)
    written = sum(_look(name) for name in running.order_by("name").values_list("name", flat=True))
    return written + _look_at_packaged(timezone.now())


def _look_at_packaged(now: dt.datetime) -> int:
    busiest = forecasts.busiest_hours(now)
    held = DetectionRule.objects.filter(packaged=True).in_bulk()
    paused = 0
    for name in sorted(busiest.keys() & packaged().rules.keys()):
        row = held.get(name)
        hits = _since_step(row, now)[0] if row else hits_in_hour(name, now)[0]
        why = _above(hits, busiest[name], _BUSIEST)
        if why and (row is None or row.state in DetectionRule.RUNNING):
            with act(system("rules brake"), "rule.brake") as work:
                halt(work, row_of(work, name), f"The brake: {why}")
            paused += 1
    return paused


def _look(name: str) -> bool:
    with act(system("rules brake"), "rule.brake") as work:
        rule = work.lock(DetectionRule, name)
        if rule.state not in DetectionRule.RUNNING:
            return False
        hits, events = _since_step(rule, timezone.now())
        why = _too_many(rule, hits) or out_of_band(hits, forecasts.rate(rule) * events)
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


def _too_many(rule: DetectionRule, hits: int) -> str:
    if rule.state == State.SHADOW or hits < rule.hourly_cap:
        return ""
    return f"{hits} hits in this hour; its cap is {rule.hourly_cap}."


def out_of_band(hits: int, expected: float) -> str:
    """Why so many hits are not what was expected; nothing when they are within the band."""
    below = expected / FACTOR if expected >= ENOUGH else 0.0
    if hits < below:
        return f"{hits} hits in this hour; {_BACKTEST} {expected:.1f}, at least {below:.1f}."
    return _above(hits, expected, _BACKTEST)


def _above(hits: int, expected: float, what: str) -> str:
    above = max(FACTOR * expected, expected + DEVIATIONS * math.sqrt(max(expected, 1.0)))
    if hits > above:
        return f"{hits} hits in this hour; {what} {expected:.1f}, at most {above:.1f}."
    return ""
