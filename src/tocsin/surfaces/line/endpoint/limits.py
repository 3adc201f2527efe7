"""How many calls one address may begin, so that a flood from it costs nobody else their call."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

#: Calls at once from one address before it has to go slowly, and calls a second afterwards. A trunk brings
#: all its callers from one address, and stays far below.
BURST, PER_SECOND = 200.0, 20.0
_MOST_SOURCES = 4096


class CallRate:
    """A token bucket for each address. The addresses that were quiet longest are forgotten first."""

    def __init__(
        self, burst: float = BURST, per_second: float = PER_SECOND, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._per_second, self._now = burst, per_second, now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, source: str) -> bool:
        """Whether this address may begin a call now; counts it when it may."""
        now = self._now()
        tokens, at = self._buckets.pop(source, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._per_second)
        allowed = tokens >= 1
        self._buckets[source] = (tokens - allowed, now)
        if len(self._buckets) > _MOST_SOURCES:
            self._buckets.popitem(last=False)
        return allowed
