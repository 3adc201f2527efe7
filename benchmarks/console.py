"""How fast the queue and case pages answer with a full database.

    python -m benchmarks.console [--cases 200000] [--events 5000000] [--requests 300] [--json]

Loads a database of its own, starts the real web process on it, signs in as an investigator and asks for
queue pages
(desks, tabs, further pages), case pages and people's pages, one after the other, in a fixed pseudo-random
order. Time is
taken by the server itself (``Server-Timing``), from the first byte of the request read to the last of the
answer
written. Beside it, in the same run: the empty health page (what Django and the server cost by themselves),
and the same
queue asked the plain way, with an exact count and an offset.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import percentile, show


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--requests", type=int, default=300, help="requests a page")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-console-") as folder:
        return _run(Path(folder), args)


def _run(home: Path, args: argparse.Namespace) -> int:
    say = (lambda text: None) if args.json else (lambda text: print(text, file=sys.stderr, flush=True))
    os.environ |= {
        "TOCSIN_HOME": str(home),
        "TOCSIN_DB_ROLE": "owner",
        "DJANGO_SETTINGS_MODULE": "tocsin.config.settings",
        "TOCSIN_WEB_PORT": "0",
        "TOCSIN_LIVE_PORT": "0",
        "TOCSIN_DECIDE_PORT": "0",
        "TOCSIN_LINE_PORT": "0",
    }
    from benchmarks.console_setup import prepare, served

    say("database …")
    began = time.monotonic()
    prepare(home, args.cases, args.events, say)
    say(f"loaded in {time.monotonic() - began:.0f} s; starting the web process …")
    with served(home) as (address, cookie):
        client = httpx.Client(base_url=address, cookies={"sessionid": cookie}, timeout=60)
        measured = {
            name: _measure(client, paths) for name, paths in _pages(args.cases, args.requests).items()
        }
    from benchmarks.console_setup import plain_queue_ms

    measured["queue, exact count and offset (alternative, SQL alone)"] = plain_queue_ms(
        min(20, args.requests)
    )
    return _report(measured, args)


def _pages(cases: int, requests: int) -> dict[str, list[str]]:
    rnd = random.Random(7)
    desks = ["", "safety", "fraud", "account", "conduct"]
    tabs = ["open", "all", "due", "mine"]
    queue = [f"/console/queue/?desk={rnd.choice(desks)}&tab={rnd.choice(tabs)}" for _ in range(requests)]
    # every 97th case is of class P4, which an investigator does not see before it is given to them
    numbers = (n for n in iter(lambda: rnd.randint(1, cases), None) if n % 97)
    case = [f"/console/case/B-{next(numbers)}/" for _ in range(requests)]
    person = [f"/console/entity/customer/x{rnd.randint(0, 9999) * 5 + 1}/" for _ in range(requests)]
    return {"health page (floor)": ["/healthz"] * requests, "queue": queue, "case": case, "person": person}


def _measure(client: httpx.Client, paths: list[str]) -> list[float]:
    """Server time of each request in milliseconds, after a few to warm up."""
    times = []
    for number, path in enumerate([*paths[:5], *paths]):
        answer = client.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:500]}")
        if number >= 5:
            times.append(float(answer.headers["Server-Timing"].partition("dur=")[2]))
    return times


def _report(measured: dict[str, list[float]], args: argparse.Namespace) -> int:
    figures: dict[str, Any] = {
        name: {
            "p50_ms": round(percentile(times, 0.5), 1),
            "p95_ms": round(percentile(times, 0.95), 1),
            "requests": len(times),
        }
        for name, times in measured.items()
    }
    floor = figures["health page (floor)"]["p50_ms"]
    rows = [("page", "median ms", "p95 ms", "x floor")]
    rows += [
        (name, f"{one['p50_ms']:.1f}", f"{one['p95_ms']:.1f}", f"{one['p50_ms'] / floor:.0f}")
        for name, one in figures.items()
    ]
    show({"cases": args.cases, "events": args.events, "pages": figures}, rows, args.json)
    within = all(
        figures[page]["p50_ms"] <= 100 and figures[page]["p95_ms"] <= 250 for page in ("queue", "case")
    )
    if not args.json:
        print(f"\nobjective (queue and case: median 100 ms, p95 250 ms): {'met' if within else 'NOT met'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
