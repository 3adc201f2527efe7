"""Requests at fixed moments over kept-open connections, whether or not the server keeps up.

One thread with plain sockets, and every request made before the first is sent: about 20 µs of one core for a
request and its answer, so that at the rates asked for here the server and not the sender is what is measured.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE = 30.0  # seconds without any answer


class Sent(NamedTuple):
    """What came of a run. `delays`: seconds from when a request was due to its last byte. `late`: seconds
    from when it was due to when it was sent, which is the sender's own share, or because all connections were
    waiting. `took`: seconds to the last answer. `busy`: share of one core the sender used."""

    delays: list[float]
    late: list[float]
    answers: list[bytes]
    took: float
    busy: float


class Connection:
    """One request at a time."""

    def __init__(self, place: tuple[str, int]) -> None:
        self.socket = socket.create_connection(place)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._got = b""

    def send(self, request: bytes, due: float) -> None:
        """Requests fit in the socket's buffer: one is only sent after the answer to the one before."""
        self.due = due
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """The whole answer, or None while some of it is missing."""
        part = self.socket.recv(1 << 20)
        if not part:
            raise RuntimeError("the server hung up")
        self._got += part
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return None
        answer, self._got = self._got, b""
        return answer


class Sender:
    """Answers a schedule over `connections` connections; a request waits while all of them do."""

    def __init__(self, url: str, connections: int) -> None:
        parts = urlsplit(url)
        place = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._open = [Connection(place) for _ in range(connections)]
        self._by_number = {one.socket.fileno(): one for one in self._open}
        self._poll = select.epoll()
        for number in self._by_number:
            self._poll.register(number, select.EPOLLIN)

    def close(self) -> None:
        self._poll.close()
        for one in self._open:
            one.socket.close()

    def run(self, requests: Sequence[bytes], rate: float) -> Sent:
        """Send them, `rate` a second. Raises RuntimeError when the server hangs up or falls silent."""
        gc.collect()
        gc.disable()
        try:
            return self._run(requests, rate)
        finally:
            gc.enable()

    def _run(self, requests: Sequence[bytes], rate: float) -> Sent:
        clock, total, sent = time.perf_counter, len(requests), 0
        delays: list[float] = []
        late: list[float] = []
        answers: list[bytes] = []
        free = deque(self._open)
        used, started = time.process_time(), clock()
        while len(delays) < total:
            while free and sent < total and (due := started + sent / rate) <= (now := clock()):
                free.popleft().send(requests[sent], due)
                late.append(now - due)
                sent += 1
            for one in self._ready(started + sent / rate if free and sent < total else None):
                if (answer := one.receive()) is not None:
                    delays.append(clock() - one.due)
                    answers.append(answer)
                    free.append(one)
        took = clock() - started
        return Sent(delays, late, answers, took, (time.process_time() - used) / took)

    def _ready(self, until: float | None) -> list[Connection]:
        """Connections with something to read, at once or after waiting until a moment."""
        wait = PATIENCE if until is None else max(0.0, until - time.perf_counter())
        # epoll's own timeout counts whole milliseconds
        ready, _, _ = select.select([self._poll], [], [], wait)
        if not ready:
            if until is None:
                raise RuntimeError(f"the server said nothing for {PATIENCE:.0f} seconds")
            return []
        return [self._by_number[number] for number, _ in self._poll.poll(0)]


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
