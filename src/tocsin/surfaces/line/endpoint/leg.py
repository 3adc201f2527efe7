"""One caller's end of the line, as conversations see it. SIP is one way to have one; a test may have another.

Sound is 16-bit at 8 kHz. All of it runs on one event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class HungUp(Exception):
    """The caller is gone."""


class Leg(Protocol):
    """``ref`` names the call; ``caller`` is the address it claims to come from."""

    @property
    def ref(self) -> str: ...
    @property
    def caller(self) -> str: ...

    def play(self, pcm: bytes) -> None:
        """Play this after what is being played."""
        ...

    def hush(self) -> None:
        """Stop playing at once."""
        ...

    async def played(self) -> None:
        """Until everything was played. Raises ``HungUp``."""
        ...

    async def key(self, patience_s: float) -> str:
        """The next key that was pressed; nothing when none came in ``patience_s`` after everything was
        played. Keys pressed before the caller hung up are still answered; after them, ``HungUp`` is raised.
        """
        ...

    def listen(self, hear: Callable[[bytes], None] | None) -> None:
        """Hand what the caller says to ``hear`` from now on, or no longer to anybody."""
        ...

    async def hang_up(self) -> None:
        """End the call, if it has not ended yet."""
        ...
