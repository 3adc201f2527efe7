"""decide seals what it keeps, says why it cannot begin without a key, and goes on under the last one."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from functools import partial
from pathlib import Path

import pytest

from tests.engine.sealing import DAY, key_of
from tests.surfaces.decide.server import RULES, Server, now, order, until
from tocsin.core.crypto.day_codec import DayCodec, scope_of
from tocsin.core.crypto.errors import KeyServiceUnavailable
from tocsin.engine.log import EventRecord, keys_in, read_log
from tocsin.engine.log.state import snapshots
from tocsin.surfaces.decide.config import DecideConfig
from tocsin.surfaces.decide.host import Host
from tocsin.surfaces.decide.keys import MemoryKeyStore
from tocsin.surfaces.decide.pump import settle
from tocsin.surfaces.decide.reading import Times, read_submission
from tocsin.surfaces.decide.replies import Answers

SECRET = "the man with the falcon tattoo"


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_neither_log_nor_snapshot_shows_an_event(tmp_path: Path) -> None:
    server = Server(tmp_path, "--snapshot-seconds", "0").start()
    answer = server.post(order("e1", SECRET, fields={"note": SECRET}))
    assert answer.status == 200
    until(lambda: snapshots(server.folder))
    server.kill()
    assert SECRET.encode() not in files(server.folder)
    assert SECRET.encode() not in files(tmp_path / "decide-keys")
    assert SECRET not in server.output()
    [record] = read_log(server.folder, server.codec, answer.json["seq"] - 1, 1)
    assert isinstance(record, EventRecord)
    assert SECRET.encode() in record.raw
    server.start()  # from the snapshot
    assert server.post(order("e2")).json["seq"] == answer.json["seq"] + 1
    assert server.stop() == 0


def test_without_its_keys_it_does_not_start_and_says_why(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    answer = server.post(order("e1"))
    server.kill()
    before = files(server.folder)
    (tmp_path / "decide-keys").rename(tmp_path / "away")
    with pytest.raises(AssertionError, match=r"cannot start: .*cannot be opened with the key decide:"):
        server.start()
    for path in (tmp_path / "decide-keys").iterdir():
        assert not path.name.startswith("decide-") or path.is_file()
    (tmp_path / "decide-keys").rename(tmp_path / "strangers")
    (tmp_path / "away").rename(tmp_path / "decide-keys")
    assert files(server.folder) == before
    server.start()
    assert server.post(order("e2")).json["seq"] == answer.json["seq"] + 1
    assert server.stop() == 0


class World:
    """A host in this process, on a day of our choice, with a key service that can be away."""

    def __init__(self, folder: Path) -> None:
        (folder / "rules").mkdir()
        (folder / "rules" / "shop.rules").write_text(RULES)
        self.folder, self.day, self.away = folder / "decide", DAY, False
        self.host = Host(
            DecideConfig(
                folder=self.folder,
                rules_dir=folder / "rules",
                keys=MemoryKeyStore({}),
                codec=DayCodec(self.fetch),
                sealing_every=0.01,
                today=lambda: self.day,
            )
        )

    def fetch(self, scope: str, create: bool) -> bytes:
        if self.away:
            raise KeyServiceUnavailable("the key service is away")
        return key_of(scope, create)

    async def tell(self, ident: str) -> None:
        submission = read_submission(json.dumps(order(ident)).encode(), Times(now(), now(), False), 10)
        answered: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        self.host.pump.submit(submission.items, "k", partial(settle, answered))
        await answered

    async def until_late(self) -> None:
        while not self.host.metrics.counts["sealing_key_late"]:
            await asyncio.sleep(0.005)

    async def until_under(self, scope: str) -> None:
        while self.host.config.codec.current() != scope:
            await asyncio.sleep(0.005)


def test_a_key_service_that_is_away_at_the_start_keeps_it_from_being_ready(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.away = True

    async def story() -> None:
        with pytest.raises(KeyServiceUnavailable, match="the key service is away"):
            await world.host.start()
        assert not world.host.ready
        assert keys_in(world.folder) == set()
        world.away = False
        await world.host.start()  # nothing stands in the way of trying again
        assert world.host.ready
        await world.host.stop()

    asyncio.run(story())


def test_while_the_key_of_a_new_day_cannot_be_had_the_last_one_stays(tmp_path: Path) -> None:
    world, tomorrow = World(tmp_path), DAY + dt.timedelta(days=1)

    async def story() -> None:
        await world.host.start()
        await world.tell("a")
        world.away, world.day = True, tomorrow
        await world.until_late()
        await world.tell("b")
        assert keys_in(world.folder) == {scope_of(DAY)}
        world.away = False
        await world.until_under(scope_of(tomorrow))
        await world.tell("c")
        await world.host.stop()

    asyncio.run(asyncio.wait_for(story(), 60))
    assert keys_in(world.folder) == {scope_of(DAY), scope_of(tomorrow)}
    read = read_log(world.folder, DayCodec(key_of), 0, 10)
    assert [one.event().id for one in read if isinstance(one, EventRecord)] == ["a", "b", "c"]
