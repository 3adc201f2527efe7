"""The pump under pressure: refusals at once with Retry-After, nothing half done, nothing answered early."""

from __future__ import annotations

import asyncio
import errno
import os
from functools import partial
from pathlib import Path

import pytest

from tests.engine.builders import event
from tests.engine.sealing import codec
from tests.surfaces.decide.server import RULES
from tocsin.engine.engine import Engine
from tocsin.engine.language.ruleset import load
from tocsin.engine.log import LogWriter
from tocsin.surfaces.decide.metrics import Metrics
from tocsin.surfaces.decide.problems import Problem
from tocsin.surfaces.decide.pump import Pump, settle
from tocsin.surfaces.decide.reading import Item
from tocsin.surfaces.decide.replies import Answers


def items(count: int) -> list[Item]:
    return [Item(event(customer="c"), b"{}") for _ in range(count)]


def ask(one: Pump, count: int, key: str) -> asyncio.Future[Answers]:
    """Queue so many events. Raises Problem when they are refused."""
    answered: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
    one.submit(items(count), key, partial(settle, answered))
    return answered


def pump(folder: Path) -> Pump:
    return Pump(
        Engine(load({"shop.rules": RULES})),
        LogWriter(folder, codec()),
        Metrics(),
        queue_limit=100,
        turn_limit=10,
    )


def test_a_full_queue_refuses_at_once_and_takes_more_when_there_is_room(tmp_path: Path) -> None:
    async def story() -> None:
        one = pump(tmp_path)
        waiting = [ask(one, 50, "a"), ask(one, 40, "b")]
        with pytest.raises(Problem) as refused:
            ask(one, 20, "b")
        assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})
        assert one.waiting == 90
        running = asyncio.create_task(one.run())
        assert [len(answers) for answers in await asyncio.gather(*waiting)] == [50, 40]
        assert one.waiting == 0
        assert len(await ask(one, 20, "b")) == 20
        one.stop()
        await running
        one.close()

    asyncio.run(story())


def test_one_key_cannot_take_the_whole_queue(tmp_path: Path) -> None:
    async def story() -> None:
        one = pump(tmp_path)
        taken = ask(one, 70, "greedy")
        with pytest.raises(Problem) as refused:
            ask(one, 10, "greedy")
        assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
        modest = ask(one, 10, "modest")
        one.stop()
        await one.run()
        assert (len(await taken), len(await modest)) == (70, 10)
        one.close()

    asyncio.run(story())


def test_a_client_that_goes_away_does_not_stop_the_pump(tmp_path: Path) -> None:
    async def story() -> None:
        one = pump(tmp_path)
        gone, stays = ask(one, 5, "a"), ask(one, 5, "b")
        gone.cancel()
        running = asyncio.create_task(one.run())
        assert len(await stays) == 5
        assert one.engine.seq == 10  # taken in is taken in: it was decided and is in the log
        assert one.waiting == 0
        one.stop()
        await running
        one.close()

    asyncio.run(story())


def test_an_answer_that_cannot_be_given_does_not_stop_the_pump(tmp_path: Path) -> None:
    async def story() -> None:
        one = pump(tmp_path)

        def broken(_: Answers | Problem) -> None:
            raise RuntimeError("the connection is closed")

        one.submit(items(5), "a", broken)
        stays = ask(one, 5, "b")
        running = asyncio.create_task(one.run())
        assert len(await stays) == 5
        assert (one.engine.seq, one.committed, one.waiting) == (10, 10, 0)
        one.stop()
        await running
        one.close()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_nobody_is_answered_before_it_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int, bool]] = []

    async def story() -> None:
        one = pump(tmp_path)
        first, real = ask(one, 3, "a"), os.fdatasync

        def disk(fd: int) -> None:
            seen.append((one.engine.seq, one.committed, first.done()))
            real(fd)

        monkeypatch.setattr(os, "fdatasync", disk)
        running = asyncio.create_task(one.run())
        assert len(await first) == 3
        assert one.committed == 3
        assert len(await ask(one, 1, "b")) == 1
        one.stop()
        await running
        one.close()

    asyncio.run(story())
    assert seen == [(3, 0, False), (4, 3, True)]


def test_a_disk_that_fails_ends_the_pump_and_answers_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "the disk is gone")

    async def story() -> None:
        one = pump(tmp_path)
        first, second = ask(one, 3, "a"), ask(one, 10, "b")
        monkeypatch.setattr(os, "fdatasync", broken)
        with pytest.raises(OSError, match="the disk is gone"):
            await one.run()
        for asked in (first, second):
            with pytest.raises(Problem) as refused:
                await asked
            assert refused.value.status == 503
        assert one.committed == 0
        with pytest.raises(Problem):
            ask(one, 1, "c")

    asyncio.run(story())


def test_after_stop_nothing_new_is_taken(tmp_path: Path) -> None:
    async def story() -> None:
        one = pump(tmp_path)
        one.stop()
        with pytest.raises(Problem) as refused:
            ask(one, 1, "a")
        assert refused.value.status == 503
        await one.run()
        one.close()

    asyncio.run(story())
