"""The marketplace's own door for Tocsin's webhooks: checks who knocks, and lets each delivery in once."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

MOST_BYTES = 1 << 20
MOST_HEAD_BYTES = 16 << 10
OLDEST_S = 300
REMEMBERED = 100_000
SLOWEST_REQUEST_S = 10.0

Handle = Callable[[str, dict[str, Any]], Awaitable[None]]


class Unwelcome(Exception):
    """A request that is refused, with the status that says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature Tocsin sends: HMAC-SHA256 over timestamp, a dot and the body."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={mac.hexdigest()}"


class Receiver:
    """A small HTTP server on 127.0.0.1. `handle(delivery_id, message)` runs once for each good delivery.

    A delivery that was handled before is answered 200 and changes nothing: its sender may have missed our
    first reply. One whose handling failed is answered 500 and may come again.
    """

    def __init__(self, secret: str, handle: Handle, clock: Callable[[], float] = time.time) -> None:
        self.secret = secret
        self.counts: Counter[str] = Counter()
        self._handle = handle
        self._clock = clock
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._busy: set[str] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> int:
        """Listen; the port (a free one for 0)."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=MOST_HEAD_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def take(self, headers: dict[str, str], body: bytes) -> str:
        """Check one delivery and handle it; says "done" or "seen before". Raises Unwelcome."""
        delivery = headers.get("tocsin-delivery-id", "")
        self._check(headers, body)
        if delivery in self._seen:
            self.counts["seen before"] += 1
            return "seen before"
        if delivery in self._busy:
            raise Unwelcome(409, "this delivery is being handled")
        try:
            message = json.loads(body)
        except ValueError:
            raise Unwelcome(400, "the body is not JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
            raise Unwelcome(400, "the body has no data")
        self._busy.add(delivery)
        try:
            await self._handle(delivery, message)
        finally:
            self._busy.discard(delivery)
        self._remember(delivery)
        self.counts["done"] += 1
        return "done"

    def _check(self, headers: dict[str, str], body: bytes) -> None:
        timestamp = headers.get("tocsin-timestamp", "")
        if not timestamp.isdigit() or not headers.get("tocsin-delivery-id"):
            raise Unwelcome(400, "timestamp or delivery id is missing")
        given = [part.strip() for part in headers.get("tocsin-signature", "").split(",")]
        expected = sign(self.secret, timestamp, body)
        if not any(hmac.compare_digest(part.encode(), expected.encode()) for part in given):
            raise Unwelcome(401, "the signature does not match")
        if abs(self._clock() - int(timestamp)) > OLDEST_S:
            raise Unwelcome(401, "the delivery is too old")

    def _remember(self, delivery: str) -> None:
        self._seen[delivery] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(SLOWEST_REQUEST_S):
                status, words = await self._answer(reader)
            body = json.dumps({"status": words}).encode()
            writer.write(
                f"HTTP/1.1 {status} \r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        except (TimeoutError, ConnectionError):
            self.counts["broken off"] += 1
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, str]:
        try:
            headers, body = await _read_request(reader)
            return 200, await self.take(headers, body)
        except Unwelcome as refusal:
            self.counts[f"refused: {refusal}"] += 1
            return refusal.status, str(refusal)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return 400, "the request is incomplete"
        except Exception as error:
            self.counts[f"failed: {type(error).__name__}"] += 1
            return 500, "this could not be handled; please send it again"


async def _read_request(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    if not head[0].startswith("POST "):
        raise Unwelcome(405, "only POST is answered here")
    headers: dict[str, str] = {}
    for line in head[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "")
    if not length.isdigit():
        raise Unwelcome(411, "a length is needed")
    if int(length) > MOST_BYTES:
        raise Unwelcome(413, "the body is too large")
    return headers, await reader.readexactly(int(length))
