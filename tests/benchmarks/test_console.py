"""The console benchmark runs for anybody: a small database, loaded, served and asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_loads_a_database_and_asks_every_page() -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "benchmarks.console", "--cases", "200", "--events", "1000",
            "--requests", "6", "--json",
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr  # 1: slower than its objective, which no test asserts
    found = json.loads(done.stdout)
    assert (found["cases"], found["events"]) == (200, 1000)
    assert {name: page["requests"] for name, page in found["pages"].items()} == dict.fromkeys(
        ("health page (floor)", "queue", "case", "person",
         "queue, exact count and offset (alternative, SQL alone)"), 6,
    )  # fmt: skip
