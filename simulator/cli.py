"""The command line of the simulator."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import string
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from simulator import score
from simulator.client import Door
from simulator.director import Programme
from simulator.judge import NoAnswer, asking
from simulator.live import Live, LiveSettings
from simulator.offline import Offline, allow_all, write_folder
from simulator.recheck import recheck
from simulator.scenarios import SCENARIOS, choose

OFFLINE_START = "2026-01-05T08:00:00+00:00"
OFFLINE_DURATION_S = 3600.0
KEY_VARIABLE = "TOCSIN_API_KEY"


def parser() -> argparse.ArgumentParser:
    """Every option with its meaning."""
    p = argparse.ArgumentParser(
        prog="python -m simulator", description="A grocery marketplace in motion, for trying out Tocsin."
    )
    where = p.add_argument_group("where Tocsin is")
    where.add_argument("--url", default="http://127.0.0.1:8000", help="the web host (%(default)s)")
    where.add_argument("--decide-url", default="http://127.0.0.1:8002", help="the decide host (%(default)s)")
    where.add_argument("--key", default=os.environ.get(KEY_VARIABLE), help=f"API key; or set {KEY_VARIABLE}")
    what = p.add_argument_group("what happens")
    what.add_argument("--seed", type=int, default=7, help="the same seed makes the same people (%(default)s)")
    what.add_argument("--rate", type=float, default=20.0, help="events a second (%(default)s)")
    what.add_argument(
        "--speed",
        type=float,
        default=600.0,
        help="seconds of waiting that pass in one second; motion is never compressed (%(default)s)",
    )
    what.add_argument("--population", type=int, default=1000, help="customers at the start (%(default)s)")
    what.add_argument("--scenarios", default="all", help="all, none, or names with commas (%(default)s)")
    what.add_argument(
        "--every", type=float, default=60.0, metavar="S", help="seconds between scenarios (%(default)s)"
    )
    what.add_argument(
        "--report-every", type=float, default=20.0, metavar="S", help="seconds between everyday reports"
    )
    what.add_argument("--lookalikes", type=float, default=0.03, help="share of look-alikes (%(default)s)")
    what.add_argument("--day-rhythm", action="store_true", help="quiet nights, busy evenings")
    what.add_argument("--duration", type=float, metavar="S", help="stop after so many seconds")
    what.add_argument("--run-tag", help="part of every id; default: new for each live run")
    live = p.add_argument_group("the live run")
    live.add_argument("--webhook-port", type=int, metavar="PORT", help="receive webhooks here; 0 finds one")
    live.add_argument("--webhook-url", help="the address Tocsin should call, if not 127.0.0.1")
    live.add_argument(
        "--patience",
        type=float,
        default=3.0,
        help="seconds to wait for a verdict before going on (%(default)s)",
    )
    live.add_argument("--lanes", type=int, default=8, help="calls under way at once (%(default)s)")
    live.add_argument("--ledger", type=Path, help="write every acknowledgement to this file, forced to disk")
    live.add_argument("--score", type=Path, help="write the ground-truth score here every ten seconds")
    live.add_argument("--no-entities", action="store_true", help="send events only, describe nobody")
    other = p.add_argument_group("instead of a live run")
    other.add_argument(
        "--offline", type=Path, metavar="FOLDER", help="write everything to files; call nobody"
    )
    other.add_argument(
        "--judge",
        metavar="COMMAND",
        help="ask this program for each verdict of an offline run, one JSON line an event",
    )
    other.add_argument("--start", default=OFFLINE_START, help="first moment of an offline run (%(default)s)")
    other.add_argument("--recheck", type=Path, metavar="LEDGER", help="verify a ledger against Tocsin")
    other.add_argument("--list-scenarios", action="store_true", help="name the scenarios and stop")
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0 when all went well, 2 for a wrong call, 1 when Tocsin could not be used."""
    p = parser()
    given = p.parse_args(arguments)
    if given.list_scenarios:
        for scenario in SCENARIOS.values():
            print(f"{scenario.name:<17} {' '.join(sorted(scenario.expects)):<12} {scenario.summary}")
        return 0
    try:
        programme = _programme(given)
    except ValueError as error:
        p.error(str(error))
    if given.offline is not None:
        return _offline(given, programme)
    if not given.key:
        p.error(f"an API key is needed: --key or {KEY_VARIABLE}")
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_recheck(given) if given.recheck else _live(given, programme))
    return 130


def _programme(given: argparse.Namespace) -> Programme:
    if given.rate < 0 or given.speed <= 0 or given.every <= 0:
        raise ValueError("--rate must not be negative; --speed and --every must be above zero")
    return Programme(
        rate=given.rate,
        scenarios=choose(given.scenarios),
        every_s=given.every,
        report_every_s=given.report_every,
        lookalike_share=given.lookalikes,
        day_rhythm=given.day_rhythm,
    )


def _offline(given: argparse.Namespace, programme: Programme) -> int:
    run = Offline(
        seed=given.seed,
        programme=programme,
        start=datetime.fromisoformat(given.start).timestamp(),
        duration_s=given.duration or OFFLINE_DURATION_S,
        speed=given.speed,
        population=given.population,
        tag=given.run_tag or f"s{given.seed}",
    )
    try:
        with asking(given.judge) if given.judge else contextlib.nullcontext(allow_all) as judge:
            truth = write_folder(run, given.offline, judge)
    except (NoAnswer, OSError) as error:
        print(f"{error}; what was written to {given.offline} is not whole", file=sys.stderr)
        return 1
    print(score.table(score.score(truth)))
    return 0


async def _live(given: argparse.Namespace, programme: Programme) -> int:
    settings = LiveSettings(
        url=given.url,
        decide_url=given.decide_url,
        key=given.key,
        seed=given.seed,
        tag=given.run_tag or _fresh_tag(time.time()),
        programme=programme,
        speed=given.speed,
        population=given.population,
        duration_s=given.duration,
        patience_s=given.patience,
        lanes=given.lanes,
        webhook_port=given.webhook_port,
        webhook_url=given.webhook_url,
        ledger=given.ledger,
        score_file=given.score,
        with_entities=not given.no_entities,
    )
    live = Live(settings)
    print(f"run {settings.tag}: {given.rate:g} events/s to {given.decide_url}, seed {given.seed}", flush=True)
    status = 0
    try:
        await live.run()
    except* RuntimeError as problems:
        for problem in problems.exceptions:
            print(problem, file=sys.stderr)
        status = 1
    return status


async def _recheck(given: argparse.Namespace) -> int:
    hot, web = Door(given.decide_url, given.key), Door(given.url, given.key)
    try:
        counts = await recheck(given.recheck, hot, web)
    finally:
        await hot.close()
        await web.close()
    for name, number in sorted(counts.items()):
        print(f"{name:<20}{number:>10}")
    wrong = ("events_lost", "events_altered", "events_changed", "reports_lost", "reports_doubled")
    return 1 if any(counts[name] for name in (*wrong, "deliveries_doubled")) else 0


def _fresh_tag(now: float) -> str:
    """A few letters that no earlier run had: ids of different runs must not meet."""
    digits = string.digits + string.ascii_lowercase
    number, tag = int(now), ""
    while number:
        number, digit = divmod(number, len(digits))
        tag = digits[digit] + tag
    return tag
