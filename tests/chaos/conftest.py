"""One storm for all tests of this folder: they count what it has left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chaos import deadlines
from tests.chaos.decider import Decider
from tests.chaos.killing import Killer
from tests.chaos.marketplace import Marketplace
from tests.journeys.people import cast
from tests.support.stack import Stack, running, until
from tocsin.core import postgres
from tocsin.core.crypto.day_codec import DayCodec, Fetch
from tocsin.core.crypto.keys import FileKeys
from tocsin.core.postgres import Urls
from tocsin.engine.log import EventRecord, read_log
from tocsin.engine.log.marks import read_mark

SETTLE_S = 90.0
EVERYTHING = 10**9


@dataclass
class Aftermath:
    """What is left when everything has been killed, has come back and has come to rest."""

    stack: Stack
    marketplace: Marketplace
    decider: Decider
    killed: list[str]
    planted: list[str]
    log: list[EventRecord]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, as its owner sees them."""
        with self.stack.connect() as database:
            return database.execute(query, values or None).fetchall()

    def count(self, query: str, *values: Any) -> int:
        """The number a query answers with."""
        [(number,)] = self.rows(query, *values)
        return int(number)


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """A whole Tocsin with its own database; marketplace, decider, deadlines; everything killed repeatedly."""
    with running(Urls(app="", owner="")) as stack:
        stack.database = postgres.urls(stack.home / "postgres")
        people = cast(stack, "chaos", "investigator")
        marketplace = Marketplace(stack, people.key, tmp_path_factory.mktemp("chaos"))
        own_cases = deadlines.open_cases(stack, people.key)
        decider = Decider(stack.web, people["investigator"].key, own_cases)
        try:
            marketplace.start()
            until(lambda: marketplace.acknowledged() > 0, "the marketplace to be open")
            planted = deadlines.plant(stack, own_cases)
            decider.start()
            killer = Killer(stack, marketplace.acknowledged)
            killer.rage()
            marketplace.stop()
            decider.finish()
        finally:
            marketplace.kill()
        _settle(stack)
        log = [
            one
            for one in read_log(stack.home / "decide", DayCodec(_keys(stack)), 0, EVERYTHING)
            if isinstance(one, EventRecord)
        ]
        yield Aftermath(stack, marketplace, decider, killer.killed, planted, log)


def _keys(stack: Stack) -> Fetch:
    """The keys of the log, as the installation has them."""
    master = FileKeys(stack.home / "keys" / "master")

    def fetch(scope: str, _create: bool) -> bytes:
        with stack.connect() as database:
            row = database.execute(
                "SELECT master_key_id, wrapped FROM core_data_key WHERE scope = %s", [scope]
            ).fetchone()
        assert row is not None, scope
        return master.unwrap(*row, scope)

    return fetch


def _settle(stack: Stack) -> None:
    """Wait until everything decided is shipped, every handler has run, every planted deadline has fired."""
    with stack.connect() as database:

        def number(query: str) -> int:
            row = database.execute(query).fetchone()
            return int(row[0]) if row else 0

        def shipped() -> bool:
            return number("SELECT position::bigint FROM detection_ship_position") == read_mark(
                stack.home / "decide"
            )

        until(shipped, "the log to be shipped", SETTLE_S)
        for what, waiting in _WAITING.items():
            until(lambda query=waiting: number(query) == 0, what, SETTLE_S)


_WAITING = {
    "the handlers": "SELECT count(*) FROM core_outbox_message WHERE kind = 'handler' AND state = 'pending'",
    "the deadlines": "SELECT count(*) FROM core_clock WHERE name LIKE 'planted-%' AND state = 'running'",
}
