"""How many calls one address may bring, so that a flood from it costs nobody else their call."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection

#: Calls at once from one address, calls in a row before it has to go slowly, and calls a second from then
#: on [D].
AT_ONCE, IN_A_ROW, PER_SECOND = 8, 20.0, 0.5
#: One call in so many is out of reach of any single address, trunks too [D].
_KEPT_FREE = 10
_MOST_SOURCES = 4096


class Limits:
    """``trunks`` are addresses that bring the callers of a whole network: together with whoever claims to be
    one, each has nine tenths of ``most_calls``. Of the others, those that were quiet longest are forgotten
    first."""

    def __init__(
        self, trunks: Collection[str], most_calls: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._trunks, self._now = frozenset(trunks), now
        self._most = most_calls - most_calls // _KEPT_FREE
        self._here: Counter[str] = Counter()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def enters(self, source: str) -> bool:
        """Whether this address may begin a call now. One that may is here until it ``leaves``."""
        trunk = source in self._trunks
        if self._here[source] >= (self._most if trunk else min(AT_ONCE, self._most)):
            return False
        if not trunk and not self._has_token(source):
            return False
        self._here[source] += 1
        return True

    def leaves(self, source: str) -> None:
        """A call from this address has ended."""
        self._here[source] -= 1
        if self._here[source] <= 0:
            del self._here[source]

    def _has_token(self, source: str) -> bool:
        now = self._now()
        tokens, at = self._buckets.pop(source, (IN_A_ROW, now))
        tokens = min(IN_A_ROW, tokens + (now - at) * PER_SECOND)
        allowed = tokens >= 1
        self._buckets[source] = (tokens - allowed, now)
        if len(self._buckets) > _MOST_SOURCES:
            self._buckets.popitem(last=False)
        return allowed
