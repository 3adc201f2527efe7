"""The packaged rules in a marketplace in motion: planted harm is met, ordinary people are left alone.

The simulated marketplace obeys the engine's verdicts, on a virtual clock, with no network between them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tocsin
from simulator import offline
from simulator.director import Programme
from simulator.events import Answer
from simulator.scenarios import SCENARIOS
from simulator.scheduler import Running
from simulator.steps import Say
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.language.ruleset import load_folder

RULES = load_folder(Path(tocsin.__file__).parent / "data" / "rules")
# Nothing in the events tells this one apart; people's reports do.
ONLY_REPORTS_TELL = {"missing_area"}


class EngineOutlet(offline.PaperOutlet):
    """Asks an engine instead of allowing everything."""

    engine = Engine(RULES)
    seen: dict[str, set[str]]
    interrupted: set[tuple[str, str]]

    def say(self, say: Say, running: Running, ticket: int) -> None:
        [outcome] = self.engine.decide([parse_event(json.dumps(say.event.body()).encode())], 0)
        assert isinstance(outcome, Outcome)
        answer = Answer.from_body(json.loads(msgspec.json.encode(outcome.decision)))
        truth = self._scheduler.truth
        plant, label = truth.bad.get(say.actor), truth.labels.get(say.actor, "plain")
        for fired in outcome.explanation.fired if outcome.explanation else ():
            if plant is not None:
                self.seen[plant.scenario].add(fired.rule)
            elif fired.verdict != "watch":
                self.interrupted.add((fired.rule, label))
        truth.answered(say.event, say.actor, answer, say.event.at)
        if say.wait:
            self._scheduler.resume(running, ticket, answer)


def test_planted_harm_is_met_and_ordinary_people_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    EngineOutlet.seen, EngineOutlet.interrupted = defaultdict(set), set()
    monkeypatch.setattr(offline, "PaperOutlet", EngineOutlet)
    programme = Programme(rate=20, every_s=30, lookalike_share=0.05, scenarios=list(SCENARIOS.values()))
    simulated = offline.Offline(seed=11, programme=programme, start=1_772_359_200, duration_s=1500, speed=600)

    def forget(kind: str, body: dict[str, Any]) -> None:
        """Nothing is written."""

    truth = simulated.run(forget)
    planted = {plant.scenario for plant in truth.plants}
    assert planted == set(SCENARIOS)
    assert planted - set(EngineOutlet.seen) == ONLY_REPORTS_TELL
    # A selfie in bad light is asked for again: the only time anybody innocent is held up.
    assert EngineOutlet.interrupted <= {("selfie_mismatch", "bad_light")}
    assert truth.good_orders > 500
    assert truth.good_orders_interrupted == 0
