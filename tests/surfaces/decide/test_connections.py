"""However the bytes of a request arrive, it gets the same answer, in its turn."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.surfaces.decide.server import SECRET, Server, order

HEADERS = {"date", "content-type", "content-length", "cache-control", "x-content-type-options"}


def request(event: Any, *more: str) -> bytes:
    """The bytes of a request to decide."""
    body = json.dumps(event).encode()
    lines = [
        "POST /v1/decide HTTP/1.1",
        "Host: x",
        f"Authorization: Bearer tsk_k1_{SECRET}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Line:
    """A connection that sends what it is told and reads answers one by one."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._file = sock.makefile("rb")

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body of the next answer."""
        status = int(self._file.readline().split()[1])
        headers = {name.lower(): value for name, value in http.client.parse_headers(self._file).items()}
        return status, headers, json.loads(self._file.read(int(headers["content-length"])))

    def ended(self) -> bool:
        """Whether the server has closed it, with nothing more to say."""
        return self._file.read() == b""


@contextmanager
def line(server: Server) -> Iterator[Line]:
    with socket.create_connection(("127.0.0.1", server.port), 30) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Line(sock)


def in_two_parts(one: Line, sent: bytes, at: int) -> None:
    one.socket.sendall(sent[:at])
    time.sleep(0.05)  # so that they arrive apart; if they do not, the test still holds
    one.socket.sendall(sent[at:])


def test_a_request_in_parts_is_answered_like_a_whole_one(server: Server) -> None:
    sent = request(order("parts", "parts"))
    with line(server) as one:
        one.socket.sendall(sent)
        status, headers, first = one.answer()
        assert (status, first["duplicate"]) == (200, False)
        assert set(headers) == HEADERS
        for at in (10, sent.index(b"\r\n\r\n") + 4, len(sent) - 1):
            in_two_parts(one, sent, at)
            status, headers, again = one.answer()
            assert (status, set(headers), again) == (200, HEADERS, {**first, "duplicate": True})


def test_requests_sent_ahead_are_answered_in_their_order(server: Server) -> None:
    wrong = request(order("ahead-1", "ahead", colour="red"))
    sent = [request(order("ahead-0", "ahead")), wrong, *(request(order(f"ahead-{n}")) for n in range(2, 6))]
    with line(server) as one:
        one.socket.sendall(b"".join(sent))
        answers = [one.answer() for _ in sent]
    assert [status for status, _, _ in answers] == [200, 422, 200, 200, 200, 200]
    assert [body.get("event_id") for _, _, body in answers] == [
        "ahead-0", None, "ahead-2", "ahead-3", "ahead-4", "ahead-5"
    ]  # fmt: skip


def test_a_refused_request_leaves_its_connection_open(server: Server) -> None:
    with line(server) as one:
        one.socket.sendall(request(order("kept", colour="red")))
        assert one.answer()[0] == 422
        one.socket.sendall(request(order("kept")))
        assert one.answer()[0] == 200


def test_a_client_that_asks_for_it_is_hung_up_on_after_its_answer(server: Server) -> None:
    with line(server) as one:
        one.socket.sendall(request(order("last"), "Connection: close"))
        status, headers, _ = one.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert one.ended()


def test_a_connection_nobody_uses_is_closed(server: Server) -> None:
    with line(server) as one:
        for number in range(2):
            one.socket.sendall(request(order(f"idle-{number}")))
            assert one.answer()[0] == 200
        assert one.ended()


def test_a_large_request_in_one_read_does_not_stop_the_next(server: Server) -> None:
    large = {"events": [order(f"large-{n}", fields={"note": "x" * 5000}) for n in range(30)]}
    with line(server) as one:
        for sent in (large, order("after-large")):
            one.socket.sendall(request(sent))
            assert one.answer()[0] == 200


def test_a_client_that_goes_before_its_answer_disturbs_nobody(server: Server) -> None:
    for number in range(20):
        with line(server) as one:
            one.socket.sendall(request(order(f"gone-{number}", "gone")))
    assert server.post(order("stays", "gone")).status == 200
    assert server.request("GET", "/readyz").status == 200
