"""Webhooks: a wrong signature, an old timestamp or a replayed delivery changes nothing."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from simulator.receiver import MOST_BYTES, Receiver, sign
from tests.simulator.standin import SECRET, post_webhook

BODY = json.dumps({"id": "d1", "type": "action.requested", "data": {"action_id": "act_1"}}).encode()


def with_receiver(test: Callable[[Receiver, str, list[str]], Awaitable[None]], handle: Any = None) -> None:
    """Run `test(receiver, url, handled)` against a listening receiver."""

    async def run() -> None:
        handled: list[str] = []

        async def remember(delivery: str, message: dict[str, Any]) -> None:
            handled.append(f"{delivery}:{message['data']['action_id']}")

        receiver = Receiver(SECRET, handle or remember)
        url = f"http://127.0.0.1:{await receiver.start()}/tocsin"
        try:
            await test(receiver, url, handled)
        finally:
            await receiver.stop()

    asyncio.run(run())


async def deliver(*args: Any, **options: Any) -> int:
    return await asyncio.to_thread(post_webhook, *args, **options)


def test_the_signature_is_the_documented_one() -> None:
    """Worked out with another tool: printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_standin"""
    assert sign(SECRET, "1700000000", b"{}") == (
        "v1=3fc04b2151b7c298cd2bb2a11769601a65dbf20bbdf76a427aca43d9c14cec7c"
    )


def test_a_good_delivery_is_handled_once() -> None:
    async def test(receiver: Receiver, url: str, handled: list[str]) -> None:
        assert await deliver(url, BODY, "d1") == 200
        assert await deliver(url, BODY, "d1") == 200
        assert handled == ["d1:act_1"]
        assert receiver.counts["seen before"] == 1

    with_receiver(test)


def test_a_wrong_signature_is_refused() -> None:
    async def test(receiver: Receiver, url: str, handled: list[str]) -> None:
        assert await deliver(url, BODY, "d1", secret="whsec_guess") == 401
        assert await deliver(url, BODY, "d1", signature="v1=") == 401
        assert await deliver(url, BODY, "d1", signature="v2=" + sign(SECRET, "0", BODY)[3:]) == 401
        assert handled == []
        assert await deliver(url, BODY, "d1") == 200, "a forged copy does not use up the delivery id"
        assert handled == ["d1:act_1"]

    with_receiver(test)


def test_a_signature_made_for_another_body_is_refused() -> None:
    async def test(receiver: Receiver, url: str, handled: list[str]) -> None:
        other = BODY.replace(b"act_1", b"act_2")
        timestamp = str(int(receiver._clock()))
        assert await deliver(url, other, "d1", signature=sign(SECRET, timestamp, BODY)) == 401
        assert handled == []

    with_receiver(test)


def test_an_old_or_early_timestamp_is_refused() -> None:
    async def test(receiver: Receiver, url: str, handled: list[str]) -> None:
        assert await deliver(url, BODY, "d1", age_s=400) == 401
        assert await deliver(url, BODY, "d1", age_s=-400) == 401
        assert handled == []
        assert await deliver(url, BODY, "d1", age_s=200) == 200

    with_receiver(test)


def test_two_signatures_are_accepted_while_a_secret_is_changed() -> None:
    async def test(receiver: Receiver, url: str, handled: list[str]) -> None:
        assert await deliver(url, BODY, "d1", secret=f"whsec_old,{SECRET}") == 200
        assert handled == ["d1:act_1"]

    with_receiver(test)


def test_a_failed_handling_may_come_again() -> None:
    tries: list[str] = []

    async def fails_first(delivery: str, message: dict[str, Any]) -> None:
        tries.append(delivery)
        if len(tries) == 1:
            raise OSError("disk full")

    async def test(receiver: Receiver, url: str, handled: list[str]) -> None:
        assert await deliver(url, BODY, "d1") == 500
        assert await deliver(url, BODY, "d1") == 200
        assert await deliver(url, BODY, "d1") == 200
        assert tries == ["d1", "d1"]

    with_receiver(test, fails_first)


def test_what_is_not_a_delivery_is_refused() -> None:
    async def test(receiver: Receiver, url: str, handled: list[str]) -> None:
        assert await deliver(url, b"not json", "d1") == 400
        assert await deliver(url, b'{"type": "x"}', "d2") == 400
        assert await deliver(url, BODY, "") == 400
        port = int(url.split(":")[2].split("/")[0])
        for request, status in (
            (b"GET / HTTP/1.1\r\n\r\n", b"405"),
            (b"POST / HTTP/1.1\r\n\r\n", b"411"),
            (f"POST / HTTP/1.1\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n".encode(), b"413"),
        ):
            assert status in await asyncio.to_thread(raw, port, request)
        assert handled == []

    with_receiver(test)


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(1000)
