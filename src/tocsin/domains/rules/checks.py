"""Checking a draft: its types, its stories, what it costs, and which rules fire with it.

Figures of a check, as JSON: ``problems`` (of the language, each with file, line, column, end, message, and
the line with carets below), ``stories`` (how many were played), ``failures`` (test and message),
``disturbed`` (stories of ordinary days that are no longer an allow), ``cost_us`` (microseconds an event more
than without it, best of several runs) and ``overlap`` (rule -> on how many of the draft's own events it fires
too).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from msgspec.structs import replace

from tocsin.domains.rules.in_force import Files
from tocsin.domains.rules.mistakes import problems_of
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.rules.watching import Hits
from tocsin.engine import ruletests
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.ruletests import Failure, Story
from tocsin.engine.runtime.history import encode, run

ORDINARY: Final = "ordinary.tests.toml"
_COST_EVENTS: Final = 4096
_COST_RUNS: Final = 5


@dataclass
class Check:
    """What a check found; see the top of this file."""

    problems: list[dict[str, Any]] = field(default_factory=list)
    stories: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    disturbed: list[dict[str, str]] = field(default_factory=list)
    cost_us: float = 0.0
    overlap: dict[str, int] = field(default_factory=dict)
    rules_version: str = ""

    @property
    def passed(self) -> bool:
        """Whether the draft may go on."""
        return not (self.problems or self.failures or self.disturbed)


def check(draft: DetectionRule, live: Files) -> Check:
    """Everything there is to find out without traffic."""
    rules, problems = problems_of(draft, live)
    if rules is None:
        return Check(problems)
    found = Check(rules_version=rules.version)
    try:
        stories = ruletests.read_stories(draft.stories) if draft.stories.strip() else []
    except ValueError as error:
        found.failures = [asdict(Failure("", str(error)))]
        return found
    found.stories = len(stories)
    found.failures = [asdict(one) for one in (*_unsaid(draft.name, stories), *_played(stories, rules))]
    found.disturbed = [asdict(one) for one in _played(_ordinary(), rules)]
    if found.passed:
        found.cost_us = _cost(stories, load(live.sources()), rules)
        found.overlap = _overlap(draft.name, stories, rules)
    return found


def _unsaid(name: str, stories: Sequence[Story]) -> Iterator[Failure]:
    """A rule needs a story in which it fires, and one in which it does not."""
    told = [story.expect.rules for story in stories if story.expect.rules is not None]
    if not any(name in rules for rules in told):
        yield Failure("", f"No story ends with {name} firing.")
    if not any(name not in rules for rules in told):
        yield Failure("", f"No story ends with {name} not firing.")


def _played(stories: Sequence[Story], rules: RuleSet) -> Iterator[Failure]:
    for story in stories:
        yield from ruletests.run(story, rules)


def _ordinary() -> list[Story]:
    path = Path(settings.TOCSIN_RULES_DIR) / ORDINARY
    return ruletests.read_stories(path.read_text(encoding="utf-8")) if path.is_file() else []


def _cost(stories: Sequence[Story], live: RuleSet, rules: RuleSet) -> float:
    """Microseconds an event more than without the draft, over its own stories told again and again."""
    told = [event for story in stories for event in ruletests.events_of(story, rules.schema)]
    events = [replace(told[n % len(told)], id=f"cost-{n}") for n in range(_COST_EVENTS)]
    spent = [min(_seconds(one, events) for _ in range(_COST_RUNS)) for one in (live, rules)]
    return round(max(0.0, spent[1] - spent[0]) / len(events) * 1e6, 3)


def _seconds(rules: RuleSet, events: Sequence[Event]) -> float:
    engine = Engine(rules, ruletests.MEMORY)
    history = encode(engine.plan, events)
    start = time.perf_counter()
    run(engine, history)
    return time.perf_counter() - start


def _overlap(name: str, stories: Sequence[Story], rules: RuleSet) -> dict[str, int]:
    """The rules that fire on events of the draft's own stories on which it fires."""
    together: Counter[str] = Counter()
    for story in stories:
        engine = Engine(rules, ruletests.MEMORY)
        told = list(ruletests.events_of(story, rules.schema))
        hits = Hits(engine, name)
        run(engine, encode(engine.plan, told), hits)
        together += hits.together
    return dict(together.most_common())
