"""How long to wait before trying again."""

from __future__ import annotations

import datetime as dt
import random

BASE = dt.timedelta(seconds=5)
LONGEST = dt.timedelta(hours=1)


def delay(attempts: int, *, base: dt.timedelta = BASE, longest: dt.timedelta = LONGEST) -> dt.timedelta:
    """The pause after the ``attempts``-th failure (1, 2, …): ``base`` doubled each time, at most ``longest``.

    Up to a fifth is taken off at random, so that what failed together does not come back together.
    """
    doublings = max(0, min(attempts - 1, 32))
    share = random.uniform(0.8, 1.0)  # noqa: S311 (spreads load, keeps no secret)
    return min(base * (1 << doublings), longest) * share
