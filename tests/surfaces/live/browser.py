"""A screen that listens: what a browser's ``EventSource`` does, and no more."""

from __future__ import annotations

import json
import queue
import threading
from typing import Any

import httpx


class Listening:
    """One open stream. ``next()`` waits for the next event: (name, data)."""

    def __init__(self, url: str, cookies: str, **headers: str) -> None:
        self._events: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._client = httpx.Client(timeout=httpx.Timeout(30, read=60))
        sent = {"Accept": "text/event-stream", "Cookie": cookies, **headers}
        self._context = self._client.stream("GET", url, headers=sent)
        self.response = self._context.__enter__()
        self.last_id = ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def next(self, timeout_s: float = 20) -> tuple[str, Any]:
        return self._events.get(timeout=timeout_s)

    def nothing_waits(self) -> bool:
        return self._events.empty()

    def until_end(self, timeout_s: float = 20) -> None:
        """Wait until the server has ended the stream."""
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "the stream goes on"

    def close(self) -> None:
        self._context.__exit__(None, None, None)
        self._client.close()

    def _read(self) -> None:
        name, data = "message", ""
        try:
            for line in self.response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif field == "id":
                    self.last_id = value
                elif not line and data:
                    self._events.put((name, json.loads(data)))
                    name, data = "message", ""
        except (httpx.HTTPError, httpx.StreamError):
            return
