"""The slower talk with Tocsin: entities, reports, follow-ups, confirmations of actions."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from simulator.client import Door, Reply
from simulator.events import Entity, Report
from simulator.ledger import Ledger
from simulator.model import Ref

ENTITY_BATCH = 500
GATHER_S = 0.3
WORKERS = 3
ROOM = 5_000
PROBLEMS_KEPT = 20


class Office:
    """Queues for the web host. Everything here is retried and safe to repeat."""

    def __init__(self, door: Door, ledger: Ledger, *, with_entities: bool = True) -> None:
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._door = door
        self._ledger = ledger
        self._with_entities = with_entities
        self._entities: dict[Ref, Entity] = {}
        self._telling = asyncio.Lock()
        self._process = secrets.token_hex(8)
        """Keeps the idempotency keys of two runs apart."""
        self._errands: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(ROOM)

    # -- entities ----------------------------------------------------------------------------------

    def announce(self, entity: Entity) -> None:
        """Have Tocsin know about something; newer attributes of the same thing are merged in."""
        if not self._with_entities:
            return
        waiting = self._entities.get((entity.kind, entity.id))
        if waiting is None:
            self._entities[(entity.kind, entity.id)] = entity
            return
        waiting.attributes.update(entity.attributes)
        waiting.links.extend(link for link in entity.links if link not in waiting.links)

    @property
    def entities_waiting(self) -> int:
        """Things Tocsin has not been told about yet."""
        return len(self._entities)

    async def send_entities(self) -> None:
        """Send all that is waiting now; when this returns, Tocsin has been told."""
        async with self._telling:
            while self._entities:
                refs = list(self._entities)[:ENTITY_BATCH]
                await self._send_batch([self._entities.pop(ref) for ref in refs])

    async def _send_batch(self, batch: list[Entity]) -> None:
        """One batch; a refused one is halved until only what is really wrong is left out."""
        self.counts["entity batches"] += 1
        key = f"entities/{self._process}/{self.counts['entity batches']}"
        body = {"entities": [entity.body() for entity in batch]}
        reply = await self._door.call("POST", "/v1/entities", body, key=key)
        if reply.ok:
            self.counts["entities"] += len(batch)
        elif len(batch) > 1 and reply.status in (413, 422):
            half = len(batch) // 2
            await self._send_batch(batch[:half])
            await self._send_batch(batch[half:])
        else:
            self._problem("entities", reply)

    # -- reports and the rest ----------------------------------------------------------------------

    def tell(self, report: Report, done: Callable[[str | None], object]) -> None:
        """File a report; `done` gets its number, or None."""
        self._put(lambda: self._file(report, done), "report", lambda: done(None))

    async def _file(self, report: Report, done: Callable[[str | None], object]) -> None:
        await self.send_entities()  # a report may name somebody who has only just appeared
        reply = await self._door.call("POST", "/v1/reports", report.body, key=f"report/{report.external_id}")
        number = reply.body.get("number") if reply.ok and isinstance(reply.body, dict) else None
        if number is None:
            self._problem("reports", reply)
        else:
            self._ledger.add([{"kind": "report", "external_id": report.external_id, "number": number}])
            self.counts["reports"] += 1
        done(number)

    def follow_up(self, number: str, text: str) -> None:
        """Look at a report's status, then add to it."""
        self.counts["follow-ups begun"] += 1
        key = f"follow-up/{self._process}/{self.counts['follow-ups begun']}"
        self._put(lambda: self._follow_up(number, text, key), "follow-up", lambda: None)

    async def _follow_up(self, number: str, text: str, key: str) -> None:
        status = await self._door.call("GET", f"/v1/reports/{number}")
        self.counts["reports looked up" if status.ok else "reports not found"] += 1
        reply = await self._door.call("POST", f"/v1/reports/{number}/messages", {"text": text}, key=key)
        if reply.ok:
            self.counts["follow-ups"] += 1
        else:
            self._problem("follow-ups", reply)

    def verify(self, order_id: str, body: dict[str, Any]) -> None:
        """Say how a verification of an order went."""
        self._put(lambda: self._verify(order_id, body), "verification", lambda: None)

    async def _verify(self, order_id: str, body: dict[str, Any]) -> None:
        key = f"verify/{body['external_id']}"
        reply = await self._door.call("POST", f"/v1/orders/{order_id}/verifications", body, key=key)
        if reply.ok:
            self.counts["verifications"] += 1
        else:
            self._problem("verifications", reply)

    def confirm(self, action_id: str, delivery_id: str, status: str, detail: str) -> None:
        """Say that an action was applied, or why not."""
        self._put(lambda: self._confirm(action_id, delivery_id, status, detail), "confirmation", lambda: None)

    async def _confirm(self, action_id: str, delivery_id: str, status: str, detail: str) -> None:
        body = {"status": status, "detail": detail}
        reply = await self._door.call(
            "POST", f"/v1/actions/{action_id}/confirmation", body, key=f"confirm/{delivery_id}"
        )
        if reply.ok:
            self._ledger.add([{"kind": "confirmation", "action_id": action_id, "status": status}])
            self.counts["confirmations"] += 1
        else:
            self._problem("confirmations", reply)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_sending_entities())
            for _ in range(WORKERS):
                tasks.create_task(self._work())

    async def _keep_sending_entities(self) -> None:
        while True:
            await self.send_entities()
            await asyncio.sleep(GATHER_S)

    async def _work(self) -> None:
        while True:
            errand = await self._errands.get()
            await errand()

    def _put(self, errand: Callable[[], Awaitable[None]], what: str, dropped: Callable[[], object]) -> None:
        try:
            self._errands.put_nowait(errand)
        except asyncio.QueueFull:
            self.counts[f"{what} dropped"] += 1
            dropped()

    @property
    def waiting(self) -> int:
        """Errands not done yet."""
        return self._errands.qsize()

    def _problem(self, what: str, reply: Reply) -> None:
        self.counts[f"{what} refused"] += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(f"{what}: {reply.problem}")


WEBHOOK_TOPICS = ["action.requested", "action.reversed", "case.opened", "case.closed", "report.received"]


async def subscribe(door: Door, url: str, run: str) -> tuple[str, str]:
    """Ask Tocsin for webhooks to `url`; the subscription's id and its secret. Raises RuntimeError."""
    body = {"url": url, "topics": WEBHOOK_TOPICS, "description": f"simulator, run {run}"}
    reply = await door.call("POST", "/v1/webhooks", body, key=f"webhook/{run}/{url}")
    if not reply.ok or not isinstance(reply.body, dict) or "secret" not in reply.body:
        raise RuntimeError(f"Tocsin did not take the webhook subscription: {reply.problem}")
    return str(reply.body["id"]), str(reply.body["secret"])
