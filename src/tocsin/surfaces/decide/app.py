"""The door: a raw ASGI application, because every layer costs here."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any, Final

import msgspec

from tocsin.engine.decisions import Conflict
from tocsin.surfaces.decide.config import DecideConfig
from tocsin.surfaces.decide.host import Host
from tocsin.surfaces.decide.problems import Problem, busy, conflict
from tocsin.surfaces.decide.pump import Answer
from tocsin.surfaces.decide.reading import Times, read_submission

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("tocsin.decide")

POSTS: Final = {"/v1/decide": "decide", "/v1/events": "events:write"}  # path -> scope
GETS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"


def build_app(config: DecideConfig) -> App:
    """The ASGI application; its lifespan opens and closes the log."""
    return App(Host(config))


class App:
    """Routes requests to the host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._reloads: set[asyncio.Task] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.host.start()
        except Exception as error:
            log.critical("cannot start: %s", error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        with suppress(ValueError, RuntimeError):  # only the main thread may listen to signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.host.stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _reload(self) -> None:
        task = asyncio.create_task(self.host.reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            status, kind, body, headers = 200, JSON, await self._answer(scope, receive), []
        except Problem as problem:
            status, kind, body = problem.status, PROBLEM, problem.body()
            headers = [(name.encode(), value.encode()) for name, value in problem.headers.items()]
        if scope["path"] in GETS and status == 200:
            kind = b"text/plain; charset=utf-8"
        await _send(send, status, kind, body, headers)
        self.host.metrics.requests[status] += 1
        self.host.metrics.request_seconds.observe(time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        path, method = scope["path"], scope["method"]
        if path in GETS:
            _allow(method, "GET")
            return self._tell(path)
        if path in POSTS:
            _allow(method, "POST")
            return await self._decide(scope, receive, POSTS[path])
        raise Problem(404, "not-found", "There is nothing here", "Decisions are at POST /v1/decide.")

    def _tell(self, path: str) -> bytes:
        if path == "/metrics":
            return self.host.metrics.text().encode()
        if path == "/readyz" and not self.host.ready:
            raise busy(5)
        return b"ok\n"

    async def _decide(self, scope: Scope, receive: Receive, needed: str) -> bytes:
        headers = dict(scope["headers"])
        key, known = await self.host.authenticate(_text(headers.get(b"authorization")))
        replay = headers.get(b"tocsin-replay") == b"1"
        _check_scopes(known.scopes, [needed, "replay"] if replay else [needed])
        _check_content(headers)
        body = await self._body(headers, receive)
        times = Times(time.time_ns() // 1_000_000, self.host.pump.engine.clock, replay)
        submission = read_submission(
            body, times, self.host.config.batch_limit, self.host.pump.engine.rules.schema
        )
        answers = await self.host.pump.submit(submission.items, key)
        if submission.batch:
            return b'{"decisions":[' + b",".join(map(_in_batch, answers)) + b"]}"
        [answer] = answers
        if isinstance(answer, Conflict):
            raise conflict(answer.event_id, answer.seq)
        return answer

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        limit = self.host.config.body_limit
        if int(headers.get(b"content-length", b"0")) > limit:
            raise _too_large(limit)
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.host.config.body_timeout):
                while True:
                    message = await receive()
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limit:
                        raise _too_large(limit)
                    parts.append(part)
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise Problem(
                408,
                "too-slow",
                "The body did not arrive in time",
                "Nothing was decided or stored. Send the request again; the same ids are safe.",
            ) from None


def _in_batch(answer: Answer) -> bytes:
    if isinstance(answer, Conflict):
        return msgspec.json.encode({"error": conflict(answer.event_id, answer.seq).plain})
    return answer


def _allow(method: str, wanted: str) -> None:
    if method != wanted:
        raise Problem(
            405, "method", "Wrong method", f"Use {wanted} here. Nothing was done.", headers={"Allow": wanted}
        )


def _check_scopes(held: frozenset[str], needed: Iterable[str]) -> None:
    for scope in needed:
        if scope not in held:
            raise Problem(
                403,
                "scope",
                "This key may not do that",
                f'Nothing was decided or stored. The key needs the scope "{scope}".',
            )


def _check_content(headers: dict[bytes, bytes]) -> None:
    kind = (headers.get(b"content-type") or b"").split(b";")[0].strip().lower()
    coding = (headers.get(b"content-encoding") or b"identity").strip().lower()
    if kind != JSON or coding != b"identity":
        raise Problem(
            415,
            "media-type",
            "Only plain JSON is read here",
            "Nothing was decided or stored. Send Content-Type: application/json, and no Content-Encoding.",
        )


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "too-large",
        "The body is too large",
        f"Nothing was decided or stored. A request may have at most {limit} bytes; split the batch.",
        headers={"Connection": "close"},
    )


def _text(value: bytes | None) -> str | None:
    return value.decode("latin-1") if value is not None else None


async def _send(
    send: Send, status: int, kind: bytes, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    basics = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*basics, *headers]})
    await send({"type": "http.response.body", "body": body})
