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
        "--connections",
        "4",
        "--json",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert [(r["server"], r["rate"], r["failed"]) for r in result["results"]] == [
        ("bare echo", 40, 0),
        ("tocsin decide", 40, 0),
    ]
    assert {"machine", "versions", "command"} <= set(result)
