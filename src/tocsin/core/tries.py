"""Rows that wait for a worker, and how often one began with them.

A worker that is killed, or runs out of memory, leaves its row waiting. Each try is counted for good before it
begins, so that a row which kills its workers is known by its count and can be given up.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeVar, cast

from django.db import models

from tocsin.core.act import act
from tocsin.core.actor import Actor

#: After so many, whoever waits is told that it cannot be done [D].
MAX_TRIES: Final = 3


class _Tried(Protocol):
    tries: int


M = TypeVar("M", bound=models.Model)


def begin(waiting: models.QuerySet[M], me: Actor, verb: str) -> M | None:
    """The first of the rows that nobody else is at, with this try counted in an act of its own (column
    ``tries``); None when there is none. The row is not locked any more: lock it again for the work."""
    with act(me, verb) as work:
        row = waiting.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        work.watch(row)
        cast(_Tried, row).tries += 1
        work.save(row)
    return row
