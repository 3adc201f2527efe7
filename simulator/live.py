"""The live run: the real clock, the real API, and a marketplace that does as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from simulator import score
from simulator.client import Door
from simulator.director import Director, Programme
from simulator.events import Answer, Report
from simulator.lanes import Lanes, Outgoing
from simulator.ledger import Ledger
from simulator.obey import CannotDo, Obedience
from simulator.office import Office, subscribe
from simulator.pace import Pace
from simulator.progress import Progress
from simulator.receiver import Receiver
from simulator.scheduler import Running, Scheduler
from simulator.standing import Standing
from simulator.steps import Say
from simulator.truth import Truth
from simulator.world import World

LONGEST_NAP_S = 0.25
FAREWELL_S = 2.0


@dataclass(frozen=True)
class LiveSettings:
    """Everything a live run needs to know."""

    url: str
    decide_url: str
    key: str
    seed: int
    tag: str
    programme: Programme
    speed: float
    population: int
    duration_s: float | None = None
    patience_s: float = 3.0
    lanes: int = 8
    webhook_port: int | None = None
    webhook_url: str | None = None
    ledger: Path | None = None
    score_file: Path | None = None
    score_every_s: float = 10.0
    with_entities: bool = True
    progress_every_s: float = 10.0


class Live:
    """One live run, from the first entity to the last score."""

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings
        self.truth, self.standing = Truth(), Standing()
        pace = Pace(settings.speed)
        self.obedience = Obedience(self.standing, self.truth, pace)
        self.ledger = Ledger(settings.ledger)
        self.web = Door(settings.url, settings.key, seed=settings.seed)
        self.hot = Door(settings.decide_url, settings.key, seed=settings.seed)
        self.office = Office(self.web, self.ledger, with_entities=settings.with_entities)
        self.world = World(settings.seed, settings.tag, self.truth, self.office.announce)
        self.scheduler = Scheduler(self.world, self.standing, self.truth, pace, time.time)
        self.lanes = Lanes(self.hot, self.ledger, self._decided, self._resume, lanes=settings.lanes)
        self.scheduler.outlet = self
        self.director = Director(self.scheduler, settings.programme)
        self.receiver: Receiver | None = None
        self._subscription = ""
        self.patience: float | None = settings.patience_s
        self._awake = asyncio.Event()

    # -- the scheduler's outlet --------------------------------------------------------------------

    def say(self, say: Say, running: Running, ticket: int) -> None:
        """Queue an event for its lane."""
        self.lanes.put(Outgoing(say, running, ticket))

    def tell(self, report: Report, running: Running, ticket: int) -> None:
        """Queue a report."""
        self.office.tell(report, lambda number: self._resume(running, ticket, number))

    def follow_up(self, number: str, text: str) -> None:
        """Queue a follow-up."""
        self.office.follow_up(number, text)

    def verify(self, order_id: str, body: dict[str, Any]) -> None:
        """Queue the result of a verification."""
        self.office.verify(order_id, body)

    def _decided(self, say: Say, answer: Answer) -> None:
        self.obedience.verdict(say.event, say.actor, answer, time.time())

    def _resume(self, running: Running, ticket: int, value: Any) -> None:
        if self.scheduler.resume(running, ticket, value):
            self._awake.set()

    # -- webhooks ----------------------------------------------------------------------------------

    async def delivery(self, delivery_id: str, message: dict[str, Any]) -> None:
        """Carry out one webhook delivery, write it down, and confirm it."""
        data, kind = message["data"], message.get("type")
        self.obedience.counts[f"webhook {kind}"] += 1
        status, detail = "applied", ""
        try:
            if kind == "action.requested":
                self.obedience.action(data, time.time())
            elif kind == "action.reversed":
                self.obedience.reversal(data)
        except CannotDo as cannot:
            status, detail = "failed", str(cannot)
        self.ledger.add([{"kind": "delivery", "delivery_id": delivery_id, "type": kind}])
        if kind == "action.requested":
            self.office.confirm(str(data["action_id"]), delivery_id, status, detail)
        self._awake.set()

    # -- the run -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until the duration is over or somebody says stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        loop.add_signal_handler(signal.SIGUSR1, self.show_score)
        work = asyncio.create_task(self._work())
        asked = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(
                {work, asked}, timeout=self.settings.duration_s, return_when=asyncio.FIRST_COMPLETED
            )
            if work.done():
                work.result()
            self.director.stop()
            if not asked.done():
                await self._drain(asked)
        finally:
            for task in (work, asked):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await work
            await self._leave()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Progress(self).run())
            await self._open_webhook()
            tasks.create_task(self.office.run())
            tasks.create_task(self.lanes.run())
            tasks.create_task(self._keep_score())
            self.world.settle_in(time.time(), self.settings.population)
            await self._introduce()
            self.director.start()
            tasks.create_task(self._turn())

    async def _introduce(self) -> None:
        """Let Tocsin know the people before they begin to act."""
        while self.office.entities_waiting:
            await asyncio.sleep(0.05)

    async def _turn(self) -> None:
        """The heart: wake stories when they are due."""
        while True:
            self.director.pause(self.lanes.nearly_full)
            self.scheduler.run_due()
            due = self.scheduler.next_at()
            nap = LONGEST_NAP_S if due is None else min(max(due - time.time(), 0.0), LONGEST_NAP_S)
            self._awake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(nap):  # wait_for of Python 3.11 can swallow a cancellation
                    await self._awake.wait()

    async def _drain(self, asked: asyncio.Task[bool]) -> None:
        """After the duration: give what is on its way a moment to be acknowledged."""
        deadline = time.monotonic() + FAREWELL_S
        while (self.lanes.buffered or self.office.waiting) and time.monotonic() < deadline:
            if asked.done():
                return
            await asyncio.sleep(0.05)

    async def _keep_score(self) -> None:
        while self.settings.score_file is not None:
            await asyncio.sleep(self.settings.score_every_s)
            score.write(self.truth, self.settings.score_file)

    def show_score(self) -> None:
        """Print the table, and write the file if there is one."""
        print(score.table(score.score(self.truth)), flush=True)
        if self.settings.score_file is not None:
            score.write(self.truth, self.settings.score_file)

    async def _open_webhook(self) -> None:
        settings = self.settings
        if settings.webhook_port is None:
            return
        self.receiver = Receiver("", self.delivery)
        port = await self.receiver.start(settings.webhook_port)
        url = settings.webhook_url or f"http://127.0.0.1:{port}/tocsin"
        self._subscription, self.receiver.secret = await subscribe(self.web, url, settings.tag)

    async def _leave(self) -> None:
        if self.receiver is not None:
            if self._subscription:
                with contextlib.suppress(httpx.HTTPError, TimeoutError):
                    async with asyncio.timeout(FAREWELL_S):
                        await self.web.call("DELETE", f"/v1/webhooks/{self._subscription}", tries=1)
            await self.receiver.stop()
        for door in (self.web, self.hot):
            await door.close()
        self.ledger.close()
        self.show_score()
        for problem in dict.fromkeys(self.lanes.problems + self.office.problems):
            print(f"refused    {problem}", file=sys.stderr)
