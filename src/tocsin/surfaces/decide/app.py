"""The door: a raw ASGI application, because every layer costs here."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from tocsin.surfaces.decide.config import DecideConfig
from tocsin.surfaces.decide.host import Host
from tocsin.surfaces.decide.problems import Problem, busy
from tocsin.surfaces.decide.pump import settle
from tocsin.surfaces.decide.reading import Submission, Times, read_submission
from tocsin.surfaces.decide.replies import JSON, TEXT, Answers, Header, Reply, decisions, refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("tocsin.decide")

POSTS: Final = {"/v1/decide": "decide", "/v1/events": "events:write"}  # path -> scope
_POSTS: Final = {path.encode(): scope for path, scope in POSTS.items()}
GETS: Final = frozenset({"/healthz", "/readyz", "/metrics"})


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

    def decides(self, url: bytes) -> bool:
        """Whether a request to this address asks for decisions."""
        return url in _POSTS

    def decide_directly(
        self, url: bytes, listed: list[Header], body: bytes, tell: Callable[[Reply], None]
    ) -> bool:
        """Take a whole request to decide; `tell` gets the reply, now or once it is durable. False, and
        nothing done, when it is too large, its key has to be looked for, or something fails: the ordinary way
        does and says what is to be done then."""
        started, headers = time.perf_counter(), dict(listed)
        if len(body) > self.host.config.body_limit:
            return False
        try:
            key, replay = self._admitted(headers, _POSTS[url])
            submission = self._submission(body, replay)
            deliver = partial(self._deliver, started, tell, submission.batch)
            self.host.pump.submit(submission.items, key, deliver)
        except Problem as problem:
            if problem.status == 401:
                return False  # perhaps a key so new that it has not been read
            self._finish(started, tell, refusal(problem))
        except Exception:
            return False
        return True

    def _deliver(
        self, started: float, tell: Callable[[Reply], None], batch: bool, answers: Answers | Problem
    ) -> None:
        if isinstance(answers, Problem):
            self._finish(started, tell, refusal(answers))
        else:
            self._finish(started, tell, decisions(answers, batch=batch))

    def _finish(self, started: float, tell: Callable[[Reply], None], reply: Reply) -> None:
        tell(reply)
        self._count(reply.status, started)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            reply = await self._answer(scope, receive)
        except Problem as problem:
            reply = refusal(problem)
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers()})
        await send({"type": "http.response.body", "body": reply.body})
        self._count(reply.status, started)

    def _count(self, status: int, started: float) -> None:
        self.host.metrics.requests[status] += 1
        self.host.metrics.request_seconds.observe(time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        path, method = scope["path"], scope["method"]
        if path in GETS:
            _allow(method, "GET")
            return Reply(200, TEXT, self._tell(path))
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

    async def _decide(self, scope: Scope, receive: Receive, needed: str) -> Reply:
        headers = dict(scope["headers"])
        await self.host.look_for(_authorization(headers))
        key, replay = self._admitted(headers, needed)
        submission = self._submission(await self._body(headers, receive), replay)
        answered: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        self.host.pump.submit(submission.items, key, partial(settle, answered))
        return decisions(await answered, batch=submission.batch)

    def _admitted(self, headers: dict[bytes, bytes], needed: str) -> tuple[str, bool]:
        """The id of the key that asks, and whether history is replayed. Raises Problem."""
        key, known = self.host.authenticate(_authorization(headers))
        replay = headers.get(b"tocsin-replay") == b"1"
        _check_scopes(known.scopes, [needed, "replay"] if replay else [needed])
        _check_content(headers)
        return key, replay

    def _submission(self, body: bytes, replay: bool) -> Submission:
        engine = self.host.pump.engine
        times = Times(time.time_ns() // 1_000_000, engine.clock, replay)
        return read_submission(body, times, self.host.config.batch_limit, engine.rules.schema)

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


def _authorization(headers: dict[bytes, bytes]) -> str | None:
    value = headers.get(b"authorization")
    return value.decode("latin-1") if value is not None else None
