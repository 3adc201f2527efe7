"""The state of every capability: one line a row, ``row<TAB>passing|failing|untested<TAB>sentence``.

    python -m tests.capabilities.report

Runs the acceptance tests and ends with 1 when a row fails, with 2 when the tests could not run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.capabilities import read_rows

ROOT = Path(__file__).parents[2]
#: pytest's exit codes that leave outcomes to read: all passed, some failed, none collected.
_RAN = (0, 1, 5)


def run_tests() -> dict[str, str]:
    """Run the acceptance tests and return the outcome of each row that has one.

    Raises:
        SystemExit: pytest itself failed; what it said was printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-m", "capability", f"--capability-outcomes={outcomes}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout, file=sys.stderr)
        if done.returncode not in _RAN or not outcomes.exists():
            raise SystemExit(2)
        return dict(json.loads(outcomes.read_text()))


def main() -> int:
    found = run_tests()
    for row, sentence in read_rows().items():
        print(row, found.get(row, "untested"), sentence, sep="\t")
    return 1 if "failing" in found.values() else 0


if __name__ == "__main__":
    sys.exit(main())
