"""The drift of models is counted while deciding, told as a metric, and goes on after a restart."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.engine.scores.test_score_in_rules import RULES, model_text
from tests.engine.scores.test_watching import ABOUT
from tests.surfaces.decide.server import Server, now
from tocsin.engine.scores.drift import psi
from tocsin.engine.scores.model import read_model, write_model
from tocsin.engine.scores.observed import WATCHED_FILE, read_watched

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
