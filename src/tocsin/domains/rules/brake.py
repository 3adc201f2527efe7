"""The brake: a rule that does something else than its backtest said, or too much, is paused at once.

Whoever answers for it is told. A rule that acts and keeps people safe (severity S0 or S1) is never paused:
the same people are told, and decide.

A rule is held to the hour (UTC) that runs. Of n events its backtest forecast n × rate hits, in canary the
share of that. It is out of its band

- above, with more than three times the forecast and more than four standard deviations (Poisson) over it;
- below, with less than a third of the forecast, once 20 hits were to be expected.

A rule that acts is paused as well when it reaches its cap on hits in an hour. Rules that come with Tocsin are
held to their busiest hour of four weeks (see ``forecasts``), and only from above: when one of them falls
silent, the traffic changed and not the rule.

One person cannot bring a rule that acts over its band, however often they make it fire: as many different
people as the band allows hits must have met it.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from django.utils import timezone

from tocsin.core.act import Work, act
from tocsin.core.actor import system
from tocsin.domains.detection.models import RuleHits
from tocsin.domains.detection.queries import hits_in_hour, hits_of_all, people_since
from tocsin.domains.rules import forecasts
from tocsin.domains.rules.in_force import in_force, packaged
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.rules.moves import row_of
from tocsin.domains.rules.promoting import halt

State = DetectionRule.State
FACTOR: Final = 3
DEVIATIONS: Final = 4
ENOUGH: Final = 20  # hits to be expected before too few mean anything
_GRAVE: Final = ("S0", "S1")
_BACKTEST: Final = "its backtest forecast"
_BUSIEST: Final = "its busiest hour of four weeks had"


def brake() -> int:
    """Look at every rule that runs, and pause those that left their band or reached their cap; returns how
    many."""
    now = timezone.now()
    running = DetectionRule.objects.filter(state__in=DetectionRule.RUNNING, packaged=False)
    written = sum(_look(name, now) for name in running.order_by("name").values_list("name", flat=True))
    return written + _look_at_packaged(now)


def _look_at_packaged(now: dt.datetime) -> int:
    # looked at every other second: four weeks of hours are read only for a rule that might be over any bound
    loud = {rule for rule, hits in hits_of_all(now).items() if _above(hits, 1.0, _BUSIEST)}
    if not loud:
        return 0
    busiest = forecasts.busiest_hours(now)
    come = packaged().rules
    held = DetectionRule.objects.filter(packaged=True).in_bulk()
    paused = 0
    for name in sorted(loud & busiest.keys() & come.keys()):
        row = held.get(name)
        if row is not None and row.state not in DetectionRule.RUNNING:
            continue
        hits = _since_step(row, now)[0] if row else hits_in_hour(name, now)[0]
        why = _above(hits, busiest[name], _BUSIEST)
        if not why or not _above(_people(name, row, now), busiest[name], _BUSIEST):
            continue
        with act(system("rules brake"), "rule.brake") as work:
            if come[name].severity in _GRAVE:
                _alarm(work, name, why, now)
            else:
                _pause(work, row_of(work, name), why)
                paused += 1
    return paused


def _look(name: str, now: dt.datetime) -> bool:
    with act(system("rules brake"), "rule.brake") as work:
        rule = work.lock(DetectionRule, name)
        if rule.state not in DetectionRule.RUNNING:
            return False
        why = _why(rule, now)
        if why and rule.state != State.SHADOW and _severity(name) in _GRAVE:
            _alarm(work, name, why, now)
            return False
        if why:
            _pause(work, rule, why)
    return bool(why)


def _why(rule: DetectionRule, now: dt.datetime) -> str:
    """Why a rule written here has to stop; nothing when it does what it should."""
    hits, events = _since_step(rule, now)
    expected = forecasts.rate(rule) * events
    why = out_of_band(hits, expected)
    if rule.state == State.SHADOW:
        return why
    if why and hits > expected and not _above(_people(rule.name, rule, now), expected, _BACKTEST):
        why = ""
    return _too_many(rule, hits) or why


def _pause(work: Work, rule: DetectionRule, why: str) -> None:
    halt(work, rule, f"The brake: {why}")
    work.emit("rule.braked", {"rule": rule.name, "at": rule.state_since.isoformat()})


def _alarm(work: Work, name: str, why: str, now: dt.datetime) -> None:
    """Once an hour and rule."""
    at = RuleHits.hour_of(now).isoformat()
    work.emit("rule.alarm", {"rule": name, "why": why, "at": at}, key=f"{name}:{at}")


def _severity(name: str) -> str:
    return in_force().read().rules[name].severity


def _people(name: str, row: DetectionRule | None, now: dt.datetime) -> int:
    """How many met a rule that acts in this hour, without those before its last step."""
    hour = RuleHits.hour_of(now)
    return people_since(name, max(hour, row.state_since) if row else hour)


def _since_step(rule: DetectionRule, now: dt.datetime) -> tuple[int, int]:
    """Hits and events of this hour, without what was before the rule's last step."""
    fired, watched, events = hits_in_hour(rule.name, now)
    hits = watched if rule.state == State.SHADOW else fired
    if rule.state_since < RuleHits.hour_of(now):
        return hits, events
    return hits - rule.hits_before, events - rule.events_before


def _too_many(rule: DetectionRule, hits: int) -> str:
    if hits < rule.hourly_cap:
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
