"""What the worker does, again and again. Each chore returns how much it did; nothing waits only in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.surfaces.cli.environment import Environment


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Chore:
    """``work`` runs at least every ``every_s`` seconds, and at once again while it finds something to do.

    ``on_wake``: also as soon as a transaction says that there is something to do. ``close`` ends what is
    under way when the worker stops; it runs in the chore's own thread, as ``work`` does.
    """

    name: str
    every_s: float
    work: Callable[[], int]
    on_wake: bool = False
    close: Callable[[], None] = _nothing


def chores(env: Environment) -> list[Chore]:
    """The worker's chores. Django must be set up."""
    from tocsin.core.audit.anchor import make_anchor
    from tocsin.core.clocks.fire import fire_due
    from tocsin.core.evidence.reap import reap
    from tocsin.core.outbox.handling import handle_due
    from tocsin.domains.detection.logread import forget_shipped, reader
    from tocsin.domains.detection.precision import keep_up
    from tocsin.domains.detection.ship import ship_once
    from tocsin.domains.detectors.asking import ask_due
    from tocsin.domains.indicators.comparing import compare_next_import
    from tocsin.domains.questions.answering import answer_next
    from tocsin.domains.questions.sheets import work_out_next
    from tocsin.domains.rules.brake import brake
    from tocsin.domains.rules.comparing import compare_next
    from tocsin.domains.rules.reports import make_next
    from tocsin.surfaces.line.archives import fetch_due

    deliveries = Deliveries()
    log = reader(env.home / "decide")
    return [
        Chore("shipping", 0.25, lambda: ship_once(log)),
        Chore("log removal", 300.0, lambda: forget_shipped(env.home / "decide")),
        Chore("precision", 20.0, keep_up),
        Chore("questions", 1.0, answer_next, on_wake=True),
        Chore("features", 1.0, work_out_next, on_wake=True),
        Chore("clocks", 1.0, fire_due, on_wake=True),
        Chore("handlers", 1.0, handle_due, on_wake=True),
        Chore("rule brake", 2.0, brake),
        Chore("model comparisons", 1.0, compare_next, on_wake=True),
        Chore("rule reports", 1.0, make_next, on_wake=True),
        Chore("indicators", 1.0, compare_next_import),
        Chore("detectors", 1.0, ask_due),
        Chore("deliveries", 1.0, deliveries.work, on_wake=True, close=deliveries.close),
        Chore("carrier recordings", 5.0, fetch_due),
        Chore("anchors", 60.0, lambda: int(make_anchor() is not None)),
        Chore("housekeeping", 3600.0, keep_house),
        Chore("orphans", 86_400.0, reap),
    ]


def keep_house() -> int:
    """What has to be done now and then, and when the worker starts: returns how much it was.

    Keys that were destroyed stay destroyed, also when an older database was restored: the ledger of destroyed
    keys is outside of it.
    """
    from tocsin.core.actor import system
    from tocsin.core.crypto.shred import reapply, write_down
    from tocsin.core.evidence.reap import reap
    from tocsin.core.idempotency import forget_old
    from tocsin.core.outbox.actions import forget_delivered
    from tocsin.core.ratelimit import forget_idle
    from tocsin.domains.detectors import asking
    from tocsin.domains.questions.answering import forget_old as forget_answers
    from tocsin.domains.rules.publishing import publish

    publish()  # a newer Tocsin may have come with other rules
    done = reapply(system("keys")) + write_down() + reap() + forget_old() + forget_delivered()
    forget_idle()
    done += asking.forget_old() + forget_answers()
    return done


class Deliveries:
    """What leaves the house: one courier for the life of the worker, so that a slow receiver holds up
    nobody.
    """

    #: How long one round waits for the answers of what is under way.
    _WAIT_S = 0.2

    def __init__(self) -> None:
        from tocsin.core.outbox.courier import Courier

        self._courier = Courier()

    def work(self) -> int:
        started, marked = self._courier.pump(wait_s=self._WAIT_S)
        return started + marked + int(self._courier.under_way)

    def close(self) -> None:
        self._courier.close()
