"""Calls survive trouble: the same key on every try, the server's wishes honoured, refusals taken as final."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from simulator.client import Door, Reply
from tests.simulator.standin import KEY, StandIn, Trouble

EVENT = {"id": "ev-1", "type": "account.login", "ts": 0, "entities": {}, "fields": {}}


def with_door(test: Callable[[StandIn, Door], Awaitable[None]], key: str = KEY) -> None:
    async def run(api: StandIn) -> None:
        door = Door(api.url, key)
        try:
            await test(api, door)
        finally:
            await door.close()

    with StandIn() as api:
        asyncio.run(run(api))


async def decide(door: Door, event: dict[str, Any] = EVENT, **options: Any) -> Reply:
    return await door.call("POST", "/v1/decide", event, key=event["id"], **options)


def test_trouble_is_tried_again_with_the_same_key() -> None:
    async def test(api: StandIn, door: Door) -> None:
        api.troubles.extend([Trouble(503), Trouble(500), Trouble(429), Trouble(502)])
        reply = await decide(door)
        assert reply.body["verdict"] == "allow"
        assert [key for *_, key in api.calls] == ["ev-1"] * 5
        assert door.counts["tries again"] == 4
        assert not door.down

    with_door(test)


def test_pauses_grow() -> None:
    async def test(api: StandIn, door: Door) -> None:
        api.troubles.extend([Trouble(503)] * 4)
        await decide(door)
        times = [at for at, *_ in api.calls]
        pauses = [later - sooner for sooner, later in pairwise(times)]
        assert all(pause >= least for pause, least in zip(pauses, (0.12, 0.25, 0.5, 1.0), strict=True))

    with_door(test)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_by_every_caller(form: str) -> None:
    async def test(api: StandIn, door: Door) -> None:
        wish = (
            "1"
            if form == "seconds"
            else format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        )
        api.troubles.append(Trouble(429, wish))
        first = asyncio.create_task(decide(door))
        while not door.down:
            await asyncio.sleep(0.005)
        await asyncio.gather(first, decide(door, {**EVENT, "id": "ev-2"}))
        refused, *later = (at for at, *_ in api.calls)
        assert len(later) == 2
        assert min(later) - refused >= 0.95

    with_door(test)


def test_a_reply_lost_on_the_way_does_nothing_twice() -> None:
    async def test(api: StandIn, door: Door) -> None:
        api.troubles.append(Trouble(0, after_commit=True))
        reply = await decide(door)
        assert reply.body["duplicate"] is True
        assert list(api.events) == ["ev-1"]
        api.troubles.append(Trouble(0, after_commit=True))
        report = {"narrative": "x", "external_id": "rep-1"}
        filed = await door.call("POST", "/v1/reports", report, key="rep-1")
        assert filed.status == 201
        assert list(api.reports) == [filed.body["number"]]

    with_door(test)


@pytest.mark.parametrize(("path", "status"), [("/v1/nowhere", 404), ("/v1/decide", 422)])
def test_a_refusal_is_final(path: str, status: int) -> None:
    async def test(api: StandIn, door: Door) -> None:
        reply = await door.call("POST", path, {"id": "bad id"}, key="k")
        assert reply.status == status
        assert not reply.ok
        assert len(api.calls) == 1

    with_door(test)


def test_a_wrong_key_is_final_and_says_so() -> None:
    async def test(api: StandIn, door: Door) -> None:
        reply = await decide(door)
        assert reply.status == 401
        assert reply.problem == "401 unknown key"
        assert not api.events

    with_door(test, key="tsk_wrong")


def test_nobody_there_is_given_up_after_the_tries_asked_for() -> None:
    async def run() -> None:
        with StandIn() as api:
            url = api.url
        door = Door(url, KEY)
        with pytest.raises(httpx.TransportError):
            await decide(door, tries=2)
        assert door.down
        assert door.counts["tries again"] == 2
        await door.close()

    asyncio.run(run())
