"""Server-sent events to open screens: a small ASGI application of its own.

``GET /live/console?topics=queue,case:<id>`` streams one event for every change: its name is the kind of topic
(``queue``, ``case``), its data ``{"topic": …, "id": …}``. Nothing else is in it; the page fetches what it
needs
from the web process, which checks access. The session is looked at again every half minute.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.db import DatabaseError, connections

from tocsin.core.outbox.notify import listening_parameters
from tocsin.surfaces.live.door import Admission, Refused, admit, read_topics
from tocsin.surfaces.live.hub import Full, Hub, Screen
from tocsin.surfaces.live.listener import Listener

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("tocsin.live")

STREAM = "/live/console"
#: A comment is sent after so long without an event, so that nothing between us closes the connection.
KEEPALIVE_S = 15.0
#: How often the session and the topics are looked at again.
RECHECK_S = 30.0
#: A screen that takes nothing for so long is gone.
STUCK_S = 20.0
#: Changes closer together than this are told once.
GATHER_S = 0.2
#: What browsers wait before they come back, in milliseconds.
_RETRY_MS = 2000


def create(_env: object) -> App:
    """The application, for ``tocsin live``. Django must be set up."""
    return build_app()


def build_app() -> App:
    """The application. Its lifespan listens to the database."""
    hub = Hub()
    return App(hub, Listener(hub, listening_parameters()), settings.TOCSIN_PUBLIC_URL)


class App:
    """Routes, and streams. ``origin`` is the console's, the only one that may read them."""

    def __init__(self, hub: Hub, listener: Listener, origin: str) -> None:
        self.hub = hub
        self.listener = listener
        self.origin = origin
        # looking sessions up blocks; one thread, with one database connection, does so for all
        self._door = ThreadPoolExecutor(1, thread_name_prefix="door")

    def close(self) -> None:
        """End all streams. A server waits for them before it ends, and by themselves they never do."""
        self.hub.end_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        listening = asyncio.create_task(self.listener.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await asyncio.get_running_loop().run_in_executor(self._door, connections.close_all)
        self._door.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path, method = scope["path"], scope["method"]
        try:
            if method == "GET" and path in ("/healthz", "/readyz", "/metrics"):
                await self._health(path, send)
            elif path != STREAM:
                raise Refused(404, "There is nothing here.")
            elif headers.get("origin", self.origin) != self.origin:
                raise Refused(403, "Only the console may read this.")
            elif method == "OPTIONS":
                await _answer(send, 204, "", self._cors(headers, preflight=True))
            elif method != "GET":
                raise Refused(405, "Only GET works here.")
            else:
                await self._stream(scope, headers, receive, send)
        except Refused as refused:
            await _answer(send, refused.status, refused.what, self._cors(headers))
        except Full as full:
            status, what = (
                (429, "You have too many windows open.") if full.of_person else (503, "We are full.")
            )
            await _answer(send, status, what, {**self._cors(headers), "retry-after": "10"})
        except DatabaseError:
            log.warning("the database does not answer")
            await _answer(send, 503, "Not now.", {**self._cors(headers), "retry-after": "2"})

    async def _health(self, path: str, send: Send) -> None:
        if path == "/metrics":
            lines = (
                f"tocsin_live_streams {len(self.hub)}\n"
                f"tocsin_live_ticks_total {self.hub.ticks}\n"
                f"tocsin_live_listening {int(self.listener.listening)}\n"
            )
            await _answer(send, 200, lines)
        elif path == "/readyz" and not self.listener.listening:
            await _answer(send, 503, "not listening to the database")
        else:
            await _answer(send, 200, "ok")

    async def _stream(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        asked, cookies = read_topics(",".join(query.get("topics", []))), headers.get("cookie", "")
        admission = await self._admit(cookies, asked)
        screen = Screen(admission.person, admission.topics)
        self.hub.join(screen)
        try:
            await send(_start(200, {**self._cors(headers), **_STREAM_HEADERS}))
            await _put(send, f"retry: {_RETRY_MS}\n{_event('ready', {'topics': list(admission.topics)})}")
            if "last-event-id" in headers:
                for topic in admission.topics:  # it was away, and may have missed any of them
                    screen.signal(topic)
            await self._feed(screen, cookies, asked, receive, send)
        finally:
            self.hub.leave(screen)

    async def _feed(
        self, screen: Screen, cookies: str, asked: list[str], receive: Receive, send: Send
    ) -> None:
        """Pass signals on until the screen is gone, stuck, or may no longer see what it follows."""
        gone = asyncio.create_task(_disconnected(receive))
        gone.add_done_callback(lambda _: screen.end())
        checked = time.monotonic()
        try:
            while True:
                topics = await screen.wait(KEEPALIVE_S)
                if screen.ended:
                    return
                if time.monotonic() - checked > RECHECK_S:
                    again = await self._admit(cookies, asked)
                    checked = time.monotonic()
                    if not screen.topics <= set(again.topics):
                        return
                await _put(send, "".join(_signal(topic) for topic in topics) or ": still here\n\n")
                await asyncio.sleep(GATHER_S)
        except (Refused, TimeoutError, OSError, DatabaseError):
            return
        finally:
            gone.cancel()
            with suppress(TimeoutError, OSError):
                await asyncio.wait_for(send({"type": "http.response.body", "body": b""}), STUCK_S)

    async def _admit(self, cookies: str, asked: list[str]) -> Admission:
        return await asyncio.get_running_loop().run_in_executor(self._door, admit, cookies, asked)

    def _cors(self, headers: dict[str, str], *, preflight: bool = False) -> dict[str, str]:
        if headers.get("origin") != self.origin:
            return {"vary": "Origin"}
        allowed = {
            "vary": "Origin",
            "access-control-allow-origin": self.origin,
            "access-control-allow-credentials": "true",
        }
        if preflight:
            allowed |= {
                "access-control-allow-methods": "GET",
                "access-control-allow-headers": "cache-control, last-event-id",
                "access-control-max-age": "600",
            }
        return allowed


_STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    # a proxy must not collect the answer before it passes it on
    "x-accel-buffering": "no",
}


def _signal(topic: str) -> str:
    kind, _, name = topic.partition(":")
    return _event(kind, {"topic": topic, "id": name})


def _event(name: str, data: dict[str, Any]) -> str:
    return f"id: {time.time_ns()}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _put(send: Send, text: str) -> None:
    async with asyncio.timeout(STUCK_S):
        await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


def _start(status: int, headers: dict[str, str]) -> Message:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


async def _answer(send: Send, status: int, text: str, headers: dict[str, str] | None = None) -> None:
    body = text.encode()
    fixed = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body))}
    await send(_start(status, {**fixed, "x-content-type-options": "nosniff", **(headers or {})}))
    await send({"type": "http.response.body", "body": body})
