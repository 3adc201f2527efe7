"""The drift of models is counted while deciding, told as a metric, and goes on after a restart."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.engine.scores.test_score_in_rules import RULES, model_text
from tests.engine.scores.test_score_in_rules import payment as engine_payment
from tests.engine.scores.test_watching import ABOUT, rules
from tests.surfaces.decide.server import Server, now
from tocsin.engine.decisions import Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.scores import watching as engine_watching
from tocsin.engine.scores.drift import psi
from tocsin.engine.scores.model import read_model, write_model
from tocsin.engine.scores.observed import WATCHED_FILE, read_watched
from tocsin.surfaces.decide.watching import Watching

MODEL = msgspec.structs.replace(read_model(model_text()), training=ABOUT)


def payment(number: int, amount_minor: int) -> dict[str, object]:
    return {
        "id": f"p{number}", "type": "payment.authorised", "ts": now(), "entities": {"customer": "c"},
        "fields": {"amount_minor": amount_minor, "currency": "USD"},
    }  # fmt: skip


def index(server: Server) -> float:
    return server.metric('tocsin_decide_model_psi{model="danger",input="amount_minor"}')


def test_the_drift_of_a_model_is_a_metric_and_survives_a_restart(tmp_path: Path) -> None:
    server = Server(tmp_path, rules=RULES)
    (server.rules / "danger.model.json").write_text(write_model(MODEL))
    server.start()
    for number in range(4):
        assert server.post(payment(number, 9500)).status == 200
    expected = psi(ABOUT.bins[1].shares, [0, 0, 1, 0])
    assert index(server) == pytest.approx(expected, rel=1e-4)
    server.stop()
    assert read_watched(server.folder / WATCHED_FILE)["danger"].version == MODEL.version
    server.start()
    assert index(server) == pytest.approx(expected, rel=1e-4)
    for number in range(4, 8):
        server.post(payment(number, 8500))
    assert index(server) == pytest.approx(psi(ABOUT.bins[1].shares, [0, 0.5, 0.5, 0]), rel=1e-4)
    server.stop()


def test_a_watch_that_fails_is_dropped_and_deciding_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("out of shape")

    engine, watching = Engine(rules()), Watching(tmp_path)
    watching.begin(engine)
    monkeypatch.setattr(engine_watching, "count_bins", broken)
    assert decided(engine, 0) == decided(engine, 1) == 1
    watching.write()
    assert (list(watching.indices()), list(tmp_path.iterdir())) == ([], [])
    monkeypatch.undo()
    watching.begin(engine)
    assert decided(engine, 2) == 1
    assert {input_ for _, input_, _ in watching.indices()} == {"score", "amount_minor / paid", "amount_minor"}


def test_counts_that_make_no_sense_are_left_and_deciding_begins(tmp_path: Path) -> None:
    (tmp_path / WATCHED_FILE).write_text(
        f'{{"danger": {{"version": "{MODEL.version}", "hours": {{"noon": {{"counts": []}}}}}}}}'
    )
    engine, watching = Engine(rules()), Watching(tmp_path)
    watching.begin(engine)
    assert decided(engine, 0) == 1
    assert list(watching.indices()) == []


def decided(engine: Engine, number: int) -> int:
    """How many outcomes there are of a payment."""
    return sum(isinstance(one, Outcome) for one in engine.decide([engine_payment(number, 8000)], 0))
