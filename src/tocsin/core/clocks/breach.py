"""What happens when a clock runs out: verbs of the packs, answered by the domains.

@on_breach("escalate", subject_type="case")
def escalate(clock: Clock, work: Work) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tocsin.core.clocks.models import Clock

if TYPE_CHECKING:
    from tocsin.core.act import Work

BreachHandler = Callable[[Clock, "Work"], None]

#: The verb that asks for nothing but the record of the breach, which every breach leaves anyway.
RECORD = "record"

_handlers: list[tuple[str, str, BreachHandler]] = []


class NoHandler(LookupError):
    """Nobody answers this verb; the clock is tried again, because a deadline must not pass unanswered."""


def on_breach(verb: str, *, subject_type: str = "") -> Callable[[BreachHandler], BreachHandler]:
    """Register a handler for a verb; ``subject_type`` narrows it to clocks of one kind of subject.

    It runs in the transaction that marks the clock breached: both happen, or neither. ``work`` is that
    transaction's; do not open another. Several handlers of one verb all run. When one raises, everything is
    rolled back and tried again later.
    """

    def register(handler: BreachHandler) -> BreachHandler:
        known = (verb, subject_type, handler)
        if known not in _handlers:
            _handlers.append(known)
        return handler

    return register


def handlers_for(clock: Clock) -> list[BreachHandler]:
    """Those who answer this clock's verb, in the order of registration.

    Raises:
        NoHandler: the verb asks for something and nobody does it.
    """
    found = [
        handler
        for verb, subject_type, handler in _handlers
        if verb == clock.on_breach and subject_type in ("", clock.subject_type)
    ]
    if not found and clock.on_breach not in ("", RECORD):
        raise NoHandler(f"no handler for {clock.on_breach!r} on a {clock.subject_type}")
    return found
