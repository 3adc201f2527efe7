"""Everything a hostile or broken client may send: told what is wrong, and nothing decided or stored."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.surfaces.decide.server import SECRET, Server, now, order

PROBLEM = "application/problem+json"


@pytest.fixture(autouse=True)
def nothing_stored(server: Server) -> Iterator[None]:
    """Whatever is refused leaves the log as it was, and the server alive."""
    before = server.position()
    yield
    assert server.position() == before
    assert server.request("GET", "/readyz").status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"id":"a",}',
        b'{"id":"a","ts":NaN}',
        b'{"id":"a","ts":Infinity}',
        b'{"id":"a"} {"id":"b"}',
        b'{"id":"\xff\xfe"}',
        '{"id":"a"}'.encode("utf-16"),
        b'{"a":' * 50_000,
        b'{"id":' + b"[" * 500_000,
        b'{"events":[{"id":"a"},]}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_json_is_malformed(server: Server, body: bytes) -> None:
    reply = server.post(body)
    assert (reply.status, reply.headers["content-type"]) == (400, PROBLEM)
    assert reply.json["title"] == "The body is not JSON"


@pytest.mark.parametrize("body", [b"[]", b"7", b'"text"', b"null", b"[" * 100_000])
def test_json_that_is_no_object_is_no_event(server: Server, body: bytes) -> None:
    reply = server.post(body)
    assert (reply.status, reply.json["errors"][0]["path"]) == (422, "")


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ({}, "id"),
        (order("a", colour="red"), "colour"),
        (order("a", entities={"costumer": "c"}), "entities.costumer"),
        (order("a", entities="c"), "entities"),
        (order("a", type="order.plcaed"), "type"),
        (order("a b"), "id"),
        (order("a", ts="soon"), "ts"),
        (order("a", ts="2026-01-01T00:00:00"), "ts"),
        (order("a", ts=now() - 31 * 86_400_000), "ts"),
        (order("a", ts=0), "ts"),
        (order("a", fields={"a": {"b": 1}}), "fields.a"),
        (order("a", fields={"total_minor": 1.5, "currency": "USD"}), "fields.total_minor"),
        (order("a", fields={"total_minor": 1}), "fields.currency"),
        (order("a", fields={"n": 10**30}), "fields.n"),
        (order("a", fields={"lat": 1e9}), "fields.lat"),
        ({"events": []}, "events"),
        ({"events": {}}, "events"),
        ({"events": [order("a")] * 1001}, "events"),
        ({"events": [order("a")], "mode": "fast"}, "mode"),
        ({"events": [order("a"), order("b", ts=True)]}, "events[1].ts"),
        ({"events": [order("a"), 7]}, "events[1]"),
        ({"events": [order("a"), order("b", fields={"x": []})]}, "events[1].fields.x"),
    ],
    ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:40],
)
def test_wrong_fields_are_named(server: Server, event: Any, path: str) -> None:
    reply = server.post(event)
    assert (reply.status, reply.headers["content-type"]) == (422, PROBLEM)
    assert [error["path"] for error in reply.json["errors"]] == [path]
    assert "Nothing was decided or stored" in reply.json["detail"]


def test_six_minutes_ahead_is_the_future(server: Server) -> None:
    # the time is taken here: parameters are made long before a test runs
    reply = server.post(json.dumps(order("a", ts=now() + 6 * 60_000)).encode())
    assert (reply.status, reply.json["errors"][0]["path"]) == (422, "ts")


def test_a_batch_is_taken_whole_or_not_at_all(server: Server) -> None:
    events = [order("w0"), order("w1", ts="?"), order("w2"), order("w3", type="x")]
    reply = server.post({"events": events})
    assert reply.status == 422
    assert [error["path"] for error in reply.json["errors"]] == ["events[1].ts", "events[3].type"]


def test_a_number_beyond_floats_is_refused(server: Server) -> None:
    body = b'{"id":"a","type":"order.placed","ts":%d,"fields":{"x":1e999}}' % now()
    reply = server.post(body)
    assert (reply.status, reply.json["errors"][0]["path"]) == (422, "fields.x")


def test_deep_nesting_inside_a_field_is_refused(server: Server) -> None:
    body = b'{"id":"a","type":"order.placed","ts":1,"fields":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    assert server.post(body).status in (400, 422)


def test_a_body_announced_too_large_is_refused_unread(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 30) as sock:
        head = f"POST /v1/decide HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tsk_k1_{SECRET}\r\n"
        sock.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 9999999999\r\n\r\n".encode())
        assert b"413" in sock.recv(4096).split(b"\r\n")[0]


def test_a_body_that_grows_too_large_is_refused(server: Server) -> None:
    """It sends one byte more than it may and waits: nothing is on its way that could cut the answer off."""
    with socket.create_connection(("127.0.0.1", server.port), 30) as sock:
        head = f"POST /v1/decide HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tsk_k1_{SECRET}\r\n"
        kind = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        sock.sendall((head + kind).encode() + chunk * 32 + b"1\r\n ")
        answer = sock.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert f"content-type: {PROBLEM}".encode() in answer


def test_one_event_may_not_fill_a_body(server: Server) -> None:
    reply = server.post(order("a", fields={f"f{n}": "x" * 7900 for n in range(20)}))
    assert (reply.status, reply.json["errors"]) == (
        422,
        [{"path": "", "message": "One event may have at most 65536 bytes."}],
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/plain"},
        {"Content_Type": ""},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Encoding": "gzip"},
        {"Content_Encoding": "br"},
        {"Content_Encoding": "deflate, gzip"},
    ],
)
def test_only_plain_json_is_read(server: Server, headers: dict[str, str]) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    reply = server.post(bomb if "Content_Encoding" in headers else order("a"), **headers)
    assert (reply.status, reply.headers["content-type"]) == (415, PROBLEM)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/decide", 405),
        ("PUT", "/v1/events", 405),
        ("POST", "/metrics", 405),
        ("GET", "/", 404),
        ("POST", "/v1/decide/", 404),
        ("GET", "/v1/../metrics", 404),
    ],
)
def test_other_doors(server: Server, method: str, path: str, status: int) -> None:
    reply = server.request(method, path, b"" if method != "GET" else None)
    assert (reply.status, reply.headers["content-type"]) == (status, PROBLEM)
    assert status != 405 or reply.headers["allow"] in ("GET", "POST")
