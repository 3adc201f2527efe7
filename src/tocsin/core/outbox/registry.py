"""Who listens to which topic. Handlers are registered by the domains when the app starts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

Handler = Callable[[Mapping[str, Any]], None]

_handlers: dict[str, dict[str, Handler]] = defaultdict(dict)


def on(topic: str, name: str) -> Callable[[Handler], Handler]:
    """Register a handler: ``@on("report.received", "cases.open_for_report")``.

    The handler runs in a worker, in the transaction that marks its row done; it may run again after a
    crash, so it must be safe to run twice. ``name`` is stored and must stay stable.
    """

    def register(handler: Handler) -> Handler:
        present = _handlers[topic].get(name)
        if present is not None and present is not handler:
            raise ValueError(f"two handlers called {name!r} for {topic!r}")
        _handlers[topic][name] = handler
        return handler

    return register


def handlers_for(topic: str) -> dict[str, Handler]:
    """Handlers of a topic by name; ``*`` listens to everything."""
    return {**_handlers.get("*", {}), **_handlers.get(topic, {})}


def handler(topic: str, name: str) -> Handler | None:
    """One handler, or None when it no longer exists."""
    return handlers_for(topic).get(name)
