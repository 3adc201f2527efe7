"""Taking messages out of the house: claim, send, mark; no transaction is open while anything is being sent.

A claim is a lease: the row's ``next_at`` moves into the future, so that nobody else takes it, and back into
reach when we die. Messages of one destination go one after the other, oldest first, as well as can be: one
that is tried again may be overtaken, unless the order of its kind matters: such a one is tried for ever, and
only a refusal of the message itself makes it dead. Destinations do not wait for each other. Everything is
sent at least once; a receiver knows a repeat by its delivery id.
"""

from __future__ import annotations

import datetime as dt
import logging
import queue
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from tocsin.core.backoff import delay
from tocsin.core.locks import lock
from tocsin.core.outbox.channels import channel_for
from tocsin.core.outbox.handling import ATTEMPTS
from tocsin.core.outbox.models import IN_ORDER, OutboxMessage
from tocsin.core.outbox.parcels import Outcome, Parcel, Undeliverable, prepare
from tocsin.core.outbox.webhooks import disable_gone

log = logging.getLogger(__name__)

OUTGOING = (
    OutboxMessage.Kind.WEBHOOK,
    OutboxMessage.Kind.EVENT,
    OutboxMessage.Kind.EMAIL,
    OutboxMessage.Kind.SMS,
)
#: How long a claimed message is ours. Longer than a run and its last send can take together.
LEASE = dt.timedelta(minutes=2)
#: One destination is served for so long at most before others get its place.
_RUN_S = 30.0
_RUN_LENGTH = 20

_Claim = tuple[OutboxMessage, Parcel]


class Courier:
    """Sends from a pool of threads. One thread owns a courier; only that one touches the database."""

    def __init__(self, threads: int = 8) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="courier")
        self._threads = threads
        self._results: queue.SimpleQueue[tuple[OutboxMessage | None, tuple[str, str], Outcome | None]] = (
            queue.SimpleQueue()
        )
        self._busy: set[tuple[str, str]] = set()
        #: Until when the rest of a run waits, because its destination is in trouble.
        self._held: dict[tuple[str, str], dt.datetime] = {}
        self._closing = False

    def pump(self, now: dt.datetime | None = None, limit: int = 100, wait_s: float = 0.0) -> tuple[int, int]:
        """Start what is due and mark what has come back.

        Waits up to ``wait_s`` for the first result while something is under way. Returns (started, marked).
        """
        moment = now or timezone.now()
        started = 0 if self._closing else self._start(moment, limit)
        return started, self._collect(moment, wait_s)

    @property
    def under_way(self) -> bool:
        """Whether something is being sent."""
        return bool(self._busy)

    def close(self, now: dt.datetime | None = None) -> None:
        """Finish the message each thread is sending, mark it, hand the others back."""
        self._closing = True
        while self._busy:
            self._collect(now or timezone.now(), 1.0)
        self._pool.shutdown()

    def _start(self, now: dt.datetime, limit: int) -> int:
        started = 0
        for kind in OUTGOING:
            free = self._threads - len(self._busy)
            if free <= 0 or started >= limit:
                break
            claimed = self._claim(kind, now, min(limit - started, _RUN_LENGTH * free))
            for destination, run in groupby(claimed, key=lambda message: message.destination):
                started += self._send_off(kind, destination, list(run), now)
        return started

    def _claim(self, kind: str, now: dt.datetime, limit: int) -> list[OutboxMessage]:
        """Messages that are ours until the lease ends, by destination, oldest first."""
        busy = [destination for of_kind, destination in self._busy if of_kind == kind]
        with transaction.atomic():
            found = list(_due(kind, now).exclude(destination__in=busy)[:limit])
            taken: dict[str, int] = {}
            claimed = []
            for message in found:
                taken[message.destination] = taken.get(message.destination, 0) + 1
                if taken[message.destination] <= _RUN_LENGTH:
                    message.next_at = now + LEASE
                    claimed.append(message)
            OutboxMessage.objects.bulk_update(claimed, ["next_at"])
        return sorted(claimed, key=lambda message: (message.destination, message.created_at, message.pk))

    def _send_off(self, kind: str, destination: str, run: Sequence[OutboxMessage], now: dt.datetime) -> int:
        ready: list[_Claim] = []
        for place, message in enumerate(run, start=1):
            try:
                ready.append((message, prepare(message)))
            except Undeliverable as error:
                _mark(message, Outcome("never", str(error)), now)
            except Exception as error:
                log.exception("message %s cannot be prepared", message.pk)
                told = f"It could not be prepared: {type(error).__name__}."
                later = _mark(message, Outcome("later", told), now)
                if kind in IN_ORDER:
                    for next_one in run[place:]:
                        _hand_back(next_one, later)
                    break
        if ready:
            self._busy.add((kind, destination))
            self._pool.submit(self._carry, kind, destination, ready)
        return len(run)

    def _carry(self, kind: str, destination: str, run: Sequence[_Claim]) -> None:
        """In a thread of the pool: send one after the other; stop when the destination is in trouble."""
        started, stop, where = time.monotonic(), False, (kind, destination)
        send = channel_for(kind)
        for message, parcel in run:
            if stop or self._closing or time.monotonic() - started > _RUN_S:
                self._results.put((message, where, None))
                continue
            try:
                outcome = send(parcel)
            except Exception as error:
                log.exception("message %s could not be sent", message.pk)
                told = f"It could not be sent: {type(error).__name__}."
                outcome = Outcome("later", told, troubled=kind in IN_ORDER)
            stop = outcome.troubled or outcome.gone
            self._results.put((message, where, outcome))
        self._results.put((None, where, None))

    def _collect(self, now: dt.datetime, wait_s: float) -> int:
        marked, patience = 0, wait_s
        while True:
            try:
                message, where, outcome = self._results.get(
                    block=patience > 0 and self.under_way, timeout=patience or None
                )
            except queue.Empty:
                return marked
            if message is None:
                self._busy.discard(where)
                self._held.pop(where, None)
                continue
            patience = 0.0
            if outcome is None:
                _hand_back(message, self._held.get(where, now))
                continue
            marked += 1
            later = _mark(message, outcome, now)
            if outcome.troubled:
                self._held[where] = later


def _due(kind: str, now: dt.datetime) -> QuerySet[OutboxMessage]:
    """Messages of a kind that may be sent now, locked, in the order in which they should go."""
    pending = OutboxMessage.objects.filter(kind=kind, state=OutboxMessage.State.PENDING)
    due = pending.select_for_update(skip_locked=True, of=("self",)).filter(next_at__lte=now)
    if kind not in IN_ORDER:
        return due.order_by("next_at", "id")
    # one claim at a time: an older message that somebody else claims at this moment would go unseen
    lock("outbox in order", kind)
    on_its_way = pending.filter(
        destination=OuterRef("destination"), created_at__lt=OuterRef("created_at"), next_at__gt=now
    )
    return due.exclude(Exists(on_its_way)).order_by("created_at", "id")


def _ours(message: OutboxMessage) -> dict[str, object]:
    """What is true of a message as long as our lease on it holds."""
    return {
        "pk": message.pk,
        "state": OutboxMessage.State.PENDING,
        "attempts": message.attempts,
        "next_at": message.next_at,
    }


def _hand_back(message: OutboxMessage, until: dt.datetime) -> None:
    OutboxMessage.objects.filter(**_ours(message)).update(next_at=until)


def _mark(message: OutboxMessage, outcome: Outcome, now: dt.datetime) -> dt.datetime:
    """Write down how a try went, unless the lease has passed to somebody else. Returns the next try."""
    attempts = message.attempts + 1
    later = now + (outcome.wait or delay(attempts))
    state = OutboxMessage.State.PENDING
    if outcome.result == "done":
        state = OutboxMessage.State.DONE
    elif outcome.result == "never" or (attempts >= ATTEMPTS and message.kind not in IN_ORDER):
        state = OutboxMessage.State.DEAD
        log.error("message %s to %s is dead: %s", message.pk, message.destination, outcome.error)
    with transaction.atomic():
        ours = OutboxMessage.objects.filter(**_ours(message)).update(
            state=state,
            attempts=attempts,
            last_error=outcome.error[:2000],
            next_at=later,
            done_at=now if state == OutboxMessage.State.DONE else None,
            # what was written to somebody is kept where it belongs, not here
            body_sealed=None if state == OutboxMessage.State.DONE else message.body_sealed,
        )
        if ours and outcome.troubled:
            # one try at a time finds out whether the destination works again
            OutboxMessage.objects.filter(
                kind=message.kind,
                destination=message.destination,
                state=OutboxMessage.State.PENDING,
                next_at__lt=later,
            ).update(next_at=later)
        if ours and outcome.gone:
            disable_gone(message.destination)
    return later
