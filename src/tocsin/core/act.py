"""The frame of every write: rows, audit entries and outbox events in one transaction.

with act(actor, "case.assign") as work:
    case = work.lock(Case, case_id)
    case.assignee = person
    work.save(case)
    work.emit("case.assigned", {"case": case.id})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import models, transaction

from tocsin.core.actor import Actor
from tocsin.core.audit.append import append, columns_of, digest, payload
from tocsin.core.errors import NotFound
from tocsin.core.outbox.publish import publish

M = TypeVar("M", bound=models.Model)


class Work:
    """What one action has done so far. Collected, and written when the action ends."""

    def __init__(self, actor: Actor, verb: str) -> None:
        self.actor = actor
        self.verb = verb
        self._before: dict[tuple[str, str], str] = {}
        self._entries: list[str] = []
        self._events: list[tuple[str, dict[str, Any], str | None]] = []

    def lock(self, model: type[M], pk: object, *, select: str | None = None) -> M:
        """Load a row for update and remember its digest as the state before.

        Raises:
            NotFound: there is no such row.
        """
        manager = model._default_manager.select_for_update(of=("self",))
        row = manager.filter(pk=pk).first()
        if row is None:
            raise NotFound(
                f"There is no {model._meta.verbose_name} {pk}.", "Check the identifier and try again."
            )
        self.watch(row)
        return row

    def watch(self, obj: models.Model) -> None:
        """Remember an already locked row's digest as the state before."""
        self._before[self._key(obj)] = digest(obj)

    def save(self, obj: models.Model, verb: str | None = None, **detail: Any) -> None:
        """Write a changed or new row, with its audit entry."""
        new = obj._state.adding
        obj.save(force_insert=new)
        # read back nothing: the digest covers exactly what was handed to the database
        self.note(obj, verb, before=None if new else self._before.get(self._key(obj)), detail=detail)

    def delete(self, obj: models.Model, verb: str | None = None, **detail: Any) -> None:
        """Remove a row, with its audit entry. The row must have been locked."""
        key = self._key(obj)
        before = self._before.pop(key, None) or digest(obj)
        obj.delete()
        self._entries.append(
            payload(self.actor, verb or self.verb, *key, before=before, after=None, detail=detail)
        )

    def note(
        self,
        obj: models.Model,
        verb: str | None = None,
        *,
        before: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """An audit entry for a row that was written by other means, or only looked at."""
        after = digest(obj)
        self._before[self._key(obj)] = after
        self._entries.append(
            payload(
                self.actor,
                verb or self.verb,
                obj._meta.label_lower,
                str(obj.pk),
                before=before,
                after=after,
                columns=columns_of(type(obj)),
                detail=detail,
            )
        )

    def fact(self, object_type: str, object_id: str, verb: str | None = None, **detail: Any) -> None:
        """An audit entry about something that is not a row of ours."""
        self._entries.append(
            payload(
                self.actor, verb or self.verb, object_type, object_id, before=None, after=None, detail=detail
            )
        )

    def emit(self, topic: str, data: Mapping[str, Any], key: str | None = None) -> None:
        """An outbox event, delivered at least once to everybody who listens. ``key`` makes it unique."""
        self._events.append((topic, dict(data), key))

    def flush(self) -> None:
        """Write what was collected. Called by ``act``."""
        append(self._entries)
        for topic, data, key in self._events:
            publish(topic, data, key=key)
        self._entries, self._events = [], []

    @staticmethod
    def _key(obj: models.Model) -> tuple[str, str]:
        return obj._meta.label_lower, str(obj.pk)


@contextmanager
def act(actor: Actor, verb: str) -> Iterator[Work]:
    """Open the transaction of one action. Nothing stays behind when the body raises."""
    with transaction.atomic():
        work = Work(actor, verb)
        yield work
        work.flush()
