"""Calls to Tocsin that survive trouble: retried with back-off and the same idempotency key, never a flood."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 15.0
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
ERRORS_TOLD = 3
TIMEOUT = httpx.Timeout(15.0, connect=3.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """A final reply: anything but "try again later"."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def problem(self) -> str:
        """What a refusal said, in one line."""
        if not isinstance(self.body, dict):
            return f"{self.status}"
        errors = "; ".join(
            f"{error.get('path', '')}: {error.get('message', '')}"
            for error in (self.body.get("errors") or ())[:ERRORS_TOLD]
            if isinstance(error, dict)
        )
        words = (self.body.get("title"), self.body.get("detail"), errors)
        return f"{self.status} " + " - ".join(str(word) for word in words if word)


class Door:
    """One of Tocsin's hosts. When it asks for patience, every caller waits, not only the one it told."""

    def __init__(self, base_url: str, key: str, *, connections: int = 12, seed: int = 0) -> None:
        self.base_url = base_url.rstrip("/")
        self.counts: Counter[str] = Counter()
        self._open_at = 0.0
        self._failures = 0
        self._rng = random.Random(f"back-off/{seed}/{base_url}")
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {key}", "User-Agent": "tocsin-simulator"},
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=False,
        )

    @property
    def down(self) -> bool:
        """Whether the last call found nobody able to answer."""
        return self._failures > 0

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, tries: int | None = None
    ) -> Reply:
        """Call until there is a final reply. `tries` limits it; then httpx.HTTPError is raised.

        `key` is the idempotency key; it stays the same through all tries.
        """
        headers = {"Idempotency-Key": key} if key else {}
        attempt = 0
        while True:
            await self._wait_until_open()
            attempt += 1
            try:
                response = await self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                self._close_for(self._pause(attempt), f"no answer ({type(error).__name__})")
                if tries is not None and attempt >= tries:
                    raise
                continue
            if response.status_code not in TRY_AGAIN:
                self._failures = 0
                self.counts[f"{response.status_code}"] += 1
                return Reply(response.status_code, _json(response))
            asked = _retry_after(response)
            pause = self._pause(attempt) if asked is None else asked + self._rng.uniform(0, FIRST_PAUSE_S)
            self._close_for(pause, str(response.status_code))
            if tries is not None and attempt >= tries:
                response.raise_for_status()

    async def close(self) -> None:
        """Drop all connections."""
        await self._http.aclose()

    def _pause(self, attempt: int) -> float:
        """Exponential back-off with jitter, so that many callers do not come back at one moment."""
        ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempt - 1, 10))
        return self._rng.uniform(ceiling / 2, ceiling)

    def _close_for(self, seconds: float, why: str) -> None:
        self._failures += 1
        self.counts["tries again"] += 1
        self.counts[f"trouble: {why}"] += 1
        self._open_at = max(self._open_at, time.monotonic() + seconds)

    async def _wait_until_open(self) -> None:
        while (pause := self._open_at - time.monotonic()) > 0:
            await asyncio.sleep(pause)


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _retry_after(response: httpx.Response) -> float | None:
    """Retry-After in seconds, from either of its forms."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value)
    try:
        moment: datetime = parsedate_to_datetime(value)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
