"""What raised the score on which a rule fired, worked out from what was kept with the decision."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from tests.engine.scores.test_score_in_rules import PAYMENTS, RULES, model_text, payment
from tocsin.engine.decisions import Explanation, Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.language.ruleset import RuleSet, load
from tocsin.engine.scores.raised import Raised, Scored
from tocsin.engine.why import Why, why

#: Fires on other grounds too.
ALSO = RULES.replace("when = danger >= 0.7", "when = amount_minor == 9500 or danger >= 0.7")


def made(text: str = RULES, **changes: object) -> RuleSet:
    return load({"a.rules": text, "danger.model.json": model_text(**changes)})


def explained(
    rules: RuleSet, events: list[Event], covered: frozenset[str] = frozenset(), **kept: object
) -> Why:
    """Why the last event was decided as it was."""
    outcome = Engine(rules).decide(events, 0)[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.explanation is not None
    held = msgspec.json.decode(msgspec.json.encode(outcome.explanation), type=Explanation)
    held = msgspec.structs.replace(held, features={**held.features, **kept})
    fields = {name: value for name, value in events[-1].fields.items() if name not in covered}
    return why(rules, msgspec.structs.replace(events[-1], fields=fields), held, covered)


def only(found: Why) -> Scored:
    [fired] = found.fired
    [score] = fired.scores
    return score


def test_the_inputs_that_raised_a_score_come_with_their_values_and_shares() -> None:
    rules = made()
    found = explained(rules, PAYMENTS[:4])
    score = only(found)
    assert (score.name, score.model, score.version) == ("danger", "danger", rules.models["danger"].version)
    # 100001 / 35001 is more than 2, and the amount more than 9000; Shapley values by hand:
    # alone the ratio moves 0.875 - (-1.45), after the amount 2 - (0.6 * -3 + 0.4 * 2); the amount the rest
    ratio = ((0.875 - -1.45) + (2.0 - -1.0)) / 2
    amount = ((-1.0 - -1.45) + (2.0 - 0.875)) / 2
    assert score.raised == (
        Raised("amount_minor / paid", pytest.approx(100001 / 35001), pytest.approx(ratio / (ratio + amount))),
        Raised("amount_minor", 100001.0, pytest.approx(amount / (ratio + amount))),
    )
    assert found.reproduced


def test_a_rule_that_fired_on_other_grounds_says_nothing_of_the_score() -> None:
    [fired] = explained(made(ALSO), PAYMENTS[:2]).fired
    assert fired.scores == ()
    assert only(explained(made(ALSO), PAYMENTS[:4])).raised


def test_a_score_that_the_model_does_not_give_again_is_said() -> None:
    found = explained(made(), PAYMENTS[:4], danger=0.9)
    assert not only(found).reproduced
    assert not found.reproduced


def test_nothing_is_told_where_an_input_is_covered() -> None:
    found = explained(made(), PAYMENTS[:4], frozenset({"amount_minor"}))
    assert (only(found).covered, only(found).raised, found.reproduced) == (True, (), True)


def test_at_most_four_inputs_are_named_and_the_clock_is_one_of_them() -> None:
    """Six trees of one question each, every one answered with yes."""
    names = ["hour", "weekday", "amount_minor", "payments", "paid", "amount_minor - paid"]
    trees = [[[n, -1, -1], [1, 0, 0], [2, 0, 0], [0] * 3, [-1e9, 0.0, 1.0 + n], [2, 1, 1]] for n in range(6)]
    found = explained(made(inputs=names, trees=trees), [payment(1, 8000), payment(2, 9500)])
    score = only(found)
    assert [(one.input, one.value) for one in score.raised] == [
        ("amount_minor - paid", 1500.0), ("paid", 8000.0), ("payments", 1.0), ("amount_minor", 9500.0),
    ]  # fmt: skip
    assert sum(one.share for one in score.raised) == pytest.approx((6 + 5 + 4 + 3) / 21)
    clock = explained(made(inputs=["hour", "weekday"], trees=trees[:2], offset=1.0), [payment(1, 8000)])
    assert [(one.input, one.value) for one in only(clock).raised] == [("weekday", 6.0), ("hour", 12.0)]
    assert clock.reproduced


def test_an_unknown_input_is_named_without_a_value() -> None:
    found = explained(made(offset=1.0), [payment(1, 20000)])
    first = only(found).raised[0]
    assert (first.input, first.value) == ("amount_minor / paid", None)
    assert found.reproduced


def test_an_untrained_model_explains_nothing() -> None:
    rules = made(ALSO)
    blank = replace(rules, models={})
    outcome = Engine(rules).decide(PAYMENTS[:4], 0)[-1]
    assert isinstance(outcome, Outcome)
    assert outcome.explanation is not None
    [fired] = why(blank, PAYMENTS[3], outcome.explanation).fired
    assert fired.scores == ()
