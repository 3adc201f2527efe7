"""The terms of a running clock: the specification it was started with, kept with it.

A pack may change while a clock runs. The clock keeps the terms it was started under, and can be worked out
again from its own row.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from tocsin.core.clocks.arithmetic import due_at
from tocsin.core.clocks.intervals import Interval
from tocsin.core.clocks.models import Clock
from tocsin.core.clocks.spec import Citation, ClockSpec, Extension

#: Where the terms lie in ``Clock.data``; callers' own data may not use this name.
KEY = "spec"


def keep(spec: ClockSpec) -> dict[str, Any]:
    """The specification as plain JSON."""
    kept: dict[str, Any] = msgspec.to_builtins(spec)
    return kept


def terms_of(clock: Clock) -> ClockSpec:
    """The specification the clock was started with."""
    return msgspec.convert(clock.data[KEY], ClockSpec)


def words(citation: Citation) -> str:
    """A citation as one line: the source, how sure we are of it, and where the pack says it."""
    return f"{citation.source} [{citation.mark}] ({citation.pack}, {citation.path})"


def due_of(clock: Clock) -> dt.datetime:
    """When the clock is due by its own row: terms, ended pauses and extensions.

    Extensions of the clock's own basis lengthen it; others are counted from where it would have ended.
    """
    spec = terms_of(clock)
    pauses = [
        Interval(dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end))
        for start, end in clock.pauses
        if end is not None
    ]
    extra = [Extension(basis=one["basis"], amount=one["amount"]) for one in clock.extensions]
    own = sum(one.amount for one in extra if one.basis == spec.basis)
    extended = Extension(basis=spec.basis, amount=own) if own else None
    due = due_at(clock.started_at, spec, clock.zone, pauses=pauses, extended=extended)
    for one in extra:
        if one.basis != spec.basis:
            further = msgspec.structs.replace(spec, basis=one.basis, amount=one.amount, extension=None)
            due = due_at(due, further, clock.zone, pauses=[stop for stop in pauses if stop.end > due])
    return due
