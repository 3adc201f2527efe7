"""How long a rules engineer waits for a backtest.

    python -m benchmarks.backtest [--events 500000] [--json]

Ships events of a fixed pseudo-random marketplace into a database of its own, sealed as always, and backtests
a draft over them: twice through the packaged rules, with and without the draft. Beside it, in the same run:
reading the same events back alone, and one pass of the engine alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.report import show

DAYS = 7
_MEMORY = 2 * 1024**3  # bytes an engine may use, as in a backtest
_DRAFT = """small_refusals = count("payment.declined", per=customer, within="1h", where=amount_minor < 500)


class many_small_refusals(Rule):
    "Many small payments of one customer are declined"

    on = "payment.declined"
    when = small_refusals >= 2 and amount_minor < 500
    verdict = "review"
    severity = "S3"
    code = "V3"
    clause = "FRD-C.stolen_payment"
    reason = "{small_refusals} small payments were declined within an hour."
"""
_TYPES = ("order.placed", "payment.authorised", "payment.declined", "account.login", "location.ping")
_SHARES = (25, 24, 1, 20, 30)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-backtest-") as folder:
        return _run(Path(folder), args)


def _run(home: Path, args: argparse.Namespace) -> int:
    os.environ |= {
        "TOCSIN_HOME": str(home),
        "TOCSIN_DB_ROLE": "owner",
        "DJANGO_SETTINGS_MODULE": "tocsin.config.settings",
    }
    from tocsin.config.env import Env
    from tocsin.core import postgres

    Env.load().make_folders()
    postgres.ensure(home / "postgres")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    if not args.json:
        print(f"shipping {args.events} events …", file=sys.stderr, flush=True)
    _ship(args.events)
    figures = _measure()
    show(figures, [("Figure", "Value"), *((name, str(value)) for name, value in figures.items())], args.json)
    postgres.release(home / "postgres")
    return 0


def _ship(events: int) -> None:
    from tocsin.domains.detection.records import Record
    from tocsin.domains.detection.store import write_events

    pick = random.Random(7)
    end = dt.datetime.now(dt.UTC)
    apart = dt.timedelta(days=DAYS) / events
    for first in range(0, events, 20_000):
        write_events(
            [
                Record(seq=seq + 1, verdict="allow", received_at=at, **_event(pick, seq, at))
                for seq in range(first, min(first + 20_000, events))
                for at in (end - apart * (events - seq) + dt.timedelta(minutes=1),)
            ]
        )


def _event(pick: random.Random, seq: int, at: dt.datetime) -> dict[str, Any]:
    kind = pick.choices(_TYPES, _SHARES)[0]
    customer = pick.randrange(50_000)
    entities = {"customer": f"c-{customer}", "device": f"d-{customer % 45_000}"}
    fields: dict[str, Any] = {}
    if kind in ("account.login", "location.ping"):
        fields = {"lat": round(37 + pick.random(), 5), "lon": round(-122 + pick.random(), 5)}
    elif kind == "order.placed":
        entities["order"] = f"o-{seq}"
        fields = {"total_minor": pick.randrange(500, 20_000), "currency": "USD"}
    else:
        entities["card"] = f"k-{customer}-{pick.randrange(3)}"
        fields = {"amount_minor": pick.randrange(100, 20_000), "currency": "USD"}
    return {
        "event_id": f"e-{seq}", "type": kind, "ts": at, "region": "US-CA", "entities": entities,
        "fields": fields,
    }  # fmt: skip


def _measure() -> dict[str, Any]:
    from django.utils import timezone

    from tocsin.domains.detection.past import engine_event, records_since
    from tocsin.domains.rules.backtests import MAX_EVENTS, backtest
    from tocsin.domains.rules.in_force import in_force
    from tocsin.domains.rules.models import DetectionRule
    from tocsin.engine.engine import Engine
    from tocsin.engine.language.ruleset import load
    from tocsin.engine.runtime.history import encode, run

    live = in_force()
    rules = load(live.sources())
    drafted = load(live.with_draft(DetectionRule(name="many_small_refusals", text=_DRAFT)).sources())
    newest = timezone.now() - dt.timedelta(minutes=5)
    for piece in records_since(newest, 100):  # so that what has to be compiled is compiled
        warm = Engine(drafted, _MEMORY)
        run(warm, encode(warm.plan, [engine_event(one) for one in piece]))
    began = time.perf_counter()
    made = backtest("many_small_refusals", rules, drafted, DAYS)
    took = time.perf_counter() - began
    began = time.perf_counter()
    pieces = list(records_since(timezone.now() - dt.timedelta(days=2 * DAYS), MAX_EVENTS))
    read = time.perf_counter() - began
    engine = Engine(rules, _MEMORY)
    histories = [encode(engine.plan, [engine_event(one) for one in piece]) for piece in pieces]
    began = time.perf_counter()
    for history in histories:
        run(engine, history)
    engine_alone = time.perf_counter() - began
    events = made.figures["events"]
    return {
        "events": events,
        "hits": made.figures["hits"],
        "backtest_s": round(took, 1),
        "events_per_second": round(events / took),
        "reading_s": round(read, 1),
        "engine_once_s": round(engine_alone, 1),
        "times_the_engine": round(took / engine_alone, 1),
    }


if __name__ == "__main__":
    raise SystemExit(main())
