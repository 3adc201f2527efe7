"""Requests that came whole in one read are answered without a task of their own.

A request to decide is usually a few hundred bytes that arrive together, and everything about it is known at
once; what it waits for is the log. So it is checked while it is read, queued, and answered by whoever made it
durable: half the work of the ordinary way. Every other request, one that comes in parts above all, goes that
ordinary way through uvicorn and ASGI.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tocsin.surfaces.decide.replies import Header, Reply, as_lines

if TYPE_CHECKING:
    from tocsin.surfaces.decide.app import App


class _Turn:
    """What uvicorn asks of the request a connection is busy with; a connection has one for all its direct
    requests."""

    __slots__ = ("body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete")

    def __init__(self) -> None:
        self.body = bytearray()
        self.disconnected = False
        self.keep_alive = True
        self.message_event = asyncio.Event()
        self.more_body = True
        self.response_complete = True


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a short way for whole requests to decide."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._app = cast("App", self.config.app)
        self._turn = _Turn()
        self._reads_directly = False
        self._idle_since: float | None = None
        self._idle_check: asyncio.TimerHandle | None = None
        self._usual: tuple[list[Header], bytes] = ([], b"")

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        super().data_received(data)
        if self._reads_directly:  # the rest is still to come
            self._go_the_ordinary_way()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_check is not None:
            self._idle_check.cancel()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        if not self._may_be_direct():
            super().on_headers_complete()
            return
        self._reads_directly = True
        self._turn.body = bytearray()
        self._turn.response_complete = False
        self.cycle = cast("Any", self._turn)

    def on_message_complete(self) -> None:
        if not self._reads_directly:
            super().on_message_complete()
            return
        self._reads_directly = False
        if not self._app.decide_directly(self.url, self.headers, bytes(self._turn.body), self._reply):
            self._go_the_ordinary_way()
            super().on_message_complete()

    def _may_be_direct(self) -> bool:
        """Whether it is a request to decide, with nothing unusual about it, that has nobody before it."""
        return (
            self._app.decides(self.url)
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and (self.cycle is None or self.cycle.response_complete)
        )

    def _go_the_ordinary_way(self) -> None:
        """As if its headers had just been read, with what there is of its body."""
        self._reads_directly = False
        self._turn.response_complete = True
        super().on_headers_complete()
        self.cycle.body += self._turn.body

    def _reply(self, reply: Reply) -> None:
        """Write the whole answer at once, if anybody is still there."""
        self._turn.response_complete = True
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        self.transport.write(b"".join(self._parts(reply)))
        if not self._turn.keep_alive:
            self.transport.close()
        elif self.pipeline:
            self.on_response_complete()
        else:
            self._rest()

    def _parts(self, reply: Reply) -> tuple[bytes, ...]:
        usual = self.server_state.default_headers  # another list each second
        if self._usual[0] is not usual:
            self._usual = (usual, as_lines(usual))
        ending = b"" if self._turn.keep_alive else b"connection: close\r\n"  # when the server is stopping
        return (STATUS_LINE[reply.status], self._usual[1], reply.head(), ending, b"\r\n", reply.body)

    def _rest(self) -> None:
        """Nothing to do from now on; for so long, and the connection is closed. One timer looks after all
        requests of a connection."""
        self._idle_since = self.loop.time()
        if self._idle_check is None:
            self._idle_check = self.loop.call_later(self.timeout_keep_alive, self._close_when_idle)

    def _close_when_idle(self) -> None:
        self._idle_check = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_check = self.loop.call_later(left, self._close_when_idle)
        else:
            self.timeout_keep_alive_handler()
