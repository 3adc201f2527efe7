"""What if a rule were a little wrong: would any story notice?

Every threshold is moved by one step, every comparison turned to its neighbour, every part of an "and" or "or"
left out, one change at a time. A change that no story notices is a place where the stories do not say what is
meant.

Rules do not change what is counted, so each story is played once, and every change is judged by the plain
meaning of the rule over what the engine saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.language.evaluate import holds
from tocsin.engine.language.nodes import (
    AllOf,
    AnyOf,
    Compare,
    Constant,
    Get,
    Node,
    Not,
    Rule,
    Value,
    children,
    rebuilt,
)
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.texts import match_text
from tocsin.engine.language.written import written
from tocsin.engine.ruletests import MEMORY, Story, events_of
from tocsin.engine.runtime.explain import Seen
from tocsin.engine.vocabulary import VERDICTS

_NEIGHBOUR: Final = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "==": "!=", "!=": "=="}
_STEP: Final = 100  # a large threshold is moved by its hundredth


@dataclass(frozen=True)
class Mutant:
    """One change of a rule. `what`: in words."""

    rule: str
    what: str
    when: Node


@dataclass(frozen=True)
class Moment:
    """What the engine saw at one event of a story, and which rules fired."""

    event: Event
    clock: int
    features: dict[str, Value | None]
    fired: frozenset[str]

    def get(self, what: Get) -> Value | None:
        """The value of a field, entity or feature; None when it is unknown."""
        if what.kind == "feature":
            return self.features[what.name]
        if what.kind == "entity":
            return getattr(self.event.entities, what.name)  # type: ignore[no-any-return]
        return self.event.region if what.kind == "region" else self.event.fields.get(what.name)


@dataclass(frozen=True)
class Scene:
    """A story as it was played."""

    story: Story
    moments: Sequence[Moment]


def unnoticed(rules: RuleSet, stories: Sequence[Story]) -> list[Mutant]:
    """The changes that no story notices, by rule."""
    scenes = [play(story, rules) for story in stories]
    found = []
    for rule in rules.rules.values():
        near = [scene for scene in scenes if any(moment.event.type in rule.on for moment in scene.moments)]
        for mutant in mutants(rule):
            changed = replace(rule, when=mutant.when)
            if not any(_notices(scene, changed, rules) for scene in near):
                found.append(mutant)
    return found


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every change of one rule's condition, one at a time."""
    for what, when in _changes(rule.when):
        yield Mutant(rule.id, what, when)


def play(story: Story, rules: RuleSet) -> Scene:
    """Play a story and remember what was seen. Raises ValueError when it cannot be played."""
    engine = Engine(rules, MEMORY, read_all=True)
    moments = []
    for event in events_of(story, rules.schema):
        engine.decide([event], event.ts)
        seen = Seen(event, engine.plan, engine.bench, 0)
        features = {name: seen.get(Get("feature", name, one.type)) for name, one in rules.features.items()}
        fired = frozenset(engine.plan.order[number].id for number in engine.bench.fired_at(0))
        moments.append(Moment(event, seen.clock, features, fired))
    return Scene(story, moments)


def fires(rule: Rule, moment: Moment, rules: RuleSet) -> bool:
    """Whether a rule fires, by its plain meaning."""
    if moment.event.type not in rule.on:
        return False
    region = moment.event.region
    if rule.jurisdictions and (region is None or match_text("within", region, rule.jurisdictions) is None):
        return False
    answer = holds(rule.when, moment, rules.lists)
    return answer is True or (answer is None and rule.fail == "closed")


def _notices(scene: Scene, rule: Rule, rules: RuleSet) -> bool:
    expect, always = scene.story.expect, scene.story.always
    for moment in scene.moments if always else scene.moments[-1:]:
        now = fires(rule, moment, rules)
        if now == (rule.id in moment.fired):
            continue
        last = moment is scene.moments[-1]
        if last and (expect.rules is not None or (expect.actions is not None and rule.actions)):
            return True
        after = _verdict(moment.fired ^ {rule.id}, rules)
        if (always and after != always) or (last and expect.verdict not in (None, after)):
            return True
    return False


def _verdict(fired: frozenset[str], rules: RuleSet) -> str:
    return max((rules.rules[name].verdict for name in fired), key=VERDICTS.index, default=VERDICTS[0])


def _changes(node: Node) -> Iterator[tuple[str, Node]]:
    """What was changed, in words, and the whole with that change."""
    if isinstance(node, Compare):
        other = replace(node, op=_NEIGHBOUR[node.op])
        yield f"{written(node)} became {written(other)}", other
        moves = [replace(node, a=a) for a in _steps(node.a)] + [replace(node, b=b) for b in _steps(node.b)]
        yield from ((f"{written(node)} became {written(moved)}", moved) for moved in moves)
    if isinstance(node, AllOf | AnyOf):
        for number, part in enumerate(node.parts):
            rest = node.parts[:number] + node.parts[number + 1 :]
            yield f"left out: {written(part)}", rest[0] if len(rest) == 1 else replace(node, parts=rest)
    if isinstance(node, Not):
        yield f"{written(node)} became {written(node.part)}", node.part
    parts = children(node)
    for number, part in enumerate(parts):
        for what, changed in _changes(part):
            yield what, rebuilt(node, (*parts[:number], changed, *parts[number + 1 :]))


def _steps(node: Node) -> Iterator[Node]:
    """The same expression with each of its numbers a step lower and higher."""
    if isinstance(node, Constant):
        if node.type == "int":
            step = max(1, abs(int(node.value)) // _STEP)
            yield from (replace(node, value=int(node.value) + move) for move in (-step, step))
        elif node.type == "number":
            small = abs(float(node.value)) / _STEP or 1 / _STEP
            yield from (replace(node, value=float(node.value) + move) for move in (-small, small))
        return
    parts = children(node)
    for number, part in enumerate(parts):
        for moved in _steps(part):
            yield rebuilt(node, (*parts[:number], moved, *parts[number + 1 :]))
