"""Hearing what was committed: a connection that listens, and comes back when it is lost."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import psycopg

from tocsin.core.outbox.notify import LIVE
from tocsin.surfaces.live.hub import Hub

log = logging.getLogger("tocsin.live")

#: A connection that hears nothing for so long is asked whether it still lives.
_QUIET_S = 20.0
_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class Listener:
    """Passes notifications on to the hub. ``listening`` says whether it hears anything now."""

    def __init__(self, hub: Hub, parameters: dict[str, Any]) -> None:
        self._hub = hub
        self._parameters = parameters
        self.listening = False

    async def run(self) -> None:
        """Listen until cancelled. After a gap everything is signalled to everybody."""
        failures = 0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    **self._parameters, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {LIVE}")
                    self.listening, failures = True, 0
                    self._hub.tick_all()
                    await self._hear(connection)
            except (psycopg.Error, OSError) as error:
                pause = _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]
                failures += 1
                log.warning("not listening (%s); trying again in %g s", type(error).__name__, pause)
                self.listening = False
                await asyncio.sleep(pause)
            finally:
                self.listening = False

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            async for notice in connection.notifies(timeout=_QUIET_S):
                topic = topic_of(notice.payload)
                if topic:
                    self._hub.tick(topic)
            await connection.execute("SELECT 1")


def topic_of(payload: str) -> str:
    """The topic of a notification; empty when it is not one of ours."""
    try:
        said = json.loads(payload)
    except ValueError:
        return ""
    topic = said.get("topic") if isinstance(said, dict) else None
    return topic if isinstance(topic, str) else ""
