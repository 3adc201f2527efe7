"""A score in a rule: from a model file beside the rules to a verdict, the same whenever it is worked out."""

from __future__ import annotations

import json
import math

import pytest

from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import Entities, Event
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import load
from tocsin.engine.scores.model import ModelError, read_model

RULES = """
defaults(owner="fraud", purpose="p", legal_basis="l")

payments = count("payment.authorised", per=customer, within="7d")
paid = sum(amount_minor, of="payment.authorised", per=customer, within="7d")
danger = score("danger")

class dangerous(Rule):
    "A model says so"
    on = "payment.authorised"
    when = danger >= 0.7
    verdict = "review"
    severity = "S3"
    code = "O1"
    clause = "FRD-C.stolen_payment"
    reason = {"en": "It looks like {danger}."}
"""


def model_text(**changes: object) -> str:
    """One tree: the amount against the mean of those before; unknown goes right, where the amount decides."""
    tree = [[0, -1, 1, -1, -1], [1, 0, 3, 0, 0], [2, 0, 4, 0, 0], [0, 0, 1, 0, 0],
            [2.0, -3.0, 9000.0, 0.5, 2.0], [10, 6, 4, 3, 1]]  # fmt: skip
    model = {
        "on": ["payment.authorised"],
        "inputs": ["amount_minor / paid", "amount_minor"],
        "trees": [tree, [[-1], [0], [0], [0], [0.25], [10]]],
        "slope": 2.0,
        "offset": -1.0,
    }
    return json.dumps(model | changes)


def probability(margin: float) -> float:
    return math.floor(1 / (1 + math.exp(-(2.0 * margin - 1.0))) * 1e9 + 0.5) / 1e9


def payment(number: int, amount_minor: int | None, type_: str = "payment.authorised") -> Event:
    fields = {} if amount_minor is None else {"amount_minor": amount_minor, "currency": "USD"}
    return Event(f"p{number}", type_, 1_600_000_000_000 + number * 60_000, Entities(customer="c"), fields)


PAYMENTS = [payment(1, 8000), payment(2, 9500), payment(3, 17501), payment(4, 100_001), payment(5, None)]


def scores_of(engine: Engine, events: list[Event]) -> list[float]:
    """What the model says of each, read where rules read it."""
    register = engine.bench.plan.registers.numbers[_score_register(engine)]
    found = []
    for event in events:
        engine.decide([event], 0)
        found.append(float(engine.bench.numbers[register, 0]))
    return found


def _score_register(engine: Engine) -> object:
    [what] = [w for w in engine.plan.registers.numbers if getattr(w, "name", "") == "danger"]
    return what


def verdicts(engine: Engine, events: list[Event]) -> list[str]:
    outcomes = engine.decide(events, 0)
    return [outcome.decision.verdict for outcome in outcomes if isinstance(outcome, Outcome)]


def test_every_path_through_a_tree_gives_its_calibrated_probability() -> None:
    engine = Engine(load({"a.rules": RULES, "danger.model.json": model_text()}))
    # 8000 / 0 is unknown: right, and 8000 is at most 9000: left. 9500 / 8000 is at most 2: left.
    # 17501 / 17500 at most 2. 100001 / 35001 is more, and so is the amount. No amount: unknown, and left.
    margins = [0.75, -2.75, -2.75, 2.25, 0.75]
    assert scores_of(engine, PAYMENTS) == [probability(margin) for margin in margins]


def test_a_score_is_unknown_for_other_events_and_without_a_trained_model() -> None:
    sources = {"a.rules": RULES, "danger.model.json": model_text()}
    assert math.isnan(scores_of(Engine(load(sources)), [payment(1, 8000, "payment.declined")])[0])
    untrained = Engine(load(sources | {"danger.model.json": model_text(trees=[])}))
    assert math.isnan(scores_of(untrained, [payment(1, 8000)])[0])
    assert verdicts(Engine(load({"a.rules": RULES})), PAYMENTS) == ["allow"] * 5


def test_the_same_live_in_batches_and_after_a_restart() -> None:
    rules = load({"a.rules": RULES, "danger.model.json": model_text()})
    one_by_one = Engine(rules)
    first = [verdicts(one_by_one, [event])[0] for event in PAYMENTS]
    assert first == verdicts(Engine(rules), PAYMENTS) == ["allow", "allow", "allow", "review", "allow"]
    before = Engine(rules)
    before.decide(PAYMENTS[:3], 0)
    after = Engine.restore(before.snapshot())
    assert after.rules_version == rules.version
    assert scores_of(after, PAYMENTS[3:]) == [probability(2.25), probability(0.75)]


def test_another_model_is_another_version_of_the_rules() -> None:
    versions = {
        load({"a.rules": RULES, **more}).version
        for more in ({}, {"danger.model.json": model_text()}, {"danger.model.json": model_text(offset=0.0)})
    }
    assert len(versions) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": ["amount_minor", "payment"]}, 'There is no feature or field "payment". Did you mean'),
        ({"inputs": ["amount_minor", "currency"]}, '"currency" is no number.'),
        ({"inputs": ["amount_minor * 2"], "trees": []}, '"amount_minor * 2" is no input.'),
        ({"inputs": ["hour - hour"], "trees": []}, '"hour - hour" is no input.'),
        ({"on": ["payment.authorized"]}, 'There is no event type "payment.authorized". Did you mean'),
        ({"inputs": []}, "A model has 1 to 256 inputs"),
        ({"inputs": ["amount_minor"]}, "Tree 0 looks at input 1; there are 1."),
    ],
)
def test_a_model_that_does_not_fit_its_rules_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(RuleError) as refused:
        load({"a.rules": RULES, "danger.model.json": model_text(**changes)})
    [problem] = refused.value.problems
    assert problem.spot.file == "danger.model.json"
    assert problem.message.startswith(said)


def test_a_tree_that_leads_back_to_itself_is_refused() -> None:
    circle = [[0, -1, -1], [0, 0, 0], [2, 0, 0], [0, 0, 0], [1.0, 0.0, 0.0], [3, 2, 1]]
    with pytest.raises(ModelError, match="Node 0 of tree 0 leads to no later node"):
        read_model(model_text(trees=[circle]))
