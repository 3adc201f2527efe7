"""Who has which screen open. Lives in one event loop; nothing here waits.

A signal says *that* something changed, never what. So a screen that is slow needs no queue: for every
topic it
follows, one signal that waits stands for all that came meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable

#: Streams one process holds open, and one person may have: screens, windows, devices.
MOST_STREAMS = 2000
MOST_PER_PERSON = 20


class Full(Exception):
    """No more streams; ``of_person`` says whether it is this person who has too many."""

    def __init__(self, *, of_person: bool) -> None:
        super().__init__("too many streams")
        self.of_person = of_person


class Screen:
    """One open stream and the signals that wait for it."""

    def __init__(self, person: str, topics: Iterable[str]) -> None:
        self.person = person
        self.topics = frozenset(topics)
        self.ended = False
        self._waiting: dict[str, None] = {}
        self._some = asyncio.Event()

    def signal(self, topic: str) -> None:
        """Something about ``topic`` changed."""
        self._waiting[topic] = None
        self._some.set()

    def end(self) -> None:
        """Let the stream end."""
        self.ended = True
        self._some.set()

    async def wait(self, timeout_s: float) -> list[str]:
        """The topics that changed since the last call, in order; empty after ``timeout_s`` without any."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._some.wait()
        except TimeoutError:
            return []
        self._some.clear()
        topics, self._waiting = list(self._waiting), {}
        return topics


class Hub:
    """All open streams of this process."""

    def __init__(self) -> None:
        self._screens: set[Screen] = set()
        self._by_topic: defaultdict[str, set[Screen]] = defaultdict(set)
        self._by_person: Counter[str] = Counter()
        self._ended = False
        self.ticks = 0

    def __len__(self) -> int:
        return len(self._screens)

    def join(self, screen: Screen) -> None:
        """Add a stream.

        Raises:
            Full: there are too many.
        """
        if len(self) >= MOST_STREAMS:
            raise Full(of_person=False)
        if self._by_person[screen.person] >= MOST_PER_PERSON:
            raise Full(of_person=True)
        self._by_person[screen.person] += 1
        self._screens.add(screen)
        for topic in screen.topics:
            self._by_topic[topic].add(screen)
        if self._ended:
            screen.end()

    def leave(self, screen: Screen) -> None:
        """Remove a stream that was added."""
        self._screens.discard(screen)
        self._by_person[screen.person] -= 1
        if not self._by_person[screen.person]:
            del self._by_person[screen.person]
        for topic in screen.topics:
            self._by_topic[topic].discard(screen)
            if not self._by_topic[topic]:
                del self._by_topic[topic]

    def tick(self, topic: str) -> None:
        """Signal a topic to those who follow it."""
        self.ticks += 1
        for screen in self._by_topic.get(topic, ()):
            screen.signal(topic)

    def tick_all(self) -> None:
        """Signal everything to everybody: some signals may have been missed."""
        for topic in list(self._by_topic):
            self.tick(topic)

    def end_all(self) -> None:
        """Let every stream end, those too that come now."""
        self._ended = True
        for screen in self._screens:
            screen.end()
