"""Rows that wait for a worker, and how often one began with them.

A worker that is killed, or runs out of memory, leaves its row waiting. Each try is counted for good before it
begins, so that a row which kills its workers is known by its count and can be given up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeVar, cast

from django.db import models

from tocsin.core.act import Work, act
from tocsin.core.actor import Actor

#: After so many, whoever waits is told that it cannot be done [D].
MAX_TRIES: Final = 3


class _Tried(Protocol):
    tries: int


M = TypeVar("M", bound=models.Model)


@contextmanager
def trying(
    waiting: models.QuerySet[M], me: Actor, *, begun: str, done: str
) -> Iterator[tuple[Work, M] | None]:
    """The act and the row of the next try: the first of the rows that nobody else is at, locked and watched;
    None when there is none. The try is counted first (column ``tries``), in an act of its own; ``begun`` and
    ``done`` are the verbs of the two."""
    counted = _count(waiting, me, begun)
    if counted is None:
        yield None
        return
    with act(me, done) as work:
        row = waiting.filter(pk=counted).select_for_update(skip_locked=True).first()
        if row is not None:
            work.watch(row)
        yield None if row is None else (work, row)


def _count(waiting: models.QuerySet[M], me: Actor, verb: str) -> Any:
    """Count a try of the first row for good; returns its key, None when there is none."""
    with act(me, verb) as work:
        row = waiting.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        work.watch(row)
        cast(_Tried, row).tries += 1
        work.save(row)
    return row.pk
