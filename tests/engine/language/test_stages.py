"""Rules that only watch, act on a share, are off, or leave somebody alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.engine.builders import MEMORY, T0, decide, event, rule, rules
from tocsin.engine.engine import Engine
from tocsin.engine.events import Event
from tocsin.engine.language.problems import Problems, RuleError
from tocsin.engine.language.ruleset import RuleSet
from tocsin.engine.language.stages import Snooze, Stage, read_stages, write_stages
from tocsin.engine.runtime.history import encode, run

DAY = 86_400_000
TWO = rule("total_minor > 100", "large", more="actions = [hold_order(order)]") + rule(
    "total_minor > 200", "huge", verdict="block"
)


def staged(stages: str, *texts: str) -> RuleSet:
    return rules(*(texts or (TWO,)), stages_toml=stages)


def order(total: int = 500, **more: Any) -> Event:
    return event(total_minor=total, currency="USD", order="o-1", **more)


def test_a_rule_in_shadow_is_seen_and_changes_no_answer() -> None:
    engine = Engine(staged('large = { stage = "shadow" }\nhuge = { stage = "shadow" }'), MEMORY)
    outcome = decide(engine, order(150, customer="c"))
    assert (outcome.decision.verdict, outcome.decision.reasons, outcome.decision.actions) == ("allow", [], [])
    assert outcome.explanation is not None
    assert outcome.explanation.fired == []
    assert [(one.rule, one.verdict) for one in outcome.explanation.watched] == [("large", "review")]


def test_a_rule_in_shadow_stands_beside_one_that_acts() -> None:
    engine = Engine(staged('large = { stage = "shadow" }'), MEMORY)
    outcome = decide(engine, order(customer="c"))
    assert (outcome.decision.verdict, outcome.decision.actions) == ("block", [])
    assert [reason.rule for reason in outcome.decision.reasons] == ["huge"]
    assert outcome.explanation is not None
    assert [one.rule for one in outcome.explanation.fired] == ["huge"]
    assert [one.rule for one in outcome.explanation.watched] == ["large"]


def test_a_replay_of_history_counts_hits_in_shadow_and_no_verdict() -> None:
    engine = Engine(staged('large = { stage = "shadow" }', rule("total_minor > 100", "large")), MEMORY)
    outcomes = run(engine, encode(engine.plan, [order(150), order(50)]))
    assert (outcomes.verdicts.tolist(), outcomes.hits.tolist()) == ([0, 0], [1])


def test_the_first_answer_of_a_watched_event_is_given_again() -> None:
    engine = Engine(staged('large = { stage = "shadow" }\nhuge = { stage = "off" }'), MEMORY)
    one = order(customer="c")
    assert decide(engine, one).decision.verdict == "allow"
    again = decide(engine, one).decision
    assert (again.verdict, again.duplicate, again.reasons) == ("allow", True, [])


def test_a_canary_acts_on_its_share_of_accounts_and_always_on_the_same() -> None:
    engine = Engine(staged('large = { stage = "canary", share = 1000 }\nhuge = { stage = "off" }'), MEMORY)

    def chosen(**who: str) -> bool:
        return decide(engine, order(150, **who)).decision.verdict == "review"

    people = [f"c-{number}" for number in range(2000)]
    acted = [one for one in people if chosen(customer=one)]
    assert len(acted) == 207
    assert [one for one in people if chosen(customer=one, shopper=acted[0])] == acted
    assert [one for one in people if chosen(shopper=one)] == acted
    assert not chosen(device="phone")


def test_a_canary_of_everybody_still_needs_no_account() -> None:
    engine = Engine(staged('large = { stage = "canary", share = 10000 }'), MEMORY)
    assert decide(engine, order(150, device="phone")).decision.verdict == "review"


def test_a_rule_that_is_off_is_gone_but_what_it_counts_goes_on() -> None:
    counting = 'orders = count("order.placed", per=customer, within="24h")\n' + rule("orders >= 2", "often")
    engine = Engine(staged("", counting), MEMORY)
    decide(engine, order(customer="c"))
    engine.switch(staged('often = { stage = "off" }', counting))
    assert decide(engine, order(customer="c")).explanation is None
    engine.switch(staged("", counting))
    assert decide(engine, order(customer="c")).decision.verdict == "review"


def test_a_snoozed_entity_is_left_alone_until_its_day_and_nobody_else_is() -> None:
    quiet = 'large = { snoozed = [{ kind = "customer", id = "c-1", until = "2026-03-03" }] }'
    engine = Engine(staged(quiet, rule("total_minor > 100", "large")), MEMORY)

    def verdict(at: int, **who: str) -> str:
        return decide(engine, order(ts=at, **who)).decision.verdict

    assert verdict(T0, customer="c-1") == "allow"
    assert verdict(T0, customer="c-2") == "review"
    assert verdict(T0, device="phone") == "review"
    assert verdict(T0 + 2 * DAY, customer="c-1") == "review"


def test_who_is_left_alone_is_no_part_of_the_reason() -> None:
    quiet = 'large = { snoozed = [{ kind = "customer", id = "c-1", until = "2026-03-03" }] }'
    engine = Engine(staged(quiet, rule("total_minor > 100", "large")), MEMORY)
    [reason] = decide(engine, order(customer="c-2")).decision.reasons
    assert reason.values == {"total_minor": 500}


def test_stages_are_part_of_the_version_and_no_stages_are_not() -> None:
    plain = rules(TWO).version
    assert staged("").version == plain
    assert staged('large = { stage = "active" }').version == plain
    texts = ['large = { stage = "shadow" }', 'large = { stage = "off" }',
             'large = { stage = "canary", share = 5 }', 'large = { stage = "canary", share = 6 }',
             'large = { snoozed = [{ kind = "customer", id = "c", until = "2026-03-03" }] }']  # fmt: skip
    assert len({plain, *(staged(text).version for text in texts)}) == 6


def test_what_is_written_is_read_again() -> None:
    stages = {
        "large": Stage("canary", 500, [Snooze("customer", 'c "1" \\ é', dt.date(2026, 3, 3))]),
        "huge": Stage("off"),
    }
    problems = Problems({})
    assert read_stages(write_stages(stages), problems) == stages
    assert problems.found == []
    assert write_stages({"large": Stage()}) == ""


def test_stages_go_with_a_snapshot() -> None:
    engine = Engine(staged('large = { stage = "shadow" }\nhuge = { stage = "off" }'), MEMORY)
    again = Engine.restore(engine.snapshot(), MEMORY)
    assert again.rules_version == engine.rules_version
    assert decide(again, order(customer="c")).decision.verdict == "allow"


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ('lrge = { stage = "shadow" }', 'There is no rule "lrge". Did you mean "large"?'),
        ('large = { stage = "half" }', "Invalid enum value 'half'"),
        ('large = { stage = "canary", share = 0 }', ">= 1"),
        ("large = ", "Invalid value"),
        (
            'large = { snoozed = [{ kind = "custmer", id = "c", until = "2026-03-03" }] }',
            'There is no entity kind "custmer". Did you mean "customer"?',
        ),
        ('large = { snoozed = [{ kind = "customer", id = "c", until = "soon" }] }', "Invalid RFC3339"),
        ('large = { snoozed = [{ kind = "customer", id = "c", until = "2026-02-31" }] }', "Invalid RFC3339"),
    ],
)
def test_mistakes_are_told(stages: str, told: str) -> None:
    with pytest.raises(RuleError) as refused:
        staged(stages)
    [problem] = refused.value.problems
    assert problem.spot.file == "stages.toml"
    assert told in problem.message
