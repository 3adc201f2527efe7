"""The decide benchmark runs for anybody, and everything it sends is answered."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "decide.py"


def test_it_runs_and_nothing_fails() -> None:
    command = [
        sys.executable,
        str(BENCHMARK),
        "--rates",
        "40",
        "--seconds",
        "1",
        "--batches",
        "5",
        "--batch-rates",
        "40",
        "--connections",
        "4",
        "--json",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    for name, batch in (("rates", 1), ("batches", 5), ("echo", 1)):
        (rate,) = result[name]
        assert (rate["offered"], rate["events_per_request"], rate["failed"]) == (40, batch, 0)
        assert 0 < rate["p50_ms"] <= rate["p99_ms"] <= rate["p999_ms"]
    assert result["durable_per_second"] > 0
    assert result["echo_per_second"] > 0
    assert {"machine", "versions", "command"} <= set(result)
