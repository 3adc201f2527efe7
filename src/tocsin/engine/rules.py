"""Rules: when all tests hold, what is said and what is asked of the marketplace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from tocsin.engine.conditions import Lists, compile_test
from tocsin.engine.decisions import Action, Fired, Reason, Target, Verdict
from tocsin.engine.events import Scalar
from tocsin.engine.moment import Moment
from tocsin.engine.spec import ActionSpec, RuleSpec
from tocsin.engine.vocabulary import ENTITY_KINDS, SEVERITIES, VERDICTS

MAX_REASONS: Final = 4
SENDER: Final = "sender"
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


class Rule:
    """A compiled rule."""

    __slots__ = ("_closed", "_conditions", "rank", "spec")

    def __init__(self, spec: RuleSpec, lists: Lists) -> None:
        self.spec = spec
        # Worst verdict first, then worst severity, then by id: an order that does not depend on file order.
        self.rank = (-VERDICTS.index(spec.verdict), SEVERITIES.index(spec.severity), spec.id)
        self._closed = spec.fail == "closed"
        self._conditions = [compile_test(test, lists) for test in spec.when]

    def fires(self, moment: Moment, errors: list[str]) -> bool:
        """Unknown answers count as not met ("open") or as met ("closed"); so does a test that breaks."""
        try:
            for condition in self._conditions:
                answer = condition.holds(moment)
                if not (self._closed if answer is None else answer):
                    return False
        except Exception as error:  # one broken rule must not stop the others
            errors.append(f"{self.spec.id}: {type(error).__name__}: {error}")
            return self._closed
        return True

    def reason(self, moment: Moment) -> Reason:
        values: dict[str, Scalar] = {}
        for condition in self._conditions:
            with suppress(Exception):  # a rule that fails closed may not be able to say what it saw
                condition.explain(moment, values)
        return Reason(self.spec.code, self.spec.id, _fill(self.spec.reason["en"], values), values)

    def fired(self) -> Fired:
        spec = self.spec
        return Fired(spec.id, spec.code, spec.verdict, spec.severity, spec.clause)


def judge(fired: Iterable[Rule], moment: Moment) -> tuple[Verdict, list[Reason], list[Action]]:
    """The worst verdict; at most four reasons, worst first; the actions of every rule, each once."""
    ranked = sorted(fired, key=lambda rule: rule.rank)
    if not ranked:
        return "allow", [], []
    actions: dict[Action, None] = {}
    for rule in ranked:
        for spec in rule.spec.actions:
            if (target := _target(spec, moment)) is not None:
                actions[Action(spec.type, target)] = None
    reasons = [rule.reason(moment) for rule in ranked[:MAX_REASONS]]
    return ranked[0].spec.verdict, reasons, list(actions)


def _target(spec: ActionSpec, moment: Moment) -> Target | None:
    """The first of the kinds that the event names; without one there is nobody to act on."""
    for kind in spec.target:
        if kind == SENDER:
            kind = str(moment.fields.get(SENDER))
            if kind not in ENTITY_KINDS:
                continue
        if (entity := moment.entity(kind)) is not None:
            return Target(kind, entity)
    return None


def _fill(text: str, values: Mapping[str, Scalar]) -> str:
    """Put values in place of {name}. Names only: a rule file cannot reach anything else from here."""
    return PLACEHOLDER.sub(lambda found: str(values.get(found[1], "?")), text)
