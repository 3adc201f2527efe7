"""What access rules hide is counted and said, never dropped in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tocsin.core.access.check import Scope, allows
from tocsin.core.actor import Actor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: ``hidden`` items were left out by access rules. ``next_cursor`` is empty on the
    last page."""

    items: list[T]
    hidden: int = 0
    next_cursor: str = ""


def visible(actor: Actor, permission: str, rows: Iterable[T], scope_of: Callable[[T], Scope]) -> Page[T]:
    """The rows this actor may see, and how many there were besides. For lists that are in memory already."""
    items, hidden = [], 0
    for row in rows:
        if allows(actor, permission, scope_of(row)):
            items.append(row)
        else:
            hidden += 1
    return Page(items, hidden)
