"""What the worker does, again and again. Each chore returns how much it did; nothing waits only in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.surfaces.cli.environment import Environment


@dataclass(frozen=True)
class Chore:
    """``work`` runs at least every ``every_s`` seconds, at once again while it finds something to do.

    ``on_wake``: also as soon as a transaction says that there is something to do.
    """

    name: str
    every_s: float
    work: Callable[[], int]
    on_wake: bool = False


def chores(env: Environment) -> list[Chore]:
    """The worker's chores. Django must be set up."""
    from tocsin.core.clocks.fire import fire_due

    return [Chore("clocks", 1.0, fire_due, on_wake=True)]
