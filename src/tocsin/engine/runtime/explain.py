"""From what fired to a decision in words: verdict, reasons with their values, actions, and what was looked
at."""

from __future__ import annotations

from tocsin.engine.decisions import Action, Explanation, Fired, Reason, Target, Verdict
from tocsin.engine.events import Event
from tocsin.engine.hashing import NONE
from tocsin.engine.language.nodes import Action as ActionSpec
from tocsin.engine.language.nodes import Get, Rule, Value
from tocsin.engine.language.rules import SENDER
from tocsin.engine.language.sentences import fill, looked_at
from tocsin.engine.plan.plan import Plan
from tocsin.engine.runtime.state import Bench
from tocsin.engine.vocabulary import SEVERITIES, VERDICTS

MAX_REASONS = 4


class Seen:
    """The values of one event as the kernel saw them."""

    def __init__(self, event: Event, plan: Plan, bench: Bench, lane: int) -> None:
        self._event = event
        self._registers = plan.registers
        self._bench = bench
        self._lane = lane
        self.clock = int(bench.clocks[lane])

    def get(self, what: Get) -> Value | None:
        """The value of a field, entity or feature; None when it is unknown."""
        if what.kind == "entity":
            return getattr(self._event.entities, what.name)  # type: ignore[no-any-return]
        if what.kind == "field":
            return self._event.fields.get(what.name)
        if what.kind == "region":
            return self._event.region
        if what.type == "number":
            number = float(self._bench.numbers[self._registers.number(what), self._lane])
            return None if number != number else number
        value = int(self._bench.ints[self._registers.whole(what), self._lane])
        if value == NONE:
            return None
        return bool(value) if what.type == "bool" else value


class Explainer:
    """Explains the decisions of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lists = plan.rules.lists
        # Worst verdict first, then worst severity, then by id: an order that does not depend on file order.
        self._ranks = {
            rule.id: (-VERDICTS.index(rule.verdict), SEVERITIES.index(rule.severity), rule.id)
            for rule in plan.order
        }
        self._read: dict[int, list[Get]] = {
            code: [Get("feature", name, plan.rules.features[name].type)
                   for name, codes in plan.asked_on.items() if code in codes]
            for code in range(len(plan.types) + 1)
        }  # fmt: skip

    def explain(
        self, event: Event, bench: Bench, lane: int
    ) -> tuple[Verdict, list[Reason], list[Action], Explanation]:
        """The worst verdict; at most four reasons, worst first; the actions of every rule, each once; and
        what an investigator needs."""
        seen = Seen(event, self._plan, bench, lane)
        met = [self._plan.order[number] for number in bench.fired_at(lane)]
        met.sort(key=lambda rule: self._ranks[rule.id])
        fired = [rule for rule in met if rule.acts]
        actions: dict[Action, None] = {}
        for rule in fired:
            for spec in rule.actions:
                if (target := _target(spec, event)) is not None:
                    actions[Action(spec.type, target)] = None
        reasons = [self.reason(rule, seen) for rule in fired[:MAX_REASONS]]
        read = {got.name: seen.get(got) for got in self._read[int(bench.types[lane])]}
        watched = [_fired(rule) for rule in met if not rule.acts]
        explanation = Explanation(seen.clock, [_fired(rule) for rule in fired], read, watched)
        verdict = fired[0].verdict if fired else "allow"
        return verdict, reasons, list(actions), explanation  # type: ignore[return-value]

    def reason(self, rule: Rule, seen: Seen) -> Reason:
        """Why a rule fired, in its own sentence."""
        values = looked_at(rule, seen, self._lists)
        return Reason(rule.code, rule.id, fill(rule.reason["en"], values), values)


def _fired(rule: Rule) -> Fired:
    return Fired(rule.id, rule.code, rule.verdict, rule.severity, rule.clause)  # type: ignore[arg-type]


def _target(spec: ActionSpec, event: Event) -> Target | None:
    """The first of the kinds that the event names; without one there is nobody to act on."""
    for kind in spec.targets:
        named = str(event.fields.get(SENDER)) if kind == SENDER else kind
        if named in event.entities.__struct_fields__ and (id_ := getattr(event.entities, named)) is not None:
            return Target(named, id_)
    return None
