"""How fast decisions are, every one durable before its answer, beside a bare ASGI echo on the same server.

    python -m benchmarks.decide [--rates 1000,2000,5000,10000,20000] [--seconds 5] [--connections 64] [--json]

Open loop: requests are due at fixed moments whether or not the server keeps up, and a delay counts from the
moment a request was due. One event a request, with the rules Tocsin ships. The sender shares the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import uvloop

if __package__ in (None, ""):  # run as a file, not with -m
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness import REPOSITORY, decide_process
from benchmarks.report import percentile, show

RULES = REPOSITORY / "src" / "tocsin" / "data" / "rules"
CUSTOMERS, SHOPPERS = 20_000, 2_000
ECHO = """
import asyncio, sys, uvicorn
BODY = b'{"ok":true}' + b" " * 240
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]})
    await send({"type": "http.response.body", "body": BODY})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)
Server(uvicorn.Config(app, port=0, loop="uvloop", http="httptools", ws="none", lifespan="off",
                      access_log=False, log_config=None)).run()
"""


class Result(NamedTuple):
    """One rate on one server; delays in milliseconds from when a request was due to its last byte."""

    server: str
    rate: int
    answered_per_second: float
    p50: float
    p99: float
    p999: float
    failed: int

    def plain(self) -> dict[str, float | int]:
        """For machines."""
        return {
            "offered": self.rate,
            "achieved": round(self.answered_per_second, 1),
            "p50_ms": round(self.p50, 3),
            "p99_ms": round(self.p99, 3),
            "p999_ms": round(self.p999, 3),
            "failed": self.failed,
        }


def events(seed: int) -> Iterator[dict[str, Any]]:
    """Everyday traffic: mostly pings, then orders, payments, logins and messages."""
    rng = random.Random(seed)
    for number in range(10**9):
        who = rng.randrange(CUSTOMERS)
        customer = {
            "customer": f"c{who}",
            "device": f"d{who}",
            "ip": f"10.0.{who >> 8}.{who & 255}",
            "card": f"k{who}",
        }
        money = {"total_minor": rng.randrange(1500, 15000), "amount_minor": 5000, "currency": "USD"}
        shopper = rng.randrange(SHOPPERS)
        kind, entities, fields = rng.choices(
            [
                (
                    "location.ping",
                    {"shopper": f"s{shopper}", "device": f"p{shopper}"},
                    {
                        "lat": 37.7 + shopper / 1e4 + rng.random() / 1e3,
                        "lon": -122.4,
                        "accuracy_m": 9.0,
                        "mock": False,
                    },
                ),
                ("order.placed", {**customer, "order": f"o{number}"}, {**money, "rush": False}),
                ("payment.authorised", {**customer, "order": f"o{number}"}, money),
                ("account.login", customer, {"lat": 37.7, "lon": -122.4}),
                (
                    "message.sent",
                    {"customer": f"c{who}", "shopper": f"s{shopper}"},
                    {
                        "sender": "customer",
                        "text": "Please leave it at the door, the baby is asleep. Thank you!",
                    },
                ),
            ],
            [50, 15, 15, 10, 10],
        )[0]
        yield {"id": f"b{seed}-{number}", "type": kind, "entities": entities, "fields": fields}


class Sender:
    """Kept-open connections that answer a schedule."""

    def __init__(self, url: str, key: str, connections: int) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "127.0.0.1", parts.port)
        self._head = (
            f"POST /v1/decide HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._connections = connections
        self._due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._delays: list[float] = []
        self._failed = 0

    async def run(
        self, rate: int, seconds: float, source: Iterator[dict[str, Any]]
    ) -> tuple[list[float], int, float]:
        """Delays in seconds, how many failed, and how long it took until the last answer."""
        workers = [asyncio.create_task(self._work()) for _ in range(self._connections)]
        bodies = [next(source) for _ in range(int(rate * seconds))]
        started = time.perf_counter()
        for number, event in enumerate(bodies):
            due = started + number / rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            event["ts"] = time.time_ns() // 1_000_000
            self._due.put_nowait((due, json.dumps(event).encode()))
        await self._due.join()
        took = time.perf_counter() - started
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        return self._delays, self._failed, took

    async def _work(self) -> None:
        reader, writer = await asyncio.open_connection(*self._place)
        try:
            while True:
                due, body = await self._due.get()
                writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length(head))
                self._delays.append(time.perf_counter() - due)
                self._failed += not head.startswith(b"HTTP/1.1 200")
                self._due.task_done()
        finally:
            writer.close()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


@contextmanager
def echo_process() -> Iterator[tuple[str, str]]:
    """The floor: the same server, an application that reads the body and answers 250 bytes."""
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}", "tsk_none_none"
    finally:
        process.terminate()
        process.wait(10)


def measure(name: str, url: str, key: str, args: argparse.Namespace) -> list[Result]:
    """Every rate once, after a second of warming up."""
    results = []
    for seed, rate in enumerate([args.rates[0], *args.rates]):
        seconds = args.seconds if seed else 1.0
        sender = Sender(url, key, args.connections)
        delays, failed, took = uvloop.run(sender.run(rate, seconds, events(seed)))
        milliseconds = [delay * 1000 for delay in delays]
        figures = [percentile(milliseconds, share) for share in (0.5, 0.99, 0.999)]
        if seed:
            results.append(Result(name, rate, len(delays) / took, *figures, failed))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rates", default="1000,2000,5000,10000,20000", help="requests a second, with commas"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each rate lasts")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    args = parser.parse_args()
    args.rates = [int(rate) for rate in args.rates.split(",")]
    with echo_process() as (url, key):
        echo = measure("bare echo", url, key, args)
    with tempfile.TemporaryDirectory() as home, decide_process(RULES, Path(home)) as (url, key):
        decide = measure("tocsin decide", url, key, args)
    heading = ("server", "due/s", "answered/s", "p50 ms", "p99 ms", "p99.9 ms", "failed")
    result = {
        "rates": [one.plain() for one in decide],
        "echo": [one.plain() for one in echo],
        "durable_per_second": round(max(one.answered_per_second for one in decide)),
        "echo_per_second": round(max(one.answered_per_second for one in echo)),
    }
    show(result, [heading, *map(_row, [*echo, *decide])], args.json)


def _row(r: Result) -> tuple[str, ...]:
    delays = (f"{r.p50:.2f}", f"{r.p99:.2f}", f"{r.p999:.2f}")
    return (r.server, f"{r.rate:,}", f"{r.answered_per_second:,.0f}", *delays, str(r.failed))


if __name__ == "__main__":
    main()
