"""Compiling the kernels ahead of time, so that nobody waits for it.

    python -m tocsin.engine.runtime.warm

The first run of a new version takes some seconds; what was compiled is kept and loaded from then on.
"""

from __future__ import annotations

import time

from tocsin.engine.engine import Engine
from tocsin.engine.events import Entities, Event
from tocsin.engine.language.ruleset import NO_RULES

MEMORY = 16 * 1024 * 1024


def warm() -> float:
    """Decide one event and look for it again, on an engine of its own. Returns the seconds it took."""
    started = time.monotonic()
    engine = Engine(NO_RULES, MEMORY)
    event = Event("warm", "account.login", 1, Entities(customer="-"), {})
    [outcome] = engine.decide([event], 0)
    engine.amend(event, outcome.decision)  # type: ignore[union-attr]  # a new event is decided
    return time.monotonic() - started


if __name__ == "__main__":
    print(f"the engine's kernels are ready after {warm():.1f} s")
