"""``tocsin rules answer``: what decide would answer, without a host, a log or a database. For trying rules
against a stream that another program makes, such as the simulator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # the engine takes a while to load: only for who needs it
    from tocsin.engine.language.ruleset import RuleSet

MEMORY: Final = 512 * 1024 * 1024  # bytes: some millions of events


class BadLine(ValueError):
    """A line that is not an event; the message says which, and what was expected."""


def answers(rules: RuleSet, lines: Iterable[str]) -> Iterator[str]:
    """The answer to each event, as JSON, in the shape of ``POST /v1/decide``. Empty lines are passed over.

    Every event counts at its own time, as if it had arrived at once.

    Raises:
        BadLine: a line is not an event that decide would accept, or has the id of another one.
    """
    import msgspec

    from tocsin.engine.decisions import Conflict
    from tocsin.engine.engine import Engine
    from tocsin.engine.events import EventError, parse_event

    engine = Engine(rules, MEMORY)
    encode = msgspec.json.Encoder().encode
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = parse_event(line.encode(), rules.schema)
        except (EventError, msgspec.DecodeError) as error:
            raise BadLine(f"line {number} is not an event: {error}") from None
        [outcome] = engine.decide([event], event.ts)
        if isinstance(outcome, Conflict):
            raise BadLine(f"line {number}: there was another event called {event.id}")
        yield encode(outcome.decision).decode()
