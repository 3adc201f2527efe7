"""Nothing is left to compile for the first batch that a host decides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from tests.engine.scores.test_score_in_rules import payment
from tests.engine.scores.test_watching import rules, watched
from tocsin.engine.kernel.bins import count_bins
from tocsin.engine.kernel.scores import read_inputs
from tocsin.engine.runtime.warm import warm

warm()
kernels = (count_bins, read_inputs)
ready = [list(kernel.signatures) for kernel in kernels]
engine, watch = watched(rules())
engine.decide([payment(0, 8000)], 0)
assert len(watch.watched()["danger"].hours) == 1
assert all(ready)
assert [list(kernel.signatures) for kernel in kernels] == ready
"""


def test_a_model_that_comes_into_force_finds_its_kernels_compiled() -> None:
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=root, check=True)
