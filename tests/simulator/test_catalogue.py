"""The rules that come with Tocsin against everything the simulator plants: all of it is caught, and innocents
are left alone within the budget that docs/integrate/simulator.md states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator import score as scoring
from simulator.events import Answer, Event
from simulator.offline import Judge
from simulator.scenarios import SCENARIOS
from tests.simulator.support import marketplace
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.language.ruleset import load_folder

RULES = Path(__file__).parents[2] / "src" / "tocsin" / "data" / "rules"
MEMORY = 512 * 1024 * 1024
ORDERS_INTERRUPTED, ORDINARY_TROUBLED, LOOKALIKES_TROUBLED = 0.002, 0.002, 0.10
ASKED_AGAIN = "bad_light"
"""Whose selfie fails is asked for another one, as the rule says."""


def packaged() -> Judge:
    """The rules that come with Tocsin, as the judge of an offline run."""
    engine = Engine(load_folder(RULES), MEMORY)

    def judge(event: Event) -> Answer:
        parsed = parse_event(json.dumps(event.body()).encode())
        [outcome] = engine.decide([parsed], parsed.ts)
        assert isinstance(outcome, Outcome)
        decision = outcome.decision
        return Answer(
            decision.verdict,
            tuple(reason.code for reason in decision.reasons),
            tuple((one.type, one.target.kind, one.target.id) for one in decision.actions),
        )

    return judge


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """One run with every scenario at least twice, and one story in five about an innocent who looks bad."""
    recorded = marketplace(
        seed=7, duration_s=2_400, population=300, judge=packaged(), rate=8.0, lookalike_share=0.2,
        scenarios=list(SCENARIOS.values()), every_s=60.0,
    )  # fmt: skip
    return scoring.score(recorded.truth)


def test_every_planted_scenario_is_caught(result: dict[str, Any]) -> None:
    caught = {name for name, row in result["scenarios"].items() if row["interrupted"]}
    assert caught == SCENARIOS.keys()


def test_every_plant_that_ran_to_its_end_was_caught(result: dict[str, Any]) -> None:
    ended = [plant for plant in result["plants"] if plant["finished"]]
    assert len(ended) >= 2 * len(SCENARIOS)
    assert [plant for plant in ended if plant["seconds_to_interrupt"] is None] == []


def test_the_signals_a_scenario_shows_are_those_that_were_seen(result: dict[str, Any]) -> None:
    unseen = {name for name, row in result["scenarios"].items() if not row["expected_seen"]}
    assert unseen == set()


def test_good_orders_and_ordinary_people_are_left_alone(result: dict[str, Any]) -> None:
    orders, ordinary = result["orders"], result["false_alarms"]["ordinary"]
    assert orders["good"] > 500
    assert orders["false_positive_rate"] <= ORDERS_INTERRUPTED
    assert ordinary["active"] > 500
    assert ordinary["rate"] <= ORDINARY_TROUBLED


def test_of_those_who_look_suspicious_only_a_failed_selfie_is_asked_for_again(result: dict[str, Any]) -> None:
    alike = result["false_alarms"]["lookalikes"]
    assert alike["active"] > 100
    assert alike["rate"] <= LOOKALIKES_TROUBLED
    troubled = {label: row["how"] for label, row in result["innocents"].items() if row["troubled"]}
    assert {label: set(how) for label, how in troubled.items()} == {ASKED_AGAIN: {"step_up"}}
